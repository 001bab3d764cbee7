/*
 * Where a directory tree grows: see place.h.
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

int
sc_place_check(const struct sc_place *place, const char *name, bool directory, bool force,
    struct sc_error *err)
{
	return sc_growing_check(place->part, name, directory, force, err);
}

/* Remove what is in the part directory.  0, or -1 with errno. */
static int
clear(const struct sc_place *place)
{
	static const char *const names[] = {TREE, WHOLE, SPOOL};
	int fd = place->part->fd;
	struct sc_error why;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (sc_remove_tree(fd, names[i], place->title, NULL, &why) != 0) {
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

/* May a resume use what is there?  Not if the run was killed while it gave names. */
static bool
is_usable(const struct sc_place *place)
{
	struct stat inner;

	return fstatat(place->part->fd, WHOLE, &inner, AT_SYMLINK_NOFOLLOW) != 0 &&
	    errno == ENOENT && fstatat(place->part->fd, SPOOL, &inner, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(inner.st_mode) && inner.st_nlink == 1 && inner.st_uid == geteuid();
}

/* The part directory is locked: use what an earlier run left in it, or empty it. */
static int
settle(struct sc_place *place, struct sc_error *err)
{
	struct sc_growing *part = place->part;
	struct stat inner;

	part->left = part->left && is_usable(place);
	/* The tree may have the mode of what was to be renamed next. */
	if (part->left && fstatat(part->fd, TREE, &inner, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(inner.st_mode))
		(void)fchmodat(part->fd, TREE, 0700, 0);
	if (part->left && open_inner(place, false) == 0)
		return 0;
	part->left = false;
	if (fchmod(part->fd, 0700) != 0 || sc_place_empty(place) != 0)
		return sc_growing_fail(part, "empty", err);
	sc_part_remove_journal(part);
	return 0;
}

/* What the tree becomes: dest, or with several roots what goes into its directory. */
static char *
make_title(const char *dest, bool several)
{
	const char *slash = strrchr(dest, '/');

	if (!several)
		return strdup(dest);
	return slash == NULL ? strdup(".")
			     : strndup(dest, slash == dest ? 1 : (size_t)(slash - dest));
}

int
sc_place_open(struct sc_place *place, struct sc_growing *part, const char *dest, bool several,
    bool resume, bool force, struct sc_error *err)
{
	const struct sc_growing_how how = {
		.directory = true,
		.mode = 0700,
		.resume = resume,
		.owner = geteuid(),
	};

	*place = (struct sc_place){.part = part, .several = several, .tree_fd = -1, .spool_fd = -1};
	if (sc_part_locate(part, dest, "part directory", err) != 0)
		return -1;
	place->title = make_title(dest, several);
	part->title = place->title;
	if (place->title == NULL)
		(void)sc_fail(err, ENOMEM, "cannot write %s", dest);
	else if ((several || sc_place_check(place, NULL, true, force, err) == 0) &&
	    sc_growing_begin(part, &how, err) == 0 && settle(place, err) == 0)
		return 0;
	sc_place_close(place, true);
	return -1;
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
undo(const struct sc_place *place, int whole_fd, const struct sc_place_name *names, size_t count,
    const bool *replaced)
{
	/* Nothing can be done if this fails: others rename things here at the same time. */
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
remove_write_bit(int fd)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return -1;
	return fchmod(fd, st.st_mode & 07577);
}

/* A sentence about one of the names, by errno. */
static int
fail_name(const struct sc_place *place, const char *what, const char *name, struct sc_error *err)
{
	return sc_fail(err, errno, "%s %s%s%s", what, place->title, name == NULL ? "" : "/",
	    name == NULL ? "" : name);
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
	rc = sc_growing_give(whole_fd, inner, place->part->dir_fd, outer_name(place, name), force,
	    replaced);
	if (rc != 0 && errno == EEXIST)
		rc = sc_growing_fail_exists(place->part, shown_name, err);
	else if (rc != 0)
		rc = fail_name(place, "cannot rename what has grown to", shown_name, err);
	if (rc == 0 && name->unwritable && remove_write_bit(fd) != 0)
		rc = fail_name(place, "cannot give its mode to", shown_name, err);
	if (fd >= 0)
		(void)close(fd); /* nothing was written through it */
	return rc;
}

/* All names are given. */
static int
conclude(struct sc_place *place, struct sc_error *err)
{
	struct sc_growing *part = place->part;

	sc_part_remove_journal(part);
	/* What can't be removed will be by the next run. */
	if (clear(place) == 0 && unlinkat(part->dir_fd, part->temporary, AT_REMOVEDIR) == 0) {
		free(part->temporary);
		part->temporary = NULL;
	}
	return sc_growing_sync(part, err);
}

int
sc_place_publish(struct sc_place *place, const struct sc_place_name *names, size_t count,
    bool force, bool *published, struct sc_error *err)
{
	bool *replaced = calloc(count + 1, sizeof(*replaced));
	int whole_fd = -1;
	size_t given;
	int rc = -1;

	assert(place->several || count == 1);
	*published = false;
	if (replaced == NULL) {
		(void)sc_fail(err, ENOMEM, "cannot write %s", place->title);
		goto out;
	}
	if (sc_growing_expect_named(place->part, err) != 0)
		goto out;
	whole_fd = open_whole(place);
	if (whole_fd < 0) {
		(void)sc_growing_fail(place->part, "rename", err);
		goto out;
	}
	for (given = 0; given < count; given++) {
		if (give_name(place, whole_fd, &names[given], force, &replaced[given], err) != 0)
			break;
	}
	if (given < count) {
		undo(place, whole_fd, names, given, replaced);
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
	struct sc_growing *part = place->part;
	struct stat st;

	close_inner(place);
	/* While it is locked, and its name last, as with a part file. */
	if (!keep && part->fd >= 0 && part->temporary != NULL && sc_growing_is_named(part, &st)) {
		sc_part_remove_journal(part);
		(void)clear(place);
		(void)unlinkat(part->dir_fd, part->temporary, AT_REMOVEDIR);
	}
	free(place->title);
	place->title = NULL;
	sc_growing_release(part);
}
