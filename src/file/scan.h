/*
 * What a file holds, chunk by chunk: read in pieces, whatever size a chunk
 * has, and digested.
 */
#ifndef SC_FILE_SCAN_H
#define SC_FILE_SCAN_H

#include "file/digest.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* As sc_read_at, of something else than a file. */
typedef ssize_t sc_scan_read(void *context, void *bytes, size_t length, uint64_t offset);

struct sc_scan {
	int fd;             /* borrowed */
	sc_scan_read *read; /* if not NULL, what reads in its place */
	void *read_context;
	const atomic_bool *cancel;      /* borrowed; NULL: nobody can */
	atomic_uint_fast64_t *alive_ns; /* borrowed; if not NULL, set to the time at each read */
	struct sc_digest_stream *chunk; /* owned */
	struct sc_digest_stream *whole; /* borrowed; if not NULL, all that is read is added */
	uint8_t *buffer;                /* owned: SC_SCAN_BUFFER_BYTES */
};

enum { SC_SCAN_BUFFER_BYTES = 1 << 18 };

/* Who is told of a chunk and the digest that it has. */
typedef void sc_scan_tell(void *context, uint32_t chunk, struct sc_digest);

/* 0, or -1 without memory.  Free with sc_scan_free, which also takes an
 * all-zero struct. */
int sc_scan_init(struct sc_scan *, int fd, const atomic_bool *cancel);
void sc_scan_free(struct sc_scan *);

/* Digest length bytes at offset as this chunk.  0, or -1 with errno: ECANCELED
 * if *cancel became true, EIO if the file ends before. */
int sc_scan_chunk(struct sc_scan *, uint64_t offset, uint32_t length, uint32_t chunk,
    struct sc_digest *);

#endif
