/*
 * What peers ask of a node: src/core/serve.h.
 */
#include "core/serve.h"

#include "core/parts.h"
#include "lib/suite.h"

static struct parts *
node(uint32_t self)
{
	return parts_new(PARTS_SUPPLY, &(struct parts_config){.self = self});
}

/* All of a subfile (four chunks), or some (bits). */
static int
want(struct parts *parts, uint32_t peer, uint32_t subfile, uint32_t flags, uint8_t bits)
{
	struct sc_want message = {.subfile = subfile, .flags = flags, .count = 4, .bits = {bits}};

	return sc_serve_on_want(parts->out, parts->supply, peer, &message);
}

enum { ASK = SC_WANT_BEGIN | SC_WANT_ASK };

static void
test_a_node_in_need_gets_a_detour(void)
{
	struct parts *parts = node(1);
	struct sc_outbound *edge;

	CU_ASSERT_EQUAL(want(parts, 6, 0, ASK, 0xa), 0);
	edge = sc_out_find(parts->out, 6, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(edge);
	CU_ASSERT_EQUAL(edge->kind, SC_EDGE_DETOUR);
	CU_ASSERT_EQUAL(parts_messages(parts, 6, SC_MESSAGE_OFFER), 1);
	CU_ASSERT_FALSE(sc_out_wants(edge, 0));
	CU_ASSERT_TRUE(sc_out_wants(edge, 1));
	CU_ASSERT_FALSE(sc_out_wants(edge, 2));
	CU_ASSERT_TRUE(sc_out_wants(edge, 3));
	CU_ASSERT_EQUAL(edge->next, 1);
	CU_ASSERT_TRUE(edge->lagging);
	CU_ASSERT_TRUE(parts->out->due);
	CU_ASSERT_PTR_NOT_NULL(sc_peers_find(parts->peers, 6));
	/* The plan's own receivers of the subfile come before it. */
	CU_ASSERT_EQUAL(parts->out->count, 5);
	CU_ASSERT_EQUAL(edge, &parts->out->edges[4]);
	parts_free(parts);
}

static void
test_a_receiver_says_what_it_lacks(void)
{
	struct parts *parts = node(1);
	struct sc_outbound *edge;

	CU_ASSERT_EQUAL(want(parts, 5, 0, SC_WANT_BEGIN, 0x8), 0);
	CU_ASSERT_EQUAL(parts->out->count, 0); /* it is none */
	sc_out_list_planned(parts->out, 0);
	parts_at(parts, 1);
	CU_ASSERT_EQUAL(want(parts, 5, 0, SC_WANT_BEGIN, 0x8), 0);
	edge = sc_out_find(parts->out, 5, 0);
	CU_ASSERT_EQUAL(edge->kind, SC_EDGE_GROUP);
	CU_ASSERT_EQUAL(edge->next, 3);
	CU_ASSERT_EQUAL(edge->wants, 0);
	CU_ASSERT_EQUAL(parts_messages(parts, 5, SC_MESSAGE_OFFER), 0);
	CU_ASSERT_EQUAL(want(parts, 5, 0, 0, 0x4), 0); /* more of the same list */
	CU_ASSERT_EQUAL(edge->next, 2);
	CU_ASSERT_EQUAL(edge->wants, 1);
	CU_ASSERT_TRUE(sc_out_wants(edge, 3));
	parts_free(parts);
}

static void
test_a_receiver_in_need(void)
{
	struct parts *parts = node(1);

	sc_out_list_planned(parts->out, 0);
	parts_at(parts, 1);
	CU_ASSERT_EQUAL(want(parts, 5, 0, ASK, 0x8), 0);
	CU_ASSERT_EQUAL(parts->out->count, 4);
	CU_ASSERT_EQUAL(sc_out_find(parts->out, 5, 0)->kind, SC_EDGE_DETOUR);
	CU_ASSERT_EQUAL(parts_messages(parts, 5, SC_MESSAGE_OFFER), 1);
	parts_free(parts);
}

/* Credits and what was wanted before are forgotten. */
static void
test_an_edge_that_is_asked_anew(void)
{
	struct parts *parts = node(1);
	struct sc_outbound *edge;

	CU_ASSERT_EQUAL(want(parts, 6, 0, ASK, 0xf), 0);
	edge = sc_out_find(parts->out, 6, 0);
	edge->granted = 2;
	edge->sent = 1;
	CU_ASSERT_EQUAL(want(parts, 6, 0, ASK, 0x4), 0);
	CU_ASSERT_EQUAL(edge->granted, 0);
	CU_ASSERT_EQUAL(edge->sent, 0);
	CU_ASSERT_EQUAL(edge->want.count, 1);
	CU_ASSERT_EQUAL(parts_messages(parts, 6, SC_MESSAGE_OFFER), 2);
	parts_free(parts);
}

static void
test_what_is_gone_is_refused(void)
{
	struct parts *parts = node(1);

	/* It passed through here, and the copy failed. */
	(void)sc_store_fail(parts->store, "no space");
	sc_pool_release(parts->pool, parts_hold(parts, 4, false));
	CU_ASSERT_EQUAL(want(parts, 6, 0, ASK, 0xd), 0);
	CU_ASSERT_EQUAL(parts_messages(parts, 6, SC_MESSAGE_REFUSE), 0);
	CU_ASSERT_EQUAL(want(parts, 6, 0, ASK, 0x2), 0);
	CU_ASSERT_EQUAL(parts_messages(parts, 6, SC_MESSAGE_REFUSE), 1);
	CU_ASSERT_TRUE(sc_out_find(parts->out, 6, 0)->refused);
	CU_ASSERT_EQUAL(sc_out_find(parts->out, 6, 0)->next, 4);
	parts_free(parts);
}

/* No node waits for one that waits for it. */
static void
test_the_supplier_itself_is_refused(void)
{
	struct parts *parts = node(1);

	CU_ASSERT_EQUAL(want(parts, 2, 1, ASK, 0xf), 0);
	CU_ASSERT_EQUAL(parts_message(parts, 2, SC_MESSAGE_REFUSE)->u.sent.subfile, 1);
	CU_ASSERT_TRUE(sc_out_find(parts->out, 2, 1)->refused);
	CU_ASSERT_EQUAL(want(parts, 2, 2, ASK, 0xf), 0);
	CU_ASSERT_EQUAL(parts_messages(parts, 2, SC_MESSAGE_REFUSE), 1);
	CU_ASSERT_FALSE(sc_out_find(parts->out, 2, 2)->refused);
	parts_free(parts);
}

static void
test_what_crosses_a_refusal_is_ignored(void)
{
	struct parts *parts = node(1);
	struct sc_outbound *edge;

	CU_ASSERT_EQUAL(want(parts, 6, 0, ASK, 0xf), 0);
	sc_serve_refuse_chunk(parts->out, 4);
	edge = sc_out_find(parts->out, 6, 0);
	CU_ASSERT_EQUAL(parts_messages(parts, 6, SC_MESSAGE_REFUSE), 1);
	CU_ASSERT_EQUAL(want(parts, 6, 0, 0, 0x1), 0);
	CU_ASSERT_EQUAL(edge->next, 4);
	CU_ASSERT_TRUE(edge->refused);
	CU_ASSERT_EQUAL(want(parts, 6, 0, ASK, 0x1), 0);
	CU_ASSERT_EQUAL(edge->next, 0);
	CU_ASSERT_FALSE(edge->refused);
	parts_free(parts);
}

static void
test_a_decline_is_answered(void)
{
	struct parts *parts = node(1);
	struct sc_decline decline = {.subfile = 0, .request = 9};
	const struct sc_message *answer;

	CU_ASSERT_EQUAL(sc_serve_on_decline(parts->out, 5, &decline), 0);
	CU_ASSERT_EQUAL(parts_messages(parts, 5, SC_MESSAGE_DECLINED), 0); /* never offered */
	sc_out_list_planned(parts->out, 0);
	sc_out_find(parts->out, 5, 0)->granted = 2;
	sc_out_find(parts->out, 5, 0)->sent = 1;
	(void)sc_marks_take(&parts->pool->touched);
	CU_ASSERT_EQUAL(sc_serve_on_decline(parts->out, 5, &decline), 0);
	answer = parts_message(parts, 5, SC_MESSAGE_DECLINED);
	CU_ASSERT_PTR_NOT_NULL_FATAL(answer);
	CU_ASSERT_EQUAL(answer->u.declined.request, 9);
	CU_ASSERT_EQUAL(answer->u.declined.sent, 1);
	CU_ASSERT_EQUAL(sc_out_find(parts->out, 5, 0)->next, 4);
	CU_ASSERT_EQUAL(sc_out_find(parts->out, 2, 0)->next, 0);
	CU_ASSERT_TRUE(sc_marks_any(&parts->pool->touched));
	parts_free(parts);
}

static void
test_unsound_messages(void)
{
	struct parts *parts = node(1);
	struct sc_want beyond = {.flags = ASK, .first = 3, .count = 2};
	struct sc_decline decline = {.subfile = PARTS_SUBFILES};

	CU_ASSERT_EQUAL(want(parts, SC_ORIGIN, 0, ASK, 0xf), -1);
	CU_ASSERT_EQUAL(want(parts, 6, PARTS_SUBFILES, ASK, 0xf), -1);
	CU_ASSERT_EQUAL(sc_serve_on_want(parts->out, parts->supply, 6, &beyond), -1);
	CU_ASSERT_EQUAL(sc_serve_on_decline(parts->out, 6, &decline), -1);
	decline.subfile = 0;
	CU_ASSERT_EQUAL(sc_serve_on_decline(parts->out, SC_ORIGIN, &decline), -1);
	CU_ASSERT_EQUAL(parts->out->count, 0);
	CU_ASSERT_EQUAL(parts->actions.count, 0);
	parts_free(parts);
}

static void
test_a_lost_chunk_is_refused_to_those_that_want_it(void)
{
	struct parts *parts = node(1);

	sc_out_list_planned(parts->out, 0);
	sc_out_find(parts->out, 2, 0)->next = 2;
	sc_out_find(parts->out, 3, 0)->open = false; /* its receiver waits for an OFFER */
	parts_at(parts, 1);
	sc_serve_refuse_chunk(parts->out, 4);
	CU_ASSERT_EQUAL(parts_messages(parts, SC_NONE, SC_MESSAGE_REFUSE), 3);
	CU_ASSERT_EQUAL(parts_messages(parts, 2, SC_MESSAGE_REFUSE), 0);
	CU_ASSERT_EQUAL(parts_messages(parts, SC_NONE, SC_MESSAGE_OFFER), 1);
	CU_ASSERT_EQUAL(parts_messages(parts, 3, SC_MESSAGE_OFFER), 1);
	parts_free(parts);
}

/* Its relays keep their turns, whatever they ask for. */
static void
test_the_origins_edges_keep_their_kind(void)
{
	static const struct sc_receiver member = {1, SC_EDGE_DISTRIBUTION};
	struct parts *parts = node(SC_ORIGIN);

	sc_out_add(parts->out, 0, &member, 1);
	CU_ASSERT_EQUAL(want(parts, 1, 0, ASK, 0x8), 0);
	CU_ASSERT_EQUAL(parts->out->edges[0].kind, SC_EDGE_DISTRIBUTION);
	CU_ASSERT_EQUAL(parts->out->edges[0].next, 3);
	parts_free(parts);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"a node in need gets a detour", test_a_node_in_need_gets_a_detour},
		{"a receiver says what it lacks", test_a_receiver_says_what_it_lacks},
		{"a receiver that asks gets a detour, too", test_a_receiver_in_need},
		{"an edge that is asked anew begins anew", test_an_edge_that_is_asked_anew},
		{"what is gone is refused", test_what_is_gone_is_refused},
		{"a node's own supplier is refused", test_the_supplier_itself_is_refused},
		{"what crosses a refusal is ignored", test_what_crosses_a_refusal_is_ignored},
		{"a decline is answered", test_a_decline_is_answered},
		{"unsound messages", test_unsound_messages},
		{"a lost chunk is refused to those that want it",
			test_a_lost_chunk_is_refused_to_those_that_want_it},
		{"the origin's edges keep their kind", test_the_origins_edges_keep_their_kind},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("core/serve", tests);
}
