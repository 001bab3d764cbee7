/*
 * Sending: which chunk goes on which edge next.
 *
 * It owns nothing: it works on the edges of out.h and the slots of pool.h.  It is told of credits
 * and of sends that have ended.  A relay sends here; an origin in its own order (turns.h), and
 * here only what is not a turn of its distribution.
 */
#ifndef SC_CORE_SEND_H
#define SC_CORE_SEND_H

#include "core/event.h"
#include "core/out.h"

#include <stdbool.h>
#include <stdint.h>

/* A receiver grants credits.  0, or -1 for a message that no correct peer sends. */
int sc_send_on_credit(struct sc_out *, uint32_t peer, const struct sc_credit *);

/* A send has ended: the slot may be used again for this peer's part. */
void sc_send_on_sent(struct sc_out *, const struct sc_event *);

/* Send an edge its next chunk, if it is in a slot. */
bool sc_send_next(struct sc_out *, struct sc_outbound *);

/*
 * Send all that edges want, have credits for and find in slots.  A relay stops at its limit of
 * sends at one time.  turns: an origin's chunks from this one on have their turn elsewhere; a relay
 * passes SC_NONE.
 */
void sc_send_settle(struct sc_out *, uint32_t turns);

#endif
