/*
 * stagecast-sim --compare: see sim_compare.h.
 */
#include "app/sim_compare.h"

#include "app/sim_print.h"
#include "base/units.h"
#include "sim/baseline.h"

/* One row of the table. */
static void
print_row(FILE *out, const char *name, double last_s, double floor_s, uint64_t origin_bytes,
    uint64_t relay_bytes)
{
	char origin[SC_UNIT_TEXT_BYTES];
	char relay[SC_UNIT_TEXT_BYTES];

	fprintf(out, "%-26s %14.6f %10.3f %12s %12s\n", name, last_s,
	    floor_s > 0 ? last_s / floor_s : 0, sc_format_size((double)origin_bytes, origin),
	    sc_format_size((double)relay_bytes, relay));
}

static int
run_plan(FILE *out, const struct sc_sim_options *options, const struct sc_plan *plan,
    const char *name, struct sc_error *err)
{
	struct sc_sim_config config = {
		.plan = plan,
		.machine = &options->machine,
		.faults = sc_sim_no_faults,
		.seed = options->seed,
		.limit_ns = sc_sim_limit_ns(plan, &options->machine),
	};
	struct sc_sim_summary summary;
	struct sc_sim_result result;
	int rc;

	sc_sim_run(&config, &result);
	rc = sc_sim_summarise(plan, &options->machine, &result, &summary);
	if (rc != 0)
		rc = sc_fail(err, 0, "no memory");
	else if (result.violations > 0)
		rc = sc_fail(err, 0, "%s: %s", name, result.violation);
	else
		print_row(out, name, summary.last_s, summary.floor_s, summary.origin_bytes,
		    summary.relay_bytes);
	sc_sim_result_free(&result);
	return rc;
}

/* A plan of a fixed shape, whatever connections and memory it takes. */
static int
run_shape(FILE *out, const struct sc_sim_options *options, const struct sc_plan_shape *shape,
    const char *name, struct sc_error *err)
{
	struct sc_plan plan = {0};
	int rc =
	    sc_plan_make(&plan, options->nodes, options->size_bytes, shape, UINT64_C(1) << 40, err);

	if (rc == 0)
		rc = run_plan(out, options, &plan, name, err);
	sc_plan_free(&plan);
	return rc;
}

int
sc_sim_compare(FILE *out, const struct sc_sim_options *options, const struct sc_plan *plan,
    struct sc_error *err)
{
	double floor_s = sc_cost_floor(options->size_bytes, &options->machine.base);
	uint32_t nodes = options->nodes > 0 ? options->nodes : 1;
	struct sc_plan_shape shape = {
		.group_size = nodes < SC_GROUP_SIZE_MAX ? nodes : SC_GROUP_SIZE_MAX,
		.tree_groups = nodes,
		.branching = 1,
		.chunk_bytes = plan->chunk_bytes,
		.window = 2,
		.store_and_forward = true,
	};

	fprintf(out, "\n%-26s %14s %10s %12s %12s\n", "strategy", "last node (s)", "/ floor",
	    "origin sent", "relay sent");
	if (run_plan(out, options, plan, "ALM-FastReplica", err) != 0)
		return -1;
	if (run_shape(out, options, &shape,
		nodes <= SC_GROUP_SIZE_MAX ? "FastReplica, one group"
					   : "FastReplica, groups of 256",
		err) != 0)
		return -1;
	shape.group_size = 1;
	shape.window = plan->window;
	shape.store_and_forward = false;
	if (run_shape(out, options, &shape, "chain", err) != 0)
		return -1;
	for (int i = 0; i < SC_BASELINES && options->nodes > 0; i++) {
		struct sc_baseline_result result;

		sc_baseline_run((enum sc_baseline)i, options->nodes, options->size_bytes,
		    &options->machine, options->seed, &result);
		print_row(out, sc_baseline_name((enum sc_baseline)i), (double)result.last_ns * 1e-9,
		    floor_s, result.origin_bytes, result.relay_bytes);
	}
	return 0;
}
