/*
 * The directory that becomes DEST: see target.h.
 */
#include "archive/target.h"

#include "beneath/remove.h"
#include "file/part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TREE_SUFFIX ".stagecast.tree"
#define OLD_SUFFIX ".stagecast.old"

int
sc_target_open(struct sc_target *target, const struct sc_growing *part,
    atomic_uint_fast64_t *alive_ns, struct sc_error *err)
{
	struct sc_growing *tree = &target->tree;

	*target = (struct sc_target){
		.tree = {.dest = strdup(part->dest), .kind = "tree", .dir_fd = -1, .fd = -1},
		.alive_ns = alive_ns,
	};
	if (tree->dest == NULL)
		return sc_fail(err, ENOMEM, "cannot write %s", part->dest);
	tree->title = tree->dest;
	tree->name = tree->dest + (part->name - part->dest);
	tree->dir_fd = fcntl(part->dir_fd, F_DUPFD_CLOEXEC, 0);
	tree->temporary = sc_part_beside(part, TREE_SUFFIX);
	target->old_name = sc_part_beside(part, OLD_SUFFIX);
	if (tree->temporary != NULL && target->old_name != NULL && tree->dir_fd >= 0)
		return 0;
	(void)sc_fail(err, errno, "cannot write %s", part->dest);
	sc_target_close(target);
	return -1;
}

static int
clear(const struct sc_target *target, const char *name, struct sc_error *err)
{
	return sc_remove_tree(target->tree.dir_fd, name, name, target->alive_ns, err);
}

int
sc_target_clear(struct sc_target *target, struct sc_error *err)
{
	if (clear(target, target->tree.temporary, err) != 0)
		return -1;
	return clear(target, target->old_name, err);
}

int
sc_target_make(struct sc_target *target, struct sc_error *err)
{
	static const struct sc_growing_how how = {.directory = true, .mode = 0700};

	if (sc_growing_make(&target->tree, &how) != 0)
		return sc_growing_fail(&target->tree, "make", err);
	return 0;
}

/* Where the file system can't exchange two names.  For a moment there is no DEST; if this process
 * ends in that moment, the next run begins again. */
static int
replace_in_two_steps(const struct sc_target *target)
{
	const struct sc_growing *tree = &target->tree;
	int dir_fd = tree->dir_fd;

	if (renameat(dir_fd, tree->name, dir_fd, target->old_name) != 0)
		return -1;
	if (renameat(dir_fd, tree->temporary, dir_fd, tree->name) == 0)
		return 0;
	(void)renameat(dir_fd, target->old_name, dir_fd, tree->name);
	return -1;
}

int
sc_target_publish(struct sc_target *target, bool force, bool *published, struct sc_error *err)
{
	const struct sc_growing *tree = &target->tree;
	bool exchanged;
	int rc;

	*published = false;
	if (sc_growing_expect_named(tree, err) != 0 ||
	    sc_growing_check(tree, NULL, true, force, err) != 0)
		return -1;
	rc = sc_growing_give(tree->dir_fd, tree->temporary, tree->dir_fd, tree->name, force,
	    &exchanged);
	if (rc != 0 && errno == EOPNOTSUPP)
		rc = replace_in_two_steps(target);
	if (rc != 0 && errno == EEXIST)
		return sc_growing_fail_exists(tree, NULL, err);
	if (rc != 0)
		return sc_fail(err, errno, "cannot rename the tree to %s", tree->title);
	*published = true;
	return sc_growing_sync(tree, err);
}

void
sc_target_close(struct sc_target *target)
{
	if (target->tree.dest != NULL)
		sc_growing_release(&target->tree);
	free(target->old_name);
	target->old_name = NULL;
}
