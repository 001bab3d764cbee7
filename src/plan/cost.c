/*
 * The prediction of a plan's time: see cost.h.
 *
 * A "row" is a chunk of each of the k subfiles.  The busiest part of the
 * machine sets the time of a row, rows follow each other, and what a chunk of
 * the last row meets on its way to the last node comes on top: the rate's
 * time and the fill of the pipeline.
 *
 * All of it is closed form: groups are numbered breadth first, full ones
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
	double way_hop_s;   /* a chunk's way to a next group ... */
	double way_send_s;  /* ... and for each send that goes first, and its own */
	double path_s;      /* from member to member, for a missing one's subfile */
	double feed_s;      /* from the whole subfile to the secondary tree's having it */
	double collect_s;   /* from the last chunk in a relay to the rest of its group ... */
	double relief_s;    /* ... and one more send, if the group relieves another */
	double rows;
	double last_place; /* in its row, of the last chunk */
	double chunks;
};

/* What a chunk meets between a tree's first group and another one. */
struct way {
	uint32_t hops;
	uint32_t sends;  /* the chunk's place among the sends of each relay, summed up */
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

/* Next groups of the plan's first group, hence of any at most. */
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

/* What a relay sends of each chunk of its subfile, at most. */
static uint32_t
sends_of(const struct sc_plan *plan)
{
	return plan->subfiles - 1 + next_groups(plan) - (has_relief(plan) ? 1 : 0);
}

/* The time of a row: whatever is busiest sets the pace. */
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

	return larger(larger(link, processor), larger(storage, round_trip / plan->window));
}

/* What a chunk for the next group loses to the sends that are under way when it
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
	/* What says that a file is empty takes the way of a chunk. */
	uint32_t chunks = plan->chunks > 0 ? plan->chunks : 1;
	double chunk_bytes = (double)plan->size_bytes / chunks;
	double k = plan->subfiles;
	double sends = sends_of(plan);
	struct pace pace = {0};
	double send_s;

	pace.chunks = chunks;
	pace.rows = (chunks - 1) / plan->subfiles + 1;
	pace.last_place = (chunks - 1) % plan->subfiles;
	pace.chunk_s = chunk_bytes / machine->link_bytes_per_s;
	send_s = larger(pace.chunk_s, machine->message_s);
	pace.hop_s = machine->latency_s + 2 * machine->message_s;
	/* A list to each of the group and its credits, one after the other. */
	pace.handshake_s = 2 * pace.hop_s + 2 * (k - 1) * machine->message_s;
	pace.read_s = chunk_bytes / machine->source_bytes_per_s;
	pace.write_s = chunk_bytes / machine->disk_bytes_per_s;
	pace.row_s = row_time(plan, machine, &pace);
	if (plan->store_and_forward) {
		/* A node that holds its subfile serves all its receivers by turns:
		 * the next one has the whole when all have it. */
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

/* The way to group g of a tree: the parents that link_tree in plan.c gives. */
static struct way
way_to(const struct tree *tree, uint32_t g)
{
	uint32_t capacity = tree->full * tree->branching;
	struct way way = {0};

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

/* What the missing member's subfile loses in so many short groups: it passes
 * from their first member to their last. */
static double
paths_time(const struct sc_plan *plan, const struct pace *pace, uint32_t shorts)
{
	/* In a file of few chunks that subfile is empty. */
	if (shorts == 0 || pace->chunks < plan->subfiles)
		return 0;
	return (double)shorts * (plan->subfiles - 2) * pace->path_s;
}

/* All leaves but the last one relieve a group (see plan.h). */
static bool
relieves(const struct sc_plan *plan, const struct tree *tree, uint32_t g)
{
	uint32_t child = g < tree->full ? 2 * g + 1 : g + tree->full + 1;

	return plan->subfiles > 1 && tree->branching > 1 && tree->full > 0 && tree->groups > 2 &&
	    child >= tree->groups && g + 1 < tree->groups;
}

/* From the last chunk in the first group to the last in the whole group g, and
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
 * The same for the group of a tree that is last.  The deepest are, and among
 * those of a depth the ones that are reached by most second sends.
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
	/* The last leaf relieves nobody: the one before it may be later. */
	if (tree->groups > 1)
		latest = larger(latest, group_time(plan, pace, tree, tree->groups - 2));
	if (heap > 2 * tree->full + 1)
		heap = 2 * tree->full + 1;
	while (2 * level <= heap)
		level *= 2;
	/* Groups level-1 .. heap-1 are the last level of a binary heap; a bit of
	 * a group's place in it is 1 for a second send. */
	place = heap - level;
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

/* When the first group of a tree has the last chunks of its own subfiles:
 * one file's time for each tree on the way, and the way within those. */
static double
start_time(const struct sc_plan *plan, const struct pace *pace, uint32_t t)
{
	double time_s = pace->handshake_s + pace->read_s + (pace->rows - 1) * pace->row_s +
	    pace->last_place * larger(pace->chunk_s, pace->read_s) + pace->chunk_s + pace->hop_s;

	/* In trees of one group each feeds the next: there may be many. */
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

		time_s += way_time(pace, &way) + pace->feed_s;
		time_s += paths_time(plan, pace, shorts);
		t = feeder / plan->tree_groups;
	}
	return time_s;
}

double
sc_cost_predict(const struct sc_plan *plan, const struct sc_cost_machine *machine)
{
	struct pace pace;
	struct tree tree;
	double latest = 0;
	double last_s;

	pace = pace_of(plan, machine);
	if (plan->recipients == 0)
		return larger(pace.read_s, pace.write_s) * (pace.chunks - 1) + pace.read_s +
		    pace.write_s;

	/* Later trees start later; the last may be too small to end last. */
	for (uint32_t back = 1; back <= 2 && back <= plan->trees; back++) {
		tree = tree_of(plan, plan->trees - back);
		latest = larger(latest,
		    start_time(plan, &pace, plan->trees - back) + tree_time(plan, &pace, &tree));
	}
	tree = tree_of(plan, 0);
	last_s = tree_time(plan, &pace, &tree);
	latest = larger(latest, start_time(plan, &pace, 0) + last_s);

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
