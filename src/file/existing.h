/*
 * A DEST that exists already and may hold what is to be staged: it is digested before anything
 * is sent.  It is only read, and nothing of it is trusted: the caller compares the digest with
 * the origin's, and asks afterwards if the file has stayed as it was.
 */
#ifndef SC_FILE_EXISTING_H
#define SC_FILE_EXISTING_H

#include "base/error.h"
#include "file/digest.h"
#include "file/source.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct sc_existing; /* opaque; used by one thread at a time */

/*
 * Open dest for reading, if it is a regular file (no link to one) of that
 * size: else 0 with NULL, there is nothing to compare.  -1 with a sentence
 * without memory.
 */
int sc_existing_open(struct sc_existing **, const char *dest, uint64_t size_bytes,
    struct sc_error *);

/* The XXH3-128 of all of its bytes, which are read.  -1 with a sentence if it can't be read or has
 * become shorter. */
int sc_existing_digest(const struct sc_existing *, struct sc_digest *whole, struct sc_error *);

/* Is dest still this file, with the size and the times (mtime, ctime) that it
 * had when it was opened? */
bool sc_existing_unchanged(const struct sc_existing *);

/* When it was last changed, as it was opened. */
struct timespec sc_existing_mtime(const struct sc_existing *);

/* Give it what a copy that preserves has of the source: times, exact mode, and as root the
 * owner.  sc_existing_unchanged is false afterwards. */
int sc_existing_preserve(const struct sc_existing *, const struct sc_source_facts *,
    struct sc_error *);

/* NULL is fine. */
void sc_existing_close(struct sc_existing *);

#endif
