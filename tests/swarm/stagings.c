/*
 * The swarm: random stagings (see swarm.h).
 */
#include "swarm/swarm.h"

#include "swarm/fault_text.h"
#include "swarm/trial.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

uint32_t
trial_below(struct trial *trial, uint32_t bound)
{
	return (uint32_t)sc_random_below(&trial->random, bound);
}

double
trial_between(struct trial *trial, double low, double high)
{
	double part = ldexp((double)(sc_random_next(&trial->random) >> 11), -53);

	return low * pow(high / low, part);
}

void
trial_broken(struct trial *trial, const char *format, ...)
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
		.group_size = 1 + trial_below(trial, 12),
		.tree_groups = 1 + trial_below(trial, 8),
		.branching = 1 + trial_below(trial, 2),
		.chunk_bytes = 4096u << trial_below(trial, 6),
		.window = 1 + trial_below(trial, 6),
		.store_and_forward = trial_below(trial, 5) == 0,
	};
	uint32_t recipients =
	    trial_below(trial, 20) == 0 ? trial_below(trial, 201) : trial_below(trial, 41);
	uint32_t chunks = trial_below(trial, trial_below(trial, 10) == 0 ? 400 : 70);
	uint64_t size_bytes = 0;
	struct sc_error err;

	if (chunks > 0) {
		uint32_t kind = trial_below(trial, 3);

		size_bytes = (uint64_t)(chunks - 1) * shape.chunk_bytes;
		size_bytes += kind == 0 ? 1
		    : kind == 1         ? shape.chunk_bytes
					: 1 + trial_below(trial, shape.chunk_bytes);
	}
	if (sc_plan_make(&trial->plan, recipients, size_bytes, &shape, UINT64_C(1) << 30, &err) !=
	    0) {
		trial_broken(trial, "the plan can't be made: %.300s", err.text);
		return -1;
	}
	return 0;
}

static void
make_machine(struct trial *trial)
{
	struct sc_machine *machine = &trial->machine;

	machine->base.link_bytes_per_s = trial_between(trial, 1e6, 1e10);
	machine->base.latency_s = trial_between(trial, 1e-6, 1e-2);
	machine->base.message_s = trial_below(trial, 2) == 0 ? 0 : trial_between(trial, 1e-7, 1e-4);
	machine->base.source_bytes_per_s = trial_between(trial, 1e6, 1e10);
	machine->base.disk_bytes_per_s = trial_between(trial, 1e6, 1e10);
	machine->disk_read_bytes_per_s = trial_between(trial, 1e6, 1e10);
	machine->operation_s = trial_below(trial, 2) == 0 ? 0 : trial_between(trial, 1e-6, 1e-3);
	machine->commit_s = trial_below(trial, 2) == 0 ? 0 : trial_between(trial, 1e-6, 1);
	machine->jitter = trial_below(trial, 3) == 0 ? 0 : trial_between(trial, 0.01, 0.95);
	if (trial_below(trial, 3) == 0) {
		machine->rack_nodes = 1 + trial_below(trial, 12);
		machine->uplink_bytes_per_s = trial_between(trial, 1e6, 1e10);
	}
	machine->slow = trial->slow;
	machine->slow_count = trial_below(trial, SLOW_MAX + 1);
	for (uint32_t i = 0; i < machine->slow_count; i++) {
		trial->slow[i].node = trial_below(trial, trial->plan.recipients + 1);
		trial->slow[i].factor = trial_between(trial, 0.01, 2);
	}
}

/* The slowest interface that there will be, as a part of the machine's rate. */
static double
slowest_factor(const struct trial *trial)
{
	double slowest = 1;

	for (uint32_t i = 0; i < trial->machine.slow_count; i++)
		slowest = fmin(slowest, trial->slow[i].factor);
	if (trial->theme == THEME_SLOW || trial->theme == THEME_MIX)
		slowest = fmin(slowest, trial_least_factor);
	return slowest;
}

/* About how long a run takes if nothing goes wrong. */
static double
run_s(const struct trial *trial)
{
	const struct sc_machine *machine = &trial->machine;
	struct sc_cost_machine worst = machine->base;

	worst.link_bytes_per_s *= slowest_factor(trial);
	if (machine->rack_nodes > 0)
		worst.link_bytes_per_s = fmin(worst.link_bytes_per_s, machine->uplink_bytes_per_s);
	return sc_cost_predict(&trial->plan, &worst) + machine->commit_s +
	    trial->plan.chunks * machine->operation_s;
}

/*
 * After how long is a healthy node heard of again, at most?  Its heartbeats
 * overtake chunks, but share interfaces with them and wait for the processor.
 */
static double
silence_s(const struct trial *trial)
{
	const struct sc_machine *machine = &trial->machine;
	const struct sc_plan *plan = &trial->plan;
	double rate = machine->base.link_bytes_per_s * slowest_factor(trial);
	double peers = plan->subfiles + 8.0;
	double flows = peers;

	if (machine->rack_nodes > 0) {
		rate = fmin(rate, machine->uplink_bytes_per_s);
		flows *= machine->rack_nodes;
	}
	return 2 * machine->base.latency_s + (SC_CONTROL_BYTES + 64.0) * (flows + 1) / rate +
	    4 * machine->base.message_s * peers * (plan->window + 4);
}

/* Heartbeats, some dozens of them in a run; and a timeout that is long enough for every healthy
 * node. */
static void
make_heartbeats(struct trial *trial)
{
	double least_s = silence_s(trial);
	double beat_s = least_s * trial_between(trial, 1, 8);
	double timeout_s;

	beat_s = fmax(beat_s, trial->run_s * trial_between(trial, 0.05, 0.5));
	timeout_s = fmax(beat_s * trial_between(trial, 4, 10), 20 * least_s);
	trial->config.heartbeat_ns = (uint64_t)(beat_s * 1e9) + 1;
	trial->config.timeout_ns = (uint64_t)(timeout_s * 1e9) + 5;
	trial->passing_ns = trial->config.timeout_ns / 4;
	if (trial_below(trial, 2) == 0) {
		trial->config.deadman_ns =
		    (uint64_t)(timeout_s * 1e9 * trial_between(trial, 0.5, 2));
		if (trial->passing_ns > trial->config.deadman_ns / 2)
			trial->passing_ns = trial->config.deadman_ns / 2;
	}
}

/* What earlier runs left, some of which were cut off. */
static void
make_held(struct trial *trial)
{
	const struct sc_plan *plan = &trial->plan;
	uint32_t part;

	trial->held = calloc(plan->recipients + 1, sizeof(*trial->held));
	if (trial->held == NULL)
		abort();
	for (uint32_t i = 0; i <= plan->recipients; i++) {
		if (trial_below(trial, 4) == 0 || plan->chunks == 0)
			continue;
		if (sc_bitmap_init(&trial->held[i], plan->chunks) != 0)
			abort();
		part = i == SC_ORIGIN ? 0 : trial_below(trial, 5);
		for (uint32_t chunk = 0; chunk < plan->chunks; chunk++) {
			if (trial_below(trial, 4) < part)
				sc_bitmap_add(&trial->held[i], chunk);
		}
	}
	trial->config.held = trial->held;
	trial->config.open_ns = (uint64_t)(1e9 * trial_between(trial, 1e-6, 0.1));
}

static bool
needs_heartbeats(enum theme theme)
{
	return theme == THEME_SILENCE || theme == THEME_PASSING || theme == THEME_SLOW ||
	    theme == THEME_MIX;
}

static void
make_config(struct trial *trial)
{
	static const double eager_bytes[] = {0, 16384, 1e15};
	struct sc_sim_config *config = &trial->config;

	config->check_nodes = true;
	config->plan = &trial->plan;
	config->machine = &trial->machine;
	config->faults = sc_sim_no_faults;
	config->seed = sc_random_next(&trial->random);
	config->origin_keeps_no_copy = trial_below(trial, 6) == 0;
	(void)trial_below(trial, 3); /* of a setting that is gone: seeds keep their stagings */
	config->eager_bytes = eager_bytes[trial_below(trial, 3)];
	config->detect_ns = (uint64_t)(1e9 * trial_between(trial, 1e-4, 0.1));
	if (trial->plan.recipients > 0 && trial_below(trial, 3) == 0)
		config->buddy = 1 + trial_below(trial, trial->plan.recipients);
	if (trial_below(trial, 8) == 0)
		make_held(trial);
	trial->theme = trial_below(trial, 2) == 0
	    ? THEME_NONE
	    : (enum theme)(1 + trial_below(trial, THEMES - 1));
	trial->run_s = run_s(trial);
	config->stall_ns = (uint64_t)(1e9 * trial->run_s * trial_between(trial, 0.01, 1)) + 1;
	if (needs_heartbeats(trial->theme) || trial_below(trial, 3) == 0)
		make_heartbeats(trial);
	trial_make_faults(trial);
	config->faults.list = trial->faults;
	config->faults.count = trial->fault_count;
	config->limit_ns = sc_sim_limit_of(config);
	/* Some millions; a hundred for each chunk of each node are more than any run takes. */
	config->limit_steps = 2000000 + UINT64_C(100) * trial->plan.recipients * trial->plan.chunks;
	if (trial_below(trial, 4) == 0)
		config->progress_interval_ns = 1 + config->limit_ns / 5000;
}

static size_t
describe_plan(const struct trial *trial, char *text, size_t size)
{
	const struct sc_plan *plan = &trial->plan;
	const struct sc_machine *machine = &trial->machine;

	return (size_t)snprintf(text, size,
	    "n=%u k=%u m=%u b=%u chunks=%u of %u (%llu bytes) window=%u saf=%d link=%.3g "
	    "latency=%.3g message=%.3g source=%.3g disk=%.3g jitter=%.2f rack=%u slow=%u",
	    plan->recipients, plan->subfiles, plan->tree_groups, plan->branching, plan->chunks,
	    plan->chunk_bytes, (unsigned long long)plan->size_bytes, plan->window,
	    plan->store_and_forward, machine->base.link_bytes_per_s, machine->base.latency_s,
	    machine->base.message_s, machine->base.source_bytes_per_s,
	    machine->base.disk_bytes_per_s, machine->jitter, machine->rack_nodes,
	    machine->slow_count);
}

static size_t
describe_config(const struct trial *trial, char *text, size_t size)
{
	const struct sc_sim_config *config = &trial->config;

	return (size_t)snprintf(text, size,
	    " beat=%.3g timeout=%.3g deadman=%.3g detect=%.3g eager=%.3g buddy=%u%s%s: %s",
	    (double)config->heartbeat_ns * 1e-9, (double)config->timeout_ns * 1e-9,
	    (double)config->deadman_ns * 1e-9, (double)config->detect_ns * 1e-9,
	    config->eager_bytes, config->buddy,
	    config->origin_keeps_no_copy ? ", origin without copy" : "",
	    config->held != NULL ? ", resumed" : "", trial_theme_name(trial->theme));
}

static void
describe(struct trial *trial)
{
	char *text = trial->verdict->setup;
	size_t size = sizeof(trial->verdict->setup);
	char fault[SC_FAULT_TEXT_BYTES];
	size_t length = describe_plan(trial, text, size);

	if (length < size)
		length += describe_config(trial, text + length, size - length);
	if (trial->config.faults.source_at != SC_NONE && length < size)
		length += (size_t)snprintf(text + length, size - length, " at chunk %u",
		    trial->config.faults.source_at);
	for (uint32_t i = 0; i < trial->fault_count && length < size; i++)
		length += (size_t)snprintf(text + length, size - length, "%s %s", i == 0 ? "" : ",",
		    sc_fault_format(&trial->faults[i], fault));
}

static void
free_trial(struct trial *trial)
{
	for (uint32_t i = 0; trial->held != NULL && i <= trial->plan.recipients; i++)
		sc_bitmap_free(&trial->held[i]);
	free(trial->held);
	free(trial->faults);
	sc_plan_free(&trial->plan);
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
	make_config(&trial);
	describe(&trial);
	if (prepare != NULL)
		prepare(context, &trial.config, &result);
	sc_sim_run(&trial.config, &result);
	trial_judge(&trial, &result);
	verdict->fingerprint = result.fingerprint;
	verdict->steps = result.steps;
	sc_sim_result_free(&result);
	free_trial(&trial);
}
