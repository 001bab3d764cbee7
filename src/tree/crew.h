/*
 * A crew: threads that share the pieces of one task, so that a chunk with a thousand files is not
 * written by a single thread.
 */
#ifndef SC_TREE_CREW_H
#define SC_TREE_CREW_H

#include "base/error.h"

#include <stdint.h>

/* Most threads there can be: a file system serves no more of them any faster. */
enum { SC_CREW_MAX = 8 };

/* Do one piece of a task in this thread of the crew (0: the caller's own).  0, or -1 with a
 * sentence. */
typedef int sc_crew_piece(void *context, unsigned thread, uint32_t piece, struct sc_error *);

/* Threads worth having on the processors that this process may use: 1 to SC_CREW_MAX. */
unsigned sc_crew_size(void);

/*
 * Do the pieces from first up to end, in any order, some at once, with up to this many threads
 * (1 to SC_CREW_MAX).  Returns when no piece is under way any more.  If one fails no more are
 * begun; -1 then, with the sentence of one that failed.  Threads that can't be started are done
 * without.
 */
int sc_crew_work(unsigned threads, sc_crew_piece *, void *context, uint32_t first, uint32_t end,
    struct sc_error *);

#endif
