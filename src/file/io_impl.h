/*
 * The inside of the I/O threads: what the caller's side (io.c) and the threads'
 * (io_jobs.c) share.
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

/* A result without its kilobyte of error, which hardly any has: that one is
 * allocated when it happens, and the queue stays small. */
struct sc_io_entry {
	enum sc_io_what what;
	uint32_t slot;
	uint32_t chunk;
	struct sc_seal seal;
	bool slot_lost;
	struct sc_error *error; /* owned; NULL: none, or no memory for it */
};

/* A thread and its jobs. */
struct sc_io_worker {
	pthread_t thread;
	bool runs;
	bool given_up; /* by the caller, whose these two are */
	struct sc_error why;
	struct sc_queue jobs;  /* of struct sc_io_job */
	struct sc_watch watch; /* over the job that it is at: */
	struct sc_io_job at;   /* the thread's, or the caller's once it was given up */
	atomic_uint_fast64_t busy_ns;
};

enum { READER, WRITER, WORKERS };

struct sc_io {
	const struct sc_slots *slots;
	struct sc_source *source;
	struct sc_source_facts facts;
	struct sc_sink_options sink_options;
	uint64_t stall_ns;
	char *dest;

	struct sc_io_worker workers[WORKERS];
	struct sc_queue results; /* of struct sc_io_entry */
	struct sc_queue ended;   /* of the numbers of workers, each once */

	/* Set by the opening, the writer's first job.  The reader uses it too,
	 * for chunks whose SC_IO_STORED the caller has seen: what the writer did
	 * before it came to the reader through two locks. */
	struct sc_sink *sink;
	atomic_bool stopping; /* the opening needn't go on, and nothing gets its name */

	/* One slot, for what is read from a disk that may hang: a slot of the
	 * caller's could then be written to long after it was given up. */
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

/* The threads: argument is the struct sc_io. */
void *sc_io_read_jobs(void *argument);
void *sc_io_write_jobs(void *argument);

#endif
