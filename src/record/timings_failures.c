/*
 * The table of failures: which nodes failed, which other node noticed it first, and the detours
 * around them.  All of it is found in the nodes' results and timelines.
 */
#include "record/timings_tables.h"

#include "core/record.h"
#include "record/h5_write.h"
#include "record/schema.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* What the timelines say of a node that failed. */
struct failure {
	double detected_s; /* NaN: no node says when */
	uint32_t detected_by;
	double detour_s;   /* the last one was in place; NaN: none was */
	uint32_t detours;  /* nodes that took one */
	uint32_t taken_by; /* the last one of these */
	uint64_t bytes;
};

struct failures {
	const struct sc_plan *plan;
	const struct sc_timings_results *results;
	struct failure *items; /* by node; blank if it didn't fail */
	uint32_t *failed;      /* the nodes that did */
	uint32_t count;
};

static double
moment_s(const struct sc_timings_results *results, const struct sc_timings_node *node,
    uint64_t time_ns)
{
	return (double)sc_timings_since_start_ns(results, &node->result, time_ns) / 1e9;
}

/* When a node noticed that its own copy failed; NaN: it doesn't say. */
static double
copy_failed_s(const struct sc_timings_results *results, const struct sc_timings_node *node)
{
	for (uint32_t i = 0; i < node->timeline.count; i++) {
		const struct sc_timeline_event *event = &node->timeline.events[i];

		if (event->what == SC_RECORD_COPY_FAILED || event->what == SC_RECORD_ABORTED)
			return event->time_ns == 0 ? (double)NAN
						   : moment_s(results, node, event->time_ns);
	}
	return NAN;
}

static void
fill_failure(void *out, uint64_t index, const void *context)
{
	const struct failures *failures = context;
	uint32_t node = failures->failed[index];
	const struct failure *failure = &failures->items[node];
	const struct sc_node_result *result = &failures->results->nodes[node].result;
	struct sc_failure_row *row = out;

	row->rank = sc_timings_number(result->rank);
	row->node = sc_timings_number(result->node);
	snprintf(row->host, sizeof(row->host), "%s", result->host);
	snprintf(row->cause, sizeof(row->cause), "%s", result->cause);
	row->detected_s = failure->detected_s;
	row->detected_by = sc_timings_number(failure->detected_by);
	row->detour_s = failure->detour_s;
	row->detours = failure->detours;
	row->bytes_supplied_again = failure->bytes;
}

/* The failure of a node that was lost, or NULL.  What the timelines say is not trusted. */
static struct failure *
find_lost(const struct failures *failures, uint32_t node)
{
	if (node >= failures->results->count ||
	    failures->results->nodes[node].result.state != SC_NODE_LOST)
		return NULL;
	return &failures->items[node];
}

/* What a node that is left has seen of those that were lost. */
static void
add_detections(struct failures *failures, const struct sc_timings_node *node)
{
	for (uint32_t i = 0; i < node->timeline.count; i++) {
		const struct sc_timeline_event *event = &node->timeline.events[i];
		struct failure *failure;
		double time_s = moment_s(failures->results, node, event->time_ns);

		if (event->what != SC_RECORD_PEER_FAILED)
			continue;
		failure = find_lost(failures, event->peer);
		if (failure == NULL || time_s >= failure->detected_s)
			continue;
		failure->detected_s = time_s;
		failure->detected_by = node->result.node;
	}
}

static int
add_detours(struct failures *failures, const struct sc_timings_node *node)
{
	const struct sc_plan *plan = failures->plan;
	uint32_t count;
	struct sc_timeline_detour *detours =
	    sc_timeline_detours(&node->timeline, plan, node->result.node, &count);

	if (detours == NULL)
		return -1;
	for (uint32_t i = 0; i < count; i++) {
		const struct sc_timeline_detour *detour = &detours[i];
		struct failure *failure = find_lost(failures, detour->around);
		uint64_t chunks = detour->chunks < plan->chunks ? detour->chunks : plan->chunks;
		uint64_t bytes = chunks * plan->chunk_bytes;

		if (failure == NULL)
			continue;
		failure->detours += failure->taken_by != node->result.node;
		failure->taken_by = node->result.node;
		failure->bytes += bytes < plan->size_bytes ? bytes : plan->size_bytes;
		if (detour->in_place_ns != 0)
			failure->detour_s = fmax(failure->detour_s,
			    moment_s(failures->results, node, detour->in_place_ns));
	}
	free(detours);
	return 0;
}

static int
find_failures(struct failures *failures)
{
	const struct sc_timings_results *results = failures->results;
	bool lost = false;

	for (uint32_t i = 0; i < results->count; i++) {
		const struct sc_timings_node *node = &results->nodes[i];
		bool is_lost = node->result.state == SC_NODE_LOST;

		if (node->result.state != SC_NODE_FAILED && !is_lost)
			continue;
		/* A node says of its own copy when that failed; of a lost node the others do. */
		failures->items[i] = (struct failure){
			.detected_s = is_lost ? (double)NAN : copy_failed_s(results, node),
			.detected_by = is_lost ? SC_NONE : i,
			.detour_s = NAN,
			.taken_by = SC_NONE,
		};
		failures->failed[failures->count++] = i;
		lost |= is_lost;
	}
	for (uint32_t i = 0; lost && i < results->count; i++) {
		if (results->nodes[i].result.state == SC_NODE_LOST)
			continue;
		add_detections(failures, &results->nodes[i]);
		if (add_detours(failures, &results->nodes[i]) != 0)
			return -1;
	}
	return 0;
}

int
sc_timings_put_failures(hid_t file, const struct sc_plan *plan,
    const struct sc_timings_results *results, struct sc_error *err)
{
	size_t nodes = (size_t)results->count + 1;
	struct failures failures = {
		.plan = plan,
		.results = results,
		.items = calloc(nodes, sizeof(*failures.items)),
		.failed = calloc(nodes, sizeof(*failures.failed)),
	};
	int status = -1;

	if (failures.items == NULL || failures.failed == NULL || find_failures(&failures) != 0)
		(void)sc_fail(err, 0, "not enough memory for /failures");
	else
		status = sc_h5_put_table(file, &sc_schema_failures, failures.count, fill_failure,
		    &failures, err);
	free(failures.items);
	free(failures.failed);
	return status;
}
