/*
 * The swarm: random stagings, each made of one seed, with what must come of
 * them.
 */
#ifndef SC_TESTS_SWARM_SWARM_H
#define SC_TESTS_SWARM_SWARM_H

#include "sim/sim.h"

#include <stdint.h>

enum { SC_SWARM_TEXT_BYTES = 512, SC_SWARM_SETUP_BYTES = 1536 };

struct sc_swarm_verdict {
	uint32_t broken;                  /* rules, or expectations of the end; 0 is right */
	char text[SC_SWARM_TEXT_BYTES];   /* the first of them */
	char setup[SC_SWARM_SETUP_BYTES]; /* what was simulated */
	uint64_t fingerprint;
	uint64_t steps;
};

/* Called with the staging that will be run, and its result, which is filled
 * while it runs; may set the listener. */
typedef void sc_swarm_prepare(void *context, struct sc_sim_config *, const struct sc_sim_result *);

/* Make the staging of a seed and run it.  Some milliseconds.  prepare may be
 * NULL. */
void sc_swarm_run(uint64_t seed, sc_swarm_prepare *prepare, void *context,
    struct sc_swarm_verdict *);

#endif
