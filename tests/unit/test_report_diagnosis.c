/*
 * Which node was the slowest, and why: runs that differ from an even one in
 * one thing each.
 */
#include "report/sentences.h"

#include "lib/suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Four groups of four in a row: 12 is the last member of group 2. */
enum { RECIPIENTS = 16, SUBFILES = 4 };

struct fixture {
	struct sc_past_run run;
	struct sc_statistics statistics;
	struct sc_diagnosis diagnosis;
	struct sc_sentence said;
};

/* A moment of a node's copy for all that lies between its first chunk and its end. */
static void
spread(struct sc_past_run *run, uint32_t number, double first_s, double end_s)
{
	struct sc_past_node *node = &run->nodes[number];

	node->first_chunk_s = first_s;
	for (unsigned i = 0; i < SC_PAST_MARKS; i++)
		node->mark_s[i] = first_s + (end_s - 0.002 - first_s) * (i + 1) / 4;
	node->last_chunk_s = end_s - 0.003;
	node->stored_s = end_s - 0.002;
	node->committed_s = end_s;
	for (uint32_t i = 0; i < SUBFILES; i++) {
		struct sc_past_part *part = sc_past_part(run, number, i);

		part->held_s = end_s - 0.002 - (i == node->member ? 0 : 0.0001);
	}
}

/* Ten seconds for 1 GiB; each group is 10 ms behind the one before it. */
static void
fixture_open(struct fixture *fixture)
{
	struct sc_past_run *run = &fixture->run;

	memset(fixture, 0, sizeof(*fixture));
	*run = (struct sc_past_run){.size_bytes = 1 << 30,
		.chunk_bytes = 1 << 20,
		.chunks = 1 << 10,
		.recipients = RECIPIENTS,
		.subfiles = SUBFILES,
		.tree_groups = 4,
		.groups = 4,
		.trees = 1,
		.slots = 20,
		.elapsed_s = 10,
		.predicted_s = 10,
		.origin_keeps_copy = true,
		.has_edges = true,
		.has_events = true,
		.has_stalls = true,
		.leader = SC_NONE,
		.leader_before = SC_NONE};
	run->nodes = calloc(RECIPIENTS + 1, sizeof(*run->nodes));
	run->parts = calloc((RECIPIENTS + 1) * SUBFILES, sizeof(*run->parts));
	CU_ASSERT_FATAL(run->nodes != NULL && run->parts != NULL);
	for (uint32_t i = 0; i <= RECIPIENTS; i++) {
		struct sc_past_node *node = &run->nodes[i];

		node->reported = true;
		node->state = SC_NODE_COMMITTED;
		node->host = "host";
		node->cause = "";
		node->group = node->depth = i == SC_ORIGIN ? SC_NONE : (i - 1) / 4;
		node->member = i == SC_ORIGIN ? SC_NONE : (i - 1) % 4;
		node->tree = i == SC_ORIGIN ? SC_NONE : 0;
		node->network_stall_s = 8;
		node->storage_stall_s = 1;
		node->failed_s = node->send_begun_s = node->send_ended_s = NAN;
		node->detour_s = node->torpid_s = NAN;
		node->detected_by = node->last_detour = SC_NONE;
		spread(run, i, 0.01 * ((i + 3) / 4), 9.96 + 0.01 * ((i + 3) / 4));
		for (uint32_t j = 0; i > 0 && j < SUBFILES; j++)
			sc_past_part(run, i, j)->supplier = node->member != j ? i - node->member + j
			    : i > SUBFILES                                    ? i - SUBFILES
									      : SC_ORIGIN;
	}
	run->nodes[SC_ORIGIN].first_chunk_s = run->nodes[SC_ORIGIN].last_chunk_s = NAN;
}

static const struct sc_diagnosis *
find(struct fixture *fixture)
{
	CU_ASSERT_EQUAL_FATAL(sc_statistics_find(&fixture->statistics, &fixture->run), 0);
	CU_ASSERT_EQUAL_FATAL(sc_diagnosis_find(&fixture->diagnosis, &fixture->statistics), 0);
	return &fixture->diagnosis;
}

static void
expect_words(struct fixture *fixture, const char *words)
{
	fixture->said = sc_reason_sentence(&fixture->diagnosis);
	if (strstr(fixture->said.text, words) == NULL)
		printf("\n    %s\n    lacks: %s", fixture->said.text, words);
	CU_ASSERT_PTR_NOT_NULL(strstr(fixture->said.text, words));
}

static void
fixture_close(struct fixture *fixture)
{
	sc_statistics_free(&fixture->statistics);
	free(fixture->run.nodes);
	free(fixture->run.parts);
}

static void
test_even(void)
{
	struct fixture fixture;
	const struct sc_diagnosis *diagnosis;

	fixture_open(&fixture);
	diagnosis = find(&fixture);
	CU_ASSERT_EQUAL(fixture.statistics.copies, RECIPIENTS + 1);
	CU_ASSERT_EQUAL(fixture.statistics.copies_wanted, RECIPIENTS + 1);
	CU_ASSERT_DOUBLE_EQUAL(fixture.statistics.first_s, 9.97, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(fixture.statistics.median_s, 9.98, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(fixture.statistics.last_s, 10, 1e-9);
	CU_ASSERT_EQUAL(diagnosis->slowest, 16);
	CU_ASSERT_EQUAL(diagnosis->reason, SC_REASON_NONE);
	CU_ASSERT_EQUAL(diagnosis->brake, SC_NONE);
	CU_ASSERT_FALSE(diagnosis->storage_bound);
	expect_words(&fixture, "it was not late");
	CU_ASSERT_STRING_EQUAL(sc_brake_sentence(&fixture.diagnosis).text, "");
	fixture_close(&fixture);
}

/* All come in together, one of them behind its group all the way. */
static void
test_one_holds_up_all(void)
{
	struct fixture fixture;
	const struct sc_diagnosis *diagnosis;

	fixture_open(&fixture);
	for (unsigned i = 0; i < SC_PAST_ALL; i++)
		fixture.run.nodes[7].mark_s[i] += 0.1;
	diagnosis = find(&fixture);
	CU_ASSERT_EQUAL(diagnosis->reason, SC_REASON_NONE);
	CU_ASSERT_EQUAL(diagnosis->brake, 7);
	CU_ASSERT_DOUBLE_EQUAL(diagnosis->brake_lag_s, 0.1, 1e-9);
	CU_ASSERT_FALSE(diagnosis->brake_on_storage);
	CU_ASSERT_PTR_NOT_NULL(strstr(sc_brake_sentence(&fixture.diagnosis).text,
	    "node 7 (host) probably held up others: at least 100.0 ms behind"));
	sc_statistics_free(&fixture.statistics);

	/* 20 buffers of 1 MiB take 0.195 s at this pace. */
	fixture.run.nodes[7].last_chunk_s = fixture.run.nodes[7].stored_s - 0.15;
	CU_ASSERT_TRUE(find(&fixture)->brake_on_storage);
	sc_statistics_free(&fixture.statistics);

	/* Once is not all the way. */
	fixture.run.nodes[7].mark_s[SC_PAST_HALF] -= 0.1;
	CU_ASSERT_EQUAL(find(&fixture)->brake, SC_NONE);
	fixture_close(&fixture);
}

static void
test_slow_link(void)
{
	struct fixture fixture;
	const struct sc_diagnosis *diagnosis;

	fixture_open(&fixture);
	spread(&fixture.run, 7, 0.02, 14);
	fixture.run.elapsed_s = 14;
	diagnosis = find(&fixture);
	CU_ASSERT_EQUAL(diagnosis->slowest, 7);
	CU_ASSERT_EQUAL(diagnosis->reason, SC_REASON_LINK);
	CU_ASSERT_EQUAL(diagnosis->brake, 7);
	expect_words(&fixture, "chunks reached it slowly");
	fixture_close(&fixture);
}

static void
test_slow_storage(void)
{
	struct fixture fixture;
	const struct sc_diagnosis *diagnosis;

	fixture_open(&fixture);
	spread(&fixture.run, 7, 0.02, 14);
	fixture.run.elapsed_s = 14;
	fixture.run.nodes[7].last_chunk_s = fixture.run.nodes[7].stored_s - 0.25;
	diagnosis = find(&fixture);
	CU_ASSERT_EQUAL(diagnosis->slowest, 7);
	CU_ASSERT_EQUAL(diagnosis->reason, SC_REASON_STORAGE);
	expect_words(&fixture,
	    "its storage was slow: when its last chunk had come, it took 250.0 ms");
	expect_words(&fixture, "(1.0 ms is usual)");
	sc_statistics_free(&fixture.statistics);

	/* Stalls alone are no proof: stores go on while the network is waited for. */
	fixture.run.nodes[7].last_chunk_s = fixture.run.nodes[7].stored_s - 0.001;
	fixture.run.nodes[7].storage_stall_s = 11;
	fixture.run.nodes[7].network_stall_s = 2;
	CU_ASSERT_EQUAL(find(&fixture)->reason, SC_REASON_LINK);
	fixture_close(&fixture);
}

static void
test_late_store_and_commit(void)
{
	struct fixture fixture;

	fixture_open(&fixture);
	fixture.run.nodes[7].committed_s = 14;
	fixture.run.elapsed_s = 14;
	CU_ASSERT_EQUAL(find(&fixture)->reason, SC_REASON_COMMIT);
	CU_ASSERT_EQUAL(fixture.diagnosis.slowest, 7);
	expect_words(&fixture,
	    "the last check, fsync and rename took it 4.022 s (2.0 ms is usual)");
	sc_statistics_free(&fixture.statistics);

	fixture.run.nodes[7].stored_s = 13.9;
	CU_ASSERT_EQUAL(find(&fixture)->reason, SC_REASON_STORAGE);
	expect_words(&fixture, "its storage was slow");
	fixture_close(&fixture);
}

/* The last in line wait for one before them, which is behind its group. */
static void
test_slow_supplier(void)
{
	struct fixture fixture;
	const struct sc_diagnosis *diagnosis;

	fixture_open(&fixture);
	for (uint32_t i = 5; i <= RECIPIENTS; i++) {
		spread(&fixture.run, i, 0.02, 13 + 0.01 * i);
		/* They have the other subfiles early. */
		for (unsigned j = 0; j < SC_PAST_ALL; j++)
			fixture.run.nodes[i].mark_s[j] -= 1;
		for (uint32_t j = 0; j < SUBFILES; j++)
			sc_past_part(&fixture.run, i, j)->held_s = j == 2 ? 13 + 0.01 * i : 9;
	}
	spread(&fixture.run, 7, 0.02, 13.07);
	fixture.run.elapsed_s = 13.2;
	diagnosis = find(&fixture);
	CU_ASSERT_EQUAL(diagnosis->slowest, 16);
	CU_ASSERT_EQUAL(diagnosis->reason, SC_REASON_SUPPLIER);
	CU_ASSERT_EQUAL(diagnosis->culprit, 7);
	CU_ASSERT_EQUAL(diagnosis->subfile, 2);
	/* 16 gets subfile 2 from 15, this from 11, and this from 7. */
	CU_ASSERT_EQUAL(diagnosis->hops, 3);
	expect_words(&fixture, "node 7 (host), 3 hops before it on the way of subfile 2, was slow");
	fixture_close(&fixture);
}

/* A group of one has no node to be compared with: what is read back for a node tells. */
static void
test_slow_in_a_chain(void)
{
	struct fixture fixture;
	const struct sc_diagnosis *diagnosis;

	fixture_open(&fixture);
	fixture.run.subfiles = 1;
	for (uint32_t i = 1; i <= RECIPIENTS; i++) {
		fixture.run.nodes[i].group = fixture.run.nodes[i].depth = i - 1;
		fixture.run.nodes[i].member = 0;
		fixture.run.parts[i].supplier = i - 1;
		fixture.run.nodes[i].first_chunk_s = 0.001 * i;
		fixture.run.nodes[i].last_chunk_s = fixture.run.parts[i].held_s =
		    (i < 6          ? 10
			    : i < 9 ? 12
				    : 16) +
		    0.001 * i;
		fixture.run.nodes[i].stored_s = fixture.run.nodes[i].last_chunk_s + 0.001;
		fixture.run.nodes[i].committed_s = fixture.run.nodes[i].stored_s + 0.001;
	}
	fixture.run.elapsed_s = 16.1;
	/* 6 falls behind as 9 can't take more. */
	fixture.run.parts[6].chunks_from_store = 600;
	fixture.run.parts[9].chunks_from_store = 900;
	diagnosis = find(&fixture);
	CU_ASSERT_EQUAL(diagnosis->slowest, 16);
	CU_ASSERT_EQUAL(diagnosis->reason, SC_REASON_SUPPLIER);
	CU_ASSERT_EQUAL(diagnosis->culprit, 9);
	CU_ASSERT_EQUAL(diagnosis->hops, 7);
	sc_statistics_free(&fixture.statistics);

	/* Without the edges it can't be traced. */
	fixture.run.has_edges = false;
	CU_ASSERT_EQUAL(find(&fixture)->reason, SC_REASON_UNKNOWN);
	expect_words(&fixture, "the file lacks the events or edges");
	fixture_close(&fixture);
}

static void
test_late_beginning(void)
{
	struct fixture fixture;

	fixture_open(&fixture);
	/* All of group 3, as under store and forward. */
	for (uint32_t i = 13; i <= 16; i++)
		spread(&fixture.run, i, 5, 15);
	fixture.run.elapsed_s = 15;
	CU_ASSERT_EQUAL(find(&fixture)->reason, SC_REASON_DEPTH);
	expect_words(&fixture, "its first chunk came only after 5.000 s: 3 groups stand before");
	sc_statistics_free(&fixture.statistics);

	for (uint32_t i = 13; i <= 16; i++) {
		fixture.run.nodes[i].tree = 1;
		fixture.run.nodes[i].depth = 0;
	}
	CU_ASSERT_EQUAL(find(&fixture)->reason, SC_REASON_TREE);
	expect_words(&fixture, "it is in secondary tree 1");
	sc_statistics_free(&fixture.statistics);

	/* One of them alone: not because of its place. */
	for (uint32_t i = 13; i <= 15; i++)
		spread(&fixture.run, i, 0.04, 10);
	CU_ASSERT_EQUAL(find(&fixture)->reason, SC_REASON_BEGIN);
	CU_ASSERT_EQUAL(fixture.diagnosis.slowest, 16);
	expect_words(&fixture, "others of its depth had theirs after 40.0 ms");
	fixture_close(&fixture);
}

static void
test_storage_sets_the_pace(void)
{
	struct fixture fixture;

	fixture_open(&fixture);
	/* 20 buffers of 1 MiB take 0.195 s at this pace. */
	for (uint32_t i = 1; i <= RECIPIENTS; i++)
		fixture.run.nodes[i].last_chunk_s = fixture.run.nodes[i].stored_s - 0.15;
	CU_ASSERT_TRUE(find(&fixture)->storage_bound);
	CU_ASSERT_PTR_NOT_NULL(strstr(sc_pace_sentence(&fixture.diagnosis).text,
	    "storage set the pace"));
	sc_statistics_free(&fixture.statistics);

	for (uint32_t i = 1; i <= RECIPIENTS; i++)
		fixture.run.nodes[i].last_chunk_s = fixture.run.nodes[i].stored_s - 0.02;
	CU_ASSERT_FALSE(find(&fixture)->storage_bound);
	fixture_close(&fixture);
}

static void
test_some_or_all_have_no_copy(void)
{
	struct fixture fixture;

	fixture_open(&fixture);
	fixture.run.nodes[SC_ORIGIN].state = SC_NODE_NO_COPY;
	fixture.run.nodes[16].state = SC_NODE_FAILED;
	fixture.run.nodes[16].committed_s = NAN;
	fixture.run.nodes[3].reported = false;
	find(&fixture);
	CU_ASSERT_EQUAL(fixture.statistics.copies_wanted, RECIPIENTS);
	CU_ASSERT_EQUAL(fixture.statistics.copies, RECIPIENTS - 2);
	CU_ASSERT_EQUAL_FATAL(fixture.statistics.without_count, 2);
	CU_ASSERT_EQUAL(fixture.statistics.without[0], 3);
	CU_ASSERT_EQUAL(fixture.statistics.without[1], 16);
	CU_ASSERT_EQUAL(fixture.diagnosis.slowest, 15);
	sc_statistics_free(&fixture.statistics);

	for (uint32_t i = 0; i <= RECIPIENTS; i++)
		fixture.run.nodes[i].state = SC_NODE_LOST;
	find(&fixture);
	CU_ASSERT_EQUAL(fixture.statistics.copies, 0);
	CU_ASSERT_EQUAL(fixture.statistics.without_count, RECIPIENTS + 1);
	CU_ASSERT_EQUAL(fixture.diagnosis.slowest, SC_NONE);
	CU_ASSERT(isnan(fixture.statistics.last_s));
	fixture_close(&fixture);
}

/* The origin receives nothing, and its own copy may come last. */
static void
test_origin_last(void)
{
	struct fixture fixture;

	fixture_open(&fixture);
	fixture.run.nodes[SC_ORIGIN].committed_s = 14;
	fixture.run.nodes[SC_ORIGIN].stored_s = 13.99;
	fixture.run.elapsed_s = 14;
	CU_ASSERT_EQUAL(find(&fixture)->reason, SC_REASON_UNKNOWN);
	CU_ASSERT_EQUAL(fixture.diagnosis.slowest, SC_ORIGIN);
	CU_ASSERT_DOUBLE_EQUAL(fixture.statistics.last_s, 10, 1e-9);
	expect_words(&fixture, "its own copy was late");
	fixture_close(&fixture);
}

static void
expect_lost(struct fixture *fixture, uint32_t node, const char *words)
{
	fixture->said = sc_lost_sentence(&fixture->run, node);
	if (strcmp(fixture->said.text, words) != 0)
		printf("\n    %s", fixture->said.text);
	CU_ASSERT_STRING_EQUAL(fixture->said.text, words);
}

static void
test_lost_nodes(void)
{
	struct fixture fixture;
	struct sc_past_node *node;

	fixture_open(&fixture);
	node = &fixture.run.nodes[3];
	node->state = SC_NODE_LOST;
	node->cause = "its process has ended";
	expect_lost(&fixture, 3, "its process has ended; no detour was needed");
	node->failed_s = 0.234;
	expect_lost(&fixture, 3, "its process has ended (after 234.0 ms); no detour was needed");
	node->detected_by = 5;
	node->detours = 4;
	expect_lost(&fixture, 3,
	    "its process has ended (after 234.0 ms, noticed by node 5); 4 nodes looked for a detour in "
	    "vain");
	node->detected_by = SC_ORIGIN;
	node->detour_s = 0.246;
	expect_lost(&fixture, 3,
	    "its process has ended (after 234.0 ms, noticed by the origin); 4 nodes took detours, the "
	    "last one in place 12.0 ms later");
	node->detours = 1;
	node->cause = "";
	expect_lost(&fixture, 3,
	    "no cause is told (after 234.0 ms, noticed by the origin); 1 node took detours, the last "
	    "one in place 12.0 ms later");
	fixture.run.has_events = false;
	expect_lost(&fixture, 3, "no cause is told (after 234.0 ms, noticed by the origin)");

	/* Those that were lost are no different from others without a copy, but for the origin. */
	fixture.run.nodes[SC_ORIGIN].state = SC_NODE_LOST;
	find(&fixture);
	CU_ASSERT_EQUAL(fixture.statistics.copies_wanted, RECIPIENTS + 1);
	CU_ASSERT_EQUAL_FATAL(fixture.statistics.lost_count, 2);
	CU_ASSERT(fixture.statistics.lost[0] == SC_ORIGIN && fixture.statistics.lost[1] == 3);
	sc_statistics_free(&fixture.statistics);
	fixture.run.origin_keeps_copy = false;
	find(&fixture);
	CU_ASSERT_EQUAL(fixture.statistics.copies_wanted, RECIPIENTS);
	CU_ASSERT_EQUAL(fixture.statistics.lost_count, 2);
	CU_ASSERT_EQUAL(fixture.statistics.without_count, 1);
	fixture_close(&fixture);
}

static void
test_takeover(void)
{
	struct fixture fixture;

	fixture_open(&fixture);
	CU_ASSERT_STRING_EQUAL(sc_takeover_sentence(&fixture.run).text, "");
	fixture.run.leader = 9;
	fixture.run.takeover_s = 1.5;
	CU_ASSERT_STRING_EQUAL(sc_takeover_sentence(&fixture.run).text,
	    "node 9 (host) took over from the leader before it after 1.500 s");
	fixture.run.leader_before = SC_ORIGIN;
	CU_ASSERT_STRING_EQUAL(sc_takeover_sentence(&fixture.run).text,
	    "node 9 (host) took over from the origin (host) after 1.500 s");
	fixture_close(&fixture);
}

static CU_TestInfo tests[] = {
	{"in an even run no node was late", test_even},
	{"one that holds up all is found by its group", test_one_holds_up_all},
	{"a slow link", test_slow_link},
	{"slow storage", test_slow_storage},
	{"a late store, a late commit", test_late_store_and_commit},
	{"a slow supplier is found along the plan", test_slow_supplier},
	{"a slow node in a chain", test_slow_in_a_chain},
	{"a late beginning: depth, tree, or neither", test_late_beginning},
	{"storage sets the pace of all", test_storage_sets_the_pace},
	{"some or all have no copy", test_some_or_all_have_no_copy},
	{"the origin's own copy is last", test_origin_last},
	{"what is said of lost nodes", test_lost_nodes},
	{"what is said of a takeover", test_takeover},
	CU_TEST_INFO_NULL,
};

int
main(void)
{
	return sc_run_suite("which node was the slowest, and why", tests);
}
