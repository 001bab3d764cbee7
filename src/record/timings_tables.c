/*
 * The tables of the timings file: see timings_tables.h.
 */
#include "record/timings_tables.h"

#include "core/record.h"
#include "record/h5.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct plan_node_row {
	int32_t node;
	int32_t group;
	int32_t member;
	int32_t tree;
	int32_t depth;
	int32_t parent;
};

struct edge_row {
	int32_t from;
	int32_t to;
	int32_t subfile;
	uint8_t kind;
};

struct node_row {
	int32_t node;
	int32_t rank;
	char host[SC_HOST_BYTES];
	uint8_t state;
	double clock_offset_s;
	uint64_t bytes_received;
	uint64_t bytes_sent;
	uint64_t bytes_stored;
	double first_chunk_s;
	double last_chunk_s;
	double stored_s;
	double committed_s;
	double network_stall_s;
	double storage_stall_s;
	uint64_t memory_peak_bytes;
	char digest[33];
	char cause[SC_CAUSE_BYTES];
};

struct event_row {
	double time_s;
	int32_t rank;
	int32_t node;
	uint8_t what;
	int64_t peer;
	int32_t subfile;
	uint64_t count;
};

struct failure_row {
	int32_t rank;
	int32_t node;
	char host[SC_HOST_BYTES];
	char cause[SC_CAUSE_BYTES];
	double detected_s;
	int64_t detected_by;
	double detour_s;
	uint64_t bytes_supplied_again;
};

/* What an event's place in time order is found by. */
struct event_key {
	int64_t time_ns; /* since the start */
	uint32_t report; /* in struct sc_timings_reports */
	uint32_t event;  /* in its timeline */
};

struct event_order {
	const struct sc_timings_reports *reports;
	struct event_key *keys;
	uint64_t count;
};

/* A number that fits, as all of nodes, ranks and subfiles do, or -1. */
static int32_t
number_or_none(uint32_t number)
{
	assert(number == SC_NONE || number <= INT32_MAX);
	return number == SC_NONE ? -1 : (int32_t)number;
}

/* A moment of a rank's clock, since the start on the origin's.  The result is
 * small, whatever the clocks' values are, so let the sum wrap. */
static int64_t
since_start_ns(uint64_t time_ns, int64_t clock_offset_ns, uint64_t started_ns)
{
	return (int64_t)(time_ns + (uint64_t)clock_offset_ns - started_ns);
}

static double
moment_s(const struct sc_timings_reports *reports, const struct sc_node_report *report,
    uint64_t time_ns)
{
	if (time_ns == 0)
		return NAN;
	return (double)since_start_ns(time_ns, report->clock_offset_ns, reports->started_ns) / 1e9;
}

static void
fill_plan_node(void *out, uint64_t index, const void *context)
{
	const struct sc_plan *plan = context;
	struct plan_node_row *row = out;
	uint32_t node = (uint32_t)index;
	uint32_t group, member;

	if (node == SC_ORIGIN) {
		*row = (struct plan_node_row){SC_ORIGIN, -1, -1, -1, -1, -1};
		return;
	}
	group = sc_plan_group_of(plan, node, &member);
	row->node = number_or_none(node);
	row->group = number_or_none(group);
	row->member = number_or_none(member);
	row->tree = number_or_none(plan->groups[group].tree);
	row->depth = number_or_none(plan->groups[group].depth);
	row->parent = number_or_none(sc_plan_parent(plan, node));
}

/* Every recipient has one supplier of each subfile: these are all the edges. */
static void
fill_edge(void *out, uint64_t index, const void *context)
{
	const struct sc_plan *plan = context;
	struct edge_row *row = out;
	uint32_t node = (uint32_t)(index / plan->subfiles) + 1;
	uint32_t subfile = (uint32_t)(index % plan->subfiles);
	struct sc_edge edge = sc_plan_supplier(plan, node, subfile);

	assert(edge.to == node && edge.subfile == subfile);
	row->from = number_or_none(edge.from);
	row->to = number_or_none(edge.to);
	row->subfile = number_or_none(edge.subfile);
	row->kind = (uint8_t)edge.kind;
}

int
sc_timings_put_plan(hid_t file, const struct sc_timings_types *types, const struct sc_plan *plan,
    struct sc_error *err)
{
	const struct sc_h5_column node_columns[] = {
		SC_H5_COLUMN(struct plan_node_row, node, H5T_NATIVE_INT32),
		SC_H5_COLUMN(struct plan_node_row, group, H5T_NATIVE_INT32),
		SC_H5_COLUMN(struct plan_node_row, member, H5T_NATIVE_INT32),
		SC_H5_COLUMN(struct plan_node_row, tree, H5T_NATIVE_INT32),
		SC_H5_COLUMN(struct plan_node_row, depth, H5T_NATIVE_INT32),
		SC_H5_COLUMN(struct plan_node_row, parent, H5T_NATIVE_INT32),
	};
	const struct sc_h5_column edge_columns[] = {
		SC_H5_COLUMN(struct edge_row, from, H5T_NATIVE_INT32),
		SC_H5_COLUMN(struct edge_row, to, H5T_NATIVE_INT32),
		SC_H5_COLUMN(struct edge_row, subfile, H5T_NATIVE_INT32),
		SC_H5_COLUMN(struct edge_row, kind, types->edge_kind),
	};
	const struct sc_h5_table nodes = {
		"nodes",
		node_columns,
		COUNT_OF(node_columns),
		sizeof(struct plan_node_row),
		(uint64_t)plan->recipients + 1,
		fill_plan_node,
		plan,
	};
	const struct sc_h5_table edges = {
		"edges",
		edge_columns,
		COUNT_OF(edge_columns),
		sizeof(struct edge_row),
		(uint64_t)plan->recipients * plan->subfiles,
		fill_edge,
		plan,
	};
	hid_t group = H5Gcreate2(file, "plan", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	int status;

	if (group < 0)
		return sc_h5_fail(err, "plan");
	status = sc_h5_put_table(group, &nodes, err);
	if (status == 0)
		status = sc_h5_put_table(group, &edges, err);
	return sc_h5_close(group, status, err);
}

static void
fill_node(void *out, uint64_t index, const void *context)
{
	const struct sc_timings_reports *reports = context;
	const struct sc_node_report *report = &reports->nodes[index]->report;
	struct node_row *row = out;

	assert(report->state < SC_NODE_STATES);
	row->node = number_or_none(report->node);
	row->rank = number_or_none(report->rank);
	snprintf(row->host, sizeof(row->host), "%s", report->host);
	row->state = (uint8_t)report->state;
	row->clock_offset_s = (double)report->clock_offset_ns / 1e9;
	row->bytes_received = report->bytes_received;
	row->bytes_sent = report->bytes_sent;
	row->bytes_stored = report->bytes_stored;
	row->first_chunk_s = moment_s(reports, report, report->first_chunk_ns);
	row->last_chunk_s = moment_s(reports, report, report->last_chunk_ns);
	row->stored_s = moment_s(reports, report, report->stored_ns);
	row->committed_s = moment_s(reports, report, report->committed_ns);
	row->network_stall_s = (double)report->network_stall_ns / 1e9;
	row->storage_stall_s = (double)report->storage_stall_ns / 1e9;
	row->memory_peak_bytes = report->memory_peak_bytes;
	snprintf(row->digest, sizeof(row->digest), "%016" PRIx64 "%016" PRIx64, report->digest_high,
	    report->digest_low);
	snprintf(row->cause, sizeof(row->cause), "%s", report->cause);
}

static size_t
longest_host(const struct sc_timings_reports *reports)
{
	size_t longest = 0;

	for (uint32_t i = 0; i < reports->count; i++) {
		size_t length = strlen(reports->nodes[i]->report.host);

		longest = length > longest ? length : longest;
	}
	return longest;
}

static size_t
longest_cause(const struct sc_timings_reports *reports)
{
	size_t longest = 0;

	for (uint32_t i = 0; i < reports->count; i++) {
		size_t length = strlen(reports->nodes[i]->report.cause);

		longest = length > longest ? length : longest;
	}
	return longest;
}

int
sc_timings_put_nodes(hid_t file, const struct sc_timings_types *types,
    const struct sc_timings_reports *reports, struct sc_error *err)
{
	const struct sc_h5_column columns[] = {
		SC_H5_COLUMN(struct node_row, node, H5T_NATIVE_INT32),
		SC_H5_COLUMN(struct node_row, rank, H5T_NATIVE_INT32),
		SC_H5_TEXT_COLUMN(struct node_row, host, longest_host(reports)),
		SC_H5_COLUMN(struct node_row, state, types->node_state),
		SC_H5_COLUMN(struct node_row, clock_offset_s, H5T_NATIVE_DOUBLE),
		SC_H5_COLUMN(struct node_row, bytes_received, H5T_NATIVE_UINT64),
		SC_H5_COLUMN(struct node_row, bytes_sent, H5T_NATIVE_UINT64),
		SC_H5_COLUMN(struct node_row, bytes_stored, H5T_NATIVE_UINT64),
		SC_H5_COLUMN(struct node_row, first_chunk_s, H5T_NATIVE_DOUBLE),
		SC_H5_COLUMN(struct node_row, last_chunk_s, H5T_NATIVE_DOUBLE),
		SC_H5_COLUMN(struct node_row, stored_s, H5T_NATIVE_DOUBLE),
		SC_H5_COLUMN(struct node_row, committed_s, H5T_NATIVE_DOUBLE),
		SC_H5_COLUMN(struct node_row, network_stall_s, H5T_NATIVE_DOUBLE),
		SC_H5_COLUMN(struct node_row, storage_stall_s, H5T_NATIVE_DOUBLE),
		SC_H5_COLUMN(struct node_row, memory_peak_bytes, H5T_NATIVE_UINT64),
		SC_H5_TEXT_COLUMN(struct node_row, digest, 32),
		SC_H5_TEXT_COLUMN(struct node_row, cause, longest_cause(reports)),
	};
	const struct sc_h5_table nodes = {
		"nodes",
		columns,
		COUNT_OF(columns),
		sizeof(struct node_row),
		reports->count,
		fill_node,
		reports,
	};

	return sc_h5_put_table(file, &nodes, err);
}

/* By time; at the same time by node, and then as they were added. */
static int
compare_events(const void *left, const void *right)
{
	const struct event_key *a = left, *b = right;

	if (a->time_ns != b->time_ns)
		return a->time_ns < b->time_ns ? -1 : 1;
	if (a->report != b->report)
		return a->report < b->report ? -1 : 1;
	return (a->event > b->event) - (a->event < b->event);
}

static int
order_events(const struct sc_timings_reports *reports, struct event_order *order)
{
	uint64_t total = 0;

	*order = (struct event_order){.reports = reports};
	for (uint32_t i = 0; i < reports->count; i++)
		total += reports->nodes[i]->timeline.count;
	order->keys = malloc((total + 1) * sizeof(*order->keys));
	if (order->keys == NULL)
		return -1;
	for (uint32_t i = 0; i < reports->count; i++) {
		const struct sc_timings_node *node = reports->nodes[i];

		for (uint32_t j = 0; j < node->timeline.count; j++)
			order->keys[order->count++] = (struct event_key){
				.time_ns = since_start_ns(node->timeline.events[j].time_ns,
				    node->report.clock_offset_ns, reports->started_ns),
				.report = i,
				.event = j,
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
	const struct sc_timings_node *node = order->reports->nodes[key->report];
	const struct sc_timeline_event *event = &node->timeline.events[key->event];
	struct event_row *row = out;

	assert(event->what < SC_RECORD_KINDS);
	row->time_s = (double)key->time_ns / 1e9;
	row->rank = number_or_none(node->report.rank);
	row->node = number_or_none(node->report.node);
	row->what = (uint8_t)event->what;
	row->peer = number_or_none(event->peer);
	row->subfile = number_or_none(event->subfile);
	row->count = event->count;
}

int
sc_timings_put_events(hid_t file, const struct sc_timings_types *types,
    const struct sc_timings_reports *reports, struct sc_error *err)
{
	const struct sc_h5_column columns[] = {
		SC_H5_COLUMN(struct event_row, time_s, H5T_NATIVE_DOUBLE),
		SC_H5_COLUMN(struct event_row, rank, H5T_NATIVE_INT32),
		SC_H5_COLUMN(struct event_row, node, H5T_NATIVE_INT32),
		SC_H5_COLUMN(struct event_row, what, types->event_what),
		SC_H5_COLUMN(struct event_row, peer, H5T_NATIVE_INT64),
		SC_H5_COLUMN(struct event_row, subfile, H5T_NATIVE_INT32),
		SC_H5_COLUMN(struct event_row, count, H5T_NATIVE_UINT64),
	};
	struct event_order order;
	struct sc_h5_table events = {
		"events",
		columns,
		COUNT_OF(columns),
		sizeof(struct event_row),
		0,
		fill_event,
		&order,
	};
	int status;

	if (order_events(reports, &order) != 0)
		return sc_fail(err, 0, "not enough memory for events");
	events.rows = order.count;
	status = sc_h5_put_table(file, &events, err);
	free(order.keys);
	return status;
}

/* When a node noticed that its own copy failed; 0: it doesn't say. */
static uint64_t
copy_failed_ns(const struct sc_timeline *timeline)
{
	for (uint32_t i = 0; i < timeline->count; i++) {
		if (timeline->events[i].what == SC_RECORD_COPY_FAILED ||
		    timeline->events[i].what == SC_RECORD_ABORTED)
			return timeline->events[i].time_ns;
	}
	return 0;
}

static void
fill_failure(void *out, uint64_t index, const void *context)
{
	const struct sc_timings_reports *failed = context;
	const struct sc_timings_node *node = failed->nodes[index];
	struct failure_row *row = out;

	row->rank = number_or_none(node->report.rank);
	row->node = number_or_none(node->report.node);
	snprintf(row->host, sizeof(row->host), "%s", node->report.host);
	snprintf(row->cause, sizeof(row->cause), "%s", node->report.cause);
	row->detected_s = moment_s(failed, &node->report, copy_failed_ns(&node->timeline));
	/* A node that was lost noticed nothing. */
	row->detected_by = node->report.state == SC_NODE_LOST ? -1 : row->node;
	row->detour_s = NAN;
	row->bytes_supplied_again = 0;
}

static bool
is_failed(const struct sc_node_report *report)
{
	return report->state == SC_NODE_FAILED || report->state == SC_NODE_LOST;
}

int
sc_timings_put_failures(hid_t file, const struct sc_timings_reports *reports, struct sc_error *err)
{
	struct sc_timings_reports failed = {.started_ns = reports->started_ns};
	int status;

	failed.nodes = malloc(((size_t)reports->count + 1) * sizeof(*failed.nodes));
	if (failed.nodes == NULL)
		return sc_fail(err, 0, "not enough memory for failures");
	for (uint32_t i = 0; i < reports->count; i++) {
		if (is_failed(&reports->nodes[i]->report))
			failed.nodes[failed.count++] = reports->nodes[i];
	}

	const struct sc_h5_column columns[] = {
		SC_H5_COLUMN(struct failure_row, rank, H5T_NATIVE_INT32),
		SC_H5_COLUMN(struct failure_row, node, H5T_NATIVE_INT32),
		SC_H5_TEXT_COLUMN(struct failure_row, host, longest_host(&failed)),
		SC_H5_TEXT_COLUMN(struct failure_row, cause, longest_cause(&failed)),
		SC_H5_COLUMN(struct failure_row, detected_s, H5T_NATIVE_DOUBLE),
		SC_H5_COLUMN(struct failure_row, detected_by, H5T_NATIVE_INT64),
		SC_H5_COLUMN(struct failure_row, detour_s, H5T_NATIVE_DOUBLE),
		SC_H5_COLUMN(struct failure_row, bytes_supplied_again, H5T_NATIVE_UINT64),
	};
	const struct sc_h5_table failures = {
		"failures",
		columns,
		COUNT_OF(columns),
		sizeof(struct failure_row),
		failed.count,
		fill_failure,
		&failed,
	};

	status = sc_h5_put_table(file, &failures, err);
	free(failed.nodes);
	return status;
}
