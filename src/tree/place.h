/*
 * Where a directory tree grows: .NAME.stagecast.part beside DEST (beneath/growing.h), as a directory
 * that is this user's alone.  In it are
 *
 *     tree    what becomes DEST, or, of several roots, what goes into DEST
 *     stream  the spool: the manifest, and what arrived before all of it was there
 *     whole   what was tree, while names are being given
 *
 * Only the process that has the part directory locked may touch it.  One that a run left which has
 * ended is taken over or emptied; a part file that was left by a run that staged a file of that
 * name is removed.
 */
#ifndef SC_TREE_PLACE_H
#define SC_TREE_PLACE_H

#include "base/error.h"
#include "file/part.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sc_place {
	struct sc_growing *part; /* borrowed; its fd is the part directory's */
	char *title;             /* what tree becomes, for messages; owned */
	bool several; /* what is in tree gets names in DEST's directory; else tree becomes DEST */
	int tree_fd;
	int spool_fd;
};

/* Something that gets its name at the end: it is in tree, or with !several tree itself. */
struct sc_place_name {
	const char *name; /* only with several; borrowed */
	bool directory;
	bool unwritable; /* a directory: its owner may not write to it, once it has moved */
};

/*
 * dest: the final path; with several that of one of the things in its directory.  part->left tells
 * if an earlier run's tree was taken over.  Fails, naming path and cause, and touches nothing if
 * dest can't be replaced (sc_place_check), another run is writing it, or its directory is missing.
 * There is nothing to close then.
 */
int sc_place_open(struct sc_place *, struct sc_growing *part, const char *dest, bool several,
    bool resume, bool force, struct sc_error *);

/* May something get this name (NULL: that of dest)?  See sc_growing_check. */
int sc_place_check(const struct sc_place *, const char *name, bool directory, bool force,
    struct sc_error *);

/* Make tree and spool anew, empty.  0, or -1 with errno. */
int sc_place_empty(struct sc_place *);

/*
 * Give all of them their names, or none: each by a rename, or with force by an exchange with what
 * has that name, which is removed afterwards.  If one fails, the renames before it are undone.
 * Then make that durable, and remove the part directory and the journal.  A run that is killed
 * between two renames leaves some names given, each of something whole.
 *
 * *published tells if all have their names: even then it can fail, as that may not be durable.
 */
int sc_place_publish(struct sc_place *, const struct sc_place_name *, size_t count, bool force,
    bool *published, struct sc_error *);

/* Close.  What was not published is kept, or removed, if it is still ours. */
void sc_place_close(struct sc_place *, bool keep);

#endif
