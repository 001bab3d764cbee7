/*
 * Detours, exhaustively for small plans and few failures, whoever is torpid, or finds subfiles late:
 * whoever is left gets every subfile by suppliers that are there, nobody waits for himself, and the
 * control tree holds together.
 */
#include "base/random.h"
#include "lib/suite.h"
#include "plan/detour.h"

#include <stdio.h>
#include <stdlib.h>

/* A list has each node once at most. */
enum { NODES_MAX = 64, SMALL_MAX = 16, LIST_MAX = NODES_MAX + 1 };

/* Whole lists take long: they are looked at for one in so many. */
enum { LISTS_EVERY = 16 };

static struct sc_plan
plan_of(uint32_t recipients, uint32_t k, uint32_t m, uint32_t b)
{
	struct sc_plan_shape shape = {.group_size = k,
		.tree_groups = m,
		.branching = b,
		.chunk_bytes = 4096,
		.window = 2};
	struct sc_plan plan = {0};
	struct sc_error err = {0};
	int rc = sc_plan_make(&plan, recipients, 100 * 4096, &shape, UINT64_C(1) << 30, &err);

	CU_ASSERT_EQUAL_FATAL(rc, 0);
	return plan;
}

static bool
has_source(const struct sc_roster *roster, uint32_t node)
{
	return node == SC_ORIGIN || node == roster->buddy;
}

static bool
source_is_left(const struct sc_roster *roster)
{
	return !sc_roster_failed(roster, SC_ORIGIN) ||
	    (roster->buddy != SC_NONE && !sc_roster_failed(roster, roster->buddy));
}

/* late: the nodes that find all subfiles late, as bits. */
static uint32_t
supplier_of(const struct sc_plan *plan, const struct sc_roster *roster, uint32_t node,
    uint32_t subfile, uint64_t late)
{
	if ((late >> node & 1) == 0)
		return sc_detour_supplier(plan, roster, node, subfile);
	return sc_detour_first(plan, roster, node, subfile, true, NULL, NULL);
}

/* Nodes that refuse. */
struct refusals {
	uint32_t *nodes;
	uint32_t count;
};

static bool
has_not_refused(const void *context, uint32_t supplier)
{
	const struct refusals *refusals = context;

	for (uint32_t i = 0; i < refusals->count; i++) {
		if (refusals->nodes[i] == supplier)
			return false;
	}
	return true;
}

/* The whole list of suppliers, as each in force refuses.  Returns their number, LIST_MAX if
 * there is no end. */
static uint32_t
list_all(const struct sc_plan *plan, const struct sc_roster *roster, uint32_t node,
    uint32_t subfile, bool late, uint32_t list[LIST_MAX])
{
	struct refusals refusals = {.nodes = list};

	while (refusals.count < LIST_MAX) {
		uint32_t supplier =
		    sc_detour_first(plan, roster, node, subfile, late, has_not_refused, &refusals);

		if (supplier == SC_NONE)
			break;
		list[refusals.count++] = supplier;
	}
	return refusals.count;
}

/* The same supplier is in force with nothing refused, torpid nodes come last, failed ones never,
 * and as long as one of them can, a node that has the source is asked in the end. */
static const char *
wrong_with_list(const struct sc_plan *plan, const struct sc_roster *roster, uint32_t node,
    uint32_t subfile, uint64_t late)
{
	uint32_t list[LIST_MAX];
	uint32_t count = list_all(plan, roster, node, subfile, (late >> node & 1) != 0, list);
	bool source = false;

	if (count == LIST_MAX)
		return "a list of suppliers has no end";
	if ((count == 0 ? SC_NONE : list[0]) != supplier_of(plan, roster, node, subfile, late))
		return "the supplier in force is not the first of the list";
	for (uint32_t i = 0; i < count; i++) {
		if (sc_roster_failed(roster, list[i]))
			return "one that has failed is on the list";
		if (list[i] == node && node != roster->buddy)
			return "it is on its own list";
		if (i > 0 && !sc_roster_torpid(roster, list[i]) &&
		    sc_roster_torpid(roster, list[i - 1]))
			return "a torpid one comes before one that relays";
		source = source || has_source(roster, list[i]);
	}
	return source || !source_is_left(roster) ? NULL : "no source is on the list";
}

/* Follow the suppliers in force up to one that has the source. */
static const char *
wrong_with_supply(const struct sc_plan *plan, const struct sc_roster *roster, uint32_t node,
    uint32_t subfile, uint64_t late)
{
	for (uint32_t steps = 0; !has_source(roster, node); steps++) {
		uint32_t supplier = supplier_of(plan, roster, node, subfile, late);

		if (supplier == SC_NONE)
			return source_is_left(roster) ? "no node supplies it" : NULL;
		if (sc_roster_failed(roster, supplier))
			return "one that has failed supplies it";
		if (supplier == node)
			return "it supplies itself";
		if (steps > plan->recipients)
			return "it waits for itself";
		node = supplier;
	}
	return NULL;
}

/* Parents and children say the same, and all ways up end at the leader. */
static const char *
wrong_with_tree(const struct sc_plan *plan, const struct sc_roster *roster,
    struct sc_detour_nodes *children)
{
	uint32_t leader = sc_roster_leader(roster);
	uint32_t parents[NODES_MAX];
	uint32_t left = 0;
	uint32_t adopted = 0;

	for (uint32_t i = 0; i <= plan->recipients; i++)
		parents[i] = SC_NONE;
	for (uint32_t i = 0; i <= plan->recipients; i++) {
		if (sc_roster_failed(roster, i))
			continue;
		left++;
		sc_detour_children(plan, roster, i, children);
		for (uint32_t c = 0; c < children->count; c++) {
			if (sc_roster_failed(roster, children->items[c]))
				return "a child has failed";
			if (parents[children->items[c]] != SC_NONE)
				return "a child has two parents";
			parents[children->items[c]] = i;
			adopted++;
		}
	}
	for (uint32_t i = 0; i <= plan->recipients; i++) {
		uint32_t at = i;

		if (sc_roster_failed(roster, i))
			continue;
		if (sc_detour_parent(plan, roster, i) != parents[i])
			return "a parent does not know its child";
		for (uint32_t steps = 0; at != leader; steps++) {
			at = parents[at];
			if (at == SC_NONE || steps > plan->recipients)
				return "a way up does not end at the leader";
		}
	}
	return adopted + 1 == left ? NULL : "not everybody has a parent";
}

struct looking {
	const struct sc_plan *plan;
	struct sc_detour_nodes children;
	struct sc_random random;
	uint64_t plans;
	uint32_t violations;
};

/* Every node that has not failed gets each subfile, whichever others find it late.  lists: look
 * at the whole lists of suppliers, too. */
static const char *
wrong_with_any_supply(const struct sc_plan *plan, const struct sc_roster *roster, uint64_t late,
    bool lists)
{
	const char *wrong = NULL;

	for (uint32_t i = 1; i <= plan->recipients && wrong == NULL; i++) {
		for (uint32_t s = 0; s < plan->subfiles && wrong == NULL; s++) {
			if (!sc_roster_failed(roster, i))
				wrong = wrong_with_supply(plan, roster, i, s, late);
			if (wrong == NULL && lists)
				wrong = wrong_with_list(plan, roster, i, s, late);
		}
	}
	return wrong;
}

static void
look(struct looking *looking, const uint32_t *failed, uint32_t count, uint32_t buddy)
{
	const struct sc_plan *plan = looking->plan;
	uint64_t late = sc_random_next(&looking->random);
	uint64_t torpid = sc_random_below(&looking->random, 2) == 0
	    ? 0
	    : sc_random_next(&looking->random) & sc_random_next(&looking->random);
	struct sc_roster roster;
	const char *wrong;
	bool lists;

	sc_roster_init(&roster, plan, buddy);
	for (uint32_t i = 0; i < count; i++)
		sc_roster_fail(&roster, failed[i], SC_FAILURE_ENDED);
	for (uint32_t i = 1; i <= plan->recipients; i++) {
		if ((torpid >> i & 1) != 0)
			sc_roster_slow(&roster, i);
	}
	looking->plans++;
	lists = looking->plans % LISTS_EVERY == 0;
	wrong = sc_roster_leader(&roster) == SC_NONE
	    ? NULL
	    : wrong_with_tree(plan, &roster, &looking->children);
	if (wrong == NULL)
		wrong = wrong_with_any_supply(plan, &roster, 0, lists);
	if (wrong == NULL)
		wrong = wrong_with_any_supply(plan, &roster, late, lists);
	if (wrong != NULL && looking->violations++ < 5) {
		fprintf(stderr, "%s: n=%u k=%u m=%u b=%u buddy=%d, late %llx, torpid %llx, failed",
		    wrong, plan->recipients, plan->subfiles, plan->tree_groups, plan->branching,
		    (int)buddy, (unsigned long long)late, (unsigned long long)torpid);
		for (uint32_t i = 0; i < count; i++)
			fprintf(stderr, " %u", failed[i]);
		fprintf(stderr, "\n");
	}
	sc_roster_free(&roster);
}

/* All sets of up to three nodes. */
static void
look_at_small(struct looking *looking, uint32_t buddy)
{
	uint32_t nodes = looking->plan->recipients + 1;
	uint32_t failed[3] = {0};

	look(looking, failed, 0, buddy);
	for (failed[0] = 0; failed[0] < nodes; failed[0]++) {
		look(looking, failed, 1, buddy);
		for (failed[1] = failed[0] + 1; failed[1] < nodes; failed[1]++) {
			look(looking, failed, 2, buddy);
			for (failed[2] = failed[1] + 1; failed[2] < nodes; failed[2]++)
				look(looking, failed, 3, buddy);
		}
	}
}

static void
test_small_plans(void)
{
	struct looking looking = {0};

	for (uint32_t n = 1; n <= SMALL_MAX; n++) {
		for (uint32_t shape = 0; shape < 5 * 3 * 2; shape++) {
			struct sc_plan plan =
			    plan_of(n, 1 + shape % 5, 1 + shape / 5 % 3, 1 + shape / 15);

			looking.plan = &plan;
			look_at_small(&looking, SC_NONE);
			look_at_small(&looking, 1 + (n + shape) % n);
			sc_plan_free(&plan);
		}
	}
	CU_ASSERT_EQUAL(looking.violations, 0);
	CU_ASSERT(looking.plans > 100000);
	free(looking.children.items);
}

/* Any number of failures, up to all but one. */
static void
test_many_failures(void)
{
	struct sc_random random = {.state = 5};
	struct looking looking = {0};

	for (int i = 0; i < 20000; i++) {
		uint32_t n = 1 + (uint32_t)sc_random_below(&random, NODES_MAX - 1);
		struct sc_plan plan = plan_of(n, 1 + (uint32_t)sc_random_below(&random, 12),
		    1 + (uint32_t)sc_random_below(&random, 6),
		    1 + (uint32_t)sc_random_below(&random, 2));
		uint64_t part = sc_random_below(&random, 100);
		uint32_t failed[NODES_MAX];
		uint32_t count = 0;

		for (uint32_t node = 0; node <= n; node++) {
			if (sc_random_below(&random, 100) < part)
				failed[count++] = node;
		}
		looking.plan = &plan;
		look(&looking, failed, count,
		    sc_random_below(&random, 2) == 0 ? SC_NONE
						     : 1 + (uint32_t)sc_random_below(&random, n));
		sc_plan_free(&plan);
	}
	CU_ASSERT_EQUAL(looking.violations, 0);
	free(looking.children.items);
}

/* Who supplies a subfile when one has failed. */
static uint32_t
supplier_without(const struct sc_plan *plan, uint32_t buddy, uint32_t failed, uint32_t node,
    uint32_t subfile)
{
	struct sc_roster roster;
	uint32_t supplier;

	sc_roster_init(&roster, plan, buddy);
	sc_roster_fail(&roster, failed, SC_FAILURE_ENDED);
	supplier = sc_detour_supplier(plan, &roster, node, subfile);
	sc_roster_free(&roster);
	return supplier;
}

/*
 * Three groups of three in a chain, 1-3, 4-6 and 7-9, and a buddy: the rows of the table
 * [0079-0096] that are about them.
 */
static void
test_the_table(void)
{
	struct sc_plan plan = plan_of(9, 3, 3, 1);
	enum { BUDDY = 9 };

	CU_ASSERT_EQUAL_FATAL(plan.group_count, 3);
	/* An initial node: its own group, and its counterpart in the next. */
	CU_ASSERT_EQUAL(supplier_without(&plan, BUDDY, 2, 3, 1), BUDDY);
	CU_ASSERT_EQUAL(supplier_without(&plan, BUDDY, 2, 1, 1), 3);
	CU_ASSERT_EQUAL(supplier_without(&plan, BUDDY, 2, 5, 1), BUDDY);
	CU_ASSERT_EQUAL(supplier_without(&plan, SC_NONE, 2, 3, 1), SC_ORIGIN);
	CU_ASSERT_EQUAL(supplier_without(&plan, SC_NONE, 2, 1, 1), 3);
	CU_ASSERT_EQUAL(supplier_without(&plan, SC_NONE, 2, 5, 1), SC_ORIGIN);
	/* A subsequent node, collection: each is supplied by its own counterpart. */
	CU_ASSERT_EQUAL(supplier_without(&plan, BUDDY, 5, 4, 1), 1);
	CU_ASSERT_EQUAL(supplier_without(&plan, BUDDY, 5, 6, 1), 3);
	CU_ASSERT_EQUAL(supplier_without(&plan, BUDDY, 8, 7, 1), 4);
	/* And group communication: the one before it in the chain. */
	CU_ASSERT_EQUAL(supplier_without(&plan, BUDDY, 5, 8, 1), 2);
	/* The origin. */
	for (uint32_t i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(supplier_without(&plan, BUDDY, SC_ORIGIN, 1 + i, i), BUDDY);
	CU_ASSERT_EQUAL(supplier_without(&plan, BUDDY, SC_ORIGIN, 5, 1), 2);
	/* Nobody else has another supplier than before. */
	CU_ASSERT_EQUAL(supplier_without(&plan, BUDDY, 5, 7, 1), 8);
	CU_ASSERT_EQUAL(supplier_without(&plan, BUDDY, 5, 4, 2), 6);
	sc_plan_free(&plan);
}

/* Who stands in for the initial node 2, of four: each the next, from the one that has the source. */
static void
test_path(void)
{
	struct sc_plan plan = plan_of(4, 4, 1, 1);

	CU_ASSERT_EQUAL_FATAL(plan.group_count, 1);
	CU_ASSERT_EQUAL(supplier_without(&plan, SC_NONE, 2, 3, 1), SC_ORIGIN);
	CU_ASSERT_EQUAL(supplier_without(&plan, SC_NONE, 2, 4, 1), 3);
	CU_ASSERT_EQUAL(supplier_without(&plan, SC_NONE, 2, 1, 1), 4);
	/* A buddy in the group takes it from its own source, and sends it to one. */
	CU_ASSERT_EQUAL(supplier_without(&plan, 4, 2, 4, 1), 4);
	CU_ASSERT_EQUAL(supplier_without(&plan, 4, 2, 1, 1), 4);
	CU_ASSERT_EQUAL(supplier_without(&plan, 4, 2, 3, 1), 1);
	CU_ASSERT_EQUAL(supplier_without(&plan, 2, 2, 3, 1), SC_ORIGIN);
	CU_ASSERT_EQUAL(supplier_without(&plan, 2, 2, 4, 1), 3);
	sc_plan_free(&plan);
}

/* A subfile that comes late goes from one to the next, beginning with its own member, if that relays. */
static void
test_late(void)
{
	struct sc_plan plan = plan_of(8, 4, 2, 1);
	struct sc_roster roster;
	uint32_t list[LIST_MAX];

	sc_roster_init(&roster, &plan, SC_NONE);
	CU_ASSERT_TRUE(sc_roster_slow(&roster, 2));
	CU_ASSERT_EQUAL(supplier_of(&plan, &roster, 7, 1, 0), 6);
	CU_ASSERT_EQUAL(supplier_of(&plan, &roster, 7, 1, UINT64_MAX), 6);
	CU_ASSERT_EQUAL(supplier_of(&plan, &roster, 8, 1, UINT64_MAX), 7);
	CU_ASSERT_EQUAL(supplier_of(&plan, &roster, 5, 1, UINT64_MAX), 8);
	/* From outside the group it comes as before. */
	CU_ASSERT_EQUAL(supplier_of(&plan, &roster, 6, 1, UINT64_MAX), 1);
	/* A node that refuses is passed over; at last the own member is asked. */
	CU_ASSERT_FATAL(list_all(&plan, &roster, 5, 1, true, list) >= 3);
	CU_ASSERT_EQUAL(list[0], 8);
	CU_ASSERT_EQUAL(list[1], 7);
	CU_ASSERT_EQUAL(list[2], 6);
	/* A buddy has the source, and need not pass it on here, too. */
	roster.buddy = 8;
	CU_ASSERT_EQUAL(supplier_of(&plan, &roster, 8, 1, UINT64_MAX), 8);
	CU_ASSERT_EQUAL(supplier_of(&plan, &roster, 5, 1, UINT64_MAX), 7);
	roster.buddy = SC_NONE;
	sc_roster_fail(&roster, 7, SC_FAILURE_ENDED);
	CU_ASSERT_EQUAL(supplier_of(&plan, &roster, 8, 1, UINT64_MAX), 6);
	sc_roster_fail(&roster, 6, SC_FAILURE_ENDED);
	CU_ASSERT_EQUAL(supplier_of(&plan, &roster, 8, 1, UINT64_MAX),
	    supplier_of(&plan, &roster, 8, 1, 0));
	sc_roster_free(&roster);
	sc_plan_free(&plan);
}

/* Torpid ones are passed over, but better than nobody; an origin never is torpid. */
static void
test_torpid(void)
{
	struct sc_plan plan = plan_of(6, 3, 2, 1);
	struct sc_roster roster;

	sc_roster_init(&roster, &plan, SC_NONE);
	CU_ASSERT_FALSE(sc_roster_slow(&roster, SC_ORIGIN));
	CU_ASSERT_TRUE(sc_roster_slow(&roster, 5));
	CU_ASSERT_FALSE(sc_roster_slow(&roster, 5));
	CU_ASSERT_EQUAL(sc_detour_supplier(&plan, &roster, 6, 1), 2);
	CU_ASSERT_EQUAL(sc_detour_supplier(&plan, &roster, 4, 1), 6);
	CU_ASSERT_EQUAL(sc_detour_supplier(&plan, &roster, 5, 1), 2);
	CU_ASSERT_EQUAL(sc_detour_parent(&plan, &roster, 4), sc_plan_parent(&plan, 4));
	for (uint32_t i = 1; i <= 3; i++)
		sc_roster_slow(&roster, i);
	CU_ASSERT_EQUAL(sc_detour_supplier(&plan, &roster, 6, 1), SC_ORIGIN);
	sc_roster_fail(&roster, SC_ORIGIN, SC_FAILURE_ENDED);
	CU_ASSERT_EQUAL(sc_detour_supplier(&plan, &roster, 6, 1), 5);
	sc_roster_free(&roster);
	sc_plan_free(&plan);
}

/* Equal sets have equal marks, whatever came first. */
static void
test_marks(void)
{
	struct sc_plan plan = plan_of(9, 3, 3, 1);
	struct sc_roster a;
	struct sc_roster b;

	sc_roster_init(&a, &plan, SC_NONE);
	sc_roster_init(&b, &plan, SC_NONE);
	CU_ASSERT_TRUE(sc_roster_fail(&a, 2, SC_FAILURE_ENDED));
	CU_ASSERT_TRUE(sc_roster_fail(&a, 7, SC_FAILURE_SILENT));
	CU_ASSERT_TRUE(sc_roster_fail(&b, 7, SC_FAILURE_ENDED));
	CU_ASSERT_NOT_EQUAL(a.mark, b.mark);
	CU_ASSERT_TRUE(sc_roster_fail(&b, 2, SC_FAILURE_ENDED));
	CU_ASSERT_FALSE(sc_roster_fail(&b, 2, SC_FAILURE_ENDED));
	CU_ASSERT_EQUAL(a.mark, b.mark);
	CU_ASSERT_TRUE(sc_roster_slow(&a, 3));
	CU_ASSERT_NOT_EQUAL(a.mark, b.mark);
	sc_roster_free(&a);
	sc_roster_free(&b);
	sc_plan_free(&plan);
}

/* Origin, buddy, then the first that is left; at last nobody. */
static void
test_leaders(void)
{
	struct sc_plan plan = plan_of(3, 3, 1, 1);
	struct sc_roster roster;

	sc_roster_init(&roster, &plan, 2);
	CU_ASSERT_EQUAL(sc_roster_leader(&roster), SC_ORIGIN);
	sc_roster_fail(&roster, SC_ORIGIN, SC_FAILURE_ENDED);
	CU_ASSERT_EQUAL(sc_roster_leader(&roster), 2);
	sc_roster_fail(&roster, 2, SC_FAILURE_ENDED);
	CU_ASSERT_EQUAL(sc_roster_leader(&roster), 1);
	sc_roster_fail(&roster, 1, SC_FAILURE_ENDED);
	CU_ASSERT_EQUAL(sc_roster_leader(&roster), 3);
	sc_roster_fail(&roster, 3, SC_FAILURE_ENDED);
	CU_ASSERT_EQUAL(sc_roster_leader(&roster), SC_NONE);
	sc_roster_free(&roster);
	sc_plan_free(&plan);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"small plans, up to three failures", test_small_plans},
		{"many failures", test_many_failures},
		{"the table of repairs", test_the_table},
		{"a path through the first group", test_path},
		{"a subfile that is late", test_late},
		{"torpid ones are passed over", test_torpid},
		{"marks tell sets apart", test_marks},
		{"who leads", test_leaders},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("detour", tests);
}
