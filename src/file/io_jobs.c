/*
 * What the I/O threads do: see io.h.
 */
#include "file/io_impl.h"

#include <assert.h>
#include <string.h>

/* A disk that works is at least so fast: at reserving the space of a file (which in memory, tmpfs,
 * means to clear it), and at writing it or reading it back. */
enum { RESERVE_BYTES_PER_US = 256, SLOW_DISK_BYTES_PER_US = 8 };

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
	const struct sc_io_result result = {
		.what = failed[job->what],
		.slot = job->slot,
		.chunk = job->chunk,
		.slot_lost = slot_lost,
		.why = strdup(error->text), /* NULL: sc_io_poll says so */
	};

	sc_queue_put(&io->results, &result);
}

/* How long a job may be silent. */
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

/* From the source or the sink, into its slot or the one for what may hang. */
static int
load(struct sc_io *io, const struct sc_io_job *job, struct sc_error *error)
{
	if (io->source != NULL)
		return sc_source_read(io->source, io->slots, job->slot, job->chunk, error);
	assert(io->sink != NULL);
	if (io->loaded.count == 0)
		return sc_sink_load(io->sink, io->slots, job->slot, job->chunk, error);
	return sc_sink_load(io->sink, &io->loaded, 0, job->chunk, error);
}

/* One of the writer's jobs, for a sink that works so far. */
static int
use_sink(struct sc_io *io, const struct sc_io_job *job, struct sc_error *error)
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

/* Do a job.  -1 with *error, which is own or the sink's; seal is set by JOB_FINISH. */
static int
perform(struct sc_io *io, const struct sc_io_job *job, struct sc_seal *seal,
    const struct sc_error **error, struct sc_error *own)
{
	*error = own;
	if (job->what == JOB_LOAD)
		return load(io, job, own);
	if (job->what == JOB_FINISH) {
		/* A buddy may have had nothing to load. */
		sc_source_set_chunks(io->source, io->slots->chunk_bytes);
		return sc_source_finish(io->source, seal, own);
	}
	*error = &io->sink_error;
	if (!io->sink_failed && use_sink(io, job, &io->sink_error) != 0)
		io->sink_failed = true;
	return io->sink_failed ? -1 : 0;
}

/* Do a job and tell what came of it.  False: it was given up meanwhile, and nothing waits for its
 * result. */
static bool
work(struct sc_io_worker *worker, const struct sc_io_job *job)
{
	static const enum sc_io_what done[] = {
		[JOB_LOAD] = SC_IO_LOADED,
		[JOB_FINISH] = SC_IO_FINISHED,
		[JOB_OPEN] = SC_IO_OPENED,
		[JOB_STORE] = SC_IO_STORED,
		[JOB_COMMIT] = SC_IO_COMMITTED,
	};
	struct sc_io *io = worker->io;
	struct sc_io_result result = {
		.what = done[job->what], .slot = job->slot, .chunk = job->chunk};
	const struct sc_error *error;
	struct sc_error own;
	int rc;

	worker->at = *job;
	sc_watch_begin(&worker->watch, allowed_ns(io, job));
	rc = perform(io, job, &result.seal, &error, &own);
	if (!sc_watch_end(&worker->watch))
		return false;
	if (rc == 0 && job->what == JOB_LOAD && io->loaded.count > 0)
		memcpy(sc_slots_message(io->slots, job->slot), sc_slots_message(&io->loaded, 0),
		    sc_slots_message_bytes(&io->loaded, 0));
	if (rc == 0)
		sc_queue_put(&io->results, &result);
	else
		sc_io_put_failure(io, job, false, error);
	return true;
}

void *
sc_io_do_jobs(void *argument)
{
	struct sc_io_worker *worker = argument;
	const uint8_t number = (uint8_t)(worker - worker->io->workers);
	struct sc_io_job job;

	while (sc_queue_take(&worker->jobs, &job) && work(worker, &job))
		;
	sc_queue_put(&worker->io->ended, &number);
	return NULL;
}
