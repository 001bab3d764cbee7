/*
 * When silence means death: what is chosen for networks of every kind, and what the user
 * may say.
 */
#include "lib/suite.h"
#include "stage/prepare/timeouts.h"

#include <stdio.h>

static const uint64_t second_ns = UINT64_C(1000) * 1000 * 1000;

/* The link's rate, bits/s. */
static const double rates[] = {10e6, 50e6, 100e6, 1e9, 10e9, 100e9, 400e9};
static const uint32_t recipients[] = {0, 1, 8, 100, 1000, 100000};
enum { RATES = sizeof(rates) / sizeof(rates[0]) };
enum { RECIPIENTS = sizeof(recipients) / sizeof(recipients[0]) };

static struct sc_timeouts
choose(double bits_per_s, uint32_t count, uint64_t size_bytes, const struct sc_options *options,
    double *queue_s)
{
	struct sc_cost_machine machine = sc_cost_machine_default;
	struct sc_timeouts timeouts;
	struct sc_plan plan;
	struct sc_error err;

	machine.link_bytes_per_s = bits_per_s / 8;
	CU_ASSERT_EQUAL_FATAL(sc_cost_choose(&plan, count, size_bytes, &options->wishes, &machine,
				  &err),
	    0);
	timeouts = sc_timeouts_choose(&plan, &machine, options);
	*queue_s = (double)sc_cost_connections(&plan) * plan.window * plan.chunk_bytes /
	    machine.link_bytes_per_s;
	sc_plan_free(&plan);
	return timeouts;
}

/* What waits ahead of a heartbeat is sent eight times before the peer is dead; and where the
 * network is fast enough no node waits for longer than 10 s. */
static void
busy_links_are_not_dead(void)
{
	const struct sc_options options = {0};

	for (size_t i = 0; i < RATES; i++) {
		for (size_t j = 0; j < RECIPIENTS; j++) {
			double queue_s;
			struct sc_timeouts timeouts =
			    choose(rates[i], recipients[j], UINT64_C(40) << 30, &options, &queue_s);
			double timeout_s = (double)timeouts.timeout_ns * 1e-9;

			CU_ASSERT(timeout_s >= 10);
			CU_ASSERT(timeout_s >= 7.999 * queue_s);
			CU_ASSERT(timeout_s <= 10 || timeout_s <= 8.001 * queue_s);
			CU_ASSERT(timeouts.heartbeat_ns >= second_ns / 4);
			CU_ASSERT(timeouts.heartbeat_ns <= second_ns);
			if (rates[i] >= 1e9)
				CU_ASSERT_EQUAL(timeouts.heartbeat_ns, second_ns / 4);
			if (rates[i] >= 1e9)
				CU_ASSERT_EQUAL(timeouts.timeout_ns, 10 * second_ns);
		}
	}
}

/* With numbers that no user would choose, it is long, but nothing overflows. */
static void
extremes(void)
{
	const struct sc_options options = {.wishes = {
						   .chunk_bytes = SC_CHUNK_BYTES_MAX,
						   .window = SC_WINDOW_MAX,
						   .memory_bytes = UINT64_C(1) << 40,
					   }};
	double queue_s;
	struct sc_timeouts slow = choose(10e6, 1000, UINT64_C(1) << 50, &options, &queue_s);
	struct sc_timeouts fast = choose(400e9, 1000, UINT64_C(1) << 50, &options, &queue_s);
	struct sc_timeouts empty = choose(10e6, 9, 0, &(struct sc_options){0}, &queue_s);

	CU_ASSERT_EQUAL(slow.timeout_ns, 86400 * second_ns);
	CU_ASSERT(fast.timeout_ns >= 10 * second_ns);
	CU_ASSERT(fast.timeout_ns < 300 * second_ns);
	CU_ASSERT_EQUAL(empty.timeout_ns, 10 * second_ns);
}

/* What is said counts, and the rest fits to it. */
static void
options_count(void)
{
	struct sc_options options = {.heartbeat_ns = 100, .timeout_ns = 201};
	double queue_s;
	struct sc_timeouts timeouts = choose(1e9, 8, 1 << 30, &options, &queue_s);

	CU_ASSERT_EQUAL(timeouts.heartbeat_ns, 100);
	CU_ASSERT_EQUAL(timeouts.timeout_ns, 201);
	options = (struct sc_options){.timeout_ns = 2 * second_ns};
	timeouts = choose(1e9, 8, 1 << 30, &options, &queue_s);
	CU_ASSERT_EQUAL(timeouts.heartbeat_ns, second_ns / 5);
	CU_ASSERT_EQUAL(timeouts.timeout_ns, 2 * second_ns);
	options = (struct sc_options){.timeout_ns = 600 * second_ns};
	CU_ASSERT_EQUAL(choose(1e9, 8, 1 << 30, &options, &queue_s).heartbeat_ns, second_ns / 4);
	CU_ASSERT_EQUAL(choose(1e6, 8, 1 << 30, &options, &queue_s).heartbeat_ns, second_ns);
	options = (struct sc_options){.heartbeat_ns = second_ns / 2};
	CU_ASSERT_EQUAL(choose(1e9, 8, 1 << 30, &options, &queue_s).timeout_ns, 10 * second_ns);
	options = (struct sc_options){.heartbeat_ns = 7 * second_ns};
	timeouts = choose(1e9, 8, 1 << 30, &options, &queue_s);
	CU_ASSERT_EQUAL(timeouts.heartbeat_ns, 7 * second_ns);
	CU_ASSERT_EQUAL(timeouts.timeout_ns, 35 * second_ns);
}

static CU_TestInfo tests[] = {
	{"busy links are not dead", busy_links_are_not_dead},
	{"extremes", extremes},
	{"options count", options_count},
	CU_TEST_INFO_NULL,
};

int
main(void)
{
	return sc_run_suite("timeouts", tests);
}
