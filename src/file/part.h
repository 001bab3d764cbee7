/*
 * The part file: how it comes to be beside DEST, and how it becomes DEST.
 * Everything is done relative to the directory, which is opened once.
 */
#ifndef SC_FILE_PART_H
#define SC_FILE_PART_H

#include "base/error.h"

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

struct sc_part_options {
	bool force;  /* dest may exist */
	bool resume; /* a part file that a dead run left is taken over */
	uid_t owner; /* who is to own dest: a leftover may be this user's already */
	bool tree;   /* dest is to be a directory, and one is what it may replace */
};

struct sc_part {
	char *dest;         /* the final path, for messages too */
	const char *name;   /* its last component */
	char *part_name;    /* of the part file; NULL while there is none */
	char *journal_name; /* of its journal, and of one that is not complete; whether */
	char *new_name;     /* they are there is the journal's matter (journal.h) */
	bool left;          /* taken over from an earlier run, with what is in it */
	int dir_fd;
	int fd; /* of the part file, locked, for reading and writing */
};

/*
 * Create the part file beside dest, exclusively, with nobody else's rights,
 * and lock it (flock, where the file system has locks).  One that a run left
 * that is no more is taken over, with what is in it, or replaced; taken over
 * only with resume, if we could lock it, it has no other name and nobody else
 * may write to it.  One that another run has locked, isn't a regular file of
 * this user, or can't be created, is an error, and so is a dest that can't be
 * replaced (see sc_sink_open); nothing was touched then.  On failure there is
 * nothing to close.
 *
 * A journal that lies there without a part file is removed, and without resume
 * any.
 */
int sc_part_open(struct sc_part *, const char *dest, const struct sc_part_options *,
    struct sc_error *);

/* Is there a part file or a journal beside dest, for sc_part_open to find?  False also if
 * nobody can tell. */
bool sc_part_leftover(const char *dest);

/*
 * Rename the part file to dest, remove the journal, and make that durable.
 * Without force a dest that exists by now is an error.  *published tells if
 * the rename was done: even then the call can fail, as the directory may not
 * be durable.
 */
int sc_part_publish(struct sc_part *, bool force, bool *published, struct sc_error *);

/* ".NAME" and a suffix, which is not longer than ".stagecast.part", for something else beside dest
 * of an open part; free it.  NULL without memory. */
char *sc_part_beside(const struct sc_part *, const char *suffix);

/* Remove the names of part file and journal: what was in it has become dest by another way. */
int sc_part_discard(struct sc_part *, struct sc_error *);

/* Close, which ends the lock.  A part file that wasn't published is kept with
 * its journal, or both are removed, if it is still ours. */
void sc_part_close(struct sc_part *, bool keep);

/*
 * What else a part is made of, for those that are no file.
 *
 * sc_part_locate finds the directory of dest and makes the names; sc_part_release is its
 * opposite, and closes fd.  sc_part_lock locks a descriptor without waiting: -1 if another has the lock;
 * a file system without locks is no obstacle, and *locked says so.  sc_part_is_named: is the
 * part's name that of the file with this descriptor (*st)?  The journal is removed while
 * the part is locked and at its name.
 */
int sc_part_locate(struct sc_part *, const char *dest, struct sc_error *);
void sc_part_release(struct sc_part *);
int sc_part_lock(int fd, bool *locked);
bool sc_part_is_named(const struct sc_part *, int fd, struct stat *st);
void sc_part_remove_journal(const struct sc_part *);
int sc_part_fail_busy(const struct sc_part *, struct sc_error *);
int sc_part_fail_exists(const struct sc_part *, struct sc_error *);

#endif
