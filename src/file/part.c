/*
 * The part file: see part.h.
 */
#define _DEFAULT_SOURCE /* flock */
#include "file/part.h"

#include "beneath/system.h"
#include "file/digest.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* None is longer than the first. */
#define PART_SUFFIX ".stagecast.part"
#define JOURNAL_SUFFIX ".stagecast.map"
#define NEW_SUFFIX ".stagecast.new"

/* A part file can vanish or be replaced between two calls, by others that
 * start at the same time.  They can't keep doing so for long. */
enum { TRIES_MAX = 32 };

/* ".", NAME, suffix; a NAME that leaves no room for the longest one is cut and
 * told from others with the same beginning by its digest. */
static char *
make_name(const char *name, size_t name_max, const char *suffix)
{
	size_t length = strlen(name);
	size_t capacity = name_max + sizeof(PART_SUFFIX) + SC_DIGEST_TEXT_BYTES + 2;
	size_t extra = 1 + strlen(PART_SUFFIX);
	char digest[SC_DIGEST_TEXT_BYTES];
	char *out = malloc(length + capacity);

	if (out == NULL)
		return NULL;
	if (length + extra <= name_max) {
		snprintf(out, length + capacity, ".%s%s", name, suffix);
		return out;
	}
	sc_digest_text(sc_digest_chunk(name, length, 0), digest);
	extra += strlen(digest) + 1;
	length = name_max > extra ? name_max - extra : 0;
	/* Not in the middle of a character: some file systems refuse that. */
	while (length > 0 && ((unsigned char)name[length] & 0xc0) == 0x80)
		length--;
	snprintf(out, length + capacity, ".%.*s~%s%s", (int)length, name, digest, suffix);
	return out;
}

char *
sc_part_beside(const struct sc_part *part, const char *suffix)
{
	long limit = fpathconf(part->dir_fd, _PC_NAME_MAX);
	size_t name_max = limit > 0 ? (size_t)limit : NAME_MAX;

	assert(strlen(suffix) <= strlen(PART_SUFFIX));
	return make_name(part->name, name_max, suffix);
}

static int
make_names(struct sc_part *part)
{
	part->part_name = sc_part_beside(part, PART_SUFFIX);
	part->journal_name = sc_part_beside(part, JOURNAL_SUFFIX);
	part->new_name = sc_part_beside(part, NEW_SUFFIX);
	return part->part_name == NULL || part->journal_name == NULL || part->new_name == NULL ? -1
											       : 0;
}

static int
open_directory(struct sc_part *part, struct sc_error *err)
{
	char *slash = strrchr(part->dest, '/');
	const char *directory = ".";
	int errnum;

	part->name = slash == NULL ? part->dest : slash + 1;
	if (slash == part->dest) {
		directory = "/";
	} else if (slash != NULL) {
		*slash = '\0';
		directory = part->dest;
	}
	part->dir_fd = sc_system_open_directory(directory);
	errnum = errno;
	if (slash != NULL)
		*slash = '/';
	if (part->dir_fd < 0)
		return sc_fail(err, errnum, "cannot open the directory of %s", part->dest);
	return 0;
}

int
sc_part_fail_exists(const struct sc_part *part, struct sc_error *err)
{
	return sc_fail(err, 0, "%s exists; use --force to replace it", part->dest);
}

/* May a tree become dest?  Not through a link: it would be replaced. */
static int
check_dest_tree(const struct sc_part *part, bool force, struct sc_error *err)
{
	struct stat st;

	if (part->name[0] == '\0' || strcmp(part->name, ".") == 0 || strcmp(part->name, "..") == 0)
		return sc_fail(err, 0, "%s is no name that a tree could get", part->dest);
	if (fstatat(part->dir_fd, part->name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : sc_fail(err, errno, "cannot examine %s", part->dest);
	if (!S_ISDIR(st.st_mode))
		return sc_fail(err, 0, "%s exists, and is not a directory", part->dest);
	return force ? 0 : sc_part_fail_exists(part, err);
}

/* May the part file become dest? */
static int
check_dest(const struct sc_part *part, bool force, struct sc_error *err)
{
	struct stat st;

	if (part->name[0] == '\0')
		return sc_fail(err, 0, "%s is a directory", part->dest);
	if (fstatat(part->dir_fd, part->name, &st, 0) == 0) {
		if (S_ISDIR(st.st_mode))
			return sc_fail(err, 0, "%s is a directory", part->dest);
		/* Root could replace a device or a pipe; nobody wants that. */
		if (!S_ISREG(st.st_mode))
			return sc_fail(err, 0, "%s is not a regular file", part->dest);
	} else if (errno != ENOENT && errno != ELOOP) {
		return sc_fail(err, errno, "cannot examine %s", part->dest);
	}
	/* Not through a link, even one that leads nowhere: it would be replaced. */
	if (fstatat(part->dir_fd, part->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return force ? 0 : sc_part_fail_exists(part, err);
	if (errno != ENOENT)
		return sc_fail(err, errno, "cannot examine %s", part->dest);
	return 0;
}

/* Is the name that of the file with this descriptor? */
bool
sc_part_is_named(const struct sc_part *part, int fd, struct stat *st)
{
	struct stat named;

	return fstat(fd, st) == 0 &&
	    fstatat(part->dir_fd, part->part_name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	    named.st_dev == st->st_dev && named.st_ino == st->st_ino;
}

/* Lock without waiting; -1 if another has the lock.  A file system without
 * locks is no obstacle: then only the check before the rename keeps two runs
 * apart, and *locked says so. */
int
sc_part_lock(int fd, bool *locked)
{
	int rc;

	do
		rc = flock(fd, LOCK_EX | LOCK_NB);
	while (rc != 0 && errno == EINTR);
	*locked = rc == 0;
	if (rc != 0 && (errno == ENOLCK || errno == ENOSYS || errno == EOPNOTSUPP))
		rc = 0;
	return rc;
}

int
sc_part_fail_busy(const struct sc_part *part, struct sc_error *err)
{
	return sc_fail(err, EBUSY, "another stagecast is writing %s", part->dest);
}

/* Fail to do something with the part file. */
static int
fail_part(const struct sc_part *part, const char *what, struct sc_error *err)
{
	return sc_fail(err, errno, "cannot %s %s, the part file of %s", what, part->part_name,
	    part->dest);
}

/* -1 with errno.  A run that ended just before its rename may have made it
 * read-only, which is enough for a lock. */
static int
open_leftover(const struct sc_part *part, bool *writable)
{
	const int flags = O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	int fd = openat(part->dir_fd, part->part_name, O_RDWR | flags);

	*writable = fd >= 0;
	if (fd < 0 && errno == EACCES)
		fd = openat(part->dir_fd, part->part_name, O_RDONLY | flags);
	return fd;
}

/* A run as root that ended just before its rename may have given it away. */
static bool
is_ours(const struct stat *st, const struct sc_part_options *options)
{
	return S_ISREG(st->st_mode) &&
	    (st->st_uid == geteuid() || (geteuid() == 0 && st->st_uid == options->owner));
}

/*
 * Take over or remove a part file that is ours, is locked if there are locks,
 * and is at its name.  What it has is read back before it counts, so it only
 * has to stay as it is then: nobody else may write to it, least of all through
 * another name, which would be dest's.
 */
static int
take_or_remove(struct sc_part *part, int fd, bool writable, bool keep, const struct stat *st,
    struct sc_error *err)
{
	if (keep && st->st_nlink == 1 && st->st_uid == geteuid() && (st->st_mode & 022) == 0) {
		/* The mode of what was to be renamed next. */
		bool helped = (st->st_mode & 07777) != 0600 && fchmod(fd, 0600) == 0;

		if (writable) {
			part->fd = fd;
			part->left = st->st_size > 0; /* else it was just created */
			return 0;
		}
		if (helped)
			return 0; /* it can be opened for writing now */
	}
	if (unlinkat(part->dir_fd, part->part_name, 0) != 0 && errno != ENOENT)
		return fail_part(part, "remove", err);
	return 0;
}

/* Take over or remove a part file that nobody holds.  0 also if it was gone
 * already; part->fd tells if it was taken over. */
static int
take_leftover(struct sc_part *part, const struct sc_part_options *options, struct sc_error *err)
{
	bool writable, locked;
	int fd = open_leftover(part, &writable);
	struct stat st;
	int rc = -1;

	if (fd < 0) {
		if (errno == ENOENT)
			return 0;
		if (errno == ELOOP)
			return sc_fail(err, 0, "%s, the part file of %s, is a symbolic link",
			    part->part_name, part->dest);
		return fail_part(part, "open", err);
	}
	if (fstat(fd, &st) != 0)
		(void)fail_part(part, "examine", err);
	else if (!is_ours(&st, options))
		(void)sc_fail(err, 0, "%s, the part file of %s, is none of ours", part->part_name,
		    part->dest);
	else if (sc_part_lock(fd, &locked) != 0)
		(void)sc_part_fail_busy(part, err);
	else if (!sc_part_is_named(part, fd, &st))
		rc = 0;
	else
		rc = take_or_remove(part, fd, writable, options->resume && locked, &st, err);
	if (part->fd < 0)
		(void)close(fd); /* nothing was written */
	return rc;
}

static int
create_or_take(struct sc_part *part, const struct sc_part_options *options, struct sc_error *err)
{
	for (int i = 0; i < TRIES_MAX; i++) {
		int fd = openat(part->dir_fd, part->part_name,
		    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		struct stat st;
		bool locked;

		if (fd < 0 && errno != EEXIST)
			return sc_fail(err, errno, "cannot create a part file for %s", part->dest);
		/* Between creation and lock somebody else may have held it for a
		 * leftover: then it is locked, no longer at its name, or one. */
		if (fd >= 0 && sc_part_lock(fd, &locked) == 0 && sc_part_is_named(part, fd, &st) &&
		    st.st_size == 0) {
			part->fd = fd;
			return 0;
		}
		if (fd >= 0)
			(void)close(fd);
		else if (take_leftover(part, options, err) != 0)
			return -1;
		else if (part->fd >= 0)
			return 0;
	}
	return sc_part_fail_busy(part, err);
}

/* While the part file is locked and at its name.  What can't be removed isn't
 * ours, and will not be read as if it were. */
void
sc_part_remove_journal(const struct sc_part *part)
{
	(void)unlinkat(part->dir_fd, part->journal_name, 0);
	(void)unlinkat(part->dir_fd, part->new_name, 0);
}

int
sc_part_locate(struct sc_part *part, const char *dest, struct sc_error *err)
{
	*part = (struct sc_part){.dir_fd = -1, .fd = -1};
	part->dest = strdup(dest);
	if (part->dest == NULL)
		(void)sc_fail(err, ENOMEM, "cannot write %s", dest);
	else if (dest[0] == '\0')
		(void)sc_fail(err, 0, "the name of the destination is empty");
	else if (open_directory(part, err) == 0) {
		if (make_names(part) == 0)
			return 0;
		(void)sc_fail(err, ENOMEM, "cannot write %s", dest);
	}
	sc_part_release(part);
	return -1;
}

int
sc_part_open(struct sc_part *part, const char *dest, const struct sc_part_options *options,
    struct sc_error *err)
{
	if (sc_part_locate(part, dest, err) != 0)
		return -1;
	if ((options->tree ? check_dest_tree(part, options->force, err)
			   : check_dest(part, options->force, err)) != 0)
		goto out;
	if (create_or_take(part, options, err) == 0) {
		if (!part->left)
			sc_part_remove_journal(part);
		return 0;
	}
out:
	sc_part_close(part, true);
	return -1;
}

bool
sc_part_leftover(const char *dest)
{
	struct sc_part part = {.dir_fd = -1, .fd = -1, .dest = strdup(dest)};
	struct stat st;
	bool found = false;

	if (part.dest != NULL && open_directory(&part, NULL) == 0 && make_names(&part) == 0)
		found = fstatat(part.dir_fd, part.part_name, &st, AT_SYMLINK_NOFOLLOW) == 0 ||
		    fstatat(part.dir_fd, part.journal_name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	sc_part_close(&part, true); /* there is no part file of ours */
	return found;
}

static int
rename_part(const struct sc_part *part, bool force)
{
	if (force)
		return renameat(part->dir_fd, part->part_name, part->dir_fd, part->name);
	return sc_system_rename_new(part->dir_fd, part->part_name, part->dir_fd, part->name);
}

int
sc_part_publish(struct sc_part *part, bool force, bool *published, struct sc_error *err)
{
	struct stat st;

	*published = false;
	if (check_dest(part, force, err) != 0)
		return -1;
	if (!sc_part_is_named(part, part->fd, &st))
		return sc_fail(err, 0, "%s, the part file of %s, was taken away", part->part_name,
		    part->dest);
	if (rename_part(part, force) != 0) {
		if (errno == EEXIST && !force)
			return sc_part_fail_exists(part, err);
		return sc_fail(err, errno, "cannot rename the part file to %s", part->dest);
	}
	*published = true;
	free(part->part_name);
	part->part_name = NULL;
	/* Ahead of the rename it would be missed by the next run if we are killed
	 * now.  Here it may already be that of another run, which has begun in this
	 * moment to replace dest: that one then only can't be resumed. */
	sc_part_remove_journal(part);
	/* EINVAL, EBADF: the file system, or a directory that may not be read,
	 * doesn't have this. */
	if (fsync(part->dir_fd) != 0 && errno != EINVAL && errno != EBADF)
		return sc_fail(err, errno, "cannot make the name %s durable", part->dest);
	return 0;
}

int
sc_part_discard(struct sc_part *part, struct sc_error *err)
{
	struct stat st;

	if (!sc_part_is_named(part, part->fd, &st))
		return sc_fail(err, 0, "%s, the part file of %s, was taken away", part->part_name,
		    part->dest);
	sc_part_remove_journal(part);
	if (unlinkat(part->dir_fd, part->part_name, 0) != 0)
		return fail_part(part, "remove", err);
	free(part->part_name);
	part->part_name = NULL;
	return 0;
}

void
sc_part_close(struct sc_part *part, bool keep)
{
	struct stat st;

	/* While it is locked, so that it can't be a newer run's, and last: as soon
	 * as its name is free, so is the journal's.  Nothing can be done if this
	 * fails; the next run will remove it. */
	if (!keep && part->fd >= 0 && part->part_name != NULL &&
	    sc_part_is_named(part, part->fd, &st)) {
		sc_part_remove_journal(part);
		(void)unlinkat(part->dir_fd, part->part_name, 0);
	}
	/* A commit that failed at its end may have made it what dest would be.
	 * Where this fails the next run does it, or starts from the beginning. */
	if (keep && part->fd >= 0 && part->part_name != NULL) {
		if (geteuid() == 0)
			(void)fchown(part->fd, 0, (gid_t)-1);
		(void)fchmod(part->fd, 0600);
	}
	sc_part_release(part);
}

void
sc_part_release(struct sc_part *part)
{
	/* What had to be durable was synced. */
	if (part->fd >= 0)
		(void)close(part->fd);
	if (part->dir_fd >= 0)
		(void)close(part->dir_fd);
	free(part->new_name);
	free(part->journal_name);
	free(part->part_name);
	free(part->dest);
	*part = (struct sc_part){.dir_fd = -1, .fd = -1};
}
