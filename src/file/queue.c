/*
 * A bounded queue between threads: see queue.h.
 */
#include "file/queue.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
sc_queue_init(struct sc_queue *queue, uint32_t capacity, size_t item_bytes)
{
	uint8_t *items;
	int rc;

	assert(capacity > 0 && item_bytes > 0);
	*queue = (struct sc_queue){.capacity = capacity, .item_bytes = item_bytes};
	items = calloc(capacity, item_bytes);
	if (items == NULL)
		return ENOMEM;
	rc = sc_monitor_init(&queue->monitor);
	if (rc != 0)
		free(items);
	else
		queue->items = items;
	return rc;
}

void
sc_queue_free(struct sc_queue *queue)
{
	if (queue->items == NULL)
		return;
	sc_monitor_free(&queue->monitor);
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
	sc_monitor_lock(&queue->monitor);
	assert(count_now(queue) < queue->capacity);
	memcpy(place(queue, queue->first + count_now(queue)), item, queue->item_bytes);
	atomic_fetch_add_explicit(&queue->count, 1, memory_order_release);
	sc_monitor_tell(&queue->monitor);
	sc_monitor_unlock(&queue->monitor);
}

/* With the lock held and an item in the queue. */
static void
remove_first(struct sc_queue *queue, void *item)
{
	memcpy(item, place(queue, queue->first), queue->item_bytes);
	queue->first = (queue->first + 1) % queue->capacity;
	atomic_fetch_sub_explicit(&queue->count, 1, memory_order_release);
}

bool
sc_queue_take(struct sc_queue *queue, void *item)
{
	bool taken;

	sc_monitor_lock(&queue->monitor);
	while (count_now(queue) == 0 && !queue->stopping)
		sc_monitor_wait(&queue->monitor);
	taken = !queue->stopping;
	if (taken)
		remove_first(queue, item);
	sc_monitor_unlock(&queue->monitor);
	return taken;
}

bool
sc_queue_poll(struct sc_queue *queue, void *item)
{
	bool taken;

	if (count_now(queue) == 0)
		return false;
	sc_monitor_lock(&queue->monitor);
	taken = count_now(queue) > 0;
	if (taken)
		remove_first(queue, item);
	sc_monitor_unlock(&queue->monitor);
	return taken;
}

void
sc_queue_wait(struct sc_queue *queue, uint64_t timeout_ns)
{
	uint64_t now_ns = sc_clock_now_ns();
	uint64_t until_ns = timeout_ns < UINT64_MAX - now_ns ? now_ns + timeout_ns : UINT64_MAX;
	bool in_time = true;

	sc_monitor_lock(&queue->monitor);
	while (in_time && count_now(queue) == 0)
		in_time = sc_monitor_wait_until(&queue->monitor, until_ns);
	sc_monitor_unlock(&queue->monitor);
}

void
sc_queue_stop(struct sc_queue *queue)
{
	sc_monitor_lock(&queue->monitor);
	queue->stopping = true;
	sc_monitor_tell(&queue->monitor);
	sc_monitor_unlock(&queue->monitor);
}
