/*
 * The choice of a plan: the time of every candidate is predicted, see cost.h.
 *
 * There are some hundred candidates, some thousand where very many connections
 * are allowed: each distinct balanced group size, one tree or about as many
 * trees as groups in each [0050], one or two next groups, and chunks of each
 * power of two and of one and a half of it.
 */
#include "plan/cost.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* Chunks that are tried.  Smaller ones than 1/2^22 of the file only cost
 * memory: a bit and more a chunk. */
static const uint32_t chunk_bytes_usual_max = 4u << 20;
static const uint64_t chunks_usual_max = 1u << 22;

/* Enough to hide a round trip behind k transfers. */
static const uint32_t window_usual = 4;

/* Where a node has only one supplier, no other node sends to it while that one, or the node itself,
 * does not run for a moment: 8 nodes in a chain at 50 Mbit/s, chunks of 16 KiB, two processors for
 * them all: 5.64 s with a window of 4, 5.24 s with 16.  (In a group larger windows only let the
 * flows drift apart: 5.2 s with 4, 5.6 s with 8.) */
static const uint32_t window_alone = 16;
static const double window_alone_s_max = 64e-3;

/* With one chunk in flight an edge stands still while that chunk is sent on. */
static const uint32_t window_least = 2;

/* Predictions this near to each other count as equal. */
static const double nearly = 1.01;

/* With so many suppliers a node that lags holds up an eighth of the stream and
 * not all of it, and no single TCP connection has to fill a link.  Of 8 nodes, simulated
 * at 50 Mbit/s, one at a quarter of the rate makes the others later by 5 % in a group of
 * 8 and by 6 to 13 % in groups of 4, one that is lost half-way by 3 % and 13 %.  More suppliers
 * cost more processor time: 12 nodes at 25 Mbit/s took 5.6 s in one group, 5.4 s in two. */
enum { GROUP_SIZE_PREFERRED = 8 };

/* Between ranks of one host (1 GiB to 4, tmpfs) 256 KiB took 5 % longer, for the
 * wake-ups of the I/O threads, and with 4 MiB what is checked was no longer in
 * the cache when it was stored. */
static const uint32_t chunk_bytes_preferred = 1u << 20;

/* TCP takes what may be sent at once, a window an edge, into its buffers, and a
 * chunk for the next group waits there behind the others.  The model does not know that, so no
 * chunk may take long (8 nodes in groups of 4, 50 Mbit/s: 8 and 16 KiB 5.4 s, 32 KiB 5.64 s; and
 * a node that becomes slow holds up the others for longer).  It does not know acknowledgements and
 * headers either, of which smaller chunks have more (in one group: 16 KiB 5.18 s, 24 KiB 5.16 s). */
static const double chunk_link_s_max = 4.8e-3;

enum { TREE_SIZES_MAX = 5 };

/* A search for the best plan.  The first pass finds the least time, the second one the best plan
 * of those that are nearly as fast. */
struct search {
	const struct sc_plan_request *request;
	const struct sc_cost_machine *machine;
	uint32_t recipients;
	uint64_t size_bytes;
	uint32_t connections_max;
	bool second_pass;
	double least_s;             /* known in the second pass */
	uint32_t tried;             /* trees within the connection limit */
	uint32_t connections_least; /* of the trees beyond it */
	bool found;
	struct sc_plan_shape best;
	double best_s;
	uint32_t best_connections;
	uint32_t best_subfiles;
};

static uint32_t
smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* How far is a group's size from the preferred one? */
static uint32_t
size_distance(uint32_t subfiles)
{
	return subfiles > GROUP_SIZE_PREFERRED ? subfiles - GROUP_SIZE_PREFERRED
					       : GROUP_SIZE_PREFERRED - subfiles;
}

/* How many times too large or too small is a chunk? */
static double
chunk_distance(uint32_t chunk_bytes)
{
	double ratio = (double)chunk_bytes / chunk_bytes_preferred;

	return ratio > 1 ? ratio : 1 / ratio;
}

/* Of two that are nearly as fast, is the new one better than the best so far? */
static bool
is_preferred(const struct search *search, const struct sc_plan_shape *shape, uint32_t subfiles,
    uint32_t connections, double time_s)
{
	uint32_t distance = size_distance(subfiles);
	uint32_t best_distance = size_distance(search->best_subfiles);

	if (distance != best_distance)
		return distance < best_distance;
	if (shape->chunk_bytes != search->best.chunk_bytes)
		return chunk_distance(shape->chunk_bytes) <
		    chunk_distance(search->best.chunk_bytes);
	if (connections != search->best_connections)
		return connections < search->best_connections;
	return time_s < search->best_s;
}

/* Keep a candidate that is the fastest so far (first pass), or nearly as fast as the fastest and
 * preferred (second pass). */
static void
consider(struct search *search, const struct sc_plan *plan, const struct sc_plan_shape *shape)
{
	double time_s = sc_cost_predict(plan, search->machine);
	uint32_t connections = sc_cost_connections(plan);
	bool better;

	assert(time_s >= 0 && connections <= search->connections_max);
	if (search->second_pass)
		better = time_s <= search->least_s * nearly &&
		    (!search->found ||
			is_preferred(search, shape, plan->subfiles, connections, time_s));
	else
		better = !search->found || time_s < search->best_s;
	if (!better)
		return;
	search->found = true;
	search->best = *shape;
	search->best_s = time_s;
	search->best_connections = connections;
	search->best_subfiles = plan->subfiles;
}

/* The largest window that is tried: for a node with one supplier as many chunks as are sent in a
 * moment, but not too many. */
static uint32_t
window_most(const struct search *search, const struct sc_plan_shape *shape)
{
	double chunk_s = shape->chunk_bytes / search->machine->link_bytes_per_s;
	uint32_t window = window_usual;

	if (shape->group_size > 1 && search->recipients > 1)
		return window;
	while (window < window_alone && (window + 1) * chunk_s <= window_alone_s_max)
		window++;
	return window;
}

/* Consider a shape with the requested window, or the largest one that the memory holds. */
static void
try_windows(struct search *search, struct sc_plan_shape *shape)
{
	uint32_t requested = search->request->window;
	uint32_t most = requested != 0 ? requested : window_most(search, shape);
	uint32_t least = requested != 0 ? requested : window_least;
	struct sc_plan plan;

	for (shape->window = most; shape->window >= least; shape->window--) {
		if (sc_plan_outline(&plan, search->recipients, search->size_bytes, shape,
			search->request->memory_bytes, NULL) == 0) {
			consider(search, &plan, shape);
			return;
		}
	}
}

/* The smallest chunk that is tried, if none is requested. */
static uint32_t
chunk_bytes_least(uint64_t size_bytes)
{
	uint32_t bytes = SC_CHUNK_BYTES_MIN;

	while (bytes < SC_CHUNK_BYTES_MAX && size_bytes / bytes >= chunks_usual_max)
		bytes *= 2;
	return bytes;
}

/* Is a chunk larger than we may choose one? */
static bool
takes_too_long(const struct search *search, uint64_t chunk_bytes)
{
	return (double)chunk_bytes / search->machine->link_bytes_per_s > chunk_link_s_max;
}

uint64_t
sc_cost_chunk_bytes_after(uint64_t bytes)
{
	bool power = (bytes & (bytes - 1)) == 0;

	assert(bytes >= 2);
	return power ? bytes + bytes / 2 : bytes / 3 * 4;
}

static void
try_chunks(struct search *search, struct sc_plan_shape *shape)
{
	uint32_t least = chunk_bytes_least(search->size_bytes);
	uint64_t most = least > chunk_bytes_usual_max ? least : chunk_bytes_usual_max;

	if (search->request->chunk_bytes != 0) {
		shape->chunk_bytes = search->request->chunk_bytes;
		try_windows(search, shape);
		return;
	}
	for (uint64_t b = least; b <= most; b = sc_cost_chunk_bytes_after(b)) {
		if (b > least && takes_too_long(search, b))
			return;
		shape->chunk_bytes = (uint32_t)b;
		try_windows(search, shape);
		/* More of a larger one would only stay empty. */
		if (b >= search->size_bytes)
			return;
	}
}

/* Numbers of groups a tree that are worth a try: one tree, trees of one
 * group (which need no connections between groups), and balanced ones. */
static uint32_t
list_tree_sizes(const struct search *search, uint32_t groups, uint32_t sizes[TREE_SIZES_MAX])
{
	uint32_t root = (uint32_t)sqrt(groups);
	const uint32_t tries[TREE_SIZES_MAX] = {groups, 1, root, root + 1, 2 * root};
	/* A tree too small for two next groups is no answer to a request for them. */
	uint32_t least = search->request->branching > 1 && groups > 2 ? 3 : 1;
	uint32_t count = 0;

	if (search->request->tree_groups != 0 || groups == 0) {
		sizes[0] = groups == 0 ? 1 : search->request->tree_groups;
		return 1;
	}
	for (uint32_t i = 0; i < TREE_SIZES_MAX; i++) {
		if (i == 0 || (tries[i] >= least && tries[i] < groups))
			sizes[count++] = tries[i];
	}
	return count;
}

/* A tree of balanced groups, if the connections allow it. */
static void
try_tree(struct search *search, const struct sc_plan *balanced, struct sc_plan_shape *shape)
{
	struct sc_plan plan = *balanced;
	uint32_t connections;

	plan.branching = shape->branching;
	plan.tree_groups = smaller(shape->tree_groups, plan.group_count);
	/* A tree of two groups has no use for a second next group. */
	if (search->request->branching == 0 && plan.branching > 1 && plan.tree_groups < 3)
		return;
	connections = sc_cost_connections(&plan);
	if (connections > search->connections_max) {
		search->connections_least = smaller(search->connections_least, connections);
		return;
	}
	search->tried++;
	try_chunks(search, shape);
}

static void
try_trees(struct search *search, const struct sc_plan *balanced, uint32_t group_size)
{
	uint32_t requested = search->request->branching;
	uint32_t sizes[TREE_SIZES_MAX];
	uint32_t count = list_tree_sizes(search, balanced->group_count, sizes);

	for (uint32_t i = 0; i < count; i++) {
		for (uint32_t b = 1; b <= SC_BRANCHING_MAX; b++) {
			struct sc_plan_shape shape = {
				.group_size = group_size,
				.tree_groups = sizes[i],
				.branching = b,
				.store_and_forward = search->request->store_and_forward,
			};

			if (requested == 0 || b == requested)
				try_tree(search, balanced, &shape);
		}
	}
}

/* The shape that needs least, where nothing is requested. */
static struct sc_plan_shape
least_shape(const struct sc_plan_request *request, uint64_t size_bytes)
{
	struct sc_plan_shape shape = {
		.group_size = request->group_size != 0 ? request->group_size : 1,
		.tree_groups = request->tree_groups != 0 ? request->tree_groups : 1,
		.branching = request->branching != 0 ? request->branching : 1,
		.chunk_bytes = request->chunk_bytes != 0 ? request->chunk_bytes
							 : chunk_bytes_least(size_bytes),
		.window = request->window != 0 ? request->window : 1,
		.store_and_forward = request->store_and_forward,
	};

	return shape;
}

/* Each distinct balanced group size, the largest first, or only the requested one. */
static void
try_group_sizes(struct search *search)
{
	const struct sc_plan_request *request = search->request;
	struct sc_plan_shape shape = least_shape(request, search->size_bytes);
	uint32_t last = shape.group_size;
	uint32_t size = last;
	uint32_t previous = 0;

	if (request->group_size == 0 && search->recipients > 0)
		size = smaller(smaller(search->connections_max, search->recipients),
		    SC_GROUP_SIZE_MAX);
	for (; size >= last; size--) {
		struct sc_plan balanced;

		/* Only the numbers of groups and members of this plan are used, which
		 * are right even if the memory doesn't do. */
		shape.group_size = size;
		(void)sc_plan_outline(&balanced, search->recipients, search->size_bytes, &shape,
		    request->memory_bytes, NULL);
		if (balanced.subfiles == previous)
			continue;
		previous = balanced.subfiles;
		try_trees(search, &balanced, size);
	}
}

/* Say which number of the request needs more connections than there are. */
static int
fail_connections(const struct search *search, struct sc_error *err)
{
	const struct sc_plan_request *request = search->request;
	uint32_t least = search->connections_least;
	char what[96];

	if (request->group_size != 0) {
		uint32_t groups = (search->recipients - 1) / request->group_size + 1;
		uint32_t size = (search->recipients - 1) / groups + 1;

		/* Trees of one group would need one less, and many times
		 * as long: don't recommend them. */
		if (least == size && groups > 1 && request->tree_groups != 1)
			least++;
		if (size == request->group_size)
			snprintf(what, sizeof(what), "a group size of %" PRIu32 " needs", size);
		else
			snprintf(what, sizeof(what),
			    "a group size of %" PRIu32 " makes groups of %" PRIu32 ", which need",
			    request->group_size, size);
	} else if (request->branching > 1)
		snprintf(what, sizeof(what), "a branching of %" PRIu32 " needs at least",
		    request->branching);
	else
		snprintf(what, sizeof(what), "%" PRIu32 " groups a tree need at least",
		    request->tree_groups);
	return sc_fail(err, 0, "%s %" PRIu32 " connections; the maximum is %" PRIu32, what, least,
	    search->connections_max);
}

int
sc_cost_choose(struct sc_plan *plan, uint32_t recipients, uint64_t size_bytes,
    const struct sc_plan_request *request, const struct sc_cost_machine *machine,
    struct sc_error *err)
{
	struct sc_plan_shape least = least_shape(request, size_bytes);
	struct search search = {
		.request = request,
		.machine = machine,
		.recipients = recipients,
		.size_bytes = size_bytes,
		.connections_max = request->max_connections != 0 ? request->max_connections
								 : SC_CONNECTIONS_DEFAULT,
		.connections_least = UINT32_MAX,
	};

	*plan = (struct sc_plan){0};
	if (sc_plan_check(recipients, &least, request->memory_bytes, err) != 0)
		return -1;
	try_group_sizes(&search);
	if (search.tried == 0)
		return fail_connections(&search, err);
	/* The memory or the number of chunks forbids even the least. */
	if (!search.found)
		return sc_plan_make(plan, recipients, size_bytes, &least, request->memory_bytes,
		    err);

	search.least_s = search.best_s;
	search.second_pass = true;
	search.found = false;
	try_group_sizes(&search);
	assert(search.found);
	return sc_plan_make(plan, recipients, size_bytes, &search.best, request->memory_bytes, err);
}
