/*
 * Random stagings: some thousand seeds, those that ever failed, and a few of
 * them traced and taken again by new nodes.
 */
#include "lib/suite.h"
#include "lib/trace_replay.h"
#include "lib/traced.h"
#include "swarm/swarm.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Not the first seeds, which one tries by hand. */
enum { FIRST = 5000000, SEEDS = 4000, REPLAYED = 40 };

static void
run(uint64_t seed)
{
	struct sc_swarm_verdict verdict;

	sc_swarm_run(seed, NULL, NULL, &verdict);
	if (verdict.broken != 0)
		fprintf(stderr, "seed %" PRIu64 ": %s\n  %s\n", seed, verdict.text, verdict.setup);
	CU_ASSERT_EQUAL(verdict.broken, 0);
}

static void
test_new_seeds(void)
{
	for (uint64_t i = 0; i < SEEDS; i++)
		run(FIRST + i);
}

/* Numbers, one a line; the rest of a line says what was found by it. */
static void
test_kept_seeds(void)
{
	const char *folder = getenv("SRCDIR");
	char path[4096];
	char line[1024];
	FILE *file;

	snprintf(path, sizeof(path), "%s/tests/sim/seeds", folder == NULL ? "." : folder);
	file = fopen(path, "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		char *end;
		uint64_t seed = strtoull(line, &end, 10);

		if (line[0] == '#' || line[0] == '\n')
			continue;
		CU_ASSERT(end != line);
		run(seed);
	}
	CU_ASSERT_EQUAL(ferror(file), 0);
	CU_ASSERT_EQUAL(fclose(file), 0);
}

static void
prepare(void *context, struct sc_sim_config *config, const struct sc_sim_result *result)
{
	(void)result;
	CU_ASSERT_EQUAL(sc_traced_begin(context, config), 0);
}

/* The trace of a seed, from its beginning. */
static FILE *
trace_of(uint64_t seed, struct sc_swarm_verdict *verdict)
{
	struct sc_traced traced = {.file = tmpfile()};

	CU_ASSERT_PTR_NOT_NULL_FATAL(traced.file);
	sc_swarm_run(seed, prepare, &traced, verdict);
	CU_ASSERT_FALSE(traced.failed);
	rewind(traced.file);
	return traced.file;
}

static void
test_replay(void)
{
	for (uint64_t seed = FIRST; seed < FIRST + REPLAYED; seed++) {
		struct sc_swarm_verdict verdict;
		struct sc_trace_counts counts;
		struct sc_error err = {0};
		FILE *trace = trace_of(seed, &verdict);
		int rc = sc_trace_replay(trace, &counts, &err);

		if (rc != 0)
			fprintf(stderr, "seed %" PRIu64 ": %s\n", seed, err.text);
		CU_ASSERT_EQUAL(rc, 0);
		CU_ASSERT_EQUAL(counts.events, verdict.steps);
		CU_ASSERT_EQUAL(fclose(trace), 0);
	}
}

/* A trace in which one thing is another: the difference is found. */
static void
test_replay_differs(void)
{
	struct sc_swarm_verdict verdict;
	struct sc_trace_counts counts;
	struct sc_error err = {0};
	FILE *trace = trace_of(FIRST + 1, &verdict);
	FILE *changed = tmpfile();
	bool was_changed = false;
	static char line[16384];

	CU_ASSERT_PTR_NOT_NULL_FATAL(changed);
	for (int number = 1; fgets(line, sizeof(line), trace) != NULL; number++) {
		/* Leave one action out. */
		if (line[0] == 'A' && number > 100 && !was_changed) {
			was_changed = true;
			continue;
		}
		CU_ASSERT(fputs(line, changed) >= 0);
	}
	CU_ASSERT_TRUE(was_changed);
	rewind(changed);
	CU_ASSERT_EQUAL(sc_trace_replay(changed, &counts, &err), -1);
	CU_ASSERT_EQUAL(fclose(trace), 0);
	CU_ASSERT_EQUAL(fclose(changed), 0);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"no rule is broken", test_new_seeds},
		{"seeds that once failed", test_kept_seeds},
		{"a trace is taken again", test_replay},
		{"a difference is found", test_replay_differs},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("swarm", tests);
}
