/*
 * A DEST that exists already and may hold what is to be staged: its chunks are
 * digested, so that they can be compared with the source's before anything is
 * sent.  It is only read, and nothing of it is believed: who uses it compares
 * each digest with the origin's, and asks at the end if the file stayed as it
 * was.
 */
#ifndef SC_FILE_EXISTING_H
#define SC_FILE_EXISTING_H

#include "base/error.h"
#include "file/scan.h"
#include "file/slots.h"
#include "file/source.h"

#include <stdatomic.h>
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

/*
 * Digest all chunks, in order: each is told (tell may be NULL), their sum as
 * the sink and the source have it, and the XXH3-128 of the whole.  Both can be
 * compared with what sc_source_finish says.  Called once.  Time: the file is
 * read.  Memory: 8 bytes a chunk from now on.  -1 with a sentence if it can't be
 * read, has become shorter, or *cancel (NULL: nobody can) became true.
 */
int sc_existing_digest(struct sc_existing *, uint32_t chunk_bytes, const atomic_bool *cancel,
    sc_scan_tell *tell, void *context, struct sc_digest *sum, struct sc_digest *whole,
    struct sc_error *);

/* Read a chunk into a slot and seal it there, as sc_sink_load does: it fails
 * if the digest is no more what was told. */
int sc_existing_load(struct sc_existing *, const struct sc_slots *, uint32_t slot, uint32_t chunk,
    struct sc_error *);

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
