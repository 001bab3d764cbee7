/*
 * The tree that becomes DEST: see target.h.
 */
#include "archive/target.h"

#include "beneath/remove.h"
#include "beneath/system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TREE_SUFFIX ".stagecast.tree"
#define OLD_SUFFIX ".stagecast.old"

int
sc_target_open(struct sc_target *target, const struct sc_part *part, atomic_uint_fast64_t *alive_ns,
    struct sc_error *err)
{
	*target = (struct sc_target){.dir_fd = -1, .root_fd = -1, .alive_ns = alive_ns};
	target->dest = strdup(part->dest);
	target->name = strdup(part->name);
	target->tree_name = sc_part_beside(part, TREE_SUFFIX);
	target->old_name = sc_part_beside(part, OLD_SUFFIX);
	target->dir_fd = fcntl(part->dir_fd, F_DUPFD_CLOEXEC, 0);
	if (target->dest != NULL && target->name != NULL && target->tree_name != NULL &&
	    target->old_name != NULL && target->dir_fd >= 0)
		return 0;
	(void)sc_fail(err, errno, "cannot write %s", part->dest);
	sc_target_close(target);
	return -1;
}

int
sc_target_clear(struct sc_target *target, struct sc_error *err)
{
	if (sc_remove_tree_alive(target->dir_fd, target->tree_name, target->tree_name,
		target->alive_ns, err) != 0)
		return -1;
	return sc_remove_tree_alive(target->dir_fd, target->old_name, target->old_name,
	    target->alive_ns, err);
}

static int
fail(const struct sc_target *target, const char *what, struct sc_error *err)
{
	return sc_fail(err, errno, "cannot %s %s, which is to become %s", what, target->tree_name,
	    target->dest);
}

int
sc_target_make(struct sc_target *target, struct sc_error *err)
{
	struct stat st;

	if (mkdirat(target->dir_fd, target->tree_name, 0700) != 0)
		return fail(target, "make", err);
	target->root_fd = openat(target->dir_fd, target->tree_name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (target->root_fd < 0 || fstat(target->root_fd, &st) != 0)
		return fail(target, "open", err);
	/* Nobody but us may put anything into it, and it is the one that we made. */
	if (st.st_uid != geteuid() || (st.st_mode & 077) != 0)
		return sc_fail(err, 0, "%s, which is to become %s, is none of ours",
		    target->tree_name, target->dest);
	target->device = st.st_dev;
	target->inode = st.st_ino;
	return 0;
}

static int
fail_exists(const struct sc_target *target, struct sc_error *err)
{
	return sc_fail(err, 0, "%s exists; use --force to replace it", target->dest);
}

/* Rename where there is an older dest, which then has the tree's name or the old one's. */
static int
rename_over(const struct sc_target *target)
{
	if (sc_system_exchange(target->dir_fd, target->tree_name, target->dir_fd, target->name) ==
	    0)
		return 0;
	if (errno != EOPNOTSUPP)
		return -1;
	/* A moment stays in which there is none; if we end in it the next run begins again. */
	if (renameat(target->dir_fd, target->name, target->dir_fd, target->old_name) != 0)
		return -1;
	if (renameat(target->dir_fd, target->tree_name, target->dir_fd, target->name) == 0)
		return 0;
	(void)renameat(target->dir_fd, target->old_name, target->dir_fd, target->name);
	return -1;
}

int
sc_target_publish(struct sc_target *target, bool force, bool *published, struct sc_error *err)
{
	struct stat st;
	bool exists;
	int rc;

	*published = false;
	if (fstatat(target->dir_fd, target->tree_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    st.st_dev != target->device || st.st_ino != target->inode)
		return sc_fail(err, 0, "%s, which is to become %s, was taken away",
		    target->tree_name, target->dest);
	exists = fstatat(target->dir_fd, target->name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (exists && !force)
		return fail_exists(target, err);
	if (exists && !S_ISDIR(st.st_mode))
		return sc_fail(err, 0, "%s exists, and is not a directory", target->dest);
	rc = exists
	    ? rename_over(target)
	    : sc_system_rename_new(target->dir_fd, target->tree_name, target->dir_fd, target->name);
	if (rc != 0 && errno == EEXIST)
		return fail_exists(target, err);
	if (rc != 0)
		return sc_fail(err, errno, "cannot rename the tree to %s", target->dest);
	*published = true;
	/* EINVAL, EBADF: the file system, or a directory that may not be read,
	 * doesn't have this. */
	if (fsync(target->dir_fd) != 0 && errno != EINVAL && errno != EBADF)
		return sc_fail(err, errno, "cannot make the name %s durable", target->dest);
	return 0;
}

void
sc_target_close(struct sc_target *target)
{
	if (target->dest == NULL && target->name == NULL)
		return;
	/* What had to be durable was synced. */
	if (target->root_fd >= 0)
		(void)close(target->root_fd);
	if (target->dir_fd >= 0)
		(void)close(target->dir_fd);
	free(target->old_name);
	free(target->tree_name);
	free(target->name);
	free(target->dest);
	*target = (struct sc_target){.dir_fd = -1, .root_fd = -1};
}
