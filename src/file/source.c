/*
 * The source: see source.h.
 */
#include "file/source.h"

#include "file/platform.h"
#include "file/transfer.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct sc_source {
	int fd;
	char *path;
	struct stat opened;
	uint64_t size_bytes;
	uint32_t chunk_bytes; /* 0 before the first read */
	uint32_t next_chunk;  /* the first one that the digests lack */
	struct sc_digest sum;
	struct sc_digest_stream *whole;

	/* What was last learned of the holes: from asked to data is one, and from
	 * data to end is none.  One search serves all chunks up to end. */
	bool has_holes;
	uint64_t asked;
	uint64_t data;
	uint64_t end;
};

static const char *
kind_name(mode_t mode)
{
	if (S_ISDIR(mode))
		return "a directory";
	if (S_ISFIFO(mode))
		return "a named pipe";
	return "not a regular file";
}

static void
fill_facts(const struct stat *st, struct sc_source_facts *facts)
{
	*facts = (struct sc_source_facts){
		.size_bytes = (uint64_t)st->st_size,
		.allocated_bytes = (uint64_t)st->st_blocks * 512,
		.mtime_s = st->st_mtim.tv_sec,
		.atime_s = st->st_atim.tv_sec,
		.mtime_ns = (uint32_t)st->st_mtim.tv_nsec,
		.atime_ns = (uint32_t)st->st_atim.tv_nsec,
		.mode = st->st_mode & 07777,
		.uid = st->st_uid,
		.gid = st->st_gid,
	};
}

int
sc_source_open(struct sc_source **out, const char *path, struct sc_source_facts *facts,
    struct sc_error *err)
{
	struct sc_source *source = calloc(1, sizeof(*source));
	int rc = -1;

	*out = NULL;
	if (source == NULL)
		return sc_fail(err, ENOMEM, "cannot open %s", path);
	source->fd = -1;
	source->path = strdup(path);
	source->whole = sc_digest_stream_new();
	if (source->path == NULL || source->whole == NULL) {
		(void)sc_fail(err, ENOMEM, "cannot open %s", path);
		goto out;
	}
	/* Without O_NONBLOCK a named pipe would keep us waiting for a writer. */
	source->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (source->fd < 0 || fstat(source->fd, &source->opened) != 0) {
		(void)sc_fail(err, errno, "cannot open %s", path);
		goto out;
	}
	if (!S_ISREG(source->opened.st_mode)) {
		(void)sc_fail(err, 0, "%s is %s", path, kind_name(source->opened.st_mode));
		goto out;
	}
	fill_facts(&source->opened, facts);
	source->size_bytes = facts->size_bytes;
	source->has_holes = facts->allocated_bytes < facts->size_bytes;
	/* Advice: a system that doesn't take it is only slower. */
	(void)posix_fadvise(source->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	*out = source;
	rc = 0;
out:
	if (rc != 0)
		sc_source_close(source);
	return rc;
}

void
sc_source_close(struct sc_source *source)
{
	if (source == NULL)
		return;
	/* Nothing was written, so nothing is lost if this fails. */
	if (source->fd >= 0)
		(void)close(source->fd);
	sc_digest_stream_free(source->whole);
	free(source->path);
	free(source);
}

bool
sc_source_is(const struct sc_source *source, dev_t dev, ino_t ino)
{
	return source->opened.st_dev == dev && source->opened.st_ino == ino;
}

/* Is there nothing but a hole? */
static bool
is_hole(struct sc_source *source, uint64_t offset, uint32_t length)
{
	if (!source->has_holes)
		return false;
	if (offset < source->asked || offset >= source->end) {
		source->asked = offset;
		sc_platform_next_data(source->fd, offset, source->size_bytes, &source->data,
		    &source->end);
	}
	return offset + length <= source->data;
}

/* Digest a chunk, if it is the next one. */
static void
absorb(struct sc_source *source, const struct sc_slots *slots, uint32_t slot)
{
	struct sc_chunk_header header = sc_slots_header(slots, slot);

	if (header.chunk != source->next_chunk)
		return;
	if (header.zero)
		sc_digest_stream_add_zeros(source->whole, header.length);
	else
		sc_digest_stream_add(source->whole, sc_slots_payload(slots, slot), header.length);
	sc_digest_sum_add(&source->sum, header.chunk, header.digest);
	source->next_chunk++;
}

void
sc_source_set_chunks(struct sc_source *source, uint32_t chunk_bytes)
{
	assert(chunk_bytes > 0);
	assert(source->chunk_bytes == 0 || source->chunk_bytes == chunk_bytes);
	source->chunk_bytes = chunk_bytes;
}

int
sc_source_read(struct sc_source *source, const struct sc_slots *slots, uint32_t slot,
    uint32_t chunk, struct sc_error *err)
{
	uint64_t offset = (uint64_t)chunk * slots->chunk_bytes;
	uint8_t *payload = sc_slots_payload(slots, slot);
	uint32_t length = slots->chunk_bytes;
	bool zero;

	sc_source_set_chunks(source, slots->chunk_bytes);
	assert(offset < source->size_bytes);
	if (source->size_bytes - offset < length)
		length = (uint32_t)(source->size_bytes - offset);

	zero = is_hole(source, offset, length);
	if (!zero) {
		ssize_t n = sc_read_at(source->fd, payload, length, offset);

		if (n < 0)
			return sc_fail(err, errno, "cannot read %s", source->path);
		if ((size_t)n < length)
			return sc_fail(err, 0, "%s shrank while it was read", source->path);
		zero = sc_zeros_only(payload, length);
	}
	sc_slots_seal(slots, slot, chunk, length, zero);
	absorb(source, slots, slot);
	return 0;
}

/* Read what the digests lack because it was not asked for in order. */
static int
read_rest(struct sc_source *source, struct sc_error *err)
{
	struct sc_slots own = {0};
	int rc = 0;

	if (source->size_bytes == 0)
		return 0;
	assert(source->chunk_bytes > 0);
	if ((uint64_t)source->next_chunk * source->chunk_bytes >= source->size_bytes)
		return 0;
	if (sc_slots_init(&own, 1, source->chunk_bytes, err) != 0)
		return -1;
	while (rc == 0 && (uint64_t)source->next_chunk * source->chunk_bytes < source->size_bytes)
		rc = sc_source_read(source, &own, 0, source->next_chunk, err);
	sc_slots_free(&own);
	return rc;
}

static bool
same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

int
sc_source_finish(struct sc_source *source, struct sc_digest *sum, struct sc_digest *whole,
    struct sc_error *err)
{
	struct stat now;

	if (read_rest(source, err) != 0)
		return -1;
	if (fstat(source->fd, &now) != 0)
		return sc_fail(err, errno, "cannot examine %s", source->path);
	if (now.st_size != source->opened.st_size || now.st_ino != source->opened.st_ino ||
	    !same_time(now.st_mtim, source->opened.st_mtim) ||
	    !same_time(now.st_ctim, source->opened.st_ctim))
		return sc_fail(err, 0, "%s changed while it was read", source->path);
	*sum = source->sum;
	*whole = sc_digest_stream_value(source->whole);
	return 0;
}
