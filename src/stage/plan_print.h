/*
 * --plan: the plan as text.
 */
#ifndef SC_STAGE_PLAN_PRINT_H
#define SC_STAGE_PLAN_PRINT_H

#include "plan/cost.h"
#include "plan/plan.h"

#include <stdbool.h>
#include <stdio.h>

/*
 * Print the plan's numbers, its groups and (if there are few, or all is set)
 * its edges, and what the cost model predicts for that machine, whose network was measured
 * to a host, or is assumed (NULL).  names[node] is printed for a node if names
 * isn't NULL.
 */
void sc_plan_print(FILE *, const struct sc_plan *, const struct sc_cost_machine *,
    const char *measured, const char *const *names, bool all);

#endif
