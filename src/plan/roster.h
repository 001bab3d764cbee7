/*
 * The roster: what one node knows of the others: which have failed, which are
 * torpid, and which one stands in for the origin.
 *
 * Both sets only grow.  All nodes that know the same failures come to the same
 * conclusions (detour.h), so that no election is needed.
 */
#ifndef SC_PLAN_ROSTER_H
#define SC_PLAN_ROSTER_H

#include "base/bitmap.h"
#include "plan/plan.h"

#include <stdbool.h>
#include <stdint.h>

/* How a failure was noticed. */
enum sc_failure_cause {
	SC_FAILURE_ENDED,  /* MPI says that its process has ended */
	SC_FAILURE_SILENT, /* nothing was heard of it for the timeout */
	SC_FAILURE_CAUSES,
};

/* "its process has ended", "nothing was heard of it" */
const char *sc_failure_cause_text(enum sc_failure_cause);

/* A failed node. */
struct sc_loss {
	uint32_t node;
	enum sc_failure_cause cause;
};

struct sc_roster {
	uint32_t nodes;          /* the origin included */
	uint32_t buddy;          /* SC_NONE: there is none */
	struct sc_bitmap failed; /* without memory until a node fails */
	struct sc_bitmap torpid; /* the same */
	struct sc_loss *losses;  /* owned; failed.count, in the order in which they were noted */
	uint32_t losses_capacity;
	uint32_t mark; /* of both sets: equal for equal ones, else almost never */
};

/* buddy: a recipient that can read the source, or SC_NONE.  Allocates nothing
 * until a node fails; free with sc_roster_free. */
void sc_roster_init(struct sc_roster *, const struct sc_plan *, uint32_t buddy);
void sc_roster_free(struct sc_roster *);

bool sc_roster_failed(const struct sc_roster *, uint32_t node);
bool sc_roster_torpid(const struct sc_roster *, uint32_t node);

/* Can it pass on what others need: neither failed nor torpid?  The origin is
 * never torpid. */
bool sc_roster_relays(const struct sc_roster *, uint32_t node);

/* Has no node failed, and is none torpid? */
bool sc_roster_is_whole(const struct sc_roster *);

/* Note that a node has failed or is torpid; false if that was known.  Without memory the program
 * ends: it could not go on without knowing. */
bool sc_roster_fail(struct sc_roster *, uint32_t node, enum sc_failure_cause);
bool sc_roster_slow(struct sc_roster *, uint32_t node);

/*
 * The node that leads the run: the origin; if it has failed, the buddy [0081]; after that the
 * first recipient that is left.  SC_NONE: no node is left.
 */
uint32_t sc_roster_leader(const struct sc_roster *);

#endif
