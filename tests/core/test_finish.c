/*
 * The end of a node's work: src/core/finish.h.
 */
#include "core/finish.h"

#include "core/parts.h"
#include "lib/suite.h"

/* All subfiles of the plan. */
enum { WHOLE = (1u << PARTS_SUBFILES) - 1 };

static const struct sc_message seal = {.type = SC_MESSAGE_SEAL, .u.seal = {.whole = {3, 4}}};

/* A node that has stored all. */
static struct parts *
stored(uint32_t self)
{
	struct parts *parts =
	    parts_new(PARTS_FINISH, &(struct parts_config){.self = self, .opening = true});

	sc_peers_start(parts->peers);
	sc_control_start(parts->control);
	parts_open(parts, WHOLE);
	return parts;
}

static struct parts *
committed(uint32_t self, uint32_t parent)
{
	struct parts *parts = stored(self);

	CU_ASSERT_EQUAL(sc_control_on_down(parts->control, parent, &seal), 0);
	sc_finish_settle(parts->finish);
	sc_finish_on_committed(parts->finish);
	parts_at(parts, 1);
	return parts;
}

static void
child_is_done(struct parts *parts, uint32_t child)
{
	struct sc_message done = {.type = SC_MESSAGE_DONE, .u.done.tally.committed = 1};

	CU_ASSERT_EQUAL(sc_control_on_up(parts->control, child, &done), 0);
}

static void
test_commit_once_sealed_and_stored(void)
{
	struct parts *parts = stored(5);
	struct parts *lacking =
	    parts_new(PARTS_FINISH, &(struct parts_config){.self = 5, .opening = true});

	sc_finish_settle(parts->finish);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_COMMIT), 0);
	CU_ASSERT_EQUAL(sc_control_on_down(parts->control, 1, &seal), 0);
	sc_finish_settle(parts->finish);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_COMMIT), 1);
	CU_ASSERT_EQUAL(parts_last(parts, SC_ACTION_COMMIT)->seal.whole.low, 3);
	CU_ASSERT_EQUAL(parts->store->copy, SC_COPY_COMMITTING);
	sc_finish_settle(parts->finish);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_COMMIT), 1);
	CU_ASSERT_EQUAL(parts_messages(parts, 1, SC_MESSAGE_DONE), 0);
	parts_open(lacking, WHOLE & ~1u);
	CU_ASSERT_EQUAL(sc_control_on_down(lacking->control, 1, &seal), 0);
	sc_finish_settle(lacking->finish);
	CU_ASSERT_EQUAL(parts_count(lacking, SC_ACTION_COMMIT), 0);
	parts_free(parts);
	parts_free(lacking);
}

static void
test_a_leaf_is_done_when_it_has_committed(void)
{
	struct parts *parts = committed(5, 1);

	CU_ASSERT_EQUAL(parts->store->copy, SC_COPY_COMMITTED);
	sc_finish_settle(parts->finish);
	CU_ASSERT_EQUAL(parts_messages(parts, 1, SC_MESSAGE_DONE), 1);
	CU_ASSERT_EQUAL(parts_message(parts, 1, SC_MESSAGE_DONE)->u.done.tally.committed, 1);
	sc_finish_settle(parts->finish);
	CU_ASSERT_EQUAL(parts_messages(parts, 1, SC_MESSAGE_DONE), 1);
	parts_free(parts);
}

static void
test_a_relay_is_done_when_its_children_are(void)
{
	struct parts *parts = committed(1, SC_ORIGIN);

	sc_finish_settle(parts->finish);
	CU_ASSERT_EQUAL(parts_messages(parts, SC_ORIGIN, SC_MESSAGE_DONE), 0);
	child_is_done(parts, 5);
	sc_finish_settle(parts->finish);
	CU_ASSERT_EQUAL(parts_messages(parts, SC_ORIGIN, SC_MESSAGE_DONE), 1);
	parts_free(parts);
}

static void
test_a_relay_is_done_when_all_is_sent(void)
{
	struct parts *parts = committed(5, 1);

	sc_out_list_planned(parts->out, 0);
	for (uint32_t i = 0; i < parts->out->count; i++) {
		sc_finish_settle(parts->finish);
		CU_ASSERT_FALSE(sc_control_is_done(parts->control));
		sc_out_end(parts->out, &parts->out->edges[i]);
	}
	sc_finish_settle(parts->finish);
	CU_ASSERT_TRUE(sc_control_is_done(parts->control));
	parts_free(parts);
}

static void
test_no_node_is_done_with_chunks_under_way(void)
{
	struct parts *parts = committed(5, 1);
	uint32_t slot = sc_pool_take(parts->pool, SC_NONE, SC_SLOT_LOADING);

	sc_former_decline(&parts->in->formers, 1, 0);
	sc_finish_settle(parts->finish);
	CU_ASSERT_FALSE(sc_control_is_done(parts->control)); /* it has not answered */
	CU_ASSERT_TRUE(sc_former_on_sent(&parts->in->formers, 1, 0, 0, 1));
	sc_pool_assign(parts->pool, slot, 3);
	parts->loads->under_way = 1;
	sc_finish_settle(parts->finish);
	CU_ASSERT_FALSE(sc_control_is_done(parts->control));
	sc_pool_release(parts->pool, slot);
	parts->loads->under_way = 0;
	sc_finish_settle(parts->finish);
	CU_ASSERT_TRUE(sc_control_is_done(parts->control));
	parts_free(parts);
}

/* A node whose copy failed takes all, so that nothing is under way to it at the end. */
static void
test_a_failed_copy_is_done_when_all_has_come(void)
{
	struct parts *parts =
	    parts_new(PARTS_FINISH, &(struct parts_config){.self = 5, .chunks = 1});

	sc_control_copy_failed(parts->control, "no space");
	for (uint32_t chunk = 0; chunk < 4; chunk++) {
		sc_finish_settle(parts->finish);
		CU_ASSERT_FALSE(sc_control_is_done(parts->control));
		parts_hold(parts, chunk, false);
	}
	sc_finish_settle(parts->finish);
	CU_ASSERT_TRUE(sc_control_is_done(parts->control));
	CU_ASSERT_EQUAL(parts_message(parts, 1, SC_MESSAGE_DONE)->u.done.tally.failed, 1);
	parts_free(parts);
}

static void
test_an_aborted_run_is_done_at_once(void)
{
	struct parts *parts = parts_new(PARTS_FINISH, &(struct parts_config){.self = 5});

	sc_control_fatal(parts->control, "lost chunks");
	sc_finish_settle(parts->finish);
	CU_ASSERT_EQUAL(parts_messages(parts, 1, SC_MESSAGE_DONE), 1);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_COMMIT), 0);
	parts_free(parts);
}

/* An origin that keeps no copy, and has read and sent all.  lost: a node that has failed. */
static struct parts *
origin_at_its_end(uint32_t lost)
{
	struct parts *parts = parts_new(PARTS_FINISH, &(struct parts_config){.keeps_none = true});

	sc_peers_start(parts->peers);
	sc_control_start(parts->control);
	if (lost != SC_NONE)
		parts_lose(parts, lost);
	sc_control_finish_source(parts->control);
	sc_control_on_finished(parts->control, &seal.u.seal);
	for (uint32_t child = 1; child <= 4; child++) {
		sc_finish_settle(parts->finish);
		CU_ASSERT_EQUAL(parts->control->run, SC_RUN_ON);
		child_is_done(parts, child);
	}
	sc_finish_settle(parts->finish);
	CU_ASSERT_EQUAL(parts_messages(parts, SC_NONE, SC_MESSAGE_CLOSE), 4);
	CU_ASSERT_EQUAL(parts_last(parts, SC_ACTION_REPORT)->report, SC_REPORT_ENDED);
	return parts;
}

static void
test_when_all_are_done_all_leave_together(void)
{
	struct parts *parts = origin_at_its_end(SC_NONE);

	CU_ASSERT_EQUAL(parts->control->run, SC_RUN_LEAVING);
	CU_ASSERT_EQUAL(parts->control->leave, SC_LEAVE_TOGETHER);
	parts_free(parts);
}

static void
say_bye(struct parts *parts, uint32_t child)
{
	static const struct sc_message bye = {.type = SC_MESSAGE_BYE};

	CU_ASSERT_EQUAL(sc_control_on_up(parts->control, child, &bye), 0);
	sc_finish_settle(parts->finish);
}

static void
test_apart_the_leader_leaves_last(void)
{
	struct parts *parts = origin_at_its_end(8);

	for (uint32_t child = 1; child <= 4; child++) {
		CU_ASSERT_EQUAL(parts->control->run, SC_RUN_CLOSING);
		say_bye(parts, child);
	}
	CU_ASSERT_EQUAL(parts->control->run, SC_RUN_LEAVING);
	CU_ASSERT_EQUAL(parts->control->leave, SC_LEAVE_APART);
	parts_free(parts);
}

/* A relay that is done, and is told to close. */
static struct parts *
closing(bool apart)
{
	struct sc_message close = {.type = SC_MESSAGE_CLOSE, .u.apart = apart};
	struct parts *parts = committed(1, SC_ORIGIN);

	child_is_done(parts, 5);
	sc_finish_settle(parts->finish);
	CU_ASSERT_EQUAL(sc_control_on_down(parts->control, SC_ORIGIN, &close), 0);
	return parts;
}

static void
test_apart_a_relay_leaves_after_its_children(void)
{
	struct parts *parts = closing(true);

	sc_finish_settle(parts->finish);
	CU_ASSERT_EQUAL(parts->control->run, SC_RUN_CLOSING);
	CU_ASSERT_EQUAL(parts_messages(parts, SC_ORIGIN, SC_MESSAGE_BYE), 0);
	say_bye(parts, 5);
	CU_ASSERT_EQUAL(parts_messages(parts, SC_ORIGIN, SC_MESSAGE_BYE), 1);
	CU_ASSERT_EQUAL(parts->control->run, SC_RUN_LEAVING);
	CU_ASSERT_EQUAL(parts->control->leave, SC_LEAVE_APART);
	parts_free(parts);
}

static void
test_a_late_loss_takes_the_nodes_apart(void)
{
	struct parts *whole = closing(false);
	struct parts *parts = closing(false);

	sc_finish_settle(whole->finish);
	CU_ASSERT_EQUAL(whole->control->leave, SC_LEAVE_TOGETHER);
	parts_lose(parts, 8);
	sc_finish_settle(parts->finish);
	CU_ASSERT_EQUAL(parts->control->run, SC_RUN_LEAVING);
	CU_ASSERT_EQUAL(parts->control->leave, SC_LEAVE_APART);
	parts_free(whole);
	parts_free(parts);
}

static void
test_no_node_leaves_with_a_load_under_way(void)
{
	struct parts *parts = closing(false);

	parts->loads->under_way = 1;
	sc_finish_settle(parts->finish);
	CU_ASSERT_EQUAL(parts->control->run, SC_RUN_CLOSING);
	parts->loads->under_way = 0;
	sc_finish_settle(parts->finish);
	CU_ASSERT_EQUAL(parts->control->run, SC_RUN_LEAVING);
	parts_free(parts);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"a copy is committed once it is sealed and stored",
			test_commit_once_sealed_and_stored},
		{"a leaf is done when it has committed", test_a_leaf_is_done_when_it_has_committed},
		{"a relay is done only when its children are",
			test_a_relay_is_done_when_its_children_are},
		{"a relay is done only when all is sent", test_a_relay_is_done_when_all_is_sent},
		{"no node is done with chunks under way",
			test_no_node_is_done_with_chunks_under_way},
		{"a failed copy is done when all has come",
			test_a_failed_copy_is_done_when_all_has_come},
		{"an aborted run is done at once", test_an_aborted_run_is_done_at_once},
		{"when all are done, all leave together",
			test_when_all_are_done_all_leave_together},
		{"apart, the leader leaves last", test_apart_the_leader_leaves_last},
		{"apart, a relay leaves after its children",
			test_apart_a_relay_leaves_after_its_children},
		{"a late loss takes the nodes apart", test_a_late_loss_takes_the_nodes_apart},
		{"no node leaves with a load under way", test_no_node_leaves_with_a_load_under_way},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("core/finish", tests);
}
