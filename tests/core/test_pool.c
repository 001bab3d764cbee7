/*
 * The slots and their accounts: src/core/pool.h.
 */
#include "core/pool.h"

#include "core/parts.h"
#include "lib/suite.h"

enum { SLOTS = 10, WINDOW = 2 }; /* of the plan of parts.h */

static uint32_t
hold(struct sc_pool *pool, uint32_t charged, uint32_t chunk)
{
	uint32_t slot = sc_pool_take(pool, charged, SC_SLOT_HOLDING);

	CU_ASSERT_NOT_EQUAL_FATAL(slot, SC_NONE);
	sc_pool_assign(pool, slot, chunk);
	return slot;
}

static void
test_as_many_slots_as_the_plan_says(void)
{
	struct parts *parts = parts_new(PARTS_POOL, &(struct parts_config){.self = 1});
	struct sc_pool *pool = parts->pool;
	uint32_t last = SC_NONE;

	CU_ASSERT_EQUAL_FATAL(pool->count, SLOTS);
	for (uint32_t i = 0; i < SLOTS; i++) {
		CU_ASSERT_EQUAL(pool->used, i);
		last = hold(pool, SC_NONE, i);
	}
	CU_ASSERT_EQUAL(sc_pool_take(pool, SC_NONE, SC_SLOT_LOADING), SC_NONE);
	CU_ASSERT_EQUAL(pool->used, SLOTS);
	sc_pool_release(pool, last);
	CU_ASSERT_EQUAL(pool->used, SLOTS - 1);
	CU_ASSERT_EQUAL(hold(pool, SC_NONE, SLOTS), last);
	parts_free(parts);
}

static void
test_a_released_slot_frees_its_subfiles_window(void)
{
	struct parts *parts = parts_new(PARTS_POOL, &(struct parts_config){.self = 1});
	struct sc_pool *pool = parts->pool;
	uint32_t slot = hold(pool, 2, 2);

	CU_ASSERT_EQUAL(pool->accounts[2].charged, 1);
	CU_ASSERT_FALSE(sc_marks_any(&pool->freed));
	sc_pool_release(pool, slot);
	CU_ASSERT_EQUAL(pool->accounts[2].charged, 0);
	CU_ASSERT_EQUAL(pool->freed.first, 2);
	CU_ASSERT_EQUAL(pool->freed.end, 3);
	parts_free(parts);
}

static void
test_a_slot_charged_to_loads_frees_its_subfiles_window(void)
{
	struct parts *parts = parts_new(PARTS_POOL, &(struct parts_config){.self = 1});
	struct sc_pool *pool = parts->pool;
	uint32_t slot = hold(pool, 3, 3);

	sc_pool_charge_to_loads(pool, slot);
	CU_ASSERT_EQUAL(pool->accounts[3].charged, 0);
	CU_ASSERT_EQUAL(pool->loads_used, 1);
	CU_ASSERT_EQUAL(pool->used, 1);
	CU_ASSERT_EQUAL(pool->freed.first, 3);
	CU_ASSERT_EQUAL(sc_pool_find(pool, 3), slot);
	sc_pool_release(pool, slot);
	CU_ASSERT_EQUAL(pool->loads_used, 0);
	parts_free(parts);
}

/* Of what a subfile needs no more than its window, but all that it has, is kept from loads. */
static void
test_loads_have_what_no_subfile_needs(void)
{
	struct parts *parts = parts_new(PARTS_POOL, &(struct parts_config){.self = 1});
	struct sc_pool *pool = parts->pool;

	CU_ASSERT_EQUAL(sc_pool_load_quota(pool), SLOTS);
	sc_pool_expect(pool, 0, 1);
	CU_ASSERT_EQUAL(sc_pool_load_quota(pool), SLOTS - 1);
	sc_pool_expect(pool, 0, WINDOW + 1);
	CU_ASSERT_EQUAL(sc_pool_load_quota(pool), SLOTS - WINDOW);
	sc_pool_expect(pool, 0, 100);
	CU_ASSERT_EQUAL(sc_pool_load_quota(pool), SLOTS - WINDOW);
	hold(pool, 0, 0);
	CU_ASSERT_EQUAL(sc_pool_load_quota(pool), SLOTS - WINDOW);
	hold(pool, 0, 4);
	hold(pool, 0, 8);
	CU_ASSERT_EQUAL(sc_pool_load_quota(pool), SLOTS - 3);
	sc_pool_expect(pool, 1, 1);
	CU_ASSERT_EQUAL(sc_pool_load_quota(pool), SLOTS - 4);
	sc_pool_expect(pool, 1, 0);
	CU_ASSERT_EQUAL(sc_pool_load_quota(pool), SLOTS - 3);
	parts_free(parts);
}

static void
test_a_chunk_is_found_in_its_slot(void)
{
	struct parts *parts = parts_new(PARTS_POOL, &(struct parts_config){.self = 1});
	struct sc_pool *pool = parts->pool;
	uint32_t buckets = pool->bucket_mask + 1;
	uint32_t slots[3];

	/* All in one bucket. */
	for (uint32_t i = 0; i < 3; i++)
		slots[i] = hold(pool, SC_NONE, 5 + i * buckets);
	for (uint32_t i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(sc_pool_find(pool, 5 + i * buckets), slots[i]);
	CU_ASSERT_EQUAL(sc_pool_find(pool, 5 + 3 * buckets), SC_NONE);
	CU_ASSERT_EQUAL(sc_pool_find(pool, 6), SC_NONE);
	sc_pool_release(pool, slots[1]);
	CU_ASSERT_EQUAL(sc_pool_find(pool, 5), slots[0]);
	CU_ASSERT_EQUAL(sc_pool_find(pool, 5 + buckets), SC_NONE);
	CU_ASSERT_EQUAL(sc_pool_find(pool, 5 + 2 * buckets), slots[2]);
	parts_free(parts);
}

static void
test_a_receive_has_no_chunk_yet(void)
{
	struct parts *parts = parts_new(PARTS_POOL, &(struct parts_config){.self = 1});
	uint32_t slot = sc_pool_take(parts->pool, 1, SC_SLOT_RECEIVING);

	CU_ASSERT_EQUAL(parts->pool->slots[slot].state, SC_SLOT_RECEIVING);
	CU_ASSERT_EQUAL(parts->pool->slots[slot].chunk, SC_NONE);
	CU_ASSERT_EQUAL(parts->pool->slots[slot].charged, 1);
	sc_pool_release(parts->pool, slot);
	CU_ASSERT_EQUAL(parts->pool->slots[slot].state, SC_SLOT_FREE);
	parts_free(parts);
}

static void
test_touched_slots_are_remembered(void)
{
	struct parts *parts = parts_new(PARTS_POOL, &(struct parts_config){.self = 1});
	struct sc_marks marks;

	sc_pool_touch(parts->pool, 4);
	sc_pool_touch(parts->pool, 2);
	marks = sc_marks_take(&parts->pool->touched);
	CU_ASSERT(marks.first == 2 && marks.end == 5);
	CU_ASSERT_FALSE(sc_marks_any(&parts->pool->touched));
	sc_pool_touch_all(parts->pool);
	CU_ASSERT(parts->pool->touched.first == 0 && parts->pool->touched.end == SLOTS);
	parts_free(parts);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"there are as many slots as the plan says", test_as_many_slots_as_the_plan_says},
		{"a slot that is given back frees its subfile's window",
			test_a_released_slot_frees_its_subfiles_window},
		{"a slot that is charged to loads frees its subfile's window",
			test_a_slot_charged_to_loads_frees_its_subfiles_window},
		{"loads have what no subfile needs", test_loads_have_what_no_subfile_needs},
		{"a chunk is found in its slot", test_a_chunk_is_found_in_its_slot},
		{"a receive has no chunk yet", test_a_receive_has_no_chunk_yet},
		{"touched slots are remembered", test_touched_slots_are_remembered},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("core/pool", tests);
}
