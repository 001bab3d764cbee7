/*
 * The groups of the plan, exhaustively for small numbers: sizes, trees,
 * relief, and the control tree along their edges.
 */
#include "lib/plans.h"
#include "lib/shapes.h"
#include "lib/suite.h"
#include "plan/plan.h"

#include <inttypes.h>

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

/* Whoever greets a peer is expected by it, and who reports to another one has greeted it. */
static void
check_peers(struct check *check)
{
	const struct sc_plan *plan = &check->plan;
	uint32_t peers[SC_PEERS_MAX];
	uint32_t theirs[SC_PEERS_MAX];

	for (uint32_t node = 0; node <= plan->recipients; node++) {
		uint32_t count = sc_plan_peers(plan, node, peers);
		bool parent = node == SC_ORIGIN;

		for (uint32_t i = 0; i < count; i++) {
			uint32_t others = sc_plan_peers(plan, peers[i], theirs);
			bool mutual = false;

			for (uint32_t o = 0; o < others; o++)
				mutual |= theirs[o] == node;
			if (!mutual)
				violation(check, "%" PRIu32 " is no peer of its peer %" PRIu32,
				    node, peers[i]);
			parent = parent || peers[i] == sc_plan_parent(plan, node);
		}
		if (!parent)
			violation(check, "%" PRIu32 " has its parent not among its peers", node);
	}
}

static void
test_peers_are_mutual(void)
{
	for_every_plan(check_peers);
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

/* Each group with two next groups is relieved by a leaf of its own tree. */
static void
check_relief(struct check *check, uint32_t g)
{
	const struct sc_plan *plan = &check->plan;
	const struct sc_group *group = &plan->groups[g];
	bool relieved = group->next[1] != SC_NONE && plan->subfiles > 1;

	if ((group->relieved_by != SC_NONE) != relieved)
		violation(check, "group %" PRIu32 " is%s relieved", g, relieved ? " not" : "");
	if (group->relieved_by != SC_NONE) {
		const struct sc_group *leaf = &plan->groups[group->relieved_by];

		if (leaf->relieves != g || leaf->tree != group->tree || leaf->next[0] != SC_NONE)
			violation(check, "group %" PRIu32 " is relieved by %" PRIu32, g,
			    group->relieved_by);
	}
	if (group->relieves != SC_NONE && plan->groups[group->relieves].relieved_by != g)
		violation(check, "group %" PRIu32 " relieves in vain", g);
}

static void
check_groups(struct check *check)
{
	const struct sc_plan *plan = &check->plan;
	uint32_t members = 0;
	uint32_t previous_depth = 0;

	for (uint32_t g = 0; g < plan->group_count; g++) {
		check_group(check, g);
		check_relief(check, g);
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

static CU_TestInfo tests[] = {
	{"groups are balanced and linked", test_groups_are_balanced_and_linked},
	{"ten at eight are five and five", test_ten_at_eight_are_five_and_five},
	{"peers are mutual", test_peers_are_mutual},
	{"the control tree reaches everyone", test_control_tree_reaches_everyone},
	CU_TEST_INFO_NULL,
};

int
main(void)
{
	return sc_run_suite("plan groups", tests);
}
