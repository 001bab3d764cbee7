/*
 * Creating things beneath a directory: see beneath.h.
 */
#include "beneath/beneath.h"

#include "beneath/system.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *
sc_beneath_show(const char *name, char shown[SC_BENEATH_SHOWN_BYTES])
{
	static const size_t head = 90, tail = 60;
	size_t length = strlen(name);

	if (length < SC_BENEATH_SHOWN_BYTES)
		snprintf(shown, SC_BENEATH_SHOWN_BYTES, "%s", name);
	else
		snprintf(shown, SC_BENEATH_SHOWN_BYTES, "%.*s...%s", (int)head, name,
		    name + length - tail);
	return shown;
}

static int
fail(const struct sc_beneath *b, int errnum, const char *what, const char *name,
    struct sc_error *err)
{
	char shown[SC_BENEATH_SHOWN_BYTES];

	return sc_fail(err, errnum, "cannot %s %s%s%s", what, b->title, name[0] == '\0' ? "" : "/",
	    sc_beneath_show(name, shown));
}

int
sc_beneath_init(struct sc_beneath *b, int root_fd, const char *title, struct sc_error *err)
{
	struct stat st;

	*b = (struct sc_beneath){.root_fd = root_fd, .title = title};
	if (fstat(root_fd, &st) != 0)
		return fail(b, errno, "examine", "", err);
	if (!S_ISDIR(st.st_mode))
		return fail(b, ENOTDIR, "write beneath", "", err);
	b->device = st.st_dev;
	return 0;
}

static void
forget(struct sc_beneath_cached *cached)
{
	if (cached->name != NULL)
		(void)close(cached->fd); /* nothing was written through it */
	free(cached->name);
	*cached = (struct sc_beneath_cached){0};
}

void
sc_beneath_free(struct sc_beneath *b)
{
	for (size_t i = 0; i < SC_BENEATH_CACHED; i++)
		forget(&b->cached[i]);
}

const char *
sc_beneath_refuses(const char *name, size_t length)
{
	const char *end = name + length;

	if (length == 0)
		return "is empty";
	if (memchr(name, '\0', length) != NULL)
		return "has a NUL in it";
	if (length > SC_BENEATH_NAME_MAX)
		return "is too long";
	if (name[0] == '/')
		return "is absolute";
	for (const char *at = name; at <= end; at++) {
		const char *slash = memchr(at, '/', (size_t)(end - at));
		size_t component = (size_t)((slash != NULL ? slash : end) - at);

		if (component == 0)
			return "has an empty component";
		if (component == 1 && at[0] == '.')
			return "has a component \".\"";
		if (component == 2 && at[0] == '.' && at[1] == '.')
			return "has a component \"..\"";
		if (component > SC_BENEATH_COMPONENT_MAX)
			return "has a component that is too long";
		at += component;
	}
	return NULL;
}

/* How a directory is found. */
struct way {
	bool make; /* what is missing is made, with this mode: */
	mode_t mode;
};

/* Open a directory beneath the root, each component through no link and on the
 * root's file system.  -1 with errno. */
static int
open_by_component(const struct sc_beneath *b, const char *name, const struct way *way)
{
	char component[SC_BENEATH_COMPONENT_MAX + 1];
	int fd = b->root_fd;

	while (*name != '\0') {
		size_t length = strcspn(name, "/");
		struct stat st;
		int next = -1, errnum = 0;

		assert(length > 0 && length < sizeof(component));
		memcpy(component, name, length);
		component[length] = '\0';
		if (!way->make || mkdirat(fd, component, way->mode) == 0 || errno == EEXIST)
			next = sc_system_open_place(fd, component);
		errnum = errno;
		if (fd != b->root_fd)
			(void)close(fd);
		if (next >= 0 && (fstat(next, &st) != 0 || st.st_dev != b->device)) {
			(void)close(next);
			next = -1;
			errnum = EXDEV;
		}
		errno = errnum;
		if (next < 0)
			return -1;
		fd = next;
		name += length + (name[length] == '/');
	}
	return fd;
}

/* -1 with errno. */
static int
open_place(struct sc_beneath *b, const char *name, const struct way *way)
{
	int fd;

	if (!b->by_component) {
		fd = sc_system_open_beneath(b->root_fd, name);
		if (fd < 0 && errno == ENOSYS)
			b->by_component = true;
		else if (fd >= 0 || errno != ENOENT || !way->make)
			return fd;
	}
	return open_by_component(b, name, way);
}

/* Make the cached directory at this place the latest one. */
static int
advance(struct sc_beneath *b, size_t place)
{
	struct sc_beneath_cached found = b->cached[place];

	memmove(&b->cached[1], &b->cached[0], place * sizeof(found));
	b->cached[0] = found;
	return found.fd;
}

/* The descriptor of a directory, owned by the cache; "" is the root.  -1 with errno. */
static int
place_of(struct sc_beneath *b, const char *name, size_t length, const struct way *way)
{
	struct sc_beneath_cached *last = &b->cached[SC_BENEATH_CACHED - 1];
	char *copy;
	int fd;

	if (length == 0)
		return b->root_fd;
	for (size_t i = 0; i < SC_BENEATH_CACHED; i++) {
		if (b->cached[i].name != NULL && b->cached[i].length == length &&
		    memcmp(b->cached[i].name, name, length) == 0)
			return advance(b, i);
	}
	copy = strndup(name, length);
	if (copy == NULL)
		return -1;
	fd = open_place(b, copy, way);
	if (fd < 0) {
		free(copy);
		return -1;
	}
	forget(last);
	*last = (struct sc_beneath_cached){.name = copy, .length = length, .fd = fd};
	return advance(b, SC_BENEATH_CACHED - 1);
}

static int
check(const struct sc_beneath *b, const char *name, struct sc_error *err)
{
	const char *why = sc_beneath_refuses(name, strlen(name));
	char shown[SC_BENEATH_SHOWN_BYTES];

	if (why == NULL)
		return 0;
	return sc_fail(err, 0, "%s: the name \"%s\" in it %s", b->title,
	    sc_beneath_show(name, shown), why);
}

/* Check a name and divide it into the directory's descriptor and the last component. */
static int
divide(struct sc_beneath *b, const char *what, const char *name, int *dir_fd, const char **last,
    struct sc_error *err)
{
	static const struct way way = {.make = false};
	const char *slash;

	if (check(b, name, err) != 0)
		return -1;
	slash = strrchr(name, '/');
	*last = slash == NULL ? name : slash + 1;
	*dir_fd = place_of(b, name, slash == NULL ? 0 : (size_t)(slash - name), &way);
	if (*dir_fd < 0)
		return fail(b, errno, what, name, err);
	return 0;
}

int
sc_beneath_mkdir(struct sc_beneath *b, const char *name, mode_t mode, bool may_exist,
    struct sc_error *err)
{
	static const char what[] = "make the directory";
	const char *last;
	int dir_fd, fd;

	if (divide(b, what, name, &dir_fd, &last, err) != 0)
		return -1;
	if (mkdirat(dir_fd, last, mode) == 0)
		return 0;
	if (errno != EEXIST || !may_exist)
		return fail(b, errno, what, name, err);
	fd = sc_system_open_place(dir_fd, last);
	if (fd < 0)
		return fail(b, errno, what, name, err);
	(void)close(fd);
	return 0;
}

int
sc_beneath_mkdir_parents(struct sc_beneath *b, const char *name, mode_t mode, struct sc_error *err)
{
	const struct way way = {.make = true, .mode = mode};
	const char *slash = strrchr(name, '/');

	if (check(b, name, err) != 0)
		return -1;
	if (slash != NULL && place_of(b, name, (size_t)(slash - name), &way) < 0)
		return fail(b, errno, "make the directory of", name, err);
	return 0;
}

int
sc_beneath_create(struct sc_beneath *b, const char *name, int *fd, struct sc_error *err)
{
	return sc_beneath_create_as(b, name, 0600, fd, err);
}

int
sc_beneath_create_as(struct sc_beneath *b, const char *name, mode_t mode, int *fd,
    struct sc_error *err)
{
	const char *last;
	int dir_fd;

	*fd = -1;
	if (divide(b, "create", name, &dir_fd, &last, err) != 0)
		return -1;
	*fd = openat(dir_fd, last, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (*fd < 0)
		return fail(b, errno, "create", name, err);
	return 0;
}

static int
open_regular(struct sc_beneath *b, const char *name, int flags, int *fd, struct sc_error *err)
{
	const char *last;
	struct stat st;
	int dir_fd;

	*fd = -1;
	if (divide(b, "open", name, &dir_fd, &last, err) != 0)
		return -1;
	*fd = openat(dir_fd, last, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (*fd < 0)
		return fail(b, errno, "open", name, err);
	if (fstat(*fd, &st) == 0 && S_ISREG(st.st_mode))
		return 0;
	(void)close(*fd);
	*fd = -1;
	return sc_fail(err, 0, "%s/%s is not a regular file", b->title, name);
}

int
sc_beneath_open(struct sc_beneath *b, const char *name, int *fd, struct sc_error *err)
{
	return open_regular(b, name, O_RDWR, fd, err);
}

int
sc_beneath_open_reading(struct sc_beneath *b, const char *name, int *fd, struct sc_error *err)
{
	return open_regular(b, name, O_RDONLY, fd, err);
}

int
sc_beneath_admit(struct sc_beneath *b, const char *name, mode_t bits, struct sc_error *err)
{
	const char *last;
	struct stat st;
	int dir_fd;

	if (divide(b, "examine", name, &dir_fd, &last, err) != 0)
		return err != NULL && err->errnum == ENOENT ? 0 : -1;
	if (fstatat(dir_fd, last, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : fail(b, errno, "examine", name, err);
	if ((!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) || (st.st_mode & bits) == bits)
		return 0;
	/* Only a user who may write beneath the root could put a link there in this moment. */
	if (fchmodat(dir_fd, last, (st.st_mode & 07777) | bits, 0) != 0)
		return fail(b, errno, "open", name, err);
	return 0;
}

int
sc_beneath_open_directory(struct sc_beneath *b, const char *name, int *fd, struct sc_error *err)
{
	static const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	const char *last = ".";
	int dir_fd = b->root_fd;

	*fd = -1;
	if (name[0] != '\0' && divide(b, "open", name, &dir_fd, &last, err) != 0)
		return -1;
	*fd = openat(dir_fd, last, flags);
	return *fd < 0 ? fail(b, errno, "open the directory", name, err) : 0;
}

int
sc_beneath_symlink(struct sc_beneath *b, const char *name, const char *target, struct sc_error *err)
{
	const char *last;
	int dir_fd;

	if (divide(b, "make the symbolic link", name, &dir_fd, &last, err) != 0)
		return -1;
	if (symlinkat(target, dir_fd, last) != 0)
		return fail(b, errno, "make the symbolic link", name, err);
	return 0;
}

int
sc_beneath_link(struct sc_beneath *b, const char *name, const char *existing, struct sc_error *err)
{
	char shown[SC_BENEATH_SHOWN_BYTES], existing_shown[SC_BENEATH_SHOWN_BYTES];
	const char *last, *existing_last;
	int dir_fd, existing_fd;

	/* The cache keeps the first directory while the second one comes into it. */
	if (divide(b, "link to", existing, &existing_fd, &existing_last, err) != 0 ||
	    divide(b, "make the link", name, &dir_fd, &last, err) != 0)
		return -1;
	if (linkat(existing_fd, existing_last, dir_fd, last, 0) != 0)
		return sc_fail(err, errno, "cannot link %s/%s to %s", b->title,
		    sc_beneath_show(name, shown), sc_beneath_show(existing, existing_shown));
	return 0;
}

int
sc_beneath_unlink(struct sc_beneath *b, const char *name, struct sc_error *err)
{
	const char *last;
	int dir_fd;

	if (divide(b, "remove", name, &dir_fd, &last, err) != 0)
		return -1;
	if (unlinkat(dir_fd, last, 0) != 0 && errno != ENOENT)
		return fail(b, errno, "remove", name, err);
	return 0;
}

/* The owner first: giving it clears set-ID bits and capabilities.  Then the xattrs, while
 * the mode still allows it. */
int
sc_beneath_describe(const struct sc_beneath *b, int fd, const char *name,
    const struct sc_beneath_facts *facts, struct sc_error *err)
{
	const struct timespec times[2] = {facts->atime, facts->mtime};
	mode_t mode = facts->mode & 07777;
	char shown[SC_BENEATH_SHOWN_BYTES];
	struct stat st;

	if (facts->owner && geteuid() == 0 && fchown(fd, facts->uid, facts->gid) != 0)
		return fail(b, errno, "give its owner to", name, err);
	for (size_t i = 0; i < facts->xattr_count; i++) {
		const struct sc_beneath_xattr *xattr = &facts->xattrs[i];

		if (sc_system_set_xattr(fd, xattr->name, xattr->value, xattr->length) != 0)
			return sc_fail(err, errno, "cannot give %s/%s the attribute %.80s",
			    b->title, sc_beneath_show(name, shown), xattr->name);
	}
	if (!facts->keeps_mode && (mode & (S_ISUID | S_ISGID)) != 0) {
		if (fstat(fd, &st) != 0)
			return fail(b, errno, "examine", name, err);
		if (!facts->owner || st.st_uid != facts->uid)
			mode &= ~(mode_t)S_ISUID;
		if (!facts->owner || st.st_gid != facts->gid)
			mode &= ~(mode_t)S_ISGID;
	}
	if (!facts->keeps_mode && fchmod(fd, mode) != 0)
		return fail(b, errno, "give its mode to", name, err);
	if (futimens(fd, times) != 0)
		return fail(b, errno, "give its times to", name, err);
	return 0;
}

int
sc_beneath_describe_link(struct sc_beneath *b, const char *name,
    const struct sc_beneath_facts *facts, struct sc_error *err)
{
	const struct timespec times[2] = {facts->atime, facts->mtime};
	const char *last;
	int dir_fd;

	if (divide(b, "open the directory of", name, &dir_fd, &last, err) != 0)
		return -1;
	if (facts->owner && geteuid() == 0 &&
	    fchownat(dir_fd, last, facts->uid, facts->gid, AT_SYMLINK_NOFOLLOW) != 0)
		return fail(b, errno, "give its owner to", name, err);
	if (utimensat(dir_fd, last, times, AT_SYMLINK_NOFOLLOW) != 0)
		return fail(b, errno, "give its times to", name, err);
	return 0;
}
