/*
 * A fault of a simulation in words, for a line about a run.
 */
#ifndef SC_TESTS_SWARM_FAULT_TEXT_H
#define SC_TESTS_SWARM_FAULT_TEXT_H

#include "sim/faults.h"

enum { SC_FAULT_TEXT_BYTES = 128 };

/* "crash of 3 at step 17".  Returns text. */
const char *sc_fault_format(const struct sc_fault *, char text[SC_FAULT_TEXT_BYTES]);

#endif
