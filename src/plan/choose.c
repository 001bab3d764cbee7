/*
 * The choice of a plan: every candidate's time is predicted, see cost.h.
 *
 * There are few hundred candidates, some thousand where very many connections
 * are allowed: each distinct balanced group size, one tree or about as many
 * trees as groups in each [0050], one or two next groups, and chunks of each
 * power of two and of one and a half.
 */
#include "plan/cost.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>

/* Chunks that are tried; smaller ones than 1/2^22 of the file only cost
 * memory (a bit and more a chunk). */
static const uint32_t chunk_bytes_usual_max = 4u << 20;
static const uint64_t chunks_usual_max = 1u << 22;

/* Enough to hide a round trip behind k transfers. */
static const uint32_t window_usual = 4;

/* Where all comes from one supplier nobody else sends while that one, or the receiver, does not run
 * for a moment: 8 nodes in a chain at 50 Mbit/s, chunks of 16 KiB, two processors for them all:
 * 5.64 s with 4, 5.24 s with 16.  (In a group larger windows only let the flows drift apart: 5.2 s
 * with 4, 5.6 s with 8.) */
static const uint32_t window_alone = 16;
static const double window_alone_s_max = 64e-3;

/* With one chunk in flight an edge stands still while that is sent on. */
static const uint32_t window_least = 2;

/* Predictions this near to each other are the same. */
static const double nearly = 1.01;

/* With so many suppliers a node that lags holds up an eighth of the stream and
 * not all of it, and no single TCP connection has to fill a link.  Of 8 nodes, simulated
 * at 50 Mbit/s, one at a quarter of the rate makes the others later by 5 % in a group of
 * 8 and by 6 to 13 % in groups of 4, one that is lost half-way by 3 % and 13 %.  With more of them there
 * is more to be looked after: 12 nodes at 25 Mbit/s took 5.6 s in one group, 5.4 s in two. */
enum { GROUP_SIZE_LIKED = 8 };

/* Between ranks of one host (1 GiB to 4, tmpfs) 256 KiB took 5 % longer, for the
 * wake-ups of the I/O threads, and with 4 MiB what is checked was no longer in
 * the cache when it was stored. */
static const uint32_t chunk_bytes_liked = 1u << 20;

/* TCP takes what may be sent at once, a window an edge, into its buffers, and a
 * chunk for the next group waits there behind the others: that is not in the
 * model, so that no chunk may take long (8 nodes in groups of 4, 50 Mbit/s: 8 and 16 KiB
 * 5.4 s, 32 KiB 5.64 s; and a node that becomes slow holds up the others for longer).  Nor are
 * acknowledgements and headers, of which smaller ones have more (in one group: 16 KiB 5.18 s,
 * 24 KiB 5.16 s). */
static const double chunk_link_s_max = 4.8e-3;

enum { TREE_SIZES_MAX = 5 };

/* What is looked for, and what was found. */
struct search {
	const struct sc_plan_wishes *wishes;
	const struct sc_cost_machine *machine;
	uint32_t recipients;
	uint64_t size_bytes;
	uint32_t connections_max;
	double least_s; /* of all; known in the second pass */
	bool second_pass;
	uint32_t tried;             /* candidates within the connection limit */
	uint32_t connections_least; /* of those beyond it */
	bool found;
	struct sc_plan_shape best;
	double best_s;
	uint32_t best_connections;
	uint32_t best_subfiles;
};

static uint32_t
size_dislike(uint32_t subfiles)
{
	return subfiles > GROUP_SIZE_LIKED ? subfiles - GROUP_SIZE_LIKED
					   : GROUP_SIZE_LIKED - subfiles;
}

/* How many times too large or too small is a chunk? */
static double
chunk_dislike(uint32_t chunk_bytes)
{
	double ratio = (double)chunk_bytes / chunk_bytes_liked;

	return ratio > 1 ? ratio : 1 / ratio;
}

/* Of two that are nearly as fast, is the one to be taken and not the best so far? */
static bool
is_preferred(const struct search *search, const struct sc_plan_shape *shape, uint32_t subfiles,
    uint32_t connections, double time_s)
{
	uint32_t dislike = size_dislike(subfiles);
	uint32_t best_dislike = size_dislike(search->best_subfiles);

	if (dislike != best_dislike)
		return dislike < best_dislike;
	if (shape->chunk_bytes != search->best.chunk_bytes)
		return chunk_dislike(shape->chunk_bytes) < chunk_dislike(search->best.chunk_bytes);
	if (connections != search->best_connections)
		return connections < search->best_connections;
	return time_s < search->best_s;
}

/* Take a candidate that is the fastest (first pass), or nearly as fast and
 * best otherwise (second). */
static void
consider(struct search *search, const struct sc_plan *plan, const struct sc_plan_shape *shape)
{
	double time_s = sc_cost_predict(plan, search->machine);
	uint32_t connections = sc_cost_connections(plan);
	bool better = !search->found;

	if (search->second_pass && time_s > search->least_s * nearly)
		return;
	if (!better && search->second_pass)
		better = is_preferred(search, shape, plan->subfiles, connections, time_s);
	else if (!better)
		better = time_s < search->best_s;
	if (!better)
		return;
	search->found = true;
	search->best = *shape;
	search->best_s = time_s;
	search->best_connections = connections;
	search->best_subfiles = plan->subfiles;
}

/* Not more than what is on its way for a moment. */
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

/* With the largest window that the memory holds. */
static void
try_windows(struct search *search, struct sc_plan_shape *shape)
{
	const struct sc_plan_wishes *wishes = search->wishes;
	uint32_t wished = wishes->window;
	struct sc_plan plan;

	for (uint32_t w = wished != 0 ? wished : window_most(search, shape);
	    w >= window_least || w == wished; w--) {
		shape->window = w;
		if (sc_plan_outline(&plan, search->recipients, search->size_bytes, shape,
			wishes->memory_bytes, NULL) == 0) {
			consider(search, &plan, shape);
			return;
		}
		if (wished != 0)
			return;
	}
}

/* The smallest chunk that is tried, if none is wished. */
static uint32_t
chunk_bytes_least(uint64_t size_bytes)
{
	uint32_t bytes = SC_CHUNK_BYTES_MIN;

	while (bytes < SC_CHUNK_BYTES_MAX && size_bytes / bytes >= chunks_usual_max)
		bytes *= 2;
	return bytes;
}

/* Larger ones than our own choice may have. */
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

	if (search->wishes->chunk_bytes != 0) {
		shape->chunk_bytes = search->wishes->chunk_bytes;
		try_windows(search, shape);
		return;
	}
	for (uint64_t b = least; b <= most; b = sc_cost_chunk_bytes_after(b)) {
		if (b > least && takes_too_long(search, b))
			return;
		shape->chunk_bytes = (uint32_t)b;
		try_windows(search, shape);
		/* More of it would stay empty. */
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
	/* Whoever asks for two next groups shall get them. */
	uint32_t least = search->wishes->branching > 1 && groups > 2 ? 3 : 1;
	uint32_t count = 0;

	if (search->wishes->tree_groups != 0 || groups == 0) {
		sizes[0] = groups == 0 ? 1 : search->wishes->tree_groups;
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
	plan.tree_groups = shape->tree_groups;
	if (plan.tree_groups > plan.group_count)
		plan.tree_groups = plan.group_count;
	/* In a tree of two groups the second next group never comes. */
	if (search->wishes->branching == 0 && plan.branching > 1 && plan.tree_groups < 3)
		return;
	connections = sc_cost_connections(&plan);
	if (connections > search->connections_max) {
		if (connections < search->connections_least)
			search->connections_least = connections;
		return;
	}
	search->tried++;
	try_chunks(search, shape);
}

static void
try_trees(struct search *search, const struct sc_plan *balanced, uint32_t group_size)
{
	uint32_t wished = search->wishes->branching;
	uint32_t sizes[TREE_SIZES_MAX];
	uint32_t count = list_tree_sizes(search, balanced->group_count, sizes);

	for (uint32_t i = 0; i < count; i++) {
		for (uint32_t b = 1; b <= SC_BRANCHING_MAX; b++) {
			struct sc_plan_shape shape = {
				.group_size = group_size,
				.tree_groups = sizes[i],
				.branching = b,
				.store_and_forward = search->wishes->store_and_forward,
			};

			if (wished == 0 || b == wished)
				try_tree(search, balanced, &shape);
		}
	}
}

/* A shape of the least demands, where nothing is wished. */
static struct sc_plan_shape
least_shape(const struct sc_plan_wishes *wishes, uint64_t size_bytes)
{
	struct sc_plan_shape shape = {
		.group_size = wishes->group_size != 0 ? wishes->group_size : 1,
		.tree_groups = wishes->tree_groups != 0 ? wishes->tree_groups : 1,
		.branching = wishes->branching != 0 ? wishes->branching : 1,
		.chunk_bytes =
		    wishes->chunk_bytes != 0 ? wishes->chunk_bytes : chunk_bytes_least(size_bytes),
		.window = wishes->window != 0 ? wishes->window : 1,
		.store_and_forward = wishes->store_and_forward,
	};

	return shape;
}

/* Each distinct balanced group size, or the one that is wished. */
static void
try_group_sizes(struct search *search)
{
	const struct sc_plan_wishes *wishes = search->wishes;
	struct sc_plan_shape shape = least_shape(wishes, search->size_bytes);
	uint32_t last = wishes->group_size;
	uint32_t size = last;
	uint32_t previous = 0;

	if (last == 0) {
		last = 1;
		size = search->connections_max;
		if (size > search->recipients)
			size = search->recipients;
		if (size > SC_GROUP_SIZE_MAX)
			size = SC_GROUP_SIZE_MAX;
		if (size < last)
			size = last;
	}
	for (; size >= last; size--) {
		struct sc_plan balanced;

		/* Of this one only the numbers of groups and members are used, which
		 * are right even where the memory doesn't do. */
		shape.group_size = size;
		(void)sc_plan_outline(&balanced, search->recipients, search->size_bytes, &shape,
		    wishes->memory_bytes, NULL);
		if (balanced.subfiles == previous)
			continue;
		previous = balanced.subfiles;
		try_trees(search, &balanced, size);
	}
}

/* Say which wish takes more connections than there are. */
static int
fail_connections(const struct search *search, struct sc_error *err)
{
	const struct sc_plan_wishes *wishes = search->wishes;
	uint32_t most = search->connections_max;
	uint32_t least = search->connections_least;
	uint32_t groups;
	uint32_t size = wishes->group_size;

	if (size != 0) {
		/* Without next groups it would do with one less, and take many times
		 * as long: nobody should be sent there. */
		groups = (search->recipients - 1) / size + 1;
		size = (search->recipients - 1) / groups + 1;
		if (least == size && groups > 1 && wishes->tree_groups != 1)
			least++;
		if (size != wishes->group_size)
			return sc_fail(err, 0,
			    "--group-size %" PRIu32 " makes groups of %" PRIu32
			    ", which need %" PRIu32 " connections, --max-connections is %" PRIu32,
			    wishes->group_size, size, least, most);
		return sc_fail(err, 0,
		    "--group-size %" PRIu32 " needs %" PRIu32
		    " connections, --max-connections is %" PRIu32,
		    size, least, most);
	}
	if (wishes->branching > 1)
		return sc_fail(err, 0,
		    "--branching %" PRIu32 " needs at least %" PRIu32
		    " connections, --max-connections is %" PRIu32,
		    wishes->branching, least, most);
	return sc_fail(err, 0,
	    "--tree-groups %" PRIu32 " needs at least %" PRIu32
	    " connections, --max-connections is %" PRIu32,
	    wishes->tree_groups, least, most);
}

int
sc_cost_choose(struct sc_plan *plan, uint32_t recipients, uint64_t size_bytes,
    const struct sc_plan_wishes *wishes, const struct sc_cost_machine *machine,
    struct sc_error *err)
{
	struct sc_plan_shape least = least_shape(wishes, size_bytes);
	struct search search = {
		.wishes = wishes,
		.machine = machine,
		.recipients = recipients,
		.size_bytes = size_bytes,
		.connections_max =
		    wishes->max_connections != 0 ? wishes->max_connections : SC_CONNECTIONS_DEFAULT,
		.connections_least = UINT32_MAX,
	};

	*plan = (struct sc_plan){0};
	if (sc_plan_check(recipients, &least, wishes->memory_bytes, err) != 0)
		return -1;
	try_group_sizes(&search);
	if (search.tried == 0)
		return fail_connections(&search, err);
	/* The memory or the number of chunks forbids even the least. */
	if (!search.found)
		return sc_plan_make(plan, recipients, size_bytes, &least, wishes->memory_bytes,
		    err);

	search.least_s = search.best_s;
	search.second_pass = true;
	search.found = false;
	try_group_sizes(&search);
	assert(search.found);
	return sc_plan_make(plan, recipients, size_bytes, &search.best, wishes->memory_bytes, err);
}
