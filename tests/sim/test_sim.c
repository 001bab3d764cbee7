/*
 * The simulator: its network against arithmetic, and whole runs.
 */
#include "lib/suite.h"
#include "sim/baseline.h"
#include "sim/network.h"
#include "sim/sim.h"

#include <math.h>

enum { NODES = 8 };

struct arrivals {
	struct sc_agenda *agenda;
	uint64_t times_ns[64]; /* by chunk */
	uint32_t order[64];
	uint32_t count;
	uint32_t sent;
};

static void
on_sent(void *context, const struct sc_message_flight *message)
{
	struct arrivals *arrivals = context;

	(void)message;
	arrivals->sent++;
}

static void
on_arrived(void *context, const struct sc_message_flight *message)
{
	struct arrivals *arrivals = context;

	arrivals->times_ns[message->chunk] = arrivals->agenda->now_ns;
	arrivals->order[arrivals->count++] = message->chunk;
}

/* Send messages at time 0 over links of a byte a nanosecond and a latency of
 * 1 us, and see when they arrive. */
static struct arrivals
deliver(const struct sc_machine *machine, const struct sc_message_flight *messages, uint32_t count)
{
	struct sc_agenda agenda = {0};
	struct sc_random random = {.state = 5};
	struct arrivals arrivals = {.agenda = &agenda};
	struct sc_network_listener listener = {&arrivals, on_sent, on_arrived};
	struct sc_network *network = sc_network_new(&agenda, &random, machine, NODES, &listener);

	for (uint32_t i = 0; i < count; i++) {
		struct sc_message_flight message = messages[i];

		message.chunk = i;
		sc_network_send(network, &message, 0);
	}
	while (agenda.heap.count > 0)
		sc_network_happen(network, sc_agenda_next(&agenda));
	CU_ASSERT_EQUAL(arrivals.count, count);
	CU_ASSERT_EQUAL(arrivals.sent, count);
	sc_network_free(network);
	sc_agenda_free(&agenda);
	return arrivals;
}

static struct sc_machine
plain_machine(void)
{
	struct sc_machine machine = {
		.base = {.link_bytes_per_s = 1e9,
			.latency_s = 1e-6,
			.source_bytes_per_s = 1e12,
			.disk_bytes_per_s = 1e12},
		.disk_read_bytes_per_s = 1e12,
	};

	return machine;
}

static void
check_time(uint64_t time_ns, double expected_ns)
{
	CU_ASSERT(fabs((double)time_ns - expected_ns) < 5);
}

static void
test_interfaces_are_shared(void)
{
	struct sc_machine machine = plain_machine();
	struct sc_message_flight fan_out[] = {
		{.from = 0, .to = 1, .bytes = 3e6},
		{.from = 0, .to = 2, .bytes = 3e6},
		{.from = 0, .to = 3, .bytes = 1e6},
	};
	struct sc_message_flight fan_in[] = {
		{.from = 1, .to = 0, .bytes = 3e6},
		{.from = 2, .to = 0, .bytes = 3e6},
		{.from = 3, .to = 0, .bytes = 1e6},
	};
	struct arrivals arrivals;

	for (int way = 0; way < 2; way++) {
		arrivals = deliver(&machine, way == 0 ? fan_out : fan_in, 3);
		/* A third each until the short one is done, then a half. */
		check_time(arrivals.times_ns[2], 3e6 + 1000);
		check_time(arrivals.times_ns[0], 7e6 + 1000);
		check_time(arrivals.times_ns[1], 7e6 + 1000);
	}
}

static void
test_pairs_are_in_order(void)
{
	struct sc_machine machine = plain_machine();
	struct sc_message_flight messages[20];
	struct arrivals arrivals;

	for (uint32_t i = 0; i < 20; i++)
		messages[i] =
		    (struct sc_message_flight){.from = 0, .to = 1 + i % 2, .bytes = 1e6 / (i + 1)};
	machine.jitter = 0.9;
	arrivals = deliver(&machine, messages, 20);
	for (uint32_t i = 2; i < 20; i++)
		CU_ASSERT(arrivals.times_ns[i] >= arrivals.times_ns[i - 2]);
	for (uint32_t i = 1; i < 20; i++)
		CU_ASSERT(arrivals.times_ns[arrivals.order[i]] >=
		    arrivals.times_ns[arrivals.order[i - 1]]);
}

static void
test_slow_nodes_and_uplinks(void)
{
	struct sc_slow slow = {.node = 2, .factor = 0.25};
	struct sc_machine machine = plain_machine();
	struct sc_message_flight messages[] = {
		{.from = 0, .to = 2, .bytes = 1e6},
		{.from = 4, .to = 1, .bytes = 1e6},
		{.from = 5, .to = 3, .bytes = 1e6},
		{.from = 6, .to = 7, .bytes = 1e6},
	};
	struct arrivals arrivals;

	machine.slow = &slow;
	machine.slow_count = 1;
	arrivals = deliver(&machine, messages, 4);
	check_time(arrivals.times_ns[0], 4e6 + 1000);
	check_time(arrivals.times_ns[1], 1e6 + 1000);

	/* Two racks of four: two of the messages share an uplink. */
	machine.rack_nodes = 4;
	machine.uplink_bytes_per_s = 0.5e9;
	arrivals = deliver(&machine, messages, 4);
	check_time(arrivals.times_ns[0], 4e6 + 1000);
	check_time(arrivals.times_ns[1], 4e6 + 1000);
	check_time(arrivals.times_ns[2], 4e6 + 1000);
	check_time(arrivals.times_ns[3], 1e6 + 1000);
}

/* They slow down a node that sends at the same time, and no other. */
static void
test_acknowledgements(void)
{
	enum { EACH = 20 };
	const double alone_ns = (double)EACH * 1e5;
	struct sc_machine machine = plain_machine();
	struct sc_message_flight messages[2 * EACH];
	struct arrivals arrivals;

	machine.ack_part = 0.1;
	for (uint32_t i = 0; i < 2 * EACH; i++)
		messages[i] = (struct sc_message_flight){
			.from = i < EACH ? 0 : 1, .to = i < EACH ? 1 : 0, .bytes = 1e5};
	arrivals = deliver(&machine, messages, EACH);
	check_time(arrivals.times_ns[EACH - 1], alone_ns + 1000);
	arrivals = deliver(&machine, messages, 2 * EACH);
	for (uint32_t i = EACH - 1; i < 2 * EACH; i += EACH) {
		CU_ASSERT((double)arrivals.times_ns[i] > 1.08 * alone_ns);
		CU_ASSERT((double)arrivals.times_ns[i] < 1.1 * alone_ns + 1000);
	}
}

static struct sc_sim_result
stage(uint32_t recipients, uint64_t size_bytes, const struct sc_machine *machine,
    const struct sc_plan_shape *shape, uint64_t seed)
{
	struct sc_plan plan = {0};
	struct sc_error err;
	struct sc_sim_config config = {
		.plan = &plan, .machine = machine, .faults = sc_sim_no_faults, .seed = seed};
	struct sc_sim_result result;

	CU_ASSERT_EQUAL_FATAL(sc_plan_make(&plan, recipients, size_bytes, shape, UINT64_C(1) << 30,
				  &err),
	    0);
	config.limit_ns = sc_sim_limit_of(&config);
	sc_sim_run(&config, &result);
	CU_ASSERT_EQUAL(result.violations, 0);
	CU_ASSERT_EQUAL(result.committed, recipients + 1);
	sc_plan_free(&plan);
	return result;
}

static void
test_runs_repeat(void)
{
	struct sc_plan_shape shape = {.group_size = 4,
		.tree_groups = 3,
		.branching = 2,
		.chunk_bytes = 65536,
		.window = 3};
	struct sc_machine machine = plain_machine();
	struct sc_sim_result one;
	struct sc_sim_result other;

	machine.jitter = 0.2;
	machine.base.message_s = 1e-6;
	one = stage(30, 10 << 20, &machine, &shape, 1);
	other = stage(30, 10 << 20, &machine, &shape, 1);
	CU_ASSERT_EQUAL(one.fingerprint, other.fingerprint);
	CU_ASSERT_EQUAL(one.steps, other.steps);
	sc_sim_result_free(&other);
	other = stage(30, 10 << 20, &machine, &shape, 2);
	CU_ASSERT_NOT_EQUAL(one.fingerprint, other.fingerprint);
	sc_sim_result_free(&one);
	sc_sim_result_free(&other);
}

/* One link, used once in each direction: a chain takes the file's time and a
 * chunk's time a hop; an origin that serves all n takes n times that. */
static void
test_chain_and_unicast(void)
{
	struct sc_plan_shape shape = {.group_size = 1,
		.tree_groups = 16,
		.branching = 1,
		.chunk_bytes = 65536,
		.window = 8};
	struct sc_machine machine = plain_machine();
	struct sc_sim_result result = stage(16, 64 << 20, &machine, &shape, 1);
	double file_ns = 64 << 20;
	struct sc_baseline_result unicast;
	double last_ns = (double)result.nodes[16].committed_ns;

	CU_ASSERT(last_ns > file_ns + 15 * 65536.);
	CU_ASSERT(last_ns < file_ns + 17 * (65536. + 10000));
	CU_ASSERT_EQUAL(result.nodes[0].bytes_sent, 64 << 20);
	CU_ASSERT_EQUAL(result.nodes[8].bytes_sent, 64 << 20);
	CU_ASSERT_EQUAL(result.nodes[16].bytes_sent, 0);
	sc_sim_result_free(&result);
	sc_baseline_run(SC_BASELINE_UNICAST, 16, 64 << 20, &machine, 1, &unicast);
	CU_ASSERT((double)unicast.last_ns > 16 * file_ns);
	CU_ASSERT((double)unicast.last_ns < 16.5 * file_ns);
	CU_ASSERT_EQUAL(unicast.origin_bytes, UINT64_C(16) * (64 << 20));
	sc_baseline_run(SC_BASELINE_BINOMIAL, 15, 64 << 20, &machine, 1, &unicast);
	CU_ASSERT((double)unicast.last_ns > 4 * file_ns);
	CU_ASSERT((double)unicast.last_ns < 4.3 * file_ns);
}

/* The slowest part sets the time: the source, or a disk. */
static void
test_disks(void)
{
	struct sc_plan_shape shape = {.group_size = 4,
		.tree_groups = 2,
		.branching = 1,
		.chunk_bytes = 65536,
		.window = 4};
	struct sc_machine machine = plain_machine();
	struct sc_sim_result result;

	machine.base.source_bytes_per_s = 1e8;
	result = stage(8, 16 << 20, &machine, &shape, 1);
	CU_ASSERT((double)result.nodes[8].committed_ns > 10. * (16 << 20));
	CU_ASSERT((double)result.nodes[8].committed_ns < 10.5 * (16 << 20));
	sc_sim_result_free(&result);
	machine = plain_machine();
	machine.base.disk_bytes_per_s = 1e8;
	result = stage(8, 16 << 20, &machine, &shape, 1);
	CU_ASSERT((double)result.nodes[8].committed_ns > 10. * (16 << 20));
	CU_ASSERT((double)result.nodes[8].committed_ns < 10.7 * (16 << 20));
	sc_sim_result_free(&result);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"flows share an interface fairly", test_interfaces_are_shared},
		{"messages of a pair stay in order", test_pairs_are_in_order},
		{"slow nodes and uplinks", test_slow_nodes_and_uplinks},
		{"acknowledgements share the way back", test_acknowledgements},
		{"the same seed is the same run", test_runs_repeat},
		{"a chain, and the baselines", test_chain_and_unicast},
		{"disks and the source", test_disks},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("sim", tests);
}
