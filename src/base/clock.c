/*
 * The time of this host: see clock.h.
 */
#include "base/clock.h"

#include <assert.h>

#define NS_A_SECOND UINT64_C(1000000000)

uint64_t
sc_clock_now_ns(void)
{
	struct timespec now;
	int rc = clock_gettime(CLOCK_MONOTONIC, &now);

	assert(rc == 0);
	(void)rc;
	return (uint64_t)now.tv_sec * NS_A_SECOND + (uint64_t)now.tv_nsec;
}

struct timespec
sc_clock_timespec(uint64_t ns)
{
	return (struct timespec){
		.tv_sec = (time_t)(ns / NS_A_SECOND),
		.tv_nsec = (long)(ns % NS_A_SECOND),
	};
}

void
sc_clock_sleep_ns(uint64_t duration_ns)
{
	const struct timespec duration = sc_clock_timespec(duration_ns);

	(void)nanosleep(&duration, NULL);
}
