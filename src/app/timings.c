/*
 * From every rank's report to the timings file: see timings.h.
 */
#include "app/timings.h"

#include "config.h"
#include "fabric/world.h"
#include "record/timings.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct sc_tree
sc_timings_tree(const struct sc_plan *plan, const struct sc_census *census, uint32_t self,
    uint32_t *children)
{
	struct sc_tree tree = {.parent = UINT32_MAX, .children = children};

	tree.child_count = sc_plan_children(plan, self, children);
	for (uint32_t i = 0; i < tree.child_count; i++)
		children[i] = census->ranks[children[i]];
	if (self != SC_ORIGIN)
		tree.parent = census->ranks[sc_plan_parent(plan, self)];
	for (uint32_t node = self; node != SC_ORIGIN; node = sc_plan_parent(plan, node))
		tree.odd = !tree.odd;
	return tree;
}

/* All reports, by node.  Returns the array (free it and the timelines), or
 * NULL. */
static struct sc_timings_node *
decode_all(const uint8_t *bytes, size_t length, uint32_t count, struct sc_error *err)
{
	struct sc_timings_node *nodes = calloc(count, sizeof(*nodes));
	struct sc_node_report report;
	struct sc_timeline timeline;

	if (nodes == NULL) {
		sc_fail(err, 0, "no memory for %u reports", count);
		return NULL;
	}
	for (uint32_t i = 0; i < count; i++)
		nodes[i].report.node = SC_NONE;
	while (length > 0) {
		size_t used = sc_report_decode(bytes, length, &report, &timeline);

		if (used == 0 || report.node >= count ||
		    nodes[report.node].report.node != SC_NONE) {
			sc_fail(err, 0, "a rank's report is malformed");
			for (uint32_t i = 0; i < count; i++)
				sc_timeline_free(&nodes[i].timeline);
			free(nodes);
			return NULL;
		}
		nodes[report.node] = (struct sc_timings_node){report, timeline};
		bytes += used;
		length -= used;
	}
	return nodes;
}

/* Offsets were measured to the parent, whose number is always smaller: add
 * them up to the origin's. */
static void
sum_clock_offsets(const struct sc_plan *plan, struct sc_timings_node *nodes)
{
	for (uint32_t i = 1; i <= plan->recipients; i++) {
		uint32_t parent = sc_plan_parent(plan, i);

		assert(parent < i);
		nodes[i].report.clock_offset_ns += nodes[parent].report.clock_offset_ns;
	}
}

static int
write_file(const struct sc_outcome *outcome, const struct sc_timings_facts *facts,
    const uint8_t *bytes, size_t length, struct sc_error *err)
{
	static const char *const outcomes[] = {
		[SC_EXIT_COMPLETE] = "complete",
		[SC_EXIT_NOTHING] = "failed",
		[SC_EXIT_PARTIAL] = "partial",
	};
	uint32_t count = outcome->plan->recipients + 1;
	struct sc_timings_node *nodes = decode_all(bytes, length, count, err);
	enum sc_exit_status status = sc_outcome_status(outcome);
	char mpi[256];
	struct sc_timings_run run = {
		.program_version = PACKAGE_VERSION,
		.mpi_version = mpi,
		.argc = facts->argc,
		.argv = facts->argv,
		.source = outcome->options->source,
		.outcome = outcomes[status],
		.digest = facts->digest,
		.started_unix_ns = facts->started_unix_ns,
		.started_ns = outcome->started_ns,
		.predicted_s = facts->predicted_s,
		.elapsed_s = sc_outcome_elapsed_s(outcome),
		.exit_status = status,
	};
	int rc;

	if (nodes == NULL)
		return -1;
	sc_world_library(mpi, sizeof(mpi));
	sum_clock_offsets(outcome->plan, nodes);
	rc = sc_timings_write(outcome->options->timings, &run, outcome->plan, nodes, count, err);
	for (uint32_t i = 0; i < count; i++)
		sc_timeline_free(&nodes[i].timeline);
	free(nodes);
	return rc;
}

int
sc_timings_collect(const struct sc_tree *tree, const struct sc_run_result *result,
    int64_t clock_offset_ns, const struct sc_outcome *outcome, const struct sc_timings_facts *facts,
    struct sc_error *err)
{
	struct sc_node_report report = result->report;
	uint8_t *own = NULL;
	uint8_t *all = NULL;
	size_t own_bytes = 0;
	size_t all_bytes = 0;
	int rc = -1;

	report.clock_offset_ns = clock_offset_ns;
	if (sc_report_encode(&report, &result->timeline, &own, &own_bytes) != 0) {
		sc_fail(err, 0, "no memory for this rank's report");
		goto out;
	}
	if (sc_tree_gather(tree, own, own_bytes, &all, &all_bytes, err) != 0)
		goto out;
	rc = 0;
	if (outcome != NULL)
		rc = write_file(outcome, facts, all, all_bytes, err);
out:
	free(own);
	free(all);
	return rc;
}
