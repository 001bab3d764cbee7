/*
 * Timings files that are long, empty, cut, or can't be written.
 */
#include "lib/suite.h"
#include "record/timings_example.h"
#include "record/timings_reader.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NODES = EXAMPLE_NODES };

/* Enough events and edges for compressed tables of several slabs. */
static void
test_long_tables(void)
{
	enum { MANY = 30000, PEERS = 3000, EDGES = 3 * PEERS };
	struct sc_plan_shape shape = {3, 10, 1, 4096, 2, false};
	double *time = calloc(MANY + 3 * NODES, sizeof(*time));
	int64_t *from = calloc(EDGES, sizeof(*from));
	struct sc_error err;
	struct example example;
	bool ordered = true, same = true;
	hid_t file;

	CU_ASSERT_FATAL(time != NULL && from != NULL);
	example_open(&example);
	sc_plan_free(&example.plan);
	CU_ASSERT_EQUAL_FATAL(sc_plan_make(&example.plan, PEERS, 100001, &shape, 0, &err), 0);
	for (uint32_t i = 0; i < NODES; i++)
		example.nodes[i].timeline.dropped = 0;
	for (uint32_t i = 0; i < MANY; i++) {
		struct sc_record record = {SC_RECORD_SEND_BEGUN, i % NODES, i % 3, i};

		sc_timeline_add(&example.nodes[i % NODES].timeline,
		    example_started_ns + (uint64_t)i * 7919 % 1000003 * 1000, &record);
	}
	file = example_write_and_open(&example);
	read_doubles(file, "/events", "time_s", time, MANY + 3 * NODES);
	for (int i = 1; i < MANY + 3 * NODES; i++)
		ordered &= time[i - 1] <= time[i];
	CU_ASSERT(ordered);
	read_integers(file, "/plan/edges", "from", from, EDGES);
	for (uint32_t i = 0; i < EDGES; i++)
		same &= from[i] == sc_plan_supplier(&example.plan, i / 3 + 1, i % 3).from;
	CU_ASSERT(same);
	/* Of the edges' 13 bytes a row, compression leaves less than a third. */
	CU_ASSERT(stored_bytes(file, "/plan/edges") < EDGES * 13 / 3);
	CU_ASSERT(H5Fclose(file) >= 0);
	example_close(&example);
	free(from);
	free(time);
}

static void
test_nothing_to_report(void)
{
	const struct sc_plan_shape shape = {3, 2, 1, 4096, 2, false};
	struct sc_error err;
	struct example example;
	double none;
	hid_t file;

	example_open(&example);
	sc_plan_free(&example.plan);
	CU_ASSERT_EQUAL_FATAL(sc_plan_make(&example.plan, 0, 0, &shape, 0, &err), 0);
	example.run.argc = 0;
	example.run.digest = "";
	CU_ASSERT_EQUAL_FATAL(sc_timings_write(example.path, &example.run, &example.plan, NULL, 0,
				  &err),
	    0);
	file = H5Fopen(example.path, H5F_ACC_RDONLY, H5P_DEFAULT);
	CU_ASSERT_FATAL(file >= 0);
	CU_ASSERT_EQUAL(read_number(file, "recipients"), 0);
	read_doubles(file, "/nodes", "stored_s", &none, 0);
	read_doubles(file, "/events", "time_s", &none, 0);
	read_doubles(file, "/failures", "detected_s", &none, 0);
	read_doubles(file, "/plan/edges", "from", &none, 0);
	check_texts(file, "argv", NULL, 0);
	CU_ASSERT(H5Fclose(file) >= 0);
	example_close(&example);
}

/* More arguments than an attribute can hold cost the rest of them only. */
static void
test_many_arguments(void)
{
	enum { ARGUMENTS = 10000 };
	char **arguments = malloc(ARGUMENTS * sizeof(*arguments));
	struct example example;
	hid_t file;

	CU_ASSERT_PTR_NOT_NULL_FATAL(arguments);
	for (int i = 0; i < ARGUMENTS; i++)
		arguments[i] = example_argv[i % EXAMPLE_ARGUMENTS];
	example_open(&example);
	example.run.argc = ARGUMENTS;
	example.run.argv = arguments;
	file = example_write_and_open(&example);
	check_text(file, "outcome", "partial");
	CU_ASSERT(H5Fclose(file) >= 0);
	example_close(&example);
	free(arguments);
}

static void
test_unwritable_path(void)
{
	struct sc_error err = {.text = ""};
	struct example example;
	char path[128];

	example_open(&example);
	snprintf(path, sizeof(path), "%s/missing/run.h5", example.dir);
	CU_ASSERT_EQUAL(example_write(&example, path, &err), -1);
	CU_ASSERT_EQUAL(err.errnum, ENOENT);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, path));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "No such file or directory"));
	CU_ASSERT_EQUAL(example_write(&example, path, NULL), -1);
	example_close(&example);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"long tables", test_long_tables},
		{"nothing to report", test_nothing_to_report},
		{"many arguments", test_many_arguments},
		{"an unwritable path", test_unwritable_path},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("timings_limits", tests);
}
