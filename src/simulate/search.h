/*
 * stagecast-sim --search: which shape is the best, and how far is the plan's
 * choice behind it?
 */
#ifndef SC_SIMULATE_SEARCH_H
#define SC_SIMULATE_SEARCH_H

#include "simulate/options.h"

#include <stdio.h>

/*
 * Simulate every candidate (see sim/search.h) on all cores, or as many as
 * options say, as far as it may be among the best, and print the best.  choice: the plan
 * that is to be ranked.  0, or -1 with *err if a rule was broken or a simulation could not be
 * made.  If standard error is a terminal, it shows how many candidates are done.
 */
int sc_sim_search(FILE *, const struct sc_sim_options *, const struct sc_plan *choice,
    struct sc_error *);

#endif
