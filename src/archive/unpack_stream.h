/*
 * From the bytes of an archive as it is stored to those of the tar in it.  The first bytes tell what
 * the archive is compressed with.
 */
#ifndef SC_ARCHIVE_UNPACK_STREAM_H
#define SC_ARCHIVE_UNPACK_STREAM_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Where an archive's bytes come from: read up to capacity bytes at offset, at least one unless
 * the archive ends there, and wait for them if need be.  Returns how many, 0 at the end, -1 with
 * a sentence.
 */
struct sc_unpack_source {
	ssize_t (*read)(void *context, void *bytes, size_t capacity, uint64_t offset,
	    struct sc_error *);
	void *context;
};

struct sc_unpack_stream; /* opaque */

/* *source is copied.  Reads the first bytes.  -1 if they can't be read, or this system's libarchive
 * doesn't know the compression. */
int sc_unpack_stream_open(struct sc_unpack_stream **, const struct sc_unpack_source *,
    struct sc_error *);

/*
 * The next bytes of the tar, which stay until the next call.  Returns how many, 0 at the end,
 * -1 with a sentence: what was compressed is damaged or ends early.  Checksums that the
 * compression has are compared.
 */
ssize_t sc_unpack_stream_read(struct sc_unpack_stream *, const void **bytes, struct sc_error *);

/* NULL is fine. */
void sc_unpack_stream_close(struct sc_unpack_stream *);

#endif
