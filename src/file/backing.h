/*
 * What a sink's chunks are kept in until they are all there, and what makes DEST of them: a part
 * file, or what an upper layer provides.  The sink does the rest for all of them: which chunks
 * there are, their digests, the journal, the resume.
 *
 * Offsets are those of the stream.  All calls come from one thread, except read, which another
 * thread may make at any time between begin and close, for bytes that were stored.
 */
#ifndef SC_FILE_BACKING_H
#define SC_FILE_BACKING_H

#include "base/bitmap.h"
#include "base/error.h"
#include "file/digest.h"
#include "file/part.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct sc_backing;
struct sc_sink_options;
struct sc_source_facts;

struct sc_backing_ops {
	/* Remove what an earlier run left.  0, or -1 with errno. */
	int (*empty)(struct sc_backing *);

	/*
	 * The first store follows: make sure of the space.  held are the chunks that an earlier
	 * run left and that were found good; if there are none, all that was not stored reads as
	 * zeros.
	 */
	int (*begin)(struct sc_backing *, const struct sc_bitmap *held, struct sc_error *);

	/* Keep the bytes of a chunk; NULL: zeros. */
	int (*store)(struct sc_backing *, const uint8_t *bytes, uint32_t length, uint64_t offset,
	    struct sc_error *);

	/* As sc_read_at; before begin, for bytes that may be there. */
	ssize_t (*read)(struct sc_backing *, void *bytes, size_t length, uint64_t offset);

	/* Write all to the disk.  0, or -1 with errno. */
	int (*sync)(struct sc_backing *);

	/* The XXH3-128 of the stream as it is on the disk, past the cache if that can be.
	 * 0, or -1 with errno. */
	int (*verify)(struct sc_backing *, struct sc_digest *whole);

	/* All chunks are there: give the copy what it has besides its bytes. */
	int (*finish)(struct sc_backing *, struct sc_error *);

	/* As sc_part_publish. */
	int (*publish)(struct sc_backing *, bool *published, struct sc_error *);

	/* Close, and free.  What was not published is kept, or removed. */
	void (*close)(struct sc_backing *, bool keep);
};

/* Each kind of backing begins with this. */
struct sc_backing {
	const struct sc_backing_ops *ops;
	struct sc_growing part;
};

/*
 * Make one beside dest, as sc_sink_open says, without reading back: part.left tells if an earlier
 * run's was taken over.  On failure there is nothing to close.
 */
typedef int sc_backing_open(struct sc_backing **, const char *dest, const struct sc_source_facts *,
    uint32_t chunk_bytes, const struct sc_sink_options *, struct sc_error *);

/* For one regular file. */
sc_backing_open sc_backing_open_file;

#endif
