/*
 * Every small plan: see plans.h.
 */
#include "lib/plans.h"

#include "lib/shapes.h"
#include "lib/suite.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SHOWN_MAX = 5 };

void
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

uint32_t
count_connections(const struct sc_plan *plan, uint32_t node)
{
	static struct sc_edge edges[SC_RECEIVERS_MAX];
	bool *peer = calloc(2 * ((size_t)plan->recipients + 1), sizeof(*peer));
	bool *fed = peer + plan->recipients + 1;
	uint32_t count = 0;
	uint32_t outside = 0;
	uint32_t feeding = 0;
	uint32_t member;
	uint32_t group = node == SC_ORIGIN ? SC_NONE : sc_plan_group_of(plan, node, &member);

	CU_ASSERT_FATAL(peer != NULL);
	for (uint32_t i = 0; i < plan->subfiles; i++) {
		uint32_t receivers = sc_plan_receivers(plan, node, i, edges);

		for (uint32_t e = 0; e < receivers; e++)
			(edges[e].kind == SC_EDGE_SECONDARY ? fed : peer)[edges[e].to] = true;
	}
	for (uint32_t i = 0; i < plan->subfiles && node != SC_ORIGIN; i++) {
		uint32_t from = sc_plan_supplier(plan, node, i).from;

		outside += !peer[from] &&
		    (from == SC_ORIGIN || sc_plan_group_of(plan, from, &member) != group);
		peer[from] = true;
	}
	for (uint32_t other = 0; other <= plan->recipients; other++) {
		count += peer[other];
		feeding += fed[other];
	}
	free(peer);
	return count + (feeding > outside ? feeding - outside : 0);
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

void
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
