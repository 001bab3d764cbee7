/*
 * Threads that share a task: see crew.h.
 */
#define _GNU_SOURCE /* sched_getaffinity */
#include "tree/crew.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

/* Pieces that a hand takes at once: few enough for all to end together. */
enum { PIECES_AT_ONCE = 8 };

struct hand {
	struct sc_crew *crew;
	unsigned number;
	pthread_t thread;
	bool runs;
};

struct sc_crew {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct hand hands[SC_CREW_MAX];
	unsigned count;

	/* Under the lock: */
	uint64_t task; /* counted: the one that is to be done */
	unsigned busy; /* threads that are at it */
	bool stopping;
	bool failed;
	struct sc_error error;

	/* Set before the task is counted. */
	sc_crew_piece *piece;
	void *context;
	uint32_t end;
	atomic_uint_fast64_t next;
};

static void
check(int rc)
{
	assert(rc == 0);
	(void)rc;
}

unsigned
sc_crew_hands(void)
{
	unsigned hands = 1;
#ifdef CPU_COUNT
	cpu_set_t set;

	/* Beside them the rank's own thread and the reader have something to do. */
	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		hands = (unsigned)CPU_COUNT(&set) / 2;
#endif
	return hands < 1 ? 1 : hands > SC_CREW_MAX ? SC_CREW_MAX : hands;
}

static void
note_failure(struct sc_crew *crew, const struct sc_error *error)
{
	check(pthread_mutex_lock(&crew->lock));
	if (!crew->failed)
		crew->error = *error;
	crew->failed = true;
	check(pthread_mutex_unlock(&crew->lock));
	atomic_store(&crew->next, crew->end);
}

static void
work(struct sc_crew *crew, unsigned hand)
{
	for (;;) {
		uint64_t from = atomic_fetch_add(&crew->next, PIECES_AT_ONCE);
		struct sc_error error;

		for (uint64_t i = from; i < from + PIECES_AT_ONCE && i < crew->end; i++) {
			if (crew->piece(crew->context, hand, (uint32_t)i, &error) != 0) {
				note_failure(crew, &error);
				return;
			}
		}
		if (from >= crew->end)
			return;
	}
}

static void *
serve(void *argument)
{
	const struct hand *hand = argument;
	struct sc_crew *crew = hand->crew;
	uint64_t done = 0;

	check(pthread_mutex_lock(&crew->lock));
	for (;;) {
		while (!crew->stopping && crew->task == done)
			check(pthread_cond_wait(&crew->changed, &crew->lock));
		if (crew->stopping)
			break;
		done = crew->task;
		check(pthread_mutex_unlock(&crew->lock));
		work(crew, hand->number);
		check(pthread_mutex_lock(&crew->lock));
		crew->busy--;
		check(pthread_cond_broadcast(&crew->changed));
	}
	check(pthread_mutex_unlock(&crew->lock));
	return NULL;
}

int
sc_crew_start(struct sc_crew **out, unsigned hands, struct sc_error *err)
{
	struct sc_crew *crew = calloc(1, sizeof(*crew));
	sigset_t all, before;
	int rc = 0;

	assert(hands >= 1 && hands <= SC_CREW_MAX);
	*out = NULL;
	if (crew == NULL)
		return sc_fail(err, ENOMEM, "cannot start threads that write");
	check(pthread_mutex_init(&crew->lock, NULL));
	check(pthread_cond_init(&crew->changed, NULL));
	(void)sigfillset(&all); /* can't fail */
	check(pthread_sigmask(SIG_SETMASK, &all, &before));
	for (unsigned i = 1; i < hands && rc == 0; i++) {
		crew->hands[i] = (struct hand){.crew = crew, .number = i};
		rc = pthread_create(&crew->hands[i].thread, NULL, serve, &crew->hands[i]);
		crew->hands[i].runs = rc == 0;
		crew->count += rc == 0;
	}
	check(pthread_sigmask(SIG_SETMASK, &before, NULL));
	if (rc != 0) {
		sc_crew_stop(crew);
		return sc_fail(err, rc, "cannot start threads that write");
	}
	*out = crew;
	return 0;
}

int
sc_crew_work(struct sc_crew *crew, sc_crew_piece *piece, void *context, uint32_t first,
    uint32_t end, struct sc_error *err)
{
	bool shared = crew->count > 0 && end - first > PIECES_AT_ONCE;
	bool failed;

	assert(first <= end);
	crew->failed = false;
	crew->piece = piece;
	crew->context = context;
	crew->end = end;
	atomic_store(&crew->next, first);
	if (shared) {
		check(pthread_mutex_lock(&crew->lock));
		crew->task++;
		crew->busy = crew->count;
		check(pthread_cond_broadcast(&crew->changed));
		check(pthread_mutex_unlock(&crew->lock));
	}
	work(crew, 0);
	check(pthread_mutex_lock(&crew->lock));
	while (crew->busy > 0)
		check(pthread_cond_wait(&crew->changed, &crew->lock));
	failed = crew->failed;
	if (failed && err != NULL)
		*err = crew->error;
	check(pthread_mutex_unlock(&crew->lock));
	return failed ? -1 : 0;
}

void
sc_crew_stop(struct sc_crew *crew)
{
	if (crew == NULL)
		return;
	check(pthread_mutex_lock(&crew->lock));
	crew->stopping = true;
	check(pthread_cond_broadcast(&crew->changed));
	check(pthread_mutex_unlock(&crew->lock));
	for (unsigned i = 1; i < SC_CREW_MAX; i++) {
		if (crew->hands[i].runs)
			check(pthread_join(crew->hands[i].thread, NULL));
	}
	check(pthread_cond_destroy(&crew->changed));
	check(pthread_mutex_destroy(&crew->lock));
	free(crew);
}
