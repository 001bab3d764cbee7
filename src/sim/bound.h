/*
 * The time that a staging takes at the very least, whatever the protocol does
 * with it: so that a search may leave a plan out without a simulation.
 *
 * Unlike the cost model's prediction this is no guess: only what the plan and the simulated
 * machine force is counted.
 */
#ifndef SC_SIM_BOUND_H
#define SC_SIM_BOUND_H

#include "plan/plan.h"
#include "sim/machine.h"

/* Seconds before which a simulation of the plan has not given every recipient the file.  It holds
 * without faults and where no node is relieved as torpid, so without heartbeats or without slow
 * nodes.  Needs the plan's groups.  Never fails: without memory the program ends.  O(groups). */
double sc_bound_least_s(const struct sc_plan *, const struct sc_machine *);

#endif
