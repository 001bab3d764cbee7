/*
 * Which peer supplies what: src/core/supply.h.
 */
#include "core/supply.h"

#include "core/parts.h"
#include "lib/suite.h"

#include <string.h>

/* Node 1 gets subfile 0 from the origin, and 1, 2 and 3 from nodes 2, 3 and 4. */
static struct parts *
node(uint32_t self)
{
	return parts_new(PARTS_SUPPLY, &(struct parts_config){.self = self});
}

static int
offer(struct parts *parts, uint32_t peer, uint32_t subfile)
{
	struct sc_offer offer = {.subfile = subfile};

	return sc_supply_on_offer(parts->supply, peer, &offer);
}

static int
refuse(struct parts *parts, uint32_t peer, uint32_t subfile)
{
	struct sc_sent refusal = {.subfile = subfile};

	return sc_supply_on_refuse(parts->supply, peer, &refusal);
}

static void
test_the_plans_supplier_is_taken(void)
{
	struct sc_offer offer_of_0 = {
		.count = 2,
		.receivers = {{5, SC_EDGE_GROUP}, {2, SC_EDGE_COLLECTION}},
	};
	struct parts *parts = node(1);

	CU_ASSERT_EQUAL(sc_supply_on_offer(parts->supply, SC_ORIGIN, &offer_of_0), 0);
	CU_ASSERT_EQUAL(parts->in->edges[0].peer, SC_ORIGIN);
	CU_ASSERT_TRUE(parts->in->edges[0].offered);
	CU_ASSERT_EQUAL(parts_records(parts, SC_RECORD_RECEIVE_BEGUN), 1);
	CU_ASSERT_EQUAL(parts_messages(parts, SC_NONE, SC_MESSAGE_DECLINE), 0);
	CU_ASSERT_EQUAL(parts->out->count, 2);
	CU_ASSERT_PTR_NOT_NULL(sc_out_find(parts->out, 5, 0));
	parts_free(parts);
}

static void
test_another_supplier_is_declined(void)
{
	struct parts *parts = node(1);

	CU_ASSERT_EQUAL(offer(parts, 3, 1), 0);
	CU_ASSERT_EQUAL(parts->in->edges[1].peer, SC_NONE);
	CU_ASSERT_EQUAL(parts_messages(parts, 3, SC_MESSAGE_DECLINE), 1);
	CU_ASSERT_EQUAL(offer(parts, 2, 1), 0);
	CU_ASSERT_EQUAL(parts->in->edges[1].peer, 2);
	parts_free(parts);
}

static void
test_what_is_here_is_declined(void)
{
	struct parts *parts =
	    parts_new(PARTS_SUPPLY, &(struct parts_config){.self = 1, .opening = true});

	parts_open(parts, 1u << 1);
	CU_ASSERT_EQUAL(offer(parts, 2, 1), 0);
	CU_ASSERT_EQUAL(parts_messages(parts, 2, SC_MESSAGE_DECLINE), 1);
	parts_free(parts);
}

static void
test_unsound_offers(void)
{
	struct sc_offer to_origin = {.count = 1, .receivers = {{SC_ORIGIN, SC_EDGE_GROUP}}};
	struct sc_offer to_itself = {.count = 1, .receivers = {{1, SC_EDGE_GROUP}}};
	struct sc_offer to_none = {.count = 1, .receivers = {{PARTS_NODES + 1, SC_EDGE_GROUP}}};
	struct parts *parts = node(1);
	struct parts *origin = node(SC_ORIGIN);

	CU_ASSERT_EQUAL(sc_supply_on_offer(parts->supply, SC_ORIGIN, &to_origin), -1);
	CU_ASSERT_EQUAL(sc_supply_on_offer(parts->supply, SC_ORIGIN, &to_itself), -1);
	CU_ASSERT_EQUAL(sc_supply_on_offer(parts->supply, SC_ORIGIN, &to_none), -1);
	CU_ASSERT_EQUAL(offer(parts, SC_ORIGIN, PARTS_SUBFILES), -1);
	CU_ASSERT_EQUAL(refuse(parts, SC_ORIGIN, PARTS_SUBFILES), -1);
	CU_ASSERT_EQUAL(offer(origin, 1, 0), -1);
	CU_ASSERT_EQUAL(parts->in->edges[0].peer, SC_NONE);
	CU_ASSERT_EQUAL(parts->out->count, 0);
	parts_free(parts);
	parts_free(origin);
}

static void
test_a_supplier_that_refuses_is_passed_over(void)
{
	struct parts *parts = node(1);
	uint32_t next;

	CU_ASSERT_EQUAL(offer(parts, 2, 1), 0);
	CU_ASSERT_EQUAL(refuse(parts, 4, 1), 0); /* not of it */
	CU_ASSERT_EQUAL(parts->in->edges[1].peer, 2);
	CU_ASSERT_EQUAL(refuse(parts, 2, 1), 0);
	CU_ASSERT_EQUAL(parts->in->edges[1].peer, SC_NONE);
	sc_supply_settle(parts->supply);
	next = parts->in->edges[1].peer;
	CU_ASSERT(next != SC_NONE && next != 2);
	CU_ASSERT_EQUAL(parts_message(parts, next, SC_MESSAGE_WANT)->u.want.flags,
	    SC_WANT_BEGIN | SC_WANT_ASK);
	CU_ASSERT_TRUE(sc_supply_waits_for(parts->supply, next, 1));
	CU_ASSERT_FALSE(sc_supply_waits_for(parts->supply, 2, 1));
	CU_ASSERT_PTR_NOT_NULL(sc_peers_find(parts->peers, next));
	/* The stand-in keeps it, also if it is slow. */
	parts_slow(parts, next);
	sc_in_choose_all(parts->in);
	sc_supply_settle(parts->supply);
	CU_ASSERT_EQUAL(parts->in->edges[1].peer, next);
	/* What the first one offers now is declined. */
	CU_ASSERT_EQUAL(offer(parts, 2, 1), 0);
	CU_ASSERT_EQUAL(parts_messages(parts, 2, SC_MESSAGE_DECLINE), 1);
	parts_free(parts);
}

/* It is asked once its last chunks have come. */
static void
test_a_former_supplier_is_not_asked_yet(void)
{
	struct parts *parts = node(1);

	sc_former_decline(&parts->in->formers, SC_ORIGIN, 0);
	CU_ASSERT_EQUAL(offer(parts, SC_ORIGIN, 0), 0);
	CU_ASSERT_EQUAL(parts->in->edges[0].peer, SC_NONE);
	parts->in->edges[0].begun = true;
	sc_in_choose_all(parts->in);
	sc_supply_settle(parts->supply);
	CU_ASSERT_EQUAL(parts_messages(parts, SC_ORIGIN, SC_MESSAGE_WANT), 0);
	CU_ASSERT_EQUAL(sc_supply_on_declined(parts->supply, SC_ORIGIN,
			    &(struct sc_declined){.subfile = 0, .request = 0}),
	    -1);
	CU_ASSERT_EQUAL(sc_supply_on_declined(parts->supply, SC_ORIGIN,
			    &(struct sc_declined){.subfile = 0, .request = 2}),
	    0); /* the first one was of this test, the second of the OFFER */
	sc_supply_settle(parts->supply);
	CU_ASSERT_EQUAL(parts_messages(parts, SC_ORIGIN, SC_MESSAGE_WANT), 1);
	CU_ASSERT_EQUAL(parts->in->edges[0].peer, SC_ORIGIN);
	parts_free(parts);
}

static void
test_a_planned_supplier_offers_by_itself(void)
{
	struct parts *parts = node(1);

	sc_in_choose_all(parts->in);
	sc_supply_settle(parts->supply);
	CU_ASSERT_EQUAL(parts_messages(parts, SC_NONE, SC_MESSAGE_WANT), 0);
	parts_free(parts);
}

static void
test_a_torpid_supplier_is_replaced(void)
{
	struct parts *parts = node(1);

	CU_ASSERT_EQUAL(offer(parts, 2, 1), 0);
	parts_slow(parts, 2);
	sc_in_choose_all(parts->in);
	sc_supply_settle(parts->supply);
	CU_ASSERT_EQUAL(parts_messages(parts, 2, SC_MESSAGE_DECLINE), 1);
	CU_ASSERT_NOT_EQUAL(parts->in->edges[1].peer, 2);
	CU_ASSERT_EQUAL(parts_messages(parts, parts->in->edges[1].peer, SC_MESSAGE_WANT), 1);
	CU_ASSERT_PTR_NULL(parts->supply->lists); /* it has not refused */
	parts_free(parts);
}

static void
test_after_a_loss_refusers_are_tried_again(void)
{
	struct parts *parts = node(1);

	CU_ASSERT_EQUAL(offer(parts, 2, 1), 0);
	CU_ASSERT_EQUAL(offer(parts, 3, 2), 0);
	CU_ASSERT_EQUAL(refuse(parts, 2, 1), 0);
	CU_ASSERT_EQUAL(refuse(parts, 3, 2), 0);
	sc_marks_take(&parts->in->formers.choose);
	sc_marks_add_one(&parts->in->formers.choose, 2);
	sc_supply_settle(parts->supply);
	parts_lose(parts, 8);
	sc_supply_on_losses(parts->supply);
	CU_ASSERT_EQUAL(parts->supply->lists[1].count, 0);
	CU_ASSERT_EQUAL(parts->supply->lists[2].count, 1); /* it has a supplier */
	sc_supply_settle(parts->supply);
	CU_ASSERT_EQUAL(parts->in->edges[1].peer, 2);
	parts_free(parts);
}

static void
test_a_node_without_a_supplier_leaves(void)
{
	struct parts *parts = node(1);

	CU_ASSERT_EQUAL(offer(parts, SC_ORIGIN, 0), 0);
	CU_ASSERT_EQUAL(refuse(parts, SC_ORIGIN, 0), 0);
	sc_supply_settle(parts->supply);
	CU_ASSERT_EQUAL(parts->store->copy, SC_COPY_FAILED);
	CU_ASSERT_EQUAL(parts->control->run, SC_RUN_LEAVING);
	CU_ASSERT_EQUAL(parts->control->leave, SC_LEAVE_CUT_OFF);
	CU_ASSERT_EQUAL(parts_messages(parts, SC_ORIGIN, SC_MESSAGE_FAILED), 1);
	CU_ASSERT_FALSE(parts->control->is_aborted);
	parts_free(parts);
}

static void
test_lost_chunks_end_the_run(void)
{
	struct parts *parts = node(1);

	parts->control->sealing =
	    SC_SEAL_KNOWN; /* or it would give up as a leader without source */
	parts_lose(parts, SC_ORIGIN);
	CU_ASSERT_FALSE(parts->control->is_aborted);
	sc_supply_on_losses(parts->supply);
	sc_supply_settle(parts->supply);
	CU_ASSERT_TRUE(parts->control->is_aborted);
	CU_ASSERT_PTR_NOT_NULL(strstr(parts_report(parts), "were lost with the nodes"));
	parts_free(parts);
}

/* Node 4, which does not lead then, gets its own subfile from no other node. */
static void
test_the_leader_is_told_of_lost_chunks(void)
{
	struct parts *parts = node(4);

	parts->control->sealing = SC_SEAL_KNOWN;
	parts_lose(parts, SC_ORIGIN);
	CU_ASSERT_FALSE(sc_control_leads(parts->control));
	sc_supply_on_losses(parts->supply);
	sc_supply_settle(parts->supply);
	CU_ASSERT_TRUE(parts->control->is_aborted);
	CU_ASSERT_TRUE(parts_message(parts, 1, SC_MESSAGE_FAILED)->u.failed.fatal);
	CU_ASSERT_EQUAL(parts->control->run, SC_RUN_ABORTED);
	parts_free(parts);
}

/* One damaged chunk is asked for again; a supplier that sends more is passed over. */
static void
test_damaged_chunks(void)
{
	struct parts *parts = node(1);
	struct sc_inbound *edge = &parts->in->edges[1];

	CU_ASSERT_EQUAL(offer(parts, 2, 1), 0);
	for (uint32_t i = 0; i < SC_DAMAGES_MAX; i++) {
		edge->damages++;
		sc_marks_add_one(&parts->in->look, 1);
		sc_supply_settle(parts->supply);
		CU_ASSERT_EQUAL(parts_messages(parts, 2, SC_MESSAGE_WANT), i + 1);
		CU_ASSERT_EQUAL(parts_message(parts, 2, SC_MESSAGE_WANT)->u.want.first, i);
	}
	CU_ASSERT_EQUAL(edge->peer, 2);
	edge->damages++;
	sc_marks_add_one(&parts->in->look, 1);
	sc_supply_settle(parts->supply);
	CU_ASSERT_EQUAL(parts_messages(parts, 2, SC_MESSAGE_DECLINE), 1);
	CU_ASSERT_NOT_EQUAL(edge->peer, 2);
	CU_ASSERT_NOT_EQUAL(edge->peer, SC_NONE);
	parts_free(parts);
}

/* All that a supplier sent has come, and something is lacking: it is asked for that. */
static void
test_a_supplier_that_is_used_up_is_asked_again(void)
{
	struct parts *parts = node(1);
	struct sc_sent sent = {.subfile = 1, .sent = 0, .wants = 1};

	CU_ASSERT_EQUAL(offer(parts, 2, 1), 0);
	CU_ASSERT_EQUAL(sc_supply_on_sent(parts->supply, 2, &sent), 0);
	sc_supply_settle(parts->supply); /* of another list of wants */
	CU_ASSERT_EQUAL(parts_messages(parts, 2, SC_MESSAGE_WANT), 0);
	sent.wants = 0;
	CU_ASSERT_EQUAL(sc_supply_on_sent(parts->supply, 2, &sent), 0);
	sc_supply_settle(parts->supply);
	CU_ASSERT_EQUAL(parts_messages(parts, 2, SC_MESSAGE_WANT), 1);
	CU_ASSERT_EQUAL(parts->in->edges[1].peer, 2);
	parts_free(parts);
}

static void
complete(struct parts *parts, bool elsewhere)
{
	for (uint32_t chunk = 1; chunk < parts->plan.chunks; chunk += PARTS_SUBFILES) {
		uint32_t slot = sc_pool_take(parts->pool, 1, SC_SLOT_LOADING);

		sc_pool_assign(parts->pool, slot, chunk);
		sc_in_accept(parts->in, slot, chunk, true);
	}
	parts->in->edges[1].elsewhere = elsewhere;
	sc_supply_settle(parts->supply);
}

static void
test_a_complete_subfiles_supplier_is_told_if_it_can_not_know(void)
{
	struct parts *parts = node(1);
	struct parts *other = node(1);

	CU_ASSERT_EQUAL(offer(parts, 2, 1), 0);
	CU_ASSERT_EQUAL(offer(other, 2, 1), 0);
	complete(parts, false);
	CU_ASSERT_EQUAL(parts_messages(parts, 2, SC_MESSAGE_DECLINE), 0);
	complete(other, true);
	CU_ASSERT_EQUAL(parts_messages(other, 2, SC_MESSAGE_DECLINE), 1);
	CU_ASSERT_EQUAL(other->in->edges[1].peer, SC_NONE);
	CU_ASSERT_TRUE(sc_former_is(&other->in->formers, 2, 1));
	parts_free(parts);
	parts_free(other);
}

/* After a repair: of the members between subfile 3's own one, node 8, and node 6 the nearest. */
static void
test_a_late_subfile_is_asked_of_another_member(void)
{
	struct parts *parts = parts_new(PARTS_SUPPLY,
	    &(struct parts_config){.self = 6, .chunks = 16, .opening = true});

	parts_open(parts, 1u << 0 | 1u << 1);
	parts_slow(parts, 2);
	sc_marks_add_one(&parts->in->look, 0);
	sc_supply_settle(parts->supply);
	CU_ASSERT_TRUE(parts->supply->lists[3].late);
	CU_ASSERT_EQUAL(parts->in->edges[3].peer, 5);
	CU_ASSERT_EQUAL(parts_message(parts, 5, SC_MESSAGE_WANT)->u.want.subfile, 3);
	parts_free(parts);
}

static void
test_no_subfile_is_late_unless_most_are_complete(void)
{
	struct parts *parts = parts_new(PARTS_SUPPLY,
	    &(struct parts_config){.self = 6, .chunks = 16, .opening = true});

	parts_open(parts, 1u << 0);
	parts_slow(parts, 2);
	sc_marks_add_one(&parts->in->look, 0);
	sc_supply_settle(parts->supply);
	CU_ASSERT_PTR_NULL(parts->supply->lists);
	parts_free(parts);
}

static void
test_a_resumed_node_tells_its_suppliers(void)
{
	struct parts *parts =
	    parts_new(PARTS_SUPPLY, &(struct parts_config){.self = 1, .opening = true});
	struct sc_bitmap held = {0};

	CU_ASSERT_EQUAL(offer(parts, 2, 1), 0);
	CU_ASSERT_EQUAL(offer(parts, 3, 2), 0);
	CU_ASSERT_EQUAL(parts_messages(parts, SC_NONE, SC_MESSAGE_WANT), 0);
	CU_ASSERT_EQUAL_FATAL(sc_bitmap_init(&held, parts->plan.chunks), 0);
	for (uint32_t chunk = 1; chunk < parts->plan.chunks; chunk += PARTS_SUBFILES)
		sc_bitmap_add(&held, chunk);
	sc_bitmap_add(&held, 2);
	sc_supply_on_opened(parts->supply, &held);
	CU_ASSERT_EQUAL(parts_messages(parts, 2, SC_MESSAGE_DECLINE), 1);
	CU_ASSERT_EQUAL(parts_messages(parts, 3, SC_MESSAGE_DECLINE), 0);
	CU_ASSERT_EQUAL(parts_message(parts, 3, SC_MESSAGE_WANT)->u.want.bits[0], 0xe);
	CU_ASSERT_TRUE(parts->out->scattered);
	sc_bitmap_free(&held);
	parts_free(parts);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"the plan's supplier is taken", test_the_plans_supplier_is_taken},
		{"another supplier is declined", test_another_supplier_is_declined},
		{"what is here already is declined", test_what_is_here_is_declined},
		{"unsound offers", test_unsound_offers},
		{"a supplier that refuses is passed over",
			test_a_supplier_that_refuses_is_passed_over},
		{"a former supplier is asked once it has answered",
			test_a_former_supplier_is_not_asked_yet},
		{"the plan's supplier offers by itself", test_a_planned_supplier_offers_by_itself},
		{"a torpid supplier is replaced", test_a_torpid_supplier_is_replaced},
		{"after a loss those that refused are tried again",
			test_after_a_loss_refusers_are_tried_again},
		{"a node that no other supplies leaves", test_a_node_without_a_supplier_leaves},
		{"lost chunks end the run", test_lost_chunks_end_the_run},
		{"the leader is told of lost chunks", test_the_leader_is_told_of_lost_chunks},
		{"damaged chunks are asked for again, but not for ever", test_damaged_chunks},
		{"a supplier that is used up is asked again",
			test_a_supplier_that_is_used_up_is_asked_again},
		{"the supplier of a complete subfile is told if it can't know",
			test_a_complete_subfiles_supplier_is_told_if_it_can_not_know},
		{"a late subfile is asked of another member",
			test_a_late_subfile_is_asked_of_another_member},
		{"no subfile is late unless most are complete",
			test_no_subfile_is_late_unless_most_are_complete},
		{"a resumed node tells its suppliers", test_a_resumed_node_tells_its_suppliers},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("core/supply", tests);
}
