/*
 * A small simulated run: what the tests of faults and of the figures share.
 */
#ifndef SC_TESTS_STAGING_H
#define SC_TESTS_STAGING_H

#include "sim/sim.h"

#include <stdint.h>

/* Groups of four in a chain, 48 chunks, on a machine that takes about 4 ms for them; heartbeats
 * every 20 ms, a timeout of 100 ms. */
struct sc_staging {
	struct sc_plan plan;
	struct sc_machine machine;
	struct sc_sim_config config; /* of both; to be changed before the run */
	struct sc_sim_result result;
};

/* Everything but the faults.  Secondary trees begin after tree_groups groups.  If the plan
 * can't be made the program ends.  Free with sc_staging_tear_down. */
void sc_staging_set_up(struct sc_staging *, uint32_t recipients, uint32_t tree_groups);
void sc_staging_tear_down(struct sc_staging *);

/* Run it, once.  Broken rules are printed; their number. */
uint32_t sc_staging_run(struct sc_staging *, const struct sc_fault *, uint32_t count);

#endif
