/*
 * The watch over a thread that may be kept by the system for ever: since when
 * it has been at its job, and whether anybody still waits for it.  One thread
 * begins and ends, another gives up.
 */
#ifndef SC_FILE_WATCH_H
#define SC_FILE_WATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* All-zero: nothing has begun. */
struct sc_watch {
	atomic_uint_fast64_t begun_ns;   /* 0: idle */
	atomic_uint_fast64_t alive_ns;   /* a later sign of life, by anybody */
	atomic_uint_fast64_t allowed_ns; /* without one */
};

/* A job that needs no watch. */
#define SC_WATCH_NEVER UINT64_MAX

/* A job begins, which may be silent for so long. */
void sc_watch_begin(struct sc_watch *, uint64_t allowed_ns);

/* It has ended.  False: it was given up, and what it was to bring is nobody's any more. */
bool sc_watch_end(struct sc_watch *);

/*
 * Has the job under way been silent for longer than allowed?  Then it is given
 * up: true, once, and *silent_ns says for how long.  What the other thread had
 * written before it began is seen from then on.
 */
bool sc_watch_give_up(struct sc_watch *, uint64_t *silent_ns);

#endif
