/*
 * The choice of a plan: every wish is respected, or refused with its reason,
 * and what is chosen is predicted to be the fastest.
 */
#include "lib/plans.h"
#include "lib/shapes.h"
#include "lib/suite.h"
#include "plan/cost.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Does the plan do what was wished, within the limits? */
static bool
respects(const struct sc_plan *plan, const struct sc_plan_request *wishes)
{
	uint32_t limit =
	    wishes->max_connections != 0 ? wishes->max_connections : SC_CONNECTIONS_DEFAULT;

	for (uint32_t node = 0; node <= plan->recipients; node++) {
		if (count_connections(plan, node) > limit)
			return false;
	}
	if (wishes->group_size != 0 && plan->subfiles > wishes->group_size)
		return false;
	if (wishes->tree_groups != 0 && plan->tree_groups != wishes->tree_groups &&
	    plan->tree_groups != plan->group_count)
		return false;
	if (wishes->branching != 0 && plan->branching != wishes->branching)
		return false;
	if (wishes->branching == 2 && wishes->tree_groups == 0 && plan->group_count > 2 &&
	    plan->groups[0].next[1] == SC_NONE)
		return false;
	if (wishes->chunk_bytes != 0 && plan->chunk_bytes != wishes->chunk_bytes)
		return false;
	if (wishes->window != 0 && plan->window != wishes->window)
		return false;
	return plan->store_and_forward == wishes->store_and_forward;
}

static void
check_choice(uint32_t n, uint64_t size_bytes, const struct sc_plan_request *wishes)
{
	const struct sc_cost_machine *machine = &sc_cost_machine_default;
	struct sc_error err = {0};
	struct sc_plan plan;

	if (sc_cost_choose(&plan, n, size_bytes, wishes, machine, &err) == 0) {
		CU_ASSERT(respects(&plan, wishes));
		CU_ASSERT(sc_cost_predict(&plan, machine) >= sc_cost_floor(size_bytes, machine));
	} else {
		/* Only connections can be too few here. */
		CU_ASSERT(wishes->max_connections != 0 && wishes->max_connections < 10);
		CU_ASSERT(strstr(err.text, "; the maximum is ") != NULL);
		CU_ASSERT(plan.groups == NULL);
	}
	sc_plan_free(&plan);
}

static void
sweep_wishes(uint32_t n, uint64_t size_bytes, uint32_t connections)
{
	static const uint32_t group_sizes[] = {0, 1, 3, 8};
	static const uint32_t tree_groups[] = {0, 1, 2, 5};
	static const uint32_t chunks[] = {0, 4096, 100000};

	/* Every combination, by the digits of a number. */
	for (uint32_t i = 0; i < 4 * 4 * 3 * 3; i++) {
		uint32_t branching = i / 48;
		uint32_t chunk_bytes = chunks[i / 16 % 3];
		struct sc_plan_request wishes = {
			.group_size = group_sizes[i % 4],
			.tree_groups = tree_groups[i / 4 % 4],
			.branching = branching,
			.max_connections = connections,
			.chunk_bytes = chunk_bytes,
			.window = branching,
			.store_and_forward = chunk_bytes == 4096,
		};

		check_choice(n, size_bytes, &wishes);
	}
}

static void
test_choice_respects_wishes(void)
{
	static const uint32_t connections[] = {0, 1, 2, 3, 5, 9};
	static const uint32_t recipients[] = {1, 2, 3, 7, 8, 30, 31, 97};

	for (uint32_t d = 0; d < 6; d++) {
		for (uint32_t n = 0; n < 8; n++) {
			sweep_wishes(recipients[n], 0, connections[d]);
			sweep_wishes(recipients[n], 5000000, connections[d]);
		}
	}
}

static void
test_choice_grows_with_the_recipients(void)
{
	static const uint64_t sizes[] = {0, 1000, 1 << 20, 100 << 20, 1ull << 34};
	const struct sc_cost_machine *machine = &sc_cost_machine_default;

	for (uint32_t s = 0; s < 5; s++) {
		double most_s = 0;

		for (uint32_t n = 1; n <= 130; n++) {
			struct sc_plan_request wishes = {0};
			struct sc_plan plan;
			double time_s;

			CU_ASSERT_FATAL(sc_cost_choose(&plan, n, sizes[s], &wishes, machine,
					    NULL) == 0);
			time_s = sc_cost_predict(&plan, machine);
			CU_ASSERT(plan.recipients == n);
			CU_ASSERT(time_s >= sc_cost_floor(sizes[s], machine));
			CU_ASSERT(time_s >= 0.95 * most_s);
			most_s = fmax(most_s, time_s);
			sc_plan_free(&plan);
		}
	}
}

/* The least predicted time of one tree of groups of k, whatever the chunk. */
static double
least_time(uint32_t n, uint64_t size_bytes, uint32_t k, uint32_t b)
{
	double least_s = INFINITY;

	for (uint32_t chunk = 4096; chunk <= 4 << 20; chunk *= 2) {
		struct sc_plan_shape shape = shape_of(k, UINT32_MAX, b);
		struct sc_plan plan;

		shape.chunk_bytes = chunk;
		if (sc_plan_make(&plan, n, size_bytes, &shape, 0, NULL) != 0)
			continue;
		least_s = fmin(least_s, sc_cost_predict(&plan, &sc_cost_machine_default));
		sc_plan_free(&plan);
	}
	return least_s;
}

/* No shape within the connection limit is faster than the choice. */
static void
test_choice_is_the_fastest(void)
{
	const uint64_t size_bytes = 50000000;

	for (uint32_t n = 1; n <= 1000; n = n * 3 + 1) {
		struct sc_plan_request none = {0};
		struct sc_plan chosen;
		double chosen_s;

		CU_ASSERT_FATAL(sc_cost_choose(&chosen, n, size_bytes, &none,
				    &sc_cost_machine_default, NULL) == 0);
		chosen_s = sc_cost_predict(&chosen, &sc_cost_machine_default);
		sc_plan_free(&chosen);
		for (uint32_t k = 1; k <= SC_CONNECTIONS_DEFAULT - 2; k++) {
			CU_ASSERT(chosen_s <= least_time(n, size_bytes, k, 1) * 1.01);
			CU_ASSERT(chosen_s <= least_time(n, size_bytes, k, 2) * 1.01);
		}
	}
}

static void
test_memory_reduces_the_window(void)
{
	struct sc_plan_request wishes = {
		.group_size = 8,
		.chunk_bytes = 1 << 20,
		.memory_bytes = 40 << 20,
	};
	struct sc_plan plan;

	CU_ASSERT_FATAL(sc_cost_choose(&plan, 8, 1 << 30, &wishes, &sc_cost_machine_default,
			    NULL) == 0);
	CU_ASSERT(plan.window == 2);
	CU_ASSERT(plan.slots == 18);
	sc_plan_free(&plan);
}

static uint32_t
window_of(uint32_t n, uint32_t k, uint32_t chunk_bytes, double link_bytes_per_s)
{
	struct sc_plan_request wishes = {.group_size = k, .chunk_bytes = chunk_bytes};
	struct sc_cost_machine machine = sc_cost_machine_default;
	struct sc_plan plan;
	uint32_t window;

	machine.link_bytes_per_s = link_bytes_per_s;
	CU_ASSERT_FATAL(sc_cost_choose(&plan, n, 1 << 30, &wishes, &machine, NULL) == 0);
	window = plan.window;
	sc_plan_free(&plan);
	return window;
}

/* Whoever has one supplier only gets more at once, as long as that takes no time to speak of. */
static void
test_chains_have_larger_windows(void)
{
	const double slow = 50e6 / 8;

	CU_ASSERT_EQUAL(window_of(8, 1, 16 << 10, slow), 16);
	CU_ASSERT_EQUAL(window_of(8, 1, 64 << 10, slow), 6);
	CU_ASSERT_EQUAL(window_of(8, 1, 1 << 20, slow), 4);
	CU_ASSERT_EQUAL(window_of(8, 1, 1 << 20, 1.25e9), 16);
	CU_ASSERT_EQUAL(window_of(1, 8, 16 << 10, slow), 16);
	CU_ASSERT_EQUAL(window_of(8, 2, 16 << 10, slow), 4);
	CU_ASSERT_EQUAL(window_of(8, 8, 16 << 10, slow), 4);
}

static void
test_enormous_files(void)
{
	struct sc_plan_request wishes = {0};
	struct sc_error err;
	struct sc_plan plan;

	/* 16 TiB are 2^22 chunks of 4 MiB; beyond that they grow. */
	CU_ASSERT_FATAL(sc_cost_choose(&plan, 8, 1ull << 46, &wishes, &sc_cost_machine_default,
			    &err) == 0);
	CU_ASSERT(plan.chunk_bytes >= 16 << 20);
	CU_ASSERT(plan.chunks <= 1 << 22);
	sc_plan_free(&plan);
	CU_ASSERT(sc_cost_choose(&plan, 8, UINT64_MAX, &wishes, &sc_cost_machine_default, &err) ==
	    -1);
	CU_ASSERT(strstr(err.text, "are too many") != NULL);
}

static void
test_nobody_but_the_origin(void)
{
	const struct sc_cost_machine *machine = &sc_cost_machine_default;
	struct sc_plan_request wishes = {0};
	struct sc_plan plan;

	CU_ASSERT_FATAL(sc_cost_choose(&plan, 0, 1500000000, &wishes, machine, NULL) == 0);
	CU_ASSERT(plan.group_count == 0);
	CU_ASSERT_DOUBLE_EQUAL(sc_cost_predict(&plan, machine), 1.0, 1e-2);
	sc_plan_free(&plan);
}

static bool
choice_fails(uint32_t n, const struct sc_plan_request *wishes, const char *text)
{
	struct sc_error err = {0};
	struct sc_plan plan;

	if (sc_cost_choose(&plan, n, 1 << 30, wishes, &sc_cost_machine_default, &err) != -1) {
		sc_plan_free(&plan);
		return false;
	}
	if (strstr(err.text, text) == NULL)
		printf("    '%s' instead of '%s'\n", err.text, text);
	return strstr(err.text, text) != NULL;
}

static void
test_impossible_wishes(void)
{
	struct sc_plan_request large = {.group_size = 40, .tree_groups = 9, .max_connections = 30};
	struct sc_plan_request free_trees = {.group_size = 40, .max_connections = 30};
	struct sc_plan_request branched = {.branching = 2, .max_connections = 2};
	struct sc_plan_request tree = {.tree_groups = 5, .max_connections = 1};
	struct sc_plan_request memory = {
		.chunk_bytes = 4 << 20, .memory_bytes = 20 << 20, .window = 4};
	struct sc_plan_request range = {.group_size = 300};
	struct sc_plan_request window = {.window = 65};
	struct sc_plan_request least = {.memory_bytes = 1000};

	CU_ASSERT(choice_fails(400, &large,
	    "a group size of 40 needs 41 connections; "
	    "the maximum is 30"));
	CU_ASSERT(choice_fails(400, &free_trees,
	    "a group size of 40 needs 41 connections; "
	    "the maximum is 30"));
	CU_ASSERT(choice_fails(100, &large,
	    "a group size of 40 makes groups of 34, which need 35 "
	    "connections; the maximum is 30"));
	CU_ASSERT(choice_fails(9, &branched,
	    "a branching of 2 needs at least 3 connections; "
	    "the maximum is 2"));
	CU_ASSERT(choice_fails(9, &tree,
	    "5 groups a tree need at least 2 connections; "
	    "the maximum is 1"));
	CU_ASSERT(choice_fails(9, &memory,
	    "a memory of 20MiB holds only 2 slots of 4MiB; 8 are needed"));
	CU_ASSERT(choice_fails(9, &range, "the group size must be 1 to 256, not 300"));
	CU_ASSERT(choice_fails(9, &window, "the window must be 1 to 64, not 65"));
	CU_ASSERT(choice_fails(9, &least, "the memory must be at least 64KiB"));
	CU_ASSERT(choice_fails(SC_NODES_MAX + 1, &(struct sc_plan_request){0}, "recipients"));
}

static CU_TestInfo tests[] = {
	{"the choice respects wishes", test_choice_respects_wishes},
	{"the time grows with the recipients", test_choice_grows_with_the_recipients},
	{"the choice is the fastest", test_choice_is_the_fastest},
	{"memory reduces the window", test_memory_reduces_the_window},
	{"chains have larger windows", test_chains_have_larger_windows},
	{"enormous files", test_enormous_files},
	{"nobody but the origin", test_nobody_but_the_origin},
	{"impossible wishes", test_impossible_wishes},
	CU_TEST_INFO_NULL,
};

int
main(void)
{
	return sc_run_suite("cost_choose", tests);
}
