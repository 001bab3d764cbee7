/*
 * Creating things beneath a directory: what the names may be, and that no link,
 * whoever planted it and when, leads out of it.
 */
#define _GNU_SOURCE /* mount */
#include "beneath/beneath.h"
#include "beneath/remove.h"
#include "lib/suite.h"
#include "lib/tempdir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* A folder with "root", beneath which things are made, and "canary", which stays as it is. */
static struct {
	char *dir;
	char *root;
	char *canary;
	int root_fd;
	struct sc_beneath beneath;
	struct sc_error err;
} t;

static void
set_up(bool by_component)
{
	char *secret;

	t.dir = sc_tempdir_make();
	t.root = sc_tempdir_path(t.dir, "root");
	t.canary = sc_tempdir_path(t.dir, "canary");
	secret = sc_tempdir_path(t.canary, "secret");
	CU_ASSERT_EQUAL_FATAL(mkdir(t.root, 0700), 0);
	CU_ASSERT_EQUAL_FATAL(mkdir(t.canary, 0755), 0);
	sc_test_file_write(secret, "secret", 6);
	t.root_fd = open(t.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CU_ASSERT_FATAL(t.root_fd >= 0);
	CU_ASSERT_EQUAL_FATAL(sc_beneath_init(&t.beneath, t.root_fd, "/dest", &t.err), 0);
	t.beneath.by_component = by_component;
	free(secret);
}

/* The canary is as it was. */
static void
tear_down(void)
{
	char *secret = sc_tempdir_path(t.canary, "secret");
	struct stat st;

	CU_ASSERT(sc_test_file_equals(secret, "secret", 6));
	CU_ASSERT_EQUAL(stat(secret, &st), 0);
	CU_ASSERT_EQUAL(st.st_nlink, 1);
	CU_ASSERT_EQUAL(sc_tempdir_entries(t.canary), 1);
	CU_ASSERT_EQUAL(stat(t.canary, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 07777, 0755);
	sc_beneath_free(&t.beneath);
	CU_ASSERT_EQUAL(close(t.root_fd), 0);
	free(secret);
	free(t.canary);
	free(t.root);
	sc_tempdir_remove(t.dir);
}

/* Somebody plants a link beneath the root. */
static void
plant(const char *name, const char *target)
{
	CU_ASSERT_EQUAL_FATAL(symlinkat(target, t.root_fd, name), 0);
}

static int
create(const char *name)
{
	int fd;

	if (sc_beneath_create(&t.beneath, name, &fd, &t.err) != 0) {
		CU_ASSERT_EQUAL(fd, -1);
		return -1;
	}
	CU_ASSERT_EQUAL(write(fd, "bytes", 5), 5);
	CU_ASSERT_EQUAL(close(fd), 0);
	return 0;
}

static bool
has(const char *name)
{
	struct stat st;

	return fstatat(t.root_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* What a system call says of a link where a directory is needed: there are two ways. */
enum { LINK = -1 };

static bool
is_cause(int errnum)
{
	if (errnum == LINK)
		return t.err.errnum == ELOOP || t.err.errnum == ENOTDIR;
	return t.err.errnum == errnum;
}

/* All that can be done with a name fails, and says which it was. */
static void
refused(const char *name, int errnum, const char *part_of_text)
{
	const struct sc_beneath_facts facts = {.mode = 0600};
	int fd;

	CU_ASSERT_EQUAL(create(name), -1);
	CU_ASSERT(is_cause(errnum));
	CU_ASSERT_PTR_NOT_NULL(strstr(t.err.text, part_of_text));
	CU_ASSERT_EQUAL(sc_beneath_open(&t.beneath, name, &fd, &t.err), -1);
	CU_ASSERT(is_cause(errnum));
	CU_ASSERT_EQUAL(fd, -1);
	CU_ASSERT_EQUAL(sc_beneath_mkdir(&t.beneath, name, 0700, true, &t.err), -1);
	CU_ASSERT(is_cause(errnum));
	CU_ASSERT_EQUAL(sc_beneath_mkdir_parents(&t.beneath, name, 0700, &t.err), -1);
	CU_ASSERT_EQUAL(sc_beneath_symlink(&t.beneath, name, "x", &t.err), -1);
	CU_ASSERT(is_cause(errnum));
	CU_ASSERT_EQUAL(sc_beneath_link(&t.beneath, name, "here", &t.err), -1);
	CU_ASSERT(is_cause(errnum));
	CU_ASSERT_EQUAL(sc_beneath_link(&t.beneath, "there", name, &t.err), -1);
	CU_ASSERT(is_cause(errnum));
	CU_ASSERT_EQUAL(sc_beneath_unlink(&t.beneath, name, &t.err), -1);
	CU_ASSERT(is_cause(errnum));
	CU_ASSERT_EQUAL(sc_beneath_describe_link(&t.beneath, name, &facts, &t.err), -1);
	CU_ASSERT(is_cause(errnum));
}

static void
names(bool by_component)
{
	static const struct {
		const char *name;
		const char *why;
	} bad[] = {
		{"/absolute", "is absolute"},
		{"/", "is absolute"},
		{"//x", "is absolute"},
		{"..", "\"..\""},
		{"../x", "\"..\""},
		{"a/../x", "\"..\""},
		{"a/..", "\"..\""},
		{"a/b/../../../x", "\"..\""},
		{".", "\".\""},
		{"./x", "\".\""},
		{"a/./x", "\".\""},
		{"a/.", "\".\""},
		{"a//x", "empty component"},
		{"a/", "empty component"},
		{"", "is empty"},
	};
	char longest[SC_BENEATH_NAME_MAX + 2];

	set_up(by_component);
	CU_ASSERT_EQUAL(create("here"), 0);
	CU_ASSERT_EQUAL(sc_beneath_mkdir(&t.beneath, "a", 0700, false, &t.err), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refused(bad[i].name, 0, bad[i].why);

	memset(longest, 'x', sizeof(longest));
	longest[SC_BENEATH_COMPONENT_MAX + 1] = '\0';
	refused(longest, 0, "a component that is too long");
	longest[SC_BENEATH_COMPONENT_MAX] = '\0';
	CU_ASSERT_EQUAL(create(longest), 0);
	for (size_t i = 0; i < sizeof(longest); i++)
		longest[i] = i % 2 == 0 ? 'y' : '/';
	longest[SC_BENEATH_NAME_MAX + 1] = '\0';
	refused(longest, 0, "is too long");
	CU_ASSERT_STRING_EQUAL(sc_beneath_refuses("a\0b", 3), "has a NUL in it");

	/* What only looks odd is a name like any other. */
	CU_ASSERT_EQUAL(create("..."), 0);
	CU_ASSERT_EQUAL(create("a/..x"), 0);
	CU_ASSERT_EQUAL(create("new\nline\\ \x7f\xff"), 0);
	CU_ASSERT_EQUAL(create("-rf"), 0);
	tear_down();
}

static void
links_planted_by_others(bool by_component)
{
	int fd;

	set_up(by_component);
	CU_ASSERT_EQUAL(create("here"), 0);
	CU_ASSERT_EQUAL(sc_beneath_mkdir(&t.beneath, "real", 0700, false, &t.err), 0);
	plant("up", "..");
	plant("out", t.canary);
	plant("in", "real"); /* even one that stays inside */
	plant("real/out", "../../canary");
	plant("nowhere", "../canary/new");
	plant("self", "self");
	plant("secret", "../canary/secret");
	plant("magic", "/proc/self/cwd");

	/* In the middle. */
	for (int i = 0; i < 6; i++) {
		static const char *const middle[] = {
			"up/canary/x", "out/x", "in/x", "real/out/x", "self/x", "magic/x"};

		refused(middle[i], LINK, middle[i]);
	}
	/* At the end: something has that name, and it is neither written nor replaced. */
	for (int i = 0; i < 4; i++) {
		static const char *const end[] = {"secret", "nowhere", "out", "self"};

		CU_ASSERT_EQUAL(create(end[i]), -1);
		CU_ASSERT_EQUAL(t.err.errnum, EEXIST);
		CU_ASSERT_EQUAL(sc_beneath_mkdir(&t.beneath, end[i], 0700, true, &t.err), -1);
		CU_ASSERT_EQUAL(t.err.errnum, ENOTDIR);
		CU_ASSERT_EQUAL(sc_beneath_open(&t.beneath, end[i], &fd, &t.err), -1);
		CU_ASSERT_EQUAL(t.err.errnum, ELOOP);
		CU_ASSERT_EQUAL(sc_beneath_open_directory(&t.beneath, end[i], &fd, &t.err), -1);
		CU_ASSERT_EQUAL(sc_beneath_symlink(&t.beneath, end[i], "x", &t.err), -1);
		CU_ASSERT_EQUAL(t.err.errnum, EEXIST);
		CU_ASSERT_EQUAL(sc_beneath_link(&t.beneath, end[i], "here", &t.err), -1);
		CU_ASSERT_EQUAL(t.err.errnum, EEXIST);
	}
	tear_down();
}

/* What a stream plants itself: a link, then something through it. */
static void
links_of_our_own(bool by_component)
{
	struct stat st;
	char target[64] = "";

	set_up(by_component);
	CU_ASSERT_EQUAL(sc_beneath_symlink(&t.beneath, "l", t.canary, &t.err), 0);
	refused("l/x", LINK, "/dest/l/x");
	CU_ASSERT_EQUAL(sc_beneath_mkdir(&t.beneath, "l", 0700, true, &t.err), -1);

	/* A link to a link is the link itself. */
	CU_ASSERT_EQUAL(sc_beneath_symlink(&t.beneath, "s", "../canary/secret", &t.err), 0);
	CU_ASSERT_EQUAL(sc_beneath_link(&t.beneath, "h", "s", &t.err), 0);
	CU_ASSERT_EQUAL(fstatat(t.root_fd, "h", &st, AT_SYMLINK_NOFOLLOW), 0);
	CU_ASSERT(S_ISLNK(st.st_mode));
	CU_ASSERT_EQUAL(st.st_nlink, 2);

	/* The target is kept, byte by byte. */
	CU_ASSERT_EQUAL(sc_beneath_symlink(&t.beneath, "v", "/a//b/../\n", &t.err), 0);
	CU_ASSERT_EQUAL(readlinkat(t.root_fd, "v", target, sizeof(target)), 10);
	CU_ASSERT_STRING_EQUAL(target, "/a//b/../\n");
	CU_ASSERT_EQUAL(sc_beneath_unlink(&t.beneath, "s", &t.err), 0);
	CU_ASSERT(!has("s"));
	CU_ASSERT_EQUAL(sc_beneath_unlink(&t.beneath, "s", &t.err), 0);
	tear_down();
}

/* A directory in the cache is replaced by a link: what follows goes where the directory
 * went, not where the link leads. */
static void
directory_that_is_swapped(bool by_component)
{
	set_up(by_component);
	CU_ASSERT_EQUAL(sc_beneath_mkdir(&t.beneath, "d", 0700, false, &t.err), 0);
	CU_ASSERT_EQUAL(create("d/one"), 0);
	CU_ASSERT_EQUAL(renameat(t.root_fd, "d", t.root_fd, "moved"), 0);
	plant("d", "../canary");
	CU_ASSERT_EQUAL(create("d/two"), 0);
	CU_ASSERT(has("moved/two"));
	/* Once it has left the cache the link is seen. */
	for (int i = 0; i < SC_BENEATH_CACHED; i++) {
		char name[16];

		snprintf(name, sizeof(name), "o%d/x", i);
		CU_ASSERT_EQUAL(sc_beneath_mkdir_parents(&t.beneath, name, 0700, &t.err), 0);
		CU_ASSERT_EQUAL(create(name), 0);
	}
	refused("d/three", LINK, "/dest/d/three");
	tear_down();
}

static void
deep(bool by_component)
{
	char name[SC_BENEATH_NAME_MAX + 1];
	int fd;

	set_up(by_component);
	for (size_t i = 0; i < sizeof(name) - 1; i++)
		name[i] = i % 2 == 0 ? 'd' : '/';
	name[sizeof(name) - 1] = '\0';
	CU_ASSERT_EQUAL(create(name), -1);
	CU_ASSERT_EQUAL(t.err.errnum, ENOENT);
	CU_ASSERT_EQUAL(sc_beneath_mkdir_parents(&t.beneath, name, 0700, &t.err), 0);
	CU_ASSERT_EQUAL(create(name), 0);
	CU_ASSERT_EQUAL(sc_beneath_open(&t.beneath, name, &fd, &t.err), 0);
	CU_ASSERT_EQUAL(close(fd), 0);
	/* The tests' own way can't go so deep. */
	fd = open(t.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CU_ASSERT_EQUAL(sc_remove_tree(fd, "root", "root", NULL, &t.err), 0);
	CU_ASSERT_EQUAL(close(fd), 0);
	tear_down();
}

static void
kinds_that_disagree(bool by_component)
{
	int fd;

	set_up(by_component);
	CU_ASSERT_EQUAL(create("f"), 0);
	refused("f/x", ENOTDIR, "/dest/f/x: Not a directory");
	CU_ASSERT_EQUAL(sc_beneath_mkdir(&t.beneath, "f", 0700, true, &t.err), -1);
	CU_ASSERT_EQUAL(sc_beneath_mkdir(&t.beneath, "d", 0700, false, &t.err), 0);
	CU_ASSERT_EQUAL(sc_beneath_mkdir(&t.beneath, "d", 0700, false, &t.err), -1);
	CU_ASSERT_EQUAL(t.err.errnum, EEXIST);
	CU_ASSERT_EQUAL(sc_beneath_mkdir(&t.beneath, "d", 0700, true, &t.err), 0);
	CU_ASSERT_EQUAL(create("d"), -1);
	CU_ASSERT_EQUAL(sc_beneath_unlink(&t.beneath, "d", &t.err), -1);
	CU_ASSERT_EQUAL(sc_beneath_open(&t.beneath, "d", &fd, &t.err), -1);
	CU_ASSERT_EQUAL(mkfifoat(t.root_fd, "p", 0600), 0);
	CU_ASSERT_EQUAL(sc_beneath_open(&t.beneath, "p", &fd, &t.err), -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(t.err.text, "/dest/p is not a regular file"));
	tear_down();
}

/* A file system that is mounted beneath the root is not entered. */
static int
over_a_mount(const char *dir, void *data)
{
	bool by_component = *(bool *)data;
	char *mountpoint;

	(void)dir;
	set_up(by_component);
	CU_ASSERT_EQUAL(sc_beneath_mkdir(&t.beneath, "m", 0700, false, &t.err), 0);
	mountpoint = sc_tempdir_path(t.root, "m");
	if (mount("tmpfs", mountpoint, "tmpfs", 0, "size=64k") != 0)
		return 1;
	refused("m/x", EXDEV, "/dest/m/x");
	if (umount(mountpoint) != 0)
		return 3;
	free(mountpoint);
	tear_down();
	return CU_get_number_of_failures() == 0 ? 0 : 2;
}

static void
mounts(bool by_component)
{
	char *dir = sc_tempdir_make();
	int rc = sc_test_on_small_tmpfs(dir, 1 << 20, over_a_mount, &by_component);

	if (rc < 0)
		printf("(mounting is not permitted here) ");
	else
		CU_ASSERT_EQUAL(rc, 0);
	sc_tempdir_remove(dir);
}

static void
facts(void)
{
	struct sc_beneath_xattr xattr = {"user.colour", "blue", 4};
	struct sc_beneath_facts facts = {
		.mode = 06751,
		.uid = geteuid(),
		.gid = getegid(),
		.atime = {.tv_sec = 100, .tv_nsec = 123456789},
		.mtime = {.tv_sec = -200, .tv_nsec = 987654321},
	};
	struct stat st;
	char value[8];
	int fd;

	set_up(false);
	CU_ASSERT_EQUAL(sc_beneath_create(&t.beneath, "f", &fd, &t.err), 0);
	CU_ASSERT_EQUAL(sc_beneath_describe(&t.beneath, fd, "f", &facts, &t.err), 0);
	CU_ASSERT_EQUAL(fstat(fd, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 07777, 0751); /* whose it would be was not asked */
	CU_ASSERT_EQUAL(st.st_atim.tv_sec, 100);
	CU_ASSERT_EQUAL(st.st_mtim.tv_sec, -200);
	CU_ASSERT_EQUAL(st.st_mtim.tv_nsec, 987654321);
	facts.owner = true;
	CU_ASSERT_EQUAL(sc_beneath_describe(&t.beneath, fd, "f", &facts, &t.err), 0);
	CU_ASSERT_EQUAL(fstat(fd, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 07777, 06751);
	if (geteuid() != 0) {
		facts.uid++;
		CU_ASSERT_EQUAL(sc_beneath_describe(&t.beneath, fd, "f", &facts, &t.err), 0);
		CU_ASSERT_EQUAL(fstat(fd, &st), 0);
		CU_ASSERT_EQUAL(st.st_mode & 07777, 02751);
		facts.uid--;
	}
	facts.xattrs = &xattr;
	facts.xattr_count = 1;
	if (sc_beneath_describe(&t.beneath, fd, "f", &facts, &t.err) == 0) {
		CU_ASSERT_EQUAL(fgetxattr(fd, "user.colour", value, sizeof(value)), 4);
	} else {
		CU_ASSERT_EQUAL(t.err.errnum, EOPNOTSUPP);
		CU_ASSERT_PTR_NOT_NULL(strstr(t.err.text, "/dest/f the attribute user.colour"));
	}
	CU_ASSERT_EQUAL(close(fd), 0);

	/* A link's, not its target's. */
	plant("l", "../canary/secret");
	CU_ASSERT_EQUAL(sc_beneath_describe_link(&t.beneath, "l", &facts, &t.err), 0);
	CU_ASSERT_EQUAL(fstatat(t.root_fd, "l", &st, AT_SYMLINK_NOFOLLOW), 0);
	CU_ASSERT_EQUAL(st.st_mtim.tv_sec, -200);
	CU_ASSERT_EQUAL(fstatat(t.root_fd, "l", &st, 0), 0);
	CU_ASSERT_NOT_EQUAL(st.st_mtim.tv_sec, -200);

	CU_ASSERT_EQUAL(sc_beneath_open_directory(&t.beneath, "", &fd, &t.err), 0);
	facts.xattr_count = 0;
	facts.mode = 0755;
	CU_ASSERT_EQUAL(sc_beneath_describe(&t.beneath, fd, "", &facts, &t.err), 0);
	CU_ASSERT_EQUAL(close(fd), 0);
	CU_ASSERT_EQUAL(stat(t.root, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 07777, 0755);
	tear_down();
}

/* Each by the kernel's own way, and by the one for systems without it. */
#define BOTH(what) \
	static void what##_openat2(void) \
	{ \
		what(false); \
	} \
	static void what##_by_component(void) \
	{ \
		what(true); \
	}
BOTH(names)
BOTH(links_planted_by_others)
BOTH(links_of_our_own)
BOTH(directory_that_is_swapped)
BOTH(deep)
BOTH(kinds_that_disagree)
BOTH(mounts)
#define ROWS(what, text) \
	{text, what##_openat2}, \
	{ \
		text ", component by component", what##_by_component \
	}

static CU_TestInfo tests[] = {
	ROWS(names, "names"),
	ROWS(links_planted_by_others, "links planted by others"),
	ROWS(links_of_our_own, "links of our own"),
	ROWS(directory_that_is_swapped, "a directory that is swapped"),
	ROWS(deep, "2,048 levels"),
	ROWS(kinds_that_disagree, "kinds that disagree"),
	ROWS(mounts, "a mount"),
	{"mode, times, owner, attributes", facts},
	CU_TEST_INFO_NULL,
};

int
main(void)
{
	return sc_run_suite("beneath", tests);
}
