/*
 * The buddy: the recipient that stands in for the origin [0081], as it can read the same source.
 */
#ifndef SC_STAGE_PREPARE_BUDDY_H
#define SC_STAGE_PREPARE_BUDDY_H

#include "fabric/census.h"
#include "file/source.h"
#include "plan/plan.h"
#include "stage/options.h"

#include <stdbool.h>
#include <stdint.h>

/* May this rank (not 0) become the buddy, by the options? */
bool sc_buddy_is_eligible(const struct sc_options *, uint32_t rank);

/*
 * Does this rank see, under the same paths, the source that rank 0 has opened: of the same size
 * and time, or of the same manifest, and readable?  Then *source is open, else NULL.
 *
 * A thousand nodes shall not look at each file of a tree.  So with SC_BUDDY_AUTO this looks only at
 * the time of a tree's first root, *source is NULL in any case (sc_buddy_checks_later), and the
 * rank that is chosen has to open the source afterwards.
 */
bool sc_buddy_sees_source(struct sc_source **source, const struct sc_options *,
    const struct sc_source_facts *);
bool sc_buddy_checks_later(const struct sc_options *, const struct sc_source_facts *);

/* The same, always by opening the source. */
bool sc_buddy_opens_source(struct sc_source **source, const struct sc_options *,
    const struct sc_source_facts *);

/*
 * Rank 0: which node it is; SC_NONE if there is none.  sees, had_it: by rank; the latter have DEST
 * already, and were released from the census.  SC_BUDDY_AUTO chooses the last node (a leaf of the
 * tree, with bandwidth to spare) on another host than the origin's.  -1 with a sentence for the
 * user if the rank that was asked for can't be it.
 */
int sc_buddy_choose(uint32_t *buddy, const struct sc_options *, const struct sc_census *,
    const struct sc_census_entry *entries, const bool *sees, const bool *had_it, struct sc_error *);

#endif
