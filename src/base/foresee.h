/*
 * Prefetching.  A simulation of ten thousand nodes waits for memory most of its
 * time: what an event needs is in no cache.  But the agenda knows which events come next, and a
 * core knows what an event will need.  Prefetching changes no result.
 */
#ifndef SC_BASE_FORESEE_H
#define SC_BASE_FORESEE_H

#include <stddef.h>

enum { SC_CACHE_LINE_BYTES = 64 };

/* Fetch memory that will be read soon; any address is allowed. */
static inline void
sc_foresee(const void *memory, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += SC_CACHE_LINE_BYTES)
		__builtin_prefetch((const char *)memory + at);
}

#endif
