/*
 * The prediction of a plan's time: see cost.h.
 *
 * A "row" is a chunk of each of the k subfiles.  The busiest part of the
 * machine sets the time of a row, and rows follow each other.  The time that a chunk of
 * the last row takes on its way to the last node comes on top.
 *
 * All of it is in closed form: groups are numbered breadth first, full ones
 * ahead of short ones, so that a group's way is arithmetic on its number.
 */
#include "plan/cost.h"

#include <assert.h>

const struct sc_cost_machine sc_cost_machine_default = {
	.link_bytes_per_s = 1.25e9,
	.latency_s = 25e-6,
	.message_s = 5e-6,
	.source_bytes_per_s = 2e9,
	.disk_bytes_per_s = 1.5e9,
};

/* The parts of which the time is made. */
struct pace {
	double chunk_s;     /* a chunk on a link */
	double hop_s;       /* from a sender's link to the receiver's core */
	double handshake_s; /* distribution list there, first credits back */
	double read_s;      /* a chunk, at the origin */
	double write_s;     /* a chunk, at a recipient */
	double row_s;       /* of a relay, in the long run */
	double way_hop_s;   /* a chunk's way to a next group, without its sends ... */
	double way_send_s;  /* ... and each send of the chunk up to that one */
	double path_s;      /* from member to member, for the subfile of a missing member */
	double feed_s; /* from the last chunk at the feeder to the secondary tree's first group */
	double collect_s; /* from the last chunk at a relay to the rest of its group ... */
	double relief_s;  /* ... and one more send, if the group relieves another */
	double rows;
	double last_place; /* of the last chunk in its row */
	double chunks;
};

/* The way of a chunk from a tree's first group to another one. */
struct way {
	uint32_t hops;
	uint32_t
	    sends; /* the sends of the chunk at each relay, up to that on this way, summed up */
	uint32_t shorts; /* short groups that it passes through */
};

/* A tree, by numbers. */
struct tree {
	uint32_t groups;
	uint32_t full; /* the first ones */
	uint32_t branching;
};

static double
larger(double a, double b)
{
	return a > b ? a : b;
}

static struct tree
tree_of(const struct sc_plan *plan, uint32_t t)
{
	uint32_t first = t * plan->tree_groups;
	uint32_t rest = plan->group_count - first;
	struct tree tree = {.branching = plan->branching};

	assert(first < plan->group_count);
	tree.groups = rest < plan->tree_groups ? rest : plan->tree_groups;
	if (plan->full_groups > first)
		tree.full = plan->full_groups - first;
	if (tree.full > tree.groups)
		tree.full = tree.groups;
	return tree;
}

/* Next groups of the plan's first group.  No group has more. */
static uint32_t
next_groups(const struct sc_plan *plan)
{
	uint32_t groups = plan->group_count == 0 ? 0 : tree_of(plan, 0).groups;

	if (groups <= 1)
		return 0;
	return groups == 2 ? 1 : plan->branching;
}

/* Do leaves take over sends of groups with two next groups? */
static bool
has_relief(const struct sc_plan *plan)
{
	return next_groups(plan) > 1 && plan->subfiles > 1;
}

uint32_t
sc_cost_connections(const struct sc_plan *plan)
{
	if (plan->group_count == 0)
		return 0;
	return plan->subfiles + next_groups(plan) + (has_relief(plan) ? 1 : 0);
}

/* How many times a relay sends each chunk of its subfile, at most. */
static uint32_t
sends_of(const struct sc_plan *plan)
{
	assert(plan->subfiles > 0);
	return plan->subfiles - 1 + next_groups(plan) - (has_relief(plan) ? 1 : 0);
}

/* The time of a row in the long run: the busiest part sets the pace. */
static double
row_time(const struct sc_plan *plan, const struct sc_cost_machine *machine, const struct pace *pace)
{
	double k = plan->subfiles;
	/* Under store and forward a relay passes nothing on while it receives. */
	double sends = plan->store_and_forward ? 0 : sends_of(plan);
	double link = larger(k, sends) * pace->chunk_s;
	/* Each chunk and its credit, on both sides. */
	double processor = 2 * (k + sends) * machine->message_s;
	double storage = k * larger(pace->read_s, pace->write_s);
	/* A credit is back when the chunk was sent on and stored. */
	double round_trip =
	    2 * pace->hop_s + pace->chunk_s + larger(sends * pace->chunk_s, pace->write_s);

	assert(plan->window > 0);
	return larger(larger(link, processor), larger(storage, round_trip / plan->window));
}

/* The time that a chunk for the next group loses to the sends that are under way when it
 * comes: they share the relay's link with it until they end.  In a file of one
 * row there are none. */
static double
others_under_way(const struct pace *pace, double sends)
{
	double most = sends < SC_SENDS_AT_ONCE ? sends : SC_SENDS_AT_ONCE;

	return pace->rows > 1 && most > 1 ? (most - 1) * pace->chunk_s : 0;
}

static struct pace
pace_of(const struct sc_plan *plan, const struct sc_cost_machine *machine)
{
	/* The message that a file is empty takes the way of a chunk. */
	uint32_t chunks = plan->chunks > 0 ? plan->chunks : 1;
	double chunk_bytes = (double)plan->size_bytes / chunks;
	double k = plan->subfiles;
	double sends = sends_of(plan);
	struct pace pace = {0};
	double send_s;

	assert(machine->link_bytes_per_s > 0 && machine->source_bytes_per_s > 0 &&
	    machine->disk_bytes_per_s > 0);
	pace.chunks = chunks;
	pace.rows = (chunks - 1) / plan->subfiles + 1;
	pace.last_place = (chunks - 1) % plan->subfiles;
	pace.chunk_s = chunk_bytes / machine->link_bytes_per_s;
	send_s = larger(pace.chunk_s, machine->message_s);
	pace.hop_s = machine->latency_s + 2 * machine->message_s;
	/* A distribution list to each of the group, and its credits, one after the other. */
	pace.handshake_s = 2 * pace.hop_s + 2 * (k - 1) * machine->message_s;
	pace.read_s = chunk_bytes / machine->source_bytes_per_s;
	pace.write_s = chunk_bytes / machine->disk_bytes_per_s;
	pace.row_s = row_time(plan, machine, &pace);
	if (plan->store_and_forward) {
		/* A node that holds its subfile serves all its receivers by turns,
		 * so that the next group has the whole of it only when all have it. */
		double step_s = pace.handshake_s + pace.hop_s;

		pace.way_hop_s = step_s + pace.rows * sends * pace.chunk_s;
		pace.path_s = pace.way_hop_s;
		pace.feed_s = pace.way_hop_s + pace.rows * pace.chunk_s;
		pace.collect_s = step_s + pace.rows * (k - 1) * pace.chunk_s;
		pace.relief_s = pace.rows * pace.chunk_s;
	} else {
		pace.way_hop_s = pace.hop_s + others_under_way(&pace, sends);
		pace.way_send_s = send_s;
		pace.path_s = pace.hop_s + pace.chunk_s;
		pace.feed_s = pace.handshake_s + pace.write_s + (pace.rows - 1) * pace.row_s +
		    pace.chunk_s + pace.hop_s;
		pace.collect_s = (k - 1) * send_s + pace.hop_s;
		pace.relief_s = send_s;
	}
	return pace;
}

/*
 * The way to group g of a tree, up along the parents that link_tree in plan.c gives.  The next
 * groups of the full ones are the groups 1 .. capacity, `branching` for each.  The groups from
 * capacity + 1 on are the next ones of the short groups, one for each: capacity + 1 that of the
 * first short one, which is number `full`, and so on.
 */
static struct way
way_to(const struct tree *tree, uint32_t g)
{
	uint32_t capacity = tree->full * tree->branching;
	struct way way = {0};

	assert(g < tree->groups && tree->full <= tree->groups);
	if (tree->branching == 1 || tree->full == 0) {
		way.hops = g;
		way.sends = g;
		way.shorts = g > tree->full ? g - tree->full : 0;
		return way;
	}
	while (g > 0) {
		way.hops++;
		if (g > capacity) {
			way.sends++;
			way.shorts++;
			assert(g > capacity - tree->full);
			g -= capacity - tree->full + 1;
		} else {
			way.sends += 1 + (g - 1) % tree->branching;
			g = (g - 1) / tree->branching;
		}
	}
	return way;
}

static double
way_time(const struct pace *pace, const struct way *way)
{
	return way->hops * pace->way_hop_s + way->sends * pace->way_send_s;
}

/* The time that the missing member's subfile takes in so many short groups, beyond that of other
 * subfiles: it passes from their first member to their last. */
static double
paths_time(const struct sc_plan *plan, const struct pace *pace, uint32_t shorts)
{
	/* In a file of fewer chunks than subfiles that one, the last, is empty. */
	if (shorts == 0 || pace->chunks < plan->subfiles)
		return 0;
	return (double)shorts * (plan->subfiles - 2) * pace->path_s;
}

/* Does group g of a tree relieve another?  All leaves but the last one do (see plan.h), where there
 * are groups with two next groups at all.  A leaf is a group whose first child would be beyond the
 * last group: the numbers of children are those that way_to goes up. */
static bool
relieves(const struct sc_plan *plan, const struct tree *tree, uint32_t g)
{
	uint32_t child = g < tree->full ? 2 * g + 1 : g + tree->full + 1;

	return plan->subfiles > 1 && tree->branching > 1 && tree->full > 0 && tree->groups > 2 &&
	    child >= tree->groups && g + 1 < tree->groups;
}

/* From the last chunk in the tree's first group to the last one in the whole group g, and
 * in the group that it relieves. */
static double
group_time(const struct sc_plan *plan, const struct pace *pace, const struct tree *tree, uint32_t g)
{
	struct way way = way_to(tree, g);
	uint32_t short_size = plan->subfiles - 1;
	double arrival = way_time(pace, &way);
	double collected = arrival + (plan->subfiles > 1 ? pace->collect_s : 0);
	bool relief = relieves(plan, tree, g);
	double spread;

	if (relief)
		collected += pace->relief_s;
	if (g < tree->full)
		return collected;
	assert(short_size > 0);
	if (short_size == 1)
		return arrival + (relief ? pace->path_s : 0);
	if (pace->chunks < plan->subfiles)
		return collected;
	if (relief)
		return larger(collected,
		    arrival + paths_time(plan, pace, way.shorts + 1) + pace->path_s);
	/* The missing member's subfile spreads in a binary tree. */
	spread = arrival + paths_time(plan, pace, way.shorts);
	for (uint32_t size = short_size; size > 1; size /= 2)
		spread += pace->path_s + pace->way_send_s;
	return larger(collected, spread);
}

/*
 * The same for the group of a tree that is complete last.  That is one of the deepest groups, and of
 * these one that is reached by the most second sends: not all groups are tried.
 */
static double
tree_time(const struct sc_plan *plan, const struct pace *pace, const struct tree *tree)
{
	uint32_t heap = tree->groups;
	double latest = group_time(plan, pace, tree, tree->groups - 1);
	uint32_t level = 1;
	uint32_t place;

	/* A short group of one has nothing to collect. */
	if (tree->full > 0)
		latest = larger(latest, group_time(plan, pace, tree, tree->full - 1));
	if (tree->branching == 1 || tree->full == 0)
		return latest;
	/* The last leaf relieves no group: the one before it may be later. */
	if (tree->groups > 1)
		latest = larger(latest, group_time(plan, pace, tree, tree->groups - 2));
	if (heap > 2 * tree->full + 1)
		heap = 2 * tree->full + 1;
	while (2 * level <= heap)
		level *= 2;
	/*
	 * The full groups and their next groups are a binary heap.  Groups level-1 .. heap-1 are
	 * its last level, and a bit of a group's place there is 1 for a second send.  So the places
	 * with the most ones are: the last one, and those that have a 0 instead of one of its ones
	 * and only ones after it.  (The last place of the level before is a candidate, too.)
	 */
	place = heap - level;
	assert(place < level);
	latest = larger(latest, group_time(plan, pace, tree, heap - 1));
	for (uint32_t bit = 1; bit <= place; bit *= 2) {
		uint32_t most = (place & ~(2 * bit - 1)) | (bit - 1);

		if (place & bit)
			latest = larger(latest, group_time(plan, pace, tree, level - 1 + most));
	}
	if (level > 1)
		latest = larger(latest, group_time(plan, pace, tree, level - 2));
	return latest;
}

/* When the first group of tree t has the last chunks of its own subfiles:
 * the file's time once for each tree on the way, and the ways within these trees. */
static double
start_time(const struct sc_plan *plan, const struct pace *pace, uint32_t t)
{
	double time_s = pace->handshake_s + pace->read_s + (pace->rows - 1) * pace->row_s +
	    pace->last_place * larger(pace->chunk_s, pace->read_s) + pace->chunk_s + pace->hop_s;

	/* Trees of one group each feed the next.  There may be many: no loop. */
	if (plan->tree_groups == 1 && t > 0) {
		uint32_t shorts = t > plan->full_groups ? t - plan->full_groups : 0;

		return time_s + t * pace->feed_s + paths_time(plan, pace, shorts);
	}
	while (t > 0) {
		uint32_t feeder = t - 1;
		uint32_t g = feeder % plan->tree_groups;
		struct tree tree = tree_of(plan, feeder / plan->tree_groups);
		struct way way = way_to(&tree, g);
		uint32_t shorts = way.shorts + (g >= tree.full);

		assert(feeder / plan->tree_groups < t); /* a tree is fed by an earlier one */
		time_s += way_time(pace, &way) + pace->feed_s;
		time_s += paths_time(plan, pace, shorts);
		t = feeder / plan->tree_groups;
	}
	return time_s;
}

double
sc_cost_predict(const struct sc_plan *plan, const struct sc_cost_machine *machine)
{
	struct pace pace = pace_of(plan, machine);
	struct tree tree;
	double latest = 0;

	if (plan->recipients == 0)
		return larger(pace.read_s, pace.write_s) * (pace.chunks - 1) + pace.read_s +
		    pace.write_s;

	/* Later trees start later, but the last one may be too small to end last. */
	for (uint32_t back = 1; back <= 2 && back <= plan->trees; back++) {
		tree = tree_of(plan, plan->trees - back);
		latest = larger(latest,
		    start_time(plan, &pace, plan->trees - back) + tree_time(plan, &pace, &tree));
	}
	tree = tree_of(plan, 0);
	latest = larger(latest, start_time(plan, &pace, 0) + tree_time(plan, &pace, &tree));

	/* A disk that is slower than the link is still writing when the last
	 * chunk comes: it began with the first one. */
	return larger(latest + pace.write_s,
	    pace.handshake_s + pace.read_s + pace.chunk_s + pace.hop_s +
		pace.chunks * pace.write_s);
}

double
sc_cost_floor(uint64_t size_bytes, const struct sc_cost_machine *machine)
{
	double rate = machine->link_bytes_per_s;

	if (size_bytes == 0)
		return machine->latency_s;
	if (rate > machine->source_bytes_per_s)
		rate = machine->source_bytes_per_s;
	if (rate > machine->disk_bytes_per_s)
		rate = machine->disk_bytes_per_s;
	return (double)size_bytes / rate + machine->latency_s;
}
