/*
 * A bounded queue of small things that one thread hands to another.
 */
#ifndef SC_FILE_QUEUE_H
#define SC_FILE_QUEUE_H

#include "base/thread.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sc_queue {
	struct sc_monitor monitor; /* over all of it; told of each item, and of the stop */
	bool stopping;
	atomic_uint count; /* changed under the lock, looked at without it */
	uint32_t capacity;
	uint32_t first;
	size_t item_bytes;
	uint8_t *items; /* owned; NULL: not initialised */
};

/* With room for capacity items of item_bytes.  0 or an errno.  Free with sc_queue_free. */
int sc_queue_init(struct sc_queue *, uint32_t capacity, size_t item_bytes);

/* No thread may use it any more.  Items in it are dropped.  Also for an all-zero struct, and
 * twice. */
void sc_queue_free(struct sc_queue *);

/* Copy an item to the end.  Never blocks; a full queue is our bug. */
void sc_queue_put(struct sc_queue *, const void *item);

/* Wait for an item and take it out.  False if the queue was stopped. */
bool sc_queue_take(struct sc_queue *, void *item);

/* Take an item out if there is one: an empty queue costs one atomic load.
 * A queue that was stopped still gives what is in it. */
bool sc_queue_poll(struct sc_queue *, void *item);

/* Wait until there is an item or the time is over. */
void sc_queue_wait(struct sc_queue *, uint64_t timeout_ns);

/* Have sc_queue_take return false from now on, whatever is in the queue. */
void sc_queue_stop(struct sc_queue *);

#endif
