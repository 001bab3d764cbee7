/*
 * A node: the whole protocol of one rank, as a machine that takes events and
 * gives actions.  Origin and recipient are the same machine over different
 * stores: the origin's holds every chunk from the start, a recipient's none.
 *
 * It knows slot and chunk numbers, never a byte of the payload, no clock, no
 * file and no MPI: the caller is src/stage's run loop, the simulator or a test.
 *
 * The contract: one STARTED first; then for each LOAD, STORE, SEND, COMMIT
 * and FINISH_SOURCE exactly one event that says how it ended, and for a RECEIVE
 * at most one: CHUNK_ARRIVED, or RECEIVE_ENDED after a WITHDRAW or FORGET, which comes
 * then for each that brings nothing; in any order; loads keep theirs.  Control messages
 * of one peer arrive in the order in which they were sent.  After FORGET nothing
 * more comes from that peer but the ends of its receives and sends, and a control
 * message that says that it is still there.  After LEAVE no step
 * is taken any more; receives that are still posted are the caller's to cancel.
 */
#ifndef SC_CORE_NODE_H
#define SC_CORE_NODE_H

#include "core/action.h"
#include "core/event.h"
#include "plan/plan.h"
#include "plan/roster.h"

#include <stdbool.h>
#include <stdint.h>

struct sc_node_config {
	const struct sc_plan *plan; /* borrowed as long as the node */
	uint32_t self;              /* 0: the origin, whose store is the source */
	bool keeps_copy;            /* false: an origin whose DEST is the source itself */
	bool has_source;            /* a buddy, which can load every chunk; the origin always can */
	bool awaits_store;          /* nothing is asked for before STORE_OPENED (or STORE_FAILED) */
	uint32_t buddy;             /* which node it is, the same for all; SC_NONE: none */
	uint64_t heartbeat_ns;      /* between heartbeats; 0: none are sent or missed */
	uint64_t timeout_ns; /* after which silence is taken for death; over two heartbeats */
	uint64_t progress_interval_ns; /* of reports up the tree; 0: none */
	uint64_t chunk_ns; /* that a chunk takes on a link, as far as is known; 0: it is not */
};

struct sc_node; /* opaque */

/* NULL without memory.  All that a node needs is allocated here or when a
 * distribution list comes, nothing per chunk.  Free with sc_node_free (NULL is fine). */
struct sc_node *sc_node_new(const struct sc_node_config *);
void sc_node_free(struct sc_node *);

/*
 * Take one event; append what is to be done to *actions.  0, or -1 for an
 * event that no correct peer or shell can cause (a malformed message, a credit
 * for an edge that isn't there): nothing is then changed, and the caller may go on.
 * O(edges of the chunk's subfile), plus O(slots) when slots are short.
 */
int sc_node_step(struct sc_node *, const struct sc_event *, struct sc_actions *);

/* When a TIME event is due at the latest; UINT64_MAX: never. */
uint64_t sc_node_deadline_ns(const struct sc_node *);

/* For tests: slots in use, and whether LEAVE was said. */
uint32_t sc_node_slots_used(const struct sc_node *);
bool sc_node_left(const struct sc_node *);

/* Which node leads the run, as far as this node knows (sc_roster_leader), and which have failed. */
uint32_t sc_node_leader(const struct sc_node *);
const struct sc_roster *sc_node_roster(const struct sc_node *);

/* What a node waits for when nothing happens: its own disk? */
bool sc_node_waits_for_storage(const struct sc_node *);

/* Asserts the invariants of each part: counters against what they count, lists against flags.
 * O(everything that it holds); for tests and simulations. */
void sc_node_check(const struct sc_node *);

#endif
