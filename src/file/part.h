/*
 * The part file: how it comes to be beside DEST, and how it becomes DEST.
 * Everything is done relative to the directory, which is opened once.
 */
#ifndef SC_FILE_PART_H
#define SC_FILE_PART_H

#include "base/error.h"

#include <stdbool.h>

struct sc_part {
	char *dest;       /* the final path, for messages too */
	const char *name; /* its last component */
	char *part_name;  /* of the part file; NULL while there is none */
	int dir_fd;
	int fd; /* of the part file, locked, for reading and writing */
};

/*
 * Create the part file beside dest, exclusively, with nobody else's rights,
 * and lock it (flock, where the file system has locks).  One that a run left
 * that is no more is replaced; one that is locked, isn't a regular file of this
 * user, or can't be created, is an error, and so is a dest that can't be
 * replaced (see sc_sink_open).  On failure there is nothing to close.
 */
int sc_part_open(struct sc_part *, const char *dest, bool force, struct sc_error *);

/*
 * Rename the part file to dest and make that durable.  Without force a dest
 * that exists by now is an error.  *published tells if the rename was done:
 * even then the call can fail, as the directory may not be durable.
 */
int sc_part_publish(struct sc_part *, bool force, bool *published, struct sc_error *);

/* Close, which ends the lock; before that the part file is removed, if it is
 * still ours and wasn't published. */
void sc_part_close(struct sc_part *);

#endif
