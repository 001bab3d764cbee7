/*
 * A rank that is stopped just before the run.  Loaded ahead of the C library (LD_PRELOAD), this
 * stops the process as soon as its dead-man timers are set for the first time: it is about to
 * open its connections.
 *
 * Environment: STOPPED_AT, a file that is made when it has happened.
 */
#define _GNU_SOURCE

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { TIMERS = 2 };

int
timer_settime(timer_t timer, int flags, const struct itimerspec *value, struct itimerspec *old)
{
	static int calls;
	int (*real)(timer_t, int, const struct itimerspec *, struct itimerspec *);
	int rc;

	*(void **)&real = dlsym(RTLD_NEXT, "timer_settime");
	rc = real(timer, flags, value, old);
	if (++calls == TIMERS) {
		int at = open(getenv("STOPPED_AT"), O_WRONLY | O_CREAT, 0600);

		if (at < 0 || close(at) != 0)
			abort();
		raise(SIGSTOP);
	}
	return rc;
}
