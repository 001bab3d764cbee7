/*
 * From every node's result to the timings file: see timings.h.
 */
#include "stage/outcome/timings.h"

#include "config.h"
#include "fabric/control_tree.h"
#include "fabric/world.h"
#include "plan/detour.h"
#include "record/timings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* This node's place in the control tree, in ranks, without nodes that have failed.  children is
 * filled and borrowed by the tree; free its items. */
static struct sc_control_tree
place_in_tree(const struct sc_job *job, const struct sc_roster *roster,
    struct sc_detour_nodes *children)
{
	const uint32_t *ranks = job->census.ranks;
	struct sc_control_tree tree = {.parent = UINT32_MAX};
	uint32_t parent = sc_detour_parent(&job->plan, roster, job->self);

	sc_detour_children(&job->plan, roster, job->self, children);
	for (uint32_t i = 0; i < children->count; i++)
		children->items[i] = ranks[children->items[i]];
	tree.children = children->items;
	tree.child_count = children->count;
	if (parent != SC_NONE)
		tree.parent = ranks[parent];
	for (uint32_t node = job->self; node != SC_ORIGIN; node = sc_plan_parent(&job->plan, node))
		tree.odd = !tree.odd;
	return tree;
}

int
sc_timings_measure_clock(const struct sc_job *job, int64_t *offset_ns, struct sc_error *err)
{
	struct sc_detour_nodes children = {0};
	struct sc_roster none_failed;
	struct sc_control_tree tree;
	int rc;

	sc_roster_init(&none_failed, &job->plan, job->facts.buddy);
	tree = place_in_tree(job, &none_failed, &children);
	rc = sc_control_tree_clock_offset(&tree, offset_ns, err);
	free(children.items);
	return rc;
}

/* All results, by node.  Returns the array (free it and the timelines), or NULL. */
static struct sc_timings_node *
decode_all(const uint8_t *bytes, size_t length, uint32_t count, struct sc_error *err)
{
	struct sc_timings_node *nodes = calloc(count, sizeof(*nodes));
	struct sc_node_result row;
	struct sc_timeline timeline;

	if (nodes == NULL) {
		sc_fail(err, 0, "no memory for %u results", count);
		return NULL;
	}
	for (uint32_t i = 0; i < count; i++)
		nodes[i].result.node = SC_NONE;
	while (length > 0) {
		size_t used = sc_node_result_decode(bytes, length, &row, &timeline);

		if (used == 0 || row.node >= count || nodes[row.node].result.node != SC_NONE) {
			sc_fail(err, 0, "a node's result is malformed");
			for (uint32_t i = 0; i < count; i++)
				sc_timeline_free(&nodes[i].timeline);
			free(nodes);
			return NULL;
		}
		nodes[row.node] = (struct sc_timings_node){row, timeline};
		bytes += used;
		length -= used;
	}
	return nodes;
}

/* A row for a node whose result did not come, from what the leader knows of it. */
static void
add_missing(const struct sc_outcome *outcome, uint32_t node, struct sc_node_result *row)
{
	const struct sc_outcome_node *known = &outcome->nodes[node];

	row->node = node;
	row->rank = outcome->job->census.ranks[node];
	snprintf(row->host, sizeof(row->host), "%s", sc_job_host(outcome->job, node));
	if (known->failed || outcome->aborted) {
		row->state = known->lost ? SC_NODE_LOST : SC_NODE_FAILED;
		return;
	}
	/* Its copy was counted: only its result got lost. */
	row->state = node == SC_ORIGIN && outcome->copies == outcome->job->plan.recipients
	    ? SC_NODE_NO_COPY
	    : SC_NODE_COMMITTED;
	snprintf(row->cause, sizeof(row->cause), "its result did not come");
}

static void
add_cause(const struct sc_outcome *outcome, const struct sc_outcome_node *known,
    struct sc_node_result *row)
{
	if (known->cause != NULL)
		snprintf(row->cause, sizeof(row->cause), "%s", known->cause);
	else if (outcome->aborted)
		snprintf(row->cause, sizeof(row->cause), "given up: %.*s", SC_CAUSE_BYTES - 16,
		    outcome->abort_cause);
}

/* Add what the leader knows where the nodes themselves haven't said it. */
static void
complete(const struct sc_outcome *outcome, struct sc_timings_node *nodes)
{
	for (uint32_t i = 0; i <= outcome->job->plan.recipients; i++) {
		struct sc_node_result *row = &nodes[i].result;

		if (row->node == SC_NONE)
			add_missing(outcome, i, row);
		if (row->cause[0] == '\0' &&
		    (row->state == SC_NODE_FAILED || row->state == SC_NODE_LOST))
			add_cause(outcome, &outcome->nodes[i], row);
	}
}

static int
write_file(const struct sc_outcome *outcome, const struct sc_timings_facts *facts,
    int64_t clock_offset_ns, const uint8_t *bytes, size_t length, struct sc_error *err)
{
	static const char *const outcomes[] = {
		[SC_EXIT_COMPLETE] = "complete",
		[SC_EXIT_NOTHING] = "failed",
		[SC_EXIT_PARTIAL] = "partial",
	};
	uint32_t count = outcome->job->plan.recipients + 1;
	struct sc_timings_node *nodes = decode_all(bytes, length, count, err);
	enum sc_exit_status status = sc_outcome_status(outcome);
	char mpi[256];
	struct sc_timings_run run = {
		.program_version = PACKAGE_VERSION,
		.mpi_version = mpi,
		.argc = facts->argc,
		.argv = facts->argv,
		.source = outcome->job->options->source,
		.outcome = outcomes[status],
		.digest = facts->digest,
		.started_unix_ns = facts->started_unix_ns,
		.started_ns = outcome->started_ns + (uint64_t)clock_offset_ns,
		.predicted_s = sc_cost_predict(&outcome->job->plan, &outcome->job->facts.machine),
		.elapsed_s = sc_outcome_elapsed_s(outcome),
		.exit_status = status,
		.origin_keeps_no_copy = outcome->copies == outcome->job->plan.recipients,
		.had_it_before = outcome->already,
	};
	int rc;

	if (nodes == NULL)
		return -1;
	sc_world_library(mpi, sizeof(mpi));
	complete(outcome, nodes);
	rc = sc_timings_write(outcome->job->options->timings, &run, &outcome->job->plan, nodes,
	    count, err);
	for (uint32_t i = 0; i < count; i++)
		sc_timeline_free(&nodes[i].timeline);
	free(nodes);
	return rc;
}

int
sc_timings_collect(const struct sc_job *job, const struct sc_run_result *result,
    int64_t clock_offset_ns, const struct sc_outcome *outcome, const struct sc_timings_facts *facts,
    struct sc_error *err)
{
	struct sc_detour_nodes children = {0};
	struct sc_control_tree tree = place_in_tree(job, &result->roster, &children);
	struct sc_node_result row = result->row;
	uint8_t *own = NULL;
	uint8_t *all = NULL;
	size_t own_bytes = 0;
	size_t all_bytes = 0;
	int rc;

	row.rank = job->census.ranks[job->self];
	memcpy(row.host, job->host, sizeof(row.host));
	row.clock_offset_ns = clock_offset_ns;
	rc = sc_node_result_encode(&row, &result->timeline, &own, &own_bytes);
	if (rc != 0)
		(void)sc_fail(err, 0, "no memory for this node's result");
	else
		rc = sc_control_tree_gather(&tree, own, own_bytes, job->facts.timeout_ns, &all,
		    &all_bytes, err);
	if (rc == 0 && outcome != NULL)
		rc = write_file(outcome, facts, clock_offset_ns, all, all_bytes, err);
	free(children.items);
	free(own);
	free(all);
	return rc;
}
