/*
 * Time for the shell.  The core gets its time in events and never calls this.
 */
#ifndef SC_BASE_CLOCK_H
#define SC_BASE_CLOCK_H

#include <stdint.h>

/* The monotonic clock of this host, in nanoseconds. */
uint64_t sc_clock_now_ns(void);

/* Sleep for about this long; a signal ends it early. */
void sc_clock_sleep_ns(uint64_t duration_ns);

#endif
