/*
 * Threads and the lock that they share: see thread.h.
 */
#include "base/thread.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <time.h>

static void
must(int rc)
{
	assert(rc == 0);
	(void)rc;
}

static int
init_condition(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;
	int rc = pthread_condattr_init(&attributes);

	if (rc != 0)
		return rc;
	rc = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	if (rc == 0)
		rc = pthread_cond_init(condition, &attributes);
	must(pthread_condattr_destroy(&attributes));
	return rc;
}

int
sc_monitor_init(struct sc_monitor *monitor)
{
	int rc = pthread_mutex_init(&monitor->mutex, NULL);

	if (rc != 0)
		return rc;
	rc = init_condition(&monitor->changed);
	if (rc != 0)
		must(pthread_mutex_destroy(&monitor->mutex));
	return rc;
}

void
sc_monitor_free(struct sc_monitor *monitor)
{
	must(pthread_cond_destroy(&monitor->changed));
	must(pthread_mutex_destroy(&monitor->mutex));
}

void
sc_monitor_lock(struct sc_monitor *monitor)
{
	must(pthread_mutex_lock(&monitor->mutex));
}

void
sc_monitor_unlock(struct sc_monitor *monitor)
{
	must(pthread_mutex_unlock(&monitor->mutex));
}

void
sc_monitor_wait(struct sc_monitor *monitor)
{
	must(pthread_cond_wait(&monitor->changed, &monitor->mutex));
}

bool
sc_monitor_wait_until(struct sc_monitor *monitor, uint64_t until_ns)
{
	const struct timespec until = sc_clock_timespec(until_ns);
	int rc = pthread_cond_timedwait(&monitor->changed, &monitor->mutex, &until);

	assert(rc == 0 || rc == ETIMEDOUT);
	return rc == 0;
}

void
sc_monitor_tell(struct sc_monitor *monitor)
{
	must(pthread_cond_broadcast(&monitor->changed));
}

int
sc_thread_start(pthread_t *thread, void *run(void *), void *argument)
{
	sigset_t all, before;
	int rc;

	must(sigfillset(&all));
	must(pthread_sigmask(SIG_SETMASK, &all, &before));
	rc = pthread_create(thread, NULL, run, argument);
	must(pthread_sigmask(SIG_SETMASK, &before, NULL));
	return rc;
}

void
sc_thread_join(pthread_t thread)
{
	must(pthread_join(thread, NULL));
}
