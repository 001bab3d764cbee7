/*
 * The plan, exhaustively for small numbers: every recipient gets every
 * subfile once, nobody sends or connects more than promised, and the
 * arithmetic of both ends of an edge agrees.
 */
#include "core/plan.h"
#include "lib/suite.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum {
	N_MAX = 40,
	K_MAX = 12,
	M_MAX = 6,
	SHOWN_MAX = 5, /* violations that are printed */
};

/* A plan and what was found wrong with it. */
struct check {
	struct sc_plan plan;
	uint32_t violations;
};

static void violation(struct check *, const char *, ...) __attribute__((format(printf, 2, 3)));

static void
violation(struct check *check, const char *format, ...)
{
	static uint32_t shown;
	const struct sc_plan *plan = &check->plan;
	va_list args;

	check->violations++;
	if (shown++ >= SHOWN_MAX)
		return;
	printf("    n=%" PRIu32 " k=%" PRIu32 " m=%" PRIu32 " b=%" PRIu32 ": ", plan->recipients,
	    plan->subfiles, plan->tree_groups, plan->branching);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

typedef void check_function(struct check *);

static struct sc_plan_shape
shape_of(uint32_t k, uint32_t m, uint32_t b)
{
	struct sc_plan_shape shape = {
		.group_size = k,
		.tree_groups = m,
		.branching = b,
		.chunk_bytes = 4096,
		.window = 2,
	};

	return shape;
}

static void
check_plan(check_function *function, uint32_t n, const struct sc_plan_shape *shape)
{
	struct check check = {0};

	CU_ASSERT_FATAL(sc_plan_make(&check.plan, n, 1000000, shape, 0, NULL) == 0);
	function(&check);
	CU_ASSERT(check.violations == 0);
	sc_plan_free(&check.plan);
}

/* Run a check over every small plan, one CUnit assertion a plan. */
static void
for_every_plan(check_function *function)
{
	for (uint32_t n = 0; n <= N_MAX; n++) {
		for (uint32_t k = 1; k <= K_MAX; k++) {
			for (uint32_t m = 1; m <= M_MAX; m++) {
				struct sc_plan_shape chain = shape_of(k, m, 1);
				struct sc_plan_shape branched = shape_of(k, m, 2);

				check_plan(function, n, &chain);
				check_plan(function, n, &branched);
			}
		}
	}
}

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
	if (nexts + feeds <= 1)
		return plan->subfiles;
	if (nexts + feeds == 2)
		return full ? plan->subfiles + 1 : plan->subfiles + 2;
	return plan->subfiles + 2;
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

/* The connections, counted the slow way from all edges. */
static uint32_t
count_connections(const struct sc_plan *plan, uint32_t node)
{
	static struct sc_edge edges[SC_RECEIVERS_MAX];
	bool peer[N_MAX + 1] = {false};
	bool fed[N_MAX + 1] = {false};
	uint32_t count = 0;
	uint32_t outside = 0;
	uint32_t feeding = 0;
	uint32_t member;
	uint32_t group = node == 0 ? SC_NONE : sc_plan_group_of(plan, node, &member);

	for (uint32_t i = 0; i < plan->subfiles; i++) {
		uint32_t receivers = sc_plan_receivers(plan, node, i, edges);

		for (uint32_t e = 0; e < receivers; e++) {
			bool *set = edges[e].kind == SC_EDGE_SECONDARY ? fed : peer;

			set[edges[e].to] = true;
		}
		if (node != SC_ORIGIN) {
			struct sc_edge edge = sc_plan_supplier(plan, node, i);

			outside += !peer[edge.from] &&
			    (edge.from == SC_ORIGIN ||
				sc_plan_group_of(plan, edge.from, &member) != group);
			peer[edge.from] = true;
		}
	}
	for (uint32_t other = 0; other <= plan->recipients; other++) {
		count += peer[other];
		feeding += fed[other];
	}
	return count + (feeding > outside ? feeding - outside : 0);
}

static void
check_connections(struct check *check)
{
	const struct sc_plan *plan = &check->plan;
	uint32_t most_nexts = 0;
	uint32_t most = 0;

	for (uint32_t node = 0; node <= plan->recipients; node++) {
		uint32_t connections = sc_plan_connections(plan, node);
		uint32_t counted = count_connections(plan, node);
		uint32_t feeds = 0;
		uint32_t nexts = node == SC_ORIGIN ? 0 : next_groups(plan, node, &feeds);

		if (connections != counted)
			violation(check, "%" PRIu32 " has %" PRIu32 " connections, not %" PRIu32,
			    node, counted, connections);
		if (connections > plan->subfiles + nexts)
			violation(check,
			    "%" PRIu32 " has %" PRIu32 " connections with %" PRIu32
			    " next groups and %" PRIu32 " fed",
			    node, connections, nexts, feeds);
		if (nexts > most_nexts)
			most_nexts = nexts;
		if (connections > most)
			most = connections;
	}
	if (most > plan->subfiles + most_nexts)
		violation(check, "%" PRIu32 " connections", most);
}

static void
test_connections_are_limited(void)
{
	for_every_plan(check_connections);
}

static void
check_control_tree(struct check *check)
{
	const struct sc_plan *plan = &check->plan;
	uint32_t children[SC_RECEIVERS_MAX];
	uint32_t listed = 0;

	for (uint32_t node = 0; node <= plan->recipients; node++) {
		uint32_t count = sc_plan_children(plan, node, children);

		listed += count;
		if (node != SC_ORIGIN && count > SC_BRANCHING_MAX + 1)
			violation(check, "%" PRIu32 " has %" PRIu32 " children", node, count);
		for (uint32_t c = 0; c < count; c++) {
			if (sc_plan_parent(plan, children[c]) != node)
				violation(check, "%" PRIu32 " is no child of %" PRIu32, children[c],
				    node);
		}
	}
	/* With every child's parent right, none is listed twice if none is missing. */
	if (listed != plan->recipients)
		violation(check, "%" PRIu32 " children in all", listed);

	for (uint32_t node = 1; node <= plan->recipients; node++) {
		uint32_t steps = 1;

		for (uint32_t up = node; sc_plan_parent(plan, up) != SC_ORIGIN; steps++) {
			up = sc_plan_parent(plan, up);
			if (steps > plan->group_count) {
				violation(check, "no way up from %" PRIu32, node);
				break;
			}
		}
	}
}

static void
test_control_tree_reaches_everyone(void)
{
	for_every_plan(check_control_tree);
}

static void
check_group(struct check *check, uint32_t g)
{
	const struct sc_plan *plan = &check->plan;
	const struct sc_group *group = &plan->groups[g];
	uint32_t expected = g < plan->full_groups ? plan->subfiles : plan->subfiles - 1;
	uint32_t member;

	if (group->size != expected || group->size == 0)
		violation(check, "group %" PRIu32 " has %" PRIu32 " members", g, group->size);
	for (uint32_t i = 0; i < group->size; i++) {
		if (sc_plan_group_of(plan, group->first_node + i, &member) != g || member != i)
			violation(check, "member %" PRIu32 " of %" PRIu32, i, g);
	}
	if (group->tree != g / plan->tree_groups)
		violation(check, "group %" PRIu32 " in tree %" PRIu32, g, group->tree);
	if (g == 0) {
		if (group->parent != SC_NONE || group->depth != 0)
			violation(check, "the first group has a parent");
	} else if (g % plan->tree_groups == 0) {
		if (group->parent != group->tree - 1 || group->depth != 0 ||
		    plan->groups[group->tree - 1].feeds != g)
			violation(check, "tree %" PRIu32 " is fed by %" PRIu32, group->tree,
			    group->parent);
	} else {
		const struct sc_group *parent = &plan->groups[group->parent];

		if (group->parent >= g || parent->tree != group->tree ||
		    parent->depth + 1 != group->depth ||
		    (parent->next[0] != g && parent->next[1] != g))
			violation(check, "group %" PRIu32 " hangs on %" PRIu32, g, group->parent);
	}
}

static void
check_groups(struct check *check)
{
	const struct sc_plan *plan = &check->plan;
	uint32_t members = 0;
	uint32_t previous_depth = 0;

	for (uint32_t g = 0; g < plan->group_count; g++) {
		check_group(check, g);
		members += plan->groups[g].size;
		/* Breadth first: the depth never falls within a tree. */
		if (plan->groups[g].depth < previous_depth && g % plan->tree_groups != 0)
			violation(check, "group %" PRIu32 " is out of order", g);
		previous_depth = plan->groups[g].depth;
	}
	if (members != plan->recipients || plan->subfiles > K_MAX)
		violation(check, "%" PRIu32 " members", members);
	if ((uint64_t)plan->trees * plan->tree_groups < plan->group_count ||
	    (plan->trees > 0 && (plan->trees - 1) * plan->tree_groups >= plan->group_count))
		violation(check, "%" PRIu32 " trees", plan->trees);
}

static void
test_groups_are_balanced_and_linked(void)
{
	for_every_plan(check_groups);
}

static void
test_ten_at_eight_are_five_and_five(void)
{
	struct sc_plan_shape shape = shape_of(8, 4, 1);
	struct sc_plan plan;

	CU_ASSERT_FATAL(sc_plan_make(&plan, 10, 1 << 20, &shape, 0, NULL) == 0);
	CU_ASSERT(plan.group_count == 2);
	CU_ASSERT(plan.subfiles == 5);
	CU_ASSERT(plan.full_groups == 2);
	CU_ASSERT(plan.groups[1].first_node == 6);
	sc_plan_free(&plan);
	sc_plan_free(&plan);
	CU_ASSERT(plan.groups == NULL);
}

/* The distribution list of a relay in full: next groups, group, fed tree. */
static void
test_order_of_receivers(void)
{
	static const uint32_t to[] = {5, 8, 3, 1, 20};
	static const enum sc_edge_kind kinds[] = {SC_EDGE_GROUP, SC_EDGE_GROUP, SC_EDGE_COLLECTION,
		SC_EDGE_COLLECTION, SC_EDGE_SECONDARY};
	static struct sc_edge edges[SC_RECEIVERS_MAX];
	struct sc_plan_shape shape = shape_of(3, 6, 2);
	struct sc_plan plan;

	/* Seven groups of three: six in the primary tree, one in the second. */
	CU_ASSERT_FATAL(sc_plan_make(&plan, 21, 1 << 20, &shape, 0, NULL) == 0);
	CU_ASSERT_FATAL(sc_plan_receivers(&plan, 2, 1, edges) == 5);
	for (uint32_t e = 0; e < 5; e++) {
		CU_ASSERT(edges[e].to == to[e]);
		CU_ASSERT(edges[e].kind == kinds[e]);
		CU_ASSERT(sc_edge_waits_for_whole(&plan, &edges[e]) ==
		    (kinds[e] == SC_EDGE_SECONDARY));
	}
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
	{"the control tree reaches everyone", test_control_tree_reaches_everyone},
	{"groups are balanced and linked", test_groups_are_balanced_and_linked},
	{"ten at eight are five and five", test_ten_at_eight_are_five_and_five},
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
