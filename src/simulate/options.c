/*
 * The command line of stagecast-sim: see sim_options.h.
 */
#include "simulate/options.h"

#include "cli/plan_options.h"

#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	OPT_NODES = SC_OPTION_OWN,
	OPT_SIZE,
	OPT_TOPOLOGY,
	OPT_NIC,
	OPT_UPLINK,
	OPT_LATENCY,
	OPT_MESSAGE_COST,
	OPT_SOURCE_READ,
	OPT_DISK_WRITE,
	OPT_DISK_READ,
	OPT_OP_COST,
	OPT_COMMIT_COST,
	OPT_SLOW,
	OPT_FAIL,
	OPT_BUDDY,
	OPT_HEARTBEAT,
	OPT_TIMEOUT,
	OPT_ACKS,
	OPT_JITTER,
	OPT_SEED,
	OPT_COMPARE,
	OPT_SEARCH,
	OPT_JOBS,
	OPT_TRACE,
	OPT_TIMINGS,
};

static const char short_options[] = ":" SC_PLAN_SHORT_OPTIONS "Vh";

static const struct option long_options[] = {
	{"nodes", required_argument, NULL, OPT_NODES},
	{"size", required_argument, NULL, OPT_SIZE},
	{"topology", required_argument, NULL, OPT_TOPOLOGY},
	{"nic", required_argument, NULL, OPT_NIC},
	{"uplink", required_argument, NULL, OPT_UPLINK},
	{"latency", required_argument, NULL, OPT_LATENCY},
	{"message-cost", required_argument, NULL, OPT_MESSAGE_COST},
	{"source-read", required_argument, NULL, OPT_SOURCE_READ},
	{"disk-write", required_argument, NULL, OPT_DISK_WRITE},
	{"disk-read", required_argument, NULL, OPT_DISK_READ},
	{"op-cost", required_argument, NULL, OPT_OP_COST},
	{"commit-cost", required_argument, NULL, OPT_COMMIT_COST},
	{"slow", required_argument, NULL, OPT_SLOW},
	{"fail", required_argument, NULL, OPT_FAIL},
	{"buddy", required_argument, NULL, OPT_BUDDY},
	{"heartbeat", required_argument, NULL, OPT_HEARTBEAT},
	{"timeout", required_argument, NULL, OPT_TIMEOUT},
	{"acks", required_argument, NULL, OPT_ACKS},
	{"jitter", required_argument, NULL, OPT_JITTER},
	{"seed", required_argument, NULL, OPT_SEED},
	SC_PLAN_LONG_OPTIONS,
	{"compare", no_argument, NULL, OPT_COMPARE},
	{"search", no_argument, NULL, OPT_SEARCH},
	{"jobs", required_argument, NULL, OPT_JOBS},
	{"trace", required_argument, NULL, OPT_TRACE},
	{"timings", required_argument, NULL, OPT_TIMINGS},
	{"version", no_argument, NULL, 'V'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* As stagecast has them where its links are not too slow for that. */
static const uint64_t timeout_default_ns = UINT64_C(10000000000);
static const uint64_t heartbeat_most_ns = UINT64_C(250000000);

/* A day is as good as for ever. */
static const uint64_t duration_most_ns = UINT64_C(86400000000000);

struct unit {
	const char *name;
	double factor;
};

/* A positive number and one of the units (ended by a NULL name). */
static int
parse_quantity(const char *text, const struct unit *units, double *value)
{
	size_t number = strspn(text, "0123456789.");
	char *end;
	double parsed;

	if (number == 0 || text[0] == '.')
		return -1;
	parsed = strtod(text, &end);
	if (end != text + number)
		return -1;
	for (; units->name != NULL; units++) {
		if (strcasecmp(end, units->name) == 0) {
			*value = parsed * units->factor;
			return isfinite(*value) ? 0 : -1;
		}
	}
	return -1;
}

static int
parse_rate(const char *name, double *bytes_per_s, struct sc_error *err)
{
	static const struct unit units[] = {
		{"kbit", 1e3 / 8},
		{"mbit", 1e6 / 8},
		{"gbit", 1e9 / 8},
		{"tbit", 1e12 / 8},
		{"bit", 1. / 8},
		{"kbit/s", 1e3 / 8},
		{"mbit/s", 1e6 / 8},
		{"gbit/s", 1e9 / 8},
		{"b/s", 1},
		{"kb/s", 1e3},
		{"mb/s", 1e6},
		{"gb/s", 1e9},
		{"tb/s", 1e12},
		{"kib/s", 1024.},
		{"mib/s", 1048576.},
		{"gib/s", 1073741824.},
		{"tib/s", 1099511627776.},
		{NULL, 0},
	};
	double value;

	if (parse_quantity(optarg, units, &value) != 0 || value < 1 || value > 1e15)
		return sc_fail(err, 0, "--%s=%s: it takes a rate such as 100Gbit, 2GB/s or 2GiB/s",
		    name, optarg);
	*bytes_per_s = value;
	return 0;
}

static int
parse_time(const char *name, double *seconds, struct sc_error *err)
{
	static const struct unit units[] = {
		{"ns", 1e-9},
		{"us", 1e-6},
		{"ms", 1e-3},
		{"s", 1},
		{NULL, 0},
	};
	double value;

	if (parse_quantity(optarg, units, &value) != 0 || value > 3600)
		return sc_fail(err, 0, "--%s=%s: it takes a time such as 2us, 1.5ms or 1s", name,
		    optarg);
	*seconds = value;
	return 0;
}

static int
parse_seed(uint64_t *seed, struct sc_error *err)
{
	size_t digits = strspn(optarg, "0123456789");

	if (digits == 0 || digits > 18 || optarg[digits] != '\0')
		return sc_fail(err, 0, "--seed=%s: it takes a number", optarg);
	*seed = strtoull(optarg, NULL, 10);
	return 0;
}

static int
parse_percents(const char *option, double *part, struct sc_error *err)
{
	static const struct unit units[] = {{"", 0.01}, {"%", 0.01}, {NULL, 0}};

	if (parse_quantity(optarg, units, part) != 0 || *part > 0.99)
		return sc_fail(err, 0, "--%s=%s: it takes percents from 0 to 99", option, optarg);
	return 0;
}

/* "rack:R,node:M" */
static int
parse_topology(struct sc_sim_options *options, struct sc_error *err)
{
	char *end = NULL;
	unsigned long racks = 0;
	unsigned long nodes = 0;

	if (strncmp(optarg, "rack:", 5) == 0)
		racks = strtoul(optarg + 5, &end, 10);
	if (end != NULL && strncmp(end, ",node:", 6) == 0)
		nodes = strtoul(end + 6, &end, 10);
	if (nodes < 1 || racks < 1 || *end != '\0' || racks > SC_NODES_MAX ||
	    nodes > SC_NODES_MAX || racks * nodes > SC_NODES_MAX)
		return sc_fail(err, 0,
		    "--topology=%s: it takes rack:R,node:M for R racks of M nodes", optarg);
	options->machine.rack_nodes = (uint32_t)nodes;
	if (options->nodes == SC_NONE)
		options->nodes = (uint32_t)(racks * nodes) - 1;
	return 0;
}

static int
parse_slow(struct sc_machine *machine, struct sc_error *err)
{
	const char *at = optarg;
	struct sc_slow *slow = NULL;
	uint32_t count = machine->slow_count;

	for (;;) {
		char *end;
		unsigned long node = strtoul(at, &end, 10);
		double factor = *end == ':' && end != at ? strtod(end + 1, &end) : 0;

		slow = realloc((void *)(uintptr_t)machine->slow, (count + 1) * sizeof(*slow));
		if (slow == NULL)
			return sc_fail(err, 0, "no memory for --slow");
		machine->slow = slow;
		if (node > SC_NODES_MAX || !(factor >= 1e-6 && factor <= 1e6) ||
		    (*end != ',' && *end != '\0'))
			return sc_fail(err, 0,
			    "--slow=%s: it takes NODE:FACTOR[,NODE:FACTOR]..., such as 17:0.25",
			    optarg);
		slow[count++] = (struct sc_slow){.node = (uint32_t)node, .factor = factor};
		machine->slow_count = count;
		if (*end == '\0')
			return 0;
		at = end + 1;
	}
}

static int
take_machine_option(struct sc_sim_options *options, int option, struct sc_error *err)
{
	struct sc_machine *machine = &options->machine;

	switch (option) {
	case OPT_NIC:
		return parse_rate("nic", &machine->base.link_bytes_per_s, err);
	case OPT_UPLINK:
		return parse_rate("uplink", &machine->uplink_bytes_per_s, err);
	case OPT_LATENCY:
		return parse_time("latency", &machine->base.latency_s, err);
	case OPT_MESSAGE_COST:
		return parse_time("message-cost", &machine->base.message_s, err);
	case OPT_SOURCE_READ:
		return parse_rate("source-read", &machine->base.source_bytes_per_s, err);
	case OPT_DISK_WRITE:
		return parse_rate("disk-write", &machine->base.disk_bytes_per_s, err);
	case OPT_DISK_READ:
		return parse_rate("disk-read", &machine->disk_read_bytes_per_s, err);
	case OPT_OP_COST:
		return parse_time("op-cost", &machine->operation_s, err);
	case OPT_COMMIT_COST:
		return parse_time("commit-cost", &machine->commit_s, err);
	case OPT_SLOW:
		return parse_slow(machine, err);
	case OPT_FAIL:
		return sc_sim_fails_parse(&options->fails, optarg, err);
	case OPT_BUDDY:
		return sc_option_number("buddy", 1, SC_NODES_MAX, &options->buddy, err);
	case OPT_HEARTBEAT:
		return sc_option_duration("heartbeat", 1000000, duration_most_ns,
		    &options->heartbeat_ns, err);
	case OPT_TIMEOUT:
		return sc_option_duration("timeout", 3000000, duration_most_ns,
		    &options->timeout_ns, err);
	case OPT_ACKS:
		return parse_percents("acks", &machine->ack_part, err);
	case OPT_JITTER:
		return parse_percents("jitter", &machine->jitter, err);
	case OPT_TOPOLOGY:
		return parse_topology(options, err);
	default:
		return sc_plan_option_take(&options->wishes, option, err);
	}
}

static int
take_option(struct sc_sim_options *options, int option, struct sc_error *err)
{
	switch (option) {
	case OPT_NODES:
		return sc_option_number("nodes", 0, SC_NODES_MAX, &options->nodes, err);
	case OPT_SIZE:
		return sc_option_bytes("size", 0, UINT64_C(1) << 60, &options->size_bytes, err);
	case OPT_SEED:
		return parse_seed(&options->seed, err);
	case OPT_COMPARE:
		options->errand = SC_SIM_COMPARE;
		return 0;
	case OPT_SEARCH:
		options->errand = SC_SIM_SEARCH;
		return 0;
	case OPT_JOBS:
		return sc_option_number("jobs", 1, 1024, &options->jobs, err);
	case OPT_TRACE:
		options->trace = optarg;
		return 0;
	case OPT_TIMINGS:
		options->timings = optarg;
		return 0;
	case 'V':
		options->errand = SC_SIM_VERSION;
		return 0;
	case 'h':
		options->errand = SC_SIM_HELP;
		return 0;
	default:
		return take_machine_option(options, option, err);
	}
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
	if (options->fails.count > 0 && options->errand != SC_SIM_RUN)
		return sc_fail(err, 0, "--fail is for one staging, not for --compare or --search");
	set_timeouts(options, &config);
	if (config.heartbeat_ns > 0 && config.timeout_ns <= 2 * config.heartbeat_ns)
		return sc_fail(err, 0, "--timeout has to be more than two heartbeats");
	return 0;
}

static int
check(const struct sc_sim_options *options, int operands, char **operand, struct sc_error *err)
{
	if (options->errand == SC_SIM_HELP || options->errand == SC_SIM_VERSION)
		return 0;
	if (operands > 0)
		return sc_fail(err, 0, "'%s' is too much: there are only options", operand[0]);
	if (options->nodes == SC_NONE)
		return sc_fail(err, 0, "--nodes (or --topology) is missing");
	if (options->size_bytes == UINT64_MAX)
		return sc_fail(err, 0, "--size is missing");
	if (options->machine.uplink_bytes_per_s > 0 && options->machine.rack_nodes == 0)
		return sc_fail(err, 0, "--uplink is of racks: --topology is missing");
	if (options->errand == SC_SIM_SEARCH &&
	    (options->trace != NULL || options->timings != NULL))
		return sc_fail(err, 0, "--trace and --timings are for one staging, not a --search");
	return check_faults(options, err);
}

int
sc_sim_options_parse(struct sc_sim_options *options, int argc, char **argv, struct sc_error *err)
{
	int option;

	*options = (struct sc_sim_options){
		.nodes = SC_NONE,
		.size_bytes = UINT64_MAX,
		.seed = 1,
		.machine = {.base = sc_cost_machine_default, .disk_read_bytes_per_s = 4e9},
	};
	optind = 1;
	while ((option = getopt_long(argc, argv, short_options, long_options, NULL)) != -1) {
		if (option == ':' || option == '?')
			return sc_option_refuse(option, short_options, argv, err);
		if (take_option(options, option, err) != 0)
			return -1;
	}
	return check(options, argc - optind, argv + optind, err);
}

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
