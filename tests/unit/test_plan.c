/*
 * The edges of the plan, exhaustively for small numbers: every recipient gets
 * every subfile once, nobody sends or connects more than promised, and the
 * arithmetic of both ends of an edge agrees.
 */
#include "lib/plans.h"
#include "lib/shapes.h"
#include "lib/suite.h"
#include "plan/cost.h"
#include "plan/plan.h"

#include <inttypes.h>

/* Next groups of a node's group; *feeds is 1 if it feeds a tree. */
static uint32_t
next_groups(const struct sc_plan *plan, uint32_t node, uint32_t *feeds)
{
	uint32_t member;
	const struct sc_group *group = &plan->groups[sc_plan_group_of(plan, node, &member)];

	*feeds = group->feeds != SC_NONE;
	return (group->next[0] != SC_NONE ? 1u : 0u) + (group->next[1] != SC_NONE ? 1u : 0u);
}

static bool
same_edge(const struct sc_edge *a, const struct sc_edge *b)
{
	return a->from == b->from && a->to == b->to && a->subfile == b->subfile &&
	    a->kind == b->kind;
}

/* Walk a subfile's edges from the origin, breadth first. */
static void
check_delivery_of(struct check *check, uint32_t subfile)
{
	const struct sc_plan *plan = &check->plan;
	static struct sc_edge edges[SC_RECEIVERS_MAX];
	uint32_t queue[N_MAX + 1];
	uint32_t arrivals[N_MAX + 1] = {0};
	uint32_t head = 0;
	uint32_t tail = 0;

	queue[tail++] = SC_ORIGIN;
	while (head < tail) {
		uint32_t from = queue[head++];
		uint32_t count = sc_plan_receivers(plan, from, subfile, edges);

		for (uint32_t e = 0; e < count; e++) {
			uint32_t to = edges[e].to;
			struct sc_edge back;

			if (edges[e].from != from || edges[e].subfile != subfile || to == 0 ||
			    to > plan->recipients) {
				violation(check, "a wrong edge from %" PRIu32, from);
				continue;
			}
			back = sc_plan_supplier(plan, to, subfile);
			if (!same_edge(&edges[e], &back))
				violation(check,
				    "subfile %" PRIu32 " goes %" PRIu32 "-%" PRIu32
				    ", the supplier is %" PRIu32,
				    subfile, from, to, back.from);
			/* Each is queued once, so that a cycle ends the walk, too. */
			if (arrivals[to]++ == 0)
				queue[tail++] = to;
		}
	}
	for (uint32_t node = 1; node <= plan->recipients; node++) {
		if (arrivals[node] != 1)
			violation(check, "%" PRIu32 " gets subfile %" PRIu32 " %" PRIu32 " times",
			    node, subfile, arrivals[node]);
	}
}

static void
check_delivery(struct check *check)
{
	for (uint32_t i = 0; i < check->plan.subfiles; i++)
		check_delivery_of(check, i);
}

static void
test_everyone_gets_every_subfile_once(void)
{
	for_every_plan(check_delivery);
}

static uint32_t
units_sent(const struct sc_plan *plan, uint32_t node)
{
	static struct sc_edge edges[SC_RECEIVERS_MAX];
	uint32_t units = 0;

	for (uint32_t i = 0; i < plan->subfiles; i++)
		units += sc_plan_receivers(plan, node, i, edges);
	return units;
}

/* In subfiles; the file has k of them. */
static uint32_t
units_allowed(struct check *check, uint32_t node)
{
	const struct sc_plan *plan = &check->plan;
	uint32_t feeds;
	uint32_t nexts = next_groups(plan, node, &feeds);
	uint32_t member;
	bool full = sc_plan_group_of(plan, node, &member) < plan->full_groups;

	if (!full && nexts == 2)
		violation(check, "the short group of %" PRIu32 " has two next groups", node);
	/* With nobody else in its group a member has no send that a leaf could take over. */
	if (plan->subfiles == 1)
		return nexts + feeds;
	if (feeds == 0)
		return plan->subfiles;
	return plan->subfiles + (full ? 1 : 2);
}

static void
check_load(struct check *check)
{
	const struct sc_plan *plan = &check->plan;
	uint32_t expected = plan->recipients == 0 ? 0 : plan->subfiles;

	if (units_sent(plan, SC_ORIGIN) != expected)
		violation(check, "the origin sends %" PRIu32, units_sent(plan, SC_ORIGIN));
	for (uint32_t node = 1; node <= plan->recipients; node++) {
		uint32_t sent = units_sent(plan, node);
		uint32_t allowed = units_allowed(check, node);

		if (sent > allowed)
			violation(check, "%" PRIu32 " sends %" PRIu32 " subfiles of %" PRIu32, node,
			    sent, allowed);
	}
}

static void
test_nobody_sends_more_than_its_share(void)
{
	for_every_plan(check_load);
}

/* What relief costs a node in connections: the leaf's member, or the node that it
 * serves (two, where it passes on the subfile of a missing member). */
static uint32_t
relief_connections(const struct sc_plan *plan, uint32_t node)
{
	uint32_t member;
	const struct sc_group *group;

	if (node == SC_ORIGIN)
		return 0;
	group = &plan->groups[sc_plan_group_of(plan, node, &member)];
	if (group->relieves != SC_NONE)
		return group->size == plan->subfiles ? 1 : 2;
	return group->relieved_by != SC_NONE;
}

static void
check_connections(struct check *check)
{
	const struct sc_plan *plan = &check->plan;
	uint32_t most_nexts = 0;
	uint32_t most = 0;

	for (uint32_t node = 0; node <= plan->recipients; node++) {
		uint32_t connections = count_connections(plan, node);
		uint32_t feeds = 0;
		uint32_t nexts = node == SC_ORIGIN ? 0 : next_groups(plan, node, &feeds);

		if (connections > plan->subfiles + nexts + relief_connections(plan, node))
			violation(check,
			    "%" PRIu32 " has %" PRIu32 " connections with %" PRIu32
			    " next groups and %" PRIu32 " fed",
			    node, connections, nexts, feeds);
		if (nexts > most_nexts)
			most_nexts = nexts;
		if (connections > most)
			most = connections;
	}
	if (most > plan->subfiles + most_nexts + (most_nexts == 2 && plan->subfiles > 1))
		violation(check, "%" PRIu32 " connections", most);
	if (most > sc_cost_connections(plan))
		violation(check, "%" PRIu32 " connections, %" PRIu32 " were foreseen", most,
		    sc_cost_connections(plan));
}

static void
test_connections_are_limited(void)
{
	for_every_plan(check_connections);
}

static void
check_receivers(const struct sc_plan *plan, uint32_t node, uint32_t subfile, uint32_t count,
    const uint32_t *to, const enum sc_edge_kind *kinds)
{
	static struct sc_edge edges[SC_RECEIVERS_MAX];

	CU_ASSERT_FATAL(sc_plan_receivers(plan, node, subfile, edges) == count);
	for (uint32_t e = 0; e < count; e++) {
		CU_ASSERT(edges[e].to == to[e]);
		CU_ASSERT(edges[e].kind == kinds[e]);
		CU_ASSERT(sc_edge_waits_for_whole(plan, &edges[e]) ==
		    (kinds[e] == SC_EDGE_SECONDARY));
	}
}

/* The distribution lists in full: next groups, group, fed tree; and of a leaf
 * that relieves another group of the last of its group. */
static void
test_order_of_receivers(void)
{
	static const uint32_t to[] = {5, 8, 3, 20};
	static const enum sc_edge_kind kinds[] = {
		SC_EDGE_GROUP, SC_EDGE_GROUP, SC_EDGE_COLLECTION, SC_EDGE_SECONDARY};
	static const uint32_t leaf_to[] = {12, 10, 1};
	static const enum sc_edge_kind leaf_kinds[] = {
		SC_EDGE_COLLECTION, SC_EDGE_COLLECTION, SC_EDGE_RELIEF};
	static struct sc_edge edges[SC_RECEIVERS_MAX];
	struct sc_plan_shape shape = shape_of(3, 6, 2);
	struct sc_plan plan;

	/* Seven groups of three: six in the primary tree, one in the second. */
	CU_ASSERT_FATAL(sc_plan_make(&plan, 21, 1 << 20, &shape, 0, NULL) == 0);
	check_receivers(&plan, 2, 1, 4, to, kinds);
	check_receivers(&plan, 11, 1, 3, leaf_to, leaf_kinds);
	CU_ASSERT(sc_plan_receivers(&plan, 2, 0, edges) == 0);
	sc_plan_free(&plan);
}

/* A short group's members share the missing one's subfile: a path where a
 * group follows, a tree at the end. */
static void
test_missing_member(void)
{
	struct sc_plan_shape shape = shape_of(6, 10, 1);
	struct sc_plan plan;

	/* 6 + 5 + 5: groups begin with 1, 7 and 12. */
	CU_ASSERT_FATAL(sc_plan_make(&plan, 16, 1 << 20, &shape, 0, NULL) == 0);
	CU_ASSERT(plan.full_groups == 1);
	CU_ASSERT(sc_plan_supplier(&plan, 7, 5).from == 6);
	CU_ASSERT(sc_plan_supplier(&plan, 8, 5).from == 7);
	CU_ASSERT(sc_plan_supplier(&plan, 11, 5).from == 10);
	CU_ASSERT(sc_plan_supplier(&plan, 12, 5).from == 11);
	CU_ASSERT(sc_plan_supplier(&plan, 12, 5).kind == SC_EDGE_GROUP);
	CU_ASSERT(sc_plan_supplier(&plan, 14, 5).from == 12);
	CU_ASSERT(sc_plan_supplier(&plan, 16, 5).from == 13);
	sc_plan_free(&plan);
}

static void
test_store_and_forward_waits(void)
{
	struct sc_plan_shape shape = shape_of(4, 2, 1);
	struct sc_plan plan;
	struct sc_edge edge;

	shape.store_and_forward = true;
	CU_ASSERT_FATAL(sc_plan_make(&plan, 8, 1 << 20, &shape, 0, NULL) == 0);
	edge = sc_plan_supplier(&plan, 1, 0);
	CU_ASSERT(!sc_edge_waits_for_whole(&plan, &edge));
	edge = sc_plan_supplier(&plan, 2, 0);
	CU_ASSERT(sc_edge_waits_for_whole(&plan, &edge));
	edge = sc_plan_supplier(&plan, 5, 0);
	CU_ASSERT(sc_edge_waits_for_whole(&plan, &edge));
	sc_plan_free(&plan);
}

static CU_TestInfo tests[] = {
	{"every recipient gets every subfile once", test_everyone_gets_every_subfile_once},
	{"nobody sends more than its share", test_nobody_sends_more_than_its_share},
	{"connections are limited", test_connections_are_limited},
	{"order of receivers", test_order_of_receivers},
	{"a short group shares the missing subfile", test_missing_member},
	{"store and forward waits", test_store_and_forward_waits},
	CU_TEST_INFO_NULL,
};

int
main(void)
{
	return sc_run_suite("plan", tests);
}
