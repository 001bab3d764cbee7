/*
 * The supply: which peer supplies a subfile to this node.
 *
 * The plan's own supplier offers without being asked.  When it has failed, is torpid or refuses,
 * the next on the list of plan/detour.h is asked for exactly the chunks that are lacking.
 *
 * It owns for each subfile which suppliers are passed over, and whether the subfile is late.  It is
 * told of offers and refusals, and what in.h has marked; it makes in.h ask, decline and retire.
 */
#ifndef SC_CORE_SUPPLY_H
#define SC_CORE_SUPPLY_H

#include "core/control.h"
#include "core/in.h"

#include <stdbool.h>
#include <stdint.h>

struct sc_supply_list {
	uint32_t *refusers; /* suppliers that are passed over; owned */
	uint32_t count;
	uint32_t capacity;
	bool late; /* asked of nodes that have it before its own member passes it on here */
};

struct sc_supply {
	struct sc_in *in;             /* and by way of it store and outbound edges */
	struct sc_control *control;   /* and by way of it peers */
	struct sc_supply_list *lists; /* by subfile; owned; NULL: all are empty, as in most runs */
};

/* Allocates nothing until a supplier refuses; free with sc_supply_free. */
void sc_supply_init(struct sc_supply *, struct sc_in *, struct sc_control *);
void sc_supply_free(struct sc_supply *);

/* Messages of suppliers.  0, or -1 for one that no correct peer sends. */
int sc_supply_on_offer(struct sc_supply *, uint32_t peer, const struct sc_offer *);
int sc_supply_on_refuse(struct sc_supply *, uint32_t peer, const struct sc_sent *);
int sc_supply_on_declined(struct sc_supply *, uint32_t peer, const struct sc_declined *);
int sc_supply_on_sent(struct sc_supply *, uint32_t peer, const struct sc_sent *);

/* The store is open, and holds what an earlier run left (NULL: nothing). */
void sc_supply_on_opened(struct sc_supply *, const struct sc_bitmap *held);

/* The supplier in force gives no more: it is passed over.  sent: as in sc_former. */
void sc_supply_pass_over(struct sc_supply *, uint32_t subfile, uint32_t sent);

/* Does this node wait for that one to send it the subfile? */
bool sc_supply_waits_for(const struct sc_supply *, uint32_t peer, uint32_t subfile);

/* A peer asks this node to stand in: it may not wait for nodes that wait for it. */
void sc_supply_do_without_relief(struct sc_supply *, uint32_t subfile);

/* After losses: a subfile without a supplier may try those again that had refused. */
void sc_supply_on_losses(struct sc_supply *);

/* Deal with all that in.h has marked. */
void sc_supply_settle(struct sc_supply *);

/* Asserts what must always hold.  O(subfiles * refusers). */
void sc_supply_check(const struct sc_supply *);

#endif
