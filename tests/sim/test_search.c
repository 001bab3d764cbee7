/*
 * The candidates of a search: they are all there, each within the wishes, and no
 * simulation is faster than the least time that it is said to take.
 */
#include "lib/plans.h"
#include "lib/suite.h"
#include "sim/bound.h"
#include "sim/search.h"
#include "swarm/swarm.h"

#include <inttypes.h>
#include <stdio.h>

/* Seeds of random stagings, of which about the half is without a fault. */
enum { FIRST = 7000000, SEEDS = 3000 };

struct race {
	uint32_t recipients;
	bool counts;
	double least_s;
	double last_s;
};

static void
on_record(void *context, uint32_t node, uint64_t time_ns, const struct sc_record *record)
{
	struct race *race = context;
	double time_s = (double)time_ns * 1e-9;

	if (record->what == SC_RECORD_COMMITTED && (node != SC_ORIGIN || race->recipients == 0) &&
	    time_s > race->last_s)
		race->last_s = time_s;
}

static void
prepare(void *context, struct sc_sim_config *config, const struct sc_sim_result *result)
{
	struct race *race = context;

	(void)result;
	*race = (struct race){
		.recipients = config->plan->recipients,
		.counts = config->faults.count == 0 && config->faults.source_at == SC_NONE &&
		    config->held == NULL &&
		    (config->heartbeat_ns == 0 || config->machine->slow_count == 0),
		.least_s = sc_bound_least_s(config->plan, config->machine),
	};
	config->listener.context = race;
	config->listener.record = on_record;
}

static void
test_nothing_is_faster(void)
{
	uint32_t counted = 0;
	uint32_t useful = 0;

	for (uint64_t seed = FIRST; seed < FIRST + SEEDS; seed++) {
		struct sc_swarm_verdict verdict;
		struct race race;

		sc_swarm_run(seed, prepare, &race, &verdict);
		if (!race.counts)
			continue;
		counted++;
		if (race.least_s > race.last_s / 2)
			useful++;
		if (race.least_s > race.last_s)
			fprintf(stderr,
			    "seed %" PRIu64 ": it took %.9f s, at least %.9f s were said\n"
			    "  %s\n",
			    seed, race.last_s, race.least_s, verdict.setup);
		CU_ASSERT(race.least_s <= race.last_s);
	}
	CU_ASSERT(counted > SEEDS / 3);
	/* Uneven machines are nearly as often much slower. */
	CU_ASSERT(useful > counted / 4);
}

static struct sc_machine
plain_machine(void)
{
	return (struct sc_machine){
		.base = {.link_bytes_per_s = 1e9,
			.latency_s = 1e-5,
			.message_s = 1e-6,
			.source_bytes_per_s = 1e12,
			.disk_bytes_per_s = 1e12},
		.disk_read_bytes_per_s = 1e12,
	};
}

static double
least_of(uint32_t recipients, uint64_t size_bytes, uint32_t k, uint32_t m, uint32_t b,
    const struct sc_machine *machine)
{
	struct sc_plan_shape shape = {
		.group_size = k,
		.tree_groups = m,
		.branching = b,
		.chunk_bytes = 64u << 10,
		.window = 4,
	};
	struct sc_plan plan;
	double least_s;

	CU_ASSERT_EQUAL_FATAL(sc_plan_make(&plan, recipients, size_bytes, &shape, 0, NULL), 0);
	least_s = sc_bound_least_s(&plan, machine);
	sc_plan_free(&plan);
	return least_s;
}

/* What costs the most is seen: 64 MiB take 67 ms on a link. */
static void
test_the_least_time_is_not_little(void)
{
	struct sc_machine machine = plain_machine();
	const uint64_t size_bytes = 64u << 20;
	const double file_s = (double)size_bytes / 1e9;
	const double chunk_s = 65536 / 1e9;
	double least_s = least_of(8, size_bytes, 1, 8, 1, &machine);

	/* A chain; and one whose members send twice. */
	CU_ASSERT(least_s > file_s + 7 * chunk_s && least_s < file_s + 9 * chunk_s);
	CU_ASSERT(least_of(8, size_bytes, 1, 8, 2, &machine) > 2 * file_s);
	/* Each tree waits for the one before it. */
	CU_ASSERT(least_of(8, size_bytes, 1, 4, 1, &machine) > 1.99 * file_s);
	CU_ASSERT(least_of(8, size_bytes, 4, 1, 1, &machine) > 1.95 * file_s);
	CU_ASSERT(least_of(8, size_bytes, 1, 1, 1, &machine) > 7.9 * file_s);
	/* A message of 100 us for each of 1,024 chunks in, out, and a quarter more. */
	machine.base.message_s = 1e-4;
	CU_ASSERT(least_of(8, size_bytes, 4, 2, 1, &machine) > 2.4 * 1024 * 1e-4);
	machine = plain_machine();
	machine.operation_s = 1e-3;
	CU_ASSERT(least_of(8, size_bytes, 4, 2, 1, &machine) > 1.024);
	machine = plain_machine();
	machine.base.source_bytes_per_s = 1e8;
	CU_ASSERT(least_of(8, size_bytes, 4, 2, 1, &machine) > 10 * file_s);
	/* Nor is it more where some links are faster than others. */
	machine = plain_machine();
	machine.slow = &(struct sc_slow){.node = 1, .factor = 2};
	machine.slow_count = 1;
	least_s = least_of(8, size_bytes, 1, 8, 1, &machine);
	CU_ASSERT(least_s > file_s / 2 && least_s < file_s);
}

static bool
is_same(const struct sc_plan_shape *a, const struct sc_plan_shape *b)
{
	return a->group_size == b->group_size && a->tree_groups == b->tree_groups &&
	    a->branching == b->branching && a->chunk_bytes == b->chunk_bytes &&
	    a->window == b->window && a->store_and_forward == b->store_and_forward;
}

static struct sc_candidates
list(uint32_t recipients, uint64_t size_bytes, const struct sc_plan_request *wishes)
{
	struct sc_machine machine = plain_machine();
	struct sc_candidates candidates = {0};
	struct sc_plan choice;
	struct sc_plan_shape shape;

	CU_ASSERT_EQUAL_FATAL(sc_cost_choose(&choice, recipients, size_bytes, wishes, &machine.base,
				  NULL),
	    0);
	sc_candidates_list(&candidates, &choice, wishes, &machine);
	CU_ASSERT_FATAL(candidates.count > 0);
	shape = sc_candidate_shape(&choice);
	CU_ASSERT(is_same(&candidates.items[0].shape, &shape));
	sc_plan_free(&choice);
	return candidates;
}

/* How many of them have these numbers (0: any)? */
static uint32_t
count(const struct sc_candidates *candidates, uint32_t k, uint32_t m, uint32_t b,
    uint32_t chunk_bytes)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < candidates->count; i++) {
		const struct sc_plan_shape *shape = &candidates->items[i].shape;

		found += (k == 0 || shape->group_size == k) &&
		    (m == 0 || shape->tree_groups == m) && (b == 0 || shape->branching == b) &&
		    (chunk_bytes == 0 || shape->chunk_bytes == chunk_bytes);
	}
	return found;
}

static void
test_no_shape_is_missing(void)
{
	static const uint32_t sizes[] = {1, 2, 3, 4, 5, 6, 8, 12, 24};
	static const uint32_t groups[] = {24, 12, 8, 6, 5, 4, 3, 2, 1};
	struct sc_plan_request wishes = {0};
	struct sc_candidates candidates;
	uint32_t shapes = 0;

	wishes.memory_bytes = UINT64_C(1) << 40;
	candidates = list(24, 1u << 30, &wishes);
	for (uint32_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (uint32_t m = 1; m <= groups[i]; m++) {
			for (uint32_t b = 1; b <= (m < 3 ? 1 : 2); b++) {
				for (uint32_t chunk = 64u << 10; chunk <= 8u << 20; chunk *= 2) {
					bool half = chunk < 8u << 20;

					CU_ASSERT_EQUAL(count(&candidates, sizes[i], m, b, chunk),
					    1);
					CU_ASSERT_EQUAL(count(&candidates, sizes[i], m, b,
							    chunk + chunk / 2),
					    half);
					shapes += half ? 2 : 1;
				}
			}
		}
	}
	CU_ASSERT_EQUAL(candidates.count, shapes);
	for (uint32_t i = 2; i < candidates.count; i++)
		CU_ASSERT(candidates.items[i].predicted_s >= candidates.items[i - 1].predicted_s);
	sc_candidates_free(&candidates);
}

static void
check_limits(uint32_t recipients, const struct sc_plan_request *wishes)
{
	uint32_t limit =
	    wishes->max_connections != 0 ? wishes->max_connections : SC_CONNECTIONS_DEFAULT;
	struct sc_candidates candidates = list(recipients, 1u << 20, wishes);

	for (uint32_t i = 0; i < candidates.count; i++) {
		const struct sc_candidate *candidate = &candidates.items[i];
		struct sc_plan_shape shape;
		struct sc_plan plan;

		CU_ASSERT_EQUAL_FATAL(sc_plan_make(&plan, recipients, 1u << 20, &candidate->shape,
					  wishes->memory_bytes, NULL),
		    0);
		for (uint32_t node = 0; node <= recipients; node++)
			CU_ASSERT(count_connections(&plan, node) <= limit);
		CU_ASSERT(wishes->group_size == 0 || plan.subfiles <= wishes->group_size);
		CU_ASSERT(wishes->tree_groups == 0 || plan.tree_groups == wishes->tree_groups ||
		    plan.group_count < wishes->tree_groups);
		CU_ASSERT(wishes->branching == 0 || plan.branching == wishes->branching);
		CU_ASSERT(wishes->window == 0 || plan.window == wishes->window);
		CU_ASSERT(wishes->chunk_bytes == 0 || plan.chunk_bytes == wishes->chunk_bytes);
		CU_ASSERT_EQUAL(plan.store_and_forward, wishes->store_and_forward);
		/* Its numbers are the plan's, so that they can be given as options. */
		shape = sc_candidate_shape(&plan);
		CU_ASSERT(is_same(&shape, &candidate->shape));
		sc_plan_free(&plan);
	}
	sc_candidates_free(&candidates);
}

static void
test_wishes_and_limits(void)
{
	static const uint32_t recipients[] = {0, 1, 2, 7, 30, 65, 100};

	for (size_t i = 0; i < sizeof(recipients) / sizeof(recipients[0]); i++) {
		uint32_t n = recipients[i];

		check_limits(n, &(struct sc_plan_request){0});
		check_limits(n, &(struct sc_plan_request){.max_connections = 5});
		check_limits(n, &(struct sc_plan_request){.memory_bytes = 1u << 20});
		check_limits(n, &(struct sc_plan_request){.group_size = 3, .branching = 2});
		check_limits(n, &(struct sc_plan_request){.tree_groups = 2, .window = 2});
		check_limits(n,
		    &(struct sc_plan_request){.chunk_bytes = 12288, .store_and_forward = true});
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"nothing is faster than its least time", test_nothing_is_faster},
		{"the least time is not little", test_the_least_time_is_not_little},
		{"no shape is missing", test_no_shape_is_missing},
		{"candidates keep to wishes and limits", test_wishes_and_limits},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("search", tests);
}
