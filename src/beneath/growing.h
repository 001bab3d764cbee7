/*
 * Something that grows under a temporary name beside the name that it is to have, and gets that
 * name by one rename when it is complete.  So the name is always that of something whole (the new
 * one, or what had the name before), or of nothing.  All is done relative to the directory of both
 * names, which is opened once.
 *
 * What grows is locked (flock) for as long as its descriptor is open.  So a thing with the
 * temporary name that no process has locked was left by a run that has ended: it is taken over or
 * removed.  A file system without locks is no obstacle; then only the look at the name before the
 * rename keeps two runs apart.
 */
#ifndef SC_BENEATH_GROWING_H
#define SC_BENEATH_GROWING_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

struct sc_growing {
	char *dest;        /* the final path; owned */
	const char *name;  /* its last component */
	const char *title; /* what dest is called in messages; borrowed, or dest */
	const char *kind;  /* what grows, in messages: "part file"; borrowed */
	char *temporary;   /* its name while it grows; owned; NULL: it has its final name */
	bool left;         /* taken over from an earlier run, with what is in it */
	int dir_fd;
	int fd; /* of what grows, for reading and writing; -1: it isn't open */
};

/* What is made, and which leftovers are taken over. */
struct sc_growing_how {
	bool directory;
	mode_t mode; /* under the umask */
	bool resume; /* take over what an earlier run left and no other user could change */
	uid_t owner; /* as root: this user's leftover files are removed, besides root's */
};

/* As root remove the leftover of any user. */
#define SC_GROWING_ANY_OWNER ((uid_t)UINT32_MAX)

/*
 * Open the directory of dest.  The caller then sets temporary, and title if messages are to call
 * dest something else.  -1 with a sentence; then there is nothing to release.
 */
int sc_growing_locate(struct sc_growing *, const char *dest, const char *kind, struct sc_error *);

/* Close all, which ends the lock.  What has the temporary name stays.  After locate, and twice. */
void sc_growing_release(struct sc_growing *);

/*
 * May something get the name of dest, or another one (if not NULL) in the same directory?  With
 * force it may replace what is of its own sort: a directory a directory, a file a regular file or
 * a symbolic link, which is not followed.  -1 with a sentence if not.
 */
int sc_growing_check(const struct sc_growing *, const char *name, bool directory, bool force,
    struct sc_error *);

/* Make what is to grow, exclusively, and open it; it isn't locked.  -1 with errno. */
int sc_growing_make(struct sc_growing *, const struct sc_growing_how *);

/*
 * Make what is to grow and lock it, or take over what an earlier run left.  A leftover file that
 * may not be used is removed, and made anew.  A leftover directory is taken over in any case: if
 * left is false the caller has to empty it.  Fails, and touches nothing, if another run has the
 * leftover locked, it belongs to another user, or it is a symbolic link.
 */
int sc_growing_begin(struct sc_growing *, const struct sc_growing_how *, struct sc_error *);

/* Is the temporary name still that of what is open?  *st is of what is open. */
bool sc_growing_is_named(const struct sc_growing *, struct stat *st);

/* The same; -1 with a sentence if not. */
int sc_growing_expect_named(const struct sc_growing *, struct sc_error *);

/* Rename a file to dest.  Without force nothing may have that name; with force what has it is
 * replaced.  -1 with a sentence, and all names are as they were. */
int sc_growing_publish(struct sc_growing *, bool force, struct sc_error *);

/* Remove what grows, a file, from under its temporary name.  -1 with a sentence. */
int sc_growing_discard(struct sc_growing *, struct sc_error *);

/*
 * Rename something, in the same file system.  Nothing may have the new name; or with force the
 * two change places, and *exchanged says so.  This works also with a directory that its owner may
 * not write to.  -1 with errno: EEXIST; EOPNOTSUPP if the file system can't exchange.
 */
int sc_growing_give(int from_fd, const char *from, int to_fd, const char *to, bool force,
    bool *exchanged);

/* Make what was renamed durable. */
int sc_growing_sync(const struct sc_growing *, struct sc_error *);

/* "cannot WHAT .x.part, the part file of x: ...", by errno.  -1. */
int sc_growing_fail(const struct sc_growing *, const char *what, struct sc_error *);

/* The sentence for a name that something has, as in sc_growing_check.  -1. */
int sc_growing_fail_exists(const struct sc_growing *, const char *name, struct sc_error *);

#endif
