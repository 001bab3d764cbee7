/*
 * An archive that is unpacked as it arrives: see archive.h.
 */
#include "archive/archive.h"

#include "archive/target.h"
#include "archive/unpack.h"
#include "base/clock.h"
#include "base/log.h"
#include "beneath/system.h"
#include "file/sink.h"
#include "file/transfer.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* How often whoever waits for the thread looks whether he may give up. */
static const uint64_t look_ns = UINT64_C(50) * 1000 * 1000;

/* How long a thread that is to end may be silent: then the disk keeps it. */
static const uint64_t patience_ns = UINT64_C(5) * 1000 * 1000 * 1000;

/* A slow disk, and how long nobody need wait to hear that it is slow. */
enum { SLOW_DISK_NS_PER_BYTE = 125 };
static const uint64_t sync_patience_ns = UINT64_C(600) * 1000 * 1000 * 1000;

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
	pthread_mutex_t lock; /* over all below */
	pthread_cond_t changed;
	uint64_t ready_bytes; /* from the beginning */
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

static void
must(int rc)
{
	assert(rc == 0);
	(void)rc;
}

static void
lock(struct archive_backing *archive)
{
	must(pthread_mutex_lock(&archive->lock));
}

static void
unlock(struct archive_backing *archive)
{
	must(pthread_mutex_unlock(&archive->lock));
}

/* Wait, locked, for a change or for a look at other things. */
static void
wait_a_while(struct archive_backing *archive)
{
	uint64_t until_ns = sc_clock_now_ns() + look_ns;
	const struct timespec until = {
		.tv_sec = (time_t)(until_ns / 1000000000),
		.tv_nsec = (long)(until_ns % 1000000000),
	};
	int rc;

	rc = pthread_cond_timedwait(&archive->changed, &archive->lock, &until);
	assert(rc == 0 || rc == ETIMEDOUT);
	(void)rc;
}

static void
tell_change(struct archive_backing *archive)
{
	must(pthread_cond_broadcast(&archive->changed));
}

/* What unpacking reads: as much as there is, and what is not there yet is waited for. */
static ssize_t
read_ready(void *context, void *bytes, size_t capacity, uint64_t offset, struct sc_error *err)
{
	struct archive_backing *archive = context;
	uint64_t ready;
	ssize_t n;

	if (offset >= archive->size_bytes)
		return 0;
	lock(archive);
	while (archive->ready_bytes <= offset && !atomic_load(&archive->cancel))
		wait_a_while(archive);
	ready = archive->ready_bytes;
	unlock(archive);
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

	lock(archive);
	if (archive->left_out++ == 0)
		strncpy(archive->first_left_out, sentence, sizeof(archive->first_left_out) - 1);
	unlock(archive);
}

/* The system writes what others have left unwritten as well, and says nothing meanwhile: the thread
 * counts as alive for as long as that takes a slow disk. */
static int
sync_tree(struct archive_backing *archive, struct sc_error *err)
{
	uint64_t silent_ns = sc_system_unwritten_bytes() * SLOW_DISK_NS_PER_BYTE;

	if (silent_ns > sync_patience_ns)
		silent_ns = sync_patience_ns;
	atomic_store(&archive->alive_ns, sc_clock_now_ns() + silent_ns);
	if (sc_system_sync(archive->target.tree.fd) != 0)
		return sc_fail(err, errno, "cannot write %s to its disk",
		    archive->target.tree.dest);
	atomic_store(&archive->alive_ns, sc_clock_now_ns());
	return 0;
}

/* Unpack, and see to it that it is on the disk. */
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
	return sync_tree(archive, err);
}

/* Unpack, then wait for what becomes of it: a tree that is not published, or was before this
 * one, is removed. */
static void *
follow(void *argument)
{
	struct archive_backing *archive = argument;
	struct sc_unpack_sum sum;
	struct sc_error err, useless;
	int rc = unpack(archive, &sum, &err);

	/* The first cause is the one to be told. */
	if (rc != 0)
		(void)sc_target_clear(&archive->target, &useless);
	lock(archive);
	archive->stage = rc == 0 ? COMPLETE : FAILED;
	if (rc != 0) {
		archive->why = err;
		archive->ill_archive = sum.ill_archive;
	}
	tell_change(archive);
	while (!archive->published && !atomic_load(&archive->cancel))
		wait_a_while(archive);
	unlock(archive);
	if (rc == 0 && sc_target_clear(&archive->target, &err) != 0)
		sc_log(SC_LOG_WARNING, "%s", err.text);
	lock(archive);
	archive->ended = true;
	tell_change(archive);
	unlock(archive);
	return NULL;
}

/* The next chunk from the beginning that isn't there: up to it all can be read. */
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
	lock(archive);
	if (ready != archive->ready_bytes) {
		archive->ready_bytes = ready;
		tell_change(archive);
	}
	unlock(archive);
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

	/* First, as it takes space. */
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
	/* Signals are the main thread's: this one inherits that from the I/O thread. */
	rc = pthread_create(&archive->thread, NULL, follow, archive);
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

	lock(archive);
	failed = archive->stage == FAILED;
	if (failed && err != NULL)
		*err = archive->why;
	unlock(archive);
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

/* The part file itself needs no disk if it is not to be read from there, and the tree was synced. */
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

	lock(archive);
	while (archive->stage == UNPACKING && !cancelled) {
		wait_a_while(archive);
		if (options->alive_ns != NULL)
			atomic_store(options->alive_ns, atomic_load(&archive->alive_ns));
		cancelled = options->cancel != NULL && atomic_load(options->cancel);
	}
	if (archive->left_out > 0)
		sc_log(SC_LOG_WARNING, "%s%s", archive->first_left_out,
		    archive->left_out > 1 ? ", and more" : "");
	unlock(archive);
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

	rc = sc_target_publish(&archive->target, archive->options.force, published, err);
	if (!*published)
		return -1;
	/* If this fails, the next run uses or removes it. */
	(void)sc_part_discard(&archive->file->part, &useless);
	lock(archive);
	archive->published = true;
	tell_change(archive);
	unlock(archive);
	return rc;
}

/* End the thread.  False if it can't be: then all that it uses stays its own. */
static bool
end_thread(struct archive_backing *archive)
{
	uint64_t until_ns = sc_clock_now_ns() + patience_ns;
	bool ended;

	atomic_store(&archive->cancel, true);
	lock(archive);
	tell_change(archive);
	while (!archive->ended && sc_clock_now_ns() < until_ns) {
		uint64_t alive_ns = atomic_load(&archive->alive_ns);

		wait_a_while(archive);
		/* A time to come is the patience of a sync, which nobody waits for here. */
		if (alive_ns <= sc_clock_now_ns() && alive_ns + patience_ns > until_ns)
			until_ns = alive_ns + patience_ns;
	}
	ended = archive->ended;
	unlock(archive);
	if (!ended) {
		(void)pthread_detach(archive->thread);
		return false;
	}
	must(pthread_join(archive->thread, NULL));
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
	/* Nobody is at them: these can't fail. */
	(void)pthread_cond_destroy(&archive->changed);
	(void)pthread_mutex_destroy(&archive->lock);
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

static int
init_locks(struct archive_backing *archive)
{
	pthread_condattr_t attributes;
	int rc = pthread_condattr_init(&attributes);

	if (rc != 0)
		return rc;
	rc = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	if (rc == 0)
		rc = pthread_cond_init(&archive->changed, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	if (rc != 0)
		return rc;
	rc = pthread_mutex_init(&archive->lock, NULL);
	if (rc != 0)
		(void)pthread_cond_destroy(&archive->changed);
	return rc;
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
	if (archive == NULL || init_locks(archive) != 0) {
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
	if (archive->source == NULL || archive->part_fd < 0) {
		(void)sc_fail(err, errno, "cannot write %s", dest);
		goto fail;
	}
	if (sc_target_open(&archive->target, &archive->file->part, &archive->alive_ns, err) != 0)
		goto fail;
	*out = &archive->base;
	return 0;
fail:
	if (archive->file != NULL)
		archive->file->ops->close(archive->file, true);
	free_archive(archive);
	return -1;
}
