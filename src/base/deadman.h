/*
 * The dead-man timer: a process that no longer makes progress is killed
 * by the kernel, also if it is stopped, spins or hangs.  Its peers then learn
 * that it has ended, instead of waiting for it; and a process that was stopped for so
 * long that its peers gave it up doesn't come back.
 *
 * If it can, the process first writes on standard error where it was: a hang leaves no other trace.
 *
 * One a process, for one thread.  A child process has none.  Takes SIGRTMIN.
 */
#ifndef SC_BASE_DEADMAN_H
#define SC_BASE_DEADMAN_H

#include "base/error.h"

#include <stdint.h>

/*
 * From now on SIGKILL comes when sc_deadman_feed was not called for this long (or up
 * to a quarter more, at most 200 ms).  A timer that runs already begins again.
 */
int sc_deadman_start(uint64_t timeout_ns, struct sc_error *);

/* There is progress: the time begins again.  Costs a look at the clock; does nothing if the timer
 * doesn't run. */
void sc_deadman_feed(void);

/* Where this thread goes now, for the last words: "in MPI".  Borrowed for ever; shorter than
 * 64 bytes. */
void sc_deadman_enter(const char *place);

/* End the timer; does nothing if it doesn't run. */
void sc_deadman_stop(void);

#endif
