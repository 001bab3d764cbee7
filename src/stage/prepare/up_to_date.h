/*
 * Ranks whose DEST is up to date, as it is what is staged already: nothing is sent to them, and
 * nothing of theirs is replaced.
 */
#ifndef SC_STAGE_PREPARE_UP_TO_DATE_H
#define SC_STAGE_PREPARE_UP_TO_DATE_H

#include "file/existing.h"
#include "stage/prepare/job.h"
#include "tree/comparison.h"

#include <stdbool.h>

/* A DEST that may be up to date; both are empty if it can't be. */
struct sc_candidate {
	struct sc_existing *file;
	struct sc_comparison tree;
};

/*
 * May the job's DEST on this rank be what is staged?  Then true, and the candidate is open.  It has
 * the file's size, or as many entries and bytes as the tree.  Where --force would replace it, it has
 * the same times too: a user who replaces a file thinks that it is another one.  Of several sources,
 * an archive or a program no DEST is looked at.
 */
bool sc_candidate_open(struct sc_candidate *, const struct sc_job *);

/* Also an all-zero struct. */
void sc_candidate_close(struct sc_candidate *);

/*
 * Collective over the world, if any rank has a candidate: rank 0 digests the source while they
 * digest their candidates, and each learns whether its own has the same bytes (job->complete).  Of a
 * source that is a file all ranks learn the digest (job->digest).  With --preserve a file is given
 * the source's times, mode and owner, and is not up to date if that fails; a tree has to have them
 * before.  Time: the source is read.
 *
 * *unreadable: the source can't be read, or has changed; rank 0 has said so.  -1 if MPI fails.
 */
int sc_candidate_compare(struct sc_candidate *, struct sc_job *, bool *unreadable,
    struct sc_error *);

#endif
