/*
 * The I/O threads: they read and write chunks for a rank whose own thread
 * must never wait for a disk.  A reader serves loads, a writer serves stores
 * and the commit; each takes its jobs in order from a bounded queue, and what
 * became of them comes back through one queue of results.
 *
 * A disk that hangs must not hang its rank: what takes too long is given up
 * and answered as failed, with all that waits behind it.  The thread stays
 * where it is, and when the disk answers after all it touches nothing more
 * that anybody else could see.
 */
#ifndef SC_FILE_IO_H
#define SC_FILE_IO_H

#include "base/error.h"
#include "file/sink.h"
#include "file/slots.h"
#include "file/source.h"

#include <stdbool.h>
#include <stdint.h>

enum sc_io_what {
	SC_IO_LOADED,    /* a chunk is in its slot */
	SC_IO_STORED,    /* a slot's chunk is in the part file */
	SC_IO_OPENED,    /* the sink is there */
	SC_IO_FINISHED,  /* the source was read and stayed as it was: seal */
	SC_IO_COMMITTED, /* dest is complete */
	SC_IO_LOAD_FAILED,
	SC_IO_STORE_FAILED, /* also of opening: slot is SC_IO_NO_SLOT */
	SC_IO_COMMIT_FAILED,
	SC_IO_FINISH_FAILED,
};

/* The slot and chunk of a result that is of neither. */
#define SC_IO_NO_SLOT UINT32_MAX

struct sc_io_result {
	enum sc_io_what what;
	uint32_t slot;         /* of a load or store, else SC_IO_NO_SLOT */
	uint32_t chunk;        /* the same */
	bool slot_lost;        /* of a store: the disk may still read the slot's memory */
	struct sc_seal seal;   /* SC_IO_FINISHED */
	struct sc_error error; /* of a failure; else its text is empty */
};

struct sc_io_config {
	const struct sc_slots *slots; /* borrowed until sc_io_stop */
	struct sc_source *source;     /* borrowed, the origin's and the buddy's; NULL: loads
					 come from the sink */
	const char *dest;             /* NULL: no copy is kept here; copied */
	struct sc_source_facts facts;
	struct sc_sink_options sink_options; /* cancel and alive_ns are set by sc_io_start */

	/* What takes longer than this, on the disk of dest, is given up: a store or a
	 * load; opening and commit, which have to do with the whole file, may take longer
	 * by what that takes on a slow disk.  A source may take its time: if the origin's
	 * hangs, nobody can do without it.  0: nothing is ever given up. */
	uint64_t stall_ns;
};

struct sc_io;

/*
 * Start the threads, which take no signals.  With a dest, opening the sink is
 * the writer's first job (SC_IO_OPENED or SC_IO_STORE_FAILED comes of it).
 * All calls below are for one thread.
 */
int sc_io_start(struct sc_io **, const struct sc_io_config *, struct sc_error *);

/*
 * Ask for something; never blocks, and each call brings one result.  At most
 * one job a slot may be under way per queue, a result not yet taken counting
 * as such, so slots->count + 4 places are enough and are there from the start.
 *
 * A load without a source is only for a chunk whose SC_IO_STORED was taken, or
 * that is held (sc_io_held).
 * Once opening or a store failed, all further stores and the commit fail with
 * the same error; what was stored before can still be loaded.  Commit and
 * finish are asked for once; commit after the last SC_IO_STORED.
 */
void sc_io_load(struct sc_io *, uint32_t slot, uint32_t chunk);
void sc_io_store(struct sc_io *, uint32_t slot, uint32_t chunk);
void sc_io_finish(struct sc_io *); /* the source, after the last load */
void sc_io_commit(struct sc_io *, const struct sc_seal *);

/*
 * Take one result.  False if there is none now; costs some atomic loads then,
 * and a look at the clock while the disk works.
 *
 * This is where a disk that hangs is noticed: the job under way and all that
 * wait are failed with "DEST: the disk has not answered for 30 s", and so is
 * whatever is asked for later.  A store that was given up may go on reading its
 * slot (slot_lost), at any time and to no effect; nothing writes to a slot that was answered.
 */
bool sc_io_poll(struct sc_io *, struct sc_io_result *);

/* Wait until there is a result or the time is over.  For runs in which nothing
 * else can happen, and for tests. */
void sc_io_wait(struct sc_io *, uint64_t timeout_ns);

/* What sc_sink_held and sc_sink_note say, once SC_IO_OPENED was taken; they
 * stay until sc_io_stop.  A chunk that is held can be loaded, too. */
const struct sc_bitmap *sc_io_held(const struct sc_io *);
const char *sc_io_note(const struct sc_io *);

/* Seconds that the threads were busy with reading and with writing. */
void sc_io_busy(struct sc_io *, double *read_s, double *write_s);

/*
 * Drop the jobs that have not begun, wait for those that have (for an opening
 * that goes through what an earlier run left: not to its end; with stall_ns:
 * for some seconds at most), end the threads, close the sink (sc_sink_close
 * says what becomes of a part file that was not committed).  NULL is fine.
 *
 * False: a thread is still in a system call.  Then this struct, slots and source
 * stay its own, to be freed by nobody, and the process can only leave by _exit; what
 * is left beside dest is for the next run.
 */
bool sc_io_stop(struct sc_io *);

#endif
