/*
 * Removing trees: links, depths, rights, and what is not to be touched.
 */
#define _GNU_SOURCE /* mount */
#include "beneath/remove.h"
#include "lib/suite.h"
#include "lib/tempdir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char *dir;
static int dir_fd;
static struct sc_error err;

static void
set_up(void)
{
	dir = sc_tempdir_make();
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CU_ASSERT_FATAL(dir_fd >= 0);
}

static void
tear_down(void)
{
	CU_ASSERT_EQUAL(close(dir_fd), 0);
	sc_tempdir_remove(dir);
}

static void
make_file(const char *name)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(close(fd), 0);
}

static void
make_dir(const char *name)
{
	CU_ASSERT_EQUAL_FATAL(mkdirat(dir_fd, name, 0700), 0);
}

static bool
has(const char *name)
{
	struct stat st;

	return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void
everything_and_nothing_else(void)
{
	set_up();
	make_dir("keep");
	make_file("keep/file");
	make_dir("tree");
	make_dir("tree/a");
	make_dir("tree/a/b");
	make_file("tree/a/b/file");
	CU_ASSERT_EQUAL(symlinkat("../keep", dir_fd, "tree/link"), 0);
	CU_ASSERT_EQUAL(symlinkat("..", dir_fd, "tree/a/up"), 0);
	CU_ASSERT_EQUAL(mkfifoat(dir_fd, "tree/fifo", 0600), 0);
	CU_ASSERT_EQUAL(linkat(dir_fd, "keep/file", dir_fd, "tree/hard", 0), 0);
	CU_ASSERT_EQUAL(sc_remove_tree(dir_fd, "tree", "/t", NULL, &err), 0);
	CU_ASSERT(!has("tree"));
	CU_ASSERT(has("keep/file"));
	CU_ASSERT_EQUAL(sc_remove_tree(dir_fd, "tree", "/t", NULL, &err), 0); /* nothing there */

	/* A link is removed, not what it names. */
	CU_ASSERT_EQUAL(symlinkat("keep", dir_fd, "tree"), 0);
	CU_ASSERT_EQUAL(sc_remove_tree(dir_fd, "tree", "/t", NULL, &err), 0);
	CU_ASSERT(!has("tree"));
	CU_ASSERT(has("keep/file"));
	tear_down();
}

/* Deeper than descriptors and paths reach. */
static void
deep_and_wide(void)
{
	const struct rlimit few = {.rlim_cur = 64, .rlim_max = 64};
	struct rlimit before;
	int fd;

	set_up();
	CU_ASSERT_EQUAL(getrlimit(RLIMIT_NOFILE, &before), 0);
	make_dir("tree");
	fd = openat(dir_fd, "tree", O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < 5000; i++) {
		int next;

		CU_ASSERT_EQUAL_FATAL(mkdirat(fd, "d", 0700), 0);
		CU_ASSERT_EQUAL_FATAL(mkdirat(fd, ".stagecast-0", 0700), 0);
		CU_ASSERT_EQUAL_FATAL(symlinkat("..", fd, "up"), 0);
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY);
		CU_ASSERT_FATAL(next >= 0);
		CU_ASSERT_EQUAL(close(fd), 0);
		fd = next;
	}
	CU_ASSERT_EQUAL(close(fd), 0);
	CU_ASSERT_EQUAL(setrlimit(RLIMIT_NOFILE, &(struct rlimit){few.rlim_cur, before.rlim_max}),
	    0);
	CU_ASSERT_EQUAL(sc_remove_tree(dir_fd, "tree", "/t", NULL, &err), 0);
	CU_ASSERT_EQUAL(setrlimit(RLIMIT_NOFILE, &before), 0);
	CU_ASSERT(!has("tree"));
	tear_down();
}

static int
as_nobody(const char *parent, void *data)
{
	char *own = sc_tempdir_path(parent, "own");

	(void)data;
	if (mkdir(own, 0700) != 0)
		return 1;
	dir_fd = open(own, O_RDONLY | O_DIRECTORY);
	make_dir("tree");
	make_dir("tree/closed");
	make_file("tree/closed/file");
	make_dir("tree/closed/in");
	if (fchmodat(dir_fd, "tree/closed/in", 0, 0) != 0 ||
	    fchmodat(dir_fd, "tree/closed", 0, 0) != 0 || fchmodat(dir_fd, "tree", 0500, 0) != 0)
		return 2;
	if (sc_remove_tree(dir_fd, "tree", "/t", NULL, &err) != 0) {
		fprintf(stderr, "%s\n", err.text);
		return 3;
	}
	return has("tree") ? 4 : 0;
}

static void
closed_directories(void)
{
	int rc;

	set_up();
	CU_ASSERT_EQUAL(chmod(dir, 0777), 0);
	rc = sc_test_unprivileged(dir, as_nobody, NULL);
	if (rc < 0) /* we are one already */
		rc = as_nobody(dir, NULL);
	CU_ASSERT_EQUAL(rc, 0);
	tear_down();
}

static int
with_a_mount(const char *parent, void *data)
{
	(void)data;
	dir_fd = open(parent, O_RDONLY | O_DIRECTORY);
	make_dir("tree");
	make_dir("tree/m");
	make_dir("other");
	make_file("other/kept");
	make_file("tree/z");
	if (mount(sc_tempdir_path(parent, "other"), sc_tempdir_path(parent, "tree/m"), NULL,
		MS_BIND, NULL) != 0)
		return 1;
	if (sc_remove_tree(dir_fd, "tree", "/t", NULL, &err) != -1 || !has("other/kept"))
		return 2;
	return strstr(err.text, "cannot remove m in /t: Invalid cross-device link") != NULL &&
		!has("tree/z")
	    ? 0
	    : 3;
}

static void
mounts_are_not_entered(void)
{
	char *parent = sc_tempdir_make();
	int rc = sc_test_on_small_tmpfs(parent, 1 << 20, with_a_mount, NULL);

	if (rc < 0)
		printf("(mounting is not permitted here) ");
	else
		CU_ASSERT_EQUAL(rc, 0);
	sc_tempdir_remove(parent);
}

static CU_TestInfo tests[] = {
	{"everything and nothing else", everything_and_nothing_else},
	{"5,000 levels, 64 descriptors", deep_and_wide},
	{"closed directories", closed_directories},
	{"mounts are not entered", mounts_are_not_entered},
	CU_TEST_INFO_NULL,
};

int
main(void)
{
	return sc_run_suite("remove", tests);
}
