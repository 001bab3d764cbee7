/*
 * Threads that share a task: see crew.h.
 */
#define _GNU_SOURCE /* sched_getaffinity */
#include "tree/crew.h"

#include "base/thread.h"

#include <assert.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

/* Pieces that a thread takes at once: enough to be worth a thread, few enough for all to end
 * together. */
enum { PIECES_AT_ONCE = 8 };

struct task {
	sc_crew_piece *piece;
	void *context;
	uint32_t end;
	atomic_uint_fast64_t next; /* the first piece that no thread has taken; beyond end: none */
};

struct worker {
	struct task *task;
	unsigned number;
	pthread_t thread;
	bool failed;
	struct sc_error error;
};

unsigned
sc_crew_size(void)
{
	unsigned threads = 1;
#ifdef CPU_COUNT
	cpu_set_t set;

	/* Beside them the rank's own thread and the reader have something to do. */
	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		threads = (unsigned)CPU_COUNT(&set) / 2;
#endif
	return threads < 1 ? 1 : threads > SC_CREW_MAX ? SC_CREW_MAX : threads;
}

static void *
work(void *argument)
{
	struct worker *worker = argument;
	struct task *task = worker->task;
	uint64_t from;

	while ((from = atomic_fetch_add(&task->next, PIECES_AT_ONCE)) < task->end) {
		for (uint64_t i = from; i < from + PIECES_AT_ONCE && i < task->end; i++) {
			if (task->piece(task->context, worker->number, (uint32_t)i,
				&worker->error) == 0)
				continue;
			worker->failed = true;
			/* The others take no more. */
			atomic_store(&task->next, task->end);
			return NULL;
		}
	}
	return NULL;
}

int
sc_crew_work(unsigned threads, sc_crew_piece *piece, void *context, uint32_t first, uint32_t end,
    struct sc_error *err)
{
	struct task task = {.piece = piece, .context = context, .end = end};
	struct worker workers[SC_CREW_MAX];
	unsigned started = 1;
	int rc = 0;

	assert(threads >= 1 && threads <= SC_CREW_MAX);
	assert(first <= end);
	atomic_init(&task.next, first);
	for (unsigned i = 0; i < threads; i++)
		workers[i] = (struct worker){.task = &task, .number = i};
	/* Each thread has something to take, and the pieces get done however few there are. */
	while (started < threads && end - first > started * PIECES_AT_ONCE &&
	    sc_thread_start(&workers[started].thread, work, &workers[started]) == 0)
		started++;
	(void)work(&workers[0]);
	for (unsigned i = 1; i < started; i++)
		sc_thread_join(workers[i].thread);
	for (unsigned i = 0; i < started && rc == 0; i++) {
		if (!workers[i].failed)
			continue;
		if (err != NULL)
			*err = workers[i].error;
		rc = -1;
	}
	return rc;
}
