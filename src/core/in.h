/*
 * Inbound edges: "that peer sends this subfile to me".
 *
 * It owns, for each subfile, the supplier in force and the credits that it was granted.  It is told
 * of chunks and of the ends of receives, and by supply.h which supplier to take; it grants credits
 * as far as the window allows, and keeps for supply.h which subfiles have to be looked at.
 */
#ifndef SC_CORE_IN_H
#define SC_CORE_IN_H

#include "core/context.h"
#include "core/event.h"
#include "core/former.h"
#include "core/marks.h"
#include "core/out.h"
#include "core/peers.h"
#include "core/pool.h"
#include "core/store.h"

#include <stdbool.h>
#include <stdint.h>

struct sc_inbound {
	uint32_t peer;      /* the supplier in force; SC_NONE: none has offered or been asked */
	bool offered : 1;   /* it has said OFFER, and may be granted credits */
	bool elsewhere : 1; /* chunks that it was asked for came another way, or may */
	bool begun : 1;     /* some supplier has offered or was asked at some time */
	uint8_t
	    damages; /* damaged chunks since it is in force, up to SC_DAMAGES_MAX and one more */
	uint8_t damages_settled; /* of these, those that supply.h has dealt with */
	uint32_t granted;        /* credits since that OFFER, or since the supplier was asked */
	uint32_t got;            /* of these, used up */
	uint32_t untold;         /* of these, those that the supplier does not know of */
	uint32_t coming;   /* chunks that it sends in all since then; SC_NONE: not known yet */
	uint32_t wants;    /* messages that added to what it was asked for */
	uint32_t expected; /* the position that it will send next, most likely */
};

struct sc_in {
	const struct sc_context *context;
	struct sc_pool *pool;
	struct sc_store *store;
	struct sc_out *out;
	const struct sc_peers *peers;
	struct sc_inbound *edges; /* by subfile; owned, as all here */
	struct sc_formers formers;
	bool short_of_slots;    /* a credit could not be granted for want of a slot */
	bool closed;            /* nothing more is taken */
	struct sc_marks grants; /* subfiles that may be granted credits */
	struct sc_marks look;   /* subfiles of which something came: supply.h */
};

/* 0, or -1 without memory.  Free with sc_in_free, also after a failure. */
int sc_in_init(struct sc_in *, const struct sc_context *, struct sc_pool *, struct sc_store *,
    struct sc_out *, const struct sc_peers *);
void sc_in_free(struct sc_in *);

/* A receive has ended: with a chunk, or (WITHDRAW, FORGET) with none. */
void sc_in_on_arrived(struct sc_in *, const struct sc_event *);
void sc_in_on_receive_ended(struct sc_in *, const struct sc_event *);

/* A chunk that was not here is in a slot now: count it, store it, and let it be sent. */
void sc_in_accept(struct sc_in *, uint32_t slot, uint32_t chunk, bool from_supplier);

/* What an inbound edge still needs has changed: reserve slots for it, and grant it what it may have
 * when the step settles. */
void sc_in_update_need(struct sc_in *, uint32_t subfile);

/* Grant credits on the subfiles that are marked, as far as their windows allow.  Told to the
 * supplier only when it is due, as each message costs. */
void sc_in_settle(struct sc_in *);

/* Credits that a subfile's supplier will have once this step has granted what it may. */
uint32_t sc_in_outlook(const struct sc_in *, uint32_t subfile);

/* The supplier in force has said OFFER: tell it what is lacking, and grant credits. */
void sc_in_begin(struct sc_in *, uint32_t subfile, bool was_asked);

/* Ask a peer for all that a subfile lacks; it is in force from now on.  A buddy that asks itself
 * reads its own source. */
void sc_in_ask(struct sc_in *, uint32_t peer, uint32_t subfile);

/* Ask the supplier in force, which has offered, for one position once more. */
void sc_in_ask_again(struct sc_in *, uint32_t subfile, uint32_t position);

/* The supplier in force is so no longer.  sent: as in sc_former. */
void sc_in_retire(struct sc_in *, uint32_t subfile, uint32_t sent);

/* It has failed. */
void sc_in_forget(struct sc_in *, uint32_t peer);

/* Choose the suppliers of all subfiles again. */
void sc_in_choose_all(struct sc_in *);

/* The run is aborted: what comes is dropped. */
void sc_in_close(struct sc_in *);

/* Asserts what must always hold.  O(slots * (subfiles + formers)). */
void sc_in_check(const struct sc_in *);

#endif
