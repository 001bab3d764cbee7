/*
 * What an earlier run left: which chunks its part file really holds.
 */
#ifndef SC_FILE_RESUME_H
#define SC_FILE_RESUME_H

#include "base/error.h"
#include "file/journal.h"
#include "file/scan.h"

#include <stdatomic.h>
#include <stdbool.h>

struct sc_resume {
	int part_fd;        /* the part file, if read is NULL */
	sc_scan_read *read; /* or what reads the bytes that were left */
	void *read_context;
	int journal_fd;
	struct sc_journal_header now;   /* the source, and the size that chunks have now */
	const atomic_bool *cancel;      /* NULL: nobody can */
	atomic_uint_fast64_t *alive_ns; /* set to the time while it reads; NULL: nobody cares */
	sc_scan_tell *tell;             /* called once for each chunk, of now, that is held */
	void *context;                  /* for tell */
};

/*
 * Read what the journal names back from the part file.  A chunk is held if all
 * of its bytes are in chunks, of the size that they had then, whose checksums
 * still hold; it is told with the checksum that it has now, in any order.
 *
 * *verdict says what the journal was worth: only with SC_JOURNAL_SOUND was
 * anything told.  A chunk that can't be read is one that isn't held.  -1 with
 * a sentence if *cancel became true or there is no memory; then *verdict is
 * not set, though chunks may have been told.
 *
 * Time: all chunks that are named are read, twice if their size is another
 * one.  Memory: a bit for each chunk of that size, of which only what names a
 * chunk is touched, and SC_SCAN_BUFFER_BYTES.
 */
int sc_resume_find(const struct sc_resume *, enum sc_journal_verdict *verdict, struct sc_error *);

#endif
