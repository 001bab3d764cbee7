/*
 * Removing a tree: see remove.h.
 */
#include "beneath/remove.h"

#include "base/clock.h"
#include "beneath/system.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Levels that are open at once.  What lies deeper is moved into the top
 * directory, and removed from there. */
enum { LEVELS = 24 };

/* Times that a directory is gone through again, if others put things into it. */
enum { PASSES = 8 };

struct removal {
	const char *shown;
	int top_fd;     /* -1 until it is open */
	dev_t device;   /* of all that is removed */
	uint64_t moved; /* directories, so far */
	bool failed;
	atomic_uint_fast64_t *alive_ns;
	struct sc_error *err; /* the first thing that failed */
};

static void
note_failure(struct removal *removal, const char *name, int errnum)
{
	if (!removal->failed)
		(void)sc_fail(removal->err, errnum, "cannot remove %s in %s", name, removal->shown);
	removal->failed = true;
}

static bool
is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* A directory of this file system, and no link: -1 with errno. */
static int
open_place(const struct removal *removal, int dir_fd, const char *name)
{
	int fd = sc_system_open_beneath(dir_fd, name);
	struct stat st;

	if (fd >= 0 || errno != ENOSYS)
		return fd;
	fd = sc_system_open_place(dir_fd, name);
	if (fd < 0 || (fstat(fd, &st) == 0 && st.st_dev == removal->device))
		return fd;
	(void)close(fd);
	errno = EXDEV;
	return -1;
}

/* Open such a directory for reading.  One of ours that may not be read, written or entered is made
 * so first.  The mode of a link's target is not touched. */
static int
open_directory(const struct removal *removal, int dir_fd, const char *name)
{
	static const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	int place = open_place(removal, dir_fd, name);
	struct stat st;
	int fd, errnum;

	if (place < 0)
		return -1;
	/* If this fails, so does what follows, and says why. */
	if (fstat(place, &st) == 0 && (st.st_mode & 0700) != 0700)
		(void)fchmodat(dir_fd, name, 0700, AT_SYMLINK_NOFOLLOW);
	fd = openat(place, ".", flags);
	errnum = errno;
	(void)close(place);
	errno = errnum;
	return fd;
}

/* Move a directory into the top one, under a name that is free there. */
static void
move_up(struct removal *removal, int dir_fd, const char *name)
{
	char up[64];

	for (int tries = 0; tries < 1000; tries++) {
		struct stat st;

		snprintf(up, sizeof(up), ".stagecast-%llu", (unsigned long long)removal->moved++);
		if (fstatat(removal->top_fd, up, &st, AT_SYMLINK_NOFOLLOW) == 0)
			continue;
		if (renameat(dir_fd, name, removal->top_fd, up) == 0)
			return;
		/* A directory that gets another ".." has to be writable. */
		if (errno != EACCES || tries > 0 ||
		    fchmodat(dir_fd, name, 0700, AT_SYMLINK_NOFOLLOW) != 0)
			break;
	}
	note_failure(removal, name, errno);
}

static void remove_entry(struct removal *removal, int dir_fd, const char *name, int level);

/* One pass over a directory; closes its descriptor. */
static void
remove_entries(struct removal *removal, int fd, int level)
{
	DIR *stream = fdopendir(fd);
	const struct dirent *entry;

	if (stream == NULL) {
		note_failure(removal, "what is", errno);
		(void)close(fd);
		return;
	}
	while ((entry = readdir(stream)) != NULL) {
		if (!is_dots(entry->d_name))
			remove_entry(removal, fd, entry->d_name, level);
	}
	(void)closedir(stream);
}

static void
remove_directory(struct removal *removal, int dir_fd, const char *name, int level)
{
	for (int pass = 0; pass < PASSES; pass++) {
		uint64_t moved = removal->moved;
		int fd = open_directory(removal, dir_fd, name);

		if (fd < 0) {
			note_failure(removal, name, errno);
			return;
		}
		if (level == 0)
			removal->top_fd = fd;
		remove_entries(removal, fd, level + 1);
		/* What was moved into the top directory is removed from there, in as many passes
		 * as that takes. */
		if (level == 0 && removal->moved != moved) {
			pass = removal->failed ? pass : -1;
			continue;
		}
		if (unlinkat(dir_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return;
		if ((errno != ENOTEMPTY && errno != EEXIST) || removal->failed)
			break;
	}
	note_failure(removal, name, errno);
}

static void
remove_entry(struct removal *removal, int dir_fd, const char *name, int level)
{
	int errnum, fd;

	if (removal->alive_ns != NULL)
		atomic_store(removal->alive_ns, sc_clock_now_ns());
	if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
		return;
	errnum = errno;
	/* POSIX says EPERM of a directory, Linux EISDIR. */
	fd = errnum == EISDIR || errnum == EPERM ? open_place(removal, dir_fd, name) : -1;
	if (fd < 0) {
		note_failure(removal, name, errno == EXDEV ? EXDEV : errnum);
		return;
	}
	(void)close(fd);
	if (level >= LEVELS)
		move_up(removal, dir_fd, name);
	else
		remove_directory(removal, dir_fd, name, level);
}

int
sc_remove_tree(int dir_fd, const char *name, const char *shown, atomic_uint_fast64_t *alive_ns,
    struct sc_error *err)
{
	struct removal removal = {.shown = shown, .top_fd = -1, .alive_ns = alive_ns, .err = err};
	struct stat st;

	if (fstat(dir_fd, &st) != 0)
		return sc_fail(err, errno, "cannot remove %s", shown);
	removal.device = st.st_dev;
	remove_entry(&removal, dir_fd, name, 0);
	return removal.failed ? -1 : 0;
}
