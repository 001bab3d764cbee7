/*
 * stagecast-sim --compare: other ways to stage the same file on the same
 * machine, as a table.
 */
#ifndef SC_SIMULATE_COMPARE_H
#define SC_SIMULATE_COMPARE_H

#include "record/timings.h"
#include "sim/baseline.h"
#include "simulate/options.h"
#include "simulate/print.h"

#include <stdio.h>

/* The plan's choice, FastReplica, a chain, and the ways without a plan. */
enum { SC_SIM_STRATEGIES = 3 + SC_BASELINES };

struct sc_sim_comparison {
	struct sc_timings_strategy rows[SC_SIM_STRATEGIES];
	uint32_t count; /* fewer without recipients */
};

/* plan: the choice that the others are compared with, with the summary of its run.  Each row is
 * printed as soon as it is known.  0, or -1 with *err. */
int sc_sim_compare(FILE *, const struct sc_sim_options *, const struct sc_plan *plan,
    const struct sc_sim_summary *, struct sc_sim_comparison *, struct sc_error *);

#endif
