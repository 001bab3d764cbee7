/*
 * Outbound edges: src/core/out.h.
 */
#include "core/out.h"

#include "core/parts.h"
#include "lib/suite.h"

/* Node 1, which sends subfile 0 to these. */
static const uint32_t receivers[] = {5, 2, 3, 4};
enum { RECEIVERS = 4 };

static struct parts *
relay(void)
{
	struct parts *parts = parts_new(PARTS_OUT, &(struct parts_config){.self = 1});

	sc_out_list_planned(parts->out, 0);
	return parts;
}

static void
test_the_plans_receivers_are_offered(void)
{
	struct parts *parts = relay();
	const struct sc_message *offer;

	CU_ASSERT_EQUAL_FATAL(parts->out->count, RECEIVERS);
	for (uint32_t i = 0; i < RECEIVERS; i++) {
		CU_ASSERT_EQUAL(parts->out->edges[i].peer, receivers[i]);
		CU_ASSERT_TRUE(parts->out->edges[i].open);
		CU_ASSERT_EQUAL(parts_messages(parts, receivers[i], SC_MESSAGE_OFFER), 1);
	}
	CU_ASSERT_EQUAL(parts->out->edges[0].kind, SC_EDGE_GROUP);
	CU_ASSERT_EQUAL(parts->out->edges[1].kind, SC_EDGE_COLLECTION);
	offer = parts_message(parts, 5, SC_MESSAGE_OFFER);
	CU_ASSERT_EQUAL(offer->u.offer.subfile, 0);
	CU_ASSERT_EQUAL(offer->u.offer.count, 3);
	CU_ASSERT_EQUAL(offer->u.offer.receivers[0].node, 6);
	CU_ASSERT_EQUAL(parts_records(parts, SC_RECORD_SEND_BEGUN), RECEIVERS);
	parts_free(parts);
}

static void
test_receivers_are_listed_once(void)
{
	static const struct sc_receiver other = {8, SC_EDGE_GROUP};
	struct parts *parts = relay();

	sc_out_list(parts->out, 0, &other, 1);
	CU_ASSERT_EQUAL(parts->out->count, RECEIVERS);
	sc_out_list(parts->out, 1, &other, 1);
	CU_ASSERT_EQUAL(parts->out->count, RECEIVERS + 1);
	CU_ASSERT_PTR_NOT_NULL(sc_out_find(parts->out, 8, 1));
	CU_ASSERT_PTR_NULL(sc_out_find(parts->out, 8, 0));
	CU_ASSERT_PTR_NULL(sc_out_find(parts->out, 8, PARTS_SUBFILES));
	sc_out_add(parts->out, 1, &other, 1);
	CU_ASSERT_EQUAL(parts->out->count, RECEIVERS + 1);
	parts_free(parts);
}

static void
test_an_edge_that_waits_for_the_whole(void)
{
	struct parts *parts = parts_new(PARTS_OUT,
	    &(struct parts_config){.self = 1, .chunks = 2, .store_and_forward = true});

	sc_out_list_planned(parts->out, 0);
	parts_hold(parts, 0, true);
	sc_out_open_ready(parts->out, 0);
	CU_ASSERT_EQUAL(parts_messages(parts, SC_NONE, SC_MESSAGE_OFFER), 0);
	parts_hold(parts, 4, true);
	sc_out_open_ready(parts->out, 0);
	CU_ASSERT_EQUAL(parts_messages(parts, SC_NONE, SC_MESSAGE_OFFER), RECEIVERS);
	CU_ASSERT_EQUAL(parts->out->lagging, RECEIVERS); /* all that they want has come already */
	parts_free(parts);
}

static void
test_a_failed_copy_opens_all(void)
{
	struct parts *parts =
	    parts_new(PARTS_OUT, &(struct parts_config){.self = 1, .store_and_forward = true});

	sc_out_list_planned(parts->out, 0);
	(void)sc_store_fail(parts->store, "no space");
	sc_out_open_all(parts->out);
	CU_ASSERT_EQUAL(parts_messages(parts, SC_NONE, SC_MESSAGE_OFFER), RECEIVERS);
	CU_ASSERT_TRUE(parts->out->due);
	parts_free(parts);
}

static void
test_what_an_edge_wants(void)
{
	struct parts *parts = relay();
	struct sc_outbound *edge = sc_out_find(parts->out, 2, 0);

	CU_ASSERT_TRUE(sc_out_wants(edge, 0));
	edge->next = 1;
	CU_ASSERT_FALSE(sc_out_wants(edge, 0));
	CU_ASSERT_TRUE(sc_out_wants(edge, 3));
	CU_ASSERT_EQUAL(sc_out_next_want(edge, 2), 2);
	CU_ASSERT_EQUAL(sc_out_next_want(edge, 4), 4);
	sc_out_list_wants(edge);
	CU_ASSERT_EQUAL(edge->want.count, 3);
	sc_bitmap_remove(&edge->want, 2);
	CU_ASSERT_FALSE(sc_out_wants(edge, 2));
	CU_ASSERT_TRUE(sc_out_wants(edge, 3));
	CU_ASSERT_EQUAL(sc_out_next_want(edge, 2), 3);
	parts_free(parts);
}

/* One edge is left, to node 2; chunk 0 is here, 4 too. */
static struct parts *
one_edge(struct sc_outbound **edge)
{
	struct parts *parts = relay();

	for (uint32_t i = 0; i < RECEIVERS; i++) {
		if (receivers[i] != 2)
			sc_out_forget(parts->out, receivers[i]);
	}
	*edge = sc_out_find(parts->out, 2, 0);
	return parts;
}

static void
test_an_edge_needs_what_it_has_credit_for(void)
{
	struct sc_outbound *edge;
	struct parts *parts = one_edge(&edge);

	parts_hold(parts, 0, false);
	parts_hold(parts, 4, false);
	CU_ASSERT_FALSE(sc_out_needs(parts->out, 0, 0));
	edge->granted = 1;
	CU_ASSERT_TRUE(sc_out_needs(parts->out, 0, 0));
	CU_ASSERT_FALSE(sc_out_needs(parts->out, 4, 0));
	edge->granted = 2;
	CU_ASSERT_TRUE(sc_out_needs(parts->out, 4, 0));
	edge->open = false;
	CU_ASSERT_FALSE(sc_out_needs(parts->out, 4, 0));
	parts_free(parts);
}

/* Credits go to what the edge wants, and skip what it does not. */
static void
test_credit_skips_what_is_not_wanted(void)
{
	struct sc_outbound *edge;
	struct parts *parts = one_edge(&edge);

	parts_hold(parts, 0, false);
	sc_out_list_wants(edge);
	sc_bitmap_remove(&edge->want, 1);
	edge->granted = 1;
	CU_ASSERT_FALSE(sc_out_needs(parts->out, 8, 0));
	edge->granted = 2;
	CU_ASSERT_TRUE(sc_out_needs(parts->out, 8, 0));
	CU_ASSERT_FALSE(sc_out_needs(parts->out, 12, 0));
	parts_free(parts);
}

/* Credit for a chunk is of no use while an earlier one is still to come. */
static void
test_an_edge_that_waits_needs_nothing(void)
{
	struct sc_outbound *edge;
	struct parts *parts = one_edge(&edge);

	parts_hold(parts, 4, false);
	edge->granted = 2;
	CU_ASSERT_FALSE(sc_out_needs(parts->out, 4, 0));
	parts_hold(parts, 0, false);
	CU_ASSERT_TRUE(sc_out_needs(parts->out, 4, 0));
	parts_free(parts);
}

static void
test_an_edge_a_little_behind_needs_a_chunk(void)
{
	struct sc_outbound *edge;
	struct parts *parts = one_edge(&edge);

	CU_ASSERT_TRUE(sc_out_needs(parts->out, 4, 2));
	CU_ASSERT_FALSE(sc_out_needs(parts->out, 8, 2));
	CU_ASSERT_TRUE(sc_out_needs(parts->out, 12, SC_NONE));
	edge->next = 2;
	CU_ASSERT_FALSE(sc_out_needs(parts->out, 4, SC_NONE));
	edge->next = 0;
	sc_out_close(parts->out);
	CU_ASSERT_FALSE(sc_out_needs(parts->out, 0, SC_NONE));
	parts_free(parts);
}

static void
test_the_origin_keeps_what_has_a_turn(void)
{
	static const struct sc_receiver member = {1, SC_EDGE_DISTRIBUTION};
	struct parts *parts = parts_new(PARTS_OUT, &(struct parts_config){.self = SC_ORIGIN});

	sc_out_add(parts->out, 0, &member, 1);
	CU_ASSERT_TRUE(sc_out_needs(parts->out, 12, 0));
	parts->out->edges[0].passed_over = 3;
	CU_ASSERT_FALSE(sc_out_needs(parts->out, 12, 0));
	parts->out->edges[0].passed_over = 0;
	parts_slow(parts, 1);
	CU_ASSERT_FALSE(sc_out_needs(parts->out, 12, 0));
	parts_free(parts);
}

static void
test_a_chunk_that_leaves_makes_its_edges_lag(void)
{
	struct parts *parts = relay();

	sc_out_find(parts->out, 3, 0)->next = 2;
	sc_out_mark_lagging(parts->out, 4);
	CU_ASSERT_EQUAL(parts->out->lagging, RECEIVERS - 1);
	CU_ASSERT_FALSE(sc_out_find(parts->out, 3, 0)->lagging);
	CU_ASSERT_TRUE(sc_out_find(parts->out, 5, 0)->lagging);
	sc_out_set_lagging(parts->out, sc_out_find(parts->out, 5, 0), false);
	CU_ASSERT_EQUAL(parts->out->lagging, RECEIVERS - 2);
	parts_free(parts);
}

static void
test_scattered_chunks_may_be_in_the_store_only(void)
{
	struct parts *parts = relay();

	sc_out_end(parts->out, sc_out_find(parts->out, 2, 0));
	sc_out_scatter(parts->out);
	CU_ASSERT_EQUAL(parts->out->lagging, RECEIVERS - 1);
	sc_out_set_lagging(parts->out, sc_out_find(parts->out, 5, 0), false);
	sc_out_scatter(parts->out); /* it is so already */
	CU_ASSERT_EQUAL(parts->out->lagging, RECEIVERS - 2);
	sc_out_list_planned(parts->out, 1);
	CU_ASSERT_EQUAL(parts->out->count, RECEIVERS); /* node 1 is no relay of it */
	parts_free(parts);
}

static void
test_a_lost_receiver_is_forgotten(void)
{
	struct parts *parts = relay();

	sc_out_scatter(parts->out);
	parts->out->due = false;
	parts_lose(parts, 5);
	sc_out_forget(parts->out, 5);
	CU_ASSERT_EQUAL(sc_out_find(parts->out, 5, 0)->next, 4);
	CU_ASSERT_EQUAL(sc_out_find(parts->out, 2, 0)->next, 0);
	CU_ASSERT_EQUAL(parts->out->lagging, RECEIVERS - 1);
	CU_ASSERT_TRUE(parts->out->due);
	CU_ASSERT_EQUAL(parts->pool->touched.end, parts->pool->count);
	parts_free(parts);
}

static void
test_a_lost_node_gets_no_offer(void)
{
	struct parts *parts = parts_new(PARTS_OUT, &(struct parts_config){.self = 1});

	parts_lose(parts, 5);
	sc_out_list_planned(parts->out, 0);
	CU_ASSERT_EQUAL(parts_messages(parts, 5, SC_MESSAGE_OFFER), 0);
	CU_ASSERT_EQUAL(parts_messages(parts, SC_NONE, SC_MESSAGE_OFFER), RECEIVERS - 1);
	parts_free(parts);
}

static void
test_how_many_were_sent_is_told(void)
{
	struct parts *parts = relay();
	struct sc_outbound *edge = sc_out_find(parts->out, 3, 0);
	const struct sc_message *told;

	edge->granted = edge->sent = 2;
	edge->wants = 7;
	sc_out_tell_sent(parts->out, edge, SC_MESSAGE_REFUSE);
	told = parts_message(parts, 3, SC_MESSAGE_REFUSE);
	CU_ASSERT_PTR_NOT_NULL_FATAL(told);
	CU_ASSERT_EQUAL(told->u.sent.sent, 2);
	CU_ASSERT_EQUAL(told->u.sent.wants, 7);
	parts_free(parts);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"the plan's receivers get offers, in its order",
			test_the_plans_receivers_are_offered},
		{"receivers are listed once", test_receivers_are_listed_once},
		{"an edge that waits for the whole opens then",
			test_an_edge_that_waits_for_the_whole},
		{"a failed copy opens all edges", test_a_failed_copy_opens_all},
		{"what an edge wants", test_what_an_edge_wants},
		{"an edge needs what it has credit for", test_an_edge_needs_what_it_has_credit_for},
		{"credit skips what is not wanted", test_credit_skips_what_is_not_wanted},
		{"an edge that waits for an earlier chunk needs none",
			test_an_edge_that_waits_needs_nothing},
		{"an edge that is a little behind needs a chunk",
			test_an_edge_a_little_behind_needs_a_chunk},
		{"the origin keeps what has a turn", test_the_origin_keeps_what_has_a_turn},
		{"a chunk that leaves makes its edges lag",
			test_a_chunk_that_leaves_makes_its_edges_lag},
		{"scattered: any edge may want what is in the store only",
			test_scattered_chunks_may_be_in_the_store_only},
		{"a lost receiver is forgotten", test_a_lost_receiver_is_forgotten},
		{"a lost node gets no offer", test_a_lost_node_gets_no_offer},
		{"how many chunks were sent is told", test_how_many_were_sent_is_told},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("core/out", tests);
}
