/*
 * What an earlier run left: see resume.h.
 */
#include "file/resume.h"

#include "base/bitmap.h"
#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/* A chunk is read in pieces of this size at most. */
enum { BUFFER_BYTES = 1 << 18 };

struct find {
	const struct sc_resume *resume;
	struct sc_journal_reader reader;
	struct sc_digest_stream *stream;
	uint8_t *buffer;
	struct sc_bitmap verified; /* the journal's chunks whose checksums held */
};

static bool
same_source(const struct sc_journal_header *a, const struct sc_journal_header *b)
{
	return a->size_bytes == b->size_bytes && a->mtime_s == b->mtime_s &&
	    a->mtime_ns == b->mtime_ns && a->manifest == b->manifest;
}

static bool
cancelled(const struct find *find)
{
	const atomic_bool *cancel = find->resume->cancel;

	return cancel != NULL && atomic_load(cancel);
}

/* Read a piece, all of it. */
static bool
read_piece(struct find *find, size_t length, uint64_t offset)
{
	struct sc_backing *backing = find->resume->backing;
	ssize_t n;

	if (cancelled(find))
		return false;
	if (find->resume->alive_ns != NULL)
		atomic_store(find->resume->alive_ns, sc_clock_now_ns());
	n = backing->ops->read(backing, find->buffer, length, offset);
	return n >= 0 && (size_t)n == length;
}

/* Digest a chunk of the size that the header says.  False if it can't be read, or it was
 * cancelled. */
static bool
digest_chunk(struct find *find, const struct sc_journal_header *header, uint32_t chunk,
    struct sc_digest *digest)
{
	uint64_t offset = (uint64_t)chunk * header->chunk_bytes;
	uint64_t end = offset + header->chunk_bytes;

	assert(offset < header->size_bytes);
	if (end > header->size_bytes)
		end = header->size_bytes;
	sc_digest_stream_restart(find->stream, chunk);
	while (offset < end) {
		size_t piece = end - offset < BUFFER_BYTES ? (size_t)(end - offset) : BUFFER_BYTES;

		if (!read_piece(find, piece, offset))
			return false;
		sc_digest_stream_add(find->stream, find->buffer, piece);
		offset += piece;
	}
	*digest = sc_digest_stream_value(find->stream);
	return true;
}

/* Compare the chunks that the journal names with what is there.  They are told at once if chunks
 * still have the same size. */
static void
verify(struct find *find)
{
	const struct sc_resume *resume = find->resume;
	bool same_size = find->reader.header.chunk_bytes == resume->now.chunk_bytes;
	struct sc_journal_record record;

	while (!cancelled(find) && sc_journal_read(&find->reader, &record)) {
		struct sc_digest found;

		if (sc_bitmap_has(&find->verified, record.chunk) ||
		    !digest_chunk(find, &find->reader.header, record.chunk, &found) ||
		    !sc_digest_equal(found, record.digest))
			continue;
		sc_bitmap_add(&find->verified, record.chunk);
		if (same_size)
			resume->tell(resume->context, record.chunk, found);
	}
}

/* Are all bytes of a chunk (of the size that chunks have now) in chunks that were verified? */
static bool
is_covered(const struct find *find, uint32_t chunk)
{
	const struct sc_journal_header *now = &find->resume->now;
	uint64_t begin = (uint64_t)chunk * now->chunk_bytes;
	uint64_t end = begin + now->chunk_bytes;
	uint32_t chunk_bytes = find->reader.header.chunk_bytes;

	if (end > now->size_bytes)
		end = now->size_bytes;
	for (uint64_t i = begin / chunk_bytes; i <= (end - 1) / chunk_bytes; i++) {
		if (!sc_bitmap_has(&find->verified, (uint32_t)i))
			return false;
	}
	return true;
}

/* Tell of the chunks whose bytes were verified in chunks of another size. */
static void
translate(struct find *find)
{
	const struct sc_resume *resume = find->resume;
	uint64_t chunks = sc_journal_chunks(&resume->now);

	for (uint32_t chunk = 0; chunk < chunks && !cancelled(find); chunk++) {
		struct sc_digest found;

		if (is_covered(find, chunk) && digest_chunk(find, &resume->now, chunk, &found))
			resume->tell(resume->context, chunk, found);
	}
}

int
sc_resume_find(const struct sc_resume *resume, enum sc_journal_verdict *verdict,
    struct sc_error *err)
{
	struct find find = {.resume = resume};
	enum sc_journal_verdict found = sc_journal_read_header(&find.reader, resume->journal_fd);
	int rc = 0;

	if (found == SC_JOURNAL_SOUND && !same_source(&find.reader.header, &resume->now))
		found = SC_JOURNAL_OTHER_SOURCE;
	if (found != SC_JOURNAL_SOUND) {
		*verdict = found;
		return 0;
	}
	find.stream = sc_digest_stream_new();
	find.buffer = malloc(BUFFER_BYTES);
	if (find.stream == NULL || find.buffer == NULL ||
	    sc_bitmap_init(&find.verified, (uint32_t)sc_journal_chunks(&find.reader.header)) != 0) {
		rc = sc_fail(err, ENOMEM, "cannot look for what an earlier run left");
		goto out;
	}
	verify(&find);
	if (find.verified.count > 0 && find.reader.header.chunk_bytes != resume->now.chunk_bytes)
		translate(&find);
	if (cancelled(&find))
		rc = sc_fail(err, ECANCELED, "looking for what an earlier run left");
	else
		*verdict = SC_JOURNAL_SOUND;
out:
	sc_bitmap_free(&find.verified);
	free(find.buffer);
	sc_digest_stream_free(find.stream);
	return rc;
}
