/*
 * What POSIX lacks: see platform.h.
 */
#define _GNU_SOURCE /* fallocate, SEEK_DATA, O_DIRECT, O_PATH, renameat2, syscall */
#include "beneath/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#ifdef __linux__
#include <linux/magic.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#endif
#ifdef SYS_openat2
#include <linux/openat2.h>
#endif
#include <unistd.h>

#ifdef O_PATH
#define PLACE_FLAGS (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#else
#define PLACE_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#endif

#ifdef __linux__
static int
allocate(int fd, int mode, uint64_t offset, uint64_t length)
{
	int rc;

	do
		rc = fallocate(fd, mode, (off_t)offset, (off_t)length);
	while (rc != 0 && errno == EINTR);
	if (rc != 0 && errno == ENOSYS)
		errno = EOPNOTSUPP;
	return rc;
}

/* To reserve memory is to clear it, page by page. */
static bool
is_in_memory(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}
#endif

int
sc_platform_reserve(int fd, uint64_t size_bytes)
{
#ifdef __linux__
	if (is_in_memory(fd)) {
		errno = EOPNOTSUPP;
		return -1;
	}
	/* posix_fallocate would write every block where this isn't known. */
	return allocate(fd, 0, 0, size_bytes);
#else
	(void)fd;
	(void)size_bytes;
	errno = EOPNOTSUPP;
	return -1;
#endif
}

int
sc_platform_punch(int fd, uint64_t offset, uint64_t length)
{
#if defined(__linux__) && defined(FALLOC_FL_PUNCH_HOLE)
	return allocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
#else
	(void)fd;
	(void)offset;
	(void)length;
	errno = EOPNOTSUPP;
	return -1;
#endif
}

void
sc_platform_next_data(int fd, uint64_t from, uint64_t size_bytes, uint64_t *data, uint64_t *end)
{
	*data = from;
	*end = size_bytes;
#ifdef SEEK_DATA
	off_t found = lseek(fd, (off_t)from, SEEK_DATA);

	if (found < 0) {
		/* ENXIO: no data up to the end.  Any other: read, to be sure. */
		if (errno == ENXIO)
			*data = size_bytes;
		return;
	}
	*data = (uint64_t)found < size_bytes ? (uint64_t)found : size_bytes;
	found = lseek(fd, found, SEEK_HOLE);
	if (found >= 0 && (uint64_t)found < size_bytes)
		*end = (uint64_t)found;
	if (*end < *data)
		*end = *data; /* it changes under us, which is found out later */
#else
	(void)fd;
#endif
}

int
sc_platform_open_direct(int dir_fd, const char *name, bool *direct)
{
	int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;

#ifdef O_DIRECT
	int fd = openat(dir_fd, name, flags | O_DIRECT);

	*direct = fd >= 0;
	if (fd >= 0 || errno != EINVAL)
		return fd;
#endif
	*direct = false;
	return openat(dir_fd, name, flags);
}

int
sc_platform_leave_direct(int fd)
{
#ifdef O_DIRECT
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags & ~O_DIRECT);
#else
	(void)fd;
	return 0;
#endif
}

int
sc_platform_open_directory(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

#ifdef O_PATH
	if (fd < 0 && errno == EACCES)
		fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
#endif
	return fd;
}

int
sc_platform_open_place(int dir_fd, const char *component)
{
	return openat(dir_fd, component, PLACE_FLAGS);
}

int
sc_platform_open_beneath(int dir_fd, const char *path)
{
#ifdef SYS_openat2
	/* A rename anywhere during the call makes the kernel unsure. */
	enum { TRIES = 64 };
	struct open_how how;
	long fd = -1;

	memset(&how, 0, sizeof(how));
	how.flags = PLACE_FLAGS;
	how.resolve =
	    RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
	for (int i = 0; i < TRIES; i++) {
		fd = syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	/* What some containers say to calls that they don't know. */
	if (fd < 0 && errno == EPERM)
		errno = ENOSYS;
	return (int)fd;
#else
	(void)dir_fd;
	(void)path;
	errno = ENOSYS;
	return -1;
#endif
}

int
sc_platform_set_xattr(int fd, const char *name, const void *value, size_t length)
{
#ifdef __linux__
	return fsetxattr(fd, name, value, length, 0);
#else
	(void)fd;
	(void)name;
	(void)value;
	(void)length;
	errno = EOPNOTSUPP;
	return -1;
#endif
}

int
sc_platform_rename_new(int dir_fd, const char *from, const char *to)
{
#ifdef RENAME_NOREPLACE
	if (renameat2(dir_fd, from, dir_fd, to, RENAME_NOREPLACE) == 0)
		return 0;
	/* EINVAL: the file system doesn't know the flag. */
	if (errno == EINVAL || errno == ENOSYS)
		errno = EOPNOTSUPP;
#else
	(void)dir_fd;
	(void)from;
	(void)to;
	errno = EOPNOTSUPP;
#endif
	return -1;
}

int
sc_platform_exchange(int dir_fd, const char *one, const char *other)
{
#ifdef RENAME_EXCHANGE
	if (renameat2(dir_fd, one, dir_fd, other, RENAME_EXCHANGE) == 0)
		return 0;
	if (errno == EINVAL || errno == ENOSYS)
		errno = EOPNOTSUPP;
#else
	(void)dir_fd;
	(void)one;
	(void)other;
	errno = EOPNOTSUPP;
#endif
	return -1;
}

mode_t
sc_platform_umask(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	char line[256];
	unsigned mask;
	bool found = false;

	while (status != NULL && !found && fgets(line, sizeof(line), status) != NULL)
		found = sscanf(line, "Umask: %o", &mask) == 1;
	if (status != NULL && fclose(status) != 0)
		found = false;
	if (!found) {
		/* Only by setting it can it be had elsewhere.  What another
		 * thread creates meanwhile gets too few rights, never too many. */
		mask = umask(077);
		(void)umask((mode_t)mask);
	}
	return (mode_t)mask & 0777;
}
