/*
 * Outbound edges: "this node sends that subfile to that peer".
 *
 * It owns the edges, what each receiver still wants, and the credits that each has granted.  It is
 * told of new receivers, of wants and credits, and of receivers that are lost; it answers which
 * edge still needs a chunk.  What is sent when is decided above (send.h, turns.h), and what a
 * peer that asks gets by serve.h.
 *
 * An edge that waits for a chunk which is no longer in a slot lags: it is served from the store
 * (load.h).
 */
#ifndef SC_CORE_OUT_H
#define SC_CORE_OUT_H

#include "base/bitmap.h"
#include "core/context.h"
#include "core/peers.h"
#include "core/pool.h"
#include "core/store.h"

#include <stdbool.h>
#include <stdint.h>

/* Positions are those in the subfile.  One cache line: a simulation of many nodes waits for memory most
 * of its time. */
struct sc_outbound {
	uint32_t peer;
	uint32_t subfile;
	enum sc_edge_kind kind : 8;
	bool open : 1;    /* its OFFER was sent */
	bool refused : 1; /* REFUSE or DECLINED was said, and nothing was asked since */
	bool lagging : 1; /* it may want a chunk that is in the store and in no slot */
	/* Origin (turns.h): it is passed over for so many turns more; the lowest bits of `sent` when
	 * these began; and heartbeats in a row at which it was passed over, up to what counts. */
	uint32_t passed_over : 8;
	uint32_t sent_before : 8;
	uint32_t late_beats : 4;
	uint32_t granted; /* credits since it began, or was asked anew */
	uint32_t sent;    /* of these, used */
	uint32_t next;    /* the first position that it still wants; total: none */
	uint32_t total;
	uint32_t in_flight;    /* sends */
	uint32_t sibling;      /* the next edge of the subfile, or SC_NONE */
	uint32_t wants;        /* messages that added to the list of wants */
	uint32_t from_store;   /* chunks that were loaded back for it */
	struct sc_bitmap want; /* positions, from next on; without memory: all of them */
};

/* The edges of one subfile, in the order of the distribution list, then detours. */
struct sc_span {
	uint32_t first; /* edge, or SC_NONE */
	uint32_t last;
	bool listed; /* the receivers are known: by an OFFER, or from the plan */
};

struct sc_out {
	const struct sc_context *context;
	const struct sc_store *store;
	const struct sc_peers *peers;
	struct sc_pool *pool;
	struct sc_outbound *edges; /* owned, as all here; they move when one is added */
	struct sc_span *spans;     /* by subfile */
	uint32_t count;
	uint32_t capacity;
	uint32_t lagging;   /* edges */
	uint32_t in_flight; /* sends */
	bool scattered;     /* chunks don't come in order: after a resume or a repair */
	bool closed;        /* nothing more is sent */
	bool due;           /* something may be sent: see it when the step settles */
};

/* 0, or -1 without memory.  Free with sc_out_free, also after a failure. */
int sc_out_init(struct sc_out *, const struct sc_context *, struct sc_pool *,
    const struct sc_store *, const struct sc_peers *);
void sc_out_free(struct sc_out *);

/* NULL if there is none; valid until an edge is added. */
struct sc_outbound *sc_out_find(const struct sc_out *, uint32_t peer, uint32_t subfile);

/* Add receivers of a subfile (those that have an edge already keep it), and open what may be
 * open. */
void sc_out_add(struct sc_out *, uint32_t subfile, const struct sc_receiver *, uint32_t count);

/* The receivers are those of an OFFER, or of the plan, if they are not known yet. */
void sc_out_list(struct sc_out *, uint32_t subfile, const struct sc_receiver *, uint32_t count);
void sc_out_list_planned(struct sc_out *, uint32_t subfile);

/* Say OFFER: the edge may be given credits. */
void sc_out_open(struct sc_out *, struct sc_outbound *);

/* Open the edges of a subfile, or all, that may start now. */
void sc_out_open_ready(struct sc_out *, uint32_t subfile);
void sc_out_open_all(struct sc_out *);

/* Nothing more is sent on an edge; on those to a peer that has failed; at all. */
void sc_out_end(struct sc_out *, struct sc_outbound *);
void sc_out_forget(struct sc_out *, uint32_t peer);
void sc_out_close(struct sc_out *);

/* The edge's wants as a set that can be changed. */
void sc_out_list_wants(struct sc_outbound *);

/* Does it want this position? */
static inline bool
sc_out_wants(const struct sc_outbound *edge, uint32_t position)
{
	return position >= edge->next &&
	    (edge->want.words == NULL || sc_bitmap_has(&edge->want, position));
}

/* Which one from there on (total: none)?  O(total / 64). */
static inline uint32_t
sc_out_next_want(const struct sc_outbound *edge, uint32_t from)
{
	if (from >= edge->total || edge->want.words == NULL)
		return from < edge->total ? from : edge->total;
	return sc_bitmap_next(&edge->want, from);
}

/*
 * Does any open edge still need this chunk?  Counts edges that have credit for it and can proceed,
 * or are fewer than `behind` chunks behind (SC_NONE: any edge that wants it).  An edge that has
 * credit but waits for an earlier chunk, which is not here, can't proceed.
 */
bool sc_out_needs(const struct sc_out *, uint32_t chunk, uint32_t behind);

void sc_out_set_lagging(struct sc_out *, struct sc_outbound *, bool lagging);

/* A chunk leaves its slot: the edges that still want it lag from now on. */
void sc_out_mark_lagging(struct sc_out *, uint32_t chunk);

/* From now on chunks come in any order, and any edge may want one that is only in the store. */
void sc_out_scatter(struct sc_out *);

/* Say how many chunks were sent: SENT or REFUSE. */
void sc_out_tell_sent(const struct sc_out *, const struct sc_outbound *, enum sc_message_type);

/* Asserts what must always hold.  O(edges * total / 64 + edges^2). */
void sc_out_check(const struct sc_out *);

#endif
