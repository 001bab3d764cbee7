/*
 * The dead-man timer: see deadman.h.
 *
 * There are two timers: one for the last words, which only a process that still runs can write,
 * and a little later one that kills.
 */
#include "base/deadman.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/units.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Setting the timers is a system call: not in every turn of a loop. */
static const uint64_t feed_interval_ns_max = UINT64_C(100) * 1000 * 1000;

enum {
	WORDS,
	DEATH,
	TIMERS,
};

enum {
	LINE_BYTES = SC_HOST_BYTES + 256,
	PLACE_BYTES_MAX = 64, /* a line has room for so many, however long the host's name is */
};

static struct {
	bool runs;
	timer_t timers[TIMERS];
	uint64_t set_to_ns[TIMERS]; /* the time to which each feeding sets them */
	uint64_t interval_ns;
	uint64_t fed_ns;
	char line[LINE_BYTES]; /* the last words, but for the place */
	size_t line_bytes;
} deadman;

static const char *volatile deadman_place;

static int
set_timers(void)
{
	deadman.fed_ns = sc_clock_now_ns();
	for (int i = 0; i < TIMERS; i++) {
		const struct itimerspec when = {
			.it_value = sc_clock_timespec(deadman.set_to_ns[i])};

		if (timer_settime(deadman.timers[i], 0, &when, NULL) != 0)
			return -1;
	}
	return 0;
}

static void
prepare_words(uint64_t timeout_ns)
{
	char duration[SC_UNIT_TEXT_BYTES];
	size_t used = sc_log_beginning(deadman.line, SC_HOST_BYTES + 32);
	int more = snprintf(deadman.line + used, LINE_BYTES - used - PLACE_BYTES_MAX,
	    "this process has made no progress for %s and ends itself: it is ",
	    sc_format_duration((double)timeout_ns * 1e-9, duration));

	assert(more > 0 && used + (size_t)more < LINE_BYTES - PLACE_BYTES_MAX);
	deadman.line_bytes = used + (size_t)more;
	if (deadman_place == NULL)
		deadman_place = "at an unknown place";
}

/* A signal handler, in any thread. */
static void
say_and_die(int signal_number)
{
	const char *place = deadman_place;
	size_t place_bytes = strlen(place);
	size_t bytes = deadman.line_bytes + place_bytes;

	(void)signal_number;
	memcpy(deadman.line + deadman.line_bytes, place, place_bytes);
	deadman.line[bytes++] = '\n';
	/* If standard error takes no more, nothing can be done about it. */
	while (write(STDERR_FILENO, deadman.line, bytes) < 0)
		break;
	(void)kill(getpid(), SIGKILL);
}

static int
make_timers(void)
{
	struct sigaction action = {.sa_handler = say_and_die, .sa_flags = SA_RESTART};

	if (sigemptyset(&action.sa_mask) != 0 || sigaction(SIGRTMIN, &action, NULL) != 0)
		return -1;
	for (int i = 0; i < TIMERS; i++) {
		struct sigevent event = {.sigev_notify = SIGEV_SIGNAL,
			.sigev_signo = i == WORDS ? SIGRTMIN : SIGKILL};

		/* A clock that stands still while the machine sleeps: sleep is no hang. */
		if (timer_create(CLOCK_MONOTONIC, &event, &deadman.timers[i]) != 0) {
			if (i == DEATH)
				(void)timer_delete(deadman.timers[WORDS]);
			return -1;
		}
	}
	return 0;
}

int
sc_deadman_start(uint64_t timeout_ns, struct sc_error *err)
{
	assert(timeout_ns > 0);
	prepare_words(timeout_ns);
	if (!deadman.runs && make_timers() != 0)
		return sc_fail(err, errno, "cannot make the dead-man timer");
	deadman.runs = true;
	deadman.interval_ns = timeout_ns / 8;
	if (deadman.interval_ns > feed_interval_ns_max)
		deadman.interval_ns = feed_interval_ns_max;
	/* Never earlier than promised, although not every feeding sets the timers. */
	deadman.set_to_ns[WORDS] = timeout_ns + deadman.interval_ns;
	deadman.set_to_ns[DEATH] = deadman.set_to_ns[WORDS] + deadman.interval_ns;
	if (set_timers() == 0)
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
	rc = set_timers();
	assert(rc == 0); /* both timers took these times before */
	(void)rc;
}

void
sc_deadman_enter(const char *place)
{
	assert(strlen(place) < PLACE_BYTES_MAX);
	deadman_place = place;
}

void
sc_deadman_stop(void)
{
	if (!deadman.runs)
		return;
	deadman.runs = false;
	for (int i = 0; i < TIMERS; i++) {
		int rc = timer_delete(deadman.timers[i]);

		assert(rc == 0);
		(void)rc;
	}
}
