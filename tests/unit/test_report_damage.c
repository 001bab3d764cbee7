/*
 * A timings file in which there is an event of every kind is told and drawn; one of which
 * bytes are missing or were changed is refused, or told as far as it goes, and
 * drawn; nothing falls over it and nothing hangs.
 */
#include "base/random.h"
#include "lib/suite.h"
#include "lib/tempdir.h"
#include "record/timings.h"
#include "report/picture.h"
#include "report/summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RECIPIENTS = 12, SECOND = 1000000000, CUTS = 400, CHANGES = 2500 };

/* HDF5 takes damaged sizes for true and asks for as much memory, which it may
 * be refused: only the address sanitizer would end the program for it. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static char *const example_argv[] = {"stagecast", "--timings=run.h5"};

struct fixture {
	char *dir;
	char *path;
	unsigned char *bytes; /* of a whole file */
	size_t length;
	unsigned refused;
};

static void
fill_node(struct sc_timings_node *node, uint32_t number)
{
	struct sc_node_result *result = &node->result;
	uint64_t now_ns = SECOND;

	result->node = result->rank = number;
	snprintf(result->host, sizeof(result->host), "host%u", number);
	result->first_chunk_ns = now_ns + number;
	result->last_chunk_ns = result->stored_ns = now_ns + 3 * (uint64_t)SECOND;
	result->committed_ns = number == 5 ? 0 : result->stored_ns + number;
	result->state = number == 5 ? SC_NODE_FAILED
	    : number % 16 == 6      ? SC_NODE_LOST
				    : SC_NODE_COMMITTED;
	result->network_stall_ns = SECOND;
	for (unsigned what = 0; what < SC_RECORD_KINDS; what++) {
		struct sc_record record = {(enum sc_record_what)what, number / 2, number % 2, what};

		now_ns += SECOND / 5;
		sc_timeline_add(&node->timeline, now_ns, &record);
	}
}

static void
write_whole(const char *path, uint32_t recipients)
{
	const struct sc_plan_shape shape = {.group_size = 4,
		.tree_groups = 2,
		.branching = 1,
		.chunk_bytes = 4096,
		.window = 2};
	struct sc_timings_node *nodes = calloc(recipients + 1, sizeof(*nodes));
	struct sc_timings_run run = {.program_version = "1",
		.mpi_version = "MPI",
		.argc = 2,
		.argv = example_argv,
		.source = "/data/model.bin",
		.outcome = "partial",
		.digest = "00112233445566778899aabbccddeeff",
		.started_ns = SECOND,
		.started_unix_ns = SECOND,
		.predicted_s = 3,
		.elapsed_s = 4};
	struct sc_plan plan;
	struct sc_error err = {.text = ""};

	CU_ASSERT_PTR_NOT_NULL_FATAL(nodes);
	CU_ASSERT_EQUAL_FATAL(sc_plan_make(&plan, recipients, 1000001, &shape, 0, &err), 0);
	for (uint32_t i = 0; i <= recipients; i++)
		fill_node(&nodes[i], i);
	(void)sc_timings_write(path, &run, &plan, nodes, recipients + 1, &err);
	CU_ASSERT_STRING_EQUAL_FATAL(err.text, "");
	for (uint32_t i = 0; i <= recipients; i++)
		sc_timeline_free(&nodes[i].timeline);
	sc_plan_free(&plan);
	free(nodes);
}

static void
fixture_open(struct fixture *fixture)
{
	FILE *file;

	memset(fixture, 0, sizeof(*fixture));
	fixture->dir = sc_tempdir_make();
	fixture->path = sc_tempdir_path(fixture->dir, "run.h5");
	write_whole(fixture->path, RECIPIENTS);
	file = fopen(fixture->path, "rb");
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	fixture->bytes = malloc(1 << 20);
	CU_ASSERT_PTR_NOT_NULL_FATAL(fixture->bytes);
	fixture->length = fread(fixture->bytes, 1, 1 << 20, file);
	CU_ASSERT(fixture->length > 10000 && fixture->length < 1 << 20);
	CU_ASSERT_EQUAL(fclose(file), 0);
}

static void
fixture_close(struct fixture *fixture)
{
	free(fixture->bytes);
	sc_tempdir_remove(fixture->dir);
	free(fixture->path);
}

/* What the program does with a file, into memory.  The picture's length, 0 if it was refused. */
static size_t
report(struct fixture *fixture)
{
	struct sc_past_run run;
	struct sc_statistics statistics;
	struct sc_diagnosis diagnosis;
	struct sc_error err = {.text = ""};
	char *text = NULL;
	size_t length = 0;
	FILE *out;

	if (sc_timings_read(fixture->path, &run, &err) != 0) {
		fixture->refused++;
		CU_ASSERT_NOT_EQUAL(err.text[0], '\0');
		CU_ASSERT_PTR_NULL(strchr(err.text, '\n'));
		return 0;
	}
	out = open_memstream(&text, &length);
	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	CU_ASSERT_EQUAL_FATAL(sc_statistics_find(&statistics, &run), 0);
	CU_ASSERT_EQUAL_FATAL(sc_diagnosis_find(&diagnosis, &statistics), 0);
	sc_summary_print(out, &diagnosis);
	CU_ASSERT_EQUAL(sc_picture_draw(out, &diagnosis), 0);
	CU_ASSERT_EQUAL(fclose(out), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "</svg>"));
	/* No number that isn't one. */
	CU_ASSERT_PTR_NULL(strstr(text, "\"nan"));
	CU_ASSERT_PTR_NULL(strstr(text, "\"-nan"));
	CU_ASSERT_PTR_NULL(strstr(text, "\"inf"));
	free(text);
	sc_statistics_free(&statistics);
	sc_past_run_free(&run);
	return length;
}

static void
test_whole(void)
{
	struct fixture fixture;

	fixture_open(&fixture);
	CU_ASSERT(report(&fixture) > 10000);
	fixture_close(&fixture);
}

/* More nodes have thinner lanes, without names and marks at last, and more are lost. */
static void
test_many_nodes(void)
{
	static const uint32_t counts[] = {31, 60, 100, 240, 400};
	struct fixture fixture;

	fixture_open(&fixture);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		write_whole(fixture.path, counts[i]);
		CU_ASSERT(report(&fixture) > 10000);
	}
	fixture_close(&fixture);
}

static void
test_cut_off(void)
{
	struct fixture fixture;

	fixture_open(&fixture);
	for (size_t i = 0; i < CUTS; i++) {
		sc_test_file_write(fixture.path, fixture.bytes, fixture.length * i / CUTS);
		CU_ASSERT_EQUAL(report(&fixture), 0);
	}
	fixture_close(&fixture);
}

/* Some changes are in what is never read: not all are refused. */
static void
test_changed(void)
{
	struct fixture fixture;
	struct sc_random random = {1};

	fixture_open(&fixture);
	for (unsigned i = 0; i < CHANGES; i++) {
		unsigned char *bytes = malloc(fixture.length);

		CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
		memcpy(bytes, fixture.bytes, fixture.length);
		for (unsigned j = 0; j < 1 + i % 4; j++) {
			size_t at = (size_t)sc_random_below(&random, fixture.length);

			if (i % 2 == 0)
				bytes[at] ^= (unsigned char)(1u << sc_random_below(&random, 8));
			else
				bytes[at] = (unsigned char)sc_random_next(&random);
		}
		sc_test_file_write(fixture.path, bytes, fixture.length);
		(void)report(&fixture);
		free(bytes);
	}
	CU_ASSERT(fixture.refused > CHANGES / 20 && fixture.refused < CHANGES);
	fixture_close(&fixture);
}

/* HDF5 1.14 goes round in circles in a heap of texts with an object of no length. */
static void
test_heaps(void)
{
	struct fixture fixture;
	unsigned heaps = 0;

	fixture_open(&fixture);
	for (size_t at = 0; at + 32 < fixture.length; at++) {
		unsigned char *size = fixture.bytes + at + 24;
		unsigned char saved[8];

		if (memcmp(fixture.bytes + at, "GCOL\1", 5) != 0)
			continue;
		heaps++;
		memcpy(saved, size, sizeof(saved));
		for (unsigned i = 0; i < 2; i++) {
			memset(fixture.bytes + at + 16, 0, 2);
			memset(size, i == 0 ? 0 : 0xff, sizeof(saved));
			sc_test_file_write(fixture.path, fixture.bytes, fixture.length);
			CU_ASSERT_EQUAL(report(&fixture), 0);
		}
		memcpy(size, saved, sizeof(saved));
		fixture.bytes[at + 16] = 1;
	}
	CU_ASSERT(heaps > 0);
	fixture_close(&fixture);
}

static CU_TestInfo tests[] = {
	{"a whole file is told and drawn", test_whole},
	{"so is one of many nodes", test_many_nodes},
	{"a file that was cut off is refused", test_cut_off},
	{"changed bytes do no harm", test_changed},
	{"heaps that lead nowhere are refused", test_heaps},
	CU_TEST_INFO_NULL,
};

int
main(void)
{
	return sc_run_suite("reports of damaged files", tests);
}
