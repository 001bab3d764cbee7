/*
 * Chunks that a node reads: src/core/load.h.
 */
#include "core/load.h"

#include "core/parts.h"
#include "lib/suite.h"

#include <string.h>

static struct parts *
node(const struct parts_config *config)
{
	return parts_new(PARTS_LOADS, config);
}

static void
loaded(struct parts *parts, uint32_t chunk)
{
	struct sc_event event = {.what = SC_EVENT_CHUNK_LOADED, .chunk = chunk};

	event.slot = sc_pool_find(parts->pool, chunk);
	sc_loads_on_loaded(parts->loads, &event);
}

static void
load_failed(struct parts *parts, uint32_t chunk)
{
	struct sc_event event = {.what = SC_EVENT_LOAD_FAILED, .chunk = chunk};

	event.cause = "input/output error";
	event.slot = chunk == SC_NONE ? SC_NONE : sc_pool_find(parts->pool, chunk);
	sc_loads_on_failed(parts->loads, &event);
}

static void
test_the_origin_reads_in_order(void)
{
	struct parts *parts = node(&(struct parts_config){.self = SC_ORIGIN});
	uint32_t chunk = 0;

	sc_loads_settle(parts->loads);
	for (size_t i = 0; i < parts->actions.count; i++) {
		CU_ASSERT_EQUAL(parts->actions.items[i].what, SC_ACTION_LOAD);
		CU_ASSERT_EQUAL(parts->actions.items[i].chunk, chunk++);
	}
	CU_ASSERT_EQUAL(chunk, parts->plan.slots); /* as far ahead as it has slots */
	CU_ASSERT_EQUAL(parts->loads->under_way, parts->plan.slots);
	loaded(parts, 0);
	CU_ASSERT_EQUAL(parts->loads->under_way, parts->plan.slots - 1);
	CU_ASSERT_EQUAL(parts->pool->slots[sc_pool_find(parts->pool, 0)].state, SC_SLOT_HOLDING);
	CU_ASSERT_EQUAL(parts_last(parts, SC_ACTION_STORE)->chunk, 0);
	CU_ASSERT_TRUE(parts->out->due);
	parts_free(parts);
}

static void
test_once_scattered_some_slots_are_for_others(void)
{
	struct parts *parts = node(&(struct parts_config){.self = SC_ORIGIN});

	sc_out_scatter(parts->out);
	sc_loads_settle(parts->loads);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_LOAD),
	    parts->plan.slots - parts->plan.load_slots);
	parts_free(parts);
}

static void
test_the_source_is_finished_at_its_end(void)
{
	struct parts *parts = node(&(struct parts_config){.self = SC_ORIGIN, .chunks = 1});

	sc_loads_settle(parts->loads);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_LOAD), 4);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_FINISH_SOURCE), 1);
	CU_ASSERT_EQUAL(parts->actions.items[4].what, SC_ACTION_FINISH_SOURCE);
	sc_loads_settle(parts->loads);
	CU_ASSERT_EQUAL(parts->actions.count, 5);
	parts_free(parts);
}

static void
test_nothing_is_read_before_the_store_is_open(void)
{
	struct parts *parts = node(&(struct parts_config){.self = SC_ORIGIN, .opening = true});

	sc_loads_settle(parts->loads);
	CU_ASSERT_EQUAL(parts->actions.count, 0);
	parts_free(parts);
}

/* Node 1 holds all of subfile 0 in its store; one edge, to node 2, lags. */
static struct parts *
lagging(struct sc_outbound **edge)
{
	static const struct sc_receiver receiver = {2, SC_EDGE_COLLECTION};
	struct parts *parts = node(&(struct parts_config){.self = 1, .opening = true});

	parts_open(parts, 1u << 0);
	sc_in_update_need(parts->in, 0);
	sc_out_list(parts->out, 0, &receiver, 1);
	*edge = &parts->out->edges[0];
	CU_ASSERT_TRUE((*edge)->lagging);
	parts_at(parts, 1);
	return parts;
}

static void
test_an_edge_that_lags_is_served_from_the_store(void)
{
	struct sc_outbound *edge;
	struct parts *parts = lagging(&edge);

	sc_loads_settle(parts->loads);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_LOAD), 0); /* no credit */
	edge->granted = 1;
	sc_loads_settle(parts->loads);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_LOAD), 1);
	CU_ASSERT_EQUAL(parts_last(parts, SC_ACTION_LOAD)->chunk, 0);
	sc_loads_settle(parts->loads);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_LOAD), 1); /* it is on its way */
	edge->granted = 4;
	sc_loads_settle(parts->loads);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_LOAD), parts->plan.load_slots);
	loaded(parts, 0);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_STORE), 0);
	CU_ASSERT_TRUE(parts->pool->slots[sc_pool_find(parts->pool, 0)].stored);
	parts_free(parts);
}

/* Two slots are left for loads.  Which edge finds none is the first the next time. */
static void
test_edges_that_lag_take_turns(void)
{
	static const struct sc_receiver receivers[] = {
		{2, SC_EDGE_COLLECTION},
		{3, SC_EDGE_COLLECTION},
	};
	struct parts *parts = node(&(struct parts_config){.self = 1, .opening = true});

	parts_open(parts, 1u << 0);
	sc_out_list(parts->out, 0, receivers, 2);
	parts->out->edges[0].granted = parts->out->edges[1].granted = 2;
	parts->out->edges[1].next = 2;
	CU_ASSERT_EQUAL(sc_pool_load_quota(parts->pool), 2);
	parts_at(parts, 1);
	sc_loads_settle(parts->loads);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_LOAD), 2);
	CU_ASSERT_EQUAL(parts_last(parts, SC_ACTION_LOAD)->chunk, 4);
	for (uint32_t chunk = 0; chunk <= 4; chunk += 4) {
		loaded(parts, chunk);
		sc_pool_release(parts->pool, sc_pool_find(parts->pool, chunk));
	}
	parts_at(parts, 2);
	sc_loads_settle(parts->loads);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_LOAD), 2);
	CU_ASSERT_EQUAL(parts_last(parts, SC_ACTION_LOAD)->chunk, 12);
	parts_free(parts);
}

static void
test_an_edge_that_has_caught_up_lags_no_longer(void)
{
	struct sc_outbound *edge;
	struct parts *parts = parts_new(PARTS_LOADS, &(struct parts_config){.self = 1});

	sc_out_list_planned(parts->out, 0);
	edge = sc_out_find(parts->out, 2, 0);
	sc_out_set_lagging(parts->out, edge, true);
	edge->granted = 1;
	sc_loads_settle(parts->loads); /* the chunk has yet to come */
	CU_ASSERT_FALSE(edge->lagging);
	sc_out_set_lagging(parts->out, edge, true);
	sc_out_scatter(parts->out);
	sc_loads_settle(parts->loads); /* what follows may be here */
	CU_ASSERT_TRUE(edge->lagging);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_LOAD), 0);
	parts_free(parts);
}

static void
test_a_buddy_reads_for_itself(void)
{
	struct parts *parts = node(&(struct parts_config){.self = 2, .buddy = 2});

	sc_pool_release(parts->pool, parts_hold(parts, 4, true));
	sc_in_ask(parts->in, 2, 0);
	parts_at(parts, 1);
	sc_loads_settle(parts->loads);
	CU_ASSERT_EQUAL(parts_count(parts, SC_ACTION_LOAD), 3);
	CU_ASSERT_EQUAL(parts->actions.items[0].chunk, 0);
	CU_ASSERT_EQUAL(parts->actions.items[1].chunk, 8); /* 4 is here */
	loaded(parts, 0);
	CU_ASSERT_TRUE(sc_store_has(parts->store, 0));
	CU_ASSERT_EQUAL(parts_last(parts, SC_ACTION_STORE)->chunk, 0);
	parts_free(parts);
}

static void
test_a_buddy_that_can_not_read_asks_another(void)
{
	struct parts *parts = node(&(struct parts_config){.self = 2, .buddy = 2});

	sc_in_ask(parts->in, 2, 0);
	sc_loads_settle(parts->loads);
	load_failed(parts, 0);
	CU_ASSERT_EQUAL(parts->in->edges[0].peer, SC_NONE);
	CU_ASSERT_EQUAL(parts->supply->lists[0].refusers[0], 2);
	CU_ASSERT_EQUAL(parts->store->copy, SC_COPY_GROWING);
	CU_ASSERT_FALSE(parts->control->is_aborted);
	parts_free(parts);
}

static void
test_a_store_that_gives_nothing_back(void)
{
	struct sc_outbound *edge;
	struct parts *parts = lagging(&edge);

	edge->granted = 1;
	sc_loads_settle(parts->loads);
	load_failed(parts, 0);
	CU_ASSERT_EQUAL(parts->loads->under_way, 0);
	CU_ASSERT_EQUAL(parts->pool->used, 0);
	CU_ASSERT_EQUAL(parts->store->copy, SC_COPY_FAILED);
	CU_ASSERT_EQUAL(parts_messages(parts, SC_ORIGIN, SC_MESSAGE_FAILED), 1);
	CU_ASSERT_EQUAL(parts_messages(parts, 2, SC_MESSAGE_REFUSE), 1);
	CU_ASSERT_FALSE(sc_store_can_load(parts->store, 0, false));
	CU_ASSERT_FALSE(parts->control->is_aborted);
	parts_free(parts);
}

static void
test_a_source_that_can_not_be_read_ends_the_run(void)
{
	struct parts *parts = node(&(struct parts_config){.self = SC_ORIGIN});
	struct parts *finishing = node(&(struct parts_config){.self = SC_ORIGIN, .chunks = 1});

	sc_loads_settle(parts->loads);
	load_failed(parts, 3);
	CU_ASSERT_TRUE(parts->control->is_aborted);
	CU_ASSERT_PTR_NOT_NULL(strstr(parts_report(parts), "input/output error"));
	CU_ASSERT_EQUAL(sc_pool_find(parts->pool, 3), SC_NONE);
	sc_loads_settle(finishing->loads);
	load_failed(finishing, SC_NONE);
	CU_ASSERT_TRUE(finishing->control->is_aborted);
	CU_ASSERT_EQUAL(finishing->control->sealing, SC_SEAL_UNKNOWN);
	CU_ASSERT_EQUAL(finishing->loads->under_way, 4);
	parts_free(parts);
	parts_free(finishing);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"the origin reads in order", test_the_origin_reads_in_order},
		{"once scattered, some slots are left for others",
			test_once_scattered_some_slots_are_for_others},
		{"the source is finished at its end", test_the_source_is_finished_at_its_end},
		{"nothing is read before the store is open",
			test_nothing_is_read_before_the_store_is_open},
		{"an edge that lags is served from the store",
			test_an_edge_that_lags_is_served_from_the_store},
		{"edges that lag take turns", test_edges_that_lag_take_turns},
		{"an edge that has caught up lags no longer",
			test_an_edge_that_has_caught_up_lags_no_longer},
		{"a buddy reads for itself", test_a_buddy_reads_for_itself},
		{"a buddy that can't read asks another",
			test_a_buddy_that_can_not_read_asks_another},
		{"a store that gives nothing back", test_a_store_that_gives_nothing_back},
		{"a source that can't be read ends the run",
			test_a_source_that_can_not_be_read_ends_the_run},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("core/load", tests);
}
