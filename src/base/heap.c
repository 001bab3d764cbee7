/*
 * A priority queue: see heap.h.
 */
#include "base/heap.h"

#include "base/vector.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

static bool
before(struct sc_heap_item a, struct sc_heap_item b)
{
	/* Without a branch: the processor can't predict which of the two comes first. */
	return (a.key < b.key) | ((a.key == b.key) & (a.order < b.order));
}

void
sc_heap_free(struct sc_heap *heap)
{
	free(heap->items);
	heap->items = NULL;
	heap->count = heap->capacity = 0;
}

/* Put an item where position `at` is free, or as far above as it belongs. */
static void
sift_up(struct sc_heap *heap, size_t at, struct sc_heap_item item)
{
	while (at > 0 && before(item, heap->items[(at - 1) / 2])) {
		heap->items[at] = heap->items[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	heap->items[at] = item;
}

int
sc_heap_push(struct sc_heap *heap, struct sc_heap_item item)
{
	struct sc_heap_item *items =
	    sc_vector_room(heap->items, heap->count + 1, &heap->capacity, sizeof(*items));

	if (items == NULL)
		return -1;
	heap->items = items;
	sift_up(heap, heap->count++, item);
	return 0;
}

/*
 * The hole that the least item leaves sinks to the bottom, without a comparison with
 * the last item.  Only then is the last item put there, and rises.  It was a leaf, so it rarely
 * rises far, and a level costs one comparison instead of two.
 */
struct sc_heap_item
sc_heap_pop(struct sc_heap *heap)
{
	struct sc_heap_item least;
	struct sc_heap_item last;
	size_t hole = 0;
	size_t child;

	assert(heap->count > 0);
	least = heap->items[0];
	last = heap->items[--heap->count];
	while ((child = 2 * hole + 2) < heap->count) {
		__builtin_prefetch(&heap->items[4 * hole + 3]); /* its grandchildren */
		child -= before(heap->items[child - 1], heap->items[child]) ? 1 : 0;
		heap->items[hole] = heap->items[child];
		hole = child;
	}
	if (child == heap->count && heap->count > 0) {
		heap->items[hole] = heap->items[child - 1];
		hole = child - 1;
	}
	if (heap->count > 0)
		sift_up(heap, hole, last);
	return least;
}
