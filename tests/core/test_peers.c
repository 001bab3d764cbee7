/*
 * Which nodes are there: src/core/peers.h.
 */
#include "core/peers.h"

#include "core/parts.h"
#include "lib/suite.h"

/* Of the tests' clock. */
enum { HEARTBEAT = 10, TIMEOUT = 100 };

static struct parts *
started(uint32_t self)
{
	struct parts *parts = parts_new(PARTS_PEERS,
	    &(struct parts_config){
		    .self = self,
		    .heartbeat_ns = HEARTBEAT,
		    .timeout_ns = TIMEOUT,
	    });

	sc_peers_start(parts->peers);
	return parts;
}

/* Heartbeats until then; all peers are heard at each but those two. */
static void
beat_until(struct parts *parts, uint64_t end_ns, uint32_t silent, uint32_t other)
{
	static const struct sc_message beat = {.type = SC_MESSAGE_BEAT};

	for (uint64_t now_ns = parts->context.now_ns + HEARTBEAT; now_ns <= end_ns;
	    now_ns += HEARTBEAT) {
		parts_at(parts, now_ns);
		for (uint32_t node = 0; node <= PARTS_NODES; node++) {
			if (sc_peers_find(parts->peers, node) != NULL && node != silent &&
			    node != other)
				sc_peers_heard(parts->peers, node);
		}
		CU_ASSERT_TRUE_FATAL(sc_peers_beat_is_due(parts->peers));
		sc_peers_beat(parts->peers, &beat);
	}
}

static void
test_the_plans_peers_are_expected(void)
{
	struct parts *parts = started(5);

	CU_ASSERT_EQUAL(parts->peers->count, 4);
	CU_ASSERT_PTR_NOT_NULL(sc_peers_find(parts->peers, 1));
	CU_ASSERT_PTR_NOT_NULL(sc_peers_find(parts->peers, 8));
	CU_ASSERT_PTR_NULL(sc_peers_find(parts->peers, 2));
	sc_peers_add(parts->peers, 2);
	sc_peers_add(parts->peers, 2);
	sc_peers_add(parts->peers, 5); /* itself */
	CU_ASSERT_EQUAL(parts->peers->count, 5);
	beat_until(parts, HEARTBEAT, SC_NONE, SC_NONE);
	CU_ASSERT_EQUAL(parts_messages(parts, SC_NONE, SC_MESSAGE_BEAT), 5);
	CU_ASSERT_FALSE(sc_peers_beat_is_due(parts->peers));
	parts_free(parts);
}

/* Of two nodes that don't hear each other, the one with the smaller number gives up first. */
static void
test_patience_with_a_smaller_number_is_longer(void)
{
	struct parts *parts = started(6);

	beat_until(parts, TIMEOUT, 5, 7);
	CU_ASSERT_FALSE(sc_peers_failed(parts->peers, 7));
	beat_until(parts, TIMEOUT + HEARTBEAT, 5, 7);
	CU_ASSERT_TRUE(sc_peers_failed(parts->peers, 7));
	CU_ASSERT_FALSE(sc_peers_failed(parts->peers, 5));
	CU_ASSERT_EQUAL(parts->peers->roster.losses[0].cause, SC_FAILURE_SILENT);
	beat_until(parts, TIMEOUT + TIMEOUT / 2, 5, 7);
	CU_ASSERT_FALSE(sc_peers_failed(parts->peers, 5));
	beat_until(parts, TIMEOUT + TIMEOUT / 2 + HEARTBEAT, 5, 7);
	CU_ASSERT_TRUE(sc_peers_failed(parts->peers, 5));
	CU_ASSERT_EQUAL(parts->peers->reach, SC_REACH_IN);
	parts_free(parts);
}

static void
test_absence_excuses_the_peers(void)
{
	struct parts *parts = started(5);

	beat_until(parts, 2 * HEARTBEAT, SC_NONE, SC_NONE);
	parts_at(parts, 20 * TIMEOUT - HEARTBEAT); /* this process was stopped */
	beat_until(parts, 20 * TIMEOUT, 6, 7);
	CU_ASSERT_EQUAL(parts->peers->roster.failed.count, 0);
	CU_ASSERT_EQUAL(parts->peers->reach, SC_REACH_IN);
	beat_until(parts, 21 * TIMEOUT + HEARTBEAT, 6, 7);
	CU_ASSERT_TRUE(sc_peers_failed(parts->peers, 6));
	parts_free(parts);
}

static void
test_a_node_that_hears_no_other_suspects_itself(void)
{
	static const struct sc_message beat = {.type = SC_MESSAGE_BEAT};
	struct parts *parts = started(5);

	for (uint64_t now_ns = HEARTBEAT; now_ns <= 2 * TIMEOUT + TIMEOUT / 2;
	    now_ns += HEARTBEAT) {
		parts_at(parts, now_ns);
		sc_peers_beat(parts->peers, &beat);
	}
	CU_ASSERT_EQUAL(parts->peers->reach, SC_REACH_IN);
	CU_ASSERT_EQUAL(parts->peers->roster.failed.count, 0);
	parts_at(parts, 2 * TIMEOUT + TIMEOUT / 2 + HEARTBEAT);
	sc_peers_beat(parts->peers, &beat);
	CU_ASSERT_EQUAL(parts->peers->reach, SC_REACH_ALONE);
	CU_ASSERT_EQUAL(parts_records(parts, SC_RECORD_CUT_OFF), 1);
	parts_free(parts);
}

static void
test_a_failed_peer_is_forgotten(void)
{
	struct parts *parts = started(5);

	sc_peers_fail(parts->peers, 6, SC_FAILURE_ENDED);
	CU_ASSERT_EQUAL(parts_last(parts, SC_ACTION_FORGET)->peer, 6);
	CU_ASSERT_EQUAL(parts_messages(parts, 6, SC_MESSAGE_NOTICE), 0);
	CU_ASSERT_PTR_NULL(sc_peers_find(parts->peers, 6));
	sc_peers_fail(parts->peers, 6, SC_FAILURE_SILENT);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_FORGET), 1);
	sc_peers_add(parts->peers, 6);
	CU_ASSERT_PTR_NULL(sc_peers_find(parts->peers, 6));
	parts_free(parts);
}

static void
test_a_silent_peer_is_told(void)
{
	struct parts *parts = started(5);
	const struct sc_message *notice;

	sc_peers_fail(parts->peers, 7, SC_FAILURE_SILENT);
	notice = parts_message(parts, 7, SC_MESSAGE_NOTICE);
	CU_ASSERT_PTR_NOT_NULL_FATAL(notice);
	CU_ASSERT_EQUAL(notice->u.notice.count, 1);
	CU_ASSERT_EQUAL(notice->u.notice.entries[0].node, 7);
	sc_peers_fail(parts->peers, 3, SC_FAILURE_SILENT); /* no peer */
	CU_ASSERT_EQUAL(parts_messages(parts, 3, SC_MESSAGE_NOTICE), 0);
	CU_ASSERT_TRUE(sc_peers_failed(parts->peers, 3));
	parts_free(parts);
}

static void
test_a_node_that_has_left_does_not_fail(void)
{
	struct parts *parts = started(5);

	sc_peers_on_left(parts->peers, 6);
	CU_ASSERT_TRUE(sc_peers_has_left(parts->peers, 6));
	CU_ASSERT_FALSE(sc_peers_has_left(parts->peers, 7));
	sc_peers_fail(parts->peers, 6, SC_FAILURE_ENDED);
	CU_ASSERT_FALSE(sc_peers_failed(parts->peers, 6));
	parts_free(parts);
}

static void
test_notices_are_taken(void)
{
	struct parts *parts = started(5);
	struct sc_notice notice = {
		.count = 3,
		.entries = {{2, SC_TROUBLE_TORPID}, {6, SC_TROUBLE_ENDED}, {7, SC_TROUBLE_SILENT}},
	};

	CU_ASSERT_EQUAL(sc_peers_on_notice(parts->peers, 1, &notice), 0);
	CU_ASSERT_TRUE(sc_peers_torpid(parts->peers, 2));
	CU_ASSERT_EQUAL(parts->peers->torpid_from, 1);
	CU_ASSERT_EQUAL(parts->peers->roster.failed.count, 2);
	CU_ASSERT_EQUAL(parts->peers->roster.losses[0].cause, SC_FAILURE_ENDED);
	CU_ASSERT_EQUAL(parts->peers->roster.losses[1].cause, SC_FAILURE_SILENT);
	CU_ASSERT_EQUAL(parts->peers->reach, SC_REACH_IN);
	CU_ASSERT_EQUAL(parts_records(parts, SC_RECORD_PEER_TORPID), 1);
	parts_free(parts);
}

static void
test_a_notice_of_no_node_changes_nothing(void)
{
	struct parts *parts = started(5);
	struct sc_notice notice = {
		.count = 2,
		.entries = {{6, SC_TROUBLE_ENDED}, {PARTS_NODES + 1, SC_TROUBLE_ENDED}},
	};

	CU_ASSERT_EQUAL(sc_peers_on_notice(parts->peers, 1, &notice), -1);
	CU_ASSERT_FALSE(sc_peers_failed(parts->peers, 6));
	parts_free(parts);
}

static void
test_a_node_that_is_told_out_is_out(void)
{
	struct parts *parts = started(5);
	struct sc_notice notice = {.count = 1, .entries = {{5, SC_TROUBLE_SILENT}}};

	CU_ASSERT_EQUAL(sc_peers_on_notice(parts->peers, 1, &notice), 0);
	CU_ASSERT_EQUAL(parts->peers->reach, SC_REACH_OUT);
	CU_ASSERT_FALSE(sc_peers_failed(parts->peers, 5));
	CU_ASSERT_EQUAL(parts_last(parts, SC_ACTION_RECORD)->record.what, SC_RECORD_CUT_OFF);
	CU_ASSERT_EQUAL(parts_last(parts, SC_ACTION_RECORD)->record.peer, 1);
	parts_free(parts);
}

static void
test_what_is_new_is_told(void)
{
	struct parts *parts = started(5);
	const struct sc_message *notice;

	sc_peers_fail(parts->peers, 6, SC_FAILURE_ENDED);
	sc_peers_fail(parts->peers, 2, SC_FAILURE_SILENT);
	sc_peers_slow(parts->peers, 3, SC_NONE);
	parts_at(parts, 1);
	sc_peers_tell_all(parts->peers, 1, 7);
	CU_ASSERT_EQUAL(parts_messages(parts, SC_NONE, SC_MESSAGE_NOTICE), 2);
	CU_ASSERT_EQUAL(parts_messages(parts, 7, SC_MESSAGE_NOTICE), 0);
	notice = parts_message(parts, 8, SC_MESSAGE_NOTICE);
	CU_ASSERT_PTR_NOT_NULL_FATAL(notice);
	CU_ASSERT_EQUAL(notice->u.notice.count, 2);
	CU_ASSERT_EQUAL(notice->u.notice.entries[0].node, 2);
	CU_ASSERT_EQUAL(notice->u.notice.entries[0].trouble, SC_TROUBLE_SILENT);
	CU_ASSERT_EQUAL(notice->u.notice.entries[1].node, 3);
	CU_ASSERT_EQUAL(notice->u.notice.entries[1].trouble, SC_TROUBLE_TORPID);
	parts_free(parts);
}

static void
test_without_heartbeats_none_is_missed(void)
{
	struct parts *parts = parts_new(PARTS_PEERS, &(struct parts_config){.self = 5});

	sc_peers_start(parts->peers);
	parts_at(parts, UINT64_C(1) << 62);
	CU_ASSERT_FALSE(sc_peers_beat_is_due(parts->peers));
	parts_free(parts);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"the peers of the plan are expected", test_the_plans_peers_are_expected},
		{"patience with a smaller number is longer",
			test_patience_with_a_smaller_number_is_longer},
		{"absence of this node excuses its peers", test_absence_excuses_the_peers},
		{"a node that hears no other suspects itself, and is alone in the end",
			test_a_node_that_hears_no_other_suspects_itself},
		{"a failed peer is forgotten, once", test_a_failed_peer_is_forgotten},
		{"a peer that is silent is told that it counts as failed",
			test_a_silent_peer_is_told},
		{"a node that has left does not fail", test_a_node_that_has_left_does_not_fail},
		{"notices are taken", test_notices_are_taken},
		{"a notice of no node changes nothing", test_a_notice_of_no_node_changes_nothing},
		{"a node that is told so is out", test_a_node_that_is_told_out_is_out},
		{"what is new is told to all but one", test_what_is_new_is_told},
		{"without heartbeats none is missed", test_without_heartbeats_none_is_missed},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("core/peers", tests);
}
