/*
 * Slots: the buffers that hold a chunk each, with the header that travels
 * ahead of it.  Header and payload are one piece of memory and one message,
 * so a relay passes a chunk on from the slot that it arrived in, untouched.
 */
#ifndef SC_FILE_SLOTS_H
#define SC_FILE_SLOTS_H

#include "base/error.h"
#include "file/digest.h"

#include <stdbool.h>
#include <stdint.h>

/* On the wire the header is SC_CHUNK_HEADER_BYTES, little-endian; the payload
 * follows unless the chunk is all zeros. */
enum { SC_CHUNK_HEADER_BYTES = 32 };

struct sc_chunk_header {
	uint32_t chunk;
	uint32_t length;         /* of the payload, also if it isn't sent */
	bool zero;               /* all bytes are 0 and none is sent */
	struct sc_digest digest; /* of the payload, with the chunk's number as the seed */
};

struct sc_slots {
	uint8_t *memory; /* of all slots at first: page-aligned, touched only when used */
	size_t stride;   /* from one slot's memory to the next one's */
	uint8_t *_Atomic *messages; /* by slot */
	uint8_t **renewed;          /* memory that slots were given later */
	size_t renewed_count;
	size_t renewed_capacity;
	uint32_t count;
	uint32_t chunk_bytes; /* capacity of a payload */
};

/* At most SC_SLOTS_MAX slots of at most SC_CHUNK_BYTES_MAX.  Memory that is
 * never touched costs nothing.  Free with sc_slots_free, which also takes an
 * all-zero struct, and twice. */
int sc_slots_init(struct sc_slots *, uint32_t count, uint32_t chunk_bytes, struct sc_error *);
void sc_slots_free(struct sc_slots *);

/*
 * Give a slot new memory, with the first kept_bytes of its message, because an operation that can't
 * be stopped may still write to the old memory, or read it.  The old memory stays valid until
 * sc_slots_free and is not used again.  A thread that reads the slot meanwhile sees the old or the
 * new one, which are the same as far as they were kept.
 */
int sc_slots_renew(struct sc_slots *, uint32_t slot, size_t kept_bytes, struct sc_error *);

/* Where a slot's message starts, and its payload; until it is renewed. */
uint8_t *sc_slots_message(const struct sc_slots *, uint32_t slot);
uint8_t *sc_slots_payload(const struct sc_slots *, uint32_t slot);

/* The most bytes that a slot's message can have: what a receive is posted for. */
size_t sc_slots_message_capacity(const struct sc_slots *);

/* Write the header of a slot whose payload is in place (or is all zeros, and
 * needn't be in place then): digest it.  length is 1 .. chunk_bytes. */
void sc_slots_seal(const struct sc_slots *, uint32_t slot, uint32_t chunk, uint32_t length,
    bool zero);

/* Read a slot's header back; the slot is known to be good. */
struct sc_chunk_header sc_slots_header(const struct sc_slots *, uint32_t slot);

/* The length of a slot's message. */
size_t sc_slots_message_bytes(const struct sc_slots *, uint32_t slot);

/*
 * Check a message of message_bytes that arrived in a slot: is the header sound, its length that of
 * the message and at most the capacity, and does the checksum hold?  Nothing of the bytes is
 * trusted, and any bit that was changed on the way is noticed.  Fills *header if all is well.  The
 * caller has to check that the source has such a chunk of this length.
 */
bool sc_slots_check(const struct sc_slots *, uint32_t slot, size_t message_bytes,
    struct sc_chunk_header *header);

#endif
