/*
 * Growing under a temporary name: see growing.h.
 */
#define _DEFAULT_SOURCE /* flock */
#include "beneath/growing.h"

#include "beneath/system.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* What has the temporary name can vanish or be replaced between two calls, by other runs that
 * start at the same time.  They can't keep doing so for long. */
enum { TRIES_MAX = 32 };

static int
open_directory(struct sc_growing *growing, struct sc_error *err)
{
	char *slash = strrchr(growing->dest, '/');
	const char *directory = ".";
	int errnum;

	growing->name = slash == NULL ? growing->dest : slash + 1;
	if (slash == growing->dest) {
		directory = "/";
	} else if (slash != NULL) {
		*slash = '\0';
		directory = growing->dest;
	}
	growing->dir_fd = sc_system_open_directory(directory);
	errnum = errno;
	if (slash != NULL)
		*slash = '/';
	if (growing->dir_fd < 0)
		return sc_fail(err, errnum, "cannot open the directory of %s", growing->dest);
	return 0;
}

int
sc_growing_locate(struct sc_growing *growing, const char *dest, const char *kind,
    struct sc_error *err)
{
	*growing = (struct sc_growing){.kind = kind, .dir_fd = -1, .fd = -1};
	growing->dest = strdup(dest);
	growing->title = growing->dest;
	if (growing->dest == NULL)
		(void)sc_fail(err, ENOMEM, "cannot write %s", dest);
	else if (dest[0] == '\0')
		(void)sc_fail(err, 0, "the name of the destination is empty");
	else if (open_directory(growing, err) == 0)
		return 0;
	sc_growing_release(growing);
	return -1;
}

void
sc_growing_release(struct sc_growing *growing)
{
	/* What had to be durable was synced. */
	if (growing->fd >= 0)
		(void)close(growing->fd);
	if (growing->dir_fd >= 0)
		(void)close(growing->dir_fd);
	free(growing->temporary);
	free(growing->dest);
	*growing = (struct sc_growing){.dir_fd = -1, .fd = -1};
}

int
sc_growing_fail(const struct sc_growing *growing, const char *what, struct sc_error *err)
{
	return sc_fail(err, errno, "cannot %s %s, the %s of %s", what, growing->temporary,
	    growing->kind, growing->title);
}

/* The same about what has the temporary name: it "is a symbolic link". */
static int
fail_as(const struct sc_growing *growing, const char *what_it_is, struct sc_error *err)
{
	return sc_fail(err, 0, "%s, the %s of %s, %s", growing->temporary, growing->kind,
	    growing->title, what_it_is);
}

static int
fail_busy(const struct sc_growing *growing, struct sc_error *err)
{
	return sc_fail(err, EBUSY, "another stagecast is writing %s", growing->title);
}

/* "dest is a directory"; name: "dest/name is a directory". */
static int
fail_name(const struct sc_growing *growing, const char *name, const char *what_it_is,
    struct sc_error *err)
{
	return sc_fail(err, 0, "%s%s%s %s", growing->title, name == NULL ? "" : "/",
	    name == NULL ? "" : name, what_it_is);
}

int
sc_growing_fail_exists(const struct sc_growing *growing, const char *name, struct sc_error *err)
{
	return fail_name(growing, name, "exists; use --force to replace it", err);
}

static bool
is_no_name(const char *name)
{
	return name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

int
sc_growing_check(const struct sc_growing *growing, const char *name, bool directory, bool force,
    struct sc_error *err)
{
	const char *component = name == NULL ? growing->name : name;
	struct stat st;

	if (directory && is_no_name(component))
		return fail_name(growing, name, "is no name that a tree could get", err);
	if (component[0] == '\0')
		return fail_name(growing, name, "is a directory", err);
	if (fstatat(growing->dir_fd, component, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT
		    ? 0
		    : sc_fail(err, errno, "cannot examine %s%s%s", growing->title,
			  name == NULL ? "" : "/", name == NULL ? "" : name);
	if (directory && !S_ISDIR(st.st_mode))
		return fail_name(growing, name, "exists and is not a directory", err);
	if (!directory && S_ISDIR(st.st_mode))
		return fail_name(growing, name, "is a directory", err);
	/* Root could replace a device or a pipe, which can't be what is wanted. */
	if (!directory && !S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return fail_name(growing, name, "is not a regular file", err);
	return force ? 0 : sc_growing_fail_exists(growing, name, err);
}

bool
sc_growing_is_named(const struct sc_growing *growing, struct stat *st)
{
	struct stat named;

	return fstat(growing->fd, st) == 0 &&
	    fstatat(growing->dir_fd, growing->temporary, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	    named.st_dev == st->st_dev && named.st_ino == st->st_ino;
}

int
sc_growing_expect_named(const struct sc_growing *growing, struct sc_error *err)
{
	struct stat st;

	return sc_growing_is_named(growing, &st) ? 0 : fail_as(growing, "was taken away", err);
}

/* Lock without waiting; -1 if another process has the lock.  *locked is false if the file system
 * has no locks. */
static int
lock(int fd, bool *locked)
{
	int rc;

	do
		rc = flock(fd, LOCK_EX | LOCK_NB);
	while (rc != 0 && errno == EINTR);
	*locked = rc == 0;
	/* Any other error says nothing of another process. */
	return rc != 0 && errno == EWOULDBLOCK ? -1 : 0;
}

static void
forget(struct sc_growing *growing)
{
	(void)close(growing->fd); /* nothing was written */
	growing->fd = -1;
}

static int
open_as_directory(const struct sc_growing *growing)
{
	return openat(growing->dir_fd, growing->temporary,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* In a directory that others may write to, one of theirs may be in the place of what we made. */
static int
make_directory(struct sc_growing *growing, mode_t mode)
{
	struct stat st;

	if (mkdirat(growing->dir_fd, growing->temporary, mode) != 0)
		return -1;
	growing->fd = open_as_directory(growing);
	if (growing->fd >= 0 && fstat(growing->fd, &st) == 0 && st.st_uid == geteuid() &&
	    (st.st_mode & 0777 & ~mode) == 0)
		return 0;
	if (growing->fd >= 0)
		forget(growing);
	else if (errno != ENOENT) /* it was moved away */
		return -1;
	errno = EEXIST;
	return -1;
}

int
sc_growing_make(struct sc_growing *growing, const struct sc_growing_how *how)
{
	if (how->directory)
		return make_directory(growing, how->mode);
	growing->fd = openat(growing->dir_fd, growing->temporary,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, how->mode);
	return growing->fd < 0 ? -1 : 0;
}

/* A file that a run made read-only just before its rename can't be opened for writing, but
 * locked.  -1 with errno. */
static int
open_leftover(const struct sc_growing *growing, bool directory, bool *writable)
{
	const int flags = O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	int fd;

	*writable = true;
	if (directory) {
		fd = open_as_directory(growing);
		if (fd >= 0 || errno != ENOTDIR)
			return fd;
	}
	fd = openat(growing->dir_fd, growing->temporary, O_RDWR | flags);
	*writable = fd >= 0;
	if (fd < 0 && errno == EACCES)
		fd = openat(growing->dir_fd, growing->temporary, O_RDONLY | flags);
	return fd;
}

/* A run as root that ended just before its rename may have given the file to its new owner. */
static bool
is_ours(const struct stat *st, const struct sc_growing_how *how)
{
	return st->st_uid == geteuid() ||
	    (geteuid() == 0 && !how->directory &&
		(how->owner == st->st_uid || how->owner == SC_GROWING_ANY_OWNER));
}

/*
 * Take over or remove a leftover file that is locked (if there are locks) and still has its name.
 * The caller reads back what is in it before that counts, so it only has to stay as it is from
 * then on: no other user may write to it, least of all through another name, which would be that
 * of dest.  0 and nothing open: try again.
 */
static int
reuse_or_remove_file(struct sc_growing *growing, bool writable, bool resume, const struct stat *st,
    struct sc_error *err)
{
	bool helped = false;

	if (resume && st->st_nlink == 1 && st->st_uid == geteuid() && (st->st_mode & 022) == 0) {
		/* It may have the mode of what was to be renamed next. */
		helped = (st->st_mode & 07777) != 0600 && fchmod(growing->fd, 0600) == 0;
		if (writable) {
			growing->left = st->st_size > 0; /* else it was just created */
			return 0;
		}
	}
	/* Helped: the next try can open it for writing. */
	if (!helped && unlinkat(growing->dir_fd, growing->temporary, 0) != 0 && errno != ENOENT)
		return sc_growing_fail(growing, "remove", err);
	forget(growing);
	return 0;
}

/* The same with the leftover that is open. */
static int
reuse_open_leftover(struct sc_growing *growing, const struct sc_growing_how *how, bool writable,
    struct sc_error *err)
{
	struct stat st;
	bool locked, resume;

	if (fstat(growing->fd, &st) != 0)
		return sc_growing_fail(growing, "examine", err);
	if (!S_ISREG(st.st_mode) && !(how->directory && S_ISDIR(st.st_mode)))
		return fail_as(growing, "is not a regular file", err);
	if (!is_ours(&st, how))
		return fail_as(growing, "belongs to another user", err);
	if (lock(growing->fd, &locked) != 0)
		return fail_busy(growing, err);
	if (!sc_growing_is_named(growing, &st)) {
		forget(growing);
		return 0;
	}
	resume = how->resume && locked;
	if (!S_ISDIR(st.st_mode))
		return reuse_or_remove_file(growing, writable, resume && !how->directory, &st, err);
	growing->left = resume && (st.st_mode & 077) == 0;
	return 0;
}

/* Take over or remove what an earlier run left.  0 and nothing open: try again. */
static int
reuse_leftover(struct sc_growing *growing, const struct sc_growing_how *how, struct sc_error *err)
{
	bool writable;

	growing->fd = open_leftover(growing, how->directory, &writable);
	if (growing->fd >= 0)
		return reuse_open_leftover(growing, how, writable, err);
	if (errno == ENOENT)
		return 0;
	if (errno == ELOOP)
		return fail_as(growing, "is a symbolic link", err);
	return sc_growing_fail(growing, "open", err);
}

int
sc_growing_begin(struct sc_growing *growing, const struct sc_growing_how *how, struct sc_error *err)
{
	assert(growing->temporary != NULL && growing->fd < 0);
	for (int i = 0; i < TRIES_MAX; i++) {
		struct stat st;
		bool locked;

		if (sc_growing_make(growing, how) == 0) {
			/* Between creation and lock another run may have held it for a leftover:
			 * then it is locked, no longer at its name, or used. */
			if (lock(growing->fd, &locked) == 0 && sc_growing_is_named(growing, &st) &&
			    (how->directory || st.st_size == 0))
				return 0;
			forget(growing);
			continue;
		}
		if (errno != EEXIST)
			return sc_fail(err, errno, "cannot create a %s for %s", growing->kind,
			    growing->title);
		if (reuse_leftover(growing, how, err) != 0) {
			if (growing->fd >= 0)
				forget(growing);
			return -1;
		}
		if (growing->fd >= 0)
			return 0;
	}
	return fail_busy(growing, err);
}

static void
forget_temporary(struct sc_growing *growing)
{
	free(growing->temporary);
	growing->temporary = NULL;
}

int
sc_growing_publish(struct sc_growing *growing, bool force, struct sc_error *err)
{
	int rc;

	if (sc_growing_expect_named(growing, err) != 0)
		return -1;
	if (force)
		rc = renameat(growing->dir_fd, growing->temporary, growing->dir_fd, growing->name);
	else
		rc = sc_system_rename_new(growing->dir_fd, growing->temporary, growing->dir_fd,
		    growing->name);
	if (rc != 0 && errno == EEXIST && !force)
		return sc_growing_fail_exists(growing, NULL, err);
	if (rc != 0)
		return sc_fail(err, errno, "cannot rename the %s to %s", growing->kind,
		    growing->title);
	forget_temporary(growing);
	return 0;
}

int
sc_growing_discard(struct sc_growing *growing, struct sc_error *err)
{
	if (sc_growing_expect_named(growing, err) != 0)
		return -1;
	if (unlinkat(growing->dir_fd, growing->temporary, 0) != 0)
		return sc_growing_fail(growing, "remove", err);
	forget_temporary(growing);
	return 0;
}

/* A directory that its owner may not write to can't be moved by its owner: ".." changes in it.
 * Let the owner write, and return a descriptor by which the mode is given back; -1: no need. */
static int
let_move(int dir_fd, const char *name, mode_t *mode)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && (st.st_mode & 0200) == 0 &&
	    fchmod(fd, (st.st_mode & 07777) | 0200) == 0) {
		*mode = st.st_mode & 07777;
		return fd;
	}
	(void)close(fd);
	return -1;
}

int
sc_growing_give(int from_fd, const char *from, int to_fd, const char *to, bool force,
    bool *exchanged)
{
	mode_t mode;
	int rc, fd, errnum;

	*exchanged = false;
	if (sc_system_rename_new(from_fd, from, to_fd, to) == 0)
		return 0;
	if (errno != EEXIST || !force)
		return -1;
	*exchanged = true;
	if (sc_system_exchange(from_fd, from, to_fd, to) == 0)
		return 0;
	if (errno != EACCES)
		return -1;
	fd = let_move(to_fd, to, &mode);
	rc = sc_system_exchange(from_fd, from, to_fd, to);
	errnum = errno;
	if (fd >= 0) {
		if (rc != 0)
			(void)fchmod(fd, mode); /* it stays what it was */
		(void)close(fd);
	}
	errno = errnum;
	return rc;
}

int
sc_growing_sync(const struct sc_growing *growing, struct sc_error *err)
{
	/* EINVAL, EBADF: the file system, or a directory that may not be read, doesn't have this. */
	if (fsync(growing->dir_fd) != 0 && errno != EINVAL && errno != EBADF)
		return sc_fail(err, errno, "cannot make the name %s durable", growing->title);
	return 0;
}
