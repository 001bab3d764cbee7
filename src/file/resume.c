/*
 * What an earlier run left: see resume.h.
 */
#include "file/resume.h"

#include "base/bitmap.h"

#include <assert.h>
#include <errno.h>

struct find {
	const struct sc_resume *resume;
	struct sc_journal_reader reader;
	struct sc_scan scan;
	struct sc_bitmap verified; /* the journal's chunks whose checksums held */
};

static bool
same_source(const struct sc_journal_header *a, const struct sc_journal_header *b)
{
	return a->size_bytes == b->size_bytes && a->mtime_s == b->mtime_s &&
	    a->mtime_ns == b->mtime_ns && a->manifest == b->manifest;
}

/* Digest a chunk of the size that the header says.  0, or -1 with errno. */
static int
digest_chunk(struct find *find, const struct sc_journal_header *header, uint32_t chunk,
    struct sc_digest *digest)
{
	uint64_t offset = (uint64_t)chunk * header->chunk_bytes;
	uint64_t rest = header->size_bytes - offset;
	uint32_t length = rest < header->chunk_bytes ? (uint32_t)rest : header->chunk_bytes;

	assert(offset < header->size_bytes);
	return sc_scan_chunk(&find->scan, offset, length, chunk, digest);
}

static bool
cancelled(const struct find *find)
{
	const atomic_bool *cancel = find->resume->cancel;

	return cancel != NULL && atomic_load(cancel);
}

/* Compare what the journal names with what is there.  Chunks that are still
 * of the same size are told at once. */
static void
verify(struct find *find)
{
	const struct sc_resume *resume = find->resume;
	bool same_size = find->reader.header.chunk_bytes == resume->now.chunk_bytes;
	struct sc_journal_record record;

	while (!cancelled(find) && sc_journal_read(&find->reader, &record)) {
		struct sc_digest found;

		if (sc_bitmap_has(&find->verified, record.chunk) ||
		    digest_chunk(find, &find->reader.header, record.chunk, &found) != 0 ||
		    !sc_digest_equal(found, record.digest))
			continue;
		sc_bitmap_add(&find->verified, record.chunk);
		if (same_size)
			resume->tell(resume->context, record.chunk, found);
	}
}

/* Are all bytes of a chunk of now in chunks that were verified? */
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

/* Tell of the chunks of now that were verified in chunks of another size. */
static void
translate(struct find *find)
{
	const struct sc_resume *resume = find->resume;
	uint64_t chunks = sc_journal_chunks(&resume->now);

	for (uint32_t chunk = 0; chunk < chunks && !cancelled(find); chunk++) {
		struct sc_digest found;

		if (is_covered(find, chunk) && digest_chunk(find, &resume->now, chunk, &found) == 0)
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
	if (sc_scan_init(&find.scan, resume->part_fd, resume->cancel) != 0 ||
	    sc_bitmap_init(&find.verified, (uint32_t)sc_journal_chunks(&find.reader.header)) != 0) {
		rc = sc_fail(err, ENOMEM, "cannot look for what an earlier run left");
		goto out;
	}
	find.scan.alive_ns = resume->alive_ns;
	find.scan.read = resume->read;
	find.scan.read_context = resume->read_context;
	verify(&find);
	if (find.verified.count > 0 && find.reader.header.chunk_bytes != resume->now.chunk_bytes)
		translate(&find);
	if (cancelled(&find))
		rc = sc_fail(err, ECANCELED, "looking for what an earlier run left");
	else
		*verdict = SC_JOURNAL_SOUND;
out:
	sc_bitmap_free(&find.verified);
	sc_scan_free(&find.scan);
	return rc;
}
