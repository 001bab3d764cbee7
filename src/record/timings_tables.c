/*
 * The tables of the plan, the nodes, the events and the strategies: see timings_tables.h.
 */
#include "record/timings_tables.h"

#include "core/record.h"
#include "record/h5_write.h"
#include "record/schema.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
fill_plan_node(void *out, uint64_t index, const void *context)
{
	const struct sc_plan *plan = context;
	struct sc_plan_node_row *row = out;
	uint32_t node = (uint32_t)index;
	uint32_t group, member;

	if (node == SC_ORIGIN) {
		*row = (struct sc_plan_node_row){SC_ORIGIN, -1, -1, -1, -1, -1};
		return;
	}
	group = sc_plan_group_of(plan, node, &member);
	row->node = sc_timings_number(node);
	row->group = sc_timings_number(group);
	row->member = sc_timings_number(member);
	row->tree = sc_timings_number(plan->groups[group].tree);
	row->depth = sc_timings_number(plan->groups[group].depth);
	row->parent = sc_timings_number(sc_plan_parent(plan, node));
}

/* Every recipient has one supplier of each subfile: these are all the edges. */
static void
fill_edge(void *out, uint64_t index, const void *context)
{
	const struct sc_plan *plan = context;
	struct sc_edge_row *row = out;
	uint32_t node = (uint32_t)(index / plan->subfiles) + 1;
	uint32_t subfile = (uint32_t)(index % plan->subfiles);
	struct sc_edge edge = sc_plan_supplier(plan, node, subfile);

	assert(edge.to == node && edge.subfile == subfile);
	row->from = sc_timings_number(edge.from);
	row->to = sc_timings_number(edge.to);
	row->subfile = sc_timings_number(edge.subfile);
	row->kind = (uint8_t)edge.kind;
}

int
sc_timings_put_plan(hid_t file, const struct sc_plan *plan, struct sc_error *err)
{
	if (sc_h5_put_group(file, "/plan", err) != 0 ||
	    sc_h5_put_table(file, &sc_schema_plan_nodes, (uint64_t)plan->recipients + 1,
		fill_plan_node, plan, err) != 0)
		return -1;
	return sc_h5_put_table(file, &sc_schema_plan_edges,
	    (uint64_t)plan->recipients * plan->subfiles, fill_edge, plan, err);
}

int64_t
sc_timings_since_start_ns(const struct sc_timings_results *results,
    const struct sc_node_result *node, uint64_t time_ns)
{
	return (int64_t)(time_ns + (uint64_t)node->clock_offset_ns - results->started_ns);
}

static double
moment_s(const struct sc_timings_results *results, const struct sc_node_result *node,
    uint64_t time_ns)
{
	return time_ns == 0 ? (double)NAN
			    : (double)sc_timings_since_start_ns(results, node, time_ns) / 1e9;
}

static void
fill_node(void *out, uint64_t index, const void *context)
{
	const struct sc_timings_results *results = context;
	const struct sc_node_result *result = &results->nodes[index].result;
	struct sc_node_row *row = out;

	assert(result->state < SC_NODE_STATES && result->node == index);
	row->node = sc_timings_number(result->node);
	row->rank = sc_timings_number(result->rank);
	snprintf(row->host, sizeof(row->host), "%s", result->host);
	row->state = (uint8_t)result->state;
	row->clock_offset_s = (double)result->clock_offset_ns / 1e9;
	row->bytes_received = result->bytes_received;
	row->bytes_sent = result->bytes_sent;
	row->bytes_stored = result->bytes_stored;
	row->first_chunk_s = moment_s(results, result, result->first_chunk_ns);
	row->last_chunk_s = moment_s(results, result, result->last_chunk_ns);
	row->stored_s = moment_s(results, result, result->stored_ns);
	row->committed_s = moment_s(results, result, result->committed_ns);
	row->network_stall_s = (double)result->network_stall_ns / 1e9;
	row->storage_stall_s = (double)result->storage_stall_ns / 1e9;
	row->memory_peak_bytes = result->memory_peak_bytes;
	snprintf(row->digest, sizeof(row->digest), "%016" PRIx64 "%016" PRIx64, result->digest_high,
	    result->digest_low);
	snprintf(row->cause, sizeof(row->cause), "%s", result->cause);
}

int
sc_timings_put_nodes(hid_t file, const struct sc_timings_results *results, struct sc_error *err)
{
	return sc_h5_put_table(file, &sc_schema_nodes, results->count, fill_node, results, err);
}

/* What an event's place in time order is found by. */
struct event_key {
	int64_t time_ns; /* since the start */
	uint32_t node;
	uint32_t event; /* in its timeline */
};

struct event_order {
	const struct sc_timings_results *results;
	struct event_key *keys;
	uint64_t count;
};

/* By time; at the same time by node, and then as they were added. */
static int
compare_events(const void *left, const void *right)
{
	const struct event_key *a = left, *b = right;

	if (a->time_ns != b->time_ns)
		return a->time_ns < b->time_ns ? -1 : 1;
	if (a->node != b->node)
		return a->node < b->node ? -1 : 1;
	return (a->event > b->event) - (a->event < b->event);
}

static int
order_events(const struct sc_timings_results *results, struct event_order *order)
{
	uint64_t total = 0;

	*order = (struct event_order){.results = results};
	for (uint32_t i = 0; i < results->count; i++)
		total += results->nodes[i].timeline.count;
	order->keys = malloc((total + 1) * sizeof(*order->keys));
	if (order->keys == NULL)
		return -1;
	for (uint32_t i = 0; i < results->count; i++) {
		const struct sc_timings_node *node = &results->nodes[i];

		for (uint32_t j = 0; j < node->timeline.count; j++)
			order->keys[order->count++] = (struct event_key){
				sc_timings_since_start_ns(results, &node->result,
				    node->timeline.events[j].time_ns),
				i,
				j,
			};
	}
	assert(order->count == total);
	qsort(order->keys, total, sizeof(*order->keys), compare_events);
	return 0;
}

static void
fill_event(void *out, uint64_t index, const void *context)
{
	const struct event_order *order = context;
	const struct event_key *key = &order->keys[index];
	const struct sc_timings_node *node = &order->results->nodes[key->node];
	const struct sc_timeline_event *event = &node->timeline.events[key->event];
	struct sc_event_row *row = out;

	assert(event->what < SC_RECORD_KINDS);
	row->time_s = (double)key->time_ns / 1e9;
	row->rank = sc_timings_number(node->result.rank);
	row->node = sc_timings_number(node->result.node);
	row->what = (uint8_t)event->what;
	row->peer = sc_timings_number(event->peer);
	row->subfile = sc_timings_number(event->subfile);
	row->count = event->count;
}

int
sc_timings_put_events(hid_t file, const struct sc_timings_results *results, struct sc_error *err)
{
	struct event_order order;
	int status;

	if (order_events(results, &order) != 0)
		return sc_fail(err, 0, "not enough memory for /events");
	status = sc_h5_put_table(file, &sc_schema_events, order.count, fill_event, &order, err);
	free(order.keys);
	return status;
}

static void
fill_strategy(void *row, uint64_t index, const void *context)
{
	const struct sc_timings_strategy *strategies = context;

	memcpy(row, &strategies[index], sizeof(*strategies));
}

int
sc_timings_put_strategies(hid_t file, const struct sc_timings_strategy *strategies, uint32_t count,
    struct sc_error *err)
{
	return sc_h5_put_table(file, &sc_schema_strategies, count, fill_strategy, strategies, err);
}
