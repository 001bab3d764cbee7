/*
 * The numbers of a plan: chunks, slots, and what is said when they are out of
 * range or the memory doesn't do.
 */
#include "lib/plans.h"
#include "lib/shapes.h"
#include "lib/suite.h"
#include "plan/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void
check_chunks(uint32_t n, uint64_t size_bytes)
{
	struct sc_plan_shape shape = shape_of(7, 2, 2);
	struct sc_plan plan;
	uint64_t bytes = 0;
	uint32_t chunks = 0;

	CU_ASSERT_FATAL(sc_plan_make(&plan, n, size_bytes, &shape, 0, NULL) == 0);
	for (uint32_t c = 0; c < plan.chunks; c++) {
		CU_ASSERT(sc_plan_chunk_length(&plan, c) > 0);
		bytes += sc_plan_chunk_length(&plan, c);
	}
	for (uint32_t i = 0; i < plan.subfiles; i++) {
		uint32_t striped = 0;

		for (uint32_t c = i; c < plan.chunks; c += plan.subfiles)
			striped++;
		CU_ASSERT(sc_plan_subfile_chunks(&plan, i) == striped);
		chunks += striped;
	}
	CU_ASSERT(bytes == size_bytes);
	CU_ASSERT(chunks == plan.chunks);
	sc_plan_free(&plan);
}

static void
test_chunks_cover_the_file(void)
{
	static const uint64_t sizes[] = {0, 1, 4095, 4096, 4097, 3 * 4096, 1000000, 12345678};

	for (uint32_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		for (uint32_t n = 0; n <= 17; n++)
			check_chunks(n, sizes[s]);
	}
}

/* The largest allowed: 2^31-1 chunks, a million nodes. */
static void
test_large_plans(void)
{
	struct sc_plan_shape shape = shape_of(256, UINT32_MAX, 2);
	uint64_t most = (uint64_t)SC_CHUNKS_MAX * 4096;
	struct sc_error err;
	struct sc_plan plan;
	struct sc_edge edge;

	CU_ASSERT_FATAL(sc_plan_make(&plan, SC_NODES_MAX, most, &shape, 0, &err) == 0);
	CU_ASSERT(plan.chunks == SC_CHUNKS_MAX);
	CU_ASSERT(plan.group_count == 3907);
	CU_ASSERT(plan.trees == 1);
	CU_ASSERT(plan.tree_groups == plan.group_count);
	CU_ASSERT(sc_plan_chunk_length(&plan, plan.chunks - 1) == 4096);
	edge = sc_plan_supplier(&plan, SC_NODES_MAX, 0);
	CU_ASSERT(edge.kind == SC_EDGE_COLLECTION);
	sc_plan_free(&plan);

	CU_ASSERT(sc_plan_make(&plan, 1, most + 1, &shape, 0, &err) == -1);
	CU_ASSERT(strstr(err.text, "must have at least 8KiB") != NULL);
	shape.chunk_bytes = 8192;
	CU_ASSERT(sc_plan_make(&plan, 1, most + 1, &shape, 0, &err) == 0);
	sc_plan_free(&plan);
	CU_ASSERT(sc_plan_make(&plan, 1, UINT64_MAX, &shape, 0, &err) == -1);
	CU_ASSERT(strstr(err.text, "are too many") != NULL);
}

static void
test_nobody_but_the_origin(void)
{
	static struct sc_edge edges[SC_RECEIVERS_MAX];
	uint32_t children[SC_RECEIVERS_MAX];
	struct sc_plan_shape shape = shape_of(8, 4, 1);
	struct sc_plan plan;

	CU_ASSERT_FATAL(sc_plan_make(&plan, 0, 1 << 20, &shape, 0, NULL) == 0);
	CU_ASSERT(plan.group_count == 0);
	CU_ASSERT(plan.trees == 0);
	CU_ASSERT(plan.subfiles == 1);
	CU_ASSERT(plan.slots == 4);
	CU_ASSERT(plan.load_slots == 4);
	CU_ASSERT(plan.chunks == 256);
	CU_ASSERT(sc_plan_receivers(&plan, SC_ORIGIN, 0, edges) == 0);
	CU_ASSERT(sc_plan_children(&plan, SC_ORIGIN, children) == 0);
	CU_ASSERT(count_connections(&plan, SC_ORIGIN) == 0);
	sc_plan_free(&plan);
}

static bool
make_fails(uint32_t n, struct sc_plan_shape shape, uint64_t memory_bytes, const char *part)
{
	struct sc_error err = {0};
	struct sc_plan plan;

	if (sc_plan_make(&plan, n, 1 << 20, &shape, memory_bytes, &err) != -1) {
		sc_plan_free(&plan);
		return false;
	}
	if (strstr(err.text, part) == NULL)
		printf("    '%s' instead of '%s'\n", err.text, part);
	return plan.groups == NULL && strstr(err.text, part) != NULL;
}

static void
test_ranges(void)
{
	struct sc_plan_shape shape = shape_of(0, 1, 1);

	CU_ASSERT(make_fails(9, shape, 0, "group size must be 1 to 256, not 0"));
	shape = shape_of(257, 1, 1);
	CU_ASSERT(make_fails(9, shape, 0, "group size must be 1 to 256, not 257"));
	shape = shape_of(4, 0, 1);
	CU_ASSERT(make_fails(9, shape, 0, "groups a tree"));
	shape = shape_of(4, 1, 3);
	CU_ASSERT(make_fails(9, shape, 0, "branching must be 1 to 2, not 3"));
	shape = shape_of(4, 1, 1);
	CU_ASSERT(make_fails(SC_NODES_MAX + 1, shape, 0, "recipients must be"));
	CU_ASSERT(make_fails(9, shape, 1000, "the memory must be at least 64KiB, not 1000B"));
	shape.window = 65;
	CU_ASSERT(make_fails(9, shape, 0, "window must be 1 to 64"));
	shape.window = 0;
	CU_ASSERT(make_fails(9, shape, 0, "window must be 1 to 64"));
	shape.window = 1;
	shape.chunk_bytes = 4095;
	CU_ASSERT(make_fails(9, shape, 0, "chunk size in bytes"));
	shape.chunk_bytes = SC_CHUNK_BYTES_MAX + 1;
	CU_ASSERT(make_fails(9, shape, 0, "chunk size in bytes"));
	shape = shape_of(256, 1, 1);
	shape.window = 64;
	CU_ASSERT(make_fails(256, shape, 0, "need 16448 slots"));
}

/* What the message recommends must do, and barely less must not. */
static void
test_memory_message_is_true(void)
{
	struct sc_plan_shape shape = shape_of(4, 1, 1);
	struct sc_plan plan;

	shape.chunk_bytes = 4 << 20;
	CU_ASSERT(make_fails(4, shape, 20 << 20,
	    "a memory of 20MiB holds only 2 slots of 4MiB; 10 are "
	    "needed: 57MiB would do, or a chunk of at most 1020KiB"));
	CU_ASSERT(sc_plan_make(&plan, 4, 1, &shape, 57 << 20, NULL) == 0);
	CU_ASSERT(plan.slots == 10);
	CU_ASSERT(plan.load_slots == 2);
	sc_plan_free(&plan);
	CU_ASSERT(sc_plan_make(&plan, 4, 1, &shape, 56 << 20, NULL) == -1);
	shape.chunk_bytes = 1020 << 10;
	CU_ASSERT(sc_plan_make(&plan, 4, 1, &shape, 20 << 20, NULL) == 0);
	sc_plan_free(&plan);
	shape.chunk_bytes += 4096;
	CU_ASSERT(sc_plan_make(&plan, 4, 1, &shape, 20 << 20, NULL) == -1);

	shape.chunk_bytes = 4096;
	CU_ASSERT(make_fails(4, shape, 65536,
	    "a memory of 64KiB holds only 7 slots of 4KiB; 10 are "
	    "needed: 82KiB would do, or a smaller group or window"));
	CU_ASSERT(sc_plan_make(&plan, 4, 1, &shape, 82 << 10, NULL) == 0);
	sc_plan_free(&plan);
	CU_ASSERT(sc_plan_make(&plan, 4, 1, &shape, 81 << 10, NULL) == -1);
}

static void
test_edge_names(void)
{
	CU_ASSERT_STRING_EQUAL(sc_edge_kind_name(SC_EDGE_DISTRIBUTION), "distribution");
	CU_ASSERT_STRING_EQUAL(sc_edge_kind_name(SC_EDGE_COLLECTION), "collection");
	CU_ASSERT_STRING_EQUAL(sc_edge_kind_name(SC_EDGE_GROUP), "group");
	CU_ASSERT_STRING_EQUAL(sc_edge_kind_name(SC_EDGE_SECONDARY), "secondary");
}

static CU_TestInfo tests[] = {
	{"chunks cover the file", test_chunks_cover_the_file},
	{"the largest plans", test_large_plans},
	{"nobody but the origin", test_nobody_but_the_origin},
	{"numbers out of range", test_ranges},
	{"the message about memory is true", test_memory_message_is_true},
	{"names of edges", test_edge_names},
	CU_TEST_INFO_NULL,
};

int
main(void)
{
	return sc_run_suite("plan_limits", tests);
}
