/*
 * What a directory tree's sink has stored, read back as the stream that it came as: see
 * sink_impl.h.
 */
#define _XOPEN_SOURCE 700 /* posix_fadvise */
#include "file/disk.h"
#include "file/transfer.h"
#include "tree/sink_impl.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

enum { BUFFER_BYTES = 1 << 18 };

/* Have a file open for reading.  0, or -1 with errno. */
static int
open_last(struct sc_dirtree *tree, uint32_t index)
{
	char buffer[SC_PATH_BYTES_MAX + 1];
	struct sc_error why;

	if (tree->last.entry == index)
		return 0;
	(void)sc_dirtree_close_file(&tree->last); /* it was only read */
	if (sc_beneath_open_reading(&tree->reading, sc_dirtree_path(tree, index, buffer),
		&tree->last.fd, &why) != 0) {
		tree->last.fd = -1;
		errno = why.errnum != 0 ? why.errnum : EIO;
		return -1;
	}
	tree->last.entry = index;
	/* Advice: a file system may have its own opinion. */
	if (tree->past_cache)
		(void)posix_fadvise(tree->last.fd, 0, 0, POSIX_FADV_DONTNEED);
	return 0;
}

/* Read contents from the tree.  As sc_read_at. */
static ssize_t
read_contents(struct sc_dirtree *tree, uint8_t *bytes, size_t length, uint64_t offset)
{
	size_t done = 0;

	while (done < length) {
		size_t piece = length - done;
		uint64_t at;
		uint32_t index = sc_manifest_piece(&tree->manifest, offset + done, &piece, &at);
		ssize_t n;

		if (piece == 0)
			break;
		if (open_last(tree, index) != 0)
			return -1;
		n = sc_read_at(tree->last.fd, bytes + done, piece, at);
		if (n < 0)
			return -1;
		done += (size_t)n;
		if ((size_t)n < piece)
			break;
	}
	return (ssize_t)done;
}

/* Read what is in one chunk. */
static ssize_t
read_in_chunk(struct sc_dirtree *tree, uint8_t *bytes, size_t length, uint64_t offset)
{
	size_t ahead = sc_dirtree_manifest_part(tree, length, offset);
	ssize_t n;

	/* What is in the spool only is all in the spool. */
	if (!tree->decoded || sc_bitmap_has(&tree->early, (uint32_t)(offset / tree->chunk_bytes)))
		ahead = length;
	n = ahead == 0 ? 0 : sc_read_at(tree->place.spool_fd, bytes, ahead, offset);
	if (n < (ssize_t)ahead || ahead == length)
		return n;
	n = read_contents(tree, bytes + ahead, length - ahead,
	    offset + ahead - tree->facts.manifest_bytes);
	return n < 0 ? -1 : n + (ssize_t)ahead;
}

ssize_t
sc_dirtree_read(struct sc_backing *base, void *bytes, size_t length, uint64_t offset)
{
	struct sc_dirtree *tree = (struct sc_dirtree *)base;
	size_t done = 0;
	ssize_t n = 0;

	sc_monitor_lock(&tree->lock);
	while (done < length) {
		size_t piece = tree->chunk_bytes - (size_t)((offset + done) % tree->chunk_bytes);

		piece = piece < length - done ? piece : length - done;
		n = read_in_chunk(tree, (uint8_t *)bytes + done, piece, offset + done);
		if (n < 0)
			break;
		assert((size_t)n <= piece);
		done += (size_t)n;
		if ((size_t)n < piece)
			break;
	}
	sc_monitor_unlock(&tree->lock);
	return n < 0 ? -1 : (ssize_t)done;
}

/* Whether files that are opened from now on are read from the disk. */
static void
set_past_cache(struct sc_dirtree *tree, bool past_cache)
{
	sc_monitor_lock(&tree->lock);
	(void)sc_dirtree_close_file(&tree->last); /* it was only read */
	tree->past_cache = past_cache;
	sc_monitor_unlock(&tree->lock);
}

/* Add the whole stream.  0, or -1 with errno. */
static int
digest_stream(struct sc_dirtree *tree, uint8_t *buffer, struct sc_digest_stream *stream)
{
	(void)posix_fadvise(tree->place.spool_fd, 0, 0, POSIX_FADV_DONTNEED);
	for (uint64_t offset = 0; offset < tree->facts.size_bytes; offset += BUFFER_BYTES) {
		uint64_t rest = tree->facts.size_bytes - offset;
		size_t piece = rest < BUFFER_BYTES ? (size_t)rest : BUFFER_BYTES;
		ssize_t n = sc_dirtree_read(&tree->base, buffer, piece, offset);

		sc_disk_alive(tree->options.alive_ns);
		if (n < 0)
			return -1;
		if ((size_t)n < piece) {
			errno = EIO;
			return -1;
		}
		sc_digest_stream_add(stream, buffer, piece);
	}
	return 0;
}

int
sc_dirtree_verify(struct sc_backing *base, struct sc_digest *whole)
{
	struct sc_dirtree *tree = (struct sc_dirtree *)base;
	struct sc_digest_stream *stream = sc_digest_stream_new();
	uint8_t *buffer = malloc(BUFFER_BYTES);
	int errnum = ENOMEM;
	int rc = -1;

	assert(tree->decoded && tree->early.count == 0);
	if (stream != NULL && buffer != NULL) {
		set_past_cache(tree, true);
		rc = digest_stream(tree, buffer, stream);
		errnum = errno;
		set_past_cache(tree, false);
	}
	if (rc == 0)
		*whole = sc_digest_stream_value(stream);
	free(buffer);
	sc_digest_stream_free(stream);
	errno = errnum;
	return rc;
}
