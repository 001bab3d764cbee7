/*
 * What the I/O threads do: see io.h.
 */
#include "base/clock.h"
#include "file/io_impl.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* At least so fast is a disk that works: reserving the space of a file, which
 * in memory (tmpfs) means to clear it, and writing or reading it back. */
enum { RESERVE_BYTES_PER_US = 256, SLOW_DISK_BYTES_PER_US = 8 };

static void
put_success(struct sc_io *io, enum sc_io_what what, const struct sc_io_job *job)
{
	struct sc_io_entry entry = {.what = what, .slot = job->slot, .chunk = job->chunk};

	sc_queue_put(&io->results, &entry);
}

void
sc_io_put_failure(struct sc_io *io, const struct sc_io_job *job, bool slot_lost,
    const struct sc_error *error)
{
	static const enum sc_io_what failed[] = {
		[JOB_LOAD] = SC_IO_LOAD_FAILED,
		[JOB_FINISH] = SC_IO_FINISH_FAILED,
		[JOB_OPEN] = SC_IO_STORE_FAILED,
		[JOB_STORE] = SC_IO_STORE_FAILED,
		[JOB_COMMIT] = SC_IO_COMMIT_FAILED,
	};
	struct sc_io_entry entry = {
		.what = failed[job->what],
		.slot = job->slot,
		.chunk = job->chunk,
		.slot_lost = slot_lost,
	};

	entry.error = malloc(sizeof(*entry.error));
	if (entry.error != NULL)
		*entry.error = *error;
	sc_queue_put(&io->results, &entry);
}

/* How long a job may take, or be silent. */
static uint64_t
allowed_ns(const struct sc_io *io, const struct sc_io_job *job)
{
	uint64_t size_us_bytes = io->facts.size_bytes * 1000;

	if (io->stall_ns == 0)
		return SC_WATCH_NEVER;
	switch (job->what) {
	case JOB_LOAD:
		return io->source != NULL ? SC_WATCH_NEVER : io->stall_ns;
	case JOB_FINISH:
		return SC_WATCH_NEVER;
	case JOB_OPEN:
		return io->stall_ns + size_us_bytes / RESERVE_BYTES_PER_US;
	case JOB_STORE:
		return io->stall_ns;
	case JOB_COMMIT:
		return io->stall_ns +
		    size_us_bytes / SLOW_DISK_BYTES_PER_US * (io->sink_options.verify ? 2 : 1);
	}
	return SC_WATCH_NEVER;
}

static void
begin(struct sc_io *io, struct sc_io_worker *worker, const struct sc_io_job *job)
{
	worker->at = *job;
	sc_watch_begin(&worker->watch, allowed_ns(io, job));
}

/* False: the disk answered too late, and nobody wants to know. */
static bool
load(struct sc_io *io, const struct sc_io_job *job)
{
	struct sc_io_worker *reader = &io->workers[READER];
	struct sc_error error;
	int rc;

	if (io->source != NULL) {
		rc = sc_source_read(io->source, io->slots, job->slot, job->chunk, &error);
	} else if (io->loaded.count == 0) {
		assert(io->sink != NULL);
		rc = sc_sink_load(io->sink, io->slots, job->slot, job->chunk, &error);
	} else {
		assert(io->sink != NULL);
		rc = sc_sink_load(io->sink, &io->loaded, 0, job->chunk, &error);
	}
	if (!sc_watch_end(&reader->watch))
		return false;
	if (rc == 0 && io->source == NULL && io->loaded.count > 0)
		memcpy(sc_slots_message(io->slots, job->slot), sc_slots_message(&io->loaded, 0),
		    sc_slots_message_bytes(&io->loaded, 0));
	if (rc != 0)
		sc_io_put_failure(io, job, false, &error);
	else
		put_success(io, SC_IO_LOADED, job);
	return true;
}

static bool
finish(struct sc_io *io, const struct sc_io_job *job)
{
	struct sc_io_entry entry = {.what = SC_IO_FINISHED, .slot = job->slot, .chunk = job->chunk};
	struct sc_error error;
	int rc;

	/* A buddy may have had nothing to load. */
	sc_source_set_chunks(io->source, io->slots->chunk_bytes);
	rc = sc_source_finish(io->source, &entry.seal, &error);
	if (!sc_watch_end(&io->workers[READER].watch))
		return false;
	if (rc != 0)
		sc_io_put_failure(io, job, false, &error);
	else
		sc_queue_put(&io->results, &entry);
	return true;
}

void *
sc_io_read_jobs(void *argument)
{
	static const uint8_t number = READER;
	struct sc_io *io = argument;
	struct sc_io_worker *worker = &io->workers[READER];
	struct sc_io_job job;
	bool wanted = true;

	while (wanted && sc_queue_take(&worker->jobs, &job)) {
		uint64_t begun_ns = sc_clock_now_ns();

		begin(io, worker, &job);
		wanted = job.what == JOB_LOAD ? load(io, &job) : finish(io, &job);
		atomic_fetch_add(&worker->busy_ns, sc_clock_now_ns() - begun_ns);
	}
	sc_queue_put(&io->ended, &number);
	return NULL;
}

/* One of the writer's jobs, for a sink that works so far. */
static int
write_job(struct sc_io *io, const struct sc_io_job *job, struct sc_error *error)
{
	switch (job->what) {
	case JOB_OPEN:
		return sc_sink_open(&io->sink, io->dest, &io->facts, io->slots->chunk_bytes,
		    &io->sink_options, error);
	case JOB_STORE:
		return sc_sink_store(io->sink, io->slots, job->slot, error);
	case JOB_COMMIT:
		return sc_sink_commit(io->sink, &io->commit_seal, error);
	case JOB_LOAD:
	case JOB_FINISH:
		break;
	}
	assert(false && "not a job of the writer");
	return -1;
}

void *
sc_io_write_jobs(void *argument)
{
	static const enum sc_io_what done[] = {
		[JOB_OPEN] = SC_IO_OPENED,
		[JOB_STORE] = SC_IO_STORED,
		[JOB_COMMIT] = SC_IO_COMMITTED,
	};
	static const uint8_t number = WRITER;
	struct sc_io *io = argument;
	struct sc_io_worker *worker = &io->workers[WRITER];
	struct sc_io_job job;

	while (sc_queue_take(&worker->jobs, &job)) {
		uint64_t begun_ns = sc_clock_now_ns();

		begin(io, worker, &job);
		if (!io->sink_failed && write_job(io, &job, &io->sink_error) != 0)
			io->sink_failed = true;
		if (!sc_watch_end(&worker->watch))
			break;
		if (io->sink_failed)
			sc_io_put_failure(io, &job, false, &io->sink_error);
		else
			put_success(io, done[job.what], &job);
		atomic_fetch_add(&worker->busy_ns, sc_clock_now_ns() - begun_ns);
	}
	sc_queue_put(&io->ended, &number);
	return NULL;
}
