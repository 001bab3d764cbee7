/*
 * Every small plan: see plans.h.
 */
#include "lib/plans.h"

#include "lib/shapes.h"
#include "lib/suite.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

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
