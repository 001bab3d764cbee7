/*
 * What the two sides of the I/O threads share: the caller's (io.c) and the threads' (io_jobs.c).
 */
#ifndef SC_FILE_IO_IMPL_H
#define SC_FILE_IO_IMPL_H

#include "file/io.h"
#include "file/queue.h"
#include "file/watch.h"

#include <pthread.h>
#include <stdatomic.h>

enum sc_io_job_what { JOB_LOAD, JOB_FINISH, JOB_OPEN, JOB_STORE, JOB_COMMIT };

struct sc_io_job {
	enum sc_io_job_what what;
	uint32_t slot;
	uint32_t chunk;
};

/* The reader loads and finishes; the writer opens, stores and commits. */
enum { READER, WRITER, WORKERS };

/* A thread and its jobs. */
struct sc_io_worker {
	struct sc_io *io;
	pthread_t thread;
	bool runs;
	bool given_up; /* by the caller, which owns this and the cause */
	struct sc_error why;
	struct sc_queue jobs;  /* of struct sc_io_job */
	struct sc_watch watch; /* over the job under way: */
	struct sc_io_job at;   /* the thread's; the caller's after it was given up */
};

struct sc_io {
	const struct sc_slots *slots;
	struct sc_source *source;
	struct sc_source_facts facts;
	struct sc_sink_options sink_options;
	uint64_t stall_ns;
	char *dest;

	struct sc_io_worker workers[WORKERS];
	struct sc_queue results; /* of struct sc_io_result; owns their sentences */
	struct sc_queue ended;   /* of the numbers of workers, each once */
	char *why;               /* the sentence of the last result that was taken; owned */

	/* Set by the opening, the writer's first job.  The reader uses it too, for chunks whose
	 * SC_IO_STORED the caller has seen: between the writer's store and that load lie the
	 * locks of two queues. */
	struct sc_sink *sink;
	atomic_bool stopping; /* the opening needn't go on, and nothing gets its final name */

	/* One slot, for loads from a disk that may hang: into a slot of the caller's such a load
	 * could still write long after it was given up. */
	struct sc_slots loaded;

	/* The writer's alone: once a store failed, nothing more is stored. */
	bool sink_failed;
	struct sc_error sink_error;

	/* Of the one commit; set before its job is queued. */
	struct sc_seal commit_seal;
};

/* A job has failed, or was given up. */
void sc_io_put_failure(struct sc_io *, const struct sc_io_job *, bool slot_lost,
    const struct sc_error *);

/* What a thread runs; argument is its struct sc_io_worker. */
void *sc_io_do_jobs(void *argument);

#endif
