/*
 * The buddy: the recipient that stands in for the origin [0081], as it can
 * read the same source.
 */
#ifndef SC_STAGE_PREPARE_BUDDY_H
#define SC_STAGE_PREPARE_BUDDY_H

#include "fabric/census.h"
#include "file/source.h"
#include "plan/plan.h"
#include "stage/options.h"

#include <stdbool.h>
#include <stdint.h>

/* Is this rank (not 0) one that could be asked for? */
bool sc_buddy_may_be(const struct sc_options *, uint32_t rank);

/*
 * Does this rank see, under the same paths, the source that rank 0 has opened: of the same size
 * and time, or of the same manifest, and readable?  Then *source is open, else NULL.
 *
 * Not a thousand nodes shall look at each file of a tree: with SC_BUDDY_AUTO that is only glimpsed
 * at, by the time of its first root, and *source is NULL in any case.  Whoever is chosen then has
 * to look (sc_buddy_finds).
 */
bool sc_buddy_sees(struct sc_source **source, const struct sc_options *,
    const struct sc_source_facts *);
bool sc_buddy_finds(struct sc_source **source, const struct sc_options *,
    const struct sc_source_facts *);

/* Is what was said of this source by sc_buddy_sees only a glimpse? */
bool sc_buddy_only_glimpsed(const struct sc_options *, const struct sc_source_facts *);

/*
 * Rank 0: which node it is; SC_NONE if there is none.  sees, had_it: by rank; the latter
 * have DEST already, and were released from the census.  SC_BUDDY_AUTO takes the
 * last node (a leaf of the tree, with bandwidth to spare) on another host than the
 * origin's.  -1 with a sentence for the user if the rank that was asked for can't be it.
 */
int sc_buddy_choose(uint32_t *buddy, const struct sc_options *, const struct sc_census *,
    const struct sc_census_entry *entries, const bool *sees, const bool *had_it, struct sc_error *);

#endif
