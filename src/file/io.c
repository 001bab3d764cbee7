/*
 * The I/O threads, as their caller sees them: see io.h.
 */
#include "file/io.h"

#include "base/clock.h"
#include "file/io_impl.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Jobs of a queue that have no slot: open and commit, or finish; and some to spare. */
enum { JOBS_BESIDE_SLOTS = 4 };

/* How long sc_io_stop waits for threads that have a job under way. */
static const uint64_t stop_patience_ns = UINT64_C(5) * 1000 * 1000 * 1000;

static int
start_threads(struct sc_io *io)
{
	int rc = 0;

	for (int i = 0; i < WORKERS && rc == 0; i++) {
		struct sc_io_worker *worker = &io->workers[i];

		worker->io = io;
		rc = sc_thread_start(&worker->thread, sc_io_do_jobs, worker);
		worker->runs = rc == 0;
	}
	return rc;
}

static void
put_job(struct sc_io *io, int number, enum sc_io_job_what what, uint32_t slot, uint32_t chunk)
{
	struct sc_io_worker *worker = &io->workers[number];
	struct sc_io_job job = {.what = what, .slot = slot, .chunk = chunk};

	if (worker->given_up)
		sc_io_put_failure(io, &job, false, &worker->why);
	else
		sc_queue_put(&worker->jobs, &job);
}

/* With room for all jobs and results that there can be.  0 or an errno. */
static int
init_queues(struct sc_io *io)
{
	uint32_t jobs = io->slots->count + JOBS_BESIDE_SLOTS;
	int rc = sc_queue_init(&io->results, 2 * jobs, sizeof(struct sc_io_result));

	for (int i = 0; i < WORKERS && rc == 0; i++)
		rc = sc_queue_init(&io->workers[i].jobs, jobs, sizeof(struct sc_io_job));
	if (rc == 0)
		rc = sc_queue_init(&io->ended, WORKERS, 1);
	return rc;
}

int
sc_io_start(struct sc_io **out, const struct sc_io_config *config, struct sc_error *err)
{
	struct sc_io *io = calloc(1, sizeof(*io));
	int rc = ENOMEM;

	*out = NULL;
	if (io == NULL)
		return sc_fail(err, ENOMEM, "cannot start the I/O threads");
	io->slots = config->slots;
	io->source = config->source;
	io->facts = config->facts;
	io->stall_ns = config->stall_ns;
	io->sink_options = config->sink_options;
	io->sink_options.cancel = &io->stopping;
	io->sink_options.alive_ns = &io->workers[WRITER].watch.alive_ns;
	if (config->dest != NULL && (io->dest = strdup(config->dest)) == NULL)
		goto out;
	if (io->source == NULL && io->dest != NULL && io->stall_ns != 0 &&
	    sc_slots_init(&io->loaded, 1, io->slots->chunk_bytes, NULL) != 0)
		goto out;
	rc = init_queues(io);
	if (rc == 0)
		rc = start_threads(io);
out:
	if (rc != 0) {
		(void)sc_io_stop(io); /* nothing has begun */
		return sc_fail(err, rc, "cannot start the I/O threads");
	}
	if (io->dest != NULL)
		put_job(io, WRITER, JOB_OPEN, SC_IO_NO_SLOT, SC_IO_NO_SLOT);
	*out = io;
	return 0;
}

void
sc_io_load(struct sc_io *io, uint32_t slot, uint32_t chunk)
{
	assert(io->source != NULL || io->dest != NULL);
	assert(slot < io->slots->count);
	put_job(io, READER, JOB_LOAD, slot, chunk);
}

void
sc_io_store(struct sc_io *io, uint32_t slot, uint32_t chunk)
{
	assert(io->dest != NULL);
	assert(slot < io->slots->count);
	put_job(io, WRITER, JOB_STORE, slot, chunk);
}

void
sc_io_finish(struct sc_io *io)
{
	assert(io->source != NULL);
	put_job(io, READER, JOB_FINISH, SC_IO_NO_SLOT, SC_IO_NO_SLOT);
}

void
sc_io_commit(struct sc_io *io, const struct sc_seal *seal)
{
	assert(io->dest != NULL);
	io->commit_seal = *seal;
	put_job(io, WRITER, JOB_COMMIT, SC_IO_NO_SLOT, SC_IO_NO_SLOT);
}

/* If the disk keeps this thread for too long, answer in its place. */
static bool
give_up_stalled(struct sc_io *io, struct sc_io_worker *worker)
{
	uint64_t silent_ns;
	struct sc_io_job job;

	if (!sc_watch_give_up(&worker->watch, &silent_ns))
		return false;
	if (worker == &io->workers[WRITER])
		atomic_store(&io->stopping, true);
	worker->given_up = true;
	(void)sc_fail(&worker->why, 0, "%s: the disk has not answered for %.0f s", io->dest,
	    (double)silent_ns * 1e-9);
	sc_io_put_failure(io, &worker->at, worker->at.what == JOB_STORE, &worker->why);
	while (sc_queue_poll(&worker->jobs, &job))
		sc_io_put_failure(io, &job, false, &worker->why);
	return true;
}

static bool
poll_results(struct sc_io *io, struct sc_io_result *result)
{
	bool stalled = false;

	if (sc_queue_poll(&io->results, result))
		return true;
	for (int i = 0; i < WORKERS; i++)
		stalled = give_up_stalled(io, &io->workers[i]) || stalled;
	return stalled && sc_queue_poll(&io->results, result);
}

bool
sc_io_poll(struct sc_io *io, struct sc_io_result *result)
{
	static char no_memory[] = "an I/O operation failed: no memory";

	if (!poll_results(io, result))
		return false;
	free(io->why);
	io->why = result->why;
	if (result->why == NULL && result->what >= SC_IO_LOAD_FAILED)
		result->why = no_memory;
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

/* How long to wait for the threads that run: not for those that were given up. */
static uint64_t
patience_ns(const struct sc_io *io, uint64_t until_ns)
{
	uint64_t now_ns = sc_clock_now_ns();

	for (int i = 0; i < WORKERS; i++) {
		if (!io->workers[i].runs || io->workers[i].given_up)
			continue;
		if (io->stall_ns == 0)
			return UINT64_MAX;
		return now_ns < until_ns ? until_ns - now_ns : 0;
	}
	return 0;
}

/* Wait for threads that have been told to end.  False if one doesn't in time. */
static bool
end_threads(struct sc_io *io)
{
	uint64_t until_ns = sc_clock_now_ns() + stop_patience_ns;

	while (io->workers[READER].runs || io->workers[WRITER].runs) {
		uint8_t number;

		sc_queue_wait(&io->ended, patience_ns(io, until_ns));
		if (!sc_queue_poll(&io->ended, &number))
			return false;
		sc_thread_join(io->workers[number].thread);
		io->workers[number].runs = false;
	}
	return true;
}

bool
sc_io_stop(struct sc_io *io)
{
	struct sc_io_result result;

	if (io == NULL)
		return true;
	atomic_store(&io->stopping, true);
	for (int i = 0; i < WORKERS; i++) {
		if (io->workers[i].runs)
			sc_queue_stop(&io->workers[i].jobs);
	}
	if (!end_threads(io))
		return false;
	while (io->results.items != NULL && sc_queue_poll(&io->results, &result))
		free(result.why);
	free(io->why);
	sc_sink_close(io->sink);
	for (int i = 0; i < WORKERS; i++)
		sc_queue_free(&io->workers[i].jobs);
	sc_queue_free(&io->results);
	sc_queue_free(&io->ended);
	sc_slots_free(&io->loaded);
	free(io->dest);
	free(io);
	return true;
}
