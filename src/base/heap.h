/*
 * A priority queue: a binary heap of pairs of numbers, least first.
 */
#ifndef SC_BASE_HEAP_H
#define SC_BASE_HEAP_H

#include <stddef.h>
#include <stdint.h>

/* Ordered by key, then by order.  Items that are equal in both come out in no
 * particular order: give each its own. */
struct sc_heap_item {
	uint64_t key;
	uint64_t order;
};

/* Start with an all-zero struct. */
struct sc_heap {
	struct sc_heap_item *items; /* owned; the first one is the least */
	size_t count;
	size_t capacity;
};

/* Also on an all-zero struct, and twice. */
void sc_heap_free(struct sc_heap *);

/* 0, or -1 without memory (the heap is then as it was).  O(log count). */
int sc_heap_push(struct sc_heap *, struct sc_heap_item);

/* Take the least one out; there must be one.  O(log count). */
struct sc_heap_item sc_heap_pop(struct sc_heap *);

#endif
