/*
 * The part file: what a copy grows in, beside DEST, with its journal (journal.h).  It is a struct
 * sc_growing with names of our own.
 */
#ifndef SC_FILE_PART_H
#define SC_FILE_PART_H

#include "base/error.h"
#include "beneath/growing.h"

#include <stdbool.h>
#include <sys/types.h>

/* Of the part file, its journal, and a journal that is not complete; none is longer than the
 * first. */
#define SC_PART_SUFFIX ".stagecast.part"
#define SC_PART_JOURNAL_SUFFIX ".stagecast.map"
#define SC_PART_NEW_SUFFIX ".stagecast.new"

struct sc_part_options {
	bool force;     /* dest may exist */
	bool resume;    /* a part file that a dead run left is taken over */
	uid_t owner;    /* that dest is to have: a leftover may be this user's already */
	bool directory; /* dest is to be a directory, and one is what it may replace */
};

/*
 * Create the part file beside dest, exclusively and without rights for others, and lock it, or
 * take over what an earlier run left (sc_growing_begin).  A leftover is taken over only with
 * resume, if we could lock it, it has no other name and no other user may write to it.  A dest
 * that can't be replaced (see sc_sink_open) is an error; nothing was touched then.  On failure
 * there is nothing to close.
 *
 * A journal that lies there without a part file is removed, and without resume any.
 */
int sc_part_open(struct sc_growing *, const char *dest, const struct sc_part_options *,
    struct sc_error *);

/*
 * Rename the part file to dest, remove the journal, and make that durable.
 * Without force a dest that exists by now is an error.  *published tells if
 * the rename was done: even then the call can fail, as the directory may not
 * be durable.
 */
int sc_part_publish(struct sc_growing *, bool force, bool *published, struct sc_error *);

/* Remove the names of part file and journal: what was in it has become dest by another way. */
int sc_part_discard(struct sc_growing *, struct sc_error *);

/* Close, which ends the lock.  A part file that wasn't published is kept with
 * its journal, or both are removed, if it is still ours. */
void sc_part_close(struct sc_growing *, bool keep);

/* ".NAME" and a suffix, which is not longer than SC_PART_SUFFIX, for something beside dest; free
 * it.  A NAME that leaves no room is cut.  NULL without memory. */
char *sc_part_beside(const struct sc_growing *, const char *suffix);

/* For a part that is no file: find the directory of dest, and set the temporary name.  Release it
 * with sc_growing_release.  kind: as sc_growing_locate has it. */
int sc_part_locate(struct sc_growing *, const char *dest, const char *kind, struct sc_error *);

/* While the part is locked and has its name. */
void sc_part_remove_journal(const struct sc_growing *);

#endif
