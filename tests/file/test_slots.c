/*
 * Slots: what is sealed passes the check, and nothing else does.
 */
#include "base/random.h"
#include "file/slots.h"
#include "lib/suite.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 5000, SLOTS = 3 };

static struct sc_slots
make_slots(void)
{
	struct sc_slots slots;
	struct sc_error err;

	CU_ASSERT_EQUAL_FATAL(sc_slots_init(&slots, SLOTS, CHUNK_BYTES, &err), 0);
	return slots;
}

static void
fill(const struct sc_slots *slots, uint32_t slot, uint8_t with)
{
	memset(sc_slots_payload(slots, slot), with, slots->chunk_bytes);
}

static void
slots_do_not_overlap_and_are_aligned(void)
{
	struct sc_slots slots = make_slots();

	for (uint32_t i = 0; i < SLOTS; i++) {
		CU_ASSERT_EQUAL((uintptr_t)sc_slots_payload(&slots, i) % 64, 0);
		fill(&slots, i, (uint8_t)(i + 1));
		sc_slots_seal(&slots, i, i, CHUNK_BYTES, false);
	}
	for (uint32_t i = 0; i < SLOTS; i++) {
		struct sc_chunk_header header;

		CU_ASSERT(sc_slots_check(&slots, i, sc_slots_message_capacity(&slots), &header));
		CU_ASSERT_EQUAL(header.chunk, i);
		CU_ASSERT_EQUAL(header.length, CHUNK_BYTES);
	}
	sc_slots_free(&slots);
	sc_slots_free(&slots);
}

static void
renewed_slot_has_other_memory_and_what_was_kept(void)
{
	struct sc_slots slots = make_slots();
	struct sc_chunk_header header;
	uint8_t *old;
	size_t bytes;

	for (uint32_t i = 0; i < SLOTS; i++) {
		fill(&slots, i, (uint8_t)(i + 1));
		sc_slots_seal(&slots, i, i, CHUNK_BYTES, false);
	}
	bytes = sc_slots_message_bytes(&slots, 1);
	old = sc_slots_message(&slots, 1);
	CU_ASSERT_EQUAL_FATAL(sc_slots_renew(&slots, 1, bytes, NULL), 0);
	CU_ASSERT(sc_slots_message(&slots, 1) != old);
	CU_ASSERT_EQUAL((uintptr_t)sc_slots_payload(&slots, 1) % 64, 0);
	memset(old, 0xff, bytes); /* as a late message does */
	CU_ASSERT_EQUAL_FATAL(sc_slots_renew(&slots, 1, bytes, NULL), 0);
	CU_ASSERT_EQUAL_FATAL(sc_slots_renew(&slots, 2, 0, NULL), 0);
	memset(sc_slots_message(&slots, 2), 0xff, sc_slots_message_capacity(&slots));
	CU_ASSERT(sc_slots_check(&slots, 0, bytes, &header));
	CU_ASSERT(sc_slots_check(&slots, 1, bytes, &header));
	CU_ASSERT_EQUAL(header.chunk, 1);
	sc_slots_free(&slots);
}

static void
sealed_chunk_passes_in_another_slot(void)
{
	struct sc_slots slots = make_slots();
	struct sc_chunk_header header;
	size_t bytes;

	fill(&slots, 0, 'x');
	sc_slots_seal(&slots, 0, 77, 1234, false);
	bytes = sc_slots_message_bytes(&slots, 0);
	CU_ASSERT_EQUAL(bytes, SC_CHUNK_HEADER_BYTES + 1234);
	memcpy(sc_slots_message(&slots, 2), sc_slots_message(&slots, 0), bytes);
	CU_ASSERT_FATAL(sc_slots_check(&slots, 2, bytes, &header));
	CU_ASSERT_EQUAL(header.chunk, 77);
	CU_ASSERT_EQUAL(header.length, 1234);
	CU_ASSERT(!header.zero);
	CU_ASSERT(sc_digest_equal(header.digest,
	    sc_digest_chunk(sc_slots_payload(&slots, 0), 1234, 77)));
	sc_slots_free(&slots);
}

static void
zero_chunk_is_a_header_only(void)
{
	struct sc_slots slots = make_slots();
	struct sc_chunk_header header;

	fill(&slots, 1, 'x'); /* what was there before doesn't matter */
	sc_slots_seal(&slots, 1, 3, CHUNK_BYTES, true);
	CU_ASSERT_EQUAL(sc_slots_message_bytes(&slots, 1), SC_CHUNK_HEADER_BYTES);
	CU_ASSERT_FATAL(sc_slots_check(&slots, 1, SC_CHUNK_HEADER_BYTES, &header));
	CU_ASSERT(header.zero);
	CU_ASSERT_EQUAL(header.length, CHUNK_BYTES);
	CU_ASSERT(!sc_slots_check(&slots, 1, SC_CHUNK_HEADER_BYTES + 1, &header));
	CU_ASSERT(!sc_slots_check(&slots, 1, SC_CHUNK_HEADER_BYTES - 1, &header));
	sc_slots_free(&slots);
}

static void
header_is_little_endian_on_the_wire(void)
{
	static const uint8_t begin[] = {'S', 'C', 'c', '2', 4, 3, 2, 1, 2, 1, 0, 0, 1, 0, 0, 0};
	struct sc_slots slots = make_slots();
	struct sc_digest digest = sc_digest_zeros(0x0102, 0x01020304);
	const uint8_t *wire = sc_slots_message(&slots, 0);

	sc_slots_seal(&slots, 0, 0x01020304, 0x0102, true);
	CU_ASSERT_EQUAL(memcmp(wire, begin, sizeof(begin)), 0);
	for (size_t i = 0; i < 8; i++) {
		CU_ASSERT_EQUAL(wire[16 + i], (uint8_t)(digest.low >> (8 * i)));
		CU_ASSERT_EQUAL(wire[24 + i], (uint8_t)(digest.high >> (8 * i)));
	}
	CU_ASSERT_EQUAL(SC_CHUNK_HEADER_BYTES, 32);
	sc_slots_free(&slots);
}

/* Flip each bit of a message in turn; none of these may pass. */
static void
expect_every_flip_refused(const struct sc_slots *slots, size_t bytes)
{
	uint8_t *message = sc_slots_message(slots, 0);
	struct sc_chunk_header header;
	size_t passed = 0;

	for (size_t bit = 0; bit < 8 * bytes; bit++) {
		message[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		passed += sc_slots_check(slots, 0, bytes, &header);
		message[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
	CU_ASSERT_EQUAL(passed, 0);
	CU_ASSERT(sc_slots_check(slots, 0, bytes, &header));
}

static void
every_flipped_bit_is_refused(void)
{
	struct sc_slots slots = make_slots();

	fill(&slots, 0, 0x5a);
	sc_slots_seal(&slots, 0, 9, 300, false);
	expect_every_flip_refused(&slots, SC_CHUNK_HEADER_BYTES + 300);
	sc_slots_seal(&slots, 0, 9, 300, true);
	expect_every_flip_refused(&slots, SC_CHUNK_HEADER_BYTES);
	/* Zeros that are sent all the same: the flag could be flipped. */
	fill(&slots, 0, 0);
	sc_slots_seal(&slots, 0, 9, 300, false);
	expect_every_flip_refused(&slots, SC_CHUNK_HEADER_BYTES + 300);
	sc_slots_free(&slots);
}

static void
every_other_length_is_refused(void)
{
	struct sc_slots slots = make_slots();
	struct sc_chunk_header header;

	fill(&slots, 0, 0);
	sc_slots_seal(&slots, 0, 0, 300, false);
	for (size_t bytes = 0; bytes < SC_CHUNK_HEADER_BYTES + CHUNK_BYTES + 100; bytes++)
		CU_ASSERT_EQUAL(sc_slots_check(&slots, 0, bytes, &header),
		    bytes == SC_CHUNK_HEADER_BYTES + 300);
	CU_ASSERT(!sc_slots_check(&slots, 0, SIZE_MAX, &header));
	sc_slots_free(&slots);
}

/* A header that claims more than a slot holds, with a digest that is right. */
static void
length_above_the_capacity_is_refused(void)
{
	struct sc_slots large;
	struct sc_slots slots = make_slots();
	struct sc_chunk_header header;

	CU_ASSERT_EQUAL_FATAL(sc_slots_init(&large, 1, 2 * CHUNK_BYTES, NULL), 0);
	sc_slots_seal(&large, 0, 1, CHUNK_BYTES + 1, true);
	CU_ASSERT(sc_slots_check(&large, 0, SC_CHUNK_HEADER_BYTES, &header));
	memcpy(sc_slots_message(&slots, 0), sc_slots_message(&large, 0), SC_CHUNK_HEADER_BYTES);
	CU_ASSERT(!sc_slots_check(&slots, 0, SC_CHUNK_HEADER_BYTES, &header));
	sc_slots_seal(&large, 0, 1, CHUNK_BYTES, true);
	memcpy(sc_slots_message(&slots, 0), sc_slots_message(&large, 0), SC_CHUNK_HEADER_BYTES);
	CU_ASSERT(sc_slots_check(&slots, 0, SC_CHUNK_HEADER_BYTES, &header));
	sc_slots_free(&large);
	sc_slots_free(&slots);
}

/* Random bytes, half of them behind a sound beginning so that the check gets
 * further, with random lengths, in a slot of exactly the memory there is. */
static void
random_bytes_are_refused(void)
{
	struct sc_random random = {.state = 1};
	struct sc_slots slots = make_slots();
	struct sc_chunk_header header;
	size_t passed = 0;

	for (int round = 0; round < 20000; round++) {
		uint8_t *message = sc_slots_message(&slots, SLOTS - 1);
		size_t bytes = sc_random_below(&random, sc_slots_message_capacity(&slots) + 2);
		size_t keep = sc_random_below(&random, 33);

		sc_slots_seal(&slots, SLOTS - 1, 1, 64, round % 2 == 0);
		for (size_t i = keep; i < SC_CHUNK_HEADER_BYTES; i++)
			message[i] = (uint8_t)sc_random_next(&random);
		passed += sc_slots_check(&slots, SLOTS - 1, bytes, &header) &&
		    !sc_digest_equal(header.digest,
			header.zero ? sc_digest_zeros(header.length, header.chunk)
				    : sc_digest_chunk(sc_slots_payload(&slots, SLOTS - 1),
					  header.length, header.chunk));
	}
	CU_ASSERT_EQUAL(passed, 0);
	sc_slots_free(&slots);
}

static CU_TestInfo tests[] = {
	{"slots do not overlap and are aligned", slots_do_not_overlap_and_are_aligned},
	{"a renewed slot has other memory, and what was kept",
		renewed_slot_has_other_memory_and_what_was_kept},
	{"a sealed chunk passes in another slot", sealed_chunk_passes_in_another_slot},
	{"a zero chunk is a header only", zero_chunk_is_a_header_only},
	{"the header is little-endian", header_is_little_endian_on_the_wire},
	{"every flipped bit is refused", every_flipped_bit_is_refused},
	{"every other length is refused", every_other_length_is_refused},
	{"a length above the capacity is refused", length_above_the_capacity_is_refused},
	{"random bytes are refused", random_bytes_are_refused},
	CU_TEST_INFO_NULL,
};

int
main(void)
{
	return sc_run_suite("slots", tests);
}
