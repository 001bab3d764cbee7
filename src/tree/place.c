/*
 * Where a tree grows: see place.h.
 */
#include "tree/place.h"

#include "beneath/remove.h"
#include "beneath/system.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TREE "tree"
#define SPOOL "stream"
#define WHOLE "whole"

/* As with a part file: it can vanish between two calls, but not for ever. */
enum { TRIES_MAX = 32 };

static const char *
shown(const struct sc_place *place, const char *name)
{
	return name == NULL ? place->part->name : name;
}

/* A sentence about one of the names. */
static int
fail_name(const struct sc_place *place, int errnum, const char *before, const char *name,
    const char *behind, struct sc_error *err)
{
	if (name == NULL)
		return sc_fail(err, errnum, "%s%s%s", before, place->title, behind);
	return sc_fail(err, errnum, "%s%s/%s%s", before, place->title, name, behind);
}

int
sc_place_check(const struct sc_place *place, const char *name, bool directory, bool force,
    struct sc_error *err)
{
	struct stat st;

	if (shown(place, name)[0] == '\0')
		return fail_name(place, 0, "", name, " is a directory", err);
	if (fstatat(place->part->dir_fd, shown(place, name), &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0
				       : fail_name(place, errno, "cannot examine ", name, "", err);
	if (directory && !S_ISDIR(st.st_mode))
		return fail_name(place, 0, "", name, " exists and is not a directory", err);
	if (!directory && S_ISDIR(st.st_mode))
		return fail_name(place, 0, "", name, " is a directory", err);
	if (!directory && !S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return fail_name(place, 0, "", name, " is not a regular file", err);
	return force ? 0 : fail_name(place, 0, "", name, " exists; use --force to replace it", err);
}

/* Remove what is in the part directory.  0, or -1 with errno. */
static int
clear(const struct sc_place *place)
{
	static const char *const names[] = {TREE, WHOLE, SPOOL};
	int fd = place->part->fd;
	struct sc_error why;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (sc_remove_tree(fd, names[i], place->title, &why) != 0) {
			errno = why.errnum != 0 ? why.errnum : EIO;
			return -1;
		}
	}
	return 0;
}

static void
close_inner(struct sc_place *place)
{
	/* What had to be durable was synced. */
	if (place->tree_fd >= 0)
		(void)close(place->tree_fd);
	if (place->spool_fd >= 0)
		(void)close(place->spool_fd);
	place->tree_fd = place->spool_fd = -1;
}

static int
open_inner(struct sc_place *place, bool create)
{
	int fd = place->part->fd;

	if (create && mkdirat(fd, TREE, 0700) != 0)
		return -1;
	place->tree_fd = openat(fd, TREE, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	place->spool_fd = openat(fd, SPOOL,
	    O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | (create ? O_CREAT | O_EXCL : 0), 0600);
	return place->tree_fd < 0 || place->spool_fd < 0 ? -1 : 0;
}

int
sc_place_empty(struct sc_place *place)
{
	close_inner(place);
	return clear(place) == 0 ? open_inner(place, true) : -1;
}

static int
fail_part(const struct sc_place *place, const char *what, struct sc_error *err)
{
	return sc_fail(err, errno, "cannot %s %s, where %s is to grow", what,
	    place->part->part_name, place->title);
}

/* Does anything but a run that was killed while it gave names come into question? */
static bool
is_usable(const struct sc_place *place, const struct stat *st)
{
	struct stat inner;

	return (st->st_mode & 077) == 0 &&
	    fstatat(place->part->fd, WHOLE, &inner, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT &&
	    fstatat(place->part->fd, SPOOL, &inner, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(inner.st_mode) && inner.st_nlink == 1 && inner.st_uid == geteuid();
}

/* The part directory is ours and locked: use what is in it, or make it anew. */
static int
settle(struct sc_place *place, bool resume, const struct stat *st, struct sc_error *err)
{
	if (resume && is_usable(place, st)) {
		struct stat inner;

		/* The tree may have the mode of what was to be renamed next. */
		if (fstatat(place->part->fd, TREE, &inner, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISDIR(inner.st_mode))
			(void)fchmodat(place->part->fd, TREE, 0700, 0);
		if (open_inner(place, false) == 0) {
			place->part->left = true;
			return 0;
		}
	}
	if (fchmod(place->part->fd, 0700) != 0 || sc_place_empty(place) != 0)
		return fail_part(place, "empty", err);
	return 0;
}

/* A part file: a run that staged a file of this name left it. */
static int
remove_file(const struct sc_place *place, struct sc_error *err)
{
	const struct sc_part *part = place->part;
	int fd =
	    openat(part->dir_fd, part->part_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	bool locked;
	int rc = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : fail_part(place, "open", err);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid())
		rc = sc_fail(err, 0, "%s, where %s is to grow, is none of ours", part->part_name,
		    place->title);
	else if (sc_part_lock(fd, &locked) != 0)
		rc = sc_part_fail_busy(part, err);
	else if (sc_part_is_named(part, fd, &st) && unlinkat(part->dir_fd, part->part_name, 0) != 0)
		rc = fail_part(place, "remove", err);
	(void)close(fd);
	return rc;
}

/* 1: again, it has changed meanwhile. */
static int
take(struct sc_place *place, bool resume, struct sc_error *err)
{
	struct sc_part *part = place->part;
	struct stat st;
	bool locked;

	if (mkdirat(part->dir_fd, part->part_name, 0700) != 0 && errno != EEXIST)
		return fail_part(place, "make", err);
	part->fd =
	    openat(part->dir_fd, part->part_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (part->fd < 0) {
		if (errno == ENOTDIR)
			return remove_file(place, err) == 0 ? 1 : -1;
		if (errno == ENOENT)
			return 1;
		return fail_part(place, "open", err);
	}
	if (fstat(part->fd, &st) != 0)
		return fail_part(place, "examine", err);
	if (st.st_uid != geteuid())
		return sc_fail(err, 0, "%s, where %s is to grow, is none of ours", part->part_name,
		    place->title);
	if (sc_part_lock(part->fd, &locked) != 0)
		return sc_part_fail_busy(part, err);
	if (sc_part_is_named(part, part->fd, &st))
		return settle(place, resume && locked, &st, err);
	(void)close(part->fd);
	part->fd = -1;
	return 1;
}

static int
take_repeatedly(struct sc_place *place, bool resume, struct sc_error *err)
{
	for (int i = 0; i < TRIES_MAX; i++) {
		int rc = take(place, resume, err);

		if (rc <= 0)
			return rc;
	}
	return sc_part_fail_busy(place->part, err);
}

int
sc_place_open(struct sc_place *place, struct sc_part *part, const char *dest, bool several,
    bool resume, bool force, struct sc_error *err)
{
	const char *slash = strrchr(dest, '/');

	*place = (struct sc_place){.part = part, .several = several, .tree_fd = -1, .spool_fd = -1};
	if (sc_part_locate(part, dest, err) != 0)
		return -1;
	if (!several)
		place->title = strdup(dest);
	else if (slash == NULL)
		place->title = strdup(".");
	else
		place->title = strndup(dest, slash == dest ? 1 : (size_t)(slash - dest));
	if (place->title == NULL)
		(void)sc_fail(err, ENOMEM, "cannot write %s", dest);
	else if ((several || sc_place_check(place, NULL, true, force, err) == 0) &&
	    take_repeatedly(place, resume, err) == 0) {
		if (!part->left)
			sc_part_remove_journal(part);
		return 0;
	}
	sc_place_close(place, true);
	return -1;
}

/* A directory that its owner may not write to can't be moved by him: ".." changes in it.  Let him,
 * and return a descriptor by which its mode is given back, or -1 if that isn't needed. */
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

/* Exchange, where there is something to exchange with, else move.  *replaced tells which. */
static int
give(const struct sc_place *place, int from_fd, const char *from, const char *name, bool force,
    bool *replaced)
{
	int dir_fd = place->part->dir_fd;
	mode_t mode;
	int rc, fd, errnum;

	*replaced = false;
	if (sc_system_rename_new(from_fd, from, dir_fd, name) == 0)
		return 0;
	if (errno != EEXIST || !force)
		return -1;
	*replaced = true;
	if (sc_system_exchange(from_fd, from, dir_fd, name) == 0)
		return 0;
	if (errno != EACCES)
		return -1;
	fd = let_move(dir_fd, name, &mode);
	rc = sc_system_exchange(from_fd, from, dir_fd, name);
	errnum = errno;
	if (fd >= 0) {
		if (rc != 0)
			(void)fchmod(fd, mode); /* it stays what it was */
		(void)close(fd);
	}
	errno = errnum;
	return rc;
}

/* The names are given from the directory whole, or whole itself is. */
static int
open_whole(const struct sc_place *place)
{
	if (renameat(place->part->fd, TREE, place->part->fd, WHOLE) != 0)
		return -1;
	if (!place->several)
		return dup(place->part->fd);
	return openat(place->part->fd, WHOLE, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static const char *
inner_name(const struct sc_place *place, const struct sc_place_name *name)
{
	return place->several ? name->name : WHOLE;
}

static const char *
outer_name(const struct sc_place *place, const struct sc_place_name *name)
{
	return place->several ? name->name : place->part->name;
}

static void
take_back(const struct sc_place *place, int whole_fd, const struct sc_place_name *names,
    size_t count, const bool *replaced)
{
	/* Nothing can be done if this fails: somebody is at work on it. */
	while (count-- > 0) {
		const char *inner = inner_name(place, &names[count]);
		const char *outer = outer_name(place, &names[count]);

		if (replaced[count])
			(void)sc_system_exchange(whole_fd, inner, place->part->dir_fd, outer);
		else
			(void)sc_system_rename_new(place->part->dir_fd, outer, whole_fd, inner);
	}
}

static int
take_write_bit(int fd)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return -1;
	return fchmod(fd, st.st_mode & 07577);
}

/* Give one name. */
static int
give_name(const struct sc_place *place, int whole_fd, const struct sc_place_name *name, bool force,
    bool *replaced, struct sc_error *err)
{
	const char *inner = inner_name(place, name);
	const char *shown_name = place->several ? name->name : NULL;
	int fd = -1;
	int rc;

	if (sc_place_check(place, shown_name, name->directory, force, err) != 0)
		return -1;
	if (name->unwritable)
		fd = openat(whole_fd, inner, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	rc = give(place, whole_fd, inner, outer_name(place, name), force, replaced);
	if (rc != 0 && errno == EEXIST)
		rc = fail_name(place, 0, "", shown_name, " exists; use --force to replace it", err);
	else if (rc != 0)
		rc = fail_name(place, errno, "cannot rename what has grown to ", shown_name, "",
		    err);
	if (rc == 0 && name->unwritable && take_write_bit(fd) != 0)
		rc = fail_name(place, errno, "cannot give its mode to ", shown_name, "", err);
	if (fd >= 0)
		(void)close(fd); /* nothing was written through it */
	return rc;
}

/* All names are given. */
static int
conclude(struct sc_place *place, struct sc_error *err)
{
	struct sc_part *part = place->part;

	sc_part_remove_journal(part);
	/* What can't be removed will be by the next run. */
	if (clear(place) == 0 && unlinkat(part->dir_fd, part->part_name, AT_REMOVEDIR) == 0) {
		free(part->part_name);
		part->part_name = NULL;
	}
	if (fsync(part->dir_fd) != 0 && errno != EINVAL && errno != EBADF)
		return sc_fail(err, errno, "cannot make the name %s durable", place->title);
	return 0;
}

int
sc_place_publish(struct sc_place *place, const struct sc_place_name *names, size_t count,
    bool force, bool *published, struct sc_error *err)
{
	bool *replaced = calloc(count + 1, sizeof(*replaced));
	int whole_fd = -1;
	struct stat st;
	size_t given;
	int rc = -1;

	assert(place->several || count == 1);
	*published = false;
	if (replaced == NULL) {
		(void)sc_fail(err, ENOMEM, "cannot write %s", place->title);
		goto out;
	}
	if (!sc_part_is_named(place->part, place->part->fd, &st)) {
		(void)sc_fail(err, 0, "%s, where %s has grown, was taken away",
		    place->part->part_name, place->title);
		goto out;
	}
	whole_fd = open_whole(place);
	if (whole_fd < 0) {
		(void)fail_part(place, "rename", err);
		goto out;
	}
	for (given = 0; given < count; given++) {
		if (give_name(place, whole_fd, &names[given], force, &replaced[given], err) != 0)
			break;
	}
	if (given < count) {
		take_back(place, whole_fd, names, given, replaced);
		(void)renameat(place->part->fd, WHOLE, place->part->fd, TREE);
		goto out;
	}
	*published = true;
	rc = conclude(place, err);
out:
	if (whole_fd >= 0)
		(void)close(whole_fd);
	free(replaced);
	return rc;
}

void
sc_place_close(struct sc_place *place, bool keep)
{
	struct sc_part *part = place->part;
	struct stat st;

	close_inner(place);
	/* While it is locked, and its name last, as with a part file. */
	if (!keep && part->fd >= 0 && part->part_name != NULL &&
	    sc_part_is_named(part, part->fd, &st)) {
		sc_part_remove_journal(part);
		(void)clear(place);
		(void)unlinkat(part->dir_fd, part->part_name, AT_REMOVEDIR);
	}
	free(place->title);
	place->title = NULL;
	sc_part_release(part);
}
