/*
 * A small simulated run: see staging.h.
 */
#include "lib/staging.h"

#include <stdio.h>
#include <stdlib.h>

static const struct sc_machine small_machine = {
	.base = {.link_bytes_per_s = 1e9,
		.latency_s = 20e-6,
		.message_s = 1e-6,
		.source_bytes_per_s = 4e9,
		.disk_bytes_per_s = 2e9},
	.disk_read_bytes_per_s = 4e9,
	.commit_s = 1e-3,
};

void
sc_staging_set_up(struct sc_staging *staging, uint32_t recipients, uint32_t tree_groups)
{
	struct sc_plan_shape shape = {
		.group_size = 4,
		.tree_groups = tree_groups,
		.branching = 1,
		.chunk_bytes = 65536,
		.window = 2,
	};
	struct sc_error err;

	*staging = (struct sc_staging){.machine = small_machine};
	if (sc_plan_make(&staging->plan, recipients, 48 * 65536, &shape, UINT64_C(1) << 30, &err) !=
	    0) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	staging->config = (struct sc_sim_config){
		.plan = &staging->plan,
		.machine = &staging->machine,
		.faults = sc_sim_no_faults,
		.heartbeat_ns = 20000000,
		.timeout_ns = 100000000,
		.seed = 1,
		.check_nodes = true,
	};
}

uint32_t
sc_staging_run(struct sc_staging *staging, const struct sc_fault *faults, uint32_t count)
{
	staging->config.faults.list = faults;
	staging->config.faults.count = count;
	staging->config.limit_ns = sc_sim_limit_of(&staging->config);
	sc_sim_run(&staging->config, &staging->result);
	if (staging->result.violations > 0)
		fprintf(stderr, "%s\n", staging->result.violation);
	return staging->result.violations;
}

void
sc_staging_tear_down(struct sc_staging *staging)
{
	sc_sim_result_free(&staging->result);
	sc_plan_free(&staging->plan);
}
