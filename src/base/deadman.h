/*
 * The dead-man timer: a process that no longer says that it is well is killed
 * by the kernel, also if it is stopped, spins or hangs.  Its peers then learn
 * that it has ended, instead of waiting for it; and whoever was stopped for so
 * long that the others gave it up doesn't come back.
 *
 * One a process, for one thread.  A child process has none.
 */
#ifndef SC_BASE_DEADMAN_H
#define SC_BASE_DEADMAN_H

#include "base/error.h"

#include <stdint.h>

/*
 * From now on SIGKILL comes when sc_deadman_feed was not called for this long (or up
 * to an eighth more, at most 100 ms).  If it runs already it begins again.
 */
int sc_deadman_start(uint64_t timeout_ns, struct sc_error *);

/* All is well.  Costs a look at the clock; does nothing if it doesn't run. */
void sc_deadman_feed(void);

/* It ends; harmless if it doesn't run. */
void sc_deadman_stop(void);

#endif
