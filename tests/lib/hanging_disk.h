/*
 * A disk that hangs: a small file system in memory, served through /dev/fuse by a
 * process that stops to answer when it is told to.  Whoever asks it for something
 * then is kept by the kernel, as by a disk or a file server that is gone.
 */
#ifndef SC_TESTS_HANGING_DISK_H
#define SC_TESTS_HANGING_DISK_H

#include <stdbool.h>

enum sc_hang {
	SC_HANG_NOTHING, /* it answers, also what it was asked for meanwhile */
	SC_HANG_OPEN,    /* a file is created */
	SC_HANG_READ,
	SC_HANG_WRITE,
	SC_HANG_SYNC,
};

/* Mount it on dir, for good: in a mount namespace of the caller's own, which it makes.  The
 * server ends with its parent.  False if that isn't permitted here. */
bool sc_hanging_disk_mount(const char *dir);

/* From the next request of that kind on it answers nothing.  Returns at once. */
void sc_hanging_disk_set(enum sc_hang);

/* Does somebody wait for an answer now? */
bool sc_hanging_disk_hangs(void);

#endif
