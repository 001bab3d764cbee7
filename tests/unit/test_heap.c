/*
 * The priority queue.
 */
#include "base/heap.h"
#include "base/random.h"
#include "lib/suite.h"

#include <stdlib.h>

enum { MANY = 20000 };

static int
compare(const void *a, const void *b)
{
	const struct sc_heap_item *left = a;
	const struct sc_heap_item *right = b;

	if (left->key != right->key)
		return left->key < right->key ? -1 : 1;
	return (left->order > right->order) - (left->order < right->order);
}

static void
push(struct sc_heap *heap, uint64_t key, uint64_t order)
{
	struct sc_heap_item item = {.key = key, .order = order};

	CU_ASSERT_EQUAL_FATAL(sc_heap_push(heap, item), 0);
}

/* Out of a heap they come in the order in which qsort has them. */
static void
test_order(void)
{
	static struct sc_heap_item items[MANY];
	struct sc_random random = {.state = 3};
	struct sc_heap heap = {0};
	uint32_t wrong = 0;

	for (uint32_t count = 0; count < MANY; count = 2 * count + 1) {
		for (uint32_t i = 0; i < count; i++) {
			items[i].key = sc_random_below(&random, count / 3 + 1);
			items[i].order = i;
			push(&heap, items[i].key, i);
		}
		qsort(items, count, sizeof(*items), compare);
		CU_ASSERT_EQUAL_FATAL(heap.count, count);
		for (uint32_t i = 0; i < count; i++) {
			struct sc_heap_item item = sc_heap_pop(&heap);

			if (item.key != items[i].key || item.order != items[i].order)
				wrong++;
		}
	}
	CU_ASSERT_EQUAL(wrong, 0);
	sc_heap_free(&heap);
	sc_heap_free(&heap);
}

/* As a simulation uses it: what comes in is never before what went out. */
static void
test_mixed(void)
{
	struct sc_random random = {.state = 4};
	struct sc_heap heap = {0};
	uint64_t last = 0;
	uint32_t wrong = 0;
	uint64_t order = 0;

	for (uint32_t i = 0; i < 100; i++)
		push(&heap, sc_random_below(&random, 50), order++);
	for (uint32_t i = 0; i < MANY && heap.count > 0; i++) {
		struct sc_heap_item item = sc_heap_pop(&heap);

		if (item.key < last)
			wrong++;
		last = item.key;
		for (uint64_t more = sc_random_below(&random, 3); more > 0; more--)
			push(&heap, last + sc_random_below(&random, 50), order++);
	}
	CU_ASSERT_EQUAL(wrong, 0);
	sc_heap_free(&heap);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"items come out in order", test_order},
		{"pushes between pops", test_mixed},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("heap", tests);
}
