/*
 * The source: see source.h.
 */
#include "file/source.h"

#include "file/transfer.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

struct sc_source {
	const struct sc_stream_ops *ops;
	void *stream; /* owned */
	uint64_t size_bytes;
	uint32_t chunk_bytes; /* 0 before the first read */
	uint32_t next_chunk;  /* the first one that the digests lack */
	struct sc_digest sum;
	struct sc_digest_stream *whole;
};

int
sc_source_over(struct sc_source **out, const struct sc_stream_ops *ops, void *stream,
    uint64_t size_bytes, struct sc_error *err)
{
	struct sc_source *source = calloc(1, sizeof(*source));

	*out = NULL;
	if (source == NULL) {
		ops->close(stream);
		return sc_fail(err, ENOMEM, "the source");
	}
	source->ops = ops;
	source->stream = stream;
	source->size_bytes = size_bytes;
	source->whole = sc_digest_stream_new();
	if (source->whole == NULL) {
		sc_source_close(source);
		return sc_fail(err, ENOMEM, "the source");
	}
	*out = source;
	return 0;
}

void
sc_source_close(struct sc_source *source)
{
	if (source == NULL)
		return;
	source->ops->close(source->stream);
	sc_digest_stream_free(source->whole);
	free(source);
}

bool
sc_source_is(const struct sc_source *source, dev_t dev, ino_t ino)
{
	return source->ops->is(source->stream, dev, ino);
}

/* Digest a chunk, if it is the next one. */
static void
absorb(struct sc_source *source, const struct sc_slots *slots, uint32_t slot)
{
	struct sc_chunk_header header = sc_slots_header(slots, slot);

	if (header.chunk != source->next_chunk)
		return;
	if (header.zero)
		sc_digest_stream_add_zeros(source->whole, header.length);
	else
		sc_digest_stream_add(source->whole, sc_slots_payload(slots, slot), header.length);
	sc_digest_sum_add(&source->sum, header.chunk, header.digest);
	source->next_chunk++;
}

void
sc_source_set_chunks(struct sc_source *source, uint32_t chunk_bytes)
{
	assert(chunk_bytes > 0);
	assert(source->chunk_bytes == 0 || source->chunk_bytes == chunk_bytes);
	source->chunk_bytes = chunk_bytes;
}

int
sc_source_read(struct sc_source *source, const struct sc_slots *slots, uint32_t slot,
    uint32_t chunk, struct sc_error *err)
{
	uint64_t offset = (uint64_t)chunk * slots->chunk_bytes;
	uint8_t *payload = sc_slots_payload(slots, slot);
	uint32_t length = slots->chunk_bytes;
	bool zero = false;

	sc_source_set_chunks(source, slots->chunk_bytes);
	assert(offset < source->size_bytes);
	if (source->size_bytes - offset < length)
		length = (uint32_t)(source->size_bytes - offset);

	if (source->ops->read(source->stream, payload, length, offset, &zero, err) != 0)
		return -1;
	zero = zero || sc_zeros_only(payload, length);
	sc_slots_seal(slots, slot, chunk, length, zero);
	absorb(source, slots, slot);
	return 0;
}

/* Read what the digests lack because it was not asked for in order. */
static int
read_rest(struct sc_source *source, struct sc_error *err)
{
	struct sc_slots own = {0};
	int rc = 0;

	if (source->size_bytes == 0)
		return 0;
	assert(source->chunk_bytes > 0);
	if ((uint64_t)source->next_chunk * source->chunk_bytes >= source->size_bytes)
		return 0;
	if (sc_slots_init(&own, 1, source->chunk_bytes, err) != 0)
		return -1;
	while (rc == 0 && (uint64_t)source->next_chunk * source->chunk_bytes < source->size_bytes)
		rc = sc_source_read(source, &own, 0, source->next_chunk, err);
	sc_slots_free(&own);
	return rc;
}

int
sc_source_finish(struct sc_source *source, struct sc_seal *seal, struct sc_error *err)
{
	if (read_rest(source, err) != 0 || source->ops->check(source->stream, err) != 0)
		return -1;
	seal->sum = source->sum;
	seal->whole = sc_digest_stream_value(source->whole);
	return 0;
}
