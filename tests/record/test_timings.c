/*
 * The attributes and tables of a timings file, written and read back through
 * HDF5's own functions, with a reader's types and not ours.
 *
 * "test_timings PATH" only writes the example there, for other readers.
 */
#include "lib/suite.h"
#include "record/timings_example.h"
#include "record/timings_reader.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NODES = EXAMPLE_NODES, FAILED_NODE = EXAMPLE_FAILED_NODE };

static void
test_attributes(void)
{
	struct example example;
	hid_t file;

	example_open(&example);
	file = example_write_and_open(&example);
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
	CU_ASSERT_EQUAL(read_number(file, "origin_keeps_copy"), 1);
	CU_ASSERT_EQUAL(read_number(file, "had_it_before"), 2);
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
	file = example_write_and_open(&example);
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
	CU_ASSERT(tree[EXAMPLE_RECIPIENTS] == 1 && tree[1] == 0 && depth[1] == 0);
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
	file = example_write_and_open(&example);
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
		snprintf(text, sizeof(text), "host%.*s%d", i, "0000000", i);
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
	file = example_write_and_open(&example);
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
	int64_t rank, node, by, again, detours;
	double detected, detour;
	char host[1][64], cause[1][64];
	struct example example;
	hid_t file;

	example_open(&example);
	file = example_write_and_open(&example);
	read_integers(file, "/failures", "rank", &rank, 1);
	read_integers(file, "/failures", "node", &node, 1);
	read_integers(file, "/failures", "detected_by", &by, 1);
	read_integers(file, "/failures", "bytes_supplied_again", &again, 1);
	read_integers(file, "/failures", "detours", &detours, 1);
	read_doubles(file, "/failures", "detected_s", &detected, 1);
	read_doubles(file, "/failures", "detour_s", &detour, 1);
	read_texts(file, "/failures", "host", host, 1);
	read_texts(file, "/failures", "cause", cause, 1);
	CU_ASSERT(rank == FAILED_NODE + 100 && node == FAILED_NODE && by == FAILED_NODE);
	CU_ASSERT(again == 0 && detours == 0 && detected == 2 && isnan(detour));
	CU_ASSERT_STRING_EQUAL(host[0], "host000005");
	CU_ASSERT_STRING_EQUAL(cause[0], "No space left on device");
	CU_ASSERT(H5Fclose(file) >= 0);
	example_close(&example);
}

/* By the clock of the origin. */
static void
happens(struct sc_timings_node *node, double time_s, enum sc_record_what what, uint32_t peer,
    uint32_t subfile, uint64_t count)
{
	struct sc_record record = {what, peer, subfile, count};

	sc_timeline_add(&node->timeline,
	    example_started_ns + (uint64_t)(time_s * 1e9) - (uint64_t)node->result.clock_offset_ns,
	    &record);
}

static void
lose_node(struct example *example, uint32_t number, const char *cause)
{
	struct sc_node_result *result = &example->nodes[number].result;

	result->state = SC_NODE_LOST;
	snprintf(result->cause, sizeof(result->cause), "%s", cause);
}

/*
 * All that supplied node 1's subfiles to others, which notice it one after the other: the
 * later their number the sooner.  Returns how many edges that were, and nodes.
 */
static int64_t
lose_node_1(struct example *example, int64_t *receivers)
{
	int64_t edges = 0;

	*receivers = 0;
	lose_node(example, 1, "its process has ended");
	for (uint32_t i = 3; i < NODES; i++) {
		struct sc_timings_node *node = &example->nodes[i];
		double time_s = 3 - 0.125 * i;
		int64_t before = edges;

		happens(node, time_s, SC_RECORD_PEER_FAILED, 1, SC_NONE, 0);
		for (uint32_t j = 0; j < 3; j++) {
			if (sc_plan_supplier(&example->plan, i, j).from != 1)
				continue;
			edges++;
			happens(node, time_s, SC_RECORD_DETOUR, 0, j, 2);
			happens(node, time_s + 0.5 + 0.0625 * j, SC_RECORD_DETOUR_BEGUN, 0, j, 2);
		}
		*receivers += edges > before;
	}
	return edges;
}

static void
test_lost_nodes(void)
{
	int64_t node[4], rank[4], by[4], detours[4], again[4], receivers, edges;
	double detected[4], detour[4];
	char cause[4][64];
	struct example example;
	hid_t file;

	example_open(&example);
	edges = lose_node_1(&example, &receivers);
	CU_ASSERT_FATAL(edges > 1 && receivers > 1);
	/* What a node has seen that was lost itself doesn't count, nor what it did. */
	lose_node(&example, 2, "nothing was heard of it");
	happens(&example.nodes[2], 0.5, SC_RECORD_PEER_FAILED, 1, SC_NONE, 0);
	happens(&example.nodes[2], 0.5, SC_RECORD_DETOUR, 0, 0, 2);
	happens(&example.nodes[6], 2.75, SC_RECORD_PEER_FAILED, 2, SC_NONE, 1);
	/* Nobody has told of this one. */
	lose_node(&example, 4, "");
	file = example_write_and_open(&example);
	read_integers(file, "/failures", "node", node, 4);
	read_integers(file, "/failures", "rank", rank, 4);
	read_integers(file, "/failures", "detected_by", by, 4);
	read_integers(file, "/failures", "detours", detours, 4);
	read_integers(file, "/failures", "bytes_supplied_again", again, 4);
	read_doubles(file, "/failures", "detected_s", detected, 4);
	read_doubles(file, "/failures", "detour_s", detour, 4);
	read_texts(file, "/failures", "cause", cause, 4);
	CU_ASSERT(node[0] == 1 && node[1] == 2 && node[2] == 4 && node[3] == FAILED_NODE);
	CU_ASSERT(rank[0] == 101 && rank[2] == 104);
	CU_ASSERT(by[0] == 7 && by[1] == 6 && by[2] == -1 && by[3] == FAILED_NODE);
	CU_ASSERT(detected[0] == 3 - 0.125 * 7 && detected[1] == 2.75);
	CU_ASSERT(isnan(detected[2]) && detected[3] == 2);
	/* Node 4 is lost, too: so it is node 3, which noticed it last, and has its first subfile. */
	CU_ASSERT_EQUAL(sc_plan_supplier(&example.plan, 3, 0).from, 1);
	CU_ASSERT_EQUAL(detour[0], 3 - 0.125 * 3 + 0.5);
	CU_ASSERT(isnan(detour[1]) && isnan(detour[2]) && isnan(detour[3]));
	CU_ASSERT_EQUAL(sc_plan_supplier(&example.plan, 4, 0).from, 1);
	CU_ASSERT_EQUAL(detours[0], receivers - 1);
	CU_ASSERT_EQUAL(again[0], 2 * 4096 * (edges - 1));
	CU_ASSERT(detours[1] == 0 && again[1] == 0 && detours[3] == 0);
	CU_ASSERT_STRING_EQUAL(cause[0], "its process has ended");
	CU_ASSERT_STRING_EQUAL(cause[1], "nothing was heard of it");
	CU_ASSERT(H5Fclose(file) >= 0);
	example_close(&example);
}

static void
test_strategies(void)
{
	struct sc_timings_strategy strategies[] = {
		{"as planned", 1.5, 1.25, 100001, 90000},
		{"", 0, NAN, 0, 0},
		{"", 2.5, 2.75, UINT64_C(1) << 45, UINT64_C(1) << 44},
	};
	char name[3][64];
	double last[3], ratio[3];
	int64_t origin[3], relay[3];
	struct example example;
	hid_t file;

	/* The longest name that there can be. */
	memset(strategies[2].name, 'x', sizeof(strategies[2].name) - 1);
	example_open(&example);
	example.run.strategies = strategies;
	example.run.strategy_count = 3;
	file = example_write_and_open(&example);
	read_texts(file, "/strategies", "name", name, 3);
	read_doubles(file, "/strategies", "last_s", last, 3);
	read_doubles(file, "/strategies", "floor_ratio", ratio, 3);
	read_integers(file, "/strategies", "origin_bytes", origin, 3);
	read_integers(file, "/strategies", "relay_bytes", relay, 3);
	for (int i = 0; i < 3; i++) {
		CU_ASSERT_STRING_EQUAL(name[i], strategies[i].name);
		CU_ASSERT_EQUAL(last[i], strategies[i].last_s);
		CU_ASSERT(i == 1 ? isnan(ratio[i]) : ratio[i] == strategies[i].floor_ratio);
		CU_ASSERT_EQUAL(origin[i], (int64_t)strategies[i].origin_bytes);
		CU_ASSERT_EQUAL(relay[i], (int64_t)strategies[i].relay_bytes);
	}
	CU_ASSERT(H5Fclose(file) >= 0);
	example_close(&example);
}

static void
test_nothing_compared(void)
{
	struct example example;
	hid_t file;

	example_open(&example);
	file = example_write_and_open(&example);
	CU_ASSERT_EQUAL(H5Lexists(file, "failures", H5P_DEFAULT), 1);
	CU_ASSERT_EQUAL(H5Lexists(file, "strategies", H5P_DEFAULT), 0);
	CU_ASSERT(H5Fclose(file) >= 0);
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
		{"lost nodes, as others saw them", test_lost_nodes},
		{"strategies", test_strategies},
		{"no strategies but of a comparison", test_nothing_compared},
		CU_TEST_INFO_NULL,
	};

	if (argc == 2) {
		example_path = argv[1];
		return sc_run_suite("timings", writing);
	}
	return sc_run_suite("timings", tests);
}
