/*
 * The cost model against what the edges of real plans say.
 */
#include "lib/shapes.h"
#include "lib/suite.h"
#include "plan/cost.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum { N_MAX = 40 };

/* Rates that take no time at all. */
static const double at_once = 1e30;

/* Do they differ by no more than a part of the larger? */
static bool
near(double a, double b, double part)
{
	return fabs(a - b) <= part * fmax(fabs(a), fabs(b));
}

/*
 * The last arrival anywhere if a subfile is one chunk: along the edges, each
 * send of a node waits for the ones before it, and takes send_s and then hop_s.
 * The feed of a secondary tree begins with a handshake.
 */
static double
last_arrival(const struct sc_plan *plan, double send_s, double hop_s)
{
	static struct sc_edge edges[SC_RECEIVERS_MAX];
	double latest = 0;

	for (uint32_t i = 0; i < plan->subfiles && i < plan->chunks; i++) {
		double arrival[N_MAX + 1] = {0};
		uint32_t queue[N_MAX + 1] = {SC_ORIGIN};
		uint32_t tail = 1;

		arrival[SC_ORIGIN] = 2 * hop_s;
		for (uint32_t head = 0; head < tail; head++) {
			uint32_t from = queue[head];
			uint32_t count = sc_plan_receivers(plan, from, i, edges);

			for (uint32_t e = 0; e < count; e++) {
				uint32_t to = edges[e].to;

				arrival[to] = arrival[from] + (e + 1) * send_s + hop_s;
				if (edges[e].kind == SC_EDGE_SECONDARY)
					arrival[to] += 2 * hop_s;
				latest = fmax(latest, arrival[to]);
				queue[tail++] = to;
			}
		}
	}
	return latest;
}

static void
check_hops(uint32_t n, const struct sc_plan_shape *shape, uint32_t chunks)
{
	const struct sc_cost_machine machine = {
		.link_bytes_per_s = at_once,
		.latency_s = 1,
		.source_bytes_per_s = at_once,
		.disk_bytes_per_s = at_once,
	};
	struct sc_plan plan;
	double predicted;
	double counted;
	bool right;

	CU_ASSERT_FATAL(sc_plan_make(&plan, n, chunks * 4096, shape, 0, NULL) == 0);
	predicted = sc_cost_predict(&plan, &machine);
	counted = last_arrival(&plan, 0, 1);
	/* Which of many secondary trees ends last, and from which member of a
	 * short group's path it is fed, is not found out to the last hop. */
	if (plan.trees <= 1)
		right = near(predicted, counted, 1e-9);
	else
		right = predicted > 0.9 * counted && predicted < 1.3 * counted;
	if (!right)
		printf("    n=%" PRIu32 " k=%" PRIu32 " m=%" PRIu32 " b=%" PRIu32
		       ": %g predicted, %g counted\n",
		    n, plan.subfiles, plan.tree_groups, plan.branching, predicted, counted);
	CU_ASSERT(right);
	sc_plan_free(&plan);
}

/* With a chunk for each subfile, and with one for the first only. */
static void
check_shape_hops(uint32_t n, uint32_t k, uint32_t m, uint32_t b)
{
	struct sc_plan_shape shape = shape_of(k, m, b);
	struct sc_plan plan;

	CU_ASSERT_FATAL(sc_plan_outline(&plan, n, 1, &shape, 0, NULL) == 0);
	check_hops(n, &shape, plan.subfiles);
	check_hops(n, &shape, 1);
}

/* With nothing but latency, the prediction counts the edges to the last node. */
static void
test_hops_are_those_of_the_edges(void)
{
	for (uint32_t n = 1; n <= N_MAX; n++) {
		for (uint32_t k = 1; k <= 12; k++) {
			for (uint32_t m = 1; m <= N_MAX; m += m < 6 ? 1 : 7) {
				check_shape_hops(n, k, m, 1);
				check_shape_hops(n, k, m, 2);
			}
		}
	}
}

/* With nothing but sends, it counts the sends ahead of the last node. */
static void
test_sends_are_those_of_the_edges(void)
{
	const struct sc_cost_machine machine = {
		.link_bytes_per_s = 1,
		.source_bytes_per_s = at_once,
		.disk_bytes_per_s = at_once,
	};

	for (uint32_t n = 1; n <= N_MAX; n++) {
		for (uint32_t b = 1; b <= 2; b++) {
			struct sc_plan_shape shape = shape_of(1, N_MAX, b);
			struct sc_plan plan;

			CU_ASSERT_FATAL(sc_plan_make(&plan, n, 1, &shape, 0, NULL) == 0);
			CU_ASSERT(near(sc_cost_predict(&plan, &machine), last_arrival(&plan, 1, 0),
			    1e-9));
			sc_plan_free(&plan);
		}
	}
}

static double
predict(uint32_t n, uint64_t size_bytes, const struct sc_plan_shape *shape,
    const struct sc_cost_machine *machine)
{
	struct sc_plan plan;
	double time_s;

	CU_ASSERT_FATAL(sc_plan_make(&plan, n, size_bytes, shape, 0, NULL) == 0);
	time_s = sc_cost_predict(&plan, machine);
	sc_plan_free(&plan);
	return time_s;
}

static void
test_branching_costs_bandwidth_in_groups_of_one(void)
{
	const struct sc_cost_machine machine = {
		.link_bytes_per_s = 1e9,
		.source_bytes_per_s = at_once,
		.disk_bytes_per_s = at_once,
	};
	struct sc_plan_shape chain = shape_of(5, 100, 1);
	struct sc_plan_shape branched = shape_of(5, 100, 2);

	/* 4e9 bytes: a million chunks, so that the fill is nothing. */
	CU_ASSERT(near(predict(30, 4000000000, &chain, &machine), 4.0, 1e-3));
	CU_ASSERT(near(predict(30, 4000000000, &branched, &machine), 4.0, 1e-3));
	/* In groups of one nobody has a send that a leaf could take over. */
	chain.group_size = branched.group_size = 1;
	CU_ASSERT(near(predict(30, 4000000000, &chain, &machine), 4.0, 1e-3));
	CU_ASSERT(near(predict(30, 4000000000, &branched, &machine), 8.0, 1e-3));
}

static void
test_secondary_trees_cost_the_time_again(void)
{
	const struct sc_cost_machine machine = {
		.link_bytes_per_s = 1e9,
		.source_bytes_per_s = at_once,
		.disk_bytes_per_s = at_once,
	};
	/* Six groups of five; how many files' times until the last has it?  Two
	 * groups of the primary tree feed two trees at the same time. */
	static const double times[] = {6, 2, 2, 2, 2, 1};

	for (uint32_t m = 1; m <= 6; m++) {
		struct sc_plan_shape shape = shape_of(5, m, 1);

		CU_ASSERT(near(predict(30, 1000000000, &shape, &machine), times[m - 1], 1e-3));
	}
}

static void
test_store_and_forward_costs_a_file_a_hop(void)
{
	const struct sc_cost_machine machine = {
		.link_bytes_per_s = 1e9,
		.source_bytes_per_s = at_once,
		.disk_bytes_per_s = at_once,
	};
	struct sc_plan_shape shape = shape_of(5, 100, 1);

	shape.store_and_forward = true;
	/* Distribution 1, group communication 5 times 1, collection 4/5. */
	CU_ASSERT(near(predict(30, 1000000000, &shape, &machine), 6.8, 1e-3));
	CU_ASSERT(near(predict(5, 1000000000, &shape, &machine), 1.8, 1e-3));
}

/* Whatever is slowest sets the time: disk, source, a window's round trips. */
static void
test_bottlenecks(void)
{
	struct sc_cost_machine machine = sc_cost_machine_default;
	struct sc_plan_shape shape = shape_of(8, 100, 1);
	const double size = 4e9;

	shape.chunk_bytes = 65536;
	machine.disk_bytes_per_s = 1e8;
	CU_ASSERT(near(predict(64, 4000000000, &shape, &machine), size / 1e8, 1e-2));
	machine = sc_cost_machine_default;
	machine.source_bytes_per_s = 5e7;
	CU_ASSERT(near(predict(64, 4000000000, &shape, &machine), size / 5e7, 1e-2));
	/* Four chunks an edge, eight edges, a round trip of 20 ms. */
	machine = sc_cost_machine_default;
	machine.latency_s = 10e-3;
	shape.chunk_bytes = 4096;
	shape.window = 4;
	CU_ASSERT(near(predict(8, 4000000000, &shape, &machine), size / (32 * 4096) * 20e-3, 2e-2));
}

static void
test_small_file_costs_a_few_latencies(void)
{
	const struct sc_cost_machine *machine = &sc_cost_machine_default;
	struct sc_plan_request wishes = {0};
	struct sc_plan plan;
	double time_s;

	CU_ASSERT_FATAL(sc_cost_choose(&plan, 8, 1024, &wishes, machine, NULL) == 0);
	time_s = sc_cost_predict(&plan, machine);
	CU_ASSERT(plan.chunks == 1);
	CU_ASSERT(plan.chunk_bytes == 4096);
	CU_ASSERT(time_s > 4 * machine->latency_s);
	/* And each of the eight nodes' lists, credits and chunks a processor's time. */
	CU_ASSERT(time_s < 8 * machine->latency_s + 3 * 8 * machine->message_s);
	sc_plan_free(&plan);
}

static void
test_floor(void)
{
	struct sc_cost_machine machine = sc_cost_machine_default;

	CU_ASSERT(near(sc_cost_floor(1250000000, &machine), 1.0, 1e-3));
	machine.disk_bytes_per_s = 1.25e8;
	CU_ASSERT(near(sc_cost_floor(1250000000, &machine), 10.0, 1e-3));
	machine.source_bytes_per_s = 1.25e7;
	CU_ASSERT(near(sc_cost_floor(1250000000, &machine), 100.0, 1e-3));
	CU_ASSERT(sc_cost_floor(0, &machine) == machine.latency_s);
}

static CU_TestInfo tests[] = {
	{"hops are those of the edges", test_hops_are_those_of_the_edges},
	{"sends are those of the edges", test_sends_are_those_of_the_edges},
	{"branching costs bandwidth in groups of one",
		test_branching_costs_bandwidth_in_groups_of_one},
	{"secondary trees cost the time again", test_secondary_trees_cost_the_time_again},
	{"store and forward costs a file a hop", test_store_and_forward_costs_a_file_a_hop},
	{"bottlenecks", test_bottlenecks},
	{"a small file costs a few latencies", test_small_file_costs_a_few_latencies},
	{"the floor", test_floor},
	CU_TEST_INFO_NULL,
};

int
main(void)
{
	return sc_run_suite("cost", tests);
}
