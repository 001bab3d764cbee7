/*
 * The I/O threads: see io.h.
 */
#include "file/io.h"

#include "base/clock.h"
#include "file/queue.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Jobs of a queue that are not a slot's: open and commit, or finish.  The
 * rest is for nothing but safety. */
enum { JOBS_BESIDE_SLOTS = 4 };

enum job_what { JOB_LOAD, JOB_FINISH, JOB_OPEN, JOB_STORE, JOB_COMMIT };

struct job {
	enum job_what what;
	uint32_t slot;
	uint32_t chunk;
};

/* A result without its kilobyte of error, which hardly any has: that one is
 * allocated when it happens, and the queue stays small. */
struct entry {
	enum sc_io_what what;
	uint32_t slot;
	uint32_t chunk;
	struct sc_digest sum;
	struct sc_digest whole;
	struct sc_error *error; /* owned; NULL: none, or no memory for it */
};

struct sc_io {
	const struct sc_slots *slots;
	struct sc_source *source;
	struct sc_source_facts facts;
	struct sc_sink_options sink_options;
	char *dest;

	pthread_t reader;
	pthread_t writer;
	bool reader_runs;
	bool writer_runs;
	struct sc_queue loads;   /* of struct job */
	struct sc_queue stores;  /* of struct job */
	struct sc_queue results; /* of struct entry */
	atomic_uint_fast64_t read_ns;
	atomic_uint_fast64_t write_ns;

	/* Set by the opening, the writer's first job.  The reader uses it too,
	 * for chunks whose SC_IO_STORED the caller has seen: what the writer did
	 * before it came to the reader through two locks. */
	struct sc_sink *sink;
	atomic_bool stopping; /* the opening needn't go on */

	/* The writer's alone: once a store failed, nothing more is stored. */
	bool sink_failed;
	struct sc_error sink_error;

	/* Of the one commit; set before its job is queued. */
	struct sc_digest commit_sum;
	struct sc_digest commit_whole;
};

static void
put_success(struct sc_io *io, enum sc_io_what what, const struct job *job)
{
	struct entry entry = {.what = what, .slot = job->slot, .chunk = job->chunk};

	sc_queue_put(&io->results, &entry);
}

static void
put_failure(struct sc_io *io, enum sc_io_what what, const struct job *job,
    const struct sc_error *error)
{
	struct entry entry = {.what = what, .slot = job->slot, .chunk = job->chunk};

	entry.error = malloc(sizeof(*entry.error));
	if (entry.error != NULL)
		*entry.error = *error;
	sc_queue_put(&io->results, &entry);
}

static void
load(struct sc_io *io, const struct job *job)
{
	struct sc_error error;
	int rc;

	if (io->source != NULL) {
		rc = sc_source_read(io->source, io->slots, job->slot, job->chunk, &error);
	} else {
		assert(io->sink != NULL);
		rc = sc_sink_load(io->sink, io->slots, job->slot, job->chunk, &error);
	}
	if (rc != 0)
		put_failure(io, SC_IO_LOAD_FAILED, job, &error);
	else
		put_success(io, SC_IO_LOADED, job);
}

static void
finish(struct sc_io *io, const struct job *job)
{
	struct entry entry = {.what = SC_IO_FINISHED, .slot = job->slot, .chunk = job->chunk};
	struct sc_error error;

	if (sc_source_finish(io->source, &entry.sum, &entry.whole, &error) != 0)
		put_failure(io, SC_IO_FINISH_FAILED, job, &error);
	else
		sc_queue_put(&io->results, &entry);
}

static void *
reader_main(void *argument)
{
	struct sc_io *io = argument;
	struct job job;

	while (sc_queue_take(&io->loads, &job)) {
		uint64_t begun_ns = sc_clock_now_ns();

		if (job.what == JOB_LOAD)
			load(io, &job);
		else
			finish(io, &job);
		atomic_fetch_add(&io->read_ns, sc_clock_now_ns() - begun_ns);
	}
	return NULL;
}

/* One of the writer's jobs, for a sink that works so far. */
static int
write_job(struct sc_io *io, const struct job *job, struct sc_error *error)
{
	switch (job->what) {
	case JOB_OPEN:
		return sc_sink_open(&io->sink, io->dest, &io->facts, io->slots->chunk_bytes,
		    &io->sink_options, error);
	case JOB_STORE:
		return sc_sink_store(io->sink, io->slots, job->slot, error);
	case JOB_COMMIT:
		return sc_sink_commit(io->sink, &io->commit_sum, &io->commit_whole, error);
	case JOB_LOAD:
	case JOB_FINISH:
		break;
	}
	assert(false && "not a job of the writer");
	return -1;
}

static void *
writer_main(void *argument)
{
	struct sc_io *io = argument;
	struct job job;

	while (sc_queue_take(&io->stores, &job)) {
		static const enum sc_io_what done[] = {
			[JOB_OPEN] = SC_IO_OPENED,
			[JOB_STORE] = SC_IO_STORED,
			[JOB_COMMIT] = SC_IO_COMMITTED,
		};
		uint64_t begun_ns = sc_clock_now_ns();

		if (!io->sink_failed && write_job(io, &job, &io->sink_error) != 0)
			io->sink_failed = true;
		if (io->sink_failed)
			put_failure(io,
			    job.what == JOB_COMMIT ? SC_IO_COMMIT_FAILED : SC_IO_STORE_FAILED, &job,
			    &io->sink_error);
		else
			put_success(io, done[job.what], &job);
		atomic_fetch_add(&io->write_ns, sc_clock_now_ns() - begun_ns);
	}
	return NULL;
}

/* Signals are the main thread's: none may interrupt a write here. */
static int
start_threads(struct sc_io *io)
{
	sigset_t all, before;
	int rc, restored;

	(void)sigfillset(&all); /* can't fail */
	rc = pthread_sigmask(SIG_SETMASK, &all, &before);
	if (rc != 0)
		return rc;
	rc = pthread_create(&io->reader, NULL, reader_main, io);
	io->reader_runs = rc == 0;
	if (rc == 0) {
		rc = pthread_create(&io->writer, NULL, writer_main, io);
		io->writer_runs = rc == 0;
	}
	restored = pthread_sigmask(SIG_SETMASK, &before, NULL);
	assert(restored == 0);
	(void)restored;
	return rc;
}

static void
put_job(struct sc_queue *queue, enum job_what what, uint32_t slot, uint32_t chunk)
{
	struct job job = {.what = what, .slot = slot, .chunk = chunk};

	sc_queue_put(queue, &job);
}

int
sc_io_start(struct sc_io **out, const struct sc_io_config *config, struct sc_error *err)
{
	struct sc_io *io = calloc(1, sizeof(*io));
	uint32_t jobs = config->slots->count + JOBS_BESIDE_SLOTS;
	int rc = ENOMEM;

	*out = NULL;
	if (io == NULL)
		return sc_fail(err, ENOMEM, "cannot start the I/O threads");
	io->slots = config->slots;
	io->source = config->source;
	io->facts = config->facts;
	io->sink_options = config->sink_options;
	io->sink_options.cancel = &io->stopping;
	if (config->dest != NULL && (io->dest = strdup(config->dest)) == NULL)
		goto out;
	rc = sc_queue_init(&io->loads, jobs, sizeof(struct job));
	if (rc == 0)
		rc = sc_queue_init(&io->stores, jobs, sizeof(struct job));
	if (rc == 0)
		rc = sc_queue_init(&io->results, 2 * jobs, sizeof(struct entry));
	if (rc == 0)
		rc = start_threads(io);
out:
	if (rc != 0) {
		sc_io_stop(io);
		return sc_fail(err, rc, "cannot start the I/O threads");
	}
	if (io->dest != NULL)
		put_job(&io->stores, JOB_OPEN, SC_IO_NO_SLOT, SC_IO_NO_SLOT);
	*out = io;
	return 0;
}

void
sc_io_load(struct sc_io *io, uint32_t slot, uint32_t chunk)
{
	assert(io->source != NULL || io->dest != NULL);
	assert(slot < io->slots->count);
	put_job(&io->loads, JOB_LOAD, slot, chunk);
}

void
sc_io_store(struct sc_io *io, uint32_t slot, uint32_t chunk)
{
	assert(io->dest != NULL);
	assert(slot < io->slots->count);
	put_job(&io->stores, JOB_STORE, slot, chunk);
}

void
sc_io_finish(struct sc_io *io)
{
	assert(io->source != NULL);
	put_job(&io->loads, JOB_FINISH, SC_IO_NO_SLOT, SC_IO_NO_SLOT);
}

void
sc_io_commit(struct sc_io *io, const struct sc_digest *sum, const struct sc_digest *whole)
{
	assert(io->dest != NULL);
	io->commit_sum = *sum;
	io->commit_whole = *whole;
	put_job(&io->stores, JOB_COMMIT, SC_IO_NO_SLOT, SC_IO_NO_SLOT);
}

bool
sc_io_poll(struct sc_io *io, struct sc_io_result *result)
{
	struct entry entry;

	if (!sc_queue_poll(&io->results, &entry))
		return false;
	result->what = entry.what;
	result->slot = entry.slot;
	result->chunk = entry.chunk;
	result->sum = entry.sum;
	result->whole = entry.whole;
	result->error.errnum = 0;
	result->error.text[0] = '\0';
	if (entry.error != NULL)
		result->error = *entry.error;
	else if (entry.what >= SC_IO_LOAD_FAILED)
		(void)sc_fail(&result->error, ENOMEM, "an I/O operation failed");
	free(entry.error);
	return true;
}

void
sc_io_wait(struct sc_io *io, uint64_t timeout_ns)
{
	sc_queue_wait(&io->results, timeout_ns);
}

const struct sc_bitmap *
sc_io_held(const struct sc_io *io)
{
	assert(io->sink != NULL);
	return sc_sink_held(io->sink);
}

const char *
sc_io_note(const struct sc_io *io)
{
	assert(io->sink != NULL);
	return sc_sink_note(io->sink);
}

void
sc_io_busy(struct sc_io *io, double *read_s, double *write_s)
{
	*read_s = (double)atomic_load(&io->read_ns) * 1e-9;
	*write_s = (double)atomic_load(&io->write_ns) * 1e-9;
}

static void
join(pthread_t thread)
{
	int rc = pthread_join(thread, NULL);

	assert(rc == 0);
	(void)rc;
}

void
sc_io_stop(struct sc_io *io)
{
	struct entry entry;

	if (io == NULL)
		return;
	atomic_store(&io->stopping, true);
	if (io->reader_runs)
		sc_queue_stop(&io->loads);
	if (io->writer_runs)
		sc_queue_stop(&io->stores);
	if (io->reader_runs)
		join(io->reader);
	if (io->writer_runs)
		join(io->writer);
	while (io->results.items != NULL && sc_queue_poll(&io->results, &entry))
		free(entry.error);
	sc_sink_close(io->sink);
	sc_queue_free(&io->loads);
	sc_queue_free(&io->stores);
	sc_queue_free(&io->results);
	free(io->dest);
	free(io);
}
