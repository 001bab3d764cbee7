/*
 * The sink: where a node's copy grows.  Its chunks go to a backing (backing.h) beside DEST; the
 * final name appears only by rename, after every chunk is there, the digest of all chunks held
 * and fsync succeeded.  So DEST is whole or absent, or still the old one.
 *
 * With the option resume a run that ends before that leaves the part and its journal (journal.h),
 * from which the next run to this DEST goes on.
 */
#ifndef SC_FILE_SINK_H
#define SC_FILE_SINK_H

#include "base/bitmap.h"
#include "base/error.h"
#include "file/backing.h"
#include "file/slots.h"
#include "file/source.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct sc_sink_options {
	bool force;    /* replace a DEST that exists */
	bool preserve; /* times, exact mode, owner as root */
	bool verify;   /* read the copy back past the page cache before the rename */
	bool resume;   /* go on where an earlier run was cut off; be ready to be cut off */

	/* What the chunks are kept in.  NULL: one regular file. */
	sc_backing_open *backing;
	unsigned writers; /* threads that may write files at once; 0: as many as are worth it */

	bool directory;     /* DEST is to be a directory, which may replace one */
	const char *source; /* what is staged, for a backing's messages; borrowed; may be NULL */
	bool
	    skip_unreadable; /* a backing that makes several things leaves out what it can't make */

	/* True makes sc_sink_open fail soon, also while it reads back what an earlier run left,
	 * which can take minutes; and the commit just before the rename.  NULL: can't be
	 * cancelled. */
	const atomic_bool *cancel;

	/* If not NULL, set to the time again and again while something takes long. */
	atomic_uint_fast64_t *alive_ns;
};

struct sc_sink; /* opaque; used by one thread at a time, but for sc_sink_load */

/*
 * Create the part beside dest, exclusively and not through a symbolic link, and reserve its space.
 * dest is the final path (already expanded).  A part left by a run that has ended is removed
 * first; one that a running stagecast has locked is an error.  Fails, naming path and cause, if
 * the directory is missing or not writable, dest can't be replaced (by a file: a directory, a link
 * to one, or no file at all), dest exists without force, or there is too little space (both
 * figures are said); nothing is then left behind.  With force a dest that is a link to a file is
 * replaced itself.
 *
 * With resume the part of an earlier run is read back instead: of the chunks that its journal
 * names, those whose checksums hold count as stored (sc_sink_held), and the rest of it as never
 * written.  A journal that is damaged or of another source is ignored (sc_sink_note).  If opening
 * fails then, what the earlier run left stays for the next one.
 *
 * Memory for each chunk: a bit, and 8 bytes: half of its digest, by which sc_sink_load recognizes
 * it (a damaged chunk passes for a good one once in 2^64).
 */
int sc_sink_open(struct sc_sink **, const char *dest, const struct sc_source_facts *,
    uint32_t chunk_bytes, const struct sc_sink_options *, struct sc_error *);

/* The chunks that an earlier run has stored: none without resume.  They can be loaded, and need
 * no store.  Doesn't change; any thread. */
const struct sc_bitmap *sc_sink_held(const struct sc_sink *);

/* What the user should know of the opening: why the part of an earlier run was not used, or why no
 * journal can be kept.  "" if all is well. */
const char *sc_sink_note(const struct sc_sink *);

/*
 * Write the chunk in a slot, which is known to be good, to its place.  Fails also if the source
 * has no such chunk of that length.  Storing the same chunk twice, or one that is held, is our
 * bug.
 */
int sc_sink_store(struct sc_sink *, const struct sc_slots *, uint32_t slot, struct sc_error *);

/*
 * Read a chunk that was stored back into a slot, and seal it there.  Fails if its digest is not
 * the one that it was stored with.  Another thread may call this at the same time as any other
 * call but close, if the store of this chunk happened before (a lock or a queue lies between).
 */
int sc_sink_load(struct sc_sink *, const struct sc_slots *, uint32_t slot, uint32_t chunk,
    struct sc_error *);

/*
 * All chunks are stored (else it is our bug): compare the digest of all chunks
 * with the seal's, fsync, verify against its whole if asked for, set mode (and what
 * preserve asks for), fsync that, rename, fsync the directory.  The sink can still be read
 * with sc_sink_load afterwards.  On failure dest is as it was, except if only
 * the last step failed: then it is complete, but its name might not be
 * durable.
 */
int sc_sink_commit(struct sc_sink *, const struct sc_seal *, struct sc_error *);

/*
 * Close.  A sink that was not committed leaves nothing behind; or with resume the part and its
 * journal, if there is a chunk in them.  They are not left if the part as a whole can't be
 * trusted: the digest of all chunks was wrong, or it could not be written to its disk.  NULL is
 * fine.
 */
void sc_sink_close(struct sc_sink *);

#endif
