/*
 * The least time of a staging: see bound.h.
 *
 * Only chunks of full length are counted, the machine's fastest link stands
 * for all, jitter is at its best, and times are whole nanoseconds, rounded
 * down as the simulator does.  Uplinks, credits on their way and waiting for another node's turn
 * are left out: each of these can only add.
 *
 * For the members of a group, from the origin down:
 *
 *   begin   a first chunk can't be sent to one of them before its sender has
 *           it, or, on an edge that waits for the whole, has a subfile stored
 *   first   then it passes a link and a latency, at full rate at best
 *   last    the file's last chunk can't be loaded before the origin has a slot for it,
 *           that is, has sent all but as many as it has slots, in order
 *
 * From there on a member has to receive the file through its link, to send its
 * subfile to each of its receivers, to handle a message for each of these
 * chunks and its part of the credits, and to write the file.
 */
#include "sim/bound.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

/* The part of a message that the simulator's network may round away. */
static const double rounding_bytes = 0.01;

/* Nanoseconds. */
struct pace {
	double read;
	double write;
	double wire; /* a chunk on a link */
	double latency;
	double message; /* at each end */
	double hop;     /* from a sender that has a chunk to a receiver that has it */
	double commit;
	uint32_t chunks; /* of full length */
};

struct moments {
	double begin;
	double tail; /* the last chunk of the subfile that ends first is there */
	double last; /* and the last chunk of the file */
};

static double
best_link(const struct sc_machine *machine)
{
	double factor = 1;

	for (uint32_t i = 0; i < machine->slow_count; i++)
		factor = fmax(factor, machine->slow[i].factor);
	return machine->base.link_bytes_per_s * factor;
}

static struct pace
pace_of(const struct sc_plan *plan, const struct sc_machine *machine)
{
	const struct sc_cost_machine *base = &machine->base;
	double operation = floor(machine->operation_s * 1e9);
	double bytes = plan->chunk_bytes;
	double best = 1 - machine->jitter;
	struct pace pace;

	pace.read = floor((operation + bytes / base->source_bytes_per_s * 1e9) * best);
	pace.write = floor((operation + bytes / base->disk_bytes_per_s * 1e9) * best);
	pace.wire = (bytes * best - rounding_bytes) / best_link(machine) * 1e9;
	pace.latency = floor(base->latency_s * 1e9 * best);
	pace.message = floor(base->message_s * 1e9);
	pace.hop = pace.message + pace.wire + pace.latency + pace.message;
	pace.commit = floor(machine->commit_s * 1e9);
	pace.chunks = (uint32_t)(plan->size_bytes / plan->chunk_bytes);
	return pace;
}

/* The origin has loaded a chunk, and so all before it. */
static double
loaded(const struct sc_plan *plan, const struct pace *pace, uint32_t chunk)
{
	double read = (chunk + 1.) * pace->read;

	if (chunk < plan->slots)
		return read;
	return fmax(read, (chunk + 1. - plan->slots) * pace->wire + pace->read);
}

/* A member of the group has stored all full chunks of some subfile. */
static double
held(const struct sc_plan *plan, const struct pace *pace, const struct moments *group)
{
	double received = group->begin + pace->hop;
	double more = (double)(pace->chunks / plan->subfiles) - 1;

	if (more > 0)
		received += more * pace->wire;
	return fmax(received, group->tail) + pace->write;
}

static struct moments
moments_of(const struct sc_plan *plan, const struct pace *pace, const struct moments *groups,
    uint32_t g)
{
	const struct sc_group *group = &plan->groups[g];
	struct sc_edge edge = {.from = SC_ORIGIN, .kind = SC_EDGE_DISTRIBUTION};
	const struct moments *parent;
	uint32_t tail = pace->chunks > plan->subfiles ? pace->chunks - plan->subfiles : 0;

	if (group->parent == SC_NONE)
		return (struct moments){pace->read, loaded(plan, pace, tail) + pace->hop,
			loaded(plan, pace, pace->chunks - 1) + pace->hop};
	assert(group->parent < g);
	parent = &groups[group->parent];
	edge.from = plan->groups[group->parent].first_node;
	edge.kind =
	    plan->groups[group->parent].tree == group->tree ? SC_EDGE_GROUP : SC_EDGE_SECONDARY;
	return (struct moments){sc_edge_waits_for_whole(plan, &edge) ? held(plan, pace, parent)
								     : parent->begin + pace->hop,
		parent->tail + pace->hop, parent->last + pace->hop};
}

/* The processor of a member: a message a chunk, and one a credit, which is of
 * a window at most. */
static double
handled(const struct sc_plan *plan, const struct pace *pace, double sends, double edges)
{
	double received = pace->chunks;
	double credits = ceil(received / plan->window) + edges * ceil(sends / plan->window);

	return (received + edges * sends + credits) * pace->message;
}

/* A member of the group, or one that it serves, has the file stored. */
static double
group_end(const struct sc_plan *plan, const struct pace *pace, const struct moments *group,
    uint32_t g)
{
	struct sc_edge edges[SC_RECEIVERS_MAX];
	/* The first member's own subfile, which is the longest. */
	double receivers = sc_plan_receivers(plan, plan->groups[g].first_node, 0, edges);
	double subfile = ceil((double)pace->chunks / plan->subfiles);
	double first = group->begin + pace->hop;
	double end = fmax(group->last, first + (pace->chunks - 1.) * pace->wire);

	if (receivers > 0)
		end = fmax(end, first + pace->hop + (receivers * subfile - 1) * pace->wire);
	end = fmax(end, handled(plan, pace, subfile, receivers));
	/* The last chunk is written when it has arrived; and all are written one after the other. */
	return fmax(end + pace->write, first + pace->chunks * pace->write);
}

double
sc_bound_least_s(const struct sc_plan *plan, const struct sc_machine *machine)
{
	struct pace pace = pace_of(plan, machine);
	struct moments *groups;
	double end = 0;

	if (plan->group_count == 0 || pace.chunks == 0)
		return 0;
	assert(plan->groups != NULL);
	groups = malloc(plan->group_count * sizeof(*groups));
	if (groups == NULL)
		abort();
	for (uint32_t g = 0; g < plan->group_count; g++) {
		groups[g] = moments_of(plan, &pace, groups, g);
		end = fmax(end, group_end(plan, &pace, &groups[g], g));
	}
	free(groups);
	return (end + pace.commit) * 1e-9;
}
