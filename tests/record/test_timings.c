/*
 * The timings file of a staging run to seven recipients, written and read
 * back through HDF5's own functions, with a reader's types and not ours.
 *
 * "test_timings PATH" only writes that file there, for other readers.
 */
#include "core/plan.h"
#include "lib/suite.h"
#include "record/timings.h"
#include "record/timings_reader.h"

#include <errno.h>
#include <hdf5.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	RECIPIENTS = 7,
	NODES = RECIPIENTS + 1,
	SECOND = 1000000000,
	FAILED_NODE = 5,
};

/* Moments of the ranks' clocks: on the origin's, everything began here. */
static const uint64_t started_ns = UINT64_C(5000) * SECOND;

struct example {
	char dir[64];
	char path[96];
	struct sc_plan plan;
	struct sc_timings_run run;
	struct sc_timings_node nodes[NODES];
};

static char *const example_argv[] = {
	"stagecast",
	"--timings=run.h5",
	"/data/\xc3\xb6lflow.bin",
	"/local/model.bin",
};

/* Node i's clock is i seconds behind the origin's. */
static void
fill_node(struct sc_timings_node *node, uint32_t number)
{
	struct sc_node_report *report = &node->report;
	uint64_t zero_ns = started_ns - (uint64_t)number * SECOND;
	struct sc_record record = {SC_RECORD_STARTED, SC_NONE, SC_NONE, 0};

	report->node = number;
	report->rank = number + 100;
	snprintf(report->host, sizeof(report->host), "host%0*u", (int)number + 1, number);
	report->clock_offset_ns = (int64_t)number * SECOND;
	report->bytes_received = number * 1000;
	report->bytes_sent = number * 1000 + 1;
	report->bytes_stored = number * 1000 + 2;
	report->first_chunk_ns = zero_ns + SECOND / 4;
	report->last_chunk_ns = zero_ns + SECOND / 2;
	report->stored_ns = zero_ns + SECOND;
	report->committed_ns = zero_ns + 2 * (uint64_t)SECOND;
	report->network_stall_ns = SECOND / 8;
	report->storage_stall_ns = SECOND / 16;
	report->memory_peak_bytes = 1 << 20;
	report->digest_low = number;
	report->digest_high = UINT64_C(0xfedcba9876543210);

	/* Later numbers start sooner. */
	sc_timeline_add(&node->timeline, zero_ns + (NODES - number) * 1000, &record);
	record = (struct sc_record){SC_RECORD_FIRST_CHUNK, 0, number % 3, 1};
	sc_timeline_add(&node->timeline, report->first_chunk_ns, &record);
	record = (struct sc_record){SC_RECORD_COMMITTED, SC_NONE, SC_NONE, 9};
	if (number == FAILED_NODE) {
		report->state = SC_NODE_FAILED;
		report->committed_ns = 0;
		snprintf(report->cause, sizeof(report->cause), "No space left on device");
		record.what = SC_RECORD_COPY_FAILED;
	}
	sc_timeline_add(&node->timeline, zero_ns + 2 * (uint64_t)SECOND, &record);
	node->timeline.dropped = number == 2 ? 11 : 0;
}

static void
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
	CU_ASSERT_EQUAL_FATAL(sc_plan_make(&example->plan, RECIPIENTS, 100001, &shape, 0, &err), 0);
	example->run = (struct sc_timings_run){
		.program_version = "0.1.0",
		.mpi_version = "Some MPI 5.0",
		.argc = 4,
		.argv = example_argv,
		.source = "/data/\xc3\xb6lflow.bin",
		.outcome = "partial",
		.digest = "00112233445566778899aabbccddeeff",
		.started_unix_ns = INT64_C(1700000000500000000),
		.started_ns = started_ns,
		.predicted_s = 1.5,
		.elapsed_s = 2.25,
		.exit_status = 3,
	};
	/* In no order. */
	for (uint32_t i = 0; i < NODES; i++)
		fill_node(&example->nodes[i], i * 3 % NODES);
}

static void
example_close(struct example *example)
{
	for (uint32_t i = 0; i < NODES; i++)
		sc_timeline_free(&example->nodes[i].timeline);
	sc_plan_free(&example->plan);
	if (unlink(example->path) != 0)
		CU_ASSERT_EQUAL(access(example->path, F_OK), -1);
	/* Fails if anything was left behind. */
	CU_ASSERT_EQUAL(rmdir(example->dir), 0);
}

static int
example_write(struct example *example, const char *path, struct sc_error *err)
{
	return sc_timings_write(path, &example->run, &example->plan, example->nodes, NODES, err);
}

static hid_t
write_and_open(struct example *example)
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

static void
test_attributes(void)
{
	struct example example;
	hid_t file;

	example_open(&example);
	file = write_and_open(&example);
	CU_ASSERT_EQUAL(read_number(file, "schema_version"), 1);
	CU_ASSERT_EQUAL(read_number(file, "size_bytes"), 100001);
	CU_ASSERT_EQUAL(read_number(file, "chunk_bytes"), 4096);
	CU_ASSERT_EQUAL(read_number(file, "chunks"), 25);
	CU_ASSERT_EQUAL(read_number(file, "recipients"), 7);
	CU_ASSERT_EQUAL(read_number(file, "subfiles"), 3);
	CU_ASSERT_EQUAL(read_number(file, "groups"), 3);
	CU_ASSERT_EQUAL(read_number(file, "tree_groups"), 2);
	CU_ASSERT_EQUAL(read_number(file, "trees"), 2);
	CU_ASSERT_EQUAL(read_number(file, "branching"), 1);
	CU_ASSERT_EQUAL(read_number(file, "window"), 2);
	CU_ASSERT_EQUAL(read_number(file, "slots"), example.plan.slots);
	CU_ASSERT_EQUAL(read_number(file, "store_and_forward"), 0);
	CU_ASSERT_EQUAL(read_number(file, "exit_status"), 3);
	CU_ASSERT_EQUAL(read_number(file, "started_unix_s"), 1700000000.5);
	CU_ASSERT_EQUAL(read_number(file, "elapsed_s"), 2.25);
	CU_ASSERT_EQUAL(read_number(file, "predicted_s"), 1.5);
	CU_ASSERT_EQUAL(read_number(file, "events_dropped"), 11);
	check_text(file, "program", "stagecast");
	check_text(file, "program_version", "0.1.0");
	check_text(file, "mpi_version", "Some MPI 5.0");
	check_text(file, "hdf5_version", sc_timings_library() + strlen("HDF5 "));
	check_text(file, "source", example.run.source);
	check_text(file, "source_digest", example.run.digest);
	check_text(file, "outcome", "partial");
	check_text(file, "time_unit", "s");
	check_texts(file, "argv", (const char *const *)example_argv, 4);
	CU_ASSERT(H5Fclose(file) >= 0);
	example_close(&example);
}

static void
test_plan(void)
{
	int64_t from[21], to[21], subfile[21], parent[NODES], group[NODES], member[NODES];
	int64_t tree[NODES], depth[NODES], node[NODES];
	char kind[21][64];
	struct example example;
	hid_t file;

	example_open(&example);
	file = write_and_open(&example);
	read_integers(file, "/plan/edges", "from", from, 21);
	read_integers(file, "/plan/edges", "to", to, 21);
	read_integers(file, "/plan/edges", "subfile", subfile, 21);
	read_names(file, "/plan/edges", "kind", "/types/edge_kind", kind, 21);
	for (uint32_t i = 0; i < 21; i++) {
		struct sc_edge edge = sc_plan_supplier(&example.plan, i / 3 + 1, i % 3);

		CU_ASSERT_EQUAL(from[i], edge.from);
		CU_ASSERT_EQUAL(to[i], i / 3 + 1);
		CU_ASSERT_EQUAL(subfile[i], i % 3);
		CU_ASSERT_STRING_EQUAL(kind[i], sc_edge_kind_name(edge.kind));
	}
	CU_ASSERT_STRING_EQUAL(kind[0], "distribution");

	read_integers(file, "/plan/nodes", "node", node, NODES);
	read_integers(file, "/plan/nodes", "group", group, NODES);
	read_integers(file, "/plan/nodes", "member", member, NODES);
	read_integers(file, "/plan/nodes", "tree", tree, NODES);
	read_integers(file, "/plan/nodes", "depth", depth, NODES);
	read_integers(file, "/plan/nodes", "parent", parent, NODES);
	CU_ASSERT(group[0] == -1 && member[0] == -1 && tree[0] == -1);
	CU_ASSERT(node[0] == 0 && depth[0] == -1 && parent[0] == -1);
	for (uint32_t i = 1; i < NODES; i++) {
		uint32_t place;
		uint32_t number = sc_plan_group_of(&example.plan, i, &place);

		CU_ASSERT_EQUAL(node[i], i);
		CU_ASSERT_EQUAL(group[i], number);
		CU_ASSERT_EQUAL(member[i], place);
		CU_ASSERT_EQUAL(tree[i], example.plan.groups[number].tree);
		CU_ASSERT_EQUAL(depth[i], example.plan.groups[number].depth);
		CU_ASSERT_EQUAL(parent[i], sc_plan_parent(&example.plan, i));
	}
	/* Three groups in trees of two: the last one is a secondary tree. */
	CU_ASSERT(tree[RECIPIENTS] == 1 && tree[1] == 0 && depth[1] == 0);
	CU_ASSERT(H5Fclose(file) >= 0);
	example_close(&example);
}

static void
test_nodes(void)
{
	static const struct {
		const char *name;
		double value;
	} same[] = {
		{"first_chunk_s", 0.25},
		{"last_chunk_s", 0.5},
		{"stored_s", 1},
		{"network_stall_s", 0.125},
		{"storage_stall_s", 0.0625},
		{"memory_peak_bytes", 1 << 20},
	};
	char host[NODES][64], state[NODES][64], digest[NODES][64], cause[NODES][64];
	double values[NODES];
	int64_t node[NODES], rank[NODES], received[NODES], sent[NODES], stored[NODES];
	struct example example;
	hid_t file;

	example_open(&example);
	file = write_and_open(&example);
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		read_doubles(file, "/nodes", same[i].name, values, NODES);
		for (int j = 0; j < NODES; j++)
			CU_ASSERT_EQUAL(values[j], same[i].value);
	}
	read_doubles(file, "/nodes", "clock_offset_s", values, NODES);
	read_integers(file, "/nodes", "node", node, NODES);
	read_integers(file, "/nodes", "rank", rank, NODES);
	read_integers(file, "/nodes", "bytes_received", received, NODES);
	read_integers(file, "/nodes", "bytes_sent", sent, NODES);
	read_integers(file, "/nodes", "bytes_stored", stored, NODES);
	read_texts(file, "/nodes", "host", host, NODES);
	read_texts(file, "/nodes", "digest", digest, NODES);
	read_texts(file, "/nodes", "cause", cause, NODES);
	read_names(file, "/nodes", "state", "/types/node_state", state, NODES);
	for (int i = 0; i < NODES; i++) {
		char text[64];

		CU_ASSERT_EQUAL(node[i], i);
		CU_ASSERT_EQUAL(rank[i], i + 100);
		CU_ASSERT_EQUAL(values[i], i);
		CU_ASSERT_EQUAL(received[i], i * 1000);
		CU_ASSERT_EQUAL(sent[i], i * 1000 + 1);
		CU_ASSERT_EQUAL(stored[i], i * 1000 + 2);
		snprintf(text, sizeof(text), "host%0*d", i + 1, i);
		CU_ASSERT_STRING_EQUAL(host[i], text);
		snprintf(text, sizeof(text), "fedcba9876543210%016x", (unsigned)i);
		CU_ASSERT_STRING_EQUAL(digest[i], text);
		CU_ASSERT_STRING_EQUAL(state[i], i == FAILED_NODE ? "failed" : "committed");
		CU_ASSERT_STRING_EQUAL(cause[i], i == FAILED_NODE ? "No space left on device" : "");
	}
	read_doubles(file, "/nodes", "committed_s", values, NODES);
	for (int i = 0; i < NODES; i++)
		CU_ASSERT(i == FAILED_NODE ? isnan(values[i]) : values[i] == 2);
	CU_ASSERT(H5Fclose(file) >= 0);
	example_close(&example);
}

static void
test_events(void)
{
	enum { EVENTS = 3 * NODES };
	double time[EVENTS];
	int64_t rank[EVENTS], node[EVENTS], peer[EVENTS], subfile[EVENTS], count[EVENTS];
	char what[EVENTS][64];
	struct example example;
	hid_t file;

	example_open(&example);
	file = write_and_open(&example);
	read_doubles(file, "/events", "time_s", time, EVENTS);
	read_integers(file, "/events", "rank", rank, EVENTS);
	read_integers(file, "/events", "node", node, EVENTS);
	read_integers(file, "/events", "peer", peer, EVENTS);
	read_integers(file, "/events", "subfile", subfile, EVENTS);
	read_integers(file, "/events", "count", count, EVENTS);
	read_names(file, "/events", "what", "/types/event_what", what, EVENTS);
	for (int i = 0; i < NODES; i++) {
		int first = NODES + i, last = 2 * NODES + i;

		/* Later numbers started sooner; the rest is at one time, by node. */
		CU_ASSERT_EQUAL(node[i], NODES - 1 - i);
		CU_ASSERT_DOUBLE_EQUAL(time[i], (i + 1) * 1e-6, 1e-12);
		CU_ASSERT_STRING_EQUAL(what[i], "started");
		CU_ASSERT(peer[i] == -1 && subfile[i] == -1 && count[i] == 0);

		CU_ASSERT(node[first] == i && rank[first] == i + 100);
		CU_ASSERT_EQUAL(time[first], 0.25);
		CU_ASSERT_STRING_EQUAL(what[first], "first_chunk");
		CU_ASSERT(peer[first] == 0 && subfile[first] == i % 3 && count[first] == 1);

		CU_ASSERT(node[last] == i && time[last] == 2 && count[last] == 9);
		CU_ASSERT_STRING_EQUAL(what[last], i == FAILED_NODE ? "copy_failed" : "committed");
	}
	CU_ASSERT(H5Fclose(file) >= 0);
	example_close(&example);
}

static void
test_failures(void)
{
	int64_t rank, node, by, again;
	double detected, detour;
	char host[1][64], cause[1][64];
	struct example example;
	hid_t file;

	example_open(&example);
	file = write_and_open(&example);
	read_integers(file, "/failures", "rank", &rank, 1);
	read_integers(file, "/failures", "node", &node, 1);
	read_integers(file, "/failures", "detected_by", &by, 1);
	read_integers(file, "/failures", "bytes_supplied_again", &again, 1);
	read_doubles(file, "/failures", "detected_s", &detected, 1);
	read_doubles(file, "/failures", "detour_s", &detour, 1);
	read_texts(file, "/failures", "host", host, 1);
	read_texts(file, "/failures", "cause", cause, 1);
	CU_ASSERT(rank == FAILED_NODE + 100 && node == FAILED_NODE && by == FAILED_NODE);
	CU_ASSERT(again == 0 && detected == 2 && isnan(detour));
	CU_ASSERT_STRING_EQUAL(host[0], "host000005");
	CU_ASSERT_STRING_EQUAL(cause[0], "No space left on device");
	CU_ASSERT(H5Fclose(file) >= 0);
	example_close(&example);
}

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
		    started_ns + (uint64_t)i * 7919 % 1000003 * 1000, &record);
	}
	file = write_and_open(&example);
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
		arguments[i] = example_argv[i % 4];
	example_open(&example);
	example.run.argc = ARGUMENTS;
	example.run.argv = arguments;
	file = write_and_open(&example);
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

static const char *example_path;

static void
test_write_only(void)
{
	struct sc_error err = {.text = ""};
	struct example example;

	example_open(&example);
	CU_ASSERT_EQUAL(example_write(&example, example_path, &err), 0);
	CU_ASSERT_STRING_EQUAL(err.text, "");
	example_close(&example);
}

int
main(int argc, char **argv)
{
	CU_TestInfo writing[] = {
		{"write the example", test_write_only},
		CU_TEST_INFO_NULL,
	};
	CU_TestInfo tests[] = {
		{"root attributes", test_attributes},
		{"the plan", test_plan},
		{"a row a node", test_nodes},
		{"events, by time", test_events},
		{"failures", test_failures},
		{"long tables", test_long_tables},
		{"nothing to report", test_nothing_to_report},
		{"many arguments", test_many_arguments},
		{"an unwritable path", test_unwritable_path},
		CU_TEST_INFO_NULL,
	};

	if (argc == 2) {
		example_path = argv[1];
		return sc_run_suite("timings", writing);
	}
	return sc_run_suite("timings", tests);
}
