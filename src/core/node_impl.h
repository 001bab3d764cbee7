/*
 * The inside of a node: its parts.
 *
 * Each has a header of its own that says what it owns, what it is told and what it answers.  A part
 * knows only those above it in this list:
 *
 *   context    which node this is, the plan, the time, the list of actions
 *   pool       slots
 *   store      which chunks are here, the state of the copy
 *   peers      which nodes are there: heartbeats, failures
 *   control    the control tree: seal, failed copies, giving up, closing
 *   out        outbound edges: wants, credits
 *   former     suppliers that are no longer in force, and whose last chunks are under way
 *   in         inbound edges: credits, arrivals
 *   supply     which peer supplies what
 *   send       which chunk goes on which edge next; turns: in the origin's order
 *   serve      what peers ask of this node
 *   retain     how long a chunk stays in its slot
 *   load       chunks that are read
 *   pace       which nodes are slow; beat: what a heartbeat says
 *   finish     commit, done, leaving
 */
#ifndef SC_CORE_NODE_IMPL_H
#define SC_CORE_NODE_IMPL_H

#include "core/finish.h"
#include "core/node.h"
#include "core/pace.h"

struct sc_node {
	struct sc_context context;
	struct sc_pool pool;
	struct sc_store store;
	struct sc_out out;
	struct sc_in in;
	struct sc_supply supply;
	struct sc_turns turns;
	struct sc_loads loads;
	struct sc_peers peers;
	struct sc_control control;
	struct sc_pace pace;
};

#endif
