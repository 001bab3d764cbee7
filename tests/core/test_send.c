/*
 * Which chunk goes on which edge next: src/core/send.h.
 */
#include "core/send.h"

#include "core/parts.h"
#include "lib/suite.h"

#include <stdarg.h>

/* Node 1 sends subfile 0 to these, to 5 last in the order of this list. */
static struct parts *
relay(uint32_t chunks)
{
	static const struct sc_receiver receivers[] = {
		{2, SC_EDGE_COLLECTION},
		{3, SC_EDGE_COLLECTION},
		{5, SC_EDGE_GROUP},
	};
	struct parts *parts =
	    parts_new(PARTS_OUT, &(struct parts_config){.self = 1, .chunks = chunks});

	sc_out_list(parts->out, 0, receivers, 3);
	return parts;
}

static int
credit(struct parts *parts, uint32_t peer, uint32_t granted)
{
	struct sc_credit message = {.granted = granted};

	return sc_send_on_credit(parts->out, peer, &message);
}

static void
sent(struct parts *parts, uint32_t peer, uint32_t chunk)
{
	struct sc_event event = {.what = SC_EVENT_CHUNK_SENT, .peer = peer};

	event.slot = sc_pool_find(parts->pool, chunk);
	event.subfile = chunk % PARTS_SUBFILES;
	sc_send_on_sent(parts->out, &event);
}

/* The receivers of the sends that were asked for, in order. */
static void
check_sends(const struct parts *parts, uint32_t count, ...)
{
	va_list peers;

	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_SEND), count);
	va_start(peers, count);
	for (size_t i = 0; i < parts->actions.count; i++) {
		if (parts->actions.items[i].what == SC_ACTION_SEND && count-- > 0)
			CU_ASSERT_EQUAL(parts->actions.items[i].peer, va_arg(peers, uint32_t));
	}
	va_end(peers);
}

static void
test_next_groups_come_first(void)
{
	struct parts *parts = relay(4);

	parts_hold(parts, 0, false);
	for (uint32_t peer = 2; peer <= 5; peer++)
		CU_ASSERT_EQUAL(credit(parts, peer, 1), peer == 4 ? -1 : 0);
	sc_send_settle(parts->out, SC_NONE);
	check_sends(parts, 3, 5u, 2u, 3u);
	CU_ASSERT_EQUAL(parts->pool->slots[0].sends, 3);
	parts_free(parts);
}

static void
test_torpid_receivers_come_last(void)
{
	struct parts *parts = relay(4);

	parts_hold(parts, 0, false);
	parts_slow(parts, 5);
	CU_ASSERT_EQUAL(credit(parts, 5, 1), 0);
	CU_ASSERT_EQUAL(credit(parts, 2, 1), 0);
	CU_ASSERT_EQUAL(credit(parts, 3, 1), 0);
	sc_send_settle(parts->out, SC_NONE);
	check_sends(parts, 3, 2u, 3u, 5u);
	parts_free(parts);
}

static void
test_the_one_that_has_got_least_comes_first(void)
{
	struct parts *parts = relay(4);

	parts_hold(parts, 0, false);
	parts_hold(parts, 4, false);
	CU_ASSERT_EQUAL(credit(parts, 2, 1), 0);
	sc_send_settle(parts->out, SC_NONE);
	parts_at(parts, 1);
	CU_ASSERT_EQUAL(credit(parts, 2, 2), 0);
	CU_ASSERT_EQUAL(credit(parts, 3, 1), 0);
	sc_send_settle(parts->out, SC_NONE);
	check_sends(parts, 2, 3u, 2u);
	parts_free(parts);
}

static void
test_an_edge_has_few_sends_at_one_time(void)
{
	struct parts *parts = relay(4);

	for (uint32_t i = 0; i < 3; i++)
		parts_hold(parts, i * PARTS_SUBFILES, false);
	CU_ASSERT_EQUAL(credit(parts, 5, 3), 0);
	sc_send_settle(parts->out, SC_NONE);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_SEND), SC_SENDS_AN_EDGE);
	parts->out->due = false;
	sent(parts, 5, 0);
	CU_ASSERT_TRUE(parts->out->due);
	CU_ASSERT_EQUAL(parts->pool->slots[0].sends, 0);
	sc_send_settle(parts->out, SC_NONE);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_SEND), SC_SENDS_AN_EDGE + 1);
	parts_free(parts);
}

static void
test_a_relay_has_few_sends_at_one_time(void)
{
	struct parts *parts = relay(4);

	for (uint32_t i = 0; i < 2; i++)
		parts_hold(parts, i * PARTS_SUBFILES, false);
	CU_ASSERT_EQUAL(credit(parts, 2, 2), 0);
	CU_ASSERT_EQUAL(credit(parts, 3, 2), 0);
	CU_ASSERT_EQUAL(credit(parts, 5, 2), 0);
	sc_send_settle(parts->out, SC_NONE);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_SEND), SC_SENDS_AT_ONCE);
	CU_ASSERT_EQUAL(parts->out->in_flight, SC_SENDS_AT_ONCE);
	parts_free(parts);
}

static void
test_credits_add_up(void)
{
	struct parts *parts = relay(16);

	CU_ASSERT_EQUAL(credit(parts, 5, 2), 0);
	CU_ASSERT_TRUE(parts->out->due);
	CU_ASSERT_EQUAL(credit(parts, 5, 1), 0); /* said before, or twice */
	CU_ASSERT_EQUAL(sc_out_find(parts->out, 5, 0)->granted, 2);
	CU_ASSERT_EQUAL(credit(parts, 5, parts->plan.slots + 1), -1);
	CU_ASSERT_EQUAL(sc_out_find(parts->out, 5, 0)->granted, 2);
	CU_ASSERT_EQUAL(credit(parts, 8, 1), -1); /* no receiver */
	sc_out_find(parts->out, 3, 0)->open = false;
	CU_ASSERT_EQUAL(credit(parts, 3, 1), -1);
	parts_free(parts);
}

static void
test_nothing_is_sent_without_credit(void)
{
	struct parts *parts = relay(4);

	parts_hold(parts, 0, false);
	sc_send_settle(parts->out, SC_NONE);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_SEND), 0);
	CU_ASSERT_EQUAL(credit(parts, 5, 2), 0);
	sc_send_settle(parts->out, SC_NONE); /* of two one is here */
	check_sends(parts, 1, 5u);
	CU_ASSERT_EQUAL(parts_last(parts, SC_ACTION_SEND)->chunk, 0);
	parts_free(parts);
}

static void
test_the_last_chunk_ends_an_edge(void)
{
	struct parts *parts = relay(1);
	struct sc_outbound *edge = sc_out_find(parts->out, 2, 0);

	sc_out_list_wants(edge);
	sc_out_scatter(parts->out);
	parts_hold(parts, 0, false);
	CU_ASSERT_EQUAL(credit(parts, 2, 1), 0);
	CU_ASSERT_EQUAL(credit(parts, 3, 1), 0);
	sc_send_settle(parts->out, SC_NONE);
	CU_ASSERT_EQUAL(parts_message(parts, 2, SC_MESSAGE_SENT)->u.sent.sent, 1);
	CU_ASSERT_EQUAL(parts_messages(parts, 3, SC_MESSAGE_SENT), 0); /* it asked for nothing */
	CU_ASSERT_FALSE(edge->lagging);
	CU_ASSERT_EQUAL(parts_records(parts, SC_RECORD_SEND_ENDED), 0);
	sent(parts, 2, 0);
	CU_ASSERT_EQUAL(parts_records(parts, SC_RECORD_SEND_ENDED), 1);
	CU_ASSERT_EQUAL(parts_records(parts, SC_RECORD_SERVED_FROM_STORE), 0);
	parts_free(parts);
}

/* It can't put aside what comes too early. */
static void
test_a_node_that_stores_nothing_sends_what_it_has(void)
{
	struct parts *parts = relay(4);

	parts_hold(parts, 4, false);
	CU_ASSERT_EQUAL(credit(parts, 2, 2), 0);
	sc_send_settle(parts->out, SC_NONE);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_SEND), 0);
	(void)sc_store_fail(parts->store, "no space");
	sc_send_settle(parts->out, SC_NONE);
	check_sends(parts, 1, 2u);
	CU_ASSERT_EQUAL(parts_last(parts, SC_ACTION_SEND)->chunk, 4);
	CU_ASSERT_TRUE(sc_out_wants(sc_out_find(parts->out, 2, 0), 0));
	CU_ASSERT_FALSE(sc_out_wants(sc_out_find(parts->out, 2, 0), 1));
	parts_free(parts);
}

static void
test_what_was_loaded_back_is_counted(void)
{
	struct parts *parts = relay(1);

	sc_pool_charge_to_loads(parts->pool, parts_hold(parts, 0, true));
	CU_ASSERT_EQUAL(credit(parts, 2, 1), 0);
	sc_send_settle(parts->out, SC_NONE);
	sent(parts, 2, 0);
	CU_ASSERT_EQUAL(parts_records(parts, SC_RECORD_SERVED_FROM_STORE), 1);
	parts_free(parts);
}

/* An origin's distribution has its turns elsewhere (turns.h). */
static void
test_what_has_a_turn_is_left_alone(void)
{
	static const struct sc_receiver member = {1, SC_EDGE_DISTRIBUTION};
	static const struct sc_receiver in_need = {6, SC_EDGE_DETOUR};
	struct parts *parts = parts_new(PARTS_OUT, &(struct parts_config){.self = SC_ORIGIN});

	sc_out_add(parts->out, 0, &member, 1);
	sc_out_add(parts->out, 0, &in_need, 1);
	parts_hold(parts, 0, false);
	parts_hold(parts, 4, false);
	CU_ASSERT_EQUAL(credit(parts, 1, 2), 0);
	CU_ASSERT_EQUAL(credit(parts, 6, 1), 0);
	sc_send_settle(parts->out, 0);
	check_sends(parts, 1, 6u);
	sc_send_settle(parts->out, 4);
	check_sends(parts, 2, 6u, 1u);
	parts_free(parts);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"next groups come first", test_next_groups_come_first},
		{"torpid receivers come last", test_torpid_receivers_come_last},
		{"the one that has got least comes first",
			test_the_one_that_has_got_least_comes_first},
		{"an edge has few sends at one time", test_an_edge_has_few_sends_at_one_time},
		{"a relay has few sends at one time", test_a_relay_has_few_sends_at_one_time},
		{"credits add up, within bounds", test_credits_add_up},
		{"nothing is sent without credit", test_nothing_is_sent_without_credit},
		{"the last chunk ends an edge", test_the_last_chunk_ends_an_edge},
		{"a node that stores nothing sends what it has",
			test_a_node_that_stores_nothing_sends_what_it_has},
		{"what was loaded back is counted", test_what_was_loaded_back_is_counted},
		{"what has a turn is left alone", test_what_has_a_turn_is_left_alone},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("core/send", tests);
}
