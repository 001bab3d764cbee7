/*
 * What an archive is compressed with: see unpack_stream.h.
 */
#include "archive/unpack_stream.h"

#include "base/limits.h"

#include <archive.h>
#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { PIECE_BYTES = 1 << 17, MAGIC_BYTES = 6 };

/* As inflateInit2 says: the largest window, in a gzip wrapper. */
enum { GZIP_WINDOW_BITS = 15 + 16 };

struct sc_unpack_stream {
	struct sc_unpack_source source;
	uint64_t offset;
	struct sc_error *err; /* of the call in which libarchive calls back */
	bool failed;          /* the source */

	/* Neither raw nor gzip: the archive is not compressed. */
	struct archive *raw; /* zstd, xz, bzip2 */
	bool gzip;
	bool in_member; /* of the gzip */
	bool any_member;
	z_stream z;

	size_t used; /* of in, by what decompresses */
	size_t filled;
	uint8_t in[PIECE_BYTES];
	uint8_t out[PIECE_BYTES];
};

static const struct {
	const char *name;
	const char magic[MAGIC_BYTES + 1];
	size_t length;
	int filter; /* libarchive's; none for gzip, whose checksum libarchive doesn't compare */
} compressions[] = {
	{"gzip", "\x1f\x8b", 2, ARCHIVE_FILTER_NONE},
	{"zstd", "\x28\xb5\x2f\xfd", 4, ARCHIVE_FILTER_ZSTD},
	{"xz", "\xfd\x37zXZ", 6, ARCHIVE_FILTER_XZ},
	{"bzip2", "BZh", 3, ARCHIVE_FILTER_BZIP2},
};

/* Fill `in` when it is empty.  1, 0 at the end, -1. */
static int
refill(struct sc_unpack_stream *stream, struct sc_error *err)
{
	ssize_t n;

	if (stream->used < stream->filled)
		return 1;
	assert(stream->used == stream->filled);
	stream->used = stream->filled = 0;
	n = stream->source.read(stream->source.context, stream->in, sizeof(stream->in),
	    stream->offset, err);
	if (n <= 0)
		return (int)n;
	assert((size_t)n <= sizeof(stream->in));
	stream->offset += (uint64_t)n;
	stream->filled = (size_t)n;
	return 1;
}

/* All that was read and not used yet, after reading more if there is nothing.  How many bytes, 0 at the
 * end, or -1. */
static ssize_t
next_bytes(struct sc_unpack_stream *stream, const void **bytes, struct sc_error *err)
{
	ssize_t n = refill(stream, err);

	if (n <= 0)
		return n;
	*bytes = stream->in + stream->used;
	n = (ssize_t)(stream->filled - stream->used);
	stream->used = stream->filled;
	return n;
}

/* What libarchive decompresses.  An archive_read_callback. */
static la_ssize_t
feed(struct archive *raw, void *context, const void **bytes)
{
	struct sc_unpack_stream *stream = context;
	ssize_t n = next_bytes(stream, bytes, stream->err);

	if (n >= 0)
		return n;
	stream->failed = true;
	archive_set_error(raw, EIO, "the archive can't be read");
	return -1;
}

/* Fail with what libarchive says; if the source failed, that has said why already. */
static int
fail_raw(const struct sc_unpack_stream *stream, const char *name, struct sc_error *err)
{
	const char *why = archive_error_string(stream->raw);

	if (stream->failed)
		return -1;
	return sc_fail(err, 0, "its %s can't be decompressed: %s", name,
	    why != NULL ? why : "no reason given");
}

static int
open_raw(struct sc_unpack_stream *stream, size_t which, struct sc_error *err)
{
	struct archive_entry *entry;
	int rc;

	stream->raw = archive_read_new();
	if (stream->raw == NULL)
		return sc_fail(err, ENOMEM, "cannot decompress");
	/* This filter alone: what is compressed twice is no tar.  A warning says that libarchive
	 * would start a program to decompress, which may not be there. */
	if (archive_read_append_filter(stream->raw, compressions[which].filter) != ARCHIVE_OK)
		return sc_fail(err, 0, "this system's libarchive does not know %s",
		    compressions[which].name);
	if (archive_read_support_format_raw(stream->raw) != ARCHIVE_OK ||
	    archive_read_support_format_empty(stream->raw) != ARCHIVE_OK ||
	    archive_read_open(stream->raw, stream, NULL, feed, NULL) != ARCHIVE_OK)
		return fail_raw(stream, compressions[which].name, err);
	rc = archive_read_next_header(stream->raw, &entry);
	if (rc != ARCHIVE_OK && rc != ARCHIVE_EOF)
		return fail_raw(stream, compressions[which].name, err);
	return 0;
}

/* The first bytes can come in pieces. */
static int
read_magic(struct sc_unpack_stream *stream, struct sc_error *err)
{
	while (stream->filled < MAGIC_BYTES) {
		ssize_t n = stream->source.read(stream->source.context, stream->in + stream->filled,
		    sizeof(stream->in) - stream->filled, stream->offset, err);

		if (n < 0)
			return -1;
		if (n == 0)
			break;
		stream->offset += (uint64_t)n;
		stream->filled += (size_t)n;
	}
	return 0;
}

static int
open_compressed(struct sc_unpack_stream *stream, size_t which, struct sc_error *err)
{
	if (compressions[which].filter != ARCHIVE_FILTER_NONE)
		return open_raw(stream, which, err);
	if (inflateInit2(&stream->z, GZIP_WINDOW_BITS) != Z_OK)
		return sc_fail(err, ENOMEM, "cannot decompress");
	stream->gzip = true;
	return 0;
}

int
sc_unpack_stream_open(struct sc_unpack_stream **out, const struct sc_unpack_source *source,
    struct sc_error *err)
{
	struct sc_unpack_stream *stream = calloc(1, sizeof(*stream));
	int rc;

	*out = NULL;
	if (stream == NULL)
		return sc_fail(err, ENOMEM, "cannot decompress");
	stream->source = *source;
	stream->err = err;
	rc = read_magic(stream, err);
	for (size_t i = 0; i < sizeof(compressions) / sizeof(compressions[0]) && rc == 0; i++) {
		if (stream->filled >= compressions[i].length &&
		    memcmp(stream->in, compressions[i].magic, compressions[i].length) == 0) {
			rc = open_compressed(stream, i, err);
			break;
		}
	}
	if (rc == 0)
		*out = stream;
	else
		sc_unpack_stream_close(stream);
	return rc;
}

static int
fail_gzip(const char *why, struct sc_error *err)
{
	return sc_fail(err, 0, "its gzip can't be decompressed: %s", why);
}

/* Between members of a gzip, of which there may be several: 1 if another one begins, 0 if there is
 * none, or -1.  Zeros between and behind them fill up a tape's block. */
static int
next_member(struct sc_unpack_stream *stream, struct sc_error *err)
{
	int rc;

	while ((rc = refill(stream, err)) == 1) {
		if (stream->in[stream->used] == 0 && stream->any_member) {
			stream->used++;
			continue;
		}
		if (stream->any_member && stream->in[stream->used] != 0x1f)
			return fail_gzip("something else follows its end", err);
		if (inflateReset(&stream->z) != Z_OK)
			return fail_gzip("it can't begin", err);
		stream->any_member = true;
		stream->in_member = true;
		return 1;
	}
	return rc;
}

static ssize_t
read_gzip(struct sc_unpack_stream *stream, const void **bytes, struct sc_error *err)
{
	z_stream *z = &stream->z;
	int rc;

	z->next_out = stream->out;
	z->avail_out = sizeof(stream->out);
	while (z->avail_out == sizeof(stream->out)) {
		rc = stream->in_member ? refill(stream, err) : next_member(stream, err);
		if (rc < 0)
			return -1;
		if (rc == 0 && stream->in_member)
			return fail_gzip("it ends early", err);
		if (rc == 0)
			break;
		z->next_in = stream->in + stream->used;
		z->avail_in = (uInt)(stream->filled - stream->used);
		rc = inflate(z, Z_NO_FLUSH);
		stream->used = stream->filled - z->avail_in;
		stream->in_member = rc != Z_STREAM_END;
		if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
			return fail_gzip(z->msg != NULL ? z->msg : "it is damaged", err);
	}
	*bytes = stream->out;
	return (ssize_t)(sizeof(stream->out) - z->avail_out);
}

static ssize_t
read_raw(struct sc_unpack_stream *stream, const void **bytes, struct sc_error *err)
{
	la_int64_t offset;
	size_t length = 0;
	int rc;

	stream->err = err;
	do
		rc = archive_read_data_block(stream->raw, bytes, &length, &offset);
	while (rc == ARCHIVE_OK && length == 0);
	if (rc == ARCHIVE_EOF)
		return 0;
	if (rc != ARCHIVE_OK)
		return fail_raw(stream, archive_filter_name(stream->raw, 0), err);
	return (ssize_t)length;
}

ssize_t
sc_unpack_stream_read(struct sc_unpack_stream *stream, const void **bytes, struct sc_error *err)
{
	if (stream->gzip)
		return read_gzip(stream, bytes, err);
	if (stream->raw != NULL)
		return read_raw(stream, bytes, err);
	return next_bytes(stream, bytes, err);
}

void
sc_unpack_stream_close(struct sc_unpack_stream *stream)
{
	if (stream == NULL)
		return;
	if (stream->gzip)
		(void)inflateEnd(&stream->z);
	/* Its status is about writing. */
	if (stream->raw != NULL)
		(void)archive_read_free(stream->raw);
	free(stream);
}
