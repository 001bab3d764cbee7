/*
 * Calls of Linux that POSIX doesn't have, for files and directories.  Each says what it does where
 * the kernel or the file system lacks it.
 */
#ifndef SC_BENEATH_SYSTEM_H
#define SC_BENEATH_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Allocate the blocks of a file's first bytes, which read as zeros.  0, or
 * -1 with errno; EOPNOTSUPP if the file system can't, or if it is as much work as to write
 * them (tmpfs). */
int sc_system_reserve(int fd, uint64_t size_bytes);

/* Make a hole of these bytes, which then read as zeros.  0, or -1 with errno;
 * EOPNOTSUPP if the file system can't. */
int sc_system_punch(int fd, uint64_t offset, uint64_t length);

/*
 * The next data at or after an offset below size_bytes: *data to *end.  Both
 * are size_bytes if only a hole follows.  A file system that doesn't know
 * its holes has data everywhere.
 */
void sc_system_next_data(int fd, uint64_t from, uint64_t size_bytes, uint64_t *data, uint64_t *end);

/* Open for reading past the page cache, which needs aligned memory, offsets
 * and lengths; *direct tells if it really is.  -1 with errno. */
int sc_system_open_direct(int dir_fd, const char *name, bool *direct);

/* Make reads of such a descriptor ordinary ones.  0, or -1 with errno. */
int sc_system_leave_direct(int fd);

/* Open a directory for *at calls, also one that may not be read.  -1 with errno. */
int sc_system_open_directory(const char *path);

/* Open a directory for *at calls alone, by one component of a path that is no link.  -1 with
 * errno; ENOTDIR or ELOOP if it is one. */
int sc_system_open_place(int dir_fd, const char *component);

/*
 * The same by a path that has to stay beneath dir_fd and in its file system, with no
 * link at all in it: the kernel checks that, in one call.  -1 with errno: ELOOP a
 * link, EXDEV another file system or a way out, ENOSYS if the kernel can't do that.
 */
int sc_system_open_beneath(int dir_fd, const char *path);

/* Rename unless something has the new name (-1, EEXIST).  Where the file system can't do that in
 * one call a hard link and the removal of the old name do it; where there are no hard links either,
 * another program's new file or empty directory could be replaced in a short moment.  -1 with
 * errno. */
int sc_system_rename_new(int from_fd, const char *from, int to_fd, const char *to);

/* Let two names that exist change places.  -1 with errno; EOPNOTSUPP if this file system can't. */
int sc_system_exchange(int a_fd, const char *a, int b_fd, const char *b);

/* The names of the extended attributes of what has this path, a link itself, each with its end.
 * As llistxattr: -1 with errno; 0 also where the file system has none. */
ssize_t sc_system_list_xattrs(const char *path, char *names, size_t capacity);

/* The value of one of them.  As lgetxattr. */
ssize_t sc_system_get_xattr(const char *path, const char *name, void *value, size_t capacity);

/* Set an extended attribute of an open file.  0, or -1 with errno; EOPNOTSUPP if the file system
 * has none. */
int sc_system_set_xattr(int fd, const char *name, const void *value, size_t length);

/* Write all that this descriptor's file system has in memory to its disk.  0, or -1 with errno. */
int sc_system_sync(int fd);

/* The bytes that all file systems have in memory and still have to write; 0 if that isn't known. */
uint64_t sc_system_unwritten_bytes(void);

/* The umask of the process.  Any thread. */
mode_t sc_system_umask(void);

#endif
