/*
 * The directory into which an archive is unpacked, .NAME.stagecast.tree beside DEST, and how it
 * becomes DEST (beneath/growing.h): by one rename, or an exchange with the older DEST where the
 * file system can do that.
 */
#ifndef SC_ARCHIVE_TARGET_H
#define SC_ARCHIVE_TARGET_H

#include "base/error.h"
#include "beneath/growing.h"

#include <stdatomic.h>
#include <stdbool.h>

struct sc_target {
	struct sc_growing tree; /* fd: -1 while there is none */
	char *old_name;         /* of an older DEST, for the moment between two renames; owned */
	atomic_uint_fast64_t *alive_ns; /* set to the time while something is removed */
};

/* Beside the dest of an open part, whose lock keeps other runs away; the part can be closed
 * before. */
int sc_target_open(struct sc_target *, const struct sc_growing *part,
    atomic_uint_fast64_t *alive_ns, struct sc_error *);

/* Remove what an earlier run left of its tree, if there is something. */
int sc_target_clear(struct sc_target *, struct sc_error *);

/* Make the tree: an empty directory, mode 0700. */
int sc_target_make(struct sc_target *, struct sc_error *);

/*
 * Give the tree the name of dest.  Without force nothing may have that name; with force a
 * directory may, which then has the tree's name and is to be removed (sc_target_clear).
 * *published tells if it was done; even then it can fail, as the directory may not be
 * durable.
 */
int sc_target_publish(struct sc_target *, bool force, bool *published, struct sc_error *);

/* Close; the tree stays.  Also for an all-zero struct that was never opened. */
void sc_target_close(struct sc_target *);

#endif
