/*
 * stagecast-sim --swarm: many seeds, on all cores.
 */
#ifndef SC_SIMULATE_SWARM_H
#define SC_SIMULATE_SWARM_H

#include "simulate/options.h"

/*
 * Run the seeds and say on standard output what came of them: of each that
 * failed, what broke, in what staging, the command that runs just that again,
 * and the last steps before.  0 if none did, 1 if one did, -1 with *err if it could not be found out.
 * A single seed is run in this process, and traced if that is wanted.
 */
int sc_sim_swarm(const struct sc_sim_options *, struct sc_error *);

#endif
