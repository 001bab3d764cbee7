/*
 * What files need of the system and POSIX doesn't give: each function has a
 * way out where the system or the file system lacks it.
 */
#ifndef SC_BENEATH_PLATFORM_H
#define SC_BENEATH_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Allocate the blocks of a file's first bytes, which read as zeros.  0, or
 * -1 with errno; EOPNOTSUPP if that can't be done here, or is as much work as to write
 * them (tmpfs). */
int sc_platform_reserve(int fd, uint64_t size_bytes);

/* Make a hole of these bytes, which then read as zeros.  0, or -1 with errno;
 * EOPNOTSUPP if that can't be done here. */
int sc_platform_punch(int fd, uint64_t offset, uint64_t length);

/*
 * The next data at or after an offset below size_bytes: *data to *end.  Both
 * are size_bytes if only a hole follows.  A file system that doesn't know
 * its holes has data everywhere.
 */
void sc_platform_next_data(int fd, uint64_t from, uint64_t size_bytes, uint64_t *data,
    uint64_t *end);

/* Open for reading past the page cache, which needs aligned memory, offsets
 * and lengths; *direct tells if it really is.  -1 with errno. */
int sc_platform_open_direct(int dir_fd, const char *name, bool *direct);

/* Make reads of such a descriptor ordinary ones.  0, or -1 with errno. */
int sc_platform_leave_direct(int fd);

/* Open a directory as a place for *at calls, also one that may not be read.
 * -1 with errno. */
int sc_platform_open_directory(const char *path);

/* Open a directory as a place for *at calls, by one component of a path that
 * is no link.  -1 with errno; ENOTDIR or ELOOP if it is one. */
int sc_platform_open_place(int dir_fd, const char *component);

/*
 * The same by a path that has to stay beneath dir_fd and its file system, with no
 * link at all in it: the kernel sees to that, in one call.  -1 with errno: ELOOP a
 * link, EXDEV another file system or a way out, ENOSYS if this system can't do that.
 */
int sc_platform_open_beneath(int dir_fd, const char *path);

/* Set an extended attribute of an open file.  0, or -1 with errno; EOPNOTSUPP where there are none. */
int sc_platform_set_xattr(int fd, const char *name, const void *value, size_t length);

/* Rename unless the new name exists (-1, EEXIST).  EOPNOTSUPP if this file
 * system can't. */
int sc_platform_rename_new(int dir_fd, const char *from, const char *to);

/* Exchange two names.  EOPNOTSUPP if this file system can't. */
int sc_platform_exchange(int dir_fd, const char *one, const char *other);

/* The umask of the process.  Any thread. */
mode_t sc_platform_umask(void);

#endif
