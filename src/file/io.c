/*
 * The I/O threads, as their caller sees them: see io.h.
 */
#include "file/io.h"

#include "base/clock.h"
#include "file/io_impl.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* Jobs of a queue that are not a slot's: open and commit, or finish.  The
 * rest is for nothing but safety. */
enum { JOBS_BESIDE_SLOTS = 4 };

/* What sc_io_stop waits for threads that are at something. */
static const uint64_t stop_patience_ns = UINT64_C(5) * 1000 * 1000 * 1000;

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
	for (int i = 0; i < WORKERS && rc == 0; i++) {
		rc = pthread_create(&io->workers[i].thread, NULL,
		    i == READER ? sc_io_read_jobs : sc_io_write_jobs, io);
		io->workers[i].runs = rc == 0;
	}
	restored = pthread_sigmask(SIG_SETMASK, &before, NULL);
	assert(restored == 0);
	(void)restored;
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

/* Room for all jobs and results, for good.  0 or an errno. */
static int
init_queues(struct sc_io *io)
{
	uint32_t jobs = io->slots->count + JOBS_BESIDE_SLOTS;
	int rc = sc_queue_init(&io->results, 2 * jobs, sizeof(struct sc_io_entry));

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

/* If the disk keeps this one for too long, answer in its place. */
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
poll_results(struct sc_io *io, struct sc_io_entry *entry)
{
	bool stalled = false;

	if (sc_queue_poll(&io->results, entry))
		return true;
	for (int i = 0; i < WORKERS; i++)
		stalled = give_up_stalled(io, &io->workers[i]) || stalled;
	return stalled && sc_queue_poll(&io->results, entry);
}

bool
sc_io_poll(struct sc_io *io, struct sc_io_result *result)
{
	struct sc_io_entry entry;

	if (!poll_results(io, &entry))
		return false;
	result->what = entry.what;
	result->slot = entry.slot;
	result->chunk = entry.chunk;
	result->seal = entry.seal;
	result->slot_lost = entry.slot_lost;
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
	*read_s = (double)atomic_load(&io->workers[READER].busy_ns) * 1e-9;
	*write_s = (double)atomic_load(&io->workers[WRITER].busy_ns) * 1e-9;
}

/* Wait for threads that have been told to end.  False if one doesn't in time. */
static bool
end_threads(struct sc_io *io)
{
	uint64_t until_ns = sc_clock_now_ns() + stop_patience_ns;

	for (;;) {
		uint64_t now_ns = sc_clock_now_ns();
		uint64_t patience_ns = 0;
		bool all = true;
		uint8_t number;
		int rc;

		for (int i = 0; i < WORKERS; i++) {
			all = all && !io->workers[i].runs;
			/* Whoever was given up has had his time. */
			if (io->workers[i].runs && !io->workers[i].given_up)
				patience_ns = io->stall_ns == 0 ? UINT64_MAX
				    : now_ns < until_ns         ? until_ns - now_ns
								: 0;
		}
		if (all)
			return true;
		sc_queue_wait(&io->ended, patience_ns);
		if (!sc_queue_poll(&io->ended, &number))
			return false;
		rc = pthread_join(io->workers[number].thread, NULL);
		assert(rc == 0);
		(void)rc;
		io->workers[number].runs = false;
	}
}

bool
sc_io_stop(struct sc_io *io)
{
	struct sc_io_entry entry;

	if (io == NULL)
		return true;
	atomic_store(&io->stopping, true);
	for (int i = 0; i < WORKERS; i++) {
		if (io->workers[i].runs)
			sc_queue_stop(&io->workers[i].jobs);
	}
	if (!end_threads(io))
		return false;
	while (io->results.items != NULL && sc_queue_poll(&io->results, &entry))
		free(entry.error);
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
