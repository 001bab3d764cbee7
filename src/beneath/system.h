/*
 * What trees need of the system and POSIX doesn't give, beside beneath/platform.h.
 */
#ifndef SC_BENEATH_SYSTEM_H
#define SC_BENEATH_SYSTEM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The names of the extended attributes of what has this path, a link itself, each with its end.
 * As llistxattr: -1 with errno; 0 also where there are none. */
ssize_t sc_system_list_xattrs(const char *path, char *names, size_t capacity);

/* The value of one of them.  As lgetxattr. */
ssize_t sc_system_get_xattr(const char *path, const char *name, void *value, size_t capacity);

/* Write what the file system with this descriptor has in memory to its disk.  0, or -1 with
 * errno. */
int sc_system_sync(int fd);

/* What all file systems have in memory that is to be written, as far as the system tells: 0 if it
 * doesn't. */
uint64_t sc_system_unwritten_bytes(void);

/* Rename unless the new name exists (-1, EEXIST); where the file system can't do that in one,
 * a moment stays in which somebody else's empty directory could be replaced. */
int sc_system_move(int from_fd, const char *from, int to_fd, const char *to);

/* Let two names that exist change places.  -1 with errno; EOPNOTSUPP if this can't be done here. */
int sc_system_exchange(int a_fd, const char *a, int b_fd, const char *b);

#endif
