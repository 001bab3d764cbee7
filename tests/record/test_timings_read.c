/*
 * Timings files are read back as they were written; what a later release may
 * add does no harm; what is no timings file, or damaged, is refused with a
 * sentence.
 */
#include "record/timings_read.h"

#include "lib/suite.h"
#include "lib/tempdir.h"
#include "record/timings.h"

#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RECIPIENTS = 7, NODES = RECIPIENTS + 1, SUBFILES = 3, SECOND = 1000000000, FAILED_NODE = 5 };

static const uint64_t started_ns = UINT64_C(5000) * SECOND;

static char *const example_argv[] = {"stagecast", "a b", "<\xc3\xb6&>"};

struct example {
	char *dir;
	char *path;
	struct sc_plan plan;
	struct sc_timings_node nodes[NODES];
	struct sc_past_run run;
};

static void
add(struct sc_timings_node *node, double time_s, enum sc_record_what what, uint32_t peer,
    uint32_t subfile, uint64_t count)
{
	struct sc_record record = {what, peer, subfile, count};

	sc_timeline_add(&node->timeline, started_ns + (uint64_t)(time_s * 1e9), &record);
}

/* Node i has its first chunk after i/8 s, and the file after 2 + i s. */
static void
fill_node(struct sc_timings_node *node, uint32_t number)
{
	struct sc_node_result *result = &node->result;
	double first_s = number / 8., last_s = 1. + number;

	result->node = number;
	result->rank = number + 100;
	snprintf(result->host, sizeof(result->host), "host%u", number);
	if (number != SC_ORIGIN) {
		result->first_chunk_ns = started_ns + (uint64_t)(first_s * 1e9);
		result->last_chunk_ns = started_ns + (uint64_t)(last_s * 1e9);
		add(node, first_s, SC_RECORD_FIRST_CHUNK, 0, number % SUBFILES, 1);
	}
	result->network_stall_ns = SECOND / 8;
	result->storage_stall_ns = SECOND / 16;
	if (number == FAILED_NODE) {
		result->state = SC_NODE_FAILED;
		snprintf(result->cause, sizeof(result->cause), "No space left on device");
		add(node, 1.5, SC_RECORD_COPY_FAILED, SC_NONE, SC_NONE, 0);
		return;
	}
	result->stored_ns = result->committed_ns = started_ns + (uint64_t)((2. + number) * 1e9);
	add(node, 0.5, SC_RECORD_SEND_BEGUN, 1, 0, 3);
	add(node, 0.75, SC_RECORD_SEND_BEGUN, 2, 1, 3);
	add(node, last_s + 0.25, SC_RECORD_SERVED_FROM_STORE, 6, 2, 4);
	add(node, last_s + 0.5, SC_RECORD_SUBFILE_HELD, SC_NONE, 1, 9);
	for (unsigned i = 0; i < SC_PAST_MARKS; i++)
		add(node, 0.25 * (i + 1) * (1 + number), SC_RECORD_QUARTER_HELD + i, SC_NONE,
		    SC_NONE, 6 * (i + 1));
	add(node, last_s, SC_RECORD_SEND_ENDED, 1, 0, 9);
	add(node, last_s - 0.5, SC_RECORD_SEND_ENDED, 2, 1, 9);
}

static void
write_example(struct example *example)
{
	struct sc_timings_run run = {
		.program_version = "0.1.0",
		.mpi_version = "Some MPI 5.0",
		.argc = 3,
		.argv = example_argv,
		.source = "/data/\xc3\xb6lflow.bin",
		.outcome = "partial",
		.digest = "00112233445566778899aabbccddeeff",
		.started_unix_ns = INT64_C(1700000000500000000),
		.started_ns = started_ns,
		.predicted_s = 1.5,
		.elapsed_s = 9.25,
		.exit_status = 3,
	};
	struct sc_error err = {.text = ""};

	(void)sc_timings_write(example->path, &run, &example->plan, example->nodes, NODES, &err);
	CU_ASSERT_STRING_EQUAL_FATAL(err.text, "");
}

static void
example_open(struct example *example)
{
	const struct sc_plan_shape shape = {.group_size = SUBFILES,
		.tree_groups = 2,
		.branching = 1,
		.chunk_bytes = 4096,
		.window = 2};
	struct sc_error err;

	memset(example, 0, sizeof(*example));
	example->dir = sc_tempdir_make();
	example->path = sc_tempdir_path(example->dir, "run.h5");
	CU_ASSERT_EQUAL_FATAL(sc_plan_make(&example->plan, RECIPIENTS, 100001, &shape, 0, &err), 0);
	for (uint32_t i = 0; i < NODES; i++)
		fill_node(&example->nodes[i], i);
	write_example(example);
}

static void
example_close(struct example *example)
{
	for (uint32_t i = 0; i < NODES; i++)
		sc_timeline_free(&example->nodes[i].timeline);
	sc_plan_free(&example->plan);
	sc_past_run_free(&example->run);
	/* Reading leaves nothing behind. */
	CU_ASSERT(sc_tempdir_entries(example->dir) <= 1);
	sc_tempdir_remove(example->dir);
	free(example->path);
}

static void
read_example(struct example *example)
{
	struct sc_error err = {.text = ""};

	(void)sc_timings_read(example->path, &example->run, &err);
	CU_ASSERT_STRING_EQUAL_FATAL(err.text, "");
}

/* One sentence that begins with the path and has that in it. */
static void
expect_refused(struct example *example, const char *path, const char *part)
{
	struct sc_error err = {.text = ""};

	CU_ASSERT_EQUAL(sc_timings_read(path, &example->run, &err), -1);
	CU_ASSERT_EQUAL(strncmp(err.text, path, strlen(path)), 0);
	if (strstr(err.text, part) == NULL)
		printf("\n    %s\n    lacks: %s", err.text, part);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, part));
	CU_ASSERT_PTR_NULL(example->run.nodes);
}

static void
test_numbers_and_texts(void)
{
	struct example example;
	const struct sc_past_run *run = &example.run;

	example_open(&example);
	read_example(&example);
	CU_ASSERT_STRING_EQUAL(run->program_version, "0.1.0");
	CU_ASSERT_STRING_EQUAL(run->mpi_version, "Some MPI 5.0");
	CU_ASSERT_STRING_EQUAL(run->source, "/data/\xc3\xb6lflow.bin");
	CU_ASSERT_STRING_EQUAL(run->source_digest, "00112233445566778899aabbccddeeff");
	CU_ASSERT_STRING_EQUAL(run->outcome, "partial");
	CU_ASSERT_EQUAL_FATAL(run->argc, 3);
	for (size_t i = 0; i < 3; i++)
		CU_ASSERT_STRING_EQUAL(run->argv[i], example_argv[i]);
	CU_ASSERT_EQUAL(run->size_bytes, 100001);
	CU_ASSERT_EQUAL(run->chunk_bytes, 4096);
	CU_ASSERT_EQUAL(run->chunks, 25);
	CU_ASSERT_EQUAL(run->recipients, RECIPIENTS);
	CU_ASSERT_EQUAL(run->subfiles, SUBFILES);
	CU_ASSERT_EQUAL(run->tree_groups, 2);
	CU_ASSERT_EQUAL(run->branching, 1);
	CU_ASSERT_EQUAL(run->trees, example.plan.trees);
	CU_ASSERT_EQUAL(run->groups, example.plan.group_count);
	CU_ASSERT_EQUAL(run->window, 2);
	CU_ASSERT_EQUAL(run->slots, example.plan.slots);
	CU_ASSERT_EQUAL(run->exit_status, 3);
	CU_ASSERT_EQUAL(run->started_unix_s, 1700000000.5);
	CU_ASSERT_EQUAL(run->elapsed_s, 9.25);
	CU_ASSERT_EQUAL(run->predicted_s, 1.5);
	CU_ASSERT(run->has_edges && run->has_events && run->has_stalls);
	CU_ASSERT_FALSE(run->store_and_forward);
	example_close(&example);
}

static void
test_nodes(void)
{
	struct example example;

	example_open(&example);
	read_example(&example);
	for (uint32_t i = 0; i < NODES; i++) {
		const struct sc_past_node *node = &example.run.nodes[i];
		char host[16];

		snprintf(host, sizeof(host), "host%u", i);
		CU_ASSERT_TRUE(node->reported);
		CU_ASSERT_STRING_EQUAL(node->host, host);
		CU_ASSERT_EQUAL(node->network_stall_s, 0.125);
		CU_ASSERT_EQUAL(node->storage_stall_s, 0.0625);
		if (i == SC_ORIGIN) {
			CU_ASSERT(isnan(node->first_chunk_s) && node->group == SC_NONE);
		} else {
			CU_ASSERT_EQUAL(node->first_chunk_s, i / 8.);
		}
		if (i == FAILED_NODE) {
			CU_ASSERT_EQUAL(node->state, SC_NODE_FAILED);
			CU_ASSERT_STRING_EQUAL(node->cause, "No space left on device");
			CU_ASSERT(isnan(node->committed_s) && node->failed_s == 1.5);
		} else {
			CU_ASSERT_EQUAL(node->state, SC_NODE_COMMITTED);
			CU_ASSERT_STRING_EQUAL(node->cause, "");
			CU_ASSERT_EQUAL(node->committed_s, 2. + i);
			CU_ASSERT(isnan(node->failed_s));
		}
	}
	example_close(&example);
}

static void
test_plan_and_events(void)
{
	struct example example;
	const struct sc_past_run *run = &example.run;

	example_open(&example);
	read_example(&example);
	for (uint32_t i = 1; i < NODES; i++) {
		const struct sc_past_node *node = &run->nodes[i];
		uint32_t member, group = sc_plan_group_of(&example.plan, i, &member);

		CU_ASSERT_EQUAL(node->group, group);
		CU_ASSERT_EQUAL(node->member, member);
		CU_ASSERT_EQUAL(node->tree, example.plan.groups[group].tree);
		CU_ASSERT_EQUAL(node->depth, example.plan.groups[group].depth);
		for (uint32_t j = 0; j < SUBFILES; j++)
			CU_ASSERT_EQUAL(sc_past_part(run, i, j)->supplier,
			    sc_plan_supplier(&example.plan, i, j).from);
		if (i == FAILED_NODE)
			continue;
		CU_ASSERT_EQUAL(sc_past_part(run, i, 1)->held_s, 1.5 + i);
		CU_ASSERT(isnan(sc_past_part(run, i, 0)->held_s));
		for (unsigned j = 0; j < SC_PAST_MARKS; j++)
			CU_ASSERT_EQUAL(node->mark_s[j], 0.25 * (j + 1) * (1 + i));
		CU_ASSERT_EQUAL(node->send_begun_s, 0.5);
		CU_ASSERT_EQUAL(node->send_ended_s, 1. + i);
	}
	CU_ASSERT_EQUAL(sc_past_part(run, 6, 2)->chunks_from_store, 4);
	CU_ASSERT_EQUAL(sc_past_part(run, 6, 1)->chunks_from_store, 0);
	example_close(&example);
}

/* Node 6 was lost, and nodes 1 and 7 have gone around it; node 7 leads in the end. */
static void
fill_faults(struct example *example)
{
	struct sc_timings_node *nodes = example->nodes;

	nodes[6].result.state = SC_NODE_LOST;
	snprintf(nodes[6].result.cause, sizeof(nodes[6].result.cause), "its process has ended");
	add(&nodes[1], 0, SC_RECORD_RESUMED, SC_NONE, SC_NONE, 12);
	add(&nodes[1], 3, SC_RECORD_PEER_FAILED, 6, SC_NONE, 0);
	add(&nodes[1], 3, SC_RECORD_DETOUR, 2, 1, 5);
	add(&nodes[7], 3.25, SC_RECORD_PEER_FAILED, 6, SC_NONE, 0);
	add(&nodes[7], 3.25, SC_RECORD_DETOUR, 3, 0, 4);
	add(&nodes[7], 3.25, SC_RECORD_DETOUR, 7, 2, 4);
	add(&nodes[7], 3.5, SC_RECORD_DETOUR_BEGUN, 3, 0, 4);
	add(&nodes[2], 3.5, SC_RECORD_PEER_TORPID, 3, SC_NONE, 0);
	add(&nodes[4], 3.25, SC_RECORD_PEER_TORPID, 3, SC_NONE, 0);
	add(&nodes[2], 3.5, SC_RECORD_CHUNK_DAMAGED, 3, 1, 0);
	add(&nodes[2], 3.5, SC_RECORD_CHUNK_DAMAGED, 3, 1, 0);
	add(&nodes[7], 4, SC_RECORD_TAKEOVER, 6, SC_NONE, 0);
}

static void
test_faults(void)
{
	struct example example;
	const struct sc_past_run *run = &example.run;
	const struct sc_past_detour *detour;

	example_open(&example);
	read_example(&example);
	CU_ASSERT(run->leader == SC_NONE && isnan(run->takeover_s) && run->detour_count == 0);
	CU_ASSERT(run->nodes[6].detected_by == SC_NONE && isnan(run->nodes[6].detour_s));
	CU_ASSERT(isnan(run->nodes[3].torpid_s) && run->nodes[1].last_detour == SC_NONE);
	CU_ASSERT_TRUE(run->origin_keeps_copy);
	sc_past_run_free(&example.run);

	fill_faults(&example);
	write_example(&example);
	read_example(&example);
	CU_ASSERT_EQUAL(run->nodes[6].state, SC_NODE_LOST);
	CU_ASSERT_STRING_EQUAL(run->nodes[6].cause, "its process has ended");
	CU_ASSERT_EQUAL(run->nodes[6].failed_s, 3);
	CU_ASSERT_EQUAL(run->nodes[6].detected_by, 1);
	CU_ASSERT(run->leader == 7 && run->leader_before == 6 && run->takeover_s == 4);
	CU_ASSERT_EQUAL(run->nodes[3].torpid_s, 3.25);
	CU_ASSERT(isnan(run->nodes[2].torpid_s));
	CU_ASSERT_EQUAL(run->chunks_damaged, 2);
	CU_ASSERT(run->nodes[1].chunks_resumed == 12 && run->nodes[2].chunks_resumed == 0);

	CU_ASSERT_EQUAL_FATAL(run->detour_count, 3);
	CU_ASSERT_FATAL(run->nodes[1].last_detour < 3 && run->nodes[7].last_detour < 3);
	detour = &run->detours[run->nodes[1].last_detour];
	CU_ASSERT(detour->supplier == 2 && detour->subfile == 1 && detour->asked_s == 3);
	CU_ASSERT(isnan(detour->in_place_s) && detour->before == SC_NONE);
	detour = &run->detours[run->nodes[7].last_detour];
	CU_ASSERT(detour->supplier == 7 && detour->subfile == 2);
	CU_ASSERT(detour->in_place_s == 3.25 && detour->before != SC_NONE);
	detour = &run->detours[detour->before];
	CU_ASSERT(detour->supplier == 3 && detour->subfile == 0 && detour->in_place_s == 3.5);
	CU_ASSERT_EQUAL(sc_past_part(run, 7, 0)->supplier, 3);
	CU_ASSERT_EQUAL(sc_past_part(run, 1, 1)->supplier,
	    sc_plan_supplier(&example.plan, 1, 1).from);
	example_close(&example);
}

/* The example, opened to be changed. */
static hid_t
open_to_change(struct example *example)
{
	hid_t file = H5Fopen(example->path, H5F_ACC_RDWR, H5P_DEFAULT);

	CU_ASSERT_FATAL(file >= 0);
	return file;
}

static void
set_number(struct example *example, const char *name, uint64_t value)
{
	hid_t file = open_to_change(example);
	hid_t attribute = H5Aopen(file, name, H5P_DEFAULT);

	CU_ASSERT(H5Awrite(attribute, H5T_NATIVE_UINT64, &value) >= 0);
	CU_ASSERT(H5Aclose(attribute) >= 0 && H5Fclose(file) >= 0);
}

static void
delete_link(struct example *example, const char *path)
{
	hid_t file = open_to_change(example);

	CU_ASSERT(H5Ldelete(file, path, H5P_DEFAULT) >= 0);
	CU_ASSERT(H5Fclose(file) >= 0);
}

static void
delete_attribute(struct example *example, const char *name)
{
	hid_t file = open_to_change(example);

	CU_ASSERT(H5Adelete(file, name) >= 0);
	CU_ASSERT(H5Fclose(file) >= 0);
}

static void
test_what_may_be_missing(void)
{
	static const char *const attributes[] = {"argv", "source", "mpi_version", "outcome",
		"source_digest", "program_version", "slots", "window", "predicted_s", "elapsed_s",
		"started_unix_s", "events_dropped", "exit_status", "origin_keeps_copy",
		"had_it_before"};
	struct example example;

	example_open(&example);
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
		delete_attribute(&example, attributes[i]);
	delete_link(&example, "/events");
	delete_link(&example, "/plan/edges");
	delete_link(&example, "/failures");
	read_example(&example);
	CU_ASSERT_EQUAL(example.run.argc, 0);
	CU_ASSERT_STRING_EQUAL(example.run.source, "");
	CU_ASSERT(isnan(example.run.elapsed_s) && isnan(example.run.predicted_s));
	CU_ASSERT_FALSE(example.run.has_edges);
	CU_ASSERT_FALSE(example.run.has_events);
	CU_ASSERT_EQUAL(example.run.nodes[7].committed_s, 9);
	CU_ASSERT_EQUAL(sc_past_part(&example.run, 7, 1)->supplier, SC_NONE);
	example_close(&example);
}

static void
test_what_must_be_there(void)
{
	static const char *const attributes[] = {
		"program", "schema_version", "recipients", "subfiles", "size_bytes", "chunk_bytes"};
	static const char *const tables[] = {"/nodes", "/plan/nodes", "/plan"};
	struct example example;

	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		example_open(&example);
		delete_attribute(&example, attributes[i]);
		expect_refused(&example, example.path, attributes[i]);
		example_close(&example);
	}
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		example_open(&example);
		delete_link(&example, tables[i]);
		expect_refused(&example, example.path,
		    i == 0 ? "there is no table /nodes" : "there is no table /plan/nodes");
		example_close(&example);
	}
}

static void
test_numbers_that_cannot_be(void)
{
	static const struct {
		const char *name;
		uint64_t value;
		const char *part;
	} numbers[] = {
		{"schema_version", 2, "version 2, and only version 1 is known"},
		{"recipients", UINT64_MAX, "recipients is 18446744073709551615, which can't be"},
		{"recipients", 1000000, "/plan/nodes has 8 rows, which can't be"},
		{"recipients", 6, "/plan/nodes has 8 rows"},
		{"subfiles", 0, "subfiles is 0"},
		{"subfiles", 257, "subfiles is 257"},
		{"subfiles", 4, "/plan/edges has 21 rows"},
		{"chunk_bytes", 0, "chunk_bytes is 0"},
		{"groups", 1, "/plan/nodes, the place of node"},
	};
	struct example example;

	example_open(&example);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		write_example(&example);
		set_number(&example, numbers[i].name, numbers[i].value);
		expect_refused(&example, example.path, numbers[i].part);
	}
	example_close(&example);
}

/* Change a column of doubles in one row of /nodes. */
static void
set_in_row(struct example *example, const char *column, hsize_t row, double value)
{
	hid_t file = open_to_change(example);
	hid_t table = H5Dopen2(file, "/nodes", H5P_DEFAULT);
	hid_t type = H5Tcreate(H5T_COMPOUND, sizeof(value));
	hid_t space = H5Dget_space(table);
	hsize_t one = 1;
	hid_t block = H5Screate_simple(1, &one, NULL);

	CU_ASSERT(H5Tinsert(type, column, 0, H5T_NATIVE_DOUBLE) >= 0);
	CU_ASSERT(H5Sselect_hyperslab(space, H5S_SELECT_SET, &row, NULL, &one, NULL) >= 0);
	CU_ASSERT(H5Dwrite(table, type, block, space, H5P_DEFAULT, &value) >= 0);
	CU_ASSERT(H5Sclose(block) >= 0 && H5Sclose(space) >= 0 && H5Tclose(type) >= 0);
	CU_ASSERT(H5Dclose(table) >= 0 && H5Fclose(file) >= 0);
}

static void
test_rows_that_cannot_be(void)
{
	struct example example;

	example_open(&example);
	set_in_row(&example, "committed_s", 3, 1e300);
	expect_refused(&example, example.path, "/nodes, a time of node 3: it can't be");
	write_example(&example);
	set_in_row(&example, "committed_s", 3, (double)INFINITY);
	expect_refused(&example, example.path, "/nodes, a time of node 3: it can't be");
	write_example(&example);
	set_in_row(&example, "node", 3, 2);
	expect_refused(&example, example.path, "/nodes, the number of node 2: it can't be");
	write_example(&example);
	set_in_row(&example, "node", 3, 8);
	expect_refused(&example, example.path, "/nodes, the number of node 8: it can't be");
	/* A node that never reported. */
	write_example(&example);
	set_in_row(&example, "node", 3, -1);
	read_example(&example);
	CU_ASSERT_FALSE(example.run.nodes[3].reported);
	CU_ASSERT_EQUAL(example.run.nodes[3].group, 0);
	example_close(&example);
}

/* An enumeration of bytes, its names in another order and with one that isn't known here. */
static const char *const later_states[] = {"no_copy", "asleep", "lost", "failed", "committed"};

static hid_t
later_state_type(void)
{
	hid_t type = H5Tenum_create(H5T_NATIVE_UINT8);

	for (uint8_t i = 0; i < 5; i++)
		CU_ASSERT(H5Tenum_insert(type, later_states[i], &i) >= 0);
	return type;
}

struct later_row {
	uint8_t state;
	float committed_s;
	int16_t node;
	char unheard_of[8];
};

/* Columns in another order and of other widths, an unknown one, and few of the known ones. */
static void
put_later_nodes(hid_t file)
{
	struct later_row rows[2] = {{4, 2.5f, 1, "x"}, {1, 3.5f, 2, "y"}};
	hsize_t count = 2;
	hid_t space = H5Screate_simple(1, &count, NULL);
	hid_t type = H5Tcreate(H5T_COMPOUND, sizeof(rows[0]));
	hid_t state = later_state_type(), text = H5Tcopy(H5T_C_S1);
	hid_t table;

	CU_ASSERT(H5Tset_size(text, 8) >= 0);
	CU_ASSERT(H5Tinsert(type, "state", offsetof(struct later_row, state), state) >= 0);
	CU_ASSERT(H5Tinsert(type, "committed_s", offsetof(struct later_row, committed_s),
		      H5T_NATIVE_FLOAT) >= 0);
	CU_ASSERT(H5Tinsert(type, "node", offsetof(struct later_row, node), H5T_NATIVE_INT16) >= 0);
	CU_ASSERT(H5Tinsert(type, "unheard_of", offsetof(struct later_row, unheard_of), text) >= 0);
	table = H5Dcreate2(file, "/nodes", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	CU_ASSERT(H5Dwrite(table, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, rows) >= 0);
	CU_ASSERT(H5Dclose(table) >= 0 && H5Tclose(text) >= 0 && H5Tclose(state) >= 0);
	CU_ASSERT(H5Tclose(type) >= 0 && H5Sclose(space) >= 0);
}

static void
test_what_later_releases_may_add(void)
{
	struct example example;
	const struct sc_past_node *nodes;
	hid_t file;

	example_open(&example);
	delete_link(&example, "/nodes");
	file = open_to_change(&example);
	put_later_nodes(file);
	CU_ASSERT(H5Fclose(file) >= 0);
	read_example(&example);
	nodes = example.run.nodes;
	CU_ASSERT(nodes[1].reported && nodes[2].reported && !nodes[3].reported);
	CU_ASSERT_EQUAL(nodes[1].state, SC_NODE_COMMITTED);
	CU_ASSERT_EQUAL(nodes[2].state, SC_NODE_STATE_UNKNOWN);
	CU_ASSERT_EQUAL(nodes[1].committed_s, 2.5);
	CU_ASSERT(isnan(nodes[1].last_chunk_s) && isnan(nodes[1].network_stall_s));
	CU_ASSERT_STRING_EQUAL(nodes[1].host, "");
	CU_ASSERT_FALSE(example.run.has_stalls);
	example_close(&example);
}

static void
test_other_files(void)
{
	struct example example;
	char *path;
	hid_t file;

	example_open(&example);
	expect_refused(&example, example.dir, "not a regular file");
	path = sc_tempdir_path(example.dir, "none");
	expect_refused(&example, path, "cannot open it: No such file");
	free(path);
	sc_test_file_write(example.path, "", 0);
	expect_refused(&example, example.path, "it is empty");
	sc_test_file_write(example.path, "a text", 6);
	expect_refused(&example, example.path, "it is not an HDF5 file");
	/* HDF5, but of another program. */
	file = H5Fcreate(example.path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
	CU_ASSERT(file >= 0 && H5Fclose(file) >= 0);
	expect_refused(&example, example.path, "there is no attribute program: not a timings file");
	CU_ASSERT_EQUAL(unlink(example.path), 0);
	/* Nothing will ever write to it. */
	CU_ASSERT_EQUAL(mkfifo(example.path, 0600), 0);
	expect_refused(&example, example.path, "not a regular file");
	example_close(&example);
}

static CU_TestInfo tests[] = {
	{"numbers and texts of the run are as written", test_numbers_and_texts},
	{"nodes are as written", test_nodes},
	{"plan and events are as written", test_plan_and_events},
	{"losses, detours and a takeover are as written", test_faults},
	{"what is not needed may be missing", test_what_may_be_missing},
	{"what is needed must be there", test_what_must_be_there},
	{"numbers that cannot be are refused", test_numbers_that_cannot_be},
	{"rows that cannot be are refused", test_rows_that_cannot_be},
	{"what later releases may add is left alone", test_what_later_releases_may_add},
	{"other files are refused", test_other_files},
	CU_TEST_INFO_NULL,
};

int
main(void)
{
	return sc_run_suite("reading the timings file", tests);
}
