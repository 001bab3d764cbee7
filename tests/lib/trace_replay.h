/*
 * Taking the events of a trace again (see record/trace.h): a real run and a simulated one are
 * checked by the same core.
 */
#ifndef SC_TESTS_TRACE_REPLAY_H
#define SC_TESTS_TRACE_REPLAY_H

#include "base/error.h"

#include <stdint.h>
#include <stdio.h>

struct sc_trace_counts {
	uint32_t nodes;
	uint64_t events;
	uint64_t actions;
};

/*
 * Have new nodes take the events of a trace.  0 if they asked for the actions
 * that are in it, in the same order; -1 with the line of the first difference,
 * or of what is no trace.  A trace may end anywhere between two steps.
 */
int sc_trace_replay(FILE *, struct sc_trace_counts *, struct sc_error *);

#endif
