/*
 * Arrays that grow.
 */
#include "base/vector.h"
#include "lib/suite.h"

#include <stdlib.h>

/* Items stay what they were, and moves are few: the room doubles. */
static void
test_items_stay(void)
{
	uint64_t *items = NULL;
	size_t capacity = 0;
	size_t wrong = 0;
	uint32_t grown = 0;

	for (size_t i = 0; i < 10000; i++) {
		size_t before = capacity;

		items = sc_vector_must(items, i + 1, &capacity, sizeof(*items));
		CU_ASSERT_FATAL(capacity > i);
		items[i] = i * i;
		grown += capacity != before;
	}
	for (size_t i = 0; i < 10000; i++)
		wrong += items[i] != i * i;
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT(grown <= 14);
	free(items);
}

static void
test_room_that_is_there_is_left_alone(void)
{
	size_t capacity = 0;
	uint16_t *items = sc_vector_room(NULL, 100, &capacity, sizeof(*items));
	size_t before = capacity;

	CU_ASSERT_PTR_NOT_NULL_FATAL(items);
	CU_ASSERT(capacity >= 100);
	CU_ASSERT_PTR_EQUAL(sc_vector_room(items, 0, &capacity, sizeof(*items)), items);
	CU_ASSERT_PTR_EQUAL(sc_vector_room(items, before, &capacity, sizeof(*items)), items);
	CU_ASSERT_EQUAL(capacity, before);
	free(items);
	/* Nothing is needed of nothing. */
	capacity = 0;
	CU_ASSERT_PTR_NULL(sc_vector_must(NULL, 0, &capacity, 1));
	CU_ASSERT_EQUAL(capacity, 0);
}

/* What can't be had changes nothing: the old array is still there. */
static void
test_too_much_is_refused(void)
{
	static const size_t needed[] = {SIZE_MAX, SIZE_MAX / 2 + 2, SIZE_MAX / 8 + 1};
	size_t capacity = 0;
	uint64_t *items = sc_vector_room(NULL, 1, &capacity, sizeof(*items));
	size_t before = capacity;

	CU_ASSERT_PTR_NOT_NULL_FATAL(items);
	items[0] = 42;
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		CU_ASSERT_PTR_NULL(sc_vector_room(items, needed[i], &capacity, sizeof(*items)));
		CU_ASSERT_EQUAL(capacity, before);
		CU_ASSERT_EQUAL(items[0], 42);
	}
	free(items);
}

static void
test_a_capacity_of_32_bits(void)
{
	uint32_t capacity = 0;
	uint8_t *bytes = sc_vector_must32(NULL, 5, &capacity, 1);

	CU_ASSERT(capacity >= 5);
	bytes[4] = 7;
	bytes = sc_vector_must32(bytes, 1000, &capacity, 1);
	CU_ASSERT(capacity >= 1000);
	CU_ASSERT_EQUAL(bytes[4], 7);
	free(bytes);
}

int
main(void)
{
	static CU_TestInfo tests[] = {
		{"items stay", test_items_stay},
		{"room that is there is left alone", test_room_that_is_there_is_left_alone},
		{"too much is refused", test_too_much_is_refused},
		{"a capacity of 32 bits", test_a_capacity_of_32_bits},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("vector", tests);
}
