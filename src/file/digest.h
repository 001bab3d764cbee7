/*
 * Checksums: XXH3-128 of a chunk, of a whole file, and of a set of chunks.
 */
#ifndef SC_FILE_DIGEST_H
#define SC_FILE_DIGEST_H

#include "base/digest.h"

#include <stddef.h>
#include <stdint.h>

enum { SC_DIGEST_TEXT_BYTES = 33 };

/* XXH3-128 of a payload with the chunk's number as the seed, so that a chunk
 * at the wrong place is a wrong chunk. */
struct sc_digest sc_digest_chunk(const void *payload, size_t length, uint32_t chunk);

/* The same for a payload of zeros, without one. O(length); keeps nothing. */
struct sc_digest sc_digest_zeros(size_t length, uint32_t chunk);

/* As `xxhsum -H2` prints it: 32 digits, high half first.  Returns out. */
char *sc_digest_text(struct sc_digest, char out[SC_DIGEST_TEXT_BYTES]);

/*
 * The digest of a set of chunks in any order: the sum, mod 2^128, of each
 * chunk's digest mixed with its number.  Start with an all-zero struct.  Two
 * nodes that added the same chunks have the same sum.
 */
void sc_digest_sum_add(struct sc_digest *sum, uint32_t chunk, struct sc_digest digest);

/* XXH3-128 of a stream, in order; equals what xxhsum says of the same bytes. */
struct sc_digest_stream;                               /* opaque */
struct sc_digest_stream *sc_digest_stream_new(void);   /* NULL without memory */
void sc_digest_stream_free(struct sc_digest_stream *); /* NULL is fine */
void sc_digest_stream_add(struct sc_digest_stream *, const void *bytes, size_t length);
void sc_digest_stream_add_zeros(struct sc_digest_stream *, uint64_t length);
struct sc_digest sc_digest_stream_value(const struct sc_digest_stream *);

/* Forget what was added; what is added from now on is a chunk's payload, and
 * the value that of sc_digest_chunk. */
void sc_digest_stream_restart(struct sc_digest_stream *, uint32_t chunk);

/* "xxHash 0.8.3", for --version. */
const char *sc_digest_library(void);

#endif
