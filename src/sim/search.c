/*
 * The candidates of a search: see search.h.
 */
#include "sim/search.h"

#include "base/vector.h"
#include "sim/bound.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const uint32_t chunk_bytes_usual_min = 64u << 10;
static const uint32_t chunk_bytes_usual_max = 8u << 20;

/* Of a small file also smaller chunks, so that there are about so many. */
static const uint64_t chunks_small = 256;

/* Of a large file no chunks so small that there are more: each takes a bit and more of memory. */
static const uint64_t chunks_large = 1u << 22;

/* With so many groups or fewer every number of groups a tree is a candidate. */
enum { FEW_GROUPS = 32, TREE_SIZES_MAX = FEW_GROUPS };

struct listing {
	struct sc_candidates *candidates;
	const struct sc_plan *choice;
	const struct sc_plan_request *request;
	const struct sc_machine *machine;
};

void
sc_candidates_free(struct sc_candidates *candidates)
{
	free(candidates->items);
	*candidates = (struct sc_candidates){0};
}

struct sc_plan_shape
sc_candidate_shape(const struct sc_plan *plan)
{
	return (struct sc_plan_shape){
		.group_size = plan->subfiles,
		.tree_groups = plan->group_count == 0 ? 1 : plan->tree_groups,
		.branching = plan->branching,
		.chunk_bytes = plan->chunk_bytes,
		.window = plan->window,
		.store_and_forward = plan->store_and_forward,
	};
}

static void
add(struct listing *listing, const struct sc_plan *plan)
{
	struct sc_candidates *candidates = listing->candidates;

	candidates->items = sc_vector_must32(candidates->items, candidates->count + 1,
	    &candidates->capacity, sizeof(*candidates->items));
	candidates->items[candidates->count++] = (struct sc_candidate){
		.shape = sc_candidate_shape(plan),
		.predicted_s = sc_cost_predict(plan, &listing->machine->base),
		.least_s = sc_bound_least_s(plan, listing->machine),
	};
}

/* Add a shape, with the window of the model's choice, unless the connections or the
 * memory forbid it. */
static void
add_shape(struct listing *listing, const struct sc_plan_request *request)
{
	const struct sc_plan *choice = listing->choice;
	struct sc_plan plan;

	if (sc_cost_choose(&plan, choice->recipients, choice->size_bytes, request,
		&listing->machine->base, NULL) == 0)
		add(listing, &plan);
	sc_plan_free(&plan);
}

static uint32_t
least_chunk_bytes(const struct sc_plan *choice)
{
	uint32_t bytes = chunk_bytes_usual_min;

	while (bytes > SC_CHUNK_BYTES_MIN &&
	    (choice->size_bytes / bytes < chunks_small || choice->chunk_bytes <= bytes))
		bytes /= 2;
	while (bytes < SC_CHUNK_BYTES_MAX && choice->size_bytes / bytes >= chunks_large)
		bytes *= 2;
	return bytes;
}

static void
add_chunk_sizes(struct listing *listing, struct sc_plan_request request)
{
	uint64_t bytes = least_chunk_bytes(listing->choice);
	uint64_t most = bytes > chunk_bytes_usual_max ? bytes : chunk_bytes_usual_max;

	if (request.chunk_bytes != 0) {
		add_shape(listing, &request);
		return;
	}
	for (; bytes <= most; bytes = sc_cost_chunk_bytes_after(bytes)) {
		request.chunk_bytes = (uint32_t)bytes;
		add_shape(listing, &request);
		/* Larger chunks would only be emptier. */
		if (bytes >= listing->choice->size_bytes)
			break;
	}
}

/* One and two next groups; in a tree of two groups the second one never comes, but it is tried if
 * the user asks for it. */
static void
add_branchings(struct listing *listing, struct sc_plan_request request)
{
	uint32_t asked = request.branching;

	for (uint32_t b = 1; b <= SC_BRANCHING_MAX; b++) {
		if (asked == 0 ? b > 1 && request.tree_groups < 3 : b != asked)
			continue;
		request.branching = b;
		add_chunk_sizes(listing, request);
	}
}

/* Distinct numbers of 1 .. groups; returns how many. */
static uint32_t
list_tree_sizes(uint32_t groups, uint32_t sizes[TREE_SIZES_MAX])
{
	uint32_t root = (uint32_t)sqrt(groups);
	const uint32_t tries[] = {groups, 1, 2, 3, 4, root / 2, root - 1, root, root + 1, 2 * root,
		(groups + 3) / 4, (groups + 2) / 3, (groups + 1) / 2, groups - groups / 3,
		groups - groups / 4, groups - 1};
	uint32_t count = 0;

	for (uint32_t m = 1; groups <= FEW_GROUPS && m <= groups; m++)
		sizes[count++] = m;
	for (uint32_t i = 0; groups > FEW_GROUPS && i < sizeof(tries) / sizeof(tries[0]); i++) {
		uint32_t same = 0;

		while (same < count && sizes[same] != tries[i])
			same++;
		if (same == count)
			sizes[count++] = tries[i];
	}
	return count;
}

static void
add_trees(struct listing *listing, struct sc_plan_request request, uint32_t groups)
{
	bool asked = request.tree_groups != 0;
	uint32_t sizes[TREE_SIZES_MAX];
	uint32_t count = list_tree_sizes(groups, sizes);

	for (uint32_t i = 0; i < count; i++) {
		if (asked && i > 0)
			break;
		if (!asked)
			request.tree_groups = sizes[i];
		add_branchings(listing, request);
	}
}

/* For each number of groups, the balanced size of a group. */
static void
add_group_sizes(struct listing *listing)
{
	struct sc_plan_request request = *listing->request;
	uint32_t recipients = listing->choice->recipients;
	uint32_t asked = request.group_size;
	uint32_t least = asked != 0 ? asked : 1;
	uint32_t size = asked != 0 ? asked : SC_GROUP_SIZE_MAX;

	if (size > recipients)
		size = recipients > 0 ? recipients : 1;
	if (least > size)
		least = size;
	while (size >= least) {
		uint32_t groups = recipients == 0 ? 1 : (recipients - 1) / size + 1;

		/* All sizes from the balanced one to this one make the same groups. */
		size = recipients == 0 ? 1 : (recipients - 1) / groups + 1;
		request.group_size = size;
		add_trees(listing, request, groups);
		size--;
	}
}

/* -1, 0 or 1. */
static int
compare_numbers(double a, double b)
{
	return (a > b) - (a < b);
}

static int
compare_candidates(const void *a, const void *b)
{
	const struct sc_candidate *left = a;
	const struct sc_candidate *right = b;
	const double pairs[][2] = {
		{left->predicted_s, right->predicted_s},
		{left->shape.group_size, right->shape.group_size},
		{left->shape.tree_groups, right->shape.tree_groups},
		{left->shape.branching, right->shape.branching},
		{left->shape.chunk_bytes, right->shape.chunk_bytes},
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		int order = compare_numbers(pairs[i][0], pairs[i][1]);

		if (order != 0)
			return order;
	}
	return 0;
}

static bool
is_same(const struct sc_plan_shape *a, const struct sc_plan_shape *b)
{
	return a->group_size == b->group_size && a->tree_groups == b->tree_groups &&
	    a->branching == b->branching && a->chunk_bytes == b->chunk_bytes &&
	    a->window == b->window;
}

/* Leave out the choice, which was added first, where it was found again; sort the others. */
static void
sort(struct sc_candidates *candidates)
{
	uint32_t count = 1;

	for (uint32_t i = 1; i < candidates->count; i++) {
		if (!is_same(&candidates->items[i].shape, &candidates->items[0].shape))
			candidates->items[count++] = candidates->items[i];
	}
	candidates->count = count;
	qsort(candidates->items + 1, count - 1, sizeof(*candidates->items), compare_candidates);
}

void
sc_candidates_list(struct sc_candidates *candidates, const struct sc_plan *choice,
    const struct sc_plan_request *request, const struct sc_machine *machine)
{
	struct listing listing = {candidates, choice, request, machine};

	assert(candidates->count == 0);
	add(&listing, choice);
	add_group_sizes(&listing);
	sort(candidates);
}
