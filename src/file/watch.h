/*
 * The watch over a thread that a system call may keep for ever: when its job began, and whether
 * another thread still waits for the result.  One thread begins and ends, another gives up.
 */
#ifndef SC_FILE_WATCH_H
#define SC_FILE_WATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* All-zero: no job is under way. */
struct sc_watch {
	atomic_uint_fast64_t begun_ns;   /* 0: idle */
	atomic_uint_fast64_t alive_ns;   /* a later sign of life, from any thread */
	atomic_uint_fast64_t allowed_ns; /* without such a sign */
};

/* A job that needs no watch. */
#define SC_WATCH_NEVER UINT64_MAX

/* A job begins, which may be silent for allowed_ns. */
void sc_watch_begin(struct sc_watch *, uint64_t allowed_ns);

/* The job has ended.  False: it was given up, and its result must not be told. */
bool sc_watch_end(struct sc_watch *);

/*
 * Has the job under way been silent for longer than allowed?  Then it is given
 * up: true, once, and *silent_ns says for how long it was silent.  All that the other thread wrote
 * before the job began can be read from then on.
 */
bool sc_watch_give_up(struct sc_watch *, uint64_t *silent_ns);

#endif
