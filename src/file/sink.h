/*
 * The sink: where a node's copy grows, and the only code that writes under
 * DEST.  Bytes go to .NAME.stagecast.part beside DEST; the final name appears
 * only by rename, after every chunk is there, the digest of all chunks held
 * and fsync succeeded.  DEST is whole or absent (or still the old file).
 *
 * The journal of durable chunks (.NAME.stagecast.map), for the resume of an
 * interrupted run, will be kept here, beside the part file.
 */
#ifndef SC_FILE_SINK_H
#define SC_FILE_SINK_H

#include "base/error.h"
#include "file/slots.h"
#include "file/source.h"

#include <stdbool.h>
#include <stdint.h>

struct sc_sink_options {
	bool force;    /* replace a DEST that exists */
	bool preserve; /* times, exact mode, owner as root */
	bool verify;   /* read the file back past the page cache before the rename */
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
 * Memory: 8 bytes a chunk, half of its digest, by which sc_sink_load knows it
 * again (a damaged chunk passes for good once in 2^64).
 */
int sc_sink_open(struct sc_sink **, const char *dest, const struct sc_source_facts *,
    uint32_t chunk_bytes, const struct sc_sink_options *, struct sc_error *);

/*
 * Write the chunk in a slot, which is known to be good, to its place.  A zero
 * chunk stays a hole, and so do aligned blocks of zeros if the source has
 * holes.  Fails also if the file has no such chunk of that length.  Storing
 * the same chunk twice is our bug.
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
 * with sum, fsync, verify against whole if asked for, set mode (and what
 * preserve asks for), fsync that, rename, fsync the directory.  The sink can still be read
 * with sc_sink_load afterwards.  On failure dest is as it was, except if only
 * the last step failed: then it is complete, but its name might not be
 * durable.
 */
int sc_sink_commit(struct sc_sink *, const struct sc_digest *sum, const struct sc_digest *whole,
    struct sc_error *);

/* Close; a sink that was not committed leaves nothing behind.  NULL is fine. */
void sc_sink_close(struct sc_sink *);

#endif
