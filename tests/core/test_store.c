/*
 * Which chunks are here, and the state of the copy: src/core/store.h.
 */
#include "core/store.h"

#include "core/parts.h"
#include "lib/suite.h"

/* All subfiles of the plan. */
enum { WHOLE = (1u << PARTS_SUBFILES) - 1 };

static void
test_how_a_copy_begins(void)
{
	struct parts *growing = parts_new(PARTS_STORE, &(struct parts_config){.self = 1});
	struct parts *opening =
	    parts_new(PARTS_STORE, &(struct parts_config){.self = 1, .opening = true});
	struct parts *none = parts_new(PARTS_STORE, &(struct parts_config){.keeps_none = true});

	CU_ASSERT_EQUAL(growing->store->copy, SC_COPY_GROWING);
	CU_ASSERT_EQUAL(opening->store->copy, SC_COPY_OPENING);
	CU_ASSERT_EQUAL(none->store->copy, SC_COPY_NONE);
	CU_ASSERT_FALSE(sc_store_keeps_copy(none->store));
	CU_ASSERT_TRUE(sc_store_is_full(none->store));
	CU_ASSERT_FALSE(sc_store_is_full(growing->store));
	parts_free(growing);
	parts_free(opening);
	parts_free(none);
}

static void
test_an_earlier_run_left_chunks(void)
{
	struct parts *parts =
	    parts_new(PARTS_STORE, &(struct parts_config){.self = 1, .opening = true});
	struct sc_store *store = parts->store;

	parts_open(parts, 1u << 0 | 1u << 2);
	CU_ASSERT_EQUAL(store->copy, SC_COPY_GROWING);
	CU_ASSERT_EQUAL(store->stored, 8);
	CU_ASSERT_EQUAL(sc_store_lacks(store, 0), 0);
	CU_ASSERT_EQUAL(sc_store_lacks(store, 1), 4);
	CU_ASSERT_TRUE(sc_store_has(store, 2));
	CU_ASSERT_TRUE(sc_store_can_load(store, 2, false));
	CU_ASSERT_FALSE(sc_store_has(store, 3));
	CU_ASSERT_EQUAL(parts_records(parts, SC_RECORD_RESUMED), 1);
	CU_ASSERT_EQUAL(parts_records(parts, SC_RECORD_SUBFILE_HELD), 2);
	CU_ASSERT_EQUAL(parts_records(parts, SC_RECORD_HALF_HELD), 1);
	CU_ASSERT_EQUAL(parts_records(parts, SC_RECORD_THREE_QUARTERS_HELD), 0);
	parts_free(parts);
}

static void
test_an_earlier_run_left_none(void)
{
	struct parts *parts =
	    parts_new(PARTS_STORE, &(struct parts_config){.self = 1, .opening = true});

	sc_store_open(parts->store, NULL);
	CU_ASSERT_EQUAL(parts->store->copy, SC_COPY_GROWING);
	CU_ASSERT_EQUAL(parts->store->stored, 0);
	CU_ASSERT_EQUAL(parts_records(parts, SC_RECORD_RESUMED), 0);
	parts_free(parts);
}

/* A store that holds all, in that state. */
static struct parts *
copy_in(enum sc_copy copy)
{
	struct parts *parts =
	    parts_new(PARTS_STORE, &(struct parts_config){.self = 1, .opening = true});

	if (copy != SC_COPY_OPENING)
		parts_open(parts, WHOLE);
	parts->store->copy = copy;
	return parts;
}

static void
check_fail(enum sc_copy from, bool changes, enum sc_copy to)
{
	struct parts *parts = copy_in(from);

	CU_ASSERT_EQUAL(sc_store_fail(parts->store, "no space"), changes);
	CU_ASSERT_EQUAL(parts->store->copy, to);
	CU_ASSERT_EQUAL(parts_records(parts, SC_RECORD_COPY_FAILED), changes ? 1 : 0);
	if (changes)
		CU_ASSERT_STRING_EQUAL(parts->store->cause, "no space");
	parts_free(parts);
}

static void
test_which_copies_fail(void)
{
	check_fail(SC_COPY_OPENING, true, SC_COPY_FAILED);
	check_fail(SC_COPY_GROWING, true, SC_COPY_FAILED);
	check_fail(SC_COPY_COMMITTING, true, SC_COPY_FAILED);
	check_fail(SC_COPY_NONE, false, SC_COPY_NONE);
	check_fail(SC_COPY_COMMITTED, false, SC_COPY_COMMITTED);
	check_fail(SC_COPY_FAILED, false, SC_COPY_FAILED);
	check_fail(SC_COPY_ABANDONED, false, SC_COPY_ABANDONED);
}

static void
check_abandon(enum sc_copy from, enum sc_copy to)
{
	struct parts *parts = copy_in(from);

	sc_store_abandon(parts->store);
	CU_ASSERT_EQUAL(parts->store->copy, to);
	parts_free(parts);
}

static void
test_which_copies_are_abandoned(void)
{
	check_abandon(SC_COPY_NONE, SC_COPY_NONE);
	check_abandon(SC_COPY_OPENING, SC_COPY_ABANDONED);
	check_abandon(SC_COPY_GROWING, SC_COPY_ABANDONED);
	check_abandon(SC_COPY_COMMITTING, SC_COPY_COMMITTING);
	check_abandon(SC_COPY_COMMITTED, SC_COPY_COMMITTED);
	check_abandon(SC_COPY_FAILED, SC_COPY_FAILED);
}

static void
test_a_chunk_is_stored(void)
{
	struct parts *parts = parts_new(PARTS_STORE, &(struct parts_config){.self = 1});
	struct sc_store *store = parts->store;
	uint32_t slot = parts_hold(parts, 5, false);

	CU_ASSERT_TRUE(sc_store_has(store, 5));
	CU_ASSERT_EQUAL(sc_store_lacks(store, 1), 3);
	sc_store_put(store, slot);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_STORE), 1);
	CU_ASSERT_EQUAL(parts_last(parts, SC_ACTION_STORE)->slot, slot);
	CU_ASSERT_EQUAL(parts_last(parts, SC_ACTION_STORE)->chunk, 5);
	CU_ASSERT_EQUAL(store->stores, 1);
	CU_ASSERT_FALSE(sc_store_can_load(store, 5, false));
	CU_ASSERT_FALSE(sc_store_on_stored(store, slot));
	CU_ASSERT_EQUAL(store->stores, 0);
	CU_ASSERT_EQUAL(store->stored, 1);
	CU_ASSERT_TRUE(parts->pool->slots[slot].stored);
	CU_ASSERT_TRUE(sc_store_can_load(store, 5, false));
	CU_ASSERT_TRUE(sc_marks_any(&parts->pool->touched));
	sc_store_forget(store, 5);
	CU_ASSERT_FALSE(sc_store_can_load(store, 5, false));
	CU_ASSERT_TRUE(sc_store_has(store, 5));
	parts_free(parts);
}

static void
test_a_store_fails(void)
{
	struct parts *parts = parts_new(PARTS_STORE, &(struct parts_config){.self = 1});
	struct sc_store *store = parts->store;
	uint32_t slot = parts_hold(parts, 5, false);

	sc_store_put(store, slot);
	sc_store_on_store_failed(store, slot);
	CU_ASSERT_EQUAL(store->stored, 0);
	CU_ASSERT_EQUAL(store->stores, 0);
	CU_ASSERT_FALSE(sc_store_can_load(store, 5, false));
	CU_ASSERT_TRUE(sc_marks_any(&parts->pool->touched));
	parts_free(parts);
}

static void
test_a_failed_copy_stores_nothing(void)
{
	struct parts *parts = parts_new(PARTS_STORE, &(struct parts_config){.self = 1});

	(void)sc_store_fail(parts->store, "no space");
	sc_store_put(parts->store, parts_hold(parts, 5, false));
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_STORE), 0);
	CU_ASSERT_EQUAL(parts->store->stores, 0);
	parts_free(parts);
}

static void
test_quarters_and_subfiles_are_recorded(void)
{
	struct parts *parts = parts_new(PARTS_STORE, &(struct parts_config){.self = 1});
	uint32_t slot;

	for (uint32_t i = 0; i < 16; i++) {
		uint32_t chunk = i % 4 * 4 + i / 4; /* one subfile after the other */

		slot = parts_hold(parts, chunk, false);
		sc_store_put(parts->store, slot);
		CU_ASSERT_EQUAL(sc_store_on_stored(parts->store, slot), i % 4 == 3);
		sc_pool_release(parts->pool, slot);
		CU_ASSERT_EQUAL(parts_records(parts, SC_RECORD_SUBFILE_HELD), (i + 1) / 4);
		CU_ASSERT_EQUAL(parts_records(parts, SC_RECORD_QUARTER_HELD), i >= 3 ? 1 : 0);
		CU_ASSERT_EQUAL(parts_records(parts, SC_RECORD_HALF_HELD), i >= 7 ? 1 : 0);
		CU_ASSERT_EQUAL(parts_records(parts, SC_RECORD_THREE_QUARTERS_HELD),
		    i >= 11 ? 1 : 0);
		CU_ASSERT_EQUAL(parts_records(parts, SC_RECORD_ALL_HELD), i >= 15 ? 1 : 0);
		CU_ASSERT_EQUAL(sc_store_is_full(parts->store), i == 15);
	}
	parts_free(parts);
}

static void
test_what_can_be_loaded(void)
{
	struct parts *origin = parts_new(PARTS_STORE, &(struct parts_config){.self = SC_ORIGIN});
	struct parts *buddy = parts_new(PARTS_STORE, &(struct parts_config){.self = 2, .buddy = 2});

	origin->store->read = 3;
	CU_ASSERT_TRUE(sc_store_can_load(origin->store, 2, false));
	CU_ASSERT_FALSE(sc_store_can_load(origin->store, 3, true));
	parts_hold(buddy, 6, false);
	CU_ASSERT_TRUE(sc_store_can_load(buddy->store, 6, false));
	CU_ASSERT_FALSE(sc_store_can_load(buddy->store, 7, false));
	CU_ASSERT_TRUE(sc_store_can_load(buddy->store, 7, true));
	parts_free(origin);
	parts_free(buddy);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"how a copy begins", test_how_a_copy_begins},
		{"an earlier run left chunks", test_an_earlier_run_left_chunks},
		{"an earlier run left none", test_an_earlier_run_left_none},
		{"a copy fails unless it has ended", test_which_copies_fail},
		{"an aborted run abandons copies that are not being committed",
			test_which_copies_are_abandoned},
		{"a chunk is stored", test_a_chunk_is_stored},
		{"what was not stored can't be loaded", test_a_store_fails},
		{"a failed copy stores nothing more", test_a_failed_copy_stores_nothing},
		{"quarters and whole subfiles are recorded",
			test_quarters_and_subfiles_are_recorded},
		{"the origin can load what it read, a buddy all", test_what_can_be_loaded},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("core/store", tests);
}
