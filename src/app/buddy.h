/*
 * The buddy: the recipient that stands in for the origin [0081], as it can
 * read the same source.
 */
#ifndef SC_APP_BUDDY_H
#define SC_APP_BUDDY_H

#include "app/options.h"
#include "core/plan.h"
#include "fabric/census.h"
#include "file/source.h"

#include <stdbool.h>
#include <stdint.h>

/* Is this rank (not 0) one that could be asked for?  Of a tree only the one that the user named. */
bool sc_buddy_may_be(const struct sc_options *, uint32_t rank, const struct sc_source_facts *);

/* Does this rank see, under the same paths, the source that rank 0 has opened: of the same size
 * and time, or of the same manifest, and readable?  Then *source is open, else NULL. */
bool sc_buddy_sees(struct sc_source **source, const struct sc_options *,
    const struct sc_source_facts *);

/*
 * Rank 0: which node it is; SC_NONE if there is none.  sees, had_it: by rank; the latter
 * have DEST already, and were released from the census.  SC_BUDDY_AUTO takes the
 * last node (a leaf of the tree, with bandwidth to spare) on another host than the
 * origin's.  -1 with a sentence for the user if the rank that was asked for can't be it.
 */
int sc_buddy_choose(uint32_t *buddy, const struct sc_options *, const struct sc_census *,
    const struct sc_census_entry *entries, const bool *sees, const bool *had_it, struct sc_error *);

#endif
