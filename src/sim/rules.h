/*
 * The rules that every node keeps, seen from outside: what is really in its
 * slots, its store and its posted receives.  Checked at every action.
 */
#ifndef SC_SIM_RULES_H
#define SC_SIM_RULES_H

#include "base/bitmap.h"
#include "plan/plan.h"

#include <stdbool.h>
#include <stdint.h>

/* A slot as it really is. */
struct sc_rules_slot {
	uint32_t content; /* the chunk in it, sound; or SC_NONE */
	uint32_t sends;   /* from it, in flight */
	uint32_t peer;    /* a receive for this peer is posted, or being ended; or SC_NONE */
	uint32_t next;    /* posted later for the same subfile */
	bool loading;
	bool storing;
	bool ending; /* the receive is being ended, and takes nothing more */
};

/* The receives that are posted for a subfile, oldest first. */
struct sc_rules_posted {
	uint32_t first;
	uint32_t last;
};

struct sc_rules {
	const struct sc_plan *plan;
	struct sc_rules_slot *slots;
	struct sc_rules_posted *posted; /* by subfile */
	struct sc_bitmap stored;        /* chunks of this node's copy */
	bool committed;                 /* or asked for */
	bool committing;
};

/* Without memory the program ends. */
void sc_rules_init(struct sc_rules *, const struct sc_plan *);
void sc_rules_free(struct sc_rules *);

/*
 * Something is done with a slot, or happens to it.  NULL, or the rule that this breaks, as the end
 * of a sentence that begins with the node.
 */
const char *sc_rules_load(struct sc_rules *, uint32_t slot, uint32_t chunk, bool from_source);
const char *sc_rules_loaded(struct sc_rules *, uint32_t slot, uint32_t chunk, bool sound);
const char *sc_rules_receive(struct sc_rules *, uint32_t slot, uint32_t peer, uint32_t subfile);
/* Finds the slot of the receive: SC_NONE if there is none. */
const char *sc_rules_arrived(struct sc_rules *, uint32_t peer, uint32_t subfile, uint32_t chunk,
    bool sound, uint32_t *slot);
/* One receive that is posted for a peer, of a subfile or (SC_NONE) of any, takes nothing more.
 * Its slot, which is in use until the receive has ended; or SC_NONE. */
uint32_t sc_rules_end_receive(struct sc_rules *, uint32_t peer, uint32_t subfile);
void sc_rules_ended(struct sc_rules *, uint32_t slot);
const char *sc_rules_send(struct sc_rules *, uint32_t slot, uint32_t chunk, uint32_t subfile);
const char *sc_rules_sent(struct sc_rules *, uint32_t slot);
const char *sc_rules_store(struct sc_rules *, uint32_t slot, uint32_t chunk);
const char *sc_rules_stored(struct sc_rules *, uint32_t slot, uint32_t chunk, bool kept);
const char *sc_rules_commit(struct sc_rules *);

/* An earlier run left these chunks in the store. */
void sc_rules_hold(struct sc_rules *, const struct sc_bitmap *held);

/* How a node leaves, beside the rules. */
struct sc_rules_exit {
	bool aborted; /* receives may still be posted */
	bool cut_off; /* anything may be under way */
};

/* A node has left: is anything still in use that should not be? */
const char *sc_rules_leave(const struct sc_rules *, const struct sc_rules_exit *);

#endif
