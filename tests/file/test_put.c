/*
 * A file that appears whole or not at all, whatever is in its way.
 */
#define _DEFAULT_SOURCE /* flock */
#include "beneath/put.h"
#include "lib/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char content[] = "what the file shall hold, and nothing else";
static const char older[] = "older";

struct place {
	char dir[64];
	char path[128];
	char part[128];
};

static void
place_open(struct place *place)
{
	snprintf(place->dir, sizeof(place->dir), "file.XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(place->dir));
	snprintf(place->path, sizeof(place->path), "%s/run.h5", place->dir);
	snprintf(place->part, sizeof(place->part), "%s/.run.h5.part", place->dir);
}

/* Fails if anything but the file was left behind. */
static void
place_close(struct place *place)
{
	CU_ASSERT(unlink(place->path) == 0 || errno == ENOENT);
	CU_ASSERT_EQUAL(rmdir(place->dir), 0);
}

static void
make_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL_FATAL(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	CU_ASSERT_EQUAL(close(fd), 0);
}

static void
check_holds(const char *path, const char *text)
{
	char bytes[128] = "";
	int fd = open(path, O_RDONLY);

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(read(fd, bytes, sizeof(bytes) - 1), (ssize_t)strlen(text));
	CU_ASSERT_STRING_EQUAL(bytes, text);
	CU_ASSERT_EQUAL(close(fd), 0);
}

static int
put(const char *path, struct sc_error *err)
{
	return sc_put_file(path, content, strlen(content), err);
}

static void
check_refused(const char *path, int errnum, const char *cause)
{
	struct sc_error err = {.text = ""};

	CU_ASSERT_EQUAL(put(path, &err), -1);
	CU_ASSERT_EQUAL(err.errnum, errnum);
	if (strstr(err.text, cause) == NULL) {
		fprintf(stderr, "%s: %s\n", path, err.text);
		CU_FAIL("another cause");
	}
}

static void
test_appears(void)
{
	struct place place;
	struct stat facts;
	mode_t mask = umask(027);

	place_open(&place);
	CU_ASSERT_EQUAL(put(place.path, NULL), 0);
	check_holds(place.path, content);
	CU_ASSERT_EQUAL_FATAL(stat(place.path, &facts), 0);
	CU_ASSERT_EQUAL(facts.st_mode & 0777, 0640);
	place_close(&place);
	umask(mask);
}

static void
test_replaces(void)
{
	struct place place;

	place_open(&place);
	make_file(place.path, older);
	CU_ASSERT_EQUAL(put(place.path, NULL), 0);
	check_holds(place.path, content);
	place_close(&place);
}

static void
test_in_current_directory(void)
{
	struct place place;
	char here[4096];

	CU_ASSERT_PTR_NOT_NULL_FATAL(getcwd(here, sizeof(here)));
	place_open(&place);
	CU_ASSERT_EQUAL_FATAL(chdir(place.dir), 0);
	CU_ASSERT_EQUAL(put("run.h5", NULL), 0);
	CU_ASSERT_EQUAL_FATAL(chdir(here), 0);
	check_holds(place.path, content);
	place_close(&place);
}

static void
test_unusable_names(void)
{
	struct place place;
	char path[512];

	place_open(&place);
	snprintf(path, sizeof(path), "%s/missing/run.h5", place.dir);
	check_refused(path, ENOENT, "No such file or directory");
	snprintf(path, sizeof(path), "%s/%0300d", place.dir, 0);
	check_refused(path, ENAMETOOLONG, "File name too long");
	snprintf(path, sizeof(path), "%s/", place.dir);
	check_refused(path, 0, "is a directory");
	check_refused("", 0, "is empty");
	check_refused(place.dir, 0, "is a directory");
	/* As root, a rename would have replaced the device. */
	check_refused("/dev/null", 0, "not a regular file");
	place_close(&place);
}

/* A limit on the size of files stands for the full disk. */
static void
test_full_disk(void)
{
	struct rlimit limit, small;
	struct place place;

	place_open(&place);
	CU_ASSERT_FATAL(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small = limit;
	small.rlim_cur = strlen(content) - 1;
	make_file(place.path, older);

	CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_FSIZE, &small), 0);
	check_refused(place.path, EFBIG, "File too large");
	CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_FSIZE, &limit), 0);
	check_holds(place.path, older);
	CU_ASSERT_EQUAL(access(place.part, F_OK), -1);
	place_close(&place);
}

static void
test_leftover_of_a_killed_run(void)
{
	struct place place;

	place_open(&place);
	make_file(place.part, "half");
	CU_ASSERT_EQUAL(put(place.path, NULL), 0);
	check_holds(place.path, content);
	CU_ASSERT_EQUAL(access(place.part, F_OK), -1);
	place_close(&place);
}

static void
test_link_in_the_way(void)
{
	struct place place;
	char victim[128];

	place_open(&place);
	snprintf(victim, sizeof(victim), "%s/victim", place.dir);
	make_file(victim, older);
	CU_ASSERT_EQUAL_FATAL(symlink("victim", place.part), 0);
	check_refused(place.path, 0, "is a symbolic link");
	check_holds(victim, older);
	CU_ASSERT_EQUAL(access(place.path, F_OK), -1);
	CU_ASSERT_EQUAL(unlink(place.part), 0);
	CU_ASSERT_EQUAL(unlink(victim), 0);
	place_close(&place);
}

/* In another process: hold the part file as one that writes it does, say so
 * through a pipe, and wait until the other end is closed. */
static void
hold_part(const char *part, int ready, int wait)
{
	int fd = open(part, O_WRONLY | O_CREAT | O_EXCL, 0600);
	bool held = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
	char byte = held ? '+' : '-';

	if (write(ready, &byte, 1) != 1 || read(wait, &byte, 1) != 0)
		_exit(1);
	_exit(held ? 0 : 1);
}

static void
test_part_of_a_running_run(void)
{
	int ready[2], wait[2], status = -1;
	struct place place;
	char byte = ' ';
	pid_t child;

	place_open(&place);
	CU_ASSERT_EQUAL_FATAL(pipe(ready), 0);
	CU_ASSERT_EQUAL_FATAL(pipe(wait), 0);
	child = fork();
	CU_ASSERT_FATAL(child >= 0);
	if (child == 0) {
		(void)close(wait[1]);
		hold_part(place.part, ready[1], wait[0]);
	}
	CU_ASSERT_EQUAL(close(ready[1]), 0);
	CU_ASSERT_EQUAL_FATAL(read(ready[0], &byte, 1), 1);
	CU_ASSERT_EQUAL_FATAL(byte, '+');
	CU_ASSERT_EQUAL(put(place.path, NULL), -1);
	CU_ASSERT_EQUAL(access(place.path, F_OK), -1);
	CU_ASSERT_EQUAL(access(place.part, F_OK), 0);

	/* When it is gone, what it left is a leftover. */
	CU_ASSERT_EQUAL(close(wait[1]), 0);
	CU_ASSERT_EQUAL_FATAL(waitpid(child, &status, 0), child);
	CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CU_ASSERT_EQUAL(put(place.path, NULL), 0);
	check_holds(place.path, content);
	CU_ASSERT_EQUAL(close(ready[0]), 0);
	CU_ASSERT_EQUAL(close(wait[0]), 0);
	place_close(&place);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"a file appears, with the mode of the umask", test_appears},
		{"it replaces an older one", test_replaces},
		{"it may have no directory in its name", test_in_current_directory},
		{"unusable names", test_unusable_names},
		{"a full disk leaves the older file", test_full_disk},
		{"a leftover of a killed run is removed", test_leftover_of_a_killed_run},
		{"a link in the way is not followed", test_link_in_the_way},
		{"what a running run writes is left alone", test_part_of_a_running_run},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("put", tests);
}
