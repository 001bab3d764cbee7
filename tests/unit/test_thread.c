/*
 * Threads and the lock that they share.
 */
#include "base/clock.h"
#include "base/thread.h"
#include "lib/suite.h"

#include <signal.h>

static const uint64_t moment_ns = UINT64_C(20) * 1000 * 1000;
static const uint64_t long_ns = UINT64_C(60) * 1000 * 1000 * 1000;

enum { THREADS = 4, TURNS = 1000 };

struct counter {
	struct sc_monitor monitor;
	uint32_t ready;
	uint32_t value;
	uint32_t signals; /* threads that would take a signal */
};

static void *
count(void *argument)
{
	struct counter *counter = argument;
	sigset_t blocked;
	int rc = pthread_sigmask(SIG_SETMASK, NULL, &blocked);

	sc_monitor_lock(&counter->monitor);
	counter->signals += rc != 0 || sigismember(&blocked, SIGTERM) != 1;
	counter->ready++;
	sc_monitor_tell(&counter->monitor);
	while (counter->ready < THREADS)
		sc_monitor_wait(&counter->monitor);
	sc_monitor_unlock(&counter->monitor);
	for (int i = 0; i < TURNS; i++) {
		sc_monitor_lock(&counter->monitor);
		counter->value++;
		sc_monitor_unlock(&counter->monitor);
	}
	return NULL;
}

/* All threads wait for each other, then count; none of them takes a signal, and the one that
 * started them still does. */
static void
test_threads_share_a_lock(void)
{
	struct counter counter = {0};
	pthread_t threads[THREADS];
	sigset_t blocked;

	CU_ASSERT_EQUAL_FATAL(sc_monitor_init(&counter.monitor), 0);
	for (int i = 0; i < THREADS; i++)
		CU_ASSERT_EQUAL_FATAL(sc_thread_start(&threads[i], count, &counter), 0);
	for (int i = 0; i < THREADS; i++)
		sc_thread_join(threads[i]);
	CU_ASSERT_EQUAL(counter.value, THREADS * TURNS);
	CU_ASSERT_EQUAL(counter.signals, 0);
	CU_ASSERT_EQUAL(pthread_sigmask(SIG_SETMASK, NULL, &blocked), 0);
	CU_ASSERT_EQUAL(sigismember(&blocked, SIGTERM), 0);
	sc_monitor_free(&counter.monitor);
}

static void *
tell(void *argument)
{
	struct counter *counter = argument;

	sc_clock_sleep_ns(moment_ns);
	sc_monitor_lock(&counter->monitor);
	counter->value = 1;
	sc_monitor_tell(&counter->monitor);
	sc_monitor_unlock(&counter->monitor);
	return NULL;
}

static void
test_waiting_has_a_limit(void)
{
	struct counter counter = {0};
	uint64_t begin_ns = sc_clock_now_ns();
	pthread_t thread;

	CU_ASSERT_EQUAL_FATAL(sc_monitor_init(&counter.monitor), 0);
	sc_monitor_lock(&counter.monitor);
	while (sc_monitor_wait_until(&counter.monitor, begin_ns + moment_ns))
		continue;
	CU_ASSERT(sc_clock_now_ns() >= begin_ns + moment_ns);
	CU_ASSERT_FALSE(sc_monitor_wait_until(&counter.monitor, 0));
	CU_ASSERT_EQUAL_FATAL(sc_thread_start(&thread, tell, &counter), 0);
	while (counter.value == 0)
		CU_ASSERT_TRUE(sc_monitor_wait_until(&counter.monitor, UINT64_MAX));
	sc_monitor_unlock(&counter.monitor);
	sc_thread_join(thread);
	CU_ASSERT(sc_clock_now_ns() < begin_ns + long_ns);
	sc_monitor_free(&counter.monitor);
}

int
main(void)
{
	static CU_TestInfo tests[] = {
		{"threads share a lock", test_threads_share_a_lock},
		{"waiting has a limit", test_waiting_has_a_limit},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("thread", tests);
}
