/*
 * stagecast-sim --fail: what goes wrong in the staging that is simulated.
 */
#ifndef SC_SIMULATE_FAIL_H
#define SC_SIMULATE_FAIL_H

#include "base/error.h"
#include "plan/plan.h"
#include "sim/faults.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One fault, as the user asked for it. */
struct sc_sim_fail {
	struct sc_fault fault;
	bool is_part; /* fault.at is what the node has stored, in millionths of the file */
};

/* Start with an all-zero struct, free with sc_sim_fails_free. */
struct sc_sim_fails {
	struct sc_sim_fail *items; /* owned */
	size_t room;
	uint32_t count;
};

/* Add those of NODE@WHEN[:KIND][,...].  0; -1 with a sentence; or 1 if text is something else. */
int sc_sim_fails_read(struct sc_sim_fails *, const char *text, struct sc_error *);
void sc_sim_fails_free(struct sc_sim_fails *);

/* The same as faults of a simulation of this plan: an array of count, which the
 * caller frees; NULL without memory. */
struct sc_fault *sc_sim_fails_resolve(const struct sc_sim_fails *, const struct sc_plan *);

#endif
