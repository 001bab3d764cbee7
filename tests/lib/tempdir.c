/*
 * Temporary folders: see tempdir.h.
 */
#define _GNU_SOURCE /* nftw, unshare, setgroups */
#include "lib/tempdir.h"

#include "base/random.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a child says if it was not let do what the test needs. */
enum { NOT_PERMITTED = 100 };

static void
need(bool held, const char *what)
{
	if (held)
		return;
	perror(what);
	exit(99);
}

char *
sc_tempdir_make(void)
{
	const char *parent = getenv("TMPDIR");
	char *dir = sc_tempdir_path(parent != NULL ? parent : "/tmp", "stagecast-test-XXXXXX");

	need(mkdtemp(dir) != NULL, dir);
	return dir;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	need(remove(path) == 0, path);
	return 0;
}

void
sc_tempdir_remove(char *dir)
{
	need(nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0, dir);
	free(dir);
}

char *
sc_tempdir_path(const char *dir, const char *name)
{
	size_t capacity = strlen(dir) + strlen(name) + 2;
	char *path = malloc(capacity);

	need(path != NULL, "malloc");
	snprintf(path, capacity, "%s/%s", dir, name);
	return path;
}

size_t
sc_tempdir_entries(const char *dir)
{
	DIR *stream = opendir(dir);
	size_t entries = 0;

	need(stream != NULL, dir);
	while (readdir(stream) != NULL)
		entries++;
	need(closedir(stream) == 0 && entries >= 2, dir);
	return entries - 2;
}

void
sc_test_file_write(const char *path, const void *bytes, size_t length)
{
	FILE *file = fopen(path, "wb");

	need(file != NULL, path);
	need(fwrite(bytes, 1, length, file) == length, path);
	need(fclose(file) == 0, path);
}

bool
sc_test_file_equals(const char *path, const void *bytes, size_t length)
{
	FILE *file = fopen(path, "rb");
	char *found;
	size_t n;
	bool equal;

	if (file == NULL)
		return false;
	found = malloc(length + 1);
	need(found != NULL, "malloc");
	n = fread(found, 1, length + 1, file);
	equal = n == length && memcmp(found, bytes, length) == 0;
	free(found);
	need(fclose(file) == 0, path);
	return equal;
}

bool
sc_test_file_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

uint64_t
sc_test_file_allocated(const char *path)
{
	struct stat st;

	need(stat(path, &st) == 0, path);
	return (uint64_t)st.st_blocks * 512;
}

uint8_t *
sc_test_bytes(size_t length, uint64_t seed)
{
	struct sc_random random = {.state = seed};
	uint8_t *bytes = malloc(length + 1);

	need(bytes != NULL, "malloc");
	for (size_t i = 0; i < length; i++)
		bytes[i] = (uint8_t)(sc_random_next(&random) >> 32);
	return bytes;
}

int
sc_test_wait(pid_t child)
{
	int status = 0;

	need(waitpid(child, &status, 0) == child, "waitpid");
	if (WIFEXITED(status))
		return WEXITSTATUS(status) == NOT_PERMITTED ? -1 : WEXITSTATUS(status);
	return SC_TEST_KILLED;
}

static pid_t
fork_quietly(void)
{
	pid_t child;

	/* Else what is in the buffer would be written twice. */
	need(fflush(NULL) == 0, "fflush");
	child = fork();
	need(child >= 0, "fork");
	return child;
}

pid_t
sc_test_start(const char *dir, int (*body)(const char *dir, void *data), void *data)
{
	pid_t child = fork_quietly();

	if (child == 0)
		_exit(body(dir, data));
	return child;
}

int
sc_test_on_small_tmpfs(const char *dir, size_t size_bytes, int (*body)(const char *dir, void *data),
    void *data)
{
	pid_t child = fork_quietly();
	char option[64];

	if (child != 0)
		return sc_test_wait(child);
	snprintf(option, sizeof(option), "size=%zu", size_bytes);
	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, "") != 0 ||
	    mount("tmpfs", dir, "tmpfs", 0, option) != 0)
		_exit(NOT_PERMITTED);
	_exit(body(dir, data));
}

int
sc_test_unprivileged(const char *dir, int (*body)(const char *dir, void *data), void *data)
{
	const uid_t nobody = 65534;
	pid_t child = fork_quietly();

	if (child != 0)
		return sc_test_wait(child);
	if (setgroups(0, NULL) != 0 || setgid(nobody) != 0 || setuid(nobody) != 0)
		_exit(NOT_PERMITTED);
	_exit(body(dir, data));
}
