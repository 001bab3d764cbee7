/*
 * What follows from a simulation's configuration: how each node is made, and by when the run has
 * to end.
 */
#include "plan/cost.h"
#include "sim/sim.h"

#include <math.h>

const struct sc_sim_faults sc_sim_no_faults = {.source_at = SC_NONE};

/* A right run takes its predicted time, or a few times that on an uneven machine; a wrong one
 * never ends. */
static const double limit_factor = 100;
static const double limit_more_s = 10;

static const uint64_t stall_default_ns = UINT64_C(10000000000);

struct sc_node_config
sc_sim_node_config(const struct sc_sim_config *config, uint32_t node)
{
	bool has_buddy = config->buddy != SC_ORIGIN && config->buddy <= config->plan->recipients;

	return (struct sc_node_config){
		.plan = config->plan,
		.self = node,
		.keeps_copy = node != SC_ORIGIN || !config->origin_keeps_no_copy,
		.has_source = has_buddy && node == config->buddy,
		.awaits_store = config->held != NULL && config->held[node].size > 0 &&
		    (node != SC_ORIGIN || !config->origin_keeps_no_copy),
		.buddy = has_buddy ? config->buddy : SC_NONE,
		.heartbeat_ns = config->heartbeat_ns,
		.timeout_ns = config->timeout_ns,
		.progress_interval_ns = config->progress_interval_ns,
		.chunk_ns = (uint64_t)(config->plan->chunk_bytes * 1e9 /
		    config->machine->base.link_bytes_per_s),
	};
}

uint64_t
sc_sim_stall_ns(const struct sc_sim_config *config)
{
	return config->stall_ns == 0 ? stall_default_ns : config->stall_ns;
}

/* Seconds by which a run without faults has to end. */
static double
faultless_limit_s(const struct sc_plan *plan, const struct sc_machine *machine)
{
	struct sc_cost_machine worst = machine->base;
	double slowest = 1;
	double file_s = 0;
	double limit_s;

	for (uint32_t i = 0; i < machine->slow_count; i++) {
		if (machine->slow[i].factor < slowest)
			slowest = machine->slow[i].factor;
	}
	worst.link_bytes_per_s *= slowest;
	limit_s = limit_factor * sc_cost_predict(plan, &worst);
	/* Not in the prediction are: every chunk of every node through one
	 * uplink, or read back by one node for all others, and operations. */
	if (machine->uplink_bytes_per_s > 0)
		file_s += (double)plan->size_bytes / machine->uplink_bytes_per_s;
	file_s += (double)plan->size_bytes / machine->disk_read_bytes_per_s;
	file_s += plan->chunks * machine->operation_s;
	limit_s += file_s * (plan->recipients + 1.0) + machine->commit_s + limit_more_s;
	return floor(limit_s * 1e9) * 1e-9; /* whole nanoseconds */
}

/* How long a fault may keep other nodes waiting. */
static double
delay_s(const struct sc_sim_config *config, const struct sc_fault *fault)
{
	double delay_s = 6 * (double)config->timeout_ns + 2 * (double)config->deadman_ns +
	    (double)config->detect_ns;

	if (fault->kind == SC_FAULT_STUCK_DISK)
		delay_s += (double)sc_sim_stall_ns(config);
	if (fault->duration_ns != SC_FAULT_FOR_EVER)
		delay_s += (double)fault->duration_ns;
	if (fault->trigger == SC_FAULT_AT_TIME)
		delay_s += (double)fault->at;
	return delay_s * 1e-9;
}

uint64_t
sc_sim_limit_of(const struct sc_sim_config *config)
{
	const struct sc_plan *plan = config->plan;
	struct sc_machine worst = *config->machine;
	double factor = 1;
	double limit_s = (double)config->open_ns * 2e-9;

	for (uint32_t i = 0; i < config->faults.count; i++) {
		const struct sc_fault *fault = &config->faults.list[i];

		limit_s += delay_s(config, fault);
		if (fault->kind == SC_FAULT_SLOW_LINK || fault->kind == SC_FAULT_SLOW_DISK)
			factor = fault->factor < factor ? fault->factor : factor;
	}
	worst.base.disk_bytes_per_s *= factor;
	worst.base.link_bytes_per_s *= factor;
	worst.disk_read_bytes_per_s *= factor;
	limit_s += 6e-9 * (double)config->timeout_ns;
	limit_s += faultless_limit_s(plan, &worst);
	/* One node may have to serve all others, from the source. */
	if (config->faults.count > 0)
		limit_s += (plan->recipients + 1.0) * (double)plan->size_bytes *
		    (1 / worst.base.link_bytes_per_s + 1 / worst.base.source_bytes_per_s);
	return limit_s < 1e9 ? (uint64_t)(limit_s * 1e9) : UINT64_MAX / 2;
}
