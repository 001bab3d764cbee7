/*
 * --plan: the plan as text.
 */
#ifndef SC_STAGE_PLAN_PRINT_H
#define SC_STAGE_PLAN_PRINT_H

#include "plan/cost.h"
#include "plan/plan.h"
#include "stage/options.h"

#include <stdbool.h>
#include <stdio.h>

/*
 * Print the plan's numbers, what the cost model predicts for that machine, and the groups and edges
 * (the first of them if there are many, unless all is set).  measured: the host to which the
 * machine's network was measured; NULL: it is assumed.  names[node] is printed for a node if names
 * isn't NULL.
 */
void sc_plan_print(FILE *, const struct sc_plan *, const struct sc_cost_machine *,
    const char *measured, const char *const *names, bool all);

/* --plan with --topology: needs no MPI.  Returns the exit status; what went wrong was said. */
int sc_stage_plan(const struct sc_options *);

#endif
