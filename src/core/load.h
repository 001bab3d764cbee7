/*
 * Loads: chunks that a node reads.  The origin reads its source, once and in order; every node what
 * edges want that is in the store and no longer in a slot; and a buddy from its own view of
 * the source what no other node can give.
 *
 * It owns the count of loads under way, and where the search for an edge to load for begins.
 */
#ifndef SC_CORE_LOAD_H
#define SC_CORE_LOAD_H

#include "core/event.h"
#include "core/supply.h"

#include <stdbool.h>
#include <stdint.h>

struct sc_loads {
	struct sc_supply *supply; /* and by way of it the parts below */
	uint32_t under_way;
	uint32_t next_served; /* edge */
};

/* A load has ended, well or not.  Without a slot (SC_NONE) it is the source's finish that failed. */
void sc_loads_on_loaded(struct sc_loads *, const struct sc_event *);
void sc_loads_on_failed(struct sc_loads *, const struct sc_event *);

/* Load what edges want that is only in the store, and (origin) the next of the source. */
void sc_loads_settle(struct sc_loads *);

/* Asserts what must always hold.  O(slots). */
void sc_loads_check(const struct sc_loads *);

#endif
