/*
 * Slots: see slots.h.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS, madvise */
#include "file/slots.h"

#include "base/bytes.h"
#include "base/units.h"
#include "base/vector.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Payloads begin at a cache line, which the checksum and the network like, and headers ahead of
 * it.  Those are short, as each chunk carries one over every link. */
enum { ALIGNMENT_BYTES = 64, AT_MESSAGE = ALIGNMENT_BYTES - SC_CHUNK_HEADER_BYTES };

/* The header on the wire: the magic, then chunk, length and flags of 4 bytes each, and the digest,
 * low half first.  The magic has the version in it: another layout is another magic. */
static const uint8_t magic[4] = {'S', 'C', 'c', '2'};

enum { FLAG_ZERO = 1 };

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
	for (size_t i = 0; i < slots->renewed_count; i++)
		unmap(slots->renewed[i], slots->stride);
	free(slots->renewed);
	free(slots->messages);
	memset(slots, 0, sizeof(*slots));
}

int
sc_slots_renew(struct sc_slots *slots, uint32_t slot, size_t kept_bytes, struct sc_error *err)
{
	uint8_t **more = sc_vector_room(slots->renewed, slots->renewed_count + 1,
	    &slots->renewed_capacity, sizeof(*more));
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
	struct sc_bytes_writer writer = {
		.bytes = sc_slots_message(slots, slot), .capacity = SC_CHUNK_HEADER_BYTES};

	assert(length > 0 && length <= slots->chunk_bytes);
	header.digest = payload_digest(slots, slot, &header);
	memcpy(writer.bytes, magic, sizeof(magic));
	writer.used = sizeof(magic);
	sc_bytes_put(&writer, chunk, 4);
	sc_bytes_put(&writer, length, 4);
	sc_bytes_put(&writer, zero ? FLAG_ZERO : 0, 4);
	sc_bytes_put(&writer, header.digest.low, 8);
	sc_bytes_put(&writer, header.digest.high, 8);
	assert(writer.used == SC_CHUNK_HEADER_BYTES);
}

/* What the header of a slot says; *flags: all of its flags. */
static struct sc_chunk_header
read_header(const struct sc_slots *slots, uint32_t slot, uint32_t *flags)
{
	struct sc_bytes_reader reader = {
		.bytes = sc_slots_message(slots, slot) + sizeof(magic),
		.left = SC_CHUNK_HEADER_BYTES - sizeof(magic),
	};
	struct sc_chunk_header header;

	header.chunk = (uint32_t)sc_bytes_get(&reader, 4);
	header.length = (uint32_t)sc_bytes_get(&reader, 4);
	*flags = (uint32_t)sc_bytes_get(&reader, 4);
	header.zero = (*flags & FLAG_ZERO) != 0;
	header.digest.low = sc_bytes_get(&reader, 8);
	header.digest.high = sc_bytes_get(&reader, 8);
	assert(!reader.bad && reader.left == 0);
	return header;
}

struct sc_chunk_header
sc_slots_header(const struct sc_slots *slots, uint32_t slot)
{
	uint32_t flags;

	return read_header(slots, slot, &flags);
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
	struct sc_chunk_header claim;
	uint32_t flags;

	if (message_bytes < SC_CHUNK_HEADER_BYTES ||
	    message_bytes > sc_slots_message_capacity(slots))
		return false;
	claim = read_header(slots, slot, &flags);
	if (memcmp(sc_slots_message(slots, slot), magic, sizeof(magic)) != 0 ||
	    (flags & ~(uint32_t)FLAG_ZERO) != 0 || claim.length == 0 ||
	    claim.length > slots->chunk_bytes || message_bytes != message_bytes_of(&claim))
		return false;
	if (!sc_digest_equal(claim.digest, payload_digest(slots, slot, &claim)))
		return false;
	*header = claim;
	return true;
}
