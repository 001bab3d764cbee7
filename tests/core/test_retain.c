/*
 * How long a chunk stays in its slot: src/core/retain.h.
 */
#include "core/retain.h"

#include "core/parts.h"
#include "lib/suite.h"

/* Node 1 sends subfile 0 to node 2 only; its window is 2. */
static struct parts *
relay(struct sc_outbound **edge)
{
	static const struct sc_receiver receiver = {2, SC_EDGE_COLLECTION};
	struct parts *parts = parts_new(PARTS_IN, &(struct parts_config){.self = 1});

	sc_out_list(parts->out, 0, &receiver, 1);
	*edge = &parts->out->edges[0];
	return parts;
}

static bool
is_here(const struct parts *parts, uint32_t chunk)
{
	return sc_pool_find(parts->pool, chunk) != SC_NONE;
}

static void
settle(struct parts *parts)
{
	sc_pool_touch_all(parts->pool);
	sc_retain_settle(parts->in, parts->out);
}

static void
test_what_is_stored_and_sent_leaves(void)
{
	struct sc_outbound *edge;
	struct parts *parts = relay(&edge);

	edge->next = 1;
	parts_hold(parts, 0, true);
	sc_retain_settle(parts->in, parts->out);
	CU_ASSERT_FALSE(is_here(parts, 0));
	CU_ASSERT_EQUAL(edge->lagging, false);
	CU_ASSERT_FALSE(sc_marks_any(&parts->pool->touched));
	parts_free(parts);
}

static void
test_what_is_not_marked_is_left_alone(void)
{
	struct sc_outbound *edge;
	struct parts *parts = relay(&edge);

	edge->next = 1;
	parts_hold(parts, 0, true);
	(void)sc_marks_take(&parts->pool->touched);
	sc_retain_settle(parts->in, parts->out);
	CU_ASSERT_TRUE(is_here(parts, 0));
	parts_free(parts);
}

static void
test_what_is_under_way_stays(void)
{
	struct sc_outbound *edge;
	struct parts *parts = relay(&edge);
	uint32_t storing = parts_hold(parts, 0, false);
	uint32_t sending = parts_hold(parts, 1, true);

	edge->next = 1;
	sc_store_put(parts->store, storing);
	parts->pool->slots[sending].sends = 1;
	settle(parts);
	CU_ASSERT_TRUE(is_here(parts, 0));
	CU_ASSERT_TRUE(is_here(parts, 1));
	(void)sc_store_on_stored(parts->store, storing);
	parts->pool->slots[sending].sends = 0;
	settle(parts);
	CU_ASSERT_EQUAL(parts->pool->used, 0);
	parts_free(parts);
}

/* Behind by less than a window it keeps the slot; by more it is served from the store. */
static void
test_an_edge_keeps_what_it_is_a_little_behind_with(void)
{
	struct sc_outbound *edge;
	struct parts *parts = relay(&edge);

	parts->in->edges[0].peer = SC_ORIGIN; /* it has credits: the slots are not needed */
	parts->in->edges[0].granted = 4;
	parts_hold(parts, 4, true);
	parts_hold(parts, 8, true);
	settle(parts);
	CU_ASSERT_TRUE(is_here(parts, 4));
	CU_ASSERT_FALSE(is_here(parts, 8));
	CU_ASSERT_TRUE(edge->lagging);
	parts->in->edges[0] = (struct sc_inbound){.peer = SC_NONE};
	parts_free(parts);
}

/* A node that has not stored a chunk can't load it again. */
static void
test_what_can_not_be_loaded_again_stays(void)
{
	struct sc_outbound *edge;
	struct parts *parts = relay(&edge);

	(void)sc_store_fail(parts->store, "no space");
	parts_hold(parts, 12, false);
	settle(parts);
	CU_ASSERT_TRUE(is_here(parts, 12));
	edge->next = 4;
	settle(parts);
	CU_ASSERT_FALSE(is_here(parts, 12));
	parts_free(parts);
}

static void
test_what_was_loaded_back_stays_for_its_edge_only(void)
{
	struct sc_outbound *edge;
	struct parts *parts = relay(&edge);

	sc_pool_charge_to_loads(parts->pool, parts_hold(parts, 0, true));
	edge->granted = 1;
	settle(parts);
	CU_ASSERT_TRUE(is_here(parts, 0));
	edge->granted = 0;
	settle(parts);
	CU_ASSERT_FALSE(is_here(parts, 0));
	parts_free(parts);
}

/* Both slots of the window are full, and the receiver takes nothing: one is given back. */
static void
test_a_slow_receiver_does_not_stop_the_supplier(void)
{
	struct sc_outbound *edge;
	struct parts *parts = relay(&edge);

	parts_hold(parts, 0, true);
	parts_hold(parts, 4, true);
	CU_ASSERT_EQUAL(sc_in_outlook(parts->in, 0), 0);
	settle(parts);
	CU_ASSERT_EQUAL(sc_in_outlook(parts->in, 0), 1);
	CU_ASSERT_EQUAL(parts->pool->used, 1);
	CU_ASSERT_TRUE(edge->lagging);
	parts_free(parts);
}

/* Where all credits are used up, what a receiver keeps up with has to leave, too. */
static void
test_a_supplier_that_stands_still_comes_first(void)
{
	struct sc_outbound *edge;
	struct parts *parts = relay(&edge);

	edge->granted = 2;
	parts_hold(parts, 0, true);
	parts_hold(parts, 4, true);
	settle(parts);
	CU_ASSERT_EQUAL(parts->pool->used, 1);
	CU_ASSERT_EQUAL(sc_in_outlook(parts->in, 0), 1);
	CU_ASSERT_TRUE(edge->lagging);
	parts_free(parts);
}

/* Half of a window of 8 is enough for the supplier. */
static void
test_what_is_under_way_to_it_counts_as_a_load(void)
{
	static const struct sc_receiver receiver = {2, SC_EDGE_COLLECTION};
	struct parts *parts =
	    parts_new(PARTS_IN, &(struct parts_config){.self = 1, .chunks = 16, .window = 8});
	uint32_t slots[8];

	sc_out_list(parts->out, 0, &receiver, 1);
	parts->out->edges[0].next = 8;
	for (uint32_t i = 0; i < 8; i++) {
		slots[i] = parts_hold(parts, i * PARTS_SUBFILES, true);
		parts->pool->slots[slots[i]].sends = i < 7;
	}
	settle(parts);
	CU_ASSERT_EQUAL(parts->pool->used, 7);
	CU_ASSERT_EQUAL(parts->pool->loads_used, 3);
	CU_ASSERT_EQUAL(sc_in_outlook(parts->in, 0), 4);
	parts_free(parts);
}

static void
test_the_origin_drops_what_it_can_read_again(void)
{
	static const struct sc_receiver member = {1, SC_EDGE_DISTRIBUTION};
	struct parts *parts =
	    parts_new(PARTS_IN, &(struct parts_config){.self = SC_ORIGIN, .keeps_none = true});

	sc_out_add(parts->out, 0, &member, 1);
	parts_hold(parts, 0, false);
	settle(parts);
	CU_ASSERT_TRUE(is_here(parts, 0)); /* its turn will come */
	parts->out->edges[0].next = 1;
	settle(parts);
	CU_ASSERT_FALSE(is_here(parts, 0));
	parts_free(parts);
}

/* Among chunks that edges want, the latest gives way to an earlier one. */
static void
test_a_load_finds_room(void)
{
	struct sc_outbound *edge;
	struct parts *parts = relay(&edge);

	for (uint32_t chunk = 0; chunk < 12; chunk += 4)
		sc_pool_charge_to_loads(parts->pool, parts_hold(parts, chunk, true));
	edge->granted = 3;
	CU_ASSERT_FALSE(sc_retain_evict(parts->out, 8));
	CU_ASSERT_TRUE(sc_retain_evict(parts->out, 0));
	CU_ASSERT_FALSE(is_here(parts, 8));
	CU_ASSERT_TRUE(is_here(parts, 0));
	edge->granted = 1; /* chunk 4 is not needed now */
	CU_ASSERT_TRUE(sc_retain_evict(parts->out, 12));
	CU_ASSERT_FALSE(is_here(parts, 4));
	CU_ASSERT_TRUE(is_here(parts, 0));
	parts_free(parts);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"what is stored and sent leaves its slot", test_what_is_stored_and_sent_leaves},
		{"what is not marked is left alone", test_what_is_not_marked_is_left_alone},
		{"what is under way stays", test_what_is_under_way_stays},
		{"an edge keeps what it is a little behind with",
			test_an_edge_keeps_what_it_is_a_little_behind_with},
		{"what can't be loaded again stays", test_what_can_not_be_loaded_again_stays},
		{"what was loaded back stays for its edge only",
			test_what_was_loaded_back_stays_for_its_edge_only},
		{"a slow receiver does not stop the supplier",
			test_a_slow_receiver_does_not_stop_the_supplier},
		{"a supplier that stands still comes first",
			test_a_supplier_that_stands_still_comes_first},
		{"what is under way to it counts as a load",
			test_what_is_under_way_to_it_counts_as_a_load},
		{"the origin drops what it can read again",
			test_the_origin_drops_what_it_can_read_again},
		{"a load finds room", test_a_load_finds_room},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("core/retain", tests);
}
