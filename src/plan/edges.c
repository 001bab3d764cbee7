/*
 * The edges of the plan: which node supplies which subfile to which, computed from the
 * groups: see plan.h.
 */
#include "plan/plan.h"

#include <assert.h>

const char *
sc_edge_kind_name(enum sc_edge_kind kind)
{
	static const char *const names[SC_EDGE_KINDS] = {
		[SC_EDGE_DISTRIBUTION] = "distribution",
		[SC_EDGE_COLLECTION] = "collection",
		[SC_EDGE_GROUP] = "group",
		[SC_EDGE_SECONDARY] = "secondary",
		[SC_EDGE_RELIEF] = "relief",
		[SC_EDGE_DETOUR] = "detour",
	};

	assert(kind < SC_EDGE_KINDS);
	return names[kind];
}

bool
sc_edge_waits_for_whole(const struct sc_plan *plan, const struct sc_edge *edge)
{
	return edge->kind == SC_EDGE_SECONDARY ||
	    (plan->store_and_forward && edge->from != SC_ORIGIN);
}

/* The member of a group that gets the subfile from outside it. */
static uint32_t
entry_member(const struct sc_group *group, uint32_t subfile)
{
	return subfile < group->size ? subfile : 0;
}

/* The groups that a group passes subfiles on to: its next groups, then the first of the tree that it
 * feeds.  Returns their number. */
static uint32_t
list_children(const struct sc_group *group, uint32_t children[SC_BRANCHING_MAX + 1])
{
	uint32_t count = 0;

	for (uint32_t q = 0; q < SC_BRANCHING_MAX; q++) {
		if (group->next[q] != SC_NONE)
			children[count++] = group->next[q];
	}
	if (group->feeds != SC_NONE)
		children[count++] = group->feeds;
	return count;
}

/*
 * The member of a group that passes the subfile on to child number q.  The
 * missing member's subfile leaves the group at the far end of its path: those members
 * get it last, but they have no other member to pass it on to, unlike the ones before them.
 */
static uint32_t
exit_member(const struct sc_group *group, uint32_t subfile, uint32_t q)
{
	assert(group->size > 0);
	if (subfile < group->size)
		return subfile;
	return group->size - 1 - q % group->size;
}

static struct sc_edge
supplier_outside(const struct sc_plan *plan, const struct sc_group *group, uint32_t node,
    uint32_t subfile)
{
	struct sc_edge edge = {SC_ORIGIN, node, subfile, SC_EDGE_DISTRIBUTION};
	uint32_t children[SC_BRANCHING_MAX + 1];
	const struct sc_group *parent;
	uint32_t count;
	uint32_t q = 0;

	if (group->parent == SC_NONE)
		return edge;
	parent = &plan->groups[group->parent];
	count = list_children(parent, children);
	while (q < count && &plan->groups[children[q]] != group)
		q++;
	assert(q < count);
	edge.from = parent->first_node + exit_member(parent, subfile, q);
	edge.kind = group->tree == parent->tree ? SC_EDGE_GROUP : SC_EDGE_SECONDARY;
	return edge;
}

/* Does the missing member's subfile travel along a path?  Where no other group waits for
 * it, a binary tree brings it to all members sooner: a member may then send it twice. */
static bool
uses_path(const struct sc_group *group)
{
	return group->next[0] != SC_NONE || group->feeds != SC_NONE || group->relieves != SC_NONE;
}

/* The member that gets a subfile from the leaf that relieves its group: the
 * last one that the subfile's own member would have served, the one before it. */
static uint32_t
relieved_member(const struct sc_group *group, uint32_t subfile)
{
	assert(subfile < group->size); /* a relieved group has two next groups, and so is full */
	return (subfile + group->size - 1) % group->size;
}

struct sc_edge
sc_plan_supplier(const struct sc_plan *plan, uint32_t node, uint32_t subfile)
{
	uint32_t member;
	const struct sc_group *group = &plan->groups[sc_plan_group_of(plan, node, &member)];
	struct sc_edge edge = {SC_ORIGIN, node, subfile, SC_EDGE_COLLECTION};

	assert(subfile < plan->subfiles);
	if (member == entry_member(group, subfile))
		return supplier_outside(plan, group, node, subfile);
	if (group->relieved_by != SC_NONE && member == relieved_member(group, subfile)) {
		const struct sc_group *leaf = &plan->groups[group->relieved_by];

		edge.from = leaf->first_node + exit_member(leaf, subfile, 0);
		edge.kind = SC_EDGE_RELIEF;
	} else if (subfile < group->size)
		edge.from = group->first_node + subfile;
	else if (uses_path(group))
		edge.from = node - 1;
	else
		edge.from = group->first_node + (member - 1) / 2;
	assert(edge.from != node);
	return edge;
}

/* The receivers of a member within its own group. */
static uint32_t
list_collection(const struct sc_group *group, uint32_t member, uint32_t subfile,
    struct sc_edge *edges)
{
	uint32_t node = group->first_node + member;
	struct sc_edge edge = {node, 0, subfile, SC_EDGE_COLLECTION};
	uint32_t count = 0;

	if (subfile < group->size) {
		uint32_t end = group->size - (group->relieved_by != SC_NONE);

		for (uint32_t d = 1; member == subfile && d < end; d++) {
			edge.to = group->first_node + (member + d) % group->size;
			edges[count++] = edge;
		}
	} else if (uses_path(group)) {
		edge.to = node + 1;
		if (member + 1 < group->size)
			edges[count++] = edge;
	} else {
		for (uint32_t a = 2 * member + 1; a <= 2 * member + 2 && a < group->size; a++) {
			edge.to = group->first_node + a;
			edges[count++] = edge;
		}
	}
	return count;
}

/* To the member of another group that gets the subfile from outside it. */
static struct sc_edge
edge_into(const struct sc_plan *plan, uint32_t node, uint32_t subfile, uint32_t child,
    enum sc_edge_kind kind)
{
	const struct sc_group *group = &plan->groups[child];

	return (struct sc_edge){
		node, group->first_node + entry_member(group, subfile), subfile, kind};
}

uint32_t
sc_plan_receivers(const struct sc_plan *plan, uint32_t node, uint32_t subfile,
    struct sc_edge edges[SC_RECEIVERS_MAX])
{
	const struct sc_group *group;
	uint32_t member;
	uint32_t count = 0;
	uint32_t q;

	assert(subfile < plan->subfiles);
	if (node == SC_ORIGIN) {
		if (plan->group_count == 0)
			return 0;
		edges[0] = edge_into(plan, SC_ORIGIN, subfile, 0, SC_EDGE_DISTRIBUTION);
		return 1;
	}
	/* The other groups before the own one: depth costs more than breadth. */
	group = &plan->groups[sc_plan_group_of(plan, node, &member)];
	for (q = 0; q < SC_BRANCHING_MAX && group->next[q] != SC_NONE; q++) {
		if (exit_member(group, subfile, q) == member)
			edges[count++] =
			    edge_into(plan, node, subfile, group->next[q], SC_EDGE_GROUP);
	}
	count += list_collection(group, member, subfile, edges + count);
	if (group->feeds != SC_NONE && exit_member(group, subfile, q) == member)
		edges[count++] = edge_into(plan, node, subfile, group->feeds, SC_EDGE_SECONDARY);
	if (group->relieves != SC_NONE && exit_member(group, subfile, 0) == member) {
		const struct sc_group *relieved = &plan->groups[group->relieves];

		edges[count++] = (struct sc_edge){node,
			relieved->first_node + relieved_member(relieved, subfile), subfile,
			SC_EDGE_RELIEF};
	}
	assert(count <= SC_RECEIVERS_MAX);
	return count;
}

uint32_t
sc_plan_parent(const struct sc_plan *plan, uint32_t node)
{
	uint32_t member;

	sc_plan_group_of(plan, node, &member);
	return sc_plan_supplier(plan, node, member).from;
}

uint32_t
sc_plan_children(const struct sc_plan *plan, uint32_t node, uint32_t children[SC_RECEIVERS_MAX])
{
	uint32_t groups[SC_BRANCHING_MAX + 1];
	const struct sc_group *group;
	uint32_t member;
	uint32_t group_count;
	uint32_t count = 0;

	if (node == SC_ORIGIN) {
		uint32_t size = plan->group_count == 0 ? 0 : plan->groups[0].size;

		for (; count < size; count++)
			children[count] = plan->groups[0].first_node + count;
		return count;
	}
	group = &plan->groups[sc_plan_group_of(plan, node, &member)];
	group_count = list_children(group, groups);
	for (uint32_t q = 0; q < group_count; q++) {
		/* No group is larger than its parent: each of its members has a counterpart,
		 * which is its parent in the control tree. */
		assert(plan->groups[groups[q]].size <= group->size);
		if (member < plan->groups[groups[q]].size)
			children[count++] = plan->groups[groups[q]].first_node + member;
	}
	return count;
}

/* Add a node that is not among them yet. */
static uint32_t
add_peer(uint32_t peers[SC_PEERS_MAX], uint32_t count, uint32_t node)
{
	for (uint32_t i = 0; i < count; i++) {
		if (peers[i] == node)
			return count;
	}
	assert(count < SC_PEERS_MAX);
	peers[count] = node;
	return count + 1;
}

uint32_t
sc_plan_peers(const struct sc_plan *plan, uint32_t node, uint32_t peers[SC_PEERS_MAX])
{
	struct sc_edge edges[SC_RECEIVERS_MAX];
	uint32_t count = 0;

	for (uint32_t i = 0; plan->group_count > 0 && i < plan->subfiles; i++) {
		uint32_t receivers = sc_plan_receivers(plan, node, i, edges);

		for (uint32_t e = 0; e < receivers; e++)
			count = add_peer(peers, count, edges[e].to);
		if (node != SC_ORIGIN)
			count = add_peer(peers, count, sc_plan_supplier(plan, node, i).from);
	}
	return count;
}
