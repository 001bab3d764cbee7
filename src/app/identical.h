/*
 * Recipients whose DEST is the file already: nothing is sent to them, and
 * nothing of theirs is replaced.
 */
#ifndef SC_APP_IDENTICAL_H
#define SC_APP_IDENTICAL_H

#include "app/options.h"
#include "fabric/world.h"
#include "file/existing.h"
#include "file/source.h"

#include <stdbool.h>

/*
 * May dest be the file?  It has its size and, where it could be replaced (--force), its time
 * too: somebody who replaces a file thinks that it is another one.  Then *existing is
 * open, else NULL.
 */
bool sc_identical_may_be(struct sc_existing **existing, const char *dest,
    const struct sc_source_facts *, const struct sc_options *);

/*
 * Collective over the world, if somebody's may be: rank 0 digests the source
 * while they digest theirs (existing, else NULL), and those whose dest has the same
 * bytes learn it.  *is says so of this rank; *whole is the source's XXH3-128, on all.  With --preserve it has the source's times, mode
 * and owner then; a dest that can't be given them is not the file.  Time: the source is read.
 *
 * *wrong: the source can't be read, or has changed; rank 0 has said so.  -1 if MPI fails.
 */
int sc_identical_find(bool *is, bool *wrong, struct sc_digest *whole, struct sc_existing *existing,
    const struct sc_world *, const struct sc_source_facts *, const struct sc_options *,
    struct sc_error *);

#endif
