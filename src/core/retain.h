/*
 * Retention: how long a chunk stays in its slot.
 *
 * A slot is needed until its chunk is stored and sent on every edge that keeps up.  An edge that
 * lags is served from the store later, so that a slow receiver neither holds slots nor takes away
 * the credits of this node's supplier.
 *
 * It owns nothing: it works on the slots that pool.h has marked.
 */
#ifndef SC_CORE_RETAIN_H
#define SC_CORE_RETAIN_H

#include "core/in.h"
#include "core/out.h"
#include "core/pool.h"

#include <stdbool.h>
#include <stdint.h>

/* Give back the slots, of those that are marked, that no edge needs that keeps up; where a supplier
 * has hardly any credit left, also those that are needed. */
void sc_retain_settle(struct sc_in *, struct sc_out *);

/* Give back a load's slot that no edge needs that keeps up, or that holds a later chunk than this
 * one, which is to be loaded.  False if there is none.  O(slots * edges of a subfile). */
bool sc_retain_evict(struct sc_out *, uint32_t chunk);

#endif
