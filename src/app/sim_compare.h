/*
 * stagecast-sim --compare: other ways to stage the same file on the same
 * machine, as a table.
 */
#ifndef SC_APP_SIM_COMPARE_H
#define SC_APP_SIM_COMPARE_H

#include "app/sim_options.h"

#include <stdio.h>

/* plan: the choice that the others are compared with.  0, or -1 with *err. */
int sc_sim_compare(FILE *, const struct sc_sim_options *, const struct sc_plan *plan,
    struct sc_error *);

#endif
