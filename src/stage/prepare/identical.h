/*
 * Recipients whose DEST is the file already: nothing is sent to them, and
 * nothing of theirs is replaced.
 */
#ifndef SC_STAGE_PREPARE_IDENTICAL_H
#define SC_STAGE_PREPARE_IDENTICAL_H

#include "fabric/world.h"
#include "file/existing.h"
#include "file/source.h"
#include "stage/options.h"
#include "tree/comparison.h"

#include <stdbool.h>

/* A DEST that may be the file or the tree; both are empty if it is neither. */
struct sc_candidate {
	struct sc_existing *file;
	struct sc_comparison tree;
};

/*
 * May dest be what is staged?  It has the file's size, or as many entries and bytes as the tree, and
 * where it could be replaced (--force) the same times too: somebody who replaces something thinks
 * that it is another one.  Of several sources, an archive or a program no DEST is looked at.
 */
bool sc_identical_may_be(struct sc_candidate *, const char *dest, const struct sc_source_facts *,
    const struct sc_options *);

/* Also an all-zero struct. */
void sc_candidate_close(struct sc_candidate *);

/*
 * Collective over the world, if somebody's may be: rank 0 digests the source
 * while they digest theirs (the candidate, if it is one), and those whose dest has the same
 * bytes learn it.  *is says so of this rank; *whole is the XXH3-128 of a source that is a file, on
 * all.  With --preserve a file has the source's times, mode and owner then, and one that can't be given
 * them is not the file; a tree has to have them before.  Time: the source is read.
 *
 * *wrong: the source can't be read, or has changed; rank 0 has said so.  -1 if MPI fails.
 */
int sc_identical_find(bool *is, bool *wrong, struct sc_digest *whole, struct sc_candidate *,
    const struct sc_world *, const struct sc_source_facts *, const struct sc_options *,
    struct sc_error *);

#endif
