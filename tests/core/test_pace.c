/*
 * Which nodes are slow: src/core/pace.h.
 */
#include "core/pace.h"

#include "core/parts.h"
#include "lib/suite.h"

enum { HEARTBEAT = 10, BEATS = 8 };

/* 200 chunks of each of four subfiles. */
static struct parts *
node(uint32_t self, bool opening)
{
	struct parts *parts = parts_new(PARTS_PACE,
	    &(struct parts_config){
		    .self = self,
		    .chunks = 200,
		    .opening = opening,
		    .heartbeat_ns = HEARTBEAT,
		    .timeout_ns = 100 * HEARTBEAT,
	    });

	sc_peers_start(parts->peers);
	return parts;
}

/* The origin has sent so much by then, and node 1 says that it holds so much. */
static void
beat(struct parts *parts, uint64_t now_ns, uint32_t own, uint32_t held, bool copy_failed)
{
	struct sc_beat message = {.held_count = 1, .held = {held}, .copy_failed = copy_failed};

	parts_at(parts, now_ns);
	parts->turns->next = parts->turns->front = own;
	sc_pace_on_beat(parts->pace, 1, &message);
}

/* Heartbeats at which the origin gets on by 40 chunks and node 1 by so many. */
static bool
is_torpid_after(uint32_t beats, uint32_t gets_on_by, bool copy_failed)
{
	struct parts *parts = node(SC_ORIGIN, false);
	bool is_torpid;

	for (uint32_t i = 0; i <= beats; i++)
		beat(parts, (i + 1) * HEARTBEAT, 40 * (i + 1), gets_on_by * i, copy_failed);
	is_torpid = sc_peers_torpid(parts->peers, 1);
	parts_free(parts);
	return is_torpid;
}

static void
test_slow_for_eight_beats(void)
{
	CU_ASSERT_FALSE(is_torpid_after(BEATS - 1, 0, false));
	CU_ASSERT_TRUE(is_torpid_after(BEATS, 0, false));
	CU_ASSERT_TRUE(is_torpid_after(BEATS, 20, false));
}

static void
test_three_quarters_of_the_pace_will_do(void)
{
	CU_ASSERT_TRUE(is_torpid_after(15, 29, false));
	CU_ASSERT_FALSE(is_torpid_after(15, 30, false));
}

static void
test_a_node_without_a_copy_is_not_compared(void)
{
	CU_ASSERT_FALSE(is_torpid_after(BEATS + 4, 0, true));
}

static void
test_one_good_beat_begins_it_anew(void)
{
	struct parts *parts = node(SC_ORIGIN, false);
	uint32_t i = 0;

	for (; i < BEATS; i++)
		beat(parts, (i + 1) * HEARTBEAT, 40 * (i + 1), 0, false);
	beat(parts, (i + 1) * HEARTBEAT, 40 * (i + 1), 40, false);
	for (i++; i < 2 * BEATS; i++)
		beat(parts, (i + 1) * HEARTBEAT, 40 * (i + 1), 40, false);
	CU_ASSERT_FALSE(sc_peers_torpid(parts->peers, 1));
	beat(parts, (i + 1) * HEARTBEAT, 40 * (i + 1), 40, false);
	CU_ASSERT_TRUE(sc_peers_torpid(parts->peers, 1));
	parts_free(parts);
}

/* What comes after a silence may have been said before it. */
static void
test_a_silence_is_not_held_against_it(void)
{
	struct parts *parts = node(SC_ORIGIN, false);
	uint32_t i = 0;

	for (; i < BEATS; i++)
		beat(parts, (i + 1) * HEARTBEAT, 40 * (i + 1), 0, false);
	beat(parts, (i + 1 + BEATS) * HEARTBEAT, 40 * (i + 1), 0, false);
	CU_ASSERT_FALSE(sc_peers_torpid(parts->peers, 1));
	parts_free(parts);
}

static void
test_no_node_is_judged_in_an_aborted_run(void)
{
	struct parts *parts = node(SC_ORIGIN, false);

	sc_control_fatal(parts->control, "the user");
	for (uint32_t i = 0; i < 2 * BEATS; i++)
		beat(parts, (i + 1) * HEARTBEAT, 40 * (i + 1), 0, false);
	CU_ASSERT_FALSE(sc_peers_torpid(parts->peers, 1));
	parts_free(parts);
}

static void
test_a_small_gap_is_none(void)
{
	struct parts *parts = node(SC_ORIGIN, false);

	for (uint32_t i = 0; i < 3 * BEATS; i++)
		beat(parts, (i + 1) * HEARTBEAT, 4 * (i + 1), 0, false);
	CU_ASSERT_FALSE(sc_peers_torpid(parts->peers, 1)); /* 96 of 800 chunks, not an eighth */
	parts_free(parts);
}

/* Node 1 has all of subfile 0, and has sent its receivers so much; beats until it is torpid. */
static uint32_t
overtaxed_beats(uint32_t sent, uint32_t sent_to_last)
{
	struct parts *parts = node(1, true);
	uint32_t beats = 0;

	parts_open(parts, 1u << 0);
	sc_out_list_planned(parts->out, 0);
	for (uint32_t i = 0; i < parts->out->count; i++) {
		struct sc_outbound *edge = &parts->out->edges[i];

		edge->granted = edge->sent = edge->next =
		    i + 1 < parts->out->count ? sent : sent_to_last;
	}
	for (; beats < 2 * BEATS && !sc_peers_torpid(parts->peers, 1); beats++)
		sc_pace_on_own_beat(parts->pace);
	parts_free(parts);
	return beats;
}

static void
test_a_node_of_which_no_receiver_keeps_up(void)
{
	CU_ASSERT_EQUAL(overtaxed_beats(0, 0), BEATS);
	CU_ASSERT_EQUAL(overtaxed_beats(174, 174), BEATS);
	CU_ASSERT_EQUAL(overtaxed_beats(175, 175), 2 * BEATS); /* an eighth of 200 */
	CU_ASSERT_EQUAL(overtaxed_beats(0, 190), 2 * BEATS);   /* one keeps up */
}

/* The origin's turns are over; these relays (bits) were passed over and lack so much. */
static uint32_t
left_behind(uint32_t relays, uint32_t lack, uint32_t beats)
{
	struct parts *parts = node(SC_ORIGIN, false);
	uint32_t torpid;

	for (uint32_t i = 0; i < PARTS_SUBFILES; i++) {
		struct sc_receiver receiver = {i + 1, SC_EDGE_DISTRIBUTION};
		struct sc_outbound *edge;
		bool is_behind = (relays >> i & 1) != 0;

		sc_out_add(parts->out, i, &receiver, 1);
		edge = &parts->out->edges[i];
		edge->granted = edge->sent = edge->next = edge->total - (is_behind ? lack : 0);
		edge->passed_over = is_behind ? 3 : 0;
	}
	for (uint32_t i = 0; i < beats; i++)
		sc_pace_on_own_beat(parts->pace);
	sc_pace_settle(parts->pace);
	CU_ASSERT_EQUAL(parts->peers->torpid_count, 0); /* turns are not over yet */
	parts->turns->next = parts->turns->front = parts->plan.chunks;
	sc_pace_settle(parts->pace);
	torpid = parts->peers->torpid_count;
	parts_free(parts);
	return torpid;
}

static void
test_a_relay_that_is_left_behind(void)
{
	CU_ASSERT_EQUAL(left_behind(1u << 2, 100, 3), 1);
	CU_ASSERT_EQUAL(left_behind(1u << 2, 100, 2), 0);           /* it may be chance */
	CU_ASSERT_EQUAL(left_behind(1u << 2, 66, 3), 0);            /* no third of 200 */
	CU_ASSERT_EQUAL(left_behind(1u << 2 | 1u << 3, 100, 3), 0); /* too many */
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"a node that is slow for eight beats is torpid", test_slow_for_eight_beats},
		{"three quarters of the pace will do", test_three_quarters_of_the_pace_will_do},
		{"a node without a copy is not compared",
			test_a_node_without_a_copy_is_not_compared},
		{"one good beat begins it anew", test_one_good_beat_begins_it_anew},
		{"a silence is not held against a node", test_a_silence_is_not_held_against_it},
		{"no node is judged in an aborted run", test_no_node_is_judged_in_an_aborted_run},
		{"a small gap is none", test_a_small_gap_is_none},
		{"a node of which no receiver keeps up is torpid itself",
			test_a_node_of_which_no_receiver_keeps_up},
		{"a relay that is left behind at the end is torpid",
			test_a_relay_that_is_left_behind},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("core/pace", tests);
}
