/*
 * The command line of stagecast-sim: see options.h.
 */
#include "simulate/options.h"

#include "base/vector.h"
#include "cli/plan_options.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define SC_OPTIONS struct sc_sim_options

/* As stagecast has them where its links are not too slow for that. */
static const uint64_t timeout_default_ns = UINT64_C(10000000000);
static const uint64_t heartbeat_most_ns = UINT64_C(250000000);

/* A day is as good as for ever. */
#define DURATION_NS_MAX UINT64_C(86400000000000)

#define SEED_MAX UINT64_C(1000000000000000000)

static const char intro[] =
    "Usage: stagecast-sim --nodes=N --size=SIZE [OPTION]...\n"
    "Simulate the staging of a file of SIZE to N nodes by stagecast, on a machine\n"
    "that need not exist, and print when they would have it.\n";

static const char outro[] =
    "\n"
    "RATE is bits (100Gbit, 50Mbit) or bytes (2GB/s, 2GiB/s) a second, TIME is 2us,\n"
    "1.5ms or 1s, SIZE takes K, M, G, T or KiB, MiB, GiB, TiB (powers of 1024);\n"
    "K, M, W, SIZE of a chunk and -b also take 'auto'.\n"
    "\n"
    "Exit status: 0 it went well; 1 a rule was broken, or nothing could be done;\n"
    "2 usage.\n";

/* "rack:R,node:M" */
static int
read_topology(void *context, const char *text, struct sc_error *err)
{
	struct sc_sim_options *options = context;
	uint32_t racks;
	uint32_t nodes;
	char rest;

	(void)err;
	if (sscanf(text, "rack:%7" SCNu32 ",node:%7" SCNu32 "%c", &racks, &nodes, &rest) != 2 ||
	    racks < 1 || nodes < 1 || (uint64_t)racks * nodes > SC_NODES_MAX)
		return 1;
	options->machine.rack_nodes = nodes;
	if (options->nodes == SC_NONE)
		options->nodes = racks * nodes - 1;
	return 0;
}

/* NODE:FACTOR[,NODE:FACTOR]... */
static int
read_slow(void *context, const char *text, struct sc_error *err)
{
	struct sc_machine *machine = &((struct sc_sim_options *)context)->machine;
	size_t room = machine->slow_count;

	for (;;) {
		int length = 0;
		struct sc_slow one;
		struct sc_slow *slow = sc_vector_room((void *)(uintptr_t)machine->slow,
		    machine->slow_count + 1, &room, sizeof(*slow));

		if (slow == NULL)
			return sc_fail(err, 0, "no memory for --slow");
		machine->slow = slow;
		if (sscanf(text, "%7" SCNu32 ":%lf%n", &one.node, &one.factor, &length) != 2 ||
		    one.node > SC_NODES_MAX || !(one.factor >= 1e-6 && one.factor <= 1e6))
			return 1;
		slow[machine->slow_count++] = one;
		text += length;
		if (*text == '\0')
			return 0;
		if (*text++ != ',')
			return 1;
	}
}

static int
read_fails(void *context, const char *text, struct sc_error *err)
{
	return sc_sim_fails_read(&((struct sc_sim_options *)context)->fails, text, err);
}

/* clang-format off */
static const struct sc_option options_of_sim[] = {
	SC_HEADING("The machine:"),
	{"nodes", 0, SC_NUMBER("N", nodes, 0, SC_NODES_MAX),
		"nodes that receive the file, beside the origin"},
	{"topology", 0, SC_CALL("=rack:R,node:M", read_topology, "rack:R,node:M for R racks of M "
		"nodes"), "R racks of M nodes, the origin being the first one"},
	{"nic", 0, SC_RATE(machine.base.link_bytes_per_s),
		"rate of a node's interface, each way (default 10Gbit)"},
	{"uplink", 0, SC_RATE(machine.uplink_bytes_per_s),
		"rate of a rack's link, each way (default: as much as its nodes)"},
	{"latency", 0, SC_SECONDS(machine.base.latency_s), "delay of a message, one way (default 25us)"},
	{"message-cost", 0, SC_SECONDS(machine.base.message_s),
		"processor time of a message at each end (default 5us)"},
	{"source-read", 0, SC_RATE(machine.base.source_bytes_per_s),
		"rate of reading the source (default 2GB/s)"},
	{"disk-write", 0, SC_RATE(machine.base.disk_bytes_per_s),
		"rate of writing at every node (default 1.5GB/s)"},
	{"disk-read", 0, SC_RATE(machine.disk_read_bytes_per_s),
		"rate of reading what was written just now (default 4GB/s)"},
	{"op-cost", 0, SC_SECONDS(machine.operation_s),
		"time for a read or write of a chunk, beside its bytes"},
	{"commit-cost", 0, SC_SECONDS(machine.commit_s), "time for the final check, fsync and rename"},
	{"slow", 0, SC_CALL("=NODE:FACTOR[,...]", read_slow,
		"NODE:FACTOR[,NODE:FACTOR]..., such as 17:0.25"),
		"nodes whose interface has a part of the rate"},
	{"fail", 0, SC_CALL("=NODE@WHEN[:KIND][,...]", read_fails,
		"NODE@WHEN[:KIND][,...]; WHEN is a time or 50% of the file, KIND crash, hang, cut or "
		"slow=FACTOR"),
		"what goes wrong: WHEN is a time or 50% of the file stored there, KIND crash (default), "
		"hang[=TIME], cut[=TIME] or slow=FACTOR; node 0 is the origin"},
	{"acks", 0, SC_PART(machine.ack_part),
		"share of a chunk's bytes that goes back to its sender (TCP: 2.2; default 0)"},
	{"jitter", 0, SC_PART(machine.jitter), "share by which delays and services vary (default 0)"},
	{"seed", 0, SC_NUMBER("N", seed, 0, SEED_MAX), "seed of the jitter (default 1)"},

	SC_HEADING("The staging, as of stagecast(1):"),
	{"size", 0, SC_SIZE(size_bytes, 0, UINT64_C(1) << 60), "size of the file"},
	SC_TABLE(sc_plan_options, wishes, struct sc_plan_request),
	{"heartbeat", 0, SC_TIME(heartbeat_ns, 1000000, DURATION_NS_MAX),
		"how often a node says it is alive (default 250ms)"},
	{"timeout", 0, SC_TIME(timeout_ns, 3000000, DURATION_NS_MAX),
		"how long a node may be silent (default 10s)"},
	{"buddy", 0, SC_NUMBER("NODE", buddy, 1, SC_NODES_MAX),
		"a node that reads the source too (default: none)"},

	SC_HEADING("What is simulated and recorded:"),
	{"compare", 0, SC_SET(mode, SC_SIM_COMPARE), "simulate other ways to stage the file, too"},
	{"search", 0, SC_SET(mode, SC_SIM_SEARCH),
		"simulate every sensible k, m, b and chunk size instead"},
	{"jobs", 0, SC_NUMBER("N", jobs, 1, 1024),
		"simulations of a search at one time, by default as many as there are cores"},
	{"trace", 0, SC_TEXT("FILE", trace), "write all events and actions of all nodes"},
	{"timings", 0, SC_TEXT("FILE.h5", timings), "write what happened when: stagecast-timings(5)"},
	SC_OPTIONS_END,
};
/* clang-format on */

static void
prepare(void *context)
{
	*(struct sc_sim_options *)context = (struct sc_sim_options){
		.nodes = SC_NONE,
		.size_bytes = UINT64_MAX,
		.seed = 1,
		.machine = {.base = sc_cost_machine_default, .disk_read_bytes_per_s = 4e9},
	};
}

static void
set_timeouts(const struct sc_sim_options *options, struct sc_sim_config *config)
{
	if (options->heartbeat_ns == 0 && options->timeout_ns == 0 && options->fails.count == 0 &&
	    options->machine.slow_count == 0)
		return;
	config->timeout_ns = options->timeout_ns == 0 ? timeout_default_ns : options->timeout_ns;
	/* A timeout that is not given is five heartbeats at least. */
	if (options->timeout_ns == 0 && config->timeout_ns < 5 * options->heartbeat_ns)
		config->timeout_ns = 5 * options->heartbeat_ns;
	config->heartbeat_ns = options->heartbeat_ns;
	if (config->heartbeat_ns == 0)
		config->heartbeat_ns = config->timeout_ns / 10;
	if (options->heartbeat_ns == 0 && config->heartbeat_ns > heartbeat_most_ns)
		config->heartbeat_ns = heartbeat_most_ns;
	config->deadman_ns = config->timeout_ns;
}

static int
check_faults(const struct sc_sim_options *options, struct sc_error *err)
{
	struct sc_sim_config config = {0};

	for (uint32_t i = 0; i < options->fails.count; i++) {
		if (options->fails.items[i].fault.node > options->nodes)
			return sc_fail(err, 0, "--fail: there is no node %u",
			    options->fails.items[i].fault.node);
	}
	if (options->buddy > options->nodes)
		return sc_fail(err, 0, "--buddy=%u: there is no such node", options->buddy);
	if (options->fails.count > 0 && options->mode != SC_SIM_RUN)
		return sc_fail(err, 0, "--fail is for one staging, not for --compare or --search");
	set_timeouts(options, &config);
	if (config.heartbeat_ns > 0 && config.timeout_ns <= 2 * config.heartbeat_ns)
		return sc_fail(err, 0, "--timeout has to be more than two heartbeats");
	return 0;
}

static int
check(void *context, int count, char **operands, struct sc_error *err)
{
	struct sc_sim_options *options = context;

	if (count > 0)
		return sc_fail(err, 0, "'%s' is too much: there are only options", operands[0]);
	if (options->nodes == SC_NONE)
		return sc_fail(err, 0, "--nodes (or --topology) is missing");
	if (options->size_bytes == UINT64_MAX)
		return sc_fail(err, 0, "--size is missing");
	if (options->machine.uplink_bytes_per_s > 0 && options->machine.rack_nodes == 0)
		return sc_fail(err, 0, "--uplink is of racks: --topology is missing");
	if (options->mode == SC_SIM_SEARCH && (options->trace != NULL || options->timings != NULL))
		return sc_fail(err, 0, "--trace and --timings are for one staging, not a --search");
	return check_faults(options, err);
}

const struct sc_command sc_sim_command = {
	.name = "stagecast-sim",
	.intro = intro,
	.outro = outro,
	.options = options_of_sim,
	.bytes = sizeof(struct sc_sim_options),
	.prepare = prepare,
	.check = check,
};

struct sc_sim_config
sc_sim_options_config(const struct sc_sim_options *options, const struct sc_plan *plan,
    const struct sc_fault *faults)
{
	struct sc_sim_config config = {
		.plan = plan,
		.machine = &options->machine,
		.faults = sc_sim_no_faults,
		.buddy = options->buddy,
		.seed = options->seed,
	};

	config.faults.list = faults;
	config.faults.count = faults == NULL ? 0 : options->fails.count;
	set_timeouts(options, &config);
	config.limit_ns = sc_sim_limit_of(&config);
	return config;
}

void
sc_sim_options_free(struct sc_sim_options *options)
{
	sc_sim_fails_free(&options->fails);
	free((void *)(uintptr_t)options->machine.slow);
	options->machine.slow = NULL;
}
