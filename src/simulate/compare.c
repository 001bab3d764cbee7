/*
 * stagecast-sim --compare: see compare.h.
 */
#include "simulate/compare.h"

#include "base/units.h"

#include <assert.h>
#include <math.h>

/* The table that is being made. */
struct comparison {
	FILE *out;
	const struct sc_sim_options *options;
	struct sc_sim_comparison *rows;
	double floor_s;
};

/* One row of the table. */
static void
add_row(struct comparison *comparison, const char *name, double last_s, uint64_t origin_bytes,
    uint64_t relay_bytes)
{
	struct sc_timings_strategy *row = &comparison->rows->rows[comparison->rows->count++];
	bool has_floor = comparison->floor_s > 0;
	char origin[SC_UNIT_TEXT_BYTES];
	char relay[SC_UNIT_TEXT_BYTES];

	assert(comparison->rows->count <= SC_SIM_STRATEGIES);
	snprintf(row->name, sizeof(row->name), "%s", name);
	row->last_s = last_s;
	row->floor_ratio = has_floor ? last_s / comparison->floor_s : NAN;
	row->origin_bytes = origin_bytes;
	row->relay_bytes = relay_bytes;
	fprintf(comparison->out, "%-26s %14.6f %10.3f %12s %12s\n", row->name, last_s,
	    has_floor ? row->floor_ratio : 0, sc_format_size((double)origin_bytes, origin),
	    sc_format_size((double)relay_bytes, relay));
}

static void
add_summary(struct comparison *comparison, const char *name, const struct sc_sim_summary *summary)
{
	add_row(comparison, name, summary->last_s, summary->origin_bytes, summary->relay_bytes);
}

static int
run_plan(struct comparison *comparison, const struct sc_plan *plan, const char *name,
    struct sc_error *err)
{
	const struct sc_sim_options *options = comparison->options;
	struct sc_sim_config config = sc_sim_options_config(options, plan, NULL);
	struct sc_sim_summary summary;
	struct sc_sim_result result;
	int rc = 0;

	sc_sim_run(&config, &result);
	sc_sim_summarise(plan, &options->machine, &result, &summary);
	if (result.violations > 0)
		rc = sc_fail(err, 0, "%s: %s", name, result.violation);
	else
		add_summary(comparison, name, &summary);
	sc_sim_result_free(&result);
	return rc;
}

/* A plan of a fixed shape, without limits on connections and memory. */
static int
run_shape(struct comparison *comparison, const struct sc_plan_shape *shape, const char *name,
    struct sc_error *err)
{
	const struct sc_sim_options *options = comparison->options;
	struct sc_plan plan = {0};
	int rc =
	    sc_plan_make(&plan, options->nodes, options->size_bytes, shape, UINT64_C(1) << 40, err);

	if (rc == 0)
		rc = run_plan(comparison, &plan, name, err);
	sc_plan_free(&plan);
	return rc;
}

static void
run_baseline(struct comparison *comparison, enum sc_baseline baseline)
{
	const struct sc_sim_options *options = comparison->options;
	struct sc_baseline_result result;

	sc_baseline_run(baseline, options->nodes, options->size_bytes, &options->machine,
	    options->seed, &result);
	add_row(comparison, sc_baseline_name(baseline), (double)result.last_ns * 1e-9,
	    result.origin_bytes, result.relay_bytes);
}

int
sc_sim_compare(FILE *out, const struct sc_sim_options *options, const struct sc_plan *plan,
    const struct sc_sim_summary *summary, struct sc_sim_comparison *rows, struct sc_error *err)
{
	struct comparison comparison = {
		.out = out,
		.options = options,
		.rows = rows,
		.floor_s = summary->floor_s,
	};
	uint32_t nodes = options->nodes > 0 ? options->nodes : 1;
	struct sc_plan_shape shape = {
		.group_size = nodes < SC_GROUP_SIZE_MAX ? nodes : SC_GROUP_SIZE_MAX,
		.tree_groups = nodes,
		.branching = 1,
		.chunk_bytes = plan->chunk_bytes,
		.window = 2,
		.store_and_forward = true,
	};

	*rows = (struct sc_sim_comparison){0};
	fprintf(out, "\n%-26s %14s %10s %12s %12s\n", "strategy", "last node (s)", "/ floor",
	    "origin sent", "relay sent");
	add_summary(&comparison, "ALM-FastReplica", summary);
	if (run_shape(&comparison, &shape,
		nodes <= SC_GROUP_SIZE_MAX ? "FastReplica, one group"
					   : "FastReplica, groups of 256",
		err) != 0)
		return -1;
	shape.group_size = 1;
	shape.window = plan->window;
	shape.store_and_forward = false;
	if (run_shape(&comparison, &shape, "chain", err) != 0)
		return -1;
	for (int i = 0; i < SC_BASELINES && options->nodes > 0; i++)
		run_baseline(&comparison, (enum sc_baseline)i);
	return 0;
}
