/*
 * Detours: the list of suppliers, part by part, and the control tree: see detour.h.
 */
#include "plan/detour.h"

#include "base/vector.h"

#include <assert.h>

/* One pass over the list of suppliers of a recipient's subfile. */
struct pass {
	const struct sc_plan *plan;
	const struct sc_roster *roster;
	const struct sc_group *group; /* the recipient's */
	uint32_t node;
	uint32_t member; /* the recipient's place in its group */
	uint32_t subfile;
	bool torpid; /* look for torpid nodes, in the second pass, and not for those that relay */
	sc_detour_accepts *accepts;
	const void *context;
};

/* Does the pass end at this node?  SC_NONE, where there is no buddy, is no node. */
static bool
counts(const struct pass *pass, uint32_t supplier)
{
	const struct sc_roster *roster = pass->roster;

	if (supplier == SC_NONE || sc_roster_failed(roster, supplier) ||
	    sc_roster_torpid(roster, supplier) != pass->torpid)
		return false;
	assert(supplier < roster->nodes);
	/* Only a buddy can stand in for itself: it has the source. */
	if (supplier == pass->node && supplier != roster->buddy)
		return false;
	return pass->accepts == NULL || pass->accepts(pass->context, supplier);
}

/* The node of the group whose subfile it is by the plan; SC_NONE if the group is too short. */
static uint32_t
own_member(const struct sc_group *group, uint32_t subfile)
{
	return subfile < group->size ? group->first_node + subfile : SC_NONE;
}

/*
 * Does a leaf still get the subfile along members that get it only from each other?
 * A member of the subfile's own number does, whichever others fail.  Where the subfile has no
 * member, it goes along a path through the short groups, all of which come last.
 */
static bool
relief_holds(const struct pass *pass, const struct sc_group *leaf)
{
	const struct sc_group *group = leaf;

	if (pass->subfile < group->size)
		return sc_roster_relays(pass->roster, group->first_node + pass->subfile);
	do {
		for (uint32_t i = 0; i < group->size; i++) {
			if (!sc_roster_relays(pass->roster, group->first_node + i))
				return false;
		}
		if (group->parent == SC_NONE)
			return true;
		group = &pass->plan->groups[group->parent];
	} while (pass->subfile >= group->size);
	return true;
}

/*
 * The member where a group's path begins: the buddy, if it is a member that relays, as it has the
 * subfile by itself; else the subfile's own member, which is out: the next one is the first that
 * counts.  A group that is relieved has to keep its order, as its last member gets the
 * subfile from nodes that wait for the path's end.
 */
static uint32_t
path_start(const struct pass *pass, const struct sc_group *group)
{
	uint32_t buddy = pass->roster->buddy;

	if (buddy != SC_NONE && group->relieved_by == SC_NONE && buddy >= group->first_node &&
	    buddy - group->first_node < group->size && sc_roster_relays(pass->roster, buddy))
		return buddy - group->first_node;
	return pass->subfile;
}

/* Back along a group's path: the first that counts of the members that are fewer than `end` steps
 * from its start. */
static uint32_t
first_on_path(const struct pass *pass, const struct sc_group *group, uint32_t end)
{
	uint32_t start = path_start(pass, group);

	assert(start < group->size && end <= group->size);
	for (uint32_t i = 1; i <= end; i++) {
		uint32_t supplier = group->first_node + (start + end - i) % group->size;

		if (counts(pass, supplier))
			return supplier;
	}
	return SC_NONE;
}

/* Upwards along the nodes that supply the subfile to each other by the plan. */
static uint32_t
first_of_chain(const struct pass *pass, uint32_t node)
{
	while (node != SC_ORIGIN) {
		node = sc_plan_supplier(pass->plan, node, pass->subfile).from;
		if (node != SC_ORIGIN && counts(pass, node))
			return node;
	}
	return SC_NONE; /* the origin's turn is after the buddy's */
}

/* The previous groups, each from the recipient's counterpart on. */
static uint32_t
first_of_groups(const struct pass *pass)
{
	uint32_t index = pass->group->parent;

	while (index != SC_NONE) {
		const struct sc_group *group = &pass->plan->groups[index];

		for (uint32_t i = 0; i < group->size; i++) {
			uint32_t supplier = group->first_node + (pass->member + i) % group->size;

			if (counts(pass, supplier))
				return supplier;
		}
		index = group->parent;
	}
	return SC_NONE;
}

/*
 * For a recipient that gets the subfile within its group, after the planned supplier.  If
 * the subfile's own member is out, its group passes the subfile on along a path where it has no
 * previous group to share the load, and around a member that is only torpid.
 */
static uint32_t
first_inside(const struct pass *pass)
{
	const struct sc_group *group = pass->group;
	uint32_t own = own_member(group, pass->subfile);
	uint32_t steps;
	uint32_t found;

	if (counts(pass, own))
		return own;
	if (own == SC_NONE || (group->parent != SC_NONE && sc_roster_failed(pass->roster, own)))
		return first_of_groups(pass);
	steps = (pass->member + group->size - path_start(pass, group)) % group->size;
	found = first_on_path(pass, group, steps);
	/* Without a member before it on the path, it gets the subfile from outside. */
	return found != SC_NONE ? found : first_of_chain(pass, own);
}

/*
 * For a recipient that gets the subfile from outside its group, after the planned supplier.  Around
 * one that is only torpid its group has a path, and the far end of that supplies.
 */
static uint32_t
first_outside(const struct pass *pass, uint32_t planned)
{
	const struct sc_group *group;
	uint32_t member;
	uint32_t found = SC_NONE;

	if (planned == SC_ORIGIN)
		return SC_NONE;
	group = &pass->plan->groups[sc_plan_group_of(pass->plan, planned, &member)];
	/* The last member of a relieved group waits for the leaf, and so for this node. */
	if (pass->subfile < group->size && !sc_roster_failed(pass->roster, planned))
		found = first_on_path(pass, group, group->size - (group->relieved_by != SC_NONE));
	return found != SC_NONE ? found : first_of_chain(pass, planned);
}

/*
 * Before the list, for a subfile that is late: where its own member relays, the members between
 * that one and the recipient, the nearest first.  The buddy is not one of them: it has the source
 * itself, and may stand in for a failed node elsewhere.
 */
static uint32_t
first_of_late(const struct pass *pass, const struct sc_edge *planned)
{
	const struct sc_group *group = pass->group;
	uint32_t own = own_member(group, pass->subfile);
	uint32_t buddy = pass->roster->buddy;
	uint32_t steps;

	if (planned->kind != SC_EDGE_COLLECTION || own == SC_NONE ||
	    !sc_roster_relays(pass->roster, own))
		return SC_NONE;
	if (pass->node == buddy)
		return counts(pass, buddy) ? buddy : SC_NONE;
	steps = (pass->member + group->size - pass->subfile) % group->size;
	for (uint32_t i = 1; i < steps; i++) {
		uint32_t supplier = group->first_node + (pass->subfile + steps - i) % group->size;

		if (supplier != buddy && counts(pass, supplier))
			return supplier;
	}
	return SC_NONE;
}

static uint32_t
first_in_pass(const struct pass *pass, const struct sc_edge *planned)
{
	uint32_t found;

	if ((planned->kind != SC_EDGE_RELIEF ||
		relief_holds(pass, &pass->plan->groups[pass->group->relieved_by])) &&
	    counts(pass, planned->from))
		return planned->from;
	if (planned->kind == SC_EDGE_RELIEF || planned->kind == SC_EDGE_COLLECTION)
		found = first_inside(pass);
	else
		found = first_outside(pass, planned->from);
	if (found == SC_NONE && counts(pass, pass->roster->buddy))
		found = pass->roster->buddy;
	if (found == SC_NONE && counts(pass, SC_ORIGIN))
		found = SC_ORIGIN;
	return found;
}

uint32_t
sc_detour_first(const struct sc_plan *plan, const struct sc_roster *roster, uint32_t node,
    uint32_t subfile, bool late, sc_detour_accepts *accepts, const void *context)
{
	struct sc_edge planned = sc_plan_supplier(plan, node, subfile);
	struct pass pass = {
		.plan = plan,
		.roster = roster,
		.node = node,
		.subfile = subfile,
		.accepts = accepts,
		.context = context,
	};
	uint32_t found = SC_NONE;

	assert(node != SC_ORIGIN && roster->nodes == plan->recipients + 1);
	pass.group = &plan->groups[sc_plan_group_of(plan, node, &pass.member)];
	if (late)
		found = first_of_late(&pass, &planned);
	if (found == SC_NONE)
		found = first_in_pass(&pass, &planned);
	if (found == SC_NONE && roster->torpid.count > 0) {
		pass.torpid = true;
		found = first_in_pass(&pass, &planned);
	}
	assert(found == SC_NONE || found < roster->nodes);
	return found;
}

uint32_t
sc_detour_supplier(const struct sc_plan *plan, const struct sc_roster *roster, uint32_t node,
    uint32_t subfile)
{
	if (sc_roster_is_whole(roster))
		return sc_plan_supplier(plan, node, subfile).from;
	return sc_detour_first(plan, roster, node, subfile, false, NULL, NULL);
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

/* Append a node's children by the plan. */
static void
append_children(struct sc_detour_nodes *nodes, const struct sc_plan *plan, uint32_t node)
{
	uint32_t planned[SC_RECEIVERS_MAX];
	uint32_t count = sc_plan_children(plan, node, planned);

	nodes->items = sc_vector_must32(nodes->items, nodes->count + count, &nodes->capacity,
	    sizeof(*nodes->items));
	for (uint32_t i = 0; i < count; i++)
		nodes->items[nodes->count++] = planned[i];
}

void
sc_detour_children(const struct sc_plan *plan, const struct sc_roster *roster, uint32_t node,
    struct sc_detour_nodes *children)
{
	uint32_t leader = sc_roster_leader(roster);
	uint32_t at = 0;

	children->count = 0;
	append_children(children, plan, node);
	if (node == leader && node != SC_ORIGIN)
		append_children(children, plan, SC_ORIGIN);
	/* A failed child is replaced by its own children.  The leader is the root, no child. */
	while (at < children->count) {
		uint32_t child = children->items[at];

		if (child != leader && !sc_roster_failed(roster, child)) {
			at++;
			continue;
		}
		children->items[at] = children->items[--children->count];
		if (child != leader)
			append_children(children, plan, child);
	}
}
