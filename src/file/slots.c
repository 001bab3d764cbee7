/*
 * Slots: see slots.h.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS, madvise */
#include "file/slots.h"

#include "base/units.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Payloads begin at a cache line, which the checksum and the network like, and headers ahead of
 * it.  Those are short, as each chunk carries one over every link. */
enum { ALIGNMENT_BYTES = 64, AT_MESSAGE = ALIGNMENT_BYTES - SC_CHUNK_HEADER_BYTES };

/* The header on the wire.  The magic has the version in it: another layout is another magic. */
enum {
	AT_MAGIC = 0,
	AT_CHUNK = 4,
	AT_LENGTH = 8,
	AT_FLAGS = 12,
	AT_DIGEST_LOW = 16,
	AT_DIGEST_HIGH = 24,
};
static const uint8_t magic[4] = {'S', 'C', 'c', '2'};

enum { FLAG_ZERO = 1 };

static void
put_le32(uint8_t *out, uint32_t value)
{
	for (size_t i = 0; i < 4; i++)
		out[i] = (uint8_t)(value >> (8 * i));
}

static void
put_le64(uint8_t *out, uint64_t value)
{
	put_le32(out, (uint32_t)value);
	put_le32(out + 4, (uint32_t)(value >> 32));
}

static uint32_t
get_le32(const uint8_t *in)
{
	return (uint32_t)in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 |
	    (uint32_t)in[3] << 24;
}

static uint64_t
get_le64(const uint8_t *in)
{
	return get_le32(in) | (uint64_t)get_le32(in + 4) << 32;
}

/* NULL and errno: there is none. */
static uint8_t *
map(size_t bytes)
{
	void *memory =
	    mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static void
unmap(uint8_t *memory, size_t bytes)
{
	int rc = munmap(memory, bytes);

	assert(rc == 0);
	(void)rc;
}

int
sc_slots_init(struct sc_slots *slots, uint32_t count, uint32_t chunk_bytes, struct sc_error *err)
{
	size_t needed = ALIGNMENT_BYTES + (size_t)chunk_bytes;
	size_t stride = (needed + ALIGNMENT_BYTES - 1) / ALIGNMENT_BYTES * ALIGNMENT_BYTES;
	char size[SC_UNIT_TEXT_BYTES];

	assert(count > 0 && count <= SC_SLOTS_MAX);
	assert(chunk_bytes > 0 && chunk_bytes <= SC_CHUNK_BYTES_MAX);
	memset(slots, 0, sizeof(*slots));
	slots->stride = stride;
	slots->count = count;
	slots->chunk_bytes = chunk_bytes;
	errno = ENOMEM;
	slots->messages = malloc(count * sizeof(*slots->messages));
	if (slots->messages != NULL && stride <= SIZE_MAX / count)
		slots->memory = map(stride * count);
	if (slots->memory == NULL) {
		(void)sc_fail(err, errno, "no memory for %u chunks of %s", (unsigned)count,
		    sc_format_size(chunk_bytes, size));
		sc_slots_free(slots);
		return -1;
	}
#ifdef MADV_HUGEPAGE
	/* With large pages a message between two processes of a host takes half of the time
	 * (process_vm_readv has to pin each page).  Advice: without them it is only slower. */
	(void)madvise(slots->memory, stride * count, MADV_HUGEPAGE);
#endif
	for (uint32_t i = 0; i < count; i++)
		atomic_init(&slots->messages[i], slots->memory + stride * i + AT_MESSAGE);
	return 0;
}

void
sc_slots_free(struct sc_slots *slots)
{
	if (slots->memory != NULL)
		unmap(slots->memory, slots->stride * slots->count);
	for (uint32_t i = 0; i < slots->renewed_count; i++)
		unmap(slots->renewed[i], slots->stride);
	free(slots->renewed);
	free(slots->messages);
	memset(slots, 0, sizeof(*slots));
}

int
sc_slots_renew(struct sc_slots *slots, uint32_t slot, size_t kept_bytes, struct sc_error *err)
{
	uint8_t **more = realloc(slots->renewed, (slots->renewed_count + 1) * sizeof(*more));
	char size[SC_UNIT_TEXT_BYTES];
	uint8_t *memory;

	assert(kept_bytes <= sc_slots_message_capacity(slots));
	if (more != NULL)
		slots->renewed = more;
	memory = more == NULL ? NULL : map(slots->stride);
	if (memory == NULL)
		return sc_fail(err, errno, "no memory for another chunk of %s",
		    sc_format_size(slots->chunk_bytes, size));
	slots->renewed[slots->renewed_count++] = memory;
	memcpy(memory + AT_MESSAGE, sc_slots_message(slots, slot), kept_bytes);
	/* From here on other threads may use it. */
	atomic_store(&slots->messages[slot], memory + AT_MESSAGE);
	return 0;
}

uint8_t *
sc_slots_message(const struct sc_slots *slots, uint32_t slot)
{
	assert(slot < slots->count);
	return atomic_load(&slots->messages[slot]);
}

uint8_t *
sc_slots_payload(const struct sc_slots *slots, uint32_t slot)
{
	return sc_slots_message(slots, slot) + SC_CHUNK_HEADER_BYTES;
}

size_t
sc_slots_message_capacity(const struct sc_slots *slots)
{
	return SC_CHUNK_HEADER_BYTES + (size_t)slots->chunk_bytes;
}

/* The digest that a slot's payload has. */
static struct sc_digest
payload_digest(const struct sc_slots *slots, uint32_t slot, const struct sc_chunk_header *header)
{
	if (header->zero)
		return sc_digest_zeros(header->length, header->chunk);
	return sc_digest_chunk(sc_slots_payload(slots, slot), header->length, header->chunk);
}

void
sc_slots_seal(const struct sc_slots *slots, uint32_t slot, uint32_t chunk, uint32_t length,
    bool zero)
{
	struct sc_chunk_header header = {.chunk = chunk, .length = length, .zero = zero};
	uint8_t *out = sc_slots_message(slots, slot);

	assert(length > 0 && length <= slots->chunk_bytes);
	header.digest = payload_digest(slots, slot, &header);
	memcpy(out + AT_MAGIC, magic, sizeof(magic));
	put_le32(out + AT_CHUNK, chunk);
	put_le32(out + AT_LENGTH, length);
	put_le32(out + AT_FLAGS, zero ? FLAG_ZERO : 0);
	put_le64(out + AT_DIGEST_LOW, header.digest.low);
	put_le64(out + AT_DIGEST_HIGH, header.digest.high);
}

struct sc_chunk_header
sc_slots_header(const struct sc_slots *slots, uint32_t slot)
{
	const uint8_t *in = sc_slots_message(slots, slot);

	return (struct sc_chunk_header){
		.chunk = get_le32(in + AT_CHUNK),
		.length = get_le32(in + AT_LENGTH),
		.zero = (get_le32(in + AT_FLAGS) & FLAG_ZERO) != 0,
		.digest.low = get_le64(in + AT_DIGEST_LOW),
		.digest.high = get_le64(in + AT_DIGEST_HIGH),
	};
}

/* The length of the message that a header stands ahead of. */
static size_t
message_bytes_of(const struct sc_chunk_header *header)
{
	return SC_CHUNK_HEADER_BYTES + (header->zero ? 0 : (size_t)header->length);
}

size_t
sc_slots_message_bytes(const struct sc_slots *slots, uint32_t slot)
{
	struct sc_chunk_header header = sc_slots_header(slots, slot);

	assert(header.length <= slots->chunk_bytes);
	return message_bytes_of(&header);
}

bool
sc_slots_check(const struct sc_slots *slots, uint32_t slot, size_t message_bytes,
    struct sc_chunk_header *header)
{
	const uint8_t *in = sc_slots_message(slots, slot);
	struct sc_chunk_header claim;

	if (message_bytes < SC_CHUNK_HEADER_BYTES ||
	    message_bytes > sc_slots_message_capacity(slots))
		return false;
	if (memcmp(in + AT_MAGIC, magic, sizeof(magic)) != 0 ||
	    (get_le32(in + AT_FLAGS) & ~(uint32_t)FLAG_ZERO) != 0)
		return false;
	claim = sc_slots_header(slots, slot);
	if (claim.length == 0 || claim.length > slots->chunk_bytes ||
	    message_bytes != message_bytes_of(&claim))
		return false;
	if (!sc_digest_equal(claim.digest, payload_digest(slots, slot, &claim)))
		return false;
	*header = claim;
	return true;
}
