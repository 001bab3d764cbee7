/*
 * What a heartbeat says: src/core/beat.h.
 */
#include "core/beat.h"

#include "core/parts.h"
#include "lib/suite.h"

static struct sc_beat
beat_of(const struct parts *parts)
{
	struct sc_beat beat = {.torpid = true, .copy_failed = true, .steps = 99, .list_count = 7};

	sc_beat_make(parts->in, &beat);
	return beat;
}

static void
test_a_relay_at_work(void)
{
	struct parts *parts = parts_new(PARTS_IN, &(struct parts_config){.self = 1});
	struct sc_beat beat;

	parts->in->edges[0].peer = SC_ORIGIN;
	sc_out_list_planned(parts->out, 0);
	parts_hold(parts, 2, true);
	parts_hold(parts, 6, true);
	parts_hold(parts, 1, false); /* not stored */
	beat = beat_of(parts);
	CU_ASSERT_FALSE(beat.torpid);
	CU_ASSERT_FALSE(beat.copy_failed);
	CU_ASSERT_EQUAL(beat.steps, SC_STEP_DISTRIBUTION | SC_STEP_COLLECTION | SC_STEP_GROUP);
	CU_ASSERT_EQUAL(beat.tree, 0);
	CU_ASSERT_EQUAL(beat.held_count, PARTS_SUBFILES);
	CU_ASSERT_EQUAL(beat.held[0], 0);
	CU_ASSERT_EQUAL(beat.held[1], 0);
	CU_ASSERT_EQUAL(beat.held[2], 2);
	CU_ASSERT_EQUAL(beat.list_count, 4);
	CU_ASSERT_EQUAL(beat.list[0], 5);
	parts_free(parts);
}

static void
test_what_is_over_is_not_said(void)
{
	struct parts *parts =
	    parts_new(PARTS_IN, &(struct parts_config){.self = 1, .opening = true});
	struct sc_beat beat;

	parts_open(parts, 1u << 0);
	parts->in->edges[0].peer = SC_ORIGIN;
	sc_out_list_planned(parts->out, 0);
	sc_out_end(parts->out, sc_out_find(parts->out, 5, 0));
	beat = beat_of(parts);
	CU_ASSERT_EQUAL(beat.steps, SC_STEP_COLLECTION);
	CU_ASSERT_EQUAL(beat.list_count, 3);
	CU_ASSERT_EQUAL(beat.list[0], 2);
	CU_ASSERT_EQUAL(beat.held[0], 4);
	parts_free(parts);
}

static void
test_a_stand_in_says_so(void)
{
	static const struct sc_receiver in_need = {6, SC_EDGE_DETOUR};
	struct parts *parts = parts_new(PARTS_IN, &(struct parts_config){.self = 1});

	sc_out_add(parts->out, 1, &in_need, 1);
	CU_ASSERT_EQUAL(beat_of(parts).steps, SC_STEP_DETOUR);
	parts_free(parts);
}

static void
test_the_origin_holds_no_subfiles(void)
{
	static const struct sc_receiver member = {1, SC_EDGE_DISTRIBUTION};
	struct parts *parts = parts_new(PARTS_IN, &(struct parts_config){.self = SC_ORIGIN});

	sc_out_add(parts->out, 0, &member, 1);
	CU_ASSERT_EQUAL(beat_of(parts).held_count, 0);
	CU_ASSERT_EQUAL(beat_of(parts).list_count, 1);
	CU_ASSERT_EQUAL(beat_of(parts).steps, 0);
	parts_free(parts);
}

static void
test_what_is_known_of_nodes(void)
{
	struct parts *parts = parts_new(PARTS_IN, &(struct parts_config){.self = 1});
	struct sc_beat before = beat_of(parts);

	parts_slow(parts, 1);
	parts_lose(parts, 8);
	(void)sc_store_fail(parts->store, "no space");
	CU_ASSERT_TRUE(beat_of(parts).torpid);
	CU_ASSERT_TRUE(beat_of(parts).copy_failed);
	CU_ASSERT_EQUAL(beat_of(parts).mark, parts->peers->roster.mark);
	CU_ASSERT_NOT_EQUAL(beat_of(parts).mark, before.mark);
	parts_free(parts);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"a relay at work", test_a_relay_at_work},
		{"what is over is not said", test_what_is_over_is_not_said},
		{"a stand-in says so", test_a_stand_in_says_so},
		{"the origin holds no subfiles", test_the_origin_holds_no_subfiles},
		{"what is known of nodes", test_what_is_known_of_nodes},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("core/beat", tests);
}
