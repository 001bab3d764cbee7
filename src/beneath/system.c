/*
 * What POSIX lacks: see system.h.
 */
#define _GNU_SOURCE /* syncfs, renameat2 */
#include "beneath/system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/xattr.h>
#endif

ssize_t
sc_system_list_xattrs(const char *path, char *names, size_t capacity)
{
#ifdef __linux__
	ssize_t n = llistxattr(path, names, capacity);

	return n < 0 && (errno == EOPNOTSUPP || errno == ENOSYS) ? 0 : n;
#else
	(void)path;
	(void)names;
	(void)capacity;
	return 0;
#endif
}

ssize_t
sc_system_get_xattr(const char *path, const char *name, void *value, size_t capacity)
{
#ifdef __linux__
	return lgetxattr(path, name, value, capacity);
#else
	(void)path;
	(void)name;
	(void)value;
	(void)capacity;
	errno = EOPNOTSUPP;
	return -1;
#endif
}

int
sc_system_sync(int fd)
{
#ifdef __linux__
	return syncfs(fd);
#else
	(void)fd;
	sync();
	return 0;
#endif
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

int
sc_system_move(int from_fd, const char *from, int to_fd, const char *to)
{
	struct stat st;

#ifdef RENAME_NOREPLACE
	if (renameat2(from_fd, from, to_fd, to, RENAME_NOREPLACE) == 0)
		return 0;
	/* EINVAL: the file system doesn't know the flag. */
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
#endif
	if (fstatat(to_fd, to, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	return renameat(from_fd, from, to_fd, to);
}

int
sc_system_exchange(int a_fd, const char *a, int b_fd, const char *b)
{
#ifdef RENAME_EXCHANGE
	if (renameat2(a_fd, a, b_fd, b, RENAME_EXCHANGE) == 0)
		return 0;
	if (errno == EINVAL || errno == ENOSYS)
		errno = EOPNOTSUPP;
#else
	(void)a_fd;
	(void)a;
	(void)b_fd;
	(void)b;
	errno = EOPNOTSUPP;
#endif
	return -1;
}
