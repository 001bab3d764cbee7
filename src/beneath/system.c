/*
 * What POSIX lacks: see system.h.
 */
#define _GNU_SOURCE /* fallocate, SEEK_DATA, O_DIRECT, O_PATH, renameat2, syncfs, syscall */
#include "beneath/system.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#ifdef SYS_openat2
#include <linux/openat2.h>
#endif
#include <unistd.h>

enum { PLACE_FLAGS = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

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

int
sc_system_reserve(int fd, uint64_t size_bytes)
{
	if (is_in_memory(fd)) {
		errno = EOPNOTSUPP;
		return -1;
	}
	/* posix_fallocate would write every block where the file system lacks this. */
	return allocate(fd, 0, 0, size_bytes);
}

int
sc_system_punch(int fd, uint64_t offset, uint64_t length)
{
	return allocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
}

void
sc_system_next_data(int fd, uint64_t from, uint64_t size_bytes, uint64_t *data, uint64_t *end)
{
	off_t found = lseek(fd, (off_t)from, SEEK_DATA);

	*data = from;
	*end = size_bytes;
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
		*end = *data; /* the file is being changed, which is found out later */
}

int
sc_system_open_direct(int dir_fd, const char *name, bool *direct)
{
	int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
	int fd = openat(dir_fd, name, flags | O_DIRECT);

	*direct = fd >= 0;
	if (fd < 0 && errno == EINVAL)
		fd = openat(dir_fd, name, flags);
	return fd;
}

int
sc_system_leave_direct(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags & ~O_DIRECT);
}

int
sc_system_open_directory(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == EACCES)
		fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd;
}

int
sc_system_open_place(int dir_fd, const char *component)
{
	return openat(dir_fd, component, PLACE_FLAGS);
}

int
sc_system_open_beneath(int dir_fd, const char *path)
{
#ifdef SYS_openat2
	/* The kernel gives up, to be asked again, if anything is renamed during the call. */
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
	/* Some containers answer calls that they don't know with EPERM. */
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

/* EOPNOTSUPP where the system or the file system lacks the flag. */
static int
rename_with(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	int rc = renameat2(from_fd, from, to_fd, to, flags);

	if (rc != 0 && (errno == EINVAL || errno == ENOSYS))
		errno = EOPNOTSUPP;
	return rc;
}

int
sc_system_rename_new(int from_fd, const char *from, int to_fd, const char *to)
{
	struct stat st;

	if (rename_with(from_fd, from, to_fd, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EOPNOTSUPP)
		return -1;
	if (linkat(from_fd, from, to_fd, to, 0) == 0) {
		/* If this fails it has its new name all the same. */
		(void)unlinkat(from_fd, from, 0);
		return 0;
	}
	if (errno == EEXIST)
		return -1;
	/* A directory, or a file system without hard links (FAT, some FUSE). */
	if (fstatat(to_fd, to, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	return renameat(from_fd, from, to_fd, to);
}

int
sc_system_exchange(int a_fd, const char *a, int b_fd, const char *b)
{
	return rename_with(a_fd, a, b_fd, b, RENAME_EXCHANGE);
}

ssize_t
sc_system_list_xattrs(const char *path, char *names, size_t capacity)
{
	ssize_t n = llistxattr(path, names, capacity);

	return n < 0 && (errno == EOPNOTSUPP || errno == ENOSYS) ? 0 : n;
}

ssize_t
sc_system_get_xattr(const char *path, const char *name, void *value, size_t capacity)
{
	return lgetxattr(path, name, value, capacity);
}

int
sc_system_set_xattr(int fd, const char *name, const void *value, size_t length)
{
	return fsetxattr(fd, name, value, length, 0);
}

int
sc_system_sync(int fd)
{
	return syncfs(fd);
}

uint64_t
sc_system_unwritten_bytes(void)
{
	FILE *info = fopen("/proc/meminfo", "re");
	unsigned long long sum = 0;
	unsigned long long kib;
	char line[256];

	while (info != NULL && fgets(line, sizeof(line), info) != NULL) {
		if (sscanf(line, "Dirty: %llu kB", &kib) == 1 ||
		    sscanf(line, "Writeback: %llu kB", &kib) == 1)
			sum += kib * 1024;
	}
	if (info != NULL)
		(void)fclose(info); /* it was only read */
	return sum;
}

mode_t
sc_system_umask(void)
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
		/* Without /proc it can be read only by setting it.  What another
		 * thread creates meanwhile gets too few rights, never too many. */
		mask = umask(077);
		(void)umask((mode_t)mask);
	}
	return (mode_t)mask & 0777;
}
