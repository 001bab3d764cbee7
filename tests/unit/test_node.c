/*
 * The core, whole: clusters of real nodes in one process, over many shapes,
 * orders of arrival and failures.
 */
#include "base/random.h"
#include "lib/cluster.h"
#include "lib/suite.h"

static struct sc_plan
plan_of(uint32_t recipients, uint32_t k, uint32_t m, uint32_t branching, uint32_t chunks,
    uint32_t window, bool store_and_forward)
{
	struct sc_plan_shape shape = {
		.group_size = k,
		.tree_groups = m,
		.branching = branching,
		.chunk_bytes = 4096,
		.window = window,
		.store_and_forward = store_and_forward,
	};
	struct sc_plan plan = {0};
	struct sc_error err = {0};
	/* The last chunk is one byte long. */
	uint64_t size_bytes = chunks == 0 ? 0 : (uint64_t)(chunks - 1) * 4096 + 1;
	int rc = sc_plan_make(&plan, recipients, size_bytes, &shape, UINT64_C(1) << 30, &err);

	CU_ASSERT_EQUAL_FATAL(rc, 0);
	CU_ASSERT_EQUAL_FATAL(plan.chunks, chunks);
	return plan;
}

static void
check_whole(const struct sc_plan *plan, const struct cluster_result *result)
{
	CU_ASSERT_EQUAL(result->violations, 0);
	CU_ASSERT_TRUE(result->ended);
	CU_ASSERT_FALSE(result->aborted);
	CU_ASSERT_EQUAL(result->committed, plan->recipients + 1);
	CU_ASSERT_EQUAL(result->commits, plan->recipients + 1);
	CU_ASSERT_EQUAL(result->failed, 0);
	CU_ASSERT_EQUAL(result->origin_sent, plan->recipients == 0 ? 0 : plan->chunks);
	CU_ASSERT(result->most_slots <= plan->slots);
}

/* Every shape: groups, chains, trees with two next groups, secondary trees. */
static void
test_every_shape(void)
{
	for (uint32_t n = 0; n <= 24; n++) {
		for (uint32_t k = 1; k <= 8; k++) {
			for (uint32_t m = 1; m <= 5; m += 2) {
				for (uint32_t b = 1; b <= 2; b++) {
					struct sc_plan plan = plan_of(n, k, m, b, 25, 2, false);
					struct cluster_result result = cluster_run(&plan,
					    n * 1000 + k * 100 + m * 10 + b, &cluster_no_faults);

					check_whole(&plan, &result);
					sc_plan_free(&plan);
				}
			}
		}
	}
}

static void
test_chunk_counts_and_windows(void)
{
	for (uint32_t chunks = 0; chunks <= 20; chunks++) {
		for (uint32_t window = 1; window <= 5; window++) {
			for (int saf = 0; saf <= 1; saf++) {
				struct sc_plan plan = plan_of(11, 4, 2, 2, chunks, window, saf);
				struct cluster_result result =
				    cluster_run(&plan, chunks * 10 + window, &cluster_no_faults);

				check_whole(&plan, &result);
				sc_plan_free(&plan);
			}
		}
	}
}

static void
test_random_shapes(void)
{
	struct sc_random random = {.state = 2026};

	for (int i = 0; i < 400; i++) {
		uint32_t n = (uint32_t)sc_random_below(&random, 41);
		uint32_t k = 1 + (uint32_t)sc_random_below(&random, 12);
		uint32_t m = 1 + (uint32_t)sc_random_below(&random, 8);
		uint32_t b = 1 + (uint32_t)sc_random_below(&random, 2);
		uint32_t chunks = (uint32_t)sc_random_below(&random, 90);
		uint32_t window = 1 + (uint32_t)sc_random_below(&random, 6);
		struct sc_plan plan =
		    plan_of(n, k, m, b, chunks, window, sc_random_below(&random, 4) == 0);
		struct cluster_result result =
		    cluster_run(&plan, sc_random_next(&random), &cluster_no_faults);

		check_whole(&plan, &result);
		sc_plan_free(&plan);
	}
}

/* A node that loses its copy relays on; everybody else gets theirs. */
static void
test_one_sink_fails(void)
{
	struct sc_random random = {.state = 7};

	for (uint32_t i = 0; i < 300; i++) {
		uint32_t n = 1 + (uint32_t)sc_random_below(&random, 20);
		struct cluster_faults faults = cluster_no_faults;
		struct sc_plan plan = plan_of(n, 1 + (uint32_t)sc_random_below(&random, 6),
		    1 + (uint32_t)sc_random_below(&random, 4), 2, 40,
		    1 + (uint32_t)sc_random_below(&random, 4), i % 5 == 0);
		struct cluster_result result;

		faults.sink_fails_node = (uint32_t)sc_random_below(&random, n + 1);
		faults.sink_fails_after = (uint32_t)sc_random_below(&random, 40);
		result = cluster_run(&plan, i, &faults);
		CU_ASSERT_EQUAL(result.violations, 0);
		CU_ASSERT_TRUE(result.ended);
		CU_ASSERT_FALSE(result.aborted);
		CU_ASSERT_EQUAL(result.committed, n);
		CU_ASSERT_EQUAL(result.commits, n);
		CU_ASSERT_EQUAL(result.failed, 1);
		CU_ASSERT_EQUAL(result.failures_named, 1);
		sc_plan_free(&plan);
	}
}

/* A failure that costs everybody their chunks ends the run: no node commits
 * after it, and each leaves. */
static void
check_aborted(const struct sc_plan *plan, const struct cluster_faults *faults, uint64_t seed)
{
	struct cluster_result result = cluster_run(plan, seed, faults);

	CU_ASSERT_EQUAL(result.violations, 0);
	CU_ASSERT_TRUE(result.ended);
	CU_ASSERT_TRUE(result.aborted);
	CU_ASSERT_EQUAL(result.commits, 0);
	CU_ASSERT_EQUAL(result.committed, 0);
	CU_ASSERT_EQUAL(result.failed, plan->recipients + 1);
}

static void
test_source_fails(void)
{
	for (uint32_t at = 0; at <= 30; at++) {
		struct sc_plan plan = plan_of(9, 3, 2, 1, 30, 2, at % 2 == 1);
		struct cluster_faults faults = cluster_no_faults;

		faults.source_fails_at = at;
		check_aborted(&plan, &faults, at);
		sc_plan_free(&plan);
	}
}

/* It is asked for again, of another who has it if need be, and all get the whole file; but for
 * one who gets it damaged from everybody. */
static void
test_damaged_chunk(void)
{
	for (uint32_t node = 1; node <= 9; node++) {
		for (uint32_t times = 1; times <= SC_DAMAGES_MAX + 2; times++) {
			struct sc_plan plan = plan_of(9, 3, 2, 1, 30, 2, false);
			struct cluster_faults faults = cluster_no_faults;
			/* The first one has this chunk from the origin, and nobody else to ask. */
			bool gives_up = node == 1 && times > SC_DAMAGES_MAX;
			struct cluster_result result;

			faults.damaged_node = node;
			faults.damaged_chunk = 3 * node;
			faults.damaged_times = times;
			result = cluster_run(&plan, node, &faults);
			CU_ASSERT_EQUAL(result.violations, 0);
			CU_ASSERT_TRUE(result.ended);
			CU_ASSERT_FALSE(result.aborted);
			CU_ASSERT_EQUAL(result.damages, gives_up ? SC_DAMAGES_MAX + 1 : times);
			CU_ASSERT_EQUAL(result.commits, gives_up ? 9 : 10);
			CU_ASSERT_EQUAL(result.committed, gives_up ? 9 : 10);
			sc_plan_free(&plan);
		}
	}
}

/* Who crashes is lost, and nobody else, in whatever order all is learnt and delivered. */
static void
test_crashes(void)
{
	struct sc_random random = {.state = 11};

	for (uint32_t i = 0; i < 2000; i++) {
		uint32_t n = 2 + (uint32_t)sc_random_below(&random, 20);
		uint32_t k = 1 + (uint32_t)sc_random_below(&random, 6);
		uint32_t m = 1 + (uint32_t)sc_random_below(&random, 4);
		uint32_t b = 1 + (uint32_t)sc_random_below(&random, 2);
		uint32_t chunks = (uint32_t)sc_random_below(&random, 40);
		uint32_t window = 1 + (uint32_t)sc_random_below(&random, 4);
		struct cluster_faults faults = cluster_no_faults;
		struct sc_plan plan = plan_of(n, k, m, b, chunks, window, i % 5 == 0);
		struct cluster_result result;
		bool origin_crashes = false;

		faults.buddy = 1 + (uint32_t)sc_random_below(&random, n);
		faults.crash_count = 1 + (uint32_t)sc_random_below(&random, 3);
		for (uint32_t j = 0; j < faults.crash_count; j++) {
			faults.crashes[j].node = (uint32_t)sc_random_below(&random, n + 1);
			faults.crashes[j].after = (uint32_t)sc_random_below(&random, 200);
			if (faults.crashes[j].node == faults.buddy)
				faults.crashes[j].node = faults.buddy == 1 ? 2 : 1;
			origin_crashes |= faults.crashes[j].node == SC_ORIGIN;
		}
		result = cluster_run(&plan, i, &faults);
		CU_ASSERT_EQUAL(result.violations, 0);
		CU_ASSERT_TRUE(result.ended);
		CU_ASSERT_FALSE(result.aborted);
		CU_ASSERT_EQUAL(result.committed, n + 1 - result.lost_named);
		CU_ASSERT(result.commits >= n + 1 - result.crashed);
		/* If the origin crashes when all is done and some have left, those who are
		 * there can't know what became of these. */
		CU_ASSERT(result.lost_named <= result.crashed || origin_crashes);
		CU_ASSERT(result.leader == SC_ORIGIN || origin_crashes);
		sc_plan_free(&plan);
	}
}

static void
test_all_sinks_fail(void)
{
	for (uint32_t seed = 0; seed < 50; seed++) {
		struct sc_plan plan = plan_of(9, 3, 2, 1, 30, 2, false);
		struct cluster_faults faults = cluster_no_faults;

		faults.all_sinks_fail = true;
		check_aborted(&plan, &faults, seed);
		sc_plan_free(&plan);
	}
}

static void
test_origin_without_copy(void)
{
	struct cluster_faults faults = cluster_no_faults;

	faults.origin_keeps_no_copy = true;
	for (uint32_t n = 0; n <= 9; n++) {
		struct sc_plan plan = plan_of(n, 3, 2, 1, 30, 2, false);
		struct cluster_result result = cluster_run(&plan, n, &faults);

		CU_ASSERT_EQUAL(result.violations, 0);
		CU_ASSERT_TRUE(result.ended);
		CU_ASSERT_EQUAL(result.committed, n);
		CU_ASSERT_EQUAL(result.commits, n);
		sc_plan_free(&plan);
	}
}

/* In a chain of groups the last one begins long before the first one is done;
 * under store and forward it can't. */
static void
test_fast_forward(void)
{
	for (uint32_t seed = 0; seed < 20; seed++) {
		struct sc_plan fast = plan_of(12, 3, 4, 1, 300, 3, false);
		struct sc_plan slow = plan_of(12, 3, 4, 1, 300, 3, true);
		struct cluster_result result = cluster_run(&fast, seed, &cluster_no_faults);

		CU_ASSERT(result.last_group_began < 150);
		CU_ASSERT_EQUAL(result.most_sent, 300);
		result = cluster_run(&slow, seed, &cluster_no_faults);
		CU_ASSERT(result.last_group_began >= 100);
		sc_plan_free(&fast);
		sc_plan_free(&slow);
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"every shape stages the whole file", test_every_shape},
		{"any number of chunks, any window", test_chunk_counts_and_windows},
		{"random shapes and orders", test_random_shapes},
		{"one copy fails, the others don't", test_one_sink_fails},
		{"a source that fails ends the run", test_source_fails},
		{"a damaged chunk is asked for again", test_damaged_chunk},
		{"only those who crash are lost", test_crashes},
		{"nobody can take a copy", test_all_sinks_fail},
		{"an origin that keeps no copy", test_origin_without_copy},
		{"fast-forward and store-and-forward", test_fast_forward},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("node", tests);
}
