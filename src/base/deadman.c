/*
 * The dead-man timer: see deadman.h.
 */
#include "base/deadman.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>

/* Setting the timer is a system call: not in every turn of a loop. */
static const uint64_t feed_interval_ns_max = UINT64_C(100) * 1000 * 1000;

static struct {
	bool runs;
	timer_t timer;
	uint64_t set_to_ns; /* what the timer is set to when it is fed */
	uint64_t interval_ns;
	uint64_t fed_ns;
} deadman;

static int
set_timer(void)
{
	const struct itimerspec when = {
		.it_value.tv_sec = (time_t)(deadman.set_to_ns / UINT64_C(1000000000)),
		.it_value.tv_nsec = (long)(deadman.set_to_ns % UINT64_C(1000000000)),
	};

	deadman.fed_ns = sc_clock_now_ns();
	return timer_settime(deadman.timer, 0, &when, NULL);
}

int
sc_deadman_start(uint64_t timeout_ns, struct sc_error *err)
{
	/* The clock that stands still while the machine sleeps: then nobody is dead. */
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};

	assert(timeout_ns > 0);
	if (!deadman.runs && timer_create(CLOCK_MONOTONIC, &event, &deadman.timer) != 0)
		return sc_fail(err, errno, "cannot make the dead-man timer");
	deadman.runs = true;
	deadman.interval_ns = timeout_ns / 8;
	if (deadman.interval_ns > feed_interval_ns_max)
		deadman.interval_ns = feed_interval_ns_max;
	/* Never earlier than promised, though it is not set in every turn. */
	deadman.set_to_ns = timeout_ns + deadman.interval_ns;
	if (set_timer() == 0)
		return 0;
	(void)sc_fail(err, errno, "cannot set the dead-man timer");
	sc_deadman_stop();
	return -1;
}

void
sc_deadman_feed(void)
{
	int rc;

	if (!deadman.runs || sc_clock_now_ns() - deadman.fed_ns < deadman.interval_ns)
		return;
	rc = set_timer();
	assert(rc == 0); /* of a timer that is there, to a time that it took before */
	(void)rc;
}

void
sc_deadman_stop(void)
{
	int rc;

	if (!deadman.runs)
		return;
	deadman.runs = false;
	rc = timer_delete(deadman.timer);
	assert(rc == 0);
	(void)rc;
}
