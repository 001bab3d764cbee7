/*
 * The control tree: src/core/control.h.
 */
#include "core/control.h"

#include "core/parts.h"
#include "lib/suite.h"

/* Node 1 is below the origin, node 5 below node 1; both parts of a chain (parts.h). */
static struct parts *
node(uint32_t self)
{
	struct parts *parts = parts_new(PARTS_CONTROL, &(struct parts_config){.self = self});

	sc_peers_start(parts->peers);
	sc_control_start(parts->control);
	return parts;
}

static int
up(struct parts *parts, uint32_t from, struct sc_message message)
{
	return sc_control_on_up(parts->control, from, &message);
}

static int
down(struct parts *parts, uint32_t from, struct sc_message message)
{
	return sc_control_on_down(parts->control, from, &message);
}

static const struct sc_message seal = {
	.type = SC_MESSAGE_SEAL,
	.u.seal = {.sum = {1, 2}, .whole = {3, 4}},
};
static const struct sc_message abort_order = {.type = SC_MESSAGE_ABORT, .u.cause = "the user"};
static const struct sc_message close_together = {.type = SC_MESSAGE_CLOSE};

static struct sc_message
done(uint32_t leader)
{
	return (struct sc_message){
		.type = SC_MESSAGE_DONE,
		.u.done = {.leader = leader, .tally = {.committed = 1, .least = 16}},
	};
}

static struct sc_message
failed(uint32_t of, bool fatal)
{
	return (struct sc_message){
		.type = SC_MESSAGE_FAILED,
		.u.failed = {.node = of, .fatal = fatal, .cause = "no space"},
	};
}

static void
test_the_tree_is_the_plans(void)
{
	struct parts *origin = node(SC_ORIGIN);
	struct parts *relay = node(1);

	CU_ASSERT_TRUE(sc_control_leads(origin->control));
	CU_ASSERT_EQUAL(origin->control->child_count, 4);
	CU_ASSERT_FALSE(sc_control_leads(relay->control));
	CU_ASSERT_EQUAL(relay->control->parent, SC_ORIGIN);
	CU_ASSERT_EQUAL(relay->control->child_count, 1);
	CU_ASSERT_EQUAL(relay->control->children[0].node, 5);
	parts_free(origin);
	parts_free(relay);
}

static void
test_the_seal_goes_down_once(void)
{
	struct parts *parts = node(1);

	CU_ASSERT_EQUAL(down(parts, 2, seal), -1);
	CU_ASSERT_EQUAL(parts->control->sealing, SC_SEAL_UNKNOWN);
	CU_ASSERT_EQUAL(down(parts, SC_ORIGIN, seal), 0);
	CU_ASSERT_EQUAL(parts->control->sealing, SC_SEAL_KNOWN);
	CU_ASSERT_EQUAL(parts->control->seal.whole.high, 4);
	CU_ASSERT_EQUAL(parts_message(parts, 5, SC_MESSAGE_SEAL)->u.seal.sum.low, 1);
	CU_ASSERT_EQUAL(down(parts, SC_ORIGIN, seal), 0);
	CU_ASSERT_EQUAL(parts_messages(parts, 5, SC_MESSAGE_SEAL), 1);
	CU_ASSERT_EQUAL(parts_records(parts, SC_RECORD_SEALED), 1);
	parts_free(parts);
}

static void
test_the_leader_seals(void)
{
	struct parts *parts = node(SC_ORIGIN);

	sc_control_finish_source(parts->control);
	CU_ASSERT_EQUAL(parts->control->sealing, SC_SEAL_ASKED);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_FINISH_SOURCE), 1);
	sc_control_on_finished(parts->control, &seal.u.seal);
	CU_ASSERT_EQUAL(parts->control->sealing, SC_SEAL_KNOWN);
	CU_ASSERT_EQUAL(parts_messages(parts, SC_NONE, SC_MESSAGE_SEAL), 4);
	parts_free(parts);
}

static void
test_the_order_to_give_up_goes_down(void)
{
	struct parts *parts = node(1);

	CU_ASSERT_EQUAL(down(parts, SC_ORIGIN, abort_order), 0);
	CU_ASSERT_TRUE(parts->control->is_aborted);
	CU_ASSERT_EQUAL(parts->control->run, SC_RUN_ABORTED);
	CU_ASSERT_EQUAL(parts->store->copy, SC_COPY_ABANDONED);
	CU_ASSERT_STRING_EQUAL(parts_message(parts, 5, SC_MESSAGE_ABORT)->u.cause, "the user");
	CU_ASSERT_EQUAL(parts_records(parts, SC_RECORD_ABORTED), 1);
	parts_free(parts);
}

static void
test_the_leader_gives_up_for_all(void)
{
	struct parts *parts = node(SC_ORIGIN);

	sc_control_fatal(parts->control, "the source is gone");
	CU_ASSERT_EQUAL(parts_messages(parts, SC_NONE, SC_MESSAGE_ABORT), 4);
	CU_ASSERT_EQUAL(parts_last(parts, SC_ACTION_REPORT)->report, SC_REPORT_ABORTED);
	CU_ASSERT_STRING_EQUAL(parts_report(parts), "the source is gone");
	sc_control_fatal(parts->control, "again");
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_REPORT), 1);
	parts_free(parts);
}

static void
test_a_recipient_gives_up_alone(void)
{
	struct parts *parts = node(1);

	sc_control_fatal(parts->control, "lost chunks");
	CU_ASSERT_TRUE(parts->control->is_aborted);
	CU_ASSERT_TRUE(parts_message(parts, SC_ORIGIN, SC_MESSAGE_FAILED)->u.failed.fatal);
	CU_ASSERT_EQUAL(parts_messages(parts, 5, SC_MESSAGE_ABORT), 0);
	parts_free(parts);
}

static void
test_no_node_closes_before_it_is_done(void)
{
	struct parts *parts = node(1);

	CU_ASSERT_EQUAL(down(parts, SC_ORIGIN, close_together), -1);
	sc_control_done(parts->control);
	CU_ASSERT_EQUAL(parts_messages(parts, SC_ORIGIN, SC_MESSAGE_DONE), 1);
	CU_ASSERT_EQUAL(down(parts, SC_ORIGIN, close_together), 0);
	CU_ASSERT_EQUAL(parts->control->run, SC_RUN_CLOSING);
	CU_ASSERT_FALSE(parts->control->apart);
	CU_ASSERT_FALSE(parts_message(parts, 5, SC_MESSAGE_CLOSE)->u.apart);
	CU_ASSERT_EQUAL(parts_messages(parts, SC_ORIGIN, SC_MESSAGE_CLOSE), 0);
	parts_free(parts);
}

/* A leader that failed has said CLOSE: the next one has to learn of it. */
static void
test_close_from_below_is_said_upwards(void)
{
	struct parts *parts = node(1);

	sc_control_done(parts->control);
	CU_ASSERT_EQUAL(down(parts, 5, close_together), 0);
	CU_ASSERT_EQUAL(parts->control->run, SC_RUN_CLOSING);
	CU_ASSERT_TRUE(parts_message(parts, SC_ORIGIN, SC_MESSAGE_CLOSE)->u.apart);
	parts_free(parts);
}

static void
check_close_run(uint32_t lost, bool expected)
{
	struct parts *parts = node(SC_ORIGIN);
	struct sc_message below = {.type = SC_MESSAGE_PROGRESS};

	if (lost != SC_NONE) {
		/* Its parent has counted it before it was lost. */
		below.u.tally.failed = 1;
		CU_ASSERT_EQUAL(up(parts, lost - PARTS_SUBFILES, below), 0);
		parts_lose(parts, lost);
	}
	sc_control_done(parts->control);
	sc_control_close_run(parts->control);
	CU_ASSERT_EQUAL(parts->control->run, SC_RUN_CLOSING);
	CU_ASSERT_EQUAL(parts->control->apart, expected);
	CU_ASSERT_EQUAL(parts_message(parts, 2, SC_MESSAGE_CLOSE)->u.apart, expected);
	CU_ASSERT_EQUAL(parts_last(parts, SC_ACTION_REPORT)->report, SC_REPORT_ENDED);
	CU_ASSERT_EQUAL(parts_last(parts, SC_ACTION_REPORT)->tally.failed, lost == SC_NONE ? 0 : 1);
	CU_ASSERT_EQUAL(parts_last(parts, SC_ACTION_REPORT)->tally.committed,
	    PARTS_NODES + 1 - (lost == SC_NONE ? 0 : 1));
	parts_free(parts);
}

static void
test_the_leader_closes(void)
{
	check_close_run(SC_NONE, false);
	check_close_run(7, true);
}

static void
test_failed_copies_go_up(void)
{
	struct parts *parts = node(1);
	const struct sc_message *told;

	CU_ASSERT_EQUAL(up(parts, 5, failed(6, false)), 0);
	told = parts_message(parts, SC_ORIGIN, SC_MESSAGE_FAILED);
	CU_ASSERT_EQUAL(told->u.failed.node, 6);
	CU_ASSERT_STRING_EQUAL(told->u.failed.cause, "no space");
	CU_ASSERT_EQUAL(up(parts, 5, failed(PARTS_NODES + 1, false)), -1);
	sc_control_copy_failed(parts->control, "no more space");
	told = parts_message(parts, SC_ORIGIN, SC_MESSAGE_FAILED);
	CU_ASSERT_EQUAL(told->u.failed.node, 1);
	CU_ASSERT_FALSE(told->u.failed.fatal);
	CU_ASSERT_EQUAL(parts->store->copy, SC_COPY_FAILED);
	parts_free(parts);
}

static void
test_the_leader_reports_failed_copies(void)
{
	struct parts *parts = node(SC_ORIGIN);

	CU_ASSERT_EQUAL(up(parts, 1, failed(5, false)), 0);
	CU_ASSERT_EQUAL(up(parts, 1, failed(5, false)), 0);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_REPORT), 1);
	CU_ASSERT_EQUAL(parts_last(parts, SC_ACTION_REPORT)->report, SC_REPORT_COPY_FAILED);
	CU_ASSERT_EQUAL(parts_last(parts, SC_ACTION_REPORT)->peer, 5);
	CU_ASSERT_FALSE(parts->control->is_aborted);
	CU_ASSERT_EQUAL(up(parts, 2, failed(6, true)), 0);
	CU_ASSERT_TRUE(parts->control->is_aborted);
	CU_ASSERT_STRING_EQUAL(parts_report(parts), "no space");
	parts_free(parts);
}

static void
test_without_any_copy_the_run_ends(void)
{
	struct parts *parts = parts_new(PARTS_CONTROL, &(struct parts_config){.keeps_none = true});

	for (uint32_t i = 1; i < PARTS_NODES; i++)
		CU_ASSERT_EQUAL(up(parts, 1, failed(i, false)), 0);
	CU_ASSERT_FALSE(parts->control->is_aborted);
	CU_ASSERT_EQUAL(up(parts, 1, failed(PARTS_NODES, false)), 0);
	CU_ASSERT_TRUE(parts->control->is_aborted);
	CU_ASSERT_STRING_EQUAL(parts_report(parts), "no node can take a copy");
	parts_free(parts);
}

static void
test_progress_is_told_when_it_changes(void)
{
	struct parts *parts =
	    parts_new(PARTS_CONTROL, &(struct parts_config){.self = 1, .progress_ns = 100});
	struct sc_message below = {
		.type = SC_MESSAGE_PROGRESS,
		.u.tally = {.committed = 2, .failed = 1, .least = 3},
	};

	sc_control_start(parts->control);
	parts_at(parts, 99);
	sc_control_on_time(parts->control);
	CU_ASSERT_EQUAL(parts_messages(parts, SC_NONE, SC_MESSAGE_PROGRESS), 0);
	CU_ASSERT_EQUAL(up(parts, 5, below), 0);
	parts_at(parts, 100);
	sc_control_on_time(parts->control);
	CU_ASSERT_EQUAL(parts_message(parts, 0, SC_MESSAGE_PROGRESS)->u.tally.committed, 2);
	CU_ASSERT_EQUAL(parts_message(parts, 0, SC_MESSAGE_PROGRESS)->u.tally.failed, 1);
	CU_ASSERT_EQUAL(parts_message(parts, 0, SC_MESSAGE_PROGRESS)->u.tally.least, 0);
	parts_at(parts, 200);
	sc_control_on_time(parts->control);
	CU_ASSERT_EQUAL(parts_messages(parts, 0, SC_MESSAGE_PROGRESS), 0);
	parts_hold(parts, 0, true);
	parts_at(parts, 300);
	sc_control_on_time(parts->control);
	CU_ASSERT_EQUAL(parts_message(parts, 0, SC_MESSAGE_PROGRESS)->u.tally.least, 1);
	CU_ASSERT_EQUAL(up(parts, 6, below), -1);
	parts_free(parts);
}

static void
test_the_leader_reports_progress(void)
{
	struct parts *parts =
	    parts_new(PARTS_CONTROL, &(struct parts_config){.keeps_none = true, .progress_ns = 10});
	struct sc_message below = {.type = SC_MESSAGE_PROGRESS, .u.tally = {.least = 3}};

	sc_control_start(parts->control);
	for (uint32_t i = 1; i <= 4; i++) {
		below.u.tally.least = 8 - i;
		CU_ASSERT_EQUAL(up(parts, i, below), 0);
	}
	parts_at(parts, 10);
	sc_control_on_time(parts->control);
	CU_ASSERT_EQUAL(parts_last(parts, SC_ACTION_REPORT)->report, SC_REPORT_PROGRESS);
	CU_ASSERT_EQUAL(parts_last(parts, SC_ACTION_REPORT)->tally.least, 4);
	parts_free(parts);
}

static void
test_done_counts_for_one_leader(void)
{
	struct parts *parts = node(1);

	CU_ASSERT_FALSE(sc_control_children_are_done(parts->control));
	CU_ASSERT_EQUAL(up(parts, 5, done(PARTS_NODES + 1)), -1);
	CU_ASSERT_EQUAL(up(parts, 5, done(SC_ORIGIN)), 0);
	CU_ASSERT_TRUE(sc_control_children_are_done(parts->control));
	sc_control_done(parts->control);
	CU_ASSERT_TRUE(sc_control_is_done(parts->control));
	CU_ASSERT_EQUAL(parts_message(parts, 0, SC_MESSAGE_DONE)->u.done.tally.committed, 1);
	parts->control->sealing = SC_SEAL_KNOWN; /* or it would give up */
	parts_lose(parts, SC_ORIGIN);
	CU_ASSERT_TRUE(sc_control_leads(parts->control));
	CU_ASSERT_FALSE(sc_control_is_done(parts->control));
	for (uint32_t adopted = 2; adopted <= 4; adopted++)
		CU_ASSERT_EQUAL(up(parts, adopted, done(1)), 0);
	CU_ASSERT_FALSE(sc_control_children_are_done(parts->control));
	CU_ASSERT_EQUAL(up(parts, 5, done(1)), 0);
	CU_ASSERT_TRUE(sc_control_children_are_done(parts->control));
	CU_ASSERT_EQUAL(up(parts, 5, (struct sc_message){.type = SC_MESSAGE_BYE}), 0);
	CU_ASSERT_TRUE(sc_peers_has_left(parts->peers, 5));
	parts_free(parts);
}

static void
test_a_child_is_adopted(void)
{
	struct parts *parts = node(SC_ORIGIN);

	sc_control_finish_source(parts->control);
	sc_control_on_finished(parts->control, &seal.u.seal);
	parts_at(parts, 1);
	parts_lose(parts, 1);
	CU_ASSERT_EQUAL(parts->control->child_count, 4);
	CU_ASSERT_PTR_NOT_NULL(sc_peers_find(parts->peers, 5));
	CU_ASSERT_EQUAL(parts_message(parts, 5, SC_MESSAGE_NOTICE)->u.notice.entries[0].node, 1);
	CU_ASSERT_EQUAL(parts_messages(parts, 5, SC_MESSAGE_SEAL), 1);
	CU_ASSERT_EQUAL(parts_messages(parts, 2, SC_MESSAGE_SEAL), 0);
	CU_ASSERT_EQUAL(parts_last(parts, SC_ACTION_REPORT)->report, SC_REPORT_NODE_LOST);
	CU_ASSERT_EQUAL(parts_last(parts, SC_ACTION_REPORT)->peer, 1);
	parts_free(parts);
}

static void
test_an_adopted_child_learns_that_the_run_is_aborted(void)
{
	struct parts *parts = node(SC_ORIGIN);

	sc_control_fatal(parts->control, "the user");
	parts_at(parts, 1);
	parts_lose(parts, 1);
	CU_ASSERT_STRING_EQUAL(parts_message(parts, 5, SC_MESSAGE_ABORT)->u.cause, "the user");
	parts_free(parts);
}

static void
test_a_new_parent_is_told_again(void)
{
	struct parts *parts = node(5);

	sc_control_copy_failed(parts->control, "no space");
	sc_control_done(parts->control);
	CU_ASSERT_EQUAL(parts_messages(parts, 1, SC_MESSAGE_FAILED), 1);
	parts_at(parts, 1);
	parts_lose(parts, 1);
	CU_ASSERT_EQUAL(parts->control->parent, SC_ORIGIN);
	CU_ASSERT_EQUAL(parts_message(parts, 0, SC_MESSAGE_FAILED)->u.failed.node, 5);
	CU_ASSERT_EQUAL(parts_messages(parts, 0, SC_MESSAGE_DONE), 1);
	/* After a loss messages may cross: the failed parent's are no error. */
	CU_ASSERT_EQUAL(down(parts, 1, seal), 0);
	CU_ASSERT_EQUAL(parts->control->sealing, SC_SEAL_UNKNOWN);
	parts_free(parts);
}

static void
test_a_relay_passes_kept_failures_on_again(void)
{
	struct parts *parts = parts_new(PARTS_CONTROL, &(struct parts_config){.self = 5});

	CU_ASSERT_EQUAL(up(parts, 6, failed(6, false)), 0);
	CU_ASSERT_EQUAL(up(parts, 6, failed(6, false)), 0);
	parts_at(parts, 1);
	parts_lose(parts, 1);
	CU_ASSERT_EQUAL(parts_messages(parts, 0, SC_MESSAGE_FAILED), 1);
	CU_ASSERT_EQUAL(parts_message(parts, 0, SC_MESSAGE_FAILED)->u.failed.node, 6);
	parts_free(parts);
}

static void
test_a_buddy_takes_over(void)
{
	struct parts *parts =
	    parts_new(PARTS_CONTROL, &(struct parts_config){.self = 2, .buddy = 2});

	parts_lose(parts, SC_ORIGIN);
	CU_ASSERT_TRUE(sc_control_leads(parts->control));
	CU_ASSERT_EQUAL(parts->control->parent, SC_NONE);
	CU_ASSERT_EQUAL(parts->control->sealing, SC_SEAL_ASKED);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_FINISH_SOURCE), 1);
	CU_ASSERT_EQUAL(parts_records(parts, SC_RECORD_TAKEOVER), 1);
	CU_ASSERT_FALSE(parts->control->is_aborted);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_REPORT), 2); /* TAKEOVER, NODE_LOST */
	parts_free(parts);
}

static void
test_without_a_source_the_next_leader_gives_up(void)
{
	struct parts *parts = node(1);

	parts_lose(parts, SC_ORIGIN);
	CU_ASSERT_TRUE(sc_control_leads(parts->control));
	CU_ASSERT_TRUE(parts->control->is_aborted);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_FINISH_SOURCE), 0);
	CU_ASSERT_EQUAL(parts_last(parts, SC_ACTION_REPORT)->report, SC_REPORT_ABORTED);
	parts_free(parts);
}

static void
test_once_sealed_no_source_is_needed(void)
{
	struct parts *parts = node(1);

	CU_ASSERT_EQUAL(down(parts, SC_ORIGIN, seal), 0);
	parts_lose(parts, SC_ORIGIN);
	CU_ASSERT_TRUE(sc_control_leads(parts->control));
	CU_ASSERT_FALSE(parts->control->is_aborted);
	parts_free(parts);
}

static void
check_cut_off(uint32_t self, enum sc_reach reach, bool closing, enum sc_leave how, uint32_t reports)
{
	struct parts *parts = node(self);

	parts->peers->reach = reach;
	if (closing) {
		sc_control_done(parts->control);
		parts->control->run = SC_RUN_CLOSING;
	}
	sc_control_cut_off(parts->control);
	CU_ASSERT_EQUAL(parts->control->run, SC_RUN_LEAVING);
	CU_ASSERT_EQUAL(parts->control->leave, how);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_REPORT), reports);
	parts_free(parts);
}

static void
test_a_node_that_is_cut_off_leaves(void)
{
	check_cut_off(1, SC_REACH_OUT, false, SC_LEAVE_CUT_OFF, 0);
	check_cut_off(1, SC_REACH_ALONE, false, SC_LEAVE_CUT_OFF, 0);
	check_cut_off(1, SC_REACH_ALONE, true, SC_LEAVE_APART, 0);
	check_cut_off(1, SC_REACH_OUT, true, SC_LEAVE_CUT_OFF, 0);
	check_cut_off(SC_ORIGIN, SC_REACH_ALONE, false, SC_LEAVE_CUT_OFF, 1);
	check_cut_off(SC_ORIGIN, SC_REACH_ALONE, true, SC_LEAVE_APART, 0);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"the tree is the plan's", test_the_tree_is_the_plans},
		{"the seal goes down, once, and from the parent only",
			test_the_seal_goes_down_once},
		{"the leader seals", test_the_leader_seals},
		{"the order to give up goes down", test_the_order_to_give_up_goes_down},
		{"the leader gives up for all", test_the_leader_gives_up_for_all},
		{"a recipient gives up and says so", test_a_recipient_gives_up_alone},
		{"no node closes before it is done", test_no_node_closes_before_it_is_done},
		{"CLOSE from below is said upwards", test_close_from_below_is_said_upwards},
		{"the leader closes, apart if a node is lost", test_the_leader_closes},
		{"failed copies go up", test_failed_copies_go_up},
		{"the leader reports failed copies once", test_the_leader_reports_failed_copies},
		{"without any copy the run ends", test_without_any_copy_the_run_ends},
		{"progress is told when it changes", test_progress_is_told_when_it_changes},
		{"the leader reports progress", test_the_leader_reports_progress},
		{"DONE counts for one leader", test_done_counts_for_one_leader},
		{"a lost node's child is adopted", test_a_child_is_adopted},
		{"an adopted child learns that the run is aborted",
			test_an_adopted_child_learns_that_the_run_is_aborted},
		{"a new parent is told again", test_a_new_parent_is_told_again},
		{"a relay passes kept failures on again",
			test_a_relay_passes_kept_failures_on_again},
		{"a buddy takes over, and reads the source to its end", test_a_buddy_takes_over},
		{"without a source the next leader gives up",
			test_without_a_source_the_next_leader_gives_up},
		{"once sealed, no source is needed", test_once_sealed_no_source_is_needed},
		{"a node that is cut off leaves", test_a_node_that_is_cut_off_leaves},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("core/control", tests);
}
