/*
 * The I/O threads: they read and write chunks for a rank, because the rank's own thread must never
 * wait for a disk.  A reader serves loads, a writer serves stores and the commit.  Each takes its
 * jobs in order from a bounded queue; the results come back through one queue.
 *
 * A disk that hangs must not hang its rank: a job that takes too long is given up and answered as
 * failed, with all jobs that wait behind it.  The thread stays in its system call, and when the
 * disk answers after all it touches nothing more that other threads could see.
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
	SC_IO_STORED,    /* a slot's chunk is in the sink */
	SC_IO_OPENED,    /* the sink is open */
	SC_IO_FINISHED,  /* the source was read and stayed as it was: seal */
	SC_IO_COMMITTED, /* dest is complete */
	SC_IO_LOAD_FAILED,
	SC_IO_STORE_FAILED, /* also of opening: slot is SC_IO_NO_SLOT */
	SC_IO_COMMIT_FAILED,
	SC_IO_FINISH_FAILED,
};

/* The slot and chunk of a result that has neither. */
#define SC_IO_NO_SLOT UINT32_MAX

struct sc_io_result {
	enum sc_io_what what;
	uint32_t slot;       /* of a load or store, else SC_IO_NO_SLOT */
	uint32_t chunk;      /* the same */
	bool slot_lost;      /* of a store: the disk may still read the slot's memory */
	struct sc_seal seal; /* SC_IO_FINISHED */
	char *why; /* a failure's sentence, else NULL; borrowed, until the next sc_io_poll */
};

struct sc_io_config {
	const struct sc_slots *slots; /* borrowed until sc_io_stop */
	struct sc_source *source;     /* borrowed, the origin's and the buddy's; NULL: loads
					 come from the sink */
	const char *dest;             /* NULL: no copy is kept here; copied */
	struct sc_source_facts facts;
	struct sc_sink_options sink_options; /* cancel and alive_ns are set by sc_io_start */

	/* A store or a load on the disk of dest that takes longer than this is given up.  An
	 * opening and a commit may take longer by what a slow disk needs for the whole file.  A
	 * source may take any time: if the origin's hangs, no node can do without it.  0: nothing
	 * is ever given up. */
	uint64_t stall_ns;
};

struct sc_io;

/*
 * Start the threads, which take no signals.  With a dest, opening the sink is
 * the writer's first job (its result is SC_IO_OPENED or SC_IO_STORE_FAILED).
 * One thread makes all the calls below.
 */
int sc_io_start(struct sc_io **, const struct sc_io_config *, struct sc_error *);

/*
 * Ask for a job.  Never blocks, and each call brings one result.  A slot may have one load and one
 * store under way, which lasts until the result is taken: so slots->count + 4 places are enough,
 * and are there from the start.
 *
 * A load without a source is only for a chunk whose SC_IO_STORED was taken, or
 * that is held (sc_io_held).  Once opening or a store failed, all further stores and the commit
 * fail with the same error; what was stored before can still be loaded.  Commit and
 * finish are asked for once; commit after the last SC_IO_STORED.
 */
void sc_io_load(struct sc_io *, uint32_t slot, uint32_t chunk);
void sc_io_store(struct sc_io *, uint32_t slot, uint32_t chunk);
void sc_io_finish(struct sc_io *); /* the source, after the last load */
void sc_io_commit(struct sc_io *, const struct sc_seal *);

/*
 * Take one result.  False if there is none now, which costs some atomic loads,
 * and a look at the clock while the disk works.
 *
 * This is where a disk that hangs is noticed: the job under way and all that
 * wait fail with "DEST: the disk has not answered for 30 s", and so does
 * every later one.  A store that was given up may go on reading its slot (slot_lost), at any time
 * and to no effect; nothing writes to a slot that was answered.
 */
bool sc_io_poll(struct sc_io *, struct sc_io_result *);

/* Wait until there is a result or the time is over.  For runs in which nothing else can
 * happen. */
void sc_io_wait(struct sc_io *, uint64_t timeout_ns);

/* What sc_sink_held and sc_sink_note say; only after SC_IO_OPENED was taken, and valid until
 * sc_io_stop.  A chunk that is held can be loaded. */
const struct sc_bitmap *sc_io_held(const struct sc_io *);
const char *sc_io_note(const struct sc_io *);

/*
 * Drop the jobs that have not begun, wait for those that have, end the threads, close the sink
 * (sc_sink_close says what becomes of a copy that was not committed).  An opening that reads what
 * an earlier run left is cut short.  With stall_ns it waits for some seconds at most.  NULL is
 * fine.
 *
 * False: a thread is still in a system call.  Then it goes on using this struct, slots and source,
 * which must never be freed, and the process can only leave by _exit; what is left beside dest is
 * for the next run.
 */
bool sc_io_stop(struct sc_io *);

#endif
