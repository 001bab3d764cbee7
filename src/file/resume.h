/*
 * What an earlier run left: which chunks are really there.
 */
#ifndef SC_FILE_RESUME_H
#define SC_FILE_RESUME_H

#include "base/error.h"
#include "file/backing.h"
#include "file/journal.h"

#include <stdatomic.h>
#include <stdbool.h>

/* A function that is told of a chunk and the digest that it has. */
typedef void sc_resume_tell(void *context, uint32_t chunk, struct sc_digest);

struct sc_resume {
	struct sc_backing *backing; /* what the earlier run's chunks are in */
	int journal_fd;
	struct sc_journal_header now;   /* the source, and the size that chunks have now */
	const atomic_bool *cancel;      /* NULL: it is never cancelled */
	atomic_uint_fast64_t *alive_ns; /* if not NULL, set to the time at each read */
	sc_resume_tell *tell;           /* called once for each chunk, of now, that is held */
	void *context;                  /* for tell */
};

/*
 * Read what the journal names back.  A chunk is held if all of its bytes are in chunks, of the
 * size that they had then, whose checksums still hold; it is told with the checksum that it has
 * now, in any order.
 *
 * *verdict says what the journal was worth: only with SC_JOURNAL_SOUND was
 * anything told.  A chunk that can't be read is one that isn't held.  -1 with
 * a sentence if *cancel became true or there is no memory; then *verdict is
 * not set, though chunks may have been told.
 *
 * Time: all chunks that are named are read, twice if their size is another
 * one.  Memory: a bit for each chunk of that size, of which only what names a
 * chunk is touched, and 256 KiB.
 */
int sc_resume_find(const struct sc_resume *, enum sc_journal_verdict *verdict, struct sc_error *);

#endif
