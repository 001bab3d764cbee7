/*
 * Former suppliers: peers that are still there but no longer supply a subfile, and whose last
 * chunks are under way.
 *
 * It owns them, and the numbers of requests to decline.  It is told of their chunks, of receives
 * that end, and of what they say they have sent; it withdraws the receives of one once all has
 * come, and marks the subfiles for which one is done and may be asked again.
 */
#ifndef SC_CORE_FORMER_H
#define SC_CORE_FORMER_H

#include "core/context.h"
#include "core/marks.h"

#include <stdbool.h>
#include <stdint.h>

struct sc_former {
	uint32_t peer;
	uint32_t subfile;
	uint32_t got;
	uint32_t sent;    /* that many will have come; SC_NONE: it has not said */
	uint32_t posted;  /* receives that have not ended */
	uint32_t request; /* the last DECLINE that is not answered; 0: none */
	bool withdrawn;
};

struct sc_formers {
	const struct sc_context *context;
	struct sc_former *items; /* owned */
	uint32_t count;
	uint32_t capacity;
	uint32_t request;       /* the number of the last DECLINE */
	struct sc_marks choose; /* subfiles whose supplier has to be chosen again: supply.h */
};

/* Is the peer a former supplier that is not done yet?  Then it can't be asked again. */
bool sc_former_is(const struct sc_formers *, uint32_t peer, uint32_t subfile);

/* Tell a peer that nothing is wanted of it.  It is a former supplier until it answers DECLINED. */
void sc_former_decline(struct sc_formers *, uint32_t peer, uint32_t subfile);

/* A supplier is no longer in force; got, sent and posted as in sc_former. */
void sc_former_add(struct sc_formers *, const struct sc_former *);

/* REFUSE (request 0) or DECLINED of a former supplier: it sends `sent` chunks in all.  False if it
 * is none. */
bool sc_former_on_sent(struct sc_formers *, uint32_t peer, uint32_t subfile, uint32_t sent,
    uint32_t request);

/* A chunk, or the end of a receive, of a peer that is not in force. */
void sc_former_on_received(struct sc_formers *, uint32_t peer, uint32_t subfile, bool chunk);

/* It has failed. */
void sc_former_forget(struct sc_formers *, uint32_t peer);

/* Asserts what must always hold.  O(former suppliers ^ 2). */
void sc_former_check(const struct sc_formers *);

#endif
