/*
 * Traces: every event that nodes took and every action that they asked for,
 * as lines of text.  A trace holds all that is needed to have the same events
 * taken by new nodes, and to see whether they ask for the same again.
 *
 * The lines, of words between single blanks:
 *
 *   trace 4
 *   plan RECIPIENTS SIZE K M BRANCHING CHUNK-BYTES WINDOW STORE-AND-FORWARD SLOTS
 *   node SELF KEEPS-COPY HAS-SOURCE AWAITS-STORE BUDDY HEARTBEAT-NS TIMEOUT-NS
 *     PROGRESS-INTERVAL-NS CHUNK-NS
 *   H SELF FIRST CHUNKS
 *   E SELF TIME-NS WHAT PEER SLOT CHUNK SUBFILE INTACT SEAL CAUSE BYTES
 *   A SELF WHAT PEER SLOT CHUNK SUBFILE ...
 *
 * WHAT is a name (core/names.h), as are the kinds of records, reports and leaving.  What is
 * unused in an event or action is whatever it was (mostly 0).  A seal is four numbers; a cause
 * or bytes are in hexadecimal, or "-" if there are none.  Those of a control message follow its
 * type and "=", as in "credit=0202...".
 * H lines are a part of the event that follows: what its store was found to hold, a bit
 * for each chunk from FIRST on, lowest first, in hexadecimal; what is in none is not held.
 */
#ifndef SC_RECORD_TRACE_H
#define SC_RECORD_TRACE_H

#include "core/action.h"
#include "core/event.h"
#include "core/node.h"
#include "plan/plan.h"

#include <stdint.h>
#include <stdio.h>

/* Begin a trace; say that a node is part of it; write a step of its (after the step,
 * before its actions are done).  0, or -1 with errno. */
int sc_trace_begin(FILE *, const struct sc_plan *);
int sc_trace_node(FILE *, const struct sc_node_config *);
int sc_trace_step(FILE *, uint32_t node, const struct sc_event *, const struct sc_actions *);

#endif
