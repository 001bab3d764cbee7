/*
 * Creating things beneath a directory (the root) so that nothing escapes it, whatever the names
 * are, and even if other users plant symbolic links.
 *
 * A name is checked first: components between single slashes, none of them "." or "..".  The
 * kernel then finds its directory in one call (openat2) that follows no link, doesn't leave the
 * root and enters no other file system.  Where that call is missing, each component is opened
 * without following a link.  All else is done with that descriptor and the last component alone,
 * by calls that don't follow a link either.
 *
 * There can be no race between a look and a use, because no path is examined and then used.  If
 * others rename or link something meanwhile, a call fails, or works in the directory that was
 * opened.  A directory stays open for later names (in a small cache, by name): if it is moved
 * away, they go where it was moved to.  So only a user who may write beneath the root can lead
 * things out of it, to places where that user can write anyway.  With a root of mode 0700 that is
 * its owner alone.
 */
#ifndef SC_BENEATH_BENEATH_H
#define SC_BENEATH_BENEATH_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* A name's bytes, without its end: what the kernel resolves at once; and a component's. */
enum { SC_BENEATH_NAME_MAX = 4095, SC_BENEATH_COMPONENT_MAX = 255 };

/* Directories that stay open: those of both ends of a hard link, and two to which archives
 * return. */
enum { SC_BENEATH_CACHED = 4 };

struct sc_beneath_cached {
	char *name; /* of the directory beneath the root; owned; NULL: free */
	size_t length;
	int fd;
};

/* Used by one thread at a time; several may have one for the same root. */
struct sc_beneath {
	int root_fd;       /* borrowed */
	const char *title; /* what the root is called in messages; borrowed */
	bool by_component; /* openat2 is missing, or is not to be used */
	dev_t device;      /* the root's */
	struct sc_beneath_cached cached[SC_BENEATH_CACHED]; /* the latest first */
};

/* What a file has besides its bytes. */
struct sc_beneath_xattr {
	const char *name;
	const void *value;
	size_t length;
};

struct sc_beneath_facts {
	uint32_t mode;   /* permission bits as they are to be: no umask is applied */
	bool keeps_mode; /* it has its mode already */
	uint32_t uid;
	uint32_t gid;
	bool owner;            /* give it uid and gid, as root; no set-ID bits without */
	struct timespec atime; /* tv_nsec may be UTIME_OMIT or UTIME_NOW */
	struct timespec mtime;
	const struct sc_beneath_xattr *xattrs;
	size_t xattr_count;
};

/* root_fd: a directory, open for reading or as a place (O_PATH). */
int sc_beneath_init(struct sc_beneath *, int root_fd, const char *title, struct sc_error *);

/* Closes what is cached.  After init, also if that failed, and for an all-zero struct. */
void sc_beneath_free(struct sc_beneath *);

/*
 * Can this be the name of something beneath a directory?  It may not be empty or absolute, nor
 * have an empty component, a "." or "..", a NUL or anything too long.  NULL if it can, else why
 * not ("is absolute").
 */
const char *sc_beneath_refuses(const char *name, size_t length);

/* A name for a message: a long one without its middle, so that the cause behind it isn't cut off.
 * Returns shown. */
enum { SC_BENEATH_SHOWN_BYTES = 160 };
char *sc_beneath_show(const char *name, char shown[SC_BENEATH_SHOWN_BYTES]);

/*
 * All of these check the name, and fail with a sentence that has the title and
 * the name; err->errnum tells the cause (0 for a name that was refused, ELOOP
 * or ENOTDIR for a link where a directory is needed, EXDEV for another file system).
 * The directory of the name has to exist.
 */

/* Make a directory.  may_exist: a directory of that name (not a link to one) is no error, and
 * stays as it is.  The mode is under the umask. */
int sc_beneath_mkdir(struct sc_beneath *, const char *name, mode_t mode, bool may_exist,
    struct sc_error *);

/* Make those directories of a name that are missing, all but its last component. */
int sc_beneath_mkdir_parents(struct sc_beneath *, const char *name, mode_t mode, struct sc_error *);

/* Create a regular file for reading and writing, mode 0600; nothing may have that name. */
int sc_beneath_create(struct sc_beneath *, const char *name, int *fd, struct sc_error *);

/* The same with another mode, under the umask: for a file that is to have it in the end. */
int sc_beneath_create_as(struct sc_beneath *, const char *name, mode_t mode, int *fd,
    struct sc_error *);

/* Open a regular file that is there for reading and writing, through no link. */
int sc_beneath_open(struct sc_beneath *, const char *name, int *fd, struct sc_error *);

/* The same, for reading only. */
int sc_beneath_open_reading(struct sc_beneath *, const char *name, int *fd, struct sc_error *);

/*
 * A file or directory that an earlier run left may have its final mode already: give its owner
 * these bits if it lacks them.  A link is not touched.  Nothing of that name is no error.
 */
int sc_beneath_admit(struct sc_beneath *, const char *name, mode_t bits, struct sc_error *);

/* Open a directory; "" is the root itself. */
int sc_beneath_open_directory(struct sc_beneath *, const char *name, int *fd, struct sc_error *);

/* Make a symbolic link.  The target is kept as it is, wherever it leads: nothing here follows it. */
int sc_beneath_symlink(struct sc_beneath *, const char *name, const char *target,
    struct sc_error *);

/* Give what exists (a symbolic link itself, no directory) a further name. */
int sc_beneath_link(struct sc_beneath *, const char *name, const char *existing, struct sc_error *);

/* Remove what has the name, if it is no directory.  Nothing of that name is no error. */
int sc_beneath_unlink(struct sc_beneath *, const char *name, struct sc_error *);

/*
 * Give a file or directory that is open its owner (as root, if asked), xattrs, mode and times,
 * in this order.  Set-ID bits only if the owner is to be given and the file has it then.  name: for
 * messages; "" is the root.  Only the title is used.
 */
int sc_beneath_describe(const struct sc_beneath *, int fd, const char *name,
    const struct sc_beneath_facts *, struct sc_error *);

/* The same for a symbolic link: owner and times. */
int sc_beneath_describe_link(struct sc_beneath *, const char *name, const struct sc_beneath_facts *,
    struct sc_error *);

#endif
