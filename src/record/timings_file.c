/*
 * A small file that appears whole or not at all: see timings_file.h.
 */
#include "record/timings_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* "DIR/.NAME.part" (free it), or NULL. */
static char *
part_path(const char *path)
{
	static const char format[] = "%.*s.%s.part";
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	size_t capacity = strlen(path) + sizeof(format);
	char *part = malloc(capacity);

	if (part != NULL)
		snprintf(part, capacity, format, (int)(name - path), path, name);
	return part;
}

/* A lock on the whole file, which ends with the process: it tells a leftover
 * from a file that is being written. */
static bool
lock(int fd)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return fcntl(fd, F_SETLK, &whole) == 0;
}

/* Is fd still what path names?  While it is locked, the answer stays. */
static bool
is_named(int fd, const char *path)
{
	struct stat open_one, named;

	return fstat(fd, &open_one) == 0 && lstat(path, &named) == 0 &&
	    open_one.st_dev == named.st_dev && open_one.st_ino == named.st_ino;
}

/* Remove a part file if nobody writes it. */
static int
remove_leftover(const char *part, struct sc_error *err)
{
	int fd = open(part, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int status = 0;

	if (fd < 0 || !lock(fd))
		status = sc_fail(err, errno, "%s is in the way", part);
	else if (!is_named(fd, part))
		status = sc_fail(err, 0, "another run writes it at the same time");
	else if (unlink(part) != 0)
		status = sc_fail(err, errno, "%s is in the way", part);
	/* Nothing was written through it. */
	if (fd >= 0)
		(void)close(fd);
	return status;
}

/* Create the part file and lock it.  A descriptor, or -1 with the cause. */
static int
create_part(const char *part, struct sc_error *err)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = open(part, flags, 0666);
	bool refused;

	if (fd < 0 && errno == EEXIST) {
		if (remove_leftover(part, err) != 0)
			return -1;
		fd = open(part, flags, 0666);
	}
	if (fd < 0)
		return sc_fail(err, errno, "cannot create %s", part);

	/* Some file systems have no locks; that is no refusal.  On the others
	 * it may have been taken for a leftover before the lock was ours. */
	refused = !lock(fd) && (errno == EACCES || errno == EAGAIN);
	if (refused || !is_named(fd, part)) {
		(void)close(fd);
		return sc_fail(err, 0, "another run writes it at the same time");
	}
	return fd;
}

static int
write_all(int fd, const unsigned char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, bytes, length);

		if (written < 0 && errno != EINTR)
			return -1;
		if (written > 0) {
			bytes += written;
			length -= (size_t)written;
		}
	}
	return fsync(fd);
}

/* What rename would replace must be a file: as root, the target might be a
 * device. */
static int
check_target(const char *path, struct sc_error *err)
{
	struct stat facts;

	if (path[0] == '\0' || path[strlen(path) - 1] == '/')
		return sc_fail(err, 0, "not the name of a file");
	if (lstat(path, &facts) == 0 && !S_ISREG(facts.st_mode) && !S_ISLNK(facts.st_mode))
		return sc_fail(err, 0, "it exists and is not a regular file");
	return 0;
}

int
sc_timings_file_put(const char *path, const void *bytes, size_t length, struct sc_error *err)
{
	char *part;
	int fd = -1, status = -1;

	if (check_target(path, err) != 0)
		return -1;
	part = part_path(path);
	if (part == NULL)
		return sc_fail(err, errno, "no name for a temporary file");
	fd = create_part(part, err);
	if (fd < 0)
		goto out;

	/* Renamed before it is closed: the lock guards the name up to then. */
	if (write_all(fd, bytes, length) != 0 || rename(part, path) != 0) {
		(void)sc_fail(err, errno, "cannot write it");
		if (unlink(part) != 0)
			(void)sc_fail(err, errno, "cannot write it, nor remove %s", part);
	} else {
		status = 0;
	}
	/* After fsync nothing is left for close to report. */
	(void)close(fd);
out:
	free(part);
	return status;
}
