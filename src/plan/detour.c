/*
 * Detours: see detour.h.
 */
#include "plan/detour.h"

#include <assert.h>
#include <stdlib.h>

/* The parts of a list of suppliers, in order. */
enum stage {
	STAGE_LATE, /* the own group, from the one before this node to the one after the own member */
	STAGE_PLANNED,
	STAGE_OWN_MEMBER, /* where a relief edge is void */
	STAGE_PATH,       /* the own group, from the one before this node to the path's start */
	STAGE_FAR_END,    /* such a path around a torpid one of the previous group, from its end */
	STAGE_CHAIN,      /* upwards along those who supply the subfile to each other */
	STAGE_GROUPS,     /* the previous groups, each from the counterpart on */
	STAGE_BUDDY,
	STAGE_ORIGIN,
	STAGE_END,
};

/*
 * Does a leaf still get the subfile along members that get it only from each other?
 * A member of the subfile's own number does, whoever else fails.  Where the subfile has no
 * member, it goes along a path through the short groups, all of which come last.
 */
static bool
relief_holds(const struct sc_plan *plan, const struct sc_roster *roster, uint32_t leaf,
    uint32_t subfile)
{
	const struct sc_group *group = &plan->groups[leaf];

	if (subfile < group->size)
		return sc_roster_relays(roster, group->first_node + subfile);
	for (;;) {
		for (uint32_t i = 0; i < group->size; i++) {
			if (!sc_roster_relays(roster, group->first_node + i))
				return false;
		}
		if (group->parent == SC_NONE || subfile < plan->groups[group->parent].size)
			return true;
		group = &plan->groups[group->parent];
	}
}

void
sc_detour_begin(struct sc_detour *detour, const struct sc_plan *plan,
    const struct sc_roster *roster, uint32_t node, uint32_t subfile)
{
	assert(node != SC_ORIGIN && node <= plan->recipients && subfile < plan->subfiles);
	*detour = (struct sc_detour){
		.plan = plan,
		.roster = roster,
		.node = node,
		.subfile = subfile,
		.stage = STAGE_PLANNED,
	};
}

void
sc_detour_begin_late(struct sc_detour *detour, const struct sc_plan *plan,
    const struct sc_roster *roster, uint32_t node, uint32_t subfile)
{
	uint32_t member;
	uint32_t index = sc_plan_group_of(plan, node, &member);
	const struct sc_group *group = &plan->groups[index];

	sc_detour_begin(detour, plan, roster, node, subfile);
	if (sc_plan_supplier(plan, node, subfile).kind != SC_EDGE_COLLECTION ||
	    subfile >= group->size || !sc_roster_relays(roster, group->first_node + subfile))
		return;
	detour->stage = STAGE_LATE;
	detour->at = index;
	detour->member = (member + group->size - subfile) % group->size;
}

/*
 * Do the members of a group pass a subfile on along a path, if its own member is out?  Always,
 * if the group has no previous one to share the load; and around one that is torpid.
 */
static bool
has_path(const struct sc_detour *detour, const struct sc_group *group)
{
	uint32_t own = group->first_node + detour->subfile;

	return detour->subfile < group->size &&
	    (group->parent == SC_NONE || !sc_roster_failed(detour->roster, own));
}

/*
 * The member where a group's path begins: the buddy, if it is one of them, as it has the subfile
 * by itself; else after the subfile's own member, who is out.  A group that is relieved has
 * to keep its order, as its last one gets the subfile from those who wait for the path's end.
 */
static uint32_t
path_start(const struct sc_detour *detour, const struct sc_group *group)
{
	uint32_t buddy = detour->roster->buddy;

	if (buddy != SC_NONE && group->relieved_by == SC_NONE && buddy >= group->first_node &&
	    buddy - group->first_node < group->size && sc_roster_relays(detour->roster, buddy))
		return buddy - group->first_node;
	return detour->subfile;
}

/* The node of a group's path that is so far from its start. */
static uint32_t
on_path(const struct sc_detour *detour, const struct sc_group *group)
{
	return group->first_node + (path_start(detour, group) + detour->member) % group->size;
}

/* What follows in a group if the subfile's own member is out. */
static void
leave_own_member(struct sc_detour *detour)
{
	uint32_t member;
	uint32_t index = sc_plan_group_of(detour->plan, detour->node, &member);
	const struct sc_group *group = &detour->plan->groups[index];

	if (has_path(detour, group)) {
		detour->stage = STAGE_PATH;
		detour->at = index;
		detour->member = (member + group->size - path_start(detour, group)) % group->size;
	} else {
		detour->stage = STAGE_GROUPS;
		detour->at = group->parent;
		detour->member = 0;
	}
}

/* What follows for the node that gets the subfile from outside its group. */
static void
leave_supplier(struct sc_detour *detour, uint32_t supplier)
{
	const struct sc_group *group;

	detour->stage = STAGE_CHAIN;
	detour->at = supplier;
	if (supplier == SC_ORIGIN)
		return;
	detour->group = sc_plan_group_of(detour->plan, supplier, &detour->member);
	group = &detour->plan->groups[detour->group];
	if (sc_roster_failed(detour->roster, supplier) || detour->subfile >= group->size)
		return;
	detour->stage = STAGE_FAR_END;
	/* The last one is relieved: it gets the subfile from those who wait for this node. */
	detour->member = group->size - (group->relieved_by != SC_NONE);
}

/* The planned supplier; where the walk goes on is set for what comes next. */
static uint32_t
planned(struct sc_detour *detour)
{
	struct sc_edge edge = sc_plan_supplier(detour->plan, detour->node, detour->subfile);
	uint32_t member;
	uint32_t group = sc_plan_group_of(detour->plan, detour->node, &member);

	if (edge.kind == SC_EDGE_RELIEF)
		detour->stage = STAGE_OWN_MEMBER;
	else if (edge.kind == SC_EDGE_COLLECTION)
		leave_own_member(detour);
	else
		leave_supplier(detour, edge.from);
	if (edge.kind == SC_EDGE_RELIEF && !sc_roster_is_whole(detour->roster) &&
	    !relief_holds(detour->plan, detour->roster, detour->plan->groups[group].relieved_by,
		detour->subfile))
		return SC_NONE;
	return edge.from;
}

static uint32_t
own_member(struct sc_detour *detour)
{
	uint32_t member;
	uint32_t group = sc_plan_group_of(detour->plan, detour->node, &member);

	leave_own_member(detour);
	return detour->plan->groups[group].first_node + detour->subfile;
}

static uint32_t
next_of_path(struct sc_detour *detour)
{
	const struct sc_group *group = &detour->plan->groups[detour->at];

	if (detour->member > 0) {
		detour->member--;
		return on_path(detour, group);
	}
	/* Nobody is before this node: it gets the subfile from outside. */
	detour->stage = STAGE_CHAIN;
	detour->at = group->first_node + detour->subfile;
	return SC_NONE;
}

/* A buddy is not on this path: it has the source, and may stand in for somebody elsewhere. */
static uint32_t
next_of_late(struct sc_detour *detour)
{
	const struct sc_group *group = &detour->plan->groups[detour->at];
	uint32_t buddy = detour->roster->buddy;
	uint32_t node;

	if (detour->node == buddy) {
		detour->stage = STAGE_PLANNED;
		return buddy;
	}
	while (detour->member > 1) {
		detour->member--;
		node = group->first_node + (detour->subfile + detour->member) % group->size;
		if (node != buddy)
			return node;
	}
	detour->stage = STAGE_PLANNED;
	return SC_NONE;
}

static uint32_t
next_of_far_end(struct sc_detour *detour)
{
	if (detour->member > 0) {
		detour->member--;
		return on_path(detour, &detour->plan->groups[detour->group]);
	}
	detour->stage = STAGE_CHAIN;
	return SC_NONE;
}

static uint32_t
next_of_chain(struct sc_detour *detour)
{
	if (detour->at != SC_ORIGIN)
		detour->at = sc_plan_supplier(detour->plan, detour->at, detour->subfile).from;
	if (detour->at != SC_ORIGIN)
		return detour->at;
	detour->stage = STAGE_BUDDY;
	return SC_NONE;
}

static uint32_t
next_of_groups(struct sc_detour *detour)
{
	const struct sc_group *group;
	uint32_t member;
	uint32_t distance = detour->member++;

	if (detour->at == SC_NONE) {
		detour->stage = STAGE_BUDDY;
		return SC_NONE;
	}
	group = &detour->plan->groups[detour->at];
	if (distance == group->size) {
		detour->at = group->parent;
		detour->member = 0;
		return SC_NONE;
	}
	sc_plan_group_of(detour->plan, detour->node, &member);
	return group->first_node + (member + distance) % group->size;
}

/* The next on the list, whoever that is; SC_NONE where a part of it is empty. */
static uint32_t
next_listed(struct sc_detour *detour)
{
	switch ((enum stage)detour->stage) {
	case STAGE_LATE:
		return next_of_late(detour);
	case STAGE_PLANNED:
		return planned(detour);
	case STAGE_OWN_MEMBER:
		return own_member(detour);
	case STAGE_PATH:
		return next_of_path(detour);
	case STAGE_FAR_END:
		return next_of_far_end(detour);
	case STAGE_CHAIN:
		return next_of_chain(detour);
	case STAGE_GROUPS:
		return next_of_groups(detour);
	case STAGE_BUDDY:
		detour->stage = STAGE_ORIGIN;
		return detour->roster->buddy;
	case STAGE_ORIGIN:
		detour->stage = STAGE_END;
		return SC_ORIGIN;
	case STAGE_END:
		break;
	}
	return SC_NONE;
}

uint32_t
sc_detour_next(struct sc_detour *detour)
{
	for (;;) {
		uint32_t node = next_listed(detour);

		if (node != SC_NONE) {
			bool wanted = detour->torpid ? sc_roster_torpid(detour->roster, node) &&
				!sc_roster_failed(detour->roster, node)
						     : sc_roster_relays(detour->roster, node);
			/* Only a buddy can stand in for itself: it has the source. */
			if (wanted && (node != detour->node || node == detour->roster->buddy))
				return node;
		}
		if (detour->stage != STAGE_END)
			continue;
		if (detour->torpid || detour->roster->torpid.count == 0)
			return SC_NONE;
		detour->torpid = true;
		detour->stage = STAGE_PLANNED;
	}
}

uint32_t
sc_detour_supplier(const struct sc_plan *plan, const struct sc_roster *roster, uint32_t node,
    uint32_t subfile)
{
	struct sc_detour detour;

	if (sc_roster_is_whole(roster))
		return sc_plan_supplier(plan, node, subfile).from;
	sc_detour_begin(&detour, plan, roster, node, subfile);
	return sc_detour_next(&detour);
}

uint32_t
sc_detour_parent(const struct sc_plan *plan, const struct sc_roster *roster, uint32_t node)
{
	uint32_t leader = sc_roster_leader(roster);

	if (node == leader || node == SC_ORIGIN)
		return SC_NONE;
	do
		node = sc_plan_parent(plan, node);
	while (node != SC_ORIGIN && sc_roster_failed(roster, node));
	return node == SC_ORIGIN ? leader : node;
}

static void
append(struct sc_detour_nodes *nodes, const uint32_t *items, uint32_t count)
{
	if (nodes->count + count > nodes->capacity) {
		uint32_t capacity = 2 * (nodes->count + count);
		uint32_t *more = realloc(nodes->items, capacity * sizeof(*more));

		if (more == NULL)
			abort();
		nodes->items = more;
		nodes->capacity = capacity;
	}
	for (uint32_t i = 0; i < count; i++)
		nodes->items[nodes->count++] = items[i];
}

void
sc_detour_children(const struct sc_plan *plan, const struct sc_roster *roster, uint32_t node,
    struct sc_detour_nodes *children)
{
	uint32_t planned_children[SC_RECEIVERS_MAX];
	uint32_t leader = sc_roster_leader(roster);
	uint32_t at = 0;

	children->count = 0;
	append(children, planned_children, sc_plan_children(plan, node, planned_children));
	if (node == leader && node != SC_ORIGIN)
		append(children, planned_children,
		    sc_plan_children(plan, SC_ORIGIN, planned_children));
	/* Whoever has failed is replaced by his own children. */
	while (at < children->count) {
		uint32_t child = children->items[at];

		if (child != leader && !sc_roster_failed(roster, child)) {
			at++;
			continue;
		}
		children->items[at] = children->items[--children->count];
		if (child != leader)
			append(children, planned_children,
			    sc_plan_children(plan, child, planned_children));
	}
}
