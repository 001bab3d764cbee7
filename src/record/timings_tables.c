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
	uint32_t detours;
	uint64_t bytes_supplied_again;
};

/* A node that failed, and what the others' timelines say of it.  Moments are since the start. */
struct failure {
	const struct sc_timings_node *node;
	int64_t detected_ns; /* INT64_MAX: nobody says when */
	uint32_t detected_by;
	int64_t detour_ns; /* the last one was in place; INT64_MIN: none was */
	uint32_t detours;  /* nodes that took one */
	uint32_t taken_by; /* the last one of these */
	uint64_t bytes;
};

struct failures {
	const struct sc_plan *plan;
	const struct sc_timings_reports *reports;
	struct failure *items; /* by node */
	uint32_t count;
	size_t host_longest;
	size_t cause_longest;
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
fill_node(void *out, uint64_t index, const void *context)
{
	const struct sc_timings_reports *reports = context;
	const struct sc_node_report *report = &reports->nodes[index]->report;
	struct node_row *row = out;

	assert(report->state < SC_NODE_STATES);
	row->node = sc_timings_number(report->node);
	row->rank = sc_timings_number(report->rank);
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

/* The longest host and cause of those that are counted. */
static void
note_lengths(const struct sc_node_report *report, size_t *host, size_t *cause)
{
	size_t host_length = strlen(report->host), cause_length = strlen(report->cause);

	*host = host_length > *host ? host_length : *host;
	*cause = cause_length > *cause ? cause_length : *cause;
}

int
sc_timings_put_nodes(hid_t file, const struct sc_timings_types *types,
    const struct sc_timings_reports *reports, struct sc_error *err)
{
	size_t host_longest = 0, cause_longest = 0;

	for (uint32_t i = 0; i < reports->count; i++)
		note_lengths(&reports->nodes[i]->report, &host_longest, &cause_longest);

	const struct sc_h5_column columns[] = {
		SC_H5_COLUMN(struct node_row, node, H5T_NATIVE_INT32),
		SC_H5_COLUMN(struct node_row, rank, H5T_NATIVE_INT32),
		SC_H5_TEXT_COLUMN(struct node_row, host, host_longest),
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
		SC_H5_TEXT_COLUMN(struct node_row, cause, cause_longest),
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
	row->rank = sc_timings_number(node->report.rank);
	row->node = sc_timings_number(node->report.node);
	row->what = (uint8_t)event->what;
	row->peer = sc_timings_number(event->peer);
	row->subfile = sc_timings_number(event->subfile);
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
	const struct failures *failures = context;
	const struct failure *failure = &failures->items[index];
	const struct sc_node_report *report = &failure->node->report;
	struct failure_row *row = out;

	row->rank = sc_timings_number(report->rank);
	row->node = sc_timings_number(report->node);
	snprintf(row->host, sizeof(row->host), "%s", report->host);
	snprintf(row->cause, sizeof(row->cause), "%s", report->cause);
	row->detected_s =
	    failure->detected_ns == INT64_MAX ? NAN : (double)failure->detected_ns / 1e9;
	row->detected_by = sc_timings_number(failure->detected_by);
	row->detour_s = failure->detour_ns == INT64_MIN ? NAN : (double)failure->detour_ns / 1e9;
	row->detours = failure->detours;
	row->bytes_supplied_again = failure->bytes;
}

/* A node says of its own copy when that failed; of a node that was lost the others do. */
static struct failure
failure_of(const struct sc_timings_reports *reports, const struct sc_timings_node *node)
{
	struct failure failure = {.node = node,
		.detected_ns = INT64_MAX,
		.detected_by = SC_NONE,
		.detour_ns = INT64_MIN,
		.taken_by = SC_NONE};
	uint64_t failed_ns = copy_failed_ns(&node->timeline);

	if (node->report.state == SC_NODE_LOST)
		return failure;
	failure.detected_by = node->report.node;
	if (failed_ns != 0)
		failure.detected_ns =
		    since_start_ns(failed_ns, node->report.clock_offset_ns, reports->started_ns);
	return failure;
}

static int
compare_failures(const void *left, const void *right)
{
	const struct failure *a = left, *b = right;

	return (a->node->report.node > b->node->report.node) -
	    (a->node->report.node < b->node->report.node);
}

/* The failure of a node that was lost, or NULL. */
static struct failure *
find_lost(const struct failures *failures, uint32_t node)
{
	struct sc_timings_node wanted = {.report.node = node};
	struct failure key = {.node = &wanted};
	struct failure *found = bsearch(&key, failures->items, failures->count,
	    sizeof(*failures->items), compare_failures);

	return found != NULL && found->node->report.state == SC_NODE_LOST ? found : NULL;
}

/* What a node that is left has seen of those that were lost. */
static void
add_detections(struct failures *failures, const struct sc_timings_node *node)
{
	for (uint32_t i = 0; i < node->timeline.count; i++) {
		const struct sc_timeline_event *event = &node->timeline.events[i];
		struct failure *failure;
		int64_t time_ns;

		if (event->what != SC_RECORD_PEER_FAILED)
			continue;
		failure = find_lost(failures, event->peer);
		time_ns = since_start_ns(event->time_ns, node->report.clock_offset_ns,
		    failures->reports->started_ns);
		if (failure == NULL || time_ns >= failure->detected_ns)
			continue;
		failure->detected_ns = time_ns;
		failure->detected_by = node->report.node;
	}
}

static int
add_detours(struct failures *failures, const struct sc_timings_node *node)
{
	const struct sc_plan *plan = failures->plan;
	uint32_t count;
	struct sc_timeline_detour *detours =
	    sc_timeline_detours(&node->timeline, plan, node->report.node, &count);

	if (detours == NULL)
		return -1;
	for (uint32_t i = 0; i < count; i++) {
		const struct sc_timeline_detour *detour = &detours[i];
		struct failure *failure = find_lost(failures, detour->around);
		uint64_t chunks = detour->chunks < plan->chunks ? detour->chunks : plan->chunks;
		uint64_t bytes = chunks * plan->chunk_bytes;
		int64_t time_ns = since_start_ns(detour->in_place_ns, node->report.clock_offset_ns,
		    failures->reports->started_ns);

		if (failure == NULL)
			continue;
		failure->detours += failure->taken_by != node->report.node;
		failure->taken_by = node->report.node;
		failure->bytes += bytes < plan->size_bytes ? bytes : plan->size_bytes;
		if (detour->in_place_ns != 0 && time_ns > failure->detour_ns)
			failure->detour_ns = time_ns;
	}
	free(detours);
	return 0;
}

static int
find_failures(struct failures *failures)
{
	const struct sc_timings_reports *reports = failures->reports;
	bool lost = false;

	failures->items = malloc(((size_t)reports->count + 1) * sizeof(*failures->items));
	if (failures->items == NULL)
		return -1;
	for (uint32_t i = 0; i < reports->count; i++) {
		const struct sc_node_report *report = &reports->nodes[i]->report;

		if (report->state != SC_NODE_FAILED && report->state != SC_NODE_LOST)
			continue;
		failures->items[failures->count++] = failure_of(reports, reports->nodes[i]);
		note_lengths(report, &failures->host_longest, &failures->cause_longest);
		lost |= report->state == SC_NODE_LOST;
	}
	for (uint32_t i = 0; lost && i < reports->count; i++) {
		if (reports->nodes[i]->report.state == SC_NODE_LOST)
			continue;
		add_detections(failures, reports->nodes[i]);
		if (add_detours(failures, reports->nodes[i]) != 0)
			return -1;
	}
	return 0;
}

int
sc_timings_put_failures(hid_t file, const struct sc_plan *plan,
    const struct sc_timings_reports *reports, struct sc_error *err)
{
	struct failures failures = {.plan = plan, .reports = reports};
	int status = -1;

	if (find_failures(&failures) != 0) {
		(void)sc_fail(err, 0, "not enough memory for failures");
		goto out;
	}

	const struct sc_h5_column columns[] = {
		SC_H5_COLUMN(struct failure_row, rank, H5T_NATIVE_INT32),
		SC_H5_COLUMN(struct failure_row, node, H5T_NATIVE_INT32),
		SC_H5_TEXT_COLUMN(struct failure_row, host, failures.host_longest),
		SC_H5_TEXT_COLUMN(struct failure_row, cause, failures.cause_longest),
		SC_H5_COLUMN(struct failure_row, detected_s, H5T_NATIVE_DOUBLE),
		SC_H5_COLUMN(struct failure_row, detected_by, H5T_NATIVE_INT64),
		SC_H5_COLUMN(struct failure_row, detour_s, H5T_NATIVE_DOUBLE),
		SC_H5_COLUMN(struct failure_row, detours, H5T_NATIVE_UINT32),
		SC_H5_COLUMN(struct failure_row, bytes_supplied_again, H5T_NATIVE_UINT64),
	};
	const struct sc_h5_table table = {
		"failures",
		columns,
		COUNT_OF(columns),
		sizeof(struct failure_row),
		failures.count,
		fill_failure,
		&failures,
	};

	status = sc_h5_put_table(file, &table, err);
out:
	free(failures.items);
	return status;
}
