/*
 * The origin's order over its relays: src/core/turns.h.
 */
#include "core/turns.h"

#include "core/parts.h"
#include "lib/suite.h"

/* The least time for which a relay is waited for. */
static const uint64_t pass_over_ns = UINT64_C(10) * 1000 * 1000;

/* The origin with an edge to each of nodes 1 to 4, which have so many credits; the first chunks of
 * the source are in slots. */
static struct parts *
origin(uint32_t window, uint32_t loaded, uint32_t credits)
{
	struct parts *parts =
	    parts_new(PARTS_TURNS, &(struct parts_config){.self = SC_ORIGIN, .window = window});

	for (uint32_t i = 0; i < PARTS_SUBFILES; i++) {
		struct sc_receiver receiver = {i + 1, SC_EDGE_DISTRIBUTION};

		sc_out_add(parts->out, i, &receiver, 1);
		parts->out->edges[i].granted = credits;
	}
	for (uint32_t i = 0; i < loaded; i++)
		parts_hold(parts, i, false);
	return parts;
}

static void
check_last_chunk(const struct parts *parts, uint32_t sends, uint32_t chunk)
{
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_SEND), sends);
	if (sends > 0)
		CU_ASSERT_EQUAL(parts_last(parts, SC_ACTION_SEND)->chunk, chunk);
}

static void
test_chunk_after_chunk(void)
{
	struct parts *parts = origin(2, 6, 2);
	uint32_t chunk = 0;

	sc_turns_settle(parts->turns);
	for (size_t i = 0; i < parts->actions.count; i++) {
		if (parts->actions.items[i].what == SC_ACTION_SEND)
			CU_ASSERT_EQUAL(parts->actions.items[i].chunk, chunk++);
	}
	CU_ASSERT_EQUAL(chunk, 6);
	CU_ASSERT_EQUAL(parts->turns->next, 6);
	CU_ASSERT_FALSE(sc_turns_are_over(parts->turns));
	parts_free(parts);
}

static void
test_a_relay_without_credit_is_waited_for(void)
{
	struct parts *parts = origin(2, 4, 2);

	parts->out->edges[1].granted = 0;
	sc_turns_settle(parts->turns);
	check_last_chunk(parts, 1, 0);
	parts->out->edges[1].granted = 1;
	sc_turns_settle(parts->turns);
	check_last_chunk(parts, 4, 3);
	CU_ASSERT_EQUAL(parts->turns->pass_over_ns, UINT64_MAX);
	parts_free(parts);
}

static void
test_it_is_passed_over_after_the_time(void)
{
	struct parts *parts = origin(2, 4, 2);

	parts->out->edges[1].granted = 0;
	parts_at(parts, 1000);
	sc_turns_settle(parts->turns);
	CU_ASSERT_EQUAL(parts->turns->pass_over_ns, 1000 + pass_over_ns);
	parts_at(parts, 1000 + pass_over_ns - 1);
	sc_turns_settle(parts->turns);
	check_last_chunk(parts, 0, SC_NONE);
	parts_at(parts, 1000 + pass_over_ns);
	sc_turns_settle(parts->turns);
	check_last_chunk(parts, 2, 3);
	CU_ASSERT(parts->out->edges[1].passed_over > 0);
	CU_ASSERT_TRUE(parts->out->edges[1].lagging);
	CU_ASSERT_TRUE(parts->out->scattered);
	CU_ASSERT_EQUAL(parts->turns->pass_over_ns, UINT64_MAX);
	/* From then on it is served at its own pace. */
	parts_at(parts, 2000 + pass_over_ns);
	parts->out->edges[1].granted = 1;
	sc_turns_settle(parts->turns);
	check_last_chunk(parts, 1, 1);
	parts_free(parts);
}

static void
test_no_relay_is_passed_over_while_the_others_are_busy(void)
{
	struct parts *parts = origin(4, 4, 1);

	parts->out->edges[1].granted = 0;
	sc_turns_settle(parts->turns);
	parts_at(parts, 10 * pass_over_ns);
	sc_turns_settle(parts->turns);
	CU_ASSERT_EQUAL(parts->turns->pass_over_ns, UINT64_MAX);
	CU_ASSERT_EQUAL(parts->out->edges[1].passed_over, 0);
	parts_free(parts);
}

static void
test_a_relay_that_gets_a_detour_has_a_reason(void)
{
	static const struct sc_receiver in_need = {2, SC_EDGE_DETOUR};
	struct parts *parts = origin(2, 4, 2);

	parts->out->edges[1].granted = 0;
	sc_out_add(parts->out, 0, &in_need, 1);
	sc_turns_settle(parts->turns);
	CU_ASSERT_EQUAL(parts->turns->pass_over_ns, UINT64_MAX);
	sc_out_end(parts->out, sc_out_find(parts->out, 2, 0));
	sc_turns_settle(parts->turns);
	CU_ASSERT_EQUAL(parts->turns->pass_over_ns, pass_over_ns);
	parts_free(parts);
}

/* What is under way to the others, and a window, takes so long on the link. */
static void
test_a_slow_link_takes_longer(void)
{
	static const uint64_t chunk_ns = UINT64_C(20) * 1000 * 1000;
	struct parts *parts = parts_new(PARTS_TURNS,
	    &(struct parts_config){.self = SC_ORIGIN, .window = 4, .chunk_ns = chunk_ns});

	for (uint32_t i = 0; i < PARTS_SUBFILES; i++) {
		struct sc_receiver receiver = {i + 1, SC_EDGE_DISTRIBUTION};

		sc_out_add(parts->out, i, &receiver, 1);
		parts->out->edges[i].granted = i == 0 ? 0 : 3;
	}
	sc_turns_settle(parts->turns);
	CU_ASSERT_EQUAL(parts->turns->pass_over_ns, (3 + 4) * chunk_ns);
	parts_free(parts);
}

static void
test_a_window_of_one_passes_none_over(void)
{
	struct parts *parts = origin(1, 4, 1);

	parts->out->edges[1].granted = 0;
	sc_turns_settle(parts->turns);
	parts_at(parts, 10 * pass_over_ns);
	sc_turns_settle(parts->turns);
	CU_ASSERT_EQUAL(parts->out->edges[1].passed_over, 0);
	parts_free(parts);
}

/* The last of its turns in probation: it was sent a chunk in so many of sixteen. */
static struct parts *
after_probation(uint32_t sent)
{
	struct parts *parts = origin(2, 0, 0);

	parts->out->edges[0].passed_over = 1;
	parts->out->edges[0].sent_before = (0u - sent) & 255;
	sc_turns_settle(parts->turns);
	return parts;
}

static void
test_probation_ends_for_a_relay_that_keeps_pace(void)
{
	struct parts *keeps_pace = after_probation(15);
	struct parts *is_slow = after_probation(14);

	CU_ASSERT_EQUAL(keeps_pace->out->edges[0].passed_over, 0);
	CU_ASSERT_EQUAL(keeps_pace->turns->next, 0); /* back to what it lacks */
	CU_ASSERT_EQUAL(keeps_pace->turns->front, 1);
	CU_ASSERT_EQUAL(is_slow->out->edges[0].passed_over, 16);
	CU_ASSERT_EQUAL(is_slow->turns->next, 1);
	parts_free(keeps_pace);
	parts_free(is_slow);
}

static void
test_a_torpid_relay_has_no_turns(void)
{
	struct parts *parts = origin(2, 4, 2);

	parts_slow(parts, 2);
	parts->out->edges[1].granted = 0;
	sc_turns_settle(parts->turns);
	check_last_chunk(parts, 3, 3);
	parts_free(parts);
}

static void
test_turns_are_over(void)
{
	struct parts *parts = origin(2, 0, 0);

	for (uint32_t i = 0; i < PARTS_SUBFILES; i++)
		sc_out_end(parts->out, &parts->out->edges[i]);
	CU_ASSERT_FALSE(sc_turns_are_over(parts->turns));
	sc_turns_settle(parts->turns);
	CU_ASSERT_TRUE(sc_turns_are_over(parts->turns));
	parts_free(parts);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"chunk after chunk", test_chunk_after_chunk},
		{"a relay without credit is waited for", test_a_relay_without_credit_is_waited_for},
		{"it is passed over after the time", test_it_is_passed_over_after_the_time},
		{"no relay is passed over while the others are busy",
			test_no_relay_is_passed_over_while_the_others_are_busy},
		{"a relay that gets a detour, too, is not passed over",
			test_a_relay_that_gets_a_detour_has_a_reason},
		{"on a slow link the time is longer", test_a_slow_link_takes_longer},
		{"with a window of one none is passed over", test_a_window_of_one_passes_none_over},
		{"probation ends for a relay that keeps pace",
			test_probation_ends_for_a_relay_that_keeps_pace},
		{"a torpid relay has no turns", test_a_torpid_relay_has_no_turns},
		{"turns are over", test_turns_are_over},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("core/turns", tests);
}
