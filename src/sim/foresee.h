/*
 * A simulation of ten thousand nodes waits for memory most of its time: what
 * an event needs is in no cache.  The agenda knows which events come next, so
 * what they need can be asked for early.  It changes no result.
 */
#ifndef SC_SIM_FORESEE_H
#define SC_SIM_FORESEE_H

#include <stddef.h>

enum { SC_CACHE_LINE_BYTES = 64 };

/* Ask for memory that will be read soon; any address is allowed. */
static inline void
sc_foresee(const void *memory, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += SC_CACHE_LINE_BYTES)
		__builtin_prefetch((const char *)memory + at);
}

#endif
