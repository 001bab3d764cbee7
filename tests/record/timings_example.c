/*
 * An example of a timings file: see timings_example.h.
 */
#include "record/timings_example.h"

#include "lib/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SECOND = 1000000000 };

const uint64_t example_started_ns = UINT64_C(5000) * SECOND;

char *const example_argv[EXAMPLE_ARGUMENTS] = {
	"stagecast",
	"--timings=run.h5",
	"/data/\xc3\xb6lflow.bin",
	"/local/model.bin",
};

/* Node i's clock is i seconds behind the origin's. */
static void
fill_node(struct sc_timings_node *node, uint32_t number)
{
	struct sc_node_result *result = &node->result;
	uint64_t zero_ns = example_started_ns - (uint64_t)number * SECOND;
	struct sc_record record = {SC_RECORD_STARTED, SC_NONE, SC_NONE, 0};

	result->node = number;
	result->rank = number + 100;
	/* Of all lengths. */
	snprintf(result->host, sizeof(result->host), "host%.*s%u", (int)number, "0000000", number);
	result->clock_offset_ns = (int64_t)number * SECOND;
	result->bytes_received = number * 1000;
	result->bytes_sent = number * 1000 + 1;
	result->bytes_stored = number * 1000 + 2;
	result->first_chunk_ns = zero_ns + SECOND / 4;
	result->last_chunk_ns = zero_ns + SECOND / 2;
	result->stored_ns = zero_ns + SECOND;
	result->committed_ns = zero_ns + 2 * (uint64_t)SECOND;
	result->network_stall_ns = SECOND / 8;
	result->storage_stall_ns = SECOND / 16;
	result->memory_peak_bytes = 1 << 20;
	result->digest_low = number;
	result->digest_high = UINT64_C(0xfedcba9876543210);

	/* Later numbers start sooner. */
	sc_timeline_add(&node->timeline, zero_ns + (EXAMPLE_NODES - number) * 1000, &record);
	record = (struct sc_record){SC_RECORD_FIRST_CHUNK, 0, number % 3, 1};
	sc_timeline_add(&node->timeline, result->first_chunk_ns, &record);
	record = (struct sc_record){SC_RECORD_COMMITTED, SC_NONE, SC_NONE, 9};
	if (number == EXAMPLE_FAILED_NODE) {
		result->state = SC_NODE_FAILED;
		result->committed_ns = 0;
		snprintf(result->cause, sizeof(result->cause), "No space left on device");
		record.what = SC_RECORD_COPY_FAILED;
	}
	sc_timeline_add(&node->timeline, zero_ns + 2 * (uint64_t)SECOND, &record);
	node->timeline.dropped = number == 2 ? 11 : 0;
}

void
example_open(struct example *example)
{
	const struct sc_plan_shape shape = {
		.group_size = 3,
		.tree_groups = 2,
		.branching = 1,
		.chunk_bytes = 4096,
		.window = 2,
	};
	struct sc_error err;

	memset(example, 0, sizeof(*example));
	snprintf(example->dir, sizeof(example->dir), "timings.XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(example->dir));
	snprintf(example->path, sizeof(example->path), "%s/run.h5", example->dir);
	CU_ASSERT_EQUAL_FATAL(sc_plan_make(&example->plan, EXAMPLE_RECIPIENTS, 100001, &shape, 0,
				  &err),
	    0);
	example->run = (struct sc_timings_run){
		.program_version = "0.1.0",
		.mpi_version = "Some MPI 5.0",
		.argc = EXAMPLE_ARGUMENTS,
		.argv = example_argv,
		.source = "/data/\xc3\xb6lflow.bin",
		.outcome = "partial",
		.digest = "00112233445566778899aabbccddeeff",
		.started_unix_ns = INT64_C(1700000000500000000),
		.started_ns = example_started_ns,
		.predicted_s = 1.5,
		.elapsed_s = 2.25,
		.exit_status = 3,
		.had_it_before = 2,
	};
	for (uint32_t i = 0; i < EXAMPLE_NODES; i++)
		fill_node(&example->nodes[i], i);
}

void
example_close(struct example *example)
{
	for (uint32_t i = 0; i < EXAMPLE_NODES; i++)
		sc_timeline_free(&example->nodes[i].timeline);
	sc_plan_free(&example->plan);
	if (unlink(example->path) != 0)
		CU_ASSERT_EQUAL(access(example->path, F_OK), -1);
	/* Fails if anything was left behind. */
	CU_ASSERT_EQUAL(rmdir(example->dir), 0);
}

int
example_write(const struct example *example, const char *path, struct sc_error *err)
{
	return sc_timings_write(path, &example->run, &example->plan, example->nodes, EXAMPLE_NODES,
	    err);
}

hid_t
example_write_and_open(const struct example *example)
{
	struct sc_error err = {.text = ""};
	hid_t file;

	if (example_write(example, example->path, &err) != 0)
		fprintf(stderr, "%s\n", err.text);
	CU_ASSERT_STRING_EQUAL_FATAL(err.text, "");
	file = H5Fopen(example->path, H5F_ACC_RDONLY, H5P_DEFAULT);
	CU_ASSERT_FATAL(file >= 0);
	return file;
}
