/*
 * Time for the shell: see clock.h.
 */
#include "base/clock.h"

#include <assert.h>
#include <time.h>

uint64_t
sc_clock_now_ns(void)
{
	struct timespec now;
	int rc = clock_gettime(CLOCK_MONOTONIC, &now);

	assert(rc == 0);
	(void)rc;
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

void
sc_clock_sleep_ns(uint64_t duration_ns)
{
	struct timespec duration = {
		.tv_sec = (time_t)(duration_ns / UINT64_C(1000000000)),
		.tv_nsec = (long)(duration_ns % UINT64_C(1000000000)),
	};

	(void)nanosleep(&duration, NULL);
}
