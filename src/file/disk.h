/*
 * What a thread that writes for long has to know of the disk and to tell of itself.
 */
#ifndef SC_FILE_DISK_H
#define SC_FILE_DISK_H

#include "base/error.h"

#include <stdatomic.h>
#include <stdint.h>

/* What this user may still fill. */
struct sc_disk_free {
	uint64_t bytes;
	uint64_t inodes;
};

/* Of the file system with this descriptor; UINT64_MAX for what it doesn't tell.  0, or -1 with
 * errno. */
int sc_disk_free(int fd, struct sc_disk_free *);

/* Fail: "WHAT needs 5 GiB, 3 GiB are free". */
int sc_disk_fail_space(const char *what, uint64_t needed_bytes, uint64_t free_bytes,
    struct sc_error *);

/* Say that the thread is alive: set *alive_ns to the time now.  NULL is fine. */
void sc_disk_alive(atomic_uint_fast64_t *alive_ns);

/*
 * Write all that the file system with this descriptor has in memory to its disk.  The system writes
 * what others left unwritten as well, and can't be asked how far it is: meanwhile *alive_ns is a
 * time to come, by as much as a slow disk needs for all of that.  0, or -1 with errno.
 */
int sc_disk_sync(int fd, atomic_uint_fast64_t *alive_ns);

#endif
