/*
 * The trace of a simulation, for tests (see record/trace.h).
 */
#ifndef SC_TESTS_TRACED_H
#define SC_TESTS_TRACED_H

#include "sim/sim.h"

#include <stdbool.h>
#include <stdio.h>

/* Start with the file and zeros. */
struct sc_traced {
	FILE *file;  /* borrowed */
	bool failed; /* a step could not be written */
};

/* Write the head of the trace, and have the simulation's listener write each step.  *traced has
 * to stay where it is for the run.  0, or -1 with errno. */
int sc_traced_begin(struct sc_traced *, struct sc_sim_config *);

#endif
