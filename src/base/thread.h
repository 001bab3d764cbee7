/*
 * Threads and the lock that they share, with every call's result checked.
 *
 * A lock that can't be taken, or a thread that can't be joined, is a bug of ours: these functions
 * assert and return nothing.  Only what fails for want of memory or threads returns an errno.
 */
#ifndef SC_BASE_THREAD_H
#define SC_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* A lock over some fields of its owner, and a condition to wait for a change of them. */
struct sc_monitor {
	pthread_mutex_t mutex;
	pthread_cond_t changed; /* waits by the monotonic clock, which nothing sets */
};

/* 0 or an errno, with nothing to free then. */
int sc_monitor_init(struct sc_monitor *);

/* No thread may hold the lock or wait.  Once, and only after sc_monitor_init returned 0. */
void sc_monitor_free(struct sc_monitor *);

/* Not recursive. */
void sc_monitor_lock(struct sc_monitor *);
void sc_monitor_unlock(struct sc_monitor *);

/* With the lock held: release it until a change is told, then hold it again.  Returns without a
 * change, too: call these in a loop that looks at what is waited for. */
void sc_monitor_wait(struct sc_monitor *);

/* The same, at most until sc_clock_now_ns() is until_ns (UINT64_MAX: for ever).  False: it is. */
bool sc_monitor_wait_until(struct sc_monitor *, uint64_t until_ns);

/* Wake all that wait.  With the lock held, or they may miss it. */
void sc_monitor_tell(struct sc_monitor *);

/*
 * Start a thread that takes no signals: these are the main thread's, and must not interrupt a
 * write.  0 or an errno.  The thread has to be joined, or detached with pthread_detach.
 */
int sc_thread_start(pthread_t *, void *run(void *), void *argument);

/* Wait, without a limit, until the thread has ended. */
void sc_thread_join(pthread_t);

#endif
