/*
 * The swarm: see swarm.h.
 */
#include "sim/swarm.h"

#include "base/random.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SINKS_MAX = 4, SLOW_MAX = 3 };

/* What goes wrong on purpose. */
enum fault {
	FAULT_NONE,
	FAULT_SINKS,
	FAULT_ALL_SINKS,
	FAULT_SOURCE,
	FAULT_DAMAGE,
};

static const char *const fault_names[] = {"none", "sinks", "all sinks", "source", "damage"};

struct trial {
	struct sc_random random;
	struct sc_plan plan;
	struct sc_machine machine;
	struct sc_slow slow[SLOW_MAX];
	struct sc_sim_sink_fault *sinks; /* owned */
	enum fault fault;
	struct sc_sim_config config;
	struct sc_swarm_verdict *verdict;
};

static uint32_t
below(struct trial *trial, uint32_t bound)
{
	return (uint32_t)sc_random_below(&trial->random, bound);
}

/* A number whose size is even on a logarithmic scale. */
static double
between(struct trial *trial, double low, double high)
{
	double part = ldexp((double)(sc_random_next(&trial->random) >> 11), -53);

	return low * pow(high / low, part);
}

static void
broken(struct trial *trial, const char *format, ...)
{
	va_list arguments;

	if (trial->verdict->broken++ > 0)
		return;
	va_start(arguments, format);
	vsnprintf(trial->verdict->text, sizeof(trial->verdict->text), format, arguments);
	va_end(arguments);
}

static int
make_plan(struct trial *trial)
{
	struct sc_plan_shape shape = {
		.group_size = 1 + below(trial, 12),
		.tree_groups = 1 + below(trial, 8),
		.branching = 1 + below(trial, 2),
		.chunk_bytes = 4096u << below(trial, 6),
		.window = 1 + below(trial, 6),
		.store_and_forward = below(trial, 5) == 0,
	};
	uint32_t recipients = below(trial, 20) == 0 ? below(trial, 201) : below(trial, 41);
	uint32_t chunks = below(trial, below(trial, 10) == 0 ? 400 : 70);
	uint64_t size_bytes = 0;
	struct sc_error err;

	if (chunks > 0) {
		uint32_t kind = below(trial, 3);

		size_bytes = (uint64_t)(chunks - 1) * shape.chunk_bytes;
		size_bytes += kind == 0 ? 1
		    : kind == 1         ? shape.chunk_bytes
					: 1 + below(trial, shape.chunk_bytes);
	}
	if (sc_plan_make(&trial->plan, recipients, size_bytes, &shape, UINT64_C(1) << 30, &err) !=
	    0) {
		broken(trial, "the plan can't be made: %.300s", err.text);
		return -1;
	}
	return 0;
}

static void
make_machine(struct trial *trial)
{
	struct sc_machine *machine = &trial->machine;

	machine->base.link_bytes_per_s = between(trial, 1e6, 1e10);
	machine->base.latency_s = between(trial, 1e-6, 1e-2);
	machine->base.message_s = below(trial, 2) == 0 ? 0 : between(trial, 1e-7, 1e-4);
	machine->base.source_bytes_per_s = between(trial, 1e6, 1e10);
	machine->base.disk_bytes_per_s = between(trial, 1e6, 1e10);
	machine->disk_read_bytes_per_s = between(trial, 1e6, 1e10);
	machine->operation_s = below(trial, 2) == 0 ? 0 : between(trial, 1e-6, 1e-3);
	machine->commit_s = below(trial, 2) == 0 ? 0 : between(trial, 1e-6, 1);
	machine->jitter = below(trial, 3) == 0 ? 0 : between(trial, 0.01, 0.95);
	if (below(trial, 3) == 0) {
		machine->rack_nodes = 1 + below(trial, 12);
		machine->uplink_bytes_per_s = between(trial, 1e6, 1e10);
	}
	machine->slow = trial->slow;
	machine->slow_count = below(trial, SLOW_MAX + 1);
	for (uint32_t i = 0; i < machine->slow_count; i++) {
		trial->slow[i].node = below(trial, trial->plan.recipients + 1);
		trial->slow[i].factor = between(trial, 0.01, 2);
	}
}

/* Copies that fail, each at another node. */
static void
make_sink_faults(struct trial *trial)
{
	struct sc_sim_faults *faults = &trial->config.faults;
	bool keeps_copy = !trial->config.origin_keeps_no_copy;
	uint32_t first = keeps_copy ? 0 : 1;
	uint32_t copies = trial->plan.recipients + (keeps_copy ? 1 : 0);
	uint32_t count = copies;

	if (copies == 0)
		return;
	if (trial->fault == FAULT_SINKS) {
		count = 1 + below(trial, SINKS_MAX);
		if (count > copies)
			count = copies;
	}
	trial->sinks = calloc(count, sizeof(*trial->sinks));
	if (trial->sinks == NULL)
		abort();
	for (uint32_t i = 0; i < count; i++) {
		/* Even steps over all nodes: no two are the same. */
		trial->sinks[i].node = first + (uint32_t)((uint64_t)i * copies / count);
		trial->sinks[i].after =
		    below(trial, 3) == 0 ? SC_NONE : below(trial, trial->plan.chunks + 1);
	}
	faults->sinks = trial->sinks;
	faults->sink_count = count;
}

static void
make_faults(struct trial *trial)
{
	struct sc_sim_faults *faults = &trial->config.faults;

	*faults = sc_sim_no_faults;
	trial->config.origin_keeps_no_copy = below(trial, 6) == 0;
	trial->fault = below(trial, 2) == 0 ? FAULT_NONE : (enum fault)below(trial, 5);
	if (trial->fault == FAULT_SINKS || trial->fault == FAULT_ALL_SINKS)
		make_sink_faults(trial);
	if (trial->fault == FAULT_SOURCE)
		faults->source_at = below(trial, trial->plan.chunks + 1);
	if (trial->fault == FAULT_DAMAGE && trial->plan.recipients > 0 && trial->plan.chunks > 0) {
		faults->damaged_node = 1 + below(trial, trial->plan.recipients);
		faults->damaged_chunk = below(trial, trial->plan.chunks);
	}
}

static void
describe(struct trial *trial)
{
	const struct sc_plan *plan = &trial->plan;
	const struct sc_machine *machine = &trial->machine;

	snprintf(trial->verdict->setup, sizeof(trial->verdict->setup),
	    "n=%u k=%u m=%u b=%u chunks=%u of %u (%llu bytes) window=%u saf=%d link=%.3g "
	    "latency=%.3g message=%.3g source=%.3g disk=%.3g jitter=%.2f rack=%u slow=%u fault=%s%s",
	    plan->recipients, plan->subfiles, plan->tree_groups, plan->branching, plan->chunks,
	    plan->chunk_bytes, (unsigned long long)plan->size_bytes, plan->window,
	    plan->store_and_forward, machine->base.link_bytes_per_s, machine->base.latency_s,
	    machine->base.message_s, machine->base.source_bytes_per_s,
	    machine->base.disk_bytes_per_s, machine->jitter, machine->rack_nodes,
	    machine->slow_count, fault_names[trial->fault],
	    trial->config.origin_keeps_no_copy ? ", origin without copy" : "");
}

/* Copies whose fault strikes before they are complete. */
static uint32_t
failing_copies(const struct trial *trial)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < trial->config.faults.sink_count; i++) {
		if (trial->sinks[i].after == SC_NONE || trial->sinks[i].after < trial->plan.chunks)
			count++;
	}
	return count;
}

static void
expect_abort(struct trial *trial, const struct sc_sim_result *result, uint32_t copies, bool none)
{
	if (!result->aborted)
		broken(trial, "the run goes on though its source is lost");
	if (result->committed != result->commits || (none && result->commits != 0))
		broken(trial, "%u copies were committed, %u are counted", result->commits,
		    result->committed);
	if (result->committed + result->failed != copies)
		broken(trial, "%u committed and %u failed of %u copies", result->committed,
		    result->failed, copies);
}

static void
judge(struct trial *trial, const struct sc_sim_result *result)
{
	const struct sc_sim_faults *faults = &trial->config.faults;
	uint32_t copies = trial->plan.recipients + (trial->config.origin_keeps_no_copy ? 0 : 1);
	uint32_t failing = failing_copies(trial);

	if (result->violations > 0)
		broken(trial, "%s", result->violation);
	if (faults->source_at != SC_NONE) {
		expect_abort(trial, result, copies, true);
		return;
	}
	if (faults->damaged_node != SC_NONE) {
		expect_abort(trial, result, copies, false);
		if (result->failed == 0)
			broken(trial, "a damaged chunk is in every copy");
		return;
	}
	if (failing > 0 && failing == copies) {
		expect_abort(trial, result, copies, true);
		return;
	}
	if (result->aborted)
		broken(trial, "the run was given up");
	if (result->committed != copies - failing || result->commits != copies - failing ||
	    result->failed != failing || result->failures_named != failing)
		broken(trial,
		    "%u of %u copies committed, %u counted, %u failed, %u named; %u do fail",
		    result->commits, copies, result->committed, result->failed,
		    result->failures_named, failing);
	if (trial->plan.recipients > 0 &&
	    result->nodes[SC_ORIGIN].bytes_sent != trial->plan.size_bytes)
		broken(trial, "the origin does not send the file just once");
}

void
sc_swarm_run(uint64_t seed, sc_swarm_prepare *prepare, void *context,
    struct sc_swarm_verdict *verdict)
{
	struct trial trial = {.random = {.state = seed}, .verdict = verdict};
	struct sc_sim_result result;

	*verdict = (struct sc_swarm_verdict){0};
	if (make_plan(&trial) != 0)
		return;
	make_machine(&trial);
	make_faults(&trial);
	trial.config.plan = &trial.plan;
	trial.config.machine = &trial.machine;
	trial.config.seed = sc_random_next(&trial.random);
	trial.config.limit_ns = sc_sim_limit_ns(&trial.plan, &trial.machine);
	if (below(&trial, 4) == 0)
		trial.config.progress_interval_ns = 1 + trial.config.limit_ns / 5000;
	describe(&trial);
	if (prepare != NULL)
		prepare(context, &trial.config, &result);
	sc_sim_run(&trial.config, &result);
	judge(&trial, &result);
	verdict->fingerprint = result.fingerprint;
	verdict->steps = result.steps;
	sc_sim_result_free(&result);
	sc_plan_free(&trial.plan);
	free(trial.sinks);
}
