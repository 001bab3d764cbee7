/*
 * An archive that is unpacked as it arrives: see backing.h.
 */
#include "archive/backing.h"

#include "archive/target.h"
#include "archive/unpack.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "beneath/system.h"
#include "file/disk.h"
#include "file/sink.h"
#include "file/transfer.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How often a thread that waits for the other one looks whether it has to give up. */
static const uint64_t look_ns = UINT64_C(50) * 1000 * 1000;

/* A thread that is to end and gives no sign of life for so long is held up by the disk. */
static const uint64_t patience_ns = UINT64_C(5) * 1000 * 1000 * 1000;

enum stage {
	UNPACKING,
	COMPLETE, /* and on its disk */
	FAILED,   /* and what was unpacked is removed */
};

struct archive_backing {
	struct sc_backing base; /* its part is a copy of the file's, to look at */
	struct sc_backing *file;
	struct sc_sink_options options;
	char *source;
	uint64_t size_bytes;
	uint32_t chunk_bytes;
	struct sc_bitmap stored;
	bool finished;

	/* The thread's own: they stay open if it can't be ended. */
	struct sc_target target;
	int part_fd;
	atomic_bool cancel;
	atomic_uint_fast64_t alive_ns;

	pthread_t thread;
	bool runs;
	struct sc_monitor lock; /* over all below */
	uint64_t ready_bytes;   /* from the beginning */
	enum stage stage;
	struct sc_error why; /* it failed */
	bool ill_archive;
	bool published;
	bool ended; /* the thread */
	uint64_t left_out;
	char first_left_out[SC_ERROR_TEXT_BYTES];
};

static struct archive_backing *
archive_of(struct sc_backing *base)
{
	return (struct archive_backing *)base;
}

/* Wait, with the lock held, for a change or for a while: what else may end the waiting is told by
 * no change. */
static void
wait_a_while(struct archive_backing *archive)
{
	(void)sc_monitor_wait_until(&archive->lock, sc_clock_now_ns() + look_ns);
}

/* What unpacking reads: as many bytes as are there, after waiting for the first of them. */
static ssize_t
read_ready(void *context, void *bytes, size_t capacity, uint64_t offset, struct sc_error *err)
{
	struct archive_backing *archive = context;
	uint64_t ready;
	ssize_t n;

	if (offset >= archive->size_bytes)
		return 0;
	sc_monitor_lock(&archive->lock);
	while (archive->ready_bytes <= offset && !atomic_load(&archive->cancel))
		wait_a_while(archive);
	ready = archive->ready_bytes;
	sc_monitor_unlock(&archive->lock);
	if (ready <= offset)
		return sc_fail(err, ECANCELED, "was not unpacked to its end");
	if (capacity > ready - offset)
		capacity = (size_t)(ready - offset);
	n = sc_read_at(archive->part_fd, bytes, capacity, offset);
	if (n < 0)
		return sc_fail(err, errno, "the part file can't be read");
	if (n == 0)
		return sc_fail(err, EIO, "the part file was made shorter");
	return n;
}

static void
note_left_out(void *context, const char *sentence)
{
	struct archive_backing *archive = context;

	sc_monitor_lock(&archive->lock);
	if (archive->left_out++ == 0)
		strncpy(archive->first_left_out, sentence, sizeof(archive->first_left_out) - 1);
	sc_monitor_unlock(&archive->lock);
}

/* Unpack, and bring what was unpacked to its disk. */
static int
unpack(struct archive_backing *archive, struct sc_unpack_sum *sum, struct sc_error *err)
{
	const struct sc_unpack_options options = {
		.archive = archive->source,
		.title = archive->target.tree.dest,
		.preserve = archive->options.preserve,
		.skip_unreadable = archive->options.skip_unreadable,
		.umask = sc_system_umask(),
		.source = {read_ready, archive},
		.tell = note_left_out,
		.tell_context = archive,
		.cancel = &archive->cancel,
		.alive_ns = &archive->alive_ns,
	};

	*sum = (struct sc_unpack_sum){0};
	if (sc_target_make(&archive->target, err) != 0 ||
	    sc_unpack(archive->target.tree.fd, &options, sum, err) != 0)
		return -1;
	if (sc_disk_sync(archive->target.tree.fd, &archive->alive_ns) != 0)
		return sc_fail(err, errno, "cannot write %s to its disk",
		    archive->target.tree.dest);
	return 0;
}

/* The thread: unpack, wait until the tree is published or given up, then remove what has its name
 * beside DEST: this tree if it was not published, or the older DEST that it replaced. */
static void *
follow(void *argument)
{
	struct archive_backing *archive = argument;
	struct sc_unpack_sum sum;
	struct sc_error err, useless;
	int rc = unpack(archive, &sum, &err);

	/* Whether the removal fails too is not told: only the first cause helps. */
	if (rc != 0)
		(void)sc_target_clear(&archive->target, &useless);
	sc_monitor_lock(&archive->lock);
	archive->stage = rc == 0 ? COMPLETE : FAILED;
	if (rc != 0) {
		archive->why = err;
		archive->ill_archive = sum.ill_archive;
	}
	sc_monitor_tell(&archive->lock);
	while (!archive->published && !atomic_load(&archive->cancel))
		wait_a_while(archive);
	sc_monitor_unlock(&archive->lock);
	if (rc == 0 && sc_target_clear(&archive->target, &err) != 0)
		sc_log(SC_LOG_WARNING, "%s", err.text);
	sc_monitor_lock(&archive->lock);
	archive->ended = true;
	sc_monitor_tell(&archive->lock);
	sc_monitor_unlock(&archive->lock);
	return NULL;
}

/* All chunks up to the first one that is missing can be unpacked. */
static void
advance(struct archive_backing *archive)
{
	uint64_t chunk = archive->ready_bytes / archive->chunk_bytes;
	uint64_t ready;

	while (chunk < archive->stored.size && sc_bitmap_has(&archive->stored, (uint32_t)chunk))
		chunk++;
	ready = chunk * archive->chunk_bytes;
	if (ready > archive->size_bytes)
		ready = archive->size_bytes;
	assert(ready >= archive->ready_bytes);
	sc_monitor_lock(&archive->lock);
	if (ready != archive->ready_bytes) {
		archive->ready_bytes = ready;
		sc_monitor_tell(&archive->lock);
	}
	sc_monitor_unlock(&archive->lock);
}

static int
empty(struct sc_backing *base)
{
	struct archive_backing *archive = archive_of(base);

	return archive->file->ops->empty(archive->file);
}

static int
begin(struct sc_backing *base, const struct sc_bitmap *held, struct sc_error *err)
{
	struct archive_backing *archive = archive_of(base);
	int rc;

	/* What an earlier run left goes first, as it takes space. */
	archive->target.alive_ns = archive->options.alive_ns;
	if (sc_target_clear(&archive->target, err) != 0 ||
	    archive->file->ops->begin(archive->file, held, err) != 0)
		return -1;
	archive->target.alive_ns = &archive->alive_ns;
	if (sc_bitmap_init(&archive->stored, held->size) != 0)
		return sc_fail(err, ENOMEM, "cannot write %s", base->part.dest);
	for (uint32_t i = sc_bitmap_next(held, 0); i < held->size; i = sc_bitmap_next(held, i + 1))
		sc_bitmap_add(&archive->stored, i);
	advance(archive);
	rc = sc_thread_start(&archive->thread, follow, archive);
	if (rc != 0)
		return sc_fail(err, rc, "cannot start to unpack %s", base->part.dest);
	archive->runs = true;
	return 0;
}

/* Has unpacking failed by now? */
static int
check(struct archive_backing *archive, struct sc_error *err)
{
	bool failed;

	sc_monitor_lock(&archive->lock);
	failed = archive->stage == FAILED;
	if (failed && err != NULL)
		*err = archive->why;
	sc_monitor_unlock(&archive->lock);
	return failed ? -1 : 0;
}

static int
store(struct sc_backing *base, const uint8_t *bytes, uint32_t length, uint64_t offset,
    struct sc_error *err)
{
	struct archive_backing *archive = archive_of(base);

	assert(offset % archive->chunk_bytes == 0);
	if (check(archive, err) != 0 ||
	    archive->file->ops->store(archive->file, bytes, length, offset, err) != 0)
		return -1;
	sc_bitmap_add(&archive->stored, (uint32_t)(offset / archive->chunk_bytes));
	advance(archive);
	return 0;
}

static ssize_t
read_back(struct sc_backing *base, void *bytes, size_t length, uint64_t offset)
{
	struct archive_backing *archive = archive_of(base);

	return archive->file->ops->read(archive->file, bytes, length, offset);
}

/* The part file need not be on its disk unless it is read back from there; the tree is, since finish. */
static int
sync_part(struct sc_backing *base)
{
	struct archive_backing *archive = archive_of(base);

	if (!archive->options.verify || archive->finished)
		return 0;
	return archive->file->ops->sync(archive->file);
}

static int
verify(struct sc_backing *base, struct sc_digest *whole)
{
	struct archive_backing *archive = archive_of(base);

	return archive->file->ops->verify(archive->file, whole);
}

/* Wait until all is unpacked. */
static int
finish(struct sc_backing *base, struct sc_error *err)
{
	struct archive_backing *archive = archive_of(base);
	const struct sc_sink_options *options = &archive->options;
	bool cancelled = false;

	sc_monitor_lock(&archive->lock);
	while (archive->stage == UNPACKING && !cancelled) {
		wait_a_while(archive);
		if (options->alive_ns != NULL)
			atomic_store(options->alive_ns, atomic_load(&archive->alive_ns));
		cancelled = options->cancel != NULL && atomic_load(options->cancel);
	}
	if (archive->left_out > 0)
		sc_log(SC_LOG_WARNING, "%s%s", archive->first_left_out,
		    archive->left_out > 1 ? ", and more" : "");
	sc_monitor_unlock(&archive->lock);
	if (cancelled)
		return sc_fail(err, ECANCELED, "%s", base->part.dest);
	archive->finished = true;
	return check(archive, err);
}

static int
publish(struct sc_backing *base, bool *published, struct sc_error *err)
{
	struct archive_backing *archive = archive_of(base);
	struct sc_error useless;
	int rc;

	assert(archive->finished);
	rc = sc_target_publish(&archive->target, archive->options.force, published, err);
	if (!*published)
		return -1;
	/* If this fails, the next run uses or removes it. */
	(void)sc_part_discard(&archive->file->part, &useless);
	sc_monitor_lock(&archive->lock);
	archive->published = true;
	sc_monitor_tell(&archive->lock);
	sc_monitor_unlock(&archive->lock);
	return rc;
}

/* End the thread.  False if the disk holds it up: then what it uses must not be freed. */
static bool
end_thread(struct archive_backing *archive)
{
	uint64_t until_ns = sc_clock_now_ns() + patience_ns;
	bool ended;

	atomic_store(&archive->cancel, true);
	sc_monitor_lock(&archive->lock);
	sc_monitor_tell(&archive->lock);
	while (!archive->ended && sc_clock_now_ns() < until_ns) {
		uint64_t alive_ns = atomic_load(&archive->alive_ns);

		wait_a_while(archive);
		/* A time to come is the patience with a sync, for which this does not wait. */
		if (alive_ns <= sc_clock_now_ns() && alive_ns + patience_ns > until_ns)
			until_ns = alive_ns + patience_ns;
	}
	ended = archive->ended;
	sc_monitor_unlock(&archive->lock);
	if (!ended) {
		(void)pthread_detach(archive->thread);
		return false;
	}
	sc_thread_join(archive->thread);
	return true;
}

/* NULL fields are fine. */
static void
free_archive(struct archive_backing *archive)
{
	sc_target_close(&archive->target);
	if (archive->part_fd >= 0)
		(void)close(archive->part_fd); /* only read */
	sc_bitmap_free(&archive->stored);
	sc_monitor_free(&archive->lock);
	free(archive->source);
	free(archive);
}

static void
close_archive(struct sc_backing *base, bool keep)
{
	struct archive_backing *archive = archive_of(base);
	bool ended = !archive->runs || end_thread(archive);
	struct sc_backing *file = archive->file;

	keep = keep && !archive->published && !archive->ill_archive;
	file->ops->close(file, keep);
	if (ended)
		free_archive(archive);
}

int
sc_archive_open(struct sc_backing **out, const char *dest, const struct sc_source_facts *facts,
    uint32_t chunk_bytes, const struct sc_sink_options *options, struct sc_error *err)
{
	static const struct sc_backing_ops ops = {
		.empty = empty,
		.begin = begin,
		.store = store,
		.read = read_back,
		.sync = sync_part,
		.verify = verify,
		.finish = finish,
		.publish = publish,
		.close = close_archive,
	};
	struct archive_backing *archive = calloc(1, sizeof(*archive));

	assert(options->directory && options->source != NULL);
	*out = NULL;
	if (archive == NULL || sc_monitor_init(&archive->lock) != 0) {
		free(archive);
		return sc_fail(err, ENOMEM, "cannot write %s", dest);
	}
	archive->base.ops = &ops;
	archive->options = *options;
	archive->size_bytes = facts->size_bytes;
	archive->chunk_bytes = chunk_bytes;
	archive->part_fd = -1;
	if (sc_backing_open_file(&archive->file, dest, facts, chunk_bytes, options, err) != 0)
		goto fail;
	archive->base.part = archive->file->part;
	archive->source = strdup(options->source);
	archive->part_fd = fcntl(archive->file->part.fd, F_DUPFD_CLOEXEC, 0);
	if (archive->source == NULL || archive->part_fd < 0)
		(void)sc_fail(err, errno, "cannot write %s", dest);
	else if (sc_target_open(&archive->target, &archive->file->part, &archive->alive_ns, err) ==
	    0) {
		*out = &archive->base;
		return 0;
	}
	archive->file->ops->close(archive->file, true);
fail:
	free_archive(archive);
	return -1;
}
