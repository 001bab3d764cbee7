/*
 * Inbound edges: src/core/in.h.
 */
#include "core/in.h"

#include "core/parts.h"
#include "lib/suite.h"

/* Node 1, with the origin as the supplier of subfile 0, which has said OFFER. */
static struct parts *
offered(uint32_t chunks, uint32_t window)
{
	struct parts *parts = parts_new(PARTS_IN,
	    &(struct parts_config){.self = 1, .chunks = chunks, .window = window});

	parts->in->edges[0].peer = SC_ORIGIN;
	parts->in->edges[0].begun = true;
	sc_in_begin(parts->in, 0, false);
	sc_in_settle(parts->in);
	return parts;
}

static uint32_t
receiving(const struct parts *parts, uint32_t peer, uint32_t subfile)
{
	for (uint32_t i = 0; i < parts->pool->count; i++) {
		if (parts->pool->slots[i].state == SC_SLOT_RECEIVING &&
		    parts->pool->slots[i].peer == peer && parts->pool->slots[i].charged == subfile)
			return i;
	}
	CU_FAIL_FATAL("no receive is posted");
	return SC_NONE;
}

/* Returns its slot. */
static uint32_t
arrive(struct parts *parts, uint32_t peer, uint32_t chunk, bool intact)
{
	struct sc_event event = {
		.what = SC_EVENT_CHUNK_ARRIVED,
		.peer = peer,
		.slot = receiving(parts, peer, 0),
		.chunk = chunk,
		.intact = intact,
	};

	sc_in_on_arrived(parts->in, &event);
	return event.slot;
}

/* It is stored, and its slot free again. */
static void
arrive_and_leave(struct parts *parts, uint32_t chunk)
{
	uint32_t slot = arrive(parts, SC_ORIGIN, chunk, true);

	(void)sc_store_on_stored(parts->store, slot);
	sc_pool_release(parts->pool, slot);
	sc_in_settle(parts->in);
}

static void
receive_ended(struct parts *parts, uint32_t peer)
{
	struct sc_event event = {
		.what = SC_EVENT_RECEIVE_ENDED,
		.peer = peer,
		.slot = receiving(parts, peer, 0),
	};

	sc_in_on_receive_ended(parts->in, &event);
}

static uint32_t
credits_told(const struct parts *parts)
{
	const struct sc_message *credit = parts_message(parts, SC_ORIGIN, SC_MESSAGE_CREDIT);

	return credit == NULL ? 0 : credit->u.credit.granted;
}

static void
test_a_window_of_credits_is_granted(void)
{
	struct parts *parts = offered(16, 8);

	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_RECEIVE), 8);
	CU_ASSERT_EQUAL(parts_messages(parts, SC_NONE, SC_MESSAGE_CREDIT), 1);
	CU_ASSERT_EQUAL(credits_told(parts), 8);
	CU_ASSERT_EQUAL(sc_in_outlook(parts->in, 0), 8);
	parts_free(parts);
}

static void
test_no_credit_without_an_offer(void)
{
	struct parts *parts = parts_new(PARTS_IN, &(struct parts_config){.self = 1});

	parts->in->edges[0].peer = SC_ORIGIN;
	sc_in_update_need(parts->in, 0);
	sc_in_settle(parts->in);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_RECEIVE), 0);
	CU_ASSERT_EQUAL(parts->pool->reserved, 8); /* the slots are kept for it */
	parts_free(parts);
}

static void
test_no_credit_before_the_store_is_open(void)
{
	struct parts *parts =
	    parts_new(PARTS_IN, &(struct parts_config){.self = 1, .opening = true});

	parts->in->edges[0].peer = SC_ORIGIN;
	sc_in_begin(parts->in, 0, false);
	sc_in_settle(parts->in);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_RECEIVE), 0);
	sc_store_open(parts->store, NULL);
	sc_in_settle(parts->in);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_RECEIVE), 2);
	parts_free(parts);
}

static void
test_credits_are_told_by_the_half_window(void)
{
	struct parts *parts = offered(32, 8);

	for (uint32_t i = 0; i < 3; i++) {
		parts_at(parts, 1);
		arrive_and_leave(parts, i * PARTS_SUBFILES);
		CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_RECEIVE), 1);
		CU_ASSERT_EQUAL(credits_told(parts), 0);
	}
	arrive_and_leave(parts, 3 * PARTS_SUBFILES);
	CU_ASSERT_EQUAL(credits_told(parts), 12);
	parts_free(parts);
}

static void
test_the_last_credits_are_told_at_once(void)
{
	struct parts *parts = offered(9, 8);

	parts_at(parts, 1);
	arrive_and_leave(parts, 0);
	CU_ASSERT_EQUAL(credits_told(parts), 9);
	parts_at(parts, 2);
	arrive_and_leave(parts, 4);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_RECEIVE), 0);
	CU_ASSERT_EQUAL(credits_told(parts), 0);
	parts_free(parts);
}

/* Where all slots hold chunks, credits are told one by one. */
static void
test_a_supplier_with_few_credits_is_told(void)
{
	struct parts *parts = offered(32, 8);
	uint32_t slots[8];

	for (uint32_t i = 0; i < 8; i++) {
		slots[i] = arrive(parts, SC_ORIGIN, i * PARTS_SUBFILES, true);
		(void)sc_store_on_stored(parts->store, slots[i]);
	}
	sc_in_settle(parts->in);
	CU_ASSERT_EQUAL(sc_in_outlook(parts->in, 0), 0);
	parts_at(parts, 1);
	sc_pool_release(parts->pool, slots[0]);
	CU_ASSERT_EQUAL(sc_in_outlook(parts->in, 0), 1);
	sc_in_settle(parts->in);
	CU_ASSERT_EQUAL(credits_told(parts), 9);
	parts_free(parts);
}

/* All slots that no receive has are taken by loads, one of which ends. */
static void
test_a_subfile_that_found_no_slot_gets_the_next(void)
{
	struct parts *parts = parts_new(PARTS_IN, &(struct parts_config){.self = 1});
	uint32_t slot = SC_NONE;

	for (uint32_t i = 0; i < parts->pool->count; i++) {
		slot = sc_pool_take(parts->pool, SC_NONE, SC_SLOT_LOADING);
		sc_pool_assign(parts->pool, slot, i);
	}
	parts->in->edges[0].peer = SC_ORIGIN;
	sc_in_begin(parts->in, 0, false);
	sc_in_settle(parts->in);
	CU_ASSERT_EQUAL(sc_in_outlook(parts->in, 0), 0);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_RECEIVE), 0);
	sc_pool_release(parts->pool, slot);
	CU_ASSERT_EQUAL(sc_in_outlook(parts->in, 0), 1);
	sc_in_settle(parts->in);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_RECEIVE), 1);
	parts_free(parts);
}

static void
test_a_chunk_is_taken(void)
{
	struct parts *parts = offered(4, 2);
	uint32_t slot;

	parts->out->due = false;
	(void)sc_marks_take(&parts->in->look);
	slot = arrive(parts, SC_ORIGIN, 0, true);
	CU_ASSERT_EQUAL(sc_pool_find(parts->pool, 0), slot);
	CU_ASSERT_EQUAL(parts->pool->slots[slot].state, SC_SLOT_HOLDING);
	CU_ASSERT_EQUAL(parts_last(parts, SC_ACTION_STORE)->chunk, 0);
	CU_ASSERT_TRUE(sc_store_has(parts->store, 0));
	CU_ASSERT_EQUAL(sc_in_outlook(parts->in, 0), 1);
	CU_ASSERT_EQUAL(parts_records(parts, SC_RECORD_FIRST_CHUNK), 1);
	CU_ASSERT_TRUE(parts->out->due);
	CU_ASSERT_TRUE(sc_marks_any(&parts->in->look));
	CU_ASSERT_FALSE(parts->out->scattered);
	arrive(parts, SC_ORIGIN, 8, true); /* not in order */
	CU_ASSERT_TRUE(parts->out->scattered);
	CU_ASSERT_EQUAL(parts_records(parts, SC_RECORD_FIRST_CHUNK), 1);
	parts_free(parts);
}

static void
test_a_damaged_chunk_is_dropped(void)
{
	struct parts *parts = offered(4, 2);
	uint32_t slot = arrive(parts, SC_ORIGIN, 0, false);

	CU_ASSERT_EQUAL(parts->pool->slots[slot].state, SC_SLOT_FREE);
	CU_ASSERT_FALSE(sc_store_has(parts->store, 0));
	CU_ASSERT_EQUAL(parts->in->edges[0].damages, 1);
	CU_ASSERT_EQUAL(parts_records(parts, SC_RECORD_CHUNK_DAMAGED), 1);
	arrive(parts, SC_ORIGIN, 1, true); /* of another subfile: its number is damaged */
	CU_ASSERT_EQUAL(parts->in->edges[0].damages, 2);
	CU_ASSERT_EQUAL(parts->pool->used, 0);
	parts_free(parts);
}

static void
test_a_chunk_that_is_here_is_dropped(void)
{
	struct parts *parts = offered(4, 2);
	uint32_t slot;

	arrive_and_leave(parts, 0);
	slot = arrive(parts, SC_ORIGIN, 0, true);
	CU_ASSERT_EQUAL(parts->pool->slots[slot].state, SC_SLOT_FREE);
	CU_ASSERT_EQUAL(sc_store_lacks(parts->store, 0), 3);
	CU_ASSERT_EQUAL(parts->in->edges[0].damages, 0);
	CU_ASSERT_EQUAL(parts->in->edges[0].got, 2);
	parts_free(parts);
}

static void
test_what_comes_to_an_aborted_run_is_dropped(void)
{
	struct parts *parts = offered(4, 2);
	uint32_t slot;

	sc_in_close(parts->in);
	slot = arrive(parts, SC_ORIGIN, 0, true);
	CU_ASSERT_EQUAL(parts->pool->slots[slot].state, SC_SLOT_FREE);
	CU_ASSERT_FALSE(sc_store_has(parts->store, 0));
	parts_free(parts);
}

/* Its receives end only when all that it sent has come. */
static void
test_a_former_supplier_is_withdrawn_in_time(void)
{
	struct parts *parts = offered(8, 4);

	arrive(parts, SC_ORIGIN, 0, true);
	sc_in_retire(parts->in, 0, 3);
	CU_ASSERT_EQUAL(parts->in->edges[0].peer, SC_NONE);
	CU_ASSERT_TRUE(sc_former_is(&parts->in->formers, SC_ORIGIN, 0));
	arrive(parts, SC_ORIGIN, 4, true);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_WITHDRAW), 0);
	arrive(parts, SC_ORIGIN, 8, true);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_WITHDRAW), 1);
	CU_ASSERT_EQUAL(parts_last(parts, SC_ACTION_WITHDRAW)->peer, SC_ORIGIN);
	CU_ASSERT_EQUAL(sc_store_lacks(parts->store, 0), 5); /* late, but as good as others */
	CU_ASSERT_TRUE(sc_former_is(&parts->in->formers, SC_ORIGIN, 0));
	(void)sc_marks_take(&parts->in->formers.choose);
	receive_ended(parts, SC_ORIGIN);
	CU_ASSERT_FALSE(sc_former_is(&parts->in->formers, SC_ORIGIN, 0));
	CU_ASSERT_TRUE(sc_marks_any(&parts->in->formers.choose)); /* it may be asked again */
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_WITHDRAW), 1);
	parts_free(parts);
}

static void
test_a_former_supplier_says_later_what_it_sent(void)
{
	struct parts *parts = offered(8, 4);

	sc_in_retire(parts->in, 0, SC_NONE);
	arrive(parts, SC_ORIGIN, 0, true);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_WITHDRAW), 0);
	CU_ASSERT_FALSE(sc_former_on_sent(&parts->in->formers, 4, 0, 1, 0));
	CU_ASSERT_TRUE(sc_former_on_sent(&parts->in->formers, SC_ORIGIN, 0, 1, 0));
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_WITHDRAW), 1);
	parts_free(parts);
}

static void
test_a_lost_supplier_is_forgotten(void)
{
	struct parts *parts = offered(8, 4);

	sc_former_decline(&parts->in->formers, 3, 0);
	parts_lose(parts, 3);
	sc_in_forget(parts->in, 3);
	CU_ASSERT_EQUAL(parts->in->formers.count, 0);
	CU_ASSERT_EQUAL(parts->in->edges[0].peer, SC_ORIGIN);
	parts_lose(parts, SC_ORIGIN);
	sc_in_forget(parts->in, SC_ORIGIN);
	CU_ASSERT_EQUAL(parts->in->edges[0].peer, SC_NONE);
	CU_ASSERT_EQUAL(parts->in->formers.count, 0);
	for (uint32_t i = 0; i < 4; i++)
		receive_ended(parts, SC_ORIGIN);
	CU_ASSERT_EQUAL(parts->pool->used, 0);
	parts_free(parts);
}

static void
test_a_stand_in_is_asked_for_what_is_lacking(void)
{
	struct parts *parts = offered(4, 2);
	const struct sc_message *want;

	arrive(parts, SC_ORIGIN, 4, true);
	sc_in_retire(parts->in, 0, 1);
	sc_in_ask(parts->in, 3, 0);
	want = parts_message(parts, 3, SC_MESSAGE_WANT);
	CU_ASSERT_PTR_NOT_NULL_FATAL(want);
	CU_ASSERT_EQUAL(want->u.want.flags, SC_WANT_BEGIN | SC_WANT_ASK);
	CU_ASSERT_EQUAL(want->u.want.count, 4);
	CU_ASSERT_EQUAL(want->u.want.bits[0], 0xd);
	CU_ASSERT_EQUAL(parts->in->edges[0].peer, 3);
	CU_ASSERT_FALSE(parts->in->edges[0].offered);
	CU_ASSERT_EQUAL(parts_records(parts, SC_RECORD_DETOUR), 1);
	CU_ASSERT_TRUE(parts->out->scattered);
	parts_free(parts);
}

static void
test_one_chunk_is_asked_for_again(void)
{
	struct parts *parts = offered(4, 2);
	const struct sc_message *want;

	parts->in->edges[0].coming = 4;
	sc_in_ask_again(parts->in, 0, 2);
	want = parts_message(parts, SC_ORIGIN, SC_MESSAGE_WANT);
	CU_ASSERT_PTR_NOT_NULL_FATAL(want);
	CU_ASSERT_EQUAL(want->u.want.flags, 0);
	CU_ASSERT_EQUAL(want->u.want.first, 2);
	CU_ASSERT_EQUAL(want->u.want.count, 1);
	CU_ASSERT_EQUAL(want->u.want.bits[0], 1);
	CU_ASSERT_EQUAL(parts->in->edges[0].wants, 1);
	CU_ASSERT_EQUAL(parts->in->edges[0].coming, SC_NONE);
	parts_free(parts);
}

/* The supplier that offers sends all; a node that has a part says what it lacks. */
static void
test_a_resumed_node_says_what_it_lacks(void)
{
	struct parts *parts = parts_new(PARTS_IN, &(struct parts_config){.self = 1});

	parts_hold(parts, 0, true);
	parts->in->edges[0].peer = SC_ORIGIN;
	sc_in_begin(parts->in, 0, false);
	CU_ASSERT_EQUAL(parts_message(parts, 0, SC_MESSAGE_WANT)->u.want.flags, SC_WANT_BEGIN);
	CU_ASSERT_EQUAL(parts_message(parts, 0, SC_MESSAGE_WANT)->u.want.bits[0], 0xe);
	parts_free(parts);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"a window of credits is granted", test_a_window_of_credits_is_granted},
		{"no credit without an offer", test_no_credit_without_an_offer},
		{"no credit before the store is open", test_no_credit_before_the_store_is_open},
		{"credits are told by the half window", test_credits_are_told_by_the_half_window},
		{"the last credits are told at once", test_the_last_credits_are_told_at_once},
		{"a supplier with few credits is told of each",
			test_a_supplier_with_few_credits_is_told},
		{"a subfile that found no slot gets the next",
			test_a_subfile_that_found_no_slot_gets_the_next},
		{"a chunk is taken", test_a_chunk_is_taken},
		{"a damaged chunk is dropped", test_a_damaged_chunk_is_dropped},
		{"a chunk that is here already is dropped", test_a_chunk_that_is_here_is_dropped},
		{"what comes to an aborted run is dropped",
			test_what_comes_to_an_aborted_run_is_dropped},
		{"a former supplier is withdrawn when all has come that it sent",
			test_a_former_supplier_is_withdrawn_in_time},
		{"a former supplier may say later what it sent",
			test_a_former_supplier_says_later_what_it_sent},
		{"a lost supplier is forgotten", test_a_lost_supplier_is_forgotten},
		{"a stand-in is asked for what is lacking",
			test_a_stand_in_is_asked_for_what_is_lacking},
		{"one chunk is asked for again", test_one_chunk_is_asked_for_again},
		{"a node that has a part says what it lacks",
			test_a_resumed_node_says_what_it_lacks},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("core/in", tests);
}
