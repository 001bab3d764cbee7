/*
 * A crew: threads that share the small pieces of one task, so that a chunk with a thousand files
 * is not written by one hand.
 */
#ifndef SC_TREE_CREW_H
#define SC_TREE_CREW_H

#include "base/error.h"

#include <stdint.h>

struct sc_crew; /* opaque; used by one thread at a time */

/* Most hands there can be: a file system serves no more of them any faster. */
enum { SC_CREW_MAX = 8 };

/* Do piece number i of a task, as this hand (0: the caller's own).  0, or -1 with a sentence. */
typedef int sc_crew_piece(void *context, unsigned hand, uint32_t piece, struct sc_error *);

/* Hands that are worth having on the processors that this process may use: 1 to SC_CREW_MAX. */
unsigned sc_crew_hands(void);

/* Start hands - 1 threads, which take no signals.  -1 with a sentence. */
int sc_crew_start(struct sc_crew **, unsigned hands, struct sc_error *);

/*
 * Do the pieces from first up to end, in any order and some at once; returns when none is under
 * way any more.  If one fails no more are begun, and it is the one that is told.
 */
int sc_crew_work(struct sc_crew *, sc_crew_piece *, void *context, uint32_t first, uint32_t end,
    struct sc_error *);

/* End the threads.  NULL is fine. */
void sc_crew_stop(struct sc_crew *);

#endif
