/*
 * A DEST that exists already: see existing.h.
 */
#include "file/existing.h"

#include "file/attributes.h"
#include "file/transfer.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct sc_existing {
	int fd;
	char *dest;
	struct stat opened;
	uint64_t size_bytes;
	uint32_t chunk_bytes; /* 0 before the digests */
	uint32_t chunks;
	uint64_t *marks; /* half of each chunk's digest */
};

int
sc_existing_open(struct sc_existing **out, const char *dest, uint64_t size_bytes,
    struct sc_error *err)
{
	struct sc_existing *existing = calloc(1, sizeof(*existing));

	*out = NULL;
	if (existing == NULL)
		return sc_fail(err, ENOMEM, "cannot look at %s", dest);
	existing->fd = open(dest, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	existing->dest = strdup(dest);
	if (existing->dest == NULL) {
		sc_existing_close(existing);
		return sc_fail(err, ENOMEM, "cannot look at %s", dest);
	}
	if (existing->fd < 0 || fstat(existing->fd, &existing->opened) != 0 ||
	    !S_ISREG(existing->opened.st_mode) ||
	    (uint64_t)existing->opened.st_size != size_bytes) {
		sc_existing_close(existing);
		return 0;
	}
	existing->size_bytes = size_bytes;
	*out = existing;
	return 0;
}

void
sc_existing_close(struct sc_existing *existing)
{
	if (existing == NULL)
		return;
	if (existing->fd >= 0)
		(void)close(existing->fd); /* nothing was written */
	free(existing->marks);
	free(existing->dest);
	free(existing);
}

static uint32_t
chunk_length(const struct sc_existing *existing, uint32_t chunk)
{
	uint64_t rest = existing->size_bytes - (uint64_t)chunk * existing->chunk_bytes;

	return rest < existing->chunk_bytes ? (uint32_t)rest : existing->chunk_bytes;
}

/* 0, or -1 with errno. */
static int
digest_all(struct sc_existing *existing, struct sc_scan *scan, sc_scan_tell *tell, void *context,
    struct sc_digest *sum)
{
	for (uint32_t chunk = 0; chunk < existing->chunks; chunk++) {
		struct sc_digest digest;

		if (sc_scan_chunk(scan, (uint64_t)chunk * existing->chunk_bytes,
			chunk_length(existing, chunk), chunk, &digest) != 0)
			return -1;
		existing->marks[chunk] = digest.low;
		sc_digest_sum_add(sum, chunk, digest);
		if (tell != NULL)
			tell(context, chunk, digest);
	}
	return 0;
}

int
sc_existing_digest(struct sc_existing *existing, uint32_t chunk_bytes, const atomic_bool *cancel,
    sc_scan_tell *tell, void *context, struct sc_digest *sum, struct sc_digest *whole,
    struct sc_error *err)
{
	uint64_t chunks =
	    existing->size_bytes / chunk_bytes + (existing->size_bytes % chunk_bytes != 0);
	struct sc_digest_stream *stream = sc_digest_stream_new();
	struct sc_scan scan = {.fd = -1};
	int rc = -1;

	assert(existing->chunk_bytes == 0 && chunk_bytes > 0 && chunks <= SC_CHUNKS_MAX);
	existing->chunk_bytes = chunk_bytes;
	existing->chunks = (uint32_t)chunks;
	existing->marks = calloc(chunks + 1, sizeof(*existing->marks));
	*sum = (struct sc_digest){0};
	if (stream == NULL || existing->marks == NULL ||
	    sc_scan_init(&scan, existing->fd, cancel) != 0) {
		(void)sc_fail(err, ENOMEM, "cannot look at %s", existing->dest);
		goto out;
	}
	scan.whole = stream;
	if (digest_all(existing, &scan, tell, context, sum) != 0) {
		(void)sc_fail(err, errno, "cannot read %s", existing->dest);
		goto out;
	}
	*whole = sc_digest_stream_value(stream);
	rc = 0;
out:
	sc_scan_free(&scan);
	sc_digest_stream_free(stream);
	return rc;
}

int
sc_existing_load(struct sc_existing *existing, const struct sc_slots *slots, uint32_t slot,
    uint32_t chunk, struct sc_error *err)
{
	uint8_t *payload = sc_slots_payload(slots, slot);
	uint32_t length;
	ssize_t n;

	assert(slots->chunk_bytes == existing->chunk_bytes && chunk < existing->chunks);
	length = chunk_length(existing, chunk);
	n = sc_read_at(existing->fd, payload, length, (uint64_t)chunk * existing->chunk_bytes);
	if (n < 0)
		return sc_fail(err, errno, "cannot read %s", existing->dest);
	if ((size_t)n == length) {
		sc_slots_seal(slots, slot, chunk, length, sc_zeros_only(payload, length));
		if (sc_slots_header(slots, slot).digest.low == existing->marks[chunk])
			return 0;
	}
	return sc_fail(err, 0, "%s changed while it was used", existing->dest);
}

static bool
same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool
sc_existing_unchanged(const struct sc_existing *existing)
{
	const struct stat *before = &existing->opened;
	struct stat now;

	return lstat(existing->dest, &now) == 0 && now.st_dev == before->st_dev &&
	    now.st_ino == before->st_ino && now.st_size == before->st_size &&
	    same_time(now.st_mtim, before->st_mtim) && same_time(now.st_ctim, before->st_ctim);
}

struct timespec
sc_existing_mtime(const struct sc_existing *existing)
{
	return existing->opened.st_mtim;
}

int
sc_existing_preserve(const struct sc_existing *existing, const struct sc_source_facts *facts,
    struct sc_error *err)
{
	return sc_attributes_give(existing->fd, existing->dest, facts, true, err);
}
