/*
 * The sink: where a node's copy grows, and the only code that writes under
 * DEST.  Bytes go to .NAME.stagecast.part beside DEST; the final name appears
 * only by rename, after every chunk is there, the digest of all chunks held
 * and fsync succeeded.  DEST is whole or absent (or still the old file).
 *
 * With the option resume a run that ends before that leaves the part file and
 * its journal (journal.h), from which the next run to this DEST goes on.
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
	bool verify;   /* read the file back past the page cache before the rename */
	bool resume;   /* go on where an earlier run was cut off; be ready to be cut off */

	/* What becomes of the chunks: NULL, one regular file. */
	sc_backing_open *backing;
	unsigned writers; /* threads that may write files at once; 0: as many as are worth it */

	bool tree;            /* DEST is to be a directory, which may replace one */
	const char *source;   /* what is staged, for messages; borrowed; NULL: nobody asks */
	bool skip_unreadable; /* of an archive: leave out what can't be made */

	/* Looked at while what an earlier run left is read back, which can take
	 * minutes: true makes sc_sink_open fail soon; and before the rename, which
	 * isn't done then.  NULL: nobody can. */
	const atomic_bool *cancel;

	/* Set to the time again and again while that goes on.  NULL: nobody cares. */
	atomic_uint_fast64_t *alive_ns;
};

struct sc_sink; /* opaque; used by one thread at a time, but for sc_sink_load */

/*
 * Create the part file beside dest, exclusively and not through a symbolic
 * link, and reserve its space.  dest is the final path (already expanded; not
 * a directory).  A part file left by a run that is no more is removed first;
 * one that a running stagecast holds (flock) is an error.  Fails, naming path
 * and cause, if the directory is missing or not writable, dest is a directory
 * (or a link to one) or no file at all, dest exists without force, or there is
 * too little space (both figures are said); nothing is then left behind.
 * A dest that is a link to a file is replaced itself, with force.
 *
 * With resume that part file is gone through instead: the chunks that its
 * journal names are read back, those whose checksums hold are stored already
 * (sc_sink_held), and the rest of it counts as never written.  A journal that
 * is damaged or of another source is ignored (sc_sink_note).  If opening fails
 * then, what the earlier run left is left to the next one.
 *
 * Memory: a bit a chunk, and 8 bytes: half of its digest, by which sc_sink_load
 * knows it again (a damaged chunk passes for good once in 2^64).
 */
int sc_sink_open(struct sc_sink **, const char *dest, const struct sc_source_facts *,
    uint32_t chunk_bytes, const struct sc_sink_options *, struct sc_error *);

/* The chunks that were stored when the sink was opened: none without resume.
 * They can be loaded, and need no store.  Doesn't change; any thread. */
const struct sc_bitmap *sc_sink_held(const struct sc_sink *);

/* What the user should know of the opening: why what an earlier run left was
 * not used, or why no journal can be kept.  "" if all is well. */
const char *sc_sink_note(const struct sc_sink *);

/*
 * Write the chunk in a slot, which is known to be good, to its place.  A zero
 * chunk stays a hole, and so do aligned blocks of zeros if the source has
 * holes.  Fails also if the file has no such chunk of that length.  Storing
 * the same chunk twice, or one that is held, is our bug.
 */
int sc_sink_store(struct sc_sink *, const struct sc_slots *, uint32_t slot, struct sc_error *);

/*
 * Read a chunk that was stored back into a slot, and seal it there.  Its
 * digest must be the one it was stored with; a file that gives back other
 * bytes fails.  May be called by another thread at the same time as any other
 * call but close, if the store of this chunk happened before (a lock or a
 * queue lies between).
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
 * Close.  A sink that was not committed leaves nothing behind, or with resume
 * the part file and its journal, if there is a chunk in them and no reason to
 * distrust the part file as a whole: the digest of all chunks was wrong, or it
 * could not be written to its disk.  NULL is fine.
 */
void sc_sink_close(struct sc_sink *);

#endif
