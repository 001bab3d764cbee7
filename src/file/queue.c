/*
 * A bounded queue between threads: see queue.h.
 */
#include "file/queue.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void
lock(struct sc_queue *queue)
{
	int rc = pthread_mutex_lock(&queue->lock);

	assert(rc == 0);
	(void)rc;
}

static void
unlock(struct sc_queue *queue)
{
	int rc = pthread_mutex_unlock(&queue->lock);

	assert(rc == 0);
	(void)rc;
}

static void
wake(struct sc_queue *queue)
{
	int rc = pthread_cond_broadcast(&queue->filled);

	assert(rc == 0);
	(void)rc;
}

/* A condition that waits by the clock that nobody sets.  0 or an errno. */
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
	(void)pthread_condattr_destroy(&attributes); /* holds nothing */
	return rc;
}

int
sc_queue_init(struct sc_queue *queue, uint32_t capacity, size_t item_bytes)
{
	int rc;

	assert(capacity > 0 && item_bytes > 0);
	memset(queue, 0, sizeof(*queue));
	queue->capacity = capacity;
	queue->item_bytes = item_bytes;
	atomic_init(&queue->count, 0);
	rc = pthread_mutex_init(&queue->lock, NULL);
	if (rc != 0)
		return rc;
	rc = init_condition(&queue->filled);
	if (rc != 0)
		goto out_lock;
	queue->items = calloc(capacity, item_bytes);
	if (queue->items != NULL)
		return 0;
	rc = ENOMEM;
	(void)pthread_cond_destroy(&queue->filled); /* nobody waits */
out_lock:
	(void)pthread_mutex_destroy(&queue->lock); /* nobody holds it */
	return rc;
}

void
sc_queue_free(struct sc_queue *queue)
{
	int rc;

	if (queue->items == NULL)
		return;
	rc = pthread_cond_destroy(&queue->filled);
	assert(rc == 0);
	rc = pthread_mutex_destroy(&queue->lock);
	assert(rc == 0);
	(void)rc;
	free(queue->items);
	queue->items = NULL;
}

static uint32_t
count_now(const struct sc_queue *queue)
{
	return atomic_load_explicit(&queue->count, memory_order_acquire);
}

static uint8_t *
place(const struct sc_queue *queue, uint32_t number)
{
	return queue->items + (number % queue->capacity) * queue->item_bytes;
}

void
sc_queue_put(struct sc_queue *queue, const void *item)
{
	lock(queue);
	assert(count_now(queue) < queue->capacity);
	memcpy(place(queue, queue->first + count_now(queue)), item, queue->item_bytes);
	atomic_fetch_add_explicit(&queue->count, 1, memory_order_release);
	wake(queue);
	unlock(queue);
}

/* With the lock held and an item in the queue. */
static void
take_first(struct sc_queue *queue, void *item)
{
	memcpy(item, place(queue, queue->first), queue->item_bytes);
	queue->first = (queue->first + 1) % queue->capacity;
	atomic_fetch_sub_explicit(&queue->count, 1, memory_order_release);
}

bool
sc_queue_take(struct sc_queue *queue, void *item)
{
	bool taken;

	lock(queue);
	while (count_now(queue) == 0 && !queue->stopping) {
		int rc = pthread_cond_wait(&queue->filled, &queue->lock);

		assert(rc == 0);
		(void)rc;
	}
	taken = !queue->stopping;
	if (taken)
		take_first(queue, item);
	unlock(queue);
	return taken;
}

bool
sc_queue_poll(struct sc_queue *queue, void *item)
{
	bool taken;

	if (count_now(queue) == 0)
		return false;
	lock(queue);
	taken = count_now(queue) > 0;
	if (taken)
		take_first(queue, item);
	unlock(queue);
	return taken;
}

void
sc_queue_wait(struct sc_queue *queue, uint64_t timeout_ns)
{
	uint64_t now_ns = sc_clock_now_ns();
	uint64_t until_ns = timeout_ns < UINT64_MAX - now_ns ? now_ns + timeout_ns : UINT64_MAX;
	struct timespec until = {
		.tv_sec = (time_t)(until_ns / UINT64_C(1000000000)),
		.tv_nsec = (long)(until_ns % UINT64_C(1000000000)),
	};
	int rc = 0;

	lock(queue);
	while (rc == 0 && count_now(queue) == 0)
		rc = pthread_cond_timedwait(&queue->filled, &queue->lock, &until);
	assert(rc == 0 || rc == ETIMEDOUT);
	unlock(queue);
}

void
sc_queue_stop(struct sc_queue *queue)
{
	lock(queue);
	queue->stopping = true;
	wake(queue);
	unlock(queue);
}
