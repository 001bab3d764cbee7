/*
 * The time that a staging takes at the very least, whatever the protocol does
 * with it: so that a search may leave a plan out without a simulation.
 *
 * Unlike the cost model's, this is no guess: of each moment only that is
 * counted which the plan and the simulated machine force.
 */
#ifndef SC_SIM_BOUND_H
#define SC_SIM_BOUND_H

#include "plan/plan.h"
#include "sim/machine.h"

/* Seconds before which a simulation of the plan, without faults and with nobody relieved as
 * torpid (so without heartbeats, or slow nodes), has not given every recipient the file.  Needs the plan's groups.  Never fails: without memory
 * the program ends.  O(groups). */
double sc_bound_least_s(const struct sc_plan *, const struct sc_machine *);

#endif
