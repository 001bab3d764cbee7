/*
 * The time of this host.  Not for the core, which gets its time in events.
 */
#ifndef SC_BASE_CLOCK_H
#define SC_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* The monotonic clock of this host, in nanoseconds. */
uint64_t sc_clock_now_ns(void);

/* The same duration or time in the form that system calls take. */
struct timespec sc_clock_timespec(uint64_t ns);

/* Sleep for about this long; a signal ends it early. */
void sc_clock_sleep_ns(uint64_t duration_ns);

#endif
