/*
 * The buddy: the recipient that stands in for the origin [0081], as it can read the same source.
 */
#ifndef SC_STAGE_PREPARE_BUDDY_H
#define SC_STAGE_PREPARE_BUDDY_H

#include "stage/prepare/job.h"

#include <stdbool.h>

/* May this rank become the buddy, by the options? */
bool sc_buddy_is_eligible(const struct sc_job *);

/*
 * Does this rank see, under the same paths, the source that rank 0 has opened: of the same size
 * and time, or of the same manifest, and readable?  Then job->source is open.
 *
 * A thousand nodes shall not look at each file of a tree.  So with SC_BUDDY_AUTO this looks only at
 * the time of a tree's first root and opens nothing (sc_buddy_checks_later), and the rank that is
 * chosen has to open the source afterwards.
 */
bool sc_buddy_sees_source(struct sc_job *);
bool sc_buddy_checks_later(const struct sc_job *);

/* The same, always by opening the source. */
bool sc_buddy_opens_source(struct sc_job *);

/*
 * Rank 0: which node it is; SC_NONE if there is none.  sees, had_it: by rank; the latter have DEST
 * already, and were released from the census.  SC_BUDDY_AUTO chooses the last node (a leaf of the
 * tree, with bandwidth to spare) on another host than the origin's.  -1 with a sentence for the
 * user if the rank that was asked for can't be it.
 */
int sc_buddy_choose(uint32_t *buddy, const struct sc_job *, const bool *sees, const bool *had_it,
    struct sc_error *);

#endif
