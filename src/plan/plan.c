/*
 * The numbers of a plan (slots, chunks, groups) and how the groups are linked to trees: see
 * plan.h.  Its edges are in edges.c.
 */
#include "plan/plan.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The bytes of a slot beside its payload: the header of the chunk and the
 * records that are kept of it. */
static const uint64_t slot_overhead_bytes = 64;

/* Without recipients nothing is sent, but the origin still reads ahead of its own digest. */
static const uint32_t slots_without_recipients = 4;

/* A chunk that is read back for a slow receiver must not wait until the one
 * before it is sent. */
static const uint32_t load_slots_min = 2;

/* Chunk sizes that a message recommends are multiples of this. */
static const uint64_t page_bytes = SC_CHUNK_BYTES_MIN;

enum { EXACT_TEXT_BYTES = 32 };

static uint32_t
divide_up(uint32_t dividend, uint32_t divisor)
{
	assert(divisor > 0);
	return dividend / divisor + (dividend % divisor != 0);
}

/* A size that can be given back to the program as it is: exact, unlike sc_format_size. */
static char *
format_exact(uint64_t bytes, char out[EXACT_TEXT_BYTES])
{
	if (bytes >= 1u << 20 && bytes % (1u << 20) == 0)
		snprintf(out, EXACT_TEXT_BYTES, "%" PRIu64 "MiB", bytes >> 20);
	else if (bytes >= 1u << 10 && bytes % (1u << 10) == 0)
		snprintf(out, EXACT_TEXT_BYTES, "%" PRIu64 "KiB", bytes >> 10);
	else
		snprintf(out, EXACT_TEXT_BYTES, "%" PRIu64 "B", bytes);
	return out;
}

int
sc_plan_check(uint32_t recipients, const struct sc_plan_shape *shape, uint64_t memory_bytes,
    struct sc_error *err)
{
	const struct {
		const char *what;
		uint32_t value, min, max;
	} ranges[] = {
		{"number of recipients", recipients, 0, SC_NODES_MAX},
		{"group size", shape->group_size, 1, SC_GROUP_SIZE_MAX},
		{"number of groups a tree", shape->tree_groups, 1, UINT32_MAX},
		{"branching", shape->branching, 1, SC_BRANCHING_MAX},
		{"chunk size in bytes", shape->chunk_bytes, SC_CHUNK_BYTES_MIN, SC_CHUNK_BYTES_MAX},
		{"window", shape->window, 1, SC_WINDOW_MAX},
	};
	char least[EXACT_TEXT_BYTES];
	char given[EXACT_TEXT_BYTES];

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		if (ranges[i].value < ranges[i].min || ranges[i].value > ranges[i].max)
			return sc_fail(err, 0,
			    "the %s must be %" PRIu32 " to %" PRIu32 ", not %" PRIu32,
			    ranges[i].what, ranges[i].min, ranges[i].max, ranges[i].value);
	}
	if (memory_bytes != 0 && memory_bytes < SC_MEMORY_BYTES_MIN)
		return sc_fail(err, 0, "the memory must be at least %s, not %s",
		    format_exact(SC_MEMORY_BYTES_MIN, least), format_exact(memory_bytes, given));
	return 0;
}

/* The part of a rank's memory that is for slots: all but the overhead, at least half. */
static uint64_t
slot_memory(uint64_t memory_bytes)
{
	if (memory_bytes < 2 * (uint64_t)SC_MEMORY_OVERHEAD_BYTES)
		return memory_bytes / 2;
	return memory_bytes - SC_MEMORY_OVERHEAD_BYTES;
}

/* The inverse: the least memory whose part for slots is at least this, rounded up to a
 * number that people write. */
static uint64_t
memory_for_slots(uint64_t slot_bytes)
{
	uint64_t memory_bytes = slot_bytes < SC_MEMORY_OVERHEAD_BYTES
	    ? 2 * slot_bytes
	    : slot_bytes + SC_MEMORY_OVERHEAD_BYTES;
	uint64_t unit = memory_bytes >= 1u << 20 ? 1u << 20 : 1u << 10;

	if (memory_bytes < SC_MEMORY_BYTES_MIN)
		memory_bytes = SC_MEMORY_BYTES_MIN;
	memory_bytes = (memory_bytes + unit - 1) / unit * unit;
	assert(slot_memory(memory_bytes) >= slot_bytes);
	return memory_bytes;
}

/* Say that the slots don't fit into the memory, and what would do. */
static int
fail_memory(const struct sc_plan *plan, uint64_t memory_bytes, struct sc_error *err)
{
	uint64_t slot_bytes = plan->chunk_bytes + slot_overhead_bytes;
	uint64_t budget = slot_memory(memory_bytes);
	uint64_t share = budget / plan->slots;
	uint64_t chunk = share > slot_overhead_bytes
	    ? (share - slot_overhead_bytes) / page_bytes * page_bytes
	    : 0;
	char given[EXACT_TEXT_BYTES];
	char chunk_given[EXACT_TEXT_BYTES];
	char least[EXACT_TEXT_BYTES];
	char remedy[EXACT_TEXT_BYTES + 32] = "a smaller group or window";

	if (chunk >= SC_CHUNK_BYTES_MIN)
		snprintf(remedy, sizeof(remedy), "a chunk of at most %s",
		    format_exact(chunk, least));
	return sc_fail(err, 0,
	    "a memory of %s holds only %" PRIu64 " slots of %s; %" PRIu32
	    " are needed: %s would do, or %s",
	    format_exact(memory_bytes, given), budget / slot_bytes,
	    format_exact(plan->chunk_bytes, chunk_given), plan->slots,
	    format_exact(memory_for_slots(plan->slots * slot_bytes), least), remedy);
}

/* A window on each edge to this rank, one a subfile, and a window of chunks that it reads back. */
static int
set_slots(struct sc_plan *plan, uint64_t memory_bytes, struct sc_error *err)
{
	plan->load_slots = plan->window > load_slots_min ? plan->window : load_slots_min;
	if (plan->recipients == 0 && plan->load_slots < slots_without_recipients)
		plan->load_slots = slots_without_recipients;
	plan->slots = plan->load_slots;
	if (plan->recipients > 0)
		plan->slots += plan->subfiles * plan->window;
	if (plan->slots > SC_SLOTS_MAX)
		return sc_fail(err, 0,
		    "groups of %" PRIu32 " with a window of %" PRIu32 " need %" PRIu32
		    " slots, more than %d: take a smaller group or window",
		    plan->subfiles, plan->window, plan->slots, SC_SLOTS_MAX);
	if (plan->slots * (plan->chunk_bytes + slot_overhead_bytes) > slot_memory(memory_bytes))
		return fail_memory(plan, memory_bytes, err);
	return 0;
}

static int
set_chunks(struct sc_plan *plan, struct sc_error *err)
{
	uint64_t chunks =
	    plan->size_bytes / plan->chunk_bytes + (plan->size_bytes % plan->chunk_bytes != 0);
	uint64_t least = (plan->size_bytes / SC_CHUNKS_MAX / page_bytes + 1) * page_bytes;
	char given[EXACT_TEXT_BYTES];
	char enough[EXACT_TEXT_BYTES];

	if (chunks > SC_CHUNKS_MAX && least > SC_CHUNK_BYTES_MAX)
		return sc_fail(err, 0,
		    "%" PRIu64 " bytes are too many: at most %u chunks of %u bytes can be staged",
		    plan->size_bytes, SC_CHUNKS_MAX, SC_CHUNK_BYTES_MAX);
	if (chunks > SC_CHUNKS_MAX)
		return sc_fail(err, 0,
		    "%" PRIu64 " bytes are too many chunks of %s: a chunk must have at least %s",
		    plan->size_bytes, format_exact(plan->chunk_bytes, given),
		    format_exact(least, enough));
	plan->chunks = (uint32_t)chunks;
	return 0;
}

/* Balanced groups: as few as possible, and none larger than another by more than one. */
static void
set_group_counts(struct sc_plan *plan, const struct sc_plan_shape *shape)
{
	plan->tree_groups = shape->tree_groups;
	plan->group_count = divide_up(plan->recipients, shape->group_size);
	if (plan->group_count == 0) {
		plan->subfiles = 1;
		return;
	}
	plan->subfiles = divide_up(plan->recipients, plan->group_count);
	/* If all groups were full, this many members would be missing: one from each short one. */
	plan->full_groups =
	    plan->group_count - (plan->group_count * plan->subfiles - plan->recipients);
	assert(plan->full_groups >= 1 && plan->full_groups <= plan->group_count);
	/* Any m beyond the number of groups means one tree. */
	if (plan->tree_groups > plan->group_count)
		plan->tree_groups = plan->group_count;
	plan->trees = divide_up(plan->group_count, plan->tree_groups);
}

/* Members, in order; no links between the groups yet. */
static void
fill_groups(struct sc_plan *plan)
{
	uint32_t first_node = 1;

	for (uint32_t g = 0; g < plan->group_count; g++) {
		static_assert(SC_BRANCHING_MAX == 2, "as many next groups as below");
		plan->groups[g] = (struct sc_group){
			.first_node = first_node,
			.size = g < plan->full_groups ? plan->subfiles : plan->subfiles - 1,
			.tree = g / plan->tree_groups,
			.parent = SC_NONE,
			.next = {SC_NONE, SC_NONE},
			.feeds = SC_NONE,
			.relieved_by = SC_NONE,
			.relieves = SC_NONE,
		};
		assert(plan->groups[g].size > 0);
		first_node += plan->groups[g].size;
	}
	assert(first_node == plan->recipients + 1);
}

/* Link the groups first .. end-1 to a tree, breadth first. */
static void
link_tree(struct sc_plan *plan, uint32_t first, uint32_t end)
{
	uint32_t parent = first;
	uint32_t used = 0;

	for (uint32_t g = first + 1; g < end; g++) {
		/* A short group has one next group: its members are busy enough with passing on
		 * the subfile of the member that is missing. */
		while (used == (parent < plan->full_groups ? plan->branching : 1)) {
			parent++;
			used = 0;
		}
		assert(parent < g);
		assert(used < SC_BRANCHING_MAX);
		plan->groups[parent].next[used++] = g;
		plan->groups[g].parent = parent;
		plan->groups[g].depth = plan->groups[parent].depth + 1;
	}
}

static uint32_t
count_nexts(const struct sc_group *group)
{
	uint32_t count = 0;

	while (count < SC_BRANCHING_MAX && group->next[count] != SC_NONE)
		count++;
	return count;
}

/*
 * A tree has one leaf more than it has groups with two next groups.  So each such group is given a
 * leaf of its own, in the order of both: that of full leaves ahead of short ones.
 */
static void
link_relief(struct sc_plan *plan, uint32_t first, uint32_t end)
{
	uint32_t leaf = first;

	if (plan->subfiles == 1)
		return; /* a group of one has no sends within it that a leaf could take over */
	for (uint32_t g = first; g < end; g++) {
		if (count_nexts(&plan->groups[g]) < 2)
			continue;
		while (count_nexts(&plan->groups[leaf]) > 0)
			leaf++;
		assert(leaf < end);
		plan->groups[g].relieved_by = leaf;
		plan->groups[leaf].relieves = g;
		leaf++;
	}
}

static int
set_groups(struct sc_plan *plan, struct sc_error *err)
{
	uint32_t m = plan->tree_groups;

	if (plan->group_count == 0)
		return 0;
	plan->groups = calloc(plan->group_count, sizeof(*plan->groups));
	if (plan->groups == NULL)
		return sc_fail(err, 0, "no memory for a plan of %" PRIu32 " groups",
		    plan->group_count);
	fill_groups(plan);
	for (uint32_t t = 0; t < plan->trees; t++) {
		uint32_t first = t * m;
		uint32_t end = plan->group_count - first < m ? plan->group_count : first + m;

		link_tree(plan, first, end);
		link_relief(plan, first, end);
		if (t > 0) {
			assert(t - 1 < first); /* its feeder comes before it */
			plan->groups[t - 1].feeds = first;
			plan->groups[first].parent = t - 1;
		}
	}
	return 0;
}

int
sc_plan_outline(struct sc_plan *plan, uint32_t recipients, uint64_t size_bytes,
    const struct sc_plan_shape *shape, uint64_t memory_bytes, struct sc_error *err)
{
	memset(plan, 0, sizeof(*plan));
	if (memory_bytes == 0)
		memory_bytes = SC_MEMORY_BYTES_DEFAULT;
	if (sc_plan_check(recipients, shape, memory_bytes, err) != 0)
		return -1;

	plan->size_bytes = size_bytes;
	plan->recipients = recipients;
	plan->branching = shape->branching;
	plan->chunk_bytes = shape->chunk_bytes;
	plan->window = shape->window;
	plan->store_and_forward = shape->store_and_forward;
	set_group_counts(plan, shape);
	if (set_chunks(plan, err) != 0)
		return -1;
	return set_slots(plan, memory_bytes, err);
}

int
sc_plan_make(struct sc_plan *plan, uint32_t recipients, uint64_t size_bytes,
    const struct sc_plan_shape *shape, uint64_t memory_bytes, struct sc_error *err)
{
	if (sc_plan_outline(plan, recipients, size_bytes, shape, memory_bytes, err) == 0 &&
	    set_groups(plan, err) == 0)
		return 0;
	sc_plan_free(plan);
	return -1;
}

void
sc_plan_free(struct sc_plan *plan)
{
	free(plan->groups);
	memset(plan, 0, sizeof(*plan));
}

uint32_t
sc_plan_group_of(const struct sc_plan *plan, uint32_t node, uint32_t *member)
{
	uint32_t full_nodes = plan->full_groups * plan->subfiles;
	uint32_t short_size = plan->subfiles - 1;
	uint32_t place = node - 1;

	assert(node >= 1 && node <= plan->recipients);
	if (place < full_nodes) {
		*member = place % plan->subfiles;
		return place / plan->subfiles;
	}
	place -= full_nodes;
	assert(short_size > 0);
	*member = place % short_size;
	return plan->full_groups + place / short_size;
}

uint32_t
sc_plan_subfile_chunks(const struct sc_plan *plan, uint32_t subfile)
{
	assert(subfile < plan->subfiles);
	return plan->chunks / plan->subfiles + (subfile < plan->chunks % plan->subfiles);
}

uint32_t
sc_plan_chunk_length(const struct sc_plan *plan, uint32_t chunk)
{
	uint64_t begin = (uint64_t)chunk * plan->chunk_bytes;
	uint64_t rest;

	assert(chunk < plan->chunks && begin < plan->size_bytes);
	rest = plan->size_bytes - begin;
	return rest < plan->chunk_bytes ? (uint32_t)rest : plan->chunk_bytes;
}
