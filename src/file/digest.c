/*
 * Checksums: see digest.h.
 */
#define XXH_STATIC_LINKING_ONLY /* a state on the stack, not from malloc */
#include "file/digest.h"

#include "base/bytes.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

struct sc_digest_stream {
	XXH3_state_t state;
};

/* What zeros are hashed from; small enough to stay in the nearest cache. */
static const uint8_t zeros[16384];

static struct sc_digest
from_xxh(XXH128_hash_t hash)
{
	return (struct sc_digest){.low = hash.low64, .high = hash.high64};
}

static void
update(XXH3_state_t *state, const void *bytes, size_t length)
{
	XXH_errorcode rc = XXH3_128bits_update(state, bytes, length);

	assert(rc == XXH_OK);
	(void)rc;
}

static void
update_zeros(XXH3_state_t *state, uint64_t length)
{
	while (length > 0) {
		size_t piece = length < sizeof(zeros) ? (size_t)length : sizeof(zeros);

		update(state, zeros, piece);
		length -= piece;
	}
}

struct sc_digest
sc_digest_chunk(const void *payload, size_t length, uint32_t chunk)
{
	return from_xxh(XXH3_128bits_withSeed(payload, length, chunk));
}

static void
restart(XXH3_state_t *state, uint32_t chunk)
{
	XXH_errorcode rc = XXH3_128bits_reset_withSeed(state, chunk);

	assert(rc == XXH_OK);
	(void)rc;
}

struct sc_digest
sc_digest_zeros(size_t length, uint32_t chunk)
{
	XXH3_state_t state;

	XXH3_INITSTATE(&state);
	restart(&state, chunk);
	update_zeros(&state, length);
	return from_xxh(XXH3_128bits_digest(&state));
}

char *
sc_digest_text(struct sc_digest digest, char out[SC_DIGEST_TEXT_BYTES])
{
	snprintf(out, SC_DIGEST_TEXT_BYTES, "%016llx%016llx", (unsigned long long)digest.high,
	    (unsigned long long)digest.low);
	return out;
}

void
sc_digest_sum_add(struct sc_digest *sum, uint32_t chunk, struct sc_digest digest)
{
	uint8_t mixed[4 + 8 + 8];
	struct sc_bytes_writer writer = {.bytes = mixed, .capacity = sizeof(mixed)};
	struct sc_digest term;

	/* The bare digests would let two errors cancel; hashed once more, their
	 * terms are independent of each other. */
	sc_bytes_put(&writer, chunk, 4);
	sc_bytes_put(&writer, digest.low, 8);
	sc_bytes_put(&writer, digest.high, 8);
	term = from_xxh(XXH3_128bits(mixed, sizeof(mixed)));
	sum->low += term.low;
	sum->high += term.high + (sum->low < term.low ? 1 : 0);
}

struct sc_digest_stream *
sc_digest_stream_new(void)
{
	struct sc_digest_stream *stream;
	XXH_errorcode rc;

	/* xxHash wants its state aligned more than malloc aligns. */
	stream = aligned_alloc(_Alignof(struct sc_digest_stream), sizeof(*stream));
	if (stream == NULL)
		return NULL;
	XXH3_INITSTATE(&stream->state);
	rc = XXH3_128bits_reset(&stream->state);
	assert(rc == XXH_OK);
	(void)rc;
	return stream;
}

void
sc_digest_stream_free(struct sc_digest_stream *stream)
{
	free(stream);
}

void
sc_digest_stream_add(struct sc_digest_stream *stream, const void *bytes, size_t length)
{
	update(&stream->state, bytes, length);
}

void
sc_digest_stream_add_zeros(struct sc_digest_stream *stream, uint64_t length)
{
	update_zeros(&stream->state, length);
}

struct sc_digest
sc_digest_stream_value(const struct sc_digest_stream *stream)
{
	return from_xxh(XXH3_128bits_digest(&stream->state));
}

void
sc_digest_stream_restart(struct sc_digest_stream *stream, uint32_t chunk)
{
	restart(&stream->state, chunk);
}

const char *
sc_digest_library(void)
{
	static char text[32];
	unsigned number = XXH_versionNumber();

	snprintf(text, sizeof(text), "xxHash %u.%u.%u", number / 10000, number / 100 % 100,
	    number % 100);
	return text;
}
