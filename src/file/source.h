/*
 * The source: what the origin reads, as a stream of bytes cut into chunks.
 * The stream is one regular file, or what an upper layer makes of many.
 */
#ifndef SC_FILE_SOURCE_H
#define SC_FILE_SOURCE_H

#include "base/error.h"
#include "file/slots.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* What a recipient has to know of the source; sent in the job. */
struct sc_source_facts {
	uint64_t size_bytes;      /* of the stream */
	uint64_t allocated_bytes; /* st_blocks: less than the size if there are holes */
	int64_t mtime_s;
	int64_t atime_s;
	uint32_t mtime_ns;
	uint32_t atime_ns;
	uint32_t mode; /* permission bits, 07777 */
	uint32_t uid;
	uint32_t gid;

	/* Of a stream that begins with a manifest: its bytes, and their XXH3-128.  It says what is
	 * in the stream; mode and owner above don't.  0: the stream is one regular file. */
	uint64_t manifest_bytes;
	struct sc_digest manifest;
	uint32_t entries; /* in the manifest */
	bool several;     /* several things that go into DEST's directory, not one that is DEST */
};

/* Where the bytes of a stream come from; the first argument is the stream. */
struct sc_stream_ops {
	/*
	 * Read length bytes at offset, all of them within the stream.  *zero may be set
	 * instead, and nothing read, if they are known to be zeros.
	 */
	int (*read)(void *, uint8_t *bytes, uint32_t length, uint64_t offset, bool *zero,
	    struct sc_error *);

	/* Is all still as it was when it was opened?  -1 with a sentence if not. */
	int (*check)(void *, struct sc_error *);

	/* Is this one of the files that the user named? */
	bool (*is)(const void *, dev_t dev, ino_t ino);

	void (*close)(void *);
};

struct sc_source; /* opaque; used by one thread at a time */

/*
 * Open a regular file for reading.  Fails with a sentence that names the path
 * if it can't be read or isn't a regular file ("X is a directory").
 */
int sc_source_open(struct sc_source **, const char *path, struct sc_source_facts *,
    struct sc_error *);

/* Is it the same regular file, with the same size, mtime and ctime? */
bool sc_source_is_same(const struct stat *before, const struct stat *now);

/* A source over any stream of that size, which it owns from now on, also if it fails. */
int sc_source_over(struct sc_source **, const struct sc_stream_ops *, void *stream,
    uint64_t size_bytes, struct sc_error *);

/* NULL is fine. */
void sc_source_close(struct sc_source *);

/* Is this the file that dev and ino name, or one of those that the user named? */
bool sc_source_is(const struct sc_source *, dev_t dev, ino_t ino);

/* Set the size of its chunks, for a source that may be finished without a read.  It must be the
 * size that reads have. */
void sc_source_set_chunks(struct sc_source *, uint32_t chunk_bytes);

/*
 * Read one chunk (its offset is chunk * slots->chunk_bytes, the same in all
 * calls; its length what is left up to that) into a slot and seal it there.
 * A hole is found by SEEK_DATA and not read; a payload of zeros becomes a
 * zero chunk.  A file that ends early fails ("X shrank while it was read").
 * Chunks that are read in order, from 0, are added to the digests; asking for
 * an earlier one again, or for a later one ahead of its turn, is allowed and
 * adds nothing.
 */
int sc_source_read(struct sc_source *, const struct sc_slots *, uint32_t slot, uint32_t chunk,
    struct sc_error *);

/*
 * After the last chunk was read: has the file stayed as it was (size, mtime,
 * ctime)?  Then set *seal to what it is known by.  Fails with "X changed while it was
 * read" otherwise.  What was not read in order is read now: free if all was,
 * else up to the time of the whole file.  Unless the file is empty, the size of
 * its chunks must be known: by a read, or by sc_source_set_chunks.
 */
int sc_source_finish(struct sc_source *, struct sc_seal *, struct sc_error *);

#endif
