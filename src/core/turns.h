/*
 * The turns of the origin: it sends chunk after chunk, in strict order over its relays.  All its
 * links being one, "the relay that is free" would let the relays drift apart, and the last one sets
 * the end.
 *
 * A slow relay must not hold up all others: the origin goes on without one that has no credit while
 * the others have nothing to do, serves it at its own pace, and returns to it once it keeps up with
 * the others.
 *
 * It owns where the origin is in its order, and the time at which it waits no longer.
 */
#ifndef SC_CORE_TURNS_H
#define SC_CORE_TURNS_H

#include "core/out.h"

#include <stdbool.h>
#include <stdint.h>

struct sc_turns {
	struct sc_out *out;
	uint64_t chunk_ns; /* that a chunk takes on a link, as far as is known; 0: it is not */
	uint32_t next;     /* the next chunk to send */
	uint32_t front;    /* the highest that `next` was */
	uint64_t
	    pass_over_ns; /* when the relay that is waited for is passed over; UINT64_MAX: none */
};

void sc_turns_init(struct sc_turns *, struct sc_out *, uint64_t chunk_ns);

/* Send what can be sent in order, and what those want that are passed over. */
void sc_turns_settle(struct sc_turns *);

/* Have all relays but those that were passed over been sent everything? */
bool sc_turns_are_over(const struct sc_turns *);

/* Asserts what must always hold. */
void sc_turns_check(const struct sc_turns *);

#endif
