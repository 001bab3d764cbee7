/*
 * The sink: see sink.h.
 */
#include "file/sink.h"

#include "base/units.h"
#include "file/attributes.h"
#include "file/journal.h"
#include "file/part.h"
#include "file/platform.h"
#include "file/resume.h"
#include "file/transfer.h"
#include "file/verify.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

struct sc_sink {
	struct sc_part part;
	struct sc_source_facts facts;
	struct sc_sink_options options;
	uint32_t chunk_bytes;
	uint32_t chunks;
	uint32_t stored;
	bool sparse; /* the source has holes */
	bool fresh;  /* where nothing was stored, the part file reads as zeros */
	bool worth;  /* to be kept, for a resume */
	bool spoiled;
	bool committed;
	struct sc_digest sum;       /* of the chunks stored */
	struct sc_bitmap held;      /* since the opening */
	struct sc_journal *journal; /* NULL: none is kept */
	struct sc_error note;       /* of the opening */

	/* Half of each stored chunk's digest, or 0 for one that isn't stored.
	 * An element is written once, by its store, and a load of that chunk
	 * comes after: no two threads meet at one. */
	uint64_t *marks;
};

static uint64_t
mark_of(struct sc_digest digest)
{
	return digest.low != 0 ? digest.low : 1;
}

static uint32_t
chunk_length(const struct sc_sink *sink, uint32_t chunk)
{
	uint64_t rest = sink->facts.size_bytes - (uint64_t)chunk * sink->chunk_bytes;

	return rest < sink->chunk_bytes ? (uint32_t)rest : sink->chunk_bytes;
}

/* What this user may still fill; UINT64_MAX if the file system doesn't say. */
static int
free_bytes(const struct sc_sink *sink, uint64_t *bytes)
{
	struct statvfs fs;

	if (fstatvfs(sink->part.fd, &fs) != 0)
		return -1;
	if (fs.f_blocks == 0)
		*bytes = UINT64_MAX;
	else
		*bytes = (uint64_t)fs.f_frsize * (geteuid() == 0 ? fs.f_bfree : fs.f_bavail);
	return 0;
}

static int
fail_space(const struct sc_sink *sink, uint64_t needed, uint64_t free_now, struct sc_error *err)
{
	char needs[SC_UNIT_TEXT_BYTES];
	char has[SC_UNIT_TEXT_BYTES];

	return sc_fail(err, 0, "%s needs %s, %s are free", sink->part.dest,
	    sc_format_size((double)needed, needs), sc_format_size((double)free_now, has));
}

/* Give the part file its size, and the space for it if the source has no
 * holes; with holes only look if there is enough. */
static int
reserve(struct sc_sink *sink, struct sc_error *err)
{
	uint64_t size = sink->facts.size_bytes;
	uint64_t needed = sink->sparse ? sink->facts.allocated_bytes : size;
	uint64_t available, taken;
	struct stat st;

	if (free_bytes(sink, &available) != 0 || fstat(sink->part.fd, &st) != 0)
		return sc_fail(err, errno, "cannot learn how much space there is for %s",
		    sink->part.dest);
	taken = (uint64_t)st.st_blocks * 512; /* by an earlier run */
	needed = needed > taken ? needed - taken : 0;
	if (needed > available)
		return fail_space(sink, needed, available, err);
	if (ftruncate(sink->part.fd, (off_t)size) != 0)
		return sc_fail(err, errno, "cannot make the part file of %s as large as it is",
		    sink->part.dest);
	if (sink->sparse || size == 0 || sc_platform_reserve(sink->part.fd, size) == 0 ||
	    errno == EOPNOTSUPP)
		return 0;
	if (errno == ENOSPC)
		return fail_space(sink, needed, available, err);
	return sc_fail(err, errno, "cannot reserve the space for %s", sink->part.dest);
}

/* A chunk is in the part file, with this digest. */
static void
note_stored(struct sc_sink *sink, uint32_t chunk, struct sc_digest digest)
{
	const struct sc_journal_record record = {.chunk = chunk, .digest = digest};

	assert(sink->marks[chunk] == 0);
	sink->marks[chunk] = mark_of(digest);
	sc_digest_sum_add(&sink->sum, chunk, digest);
	sink->stored++;
	if (sink->journal != NULL)
		sc_journal_note(sink->journal, &record);
}

/* A sc_scan_tell. */
static void
hold(void *context, uint32_t chunk, struct sc_digest digest)
{
	struct sc_sink *sink = context;

	note_stored(sink, chunk, digest);
	sc_bitmap_add(&sink->held, chunk);
}

/* Find out which chunks of the part file of an earlier run hold.  If there is
 * none, it is emptied. */
static int
take_left(struct sc_sink *sink, struct sc_error *err)
{
	struct sc_resume resume = {
		.part_fd = sink->part.fd,
		.now = sc_journal_header_of(&sink->facts, sink->chunk_bytes),
		.cancel = sink->options.cancel,
		.alive_ns = sink->options.alive_ns,
		.tell = hold,
		.context = sink,
	};
	enum sc_journal_verdict verdict =
	    sc_journal_open(sink->part.dir_fd, sink->part.journal_name, &resume.journal_fd);
	int rc = 0;

	sink->worth = true; /* as far as we know */
	if (resume.journal_fd >= 0) {
		rc = sc_resume_find(&resume, &verdict, err);
		(void)close(resume.journal_fd); /* nothing was written */
	}
	if (rc != 0)
		return -1;
	sink->worth = sink->held.count > 0;
	sink->fresh = !sink->worth;
	if (verdict != SC_JOURNAL_SOUND)
		(void)sc_fail(&sink->note, 0,
		    "the journal of an earlier run to %s %s: nothing of it is used",
		    sink->part.dest, sc_journal_verdict_text(verdict));
	if (sink->fresh && ftruncate(sink->part.fd, 0) != 0)
		return sc_fail(err, errno, "cannot empty the part file of %s", sink->part.dest);
	return 0;
}

/* Without a journal the copy can still be made. */
static void
give_up_journal(struct sc_sink *sink, const struct sc_error *why)
{
	sc_journal_close(sink->journal);
	sink->journal = NULL;
	(void)sc_fail(&sink->note, why->errnum, "no journal can be kept for %s, for a resume",
	    sink->part.dest);
}

/* Begin a journal, with the chunks that are held.  Those of the earlier run
 * are in its own until this one takes its place. */
static int
begin_journal(struct sc_sink *sink, struct sc_error *err)
{
	struct sc_journal_header header = sc_journal_header_of(&sink->facts, sink->chunk_bytes);
	struct sc_error why;

	if (sc_journal_create(&sink->journal, sink->part.dir_fd, sink->part.new_name, &header,
		&why) != 0)
		give_up_journal(sink, &why);
	if (sink->part.left && take_left(sink, err) != 0)
		return -1;
	if (sink->journal != NULL &&
	    sc_journal_publish(sink->journal, sink->part.journal_name, sink->held.count > 0,
		&why) != 0)
		give_up_journal(sink, &why);
	return 0;
}

int
sc_sink_open(struct sc_sink **out, const char *dest, const struct sc_source_facts *facts,
    uint32_t chunk_bytes, const struct sc_sink_options *options, struct sc_error *err)
{
	const struct sc_part_options part_options = {
		.force = options->force,
		.resume = options->resume,
		.owner = options->preserve ? facts->uid : geteuid(),
	};
	uint64_t chunks;
	struct sc_sink *sink;

	assert(chunk_bytes > 0);
	*out = NULL;
	chunks = facts->size_bytes / chunk_bytes + (facts->size_bytes % chunk_bytes != 0);
	if (facts->size_bytes > INT64_MAX || chunks > SC_CHUNKS_MAX)
		return sc_fail(err, EFBIG, "cannot write %s", dest);
	sink = calloc(1, sizeof(*sink));
	if (sink == NULL)
		return sc_fail(err, ENOMEM, "cannot write %s", dest);
	sink->facts = *facts;
	sink->options = *options;
	sink->chunk_bytes = chunk_bytes;
	sink->chunks = (uint32_t)chunks;
	sink->sparse = facts->allocated_bytes < facts->size_bytes;
	sink->fresh = true;
	sink->part.fd = sink->part.dir_fd = -1;
	sink->marks = calloc(chunks + 1, sizeof(*sink->marks));
	if (sink->marks == NULL || sc_bitmap_init(&sink->held, sink->chunks) != 0) {
		(void)sc_fail(err, ENOMEM, "cannot write %s", dest);
		goto out;
	}
	if (sc_part_open(&sink->part, dest, &part_options, err) != 0)
		goto out;
	if (options->resume && begin_journal(sink, err) != 0)
		goto out;
	if (reserve(sink, err) != 0)
		goto out;
	*out = sink;
	return 0;
out:
	sc_sink_close(sink);
	return -1;
}

void
sc_sink_close(struct sc_sink *sink)
{
	if (sink == NULL)
		return;
	/* While the part file is locked: the next run reads it. */
	sc_journal_close(sink->journal);
	sc_part_close(&sink->part, sink->worth && !sink->spoiled);
	sc_bitmap_free(&sink->held);
	free(sink->marks);
	free(sink);
}

const struct sc_bitmap *
sc_sink_held(const struct sc_sink *sink)
{
	return &sink->held;
}

const char *
sc_sink_note(const struct sc_sink *sink)
{
	return sink->note.text;
}

/* What an earlier run left where a chunk goes that is not written as a whole. */
static int
clear(const struct sc_sink *sink, uint64_t offset, uint32_t length)
{
	if (sink->sparse && sc_platform_punch(sink->part.fd, offset, length) == 0)
		return 0;
	return sc_write_zeros_at(sink->part.fd, length, offset);
}

int
sc_sink_store(struct sc_sink *sink, const struct sc_slots *slots, uint32_t slot,
    struct sc_error *err)
{
	struct sc_chunk_header header = sc_slots_header(slots, slot);
	uint64_t offset = (uint64_t)header.chunk * sink->chunk_bytes;
	const uint8_t *payload = sc_slots_payload(slots, slot);
	int rc = 0;

	assert(slots->chunk_bytes == sink->chunk_bytes);
	/* The slot's check knows nothing of the file's size, and the header is a
	 * peer's word: no reason to fall over our own assertion. */
	if (header.chunk >= sink->chunks || header.length != chunk_length(sink, header.chunk))
		return sc_fail(err, 0, "%s has no chunk %lu of %lu bytes", sink->part.dest,
		    (unsigned long)header.chunk, (unsigned long)header.length);
	assert(!sink->committed);
	assert(sink->marks[header.chunk] == 0);

	/* What isn't written reads as zeros. */
	if (!sink->fresh && (header.zero || sink->sparse))
		rc = clear(sink, offset, header.length);
	if (rc != 0)
		return sc_fail(err, errno, "cannot write %s", sink->part.dest);
	if (!header.zero && sink->sparse)
		rc = sc_write_sparse_at(sink->part.fd, payload, header.length, offset);
	else if (!header.zero)
		rc = sc_write_at(sink->part.fd, payload, header.length, offset);
	if (rc != 0)
		return sc_fail(err, errno, "cannot write %s", sink->part.dest);
	note_stored(sink, header.chunk, header.digest);
	sink->worth = sink->worth || sink->journal != NULL;
	return 0;
}

int
sc_sink_load(struct sc_sink *sink, const struct sc_slots *slots, uint32_t slot, uint32_t chunk,
    struct sc_error *err)
{
	uint8_t *payload = sc_slots_payload(slots, slot);
	uint32_t length;
	ssize_t n;

	assert(slots->chunk_bytes == sink->chunk_bytes);
	assert(chunk < sink->chunks && sink->marks[chunk] != 0);
	length = chunk_length(sink, chunk);
	n = sc_read_at(sink->part.fd, payload, length, (uint64_t)chunk * sink->chunk_bytes);
	if (n < 0)
		return sc_fail(err, errno, "cannot read %s back", sink->part.dest);
	if ((size_t)n == length) {
		sc_slots_seal(slots, slot, chunk, length, sc_zeros_only(payload, length));
		if (mark_of(sc_slots_header(slots, slot).digest) == sink->marks[chunk])
			return 0;
	}
	return sc_fail(err, 0, "%s gives back other bytes than were written", sink->part.dest);
}

/* If it fails, what is read back from the cache is not what the disk has, and
 * a second call may say that all is well. */
static int
sync_part(struct sc_sink *sink, struct sc_error *err)
{
	if (fsync(sink->part.fd) == 0)
		return 0;
	sink->spoiled = true;
	return sc_fail(err, errno, "cannot write %s to its disk", sink->part.dest);
}

/* The file that will be read is the one that was sent, past every cache. */
static int
verify(struct sc_sink *sink, const struct sc_digest *whole, struct sc_error *err)
{
	const struct sc_part *part = &sink->part;
	struct sc_digest found;

	if (sc_verify_read(part->fd, part->dir_fd, part->part_name, sink->facts.size_bytes,
		&found) != 0)
		return sc_fail(err, errno, "cannot read %s back", part->dest);
	if (sc_digest_equal(found, *whole))
		return 0;
	sink->spoiled = true;
	return sc_fail(err, 0,
	    "%s was damaged on its way to the disk: what is read back"
	    " is not what was sent",
	    part->dest);
}

/* Chunk by chunk all were good, but some are another file's: which, nobody
 * knows.  Those of an earlier run, if the source changed since and its size
 * and time did not. */
static int
fail_sum(struct sc_sink *sink, struct sc_error *err)
{
	sink->spoiled = true;
	return sc_fail(err, 0,
	    "the chunks of %s are not those of the source: their"
	    " digests differ",
	    sink->part.dest);
}

int
sc_sink_commit(struct sc_sink *sink, const struct sc_digest *sum, const struct sc_digest *whole,
    struct sc_error *err)
{
	assert(!sink->committed);
	assert(sink->stored == sink->chunks);
	if (!sc_digest_equal(sink->sum, *sum))
		return fail_sum(sink, err);
	/* The bytes first, which takes its time, and their verification: a run
	 * that is cut off there leaves a part file that the next one may remove,
	 * and reading would spoil the time of last access. */
	if (sync_part(sink, err) != 0)
		return -1;
	if (sink->options.verify && verify(sink, whole, err) != 0)
		return -1;
	if (sc_attributes_give(sink->part.fd, sink->part.dest, &sink->facts, sink->options.preserve,
		err) != 0)
		return -1;
	if (sync_part(sink, err) != 0)
		return -1;
	/* Whoever has given it up has told others that there is no copy here. */
	if (sink->options.cancel != NULL && atomic_load(sink->options.cancel))
		return sc_fail(err, ECANCELED, "%s", sink->part.dest);
	return sc_part_publish(&sink->part, sink->options.force, &sink->committed, err);
}
