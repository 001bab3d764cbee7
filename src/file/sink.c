/*
 * The sink: see sink.h.
 */
#include "file/sink.h"

#include "file/journal.h"
#include "file/resume.h"
#include "file/transfer.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct sc_sink {
	struct sc_backing *backing;
	struct sc_source_facts facts;
	struct sc_sink_options options;
	uint32_t chunk_bytes;
	uint32_t chunks;
	uint32_t stored;
	bool worth;   /* has chunks that a resume can use */
	bool spoiled; /* can't be trusted, and is not kept */
	bool committed;
	struct sc_digest sum;       /* of the chunks stored */
	struct sc_bitmap held;      /* since the opening */
	struct sc_journal *journal; /* NULL: none is kept */
	char *journal_name;
	char *new_name;       /* of a journal that is not complete */
	struct sc_error note; /* of the opening */

	/* Half of each stored chunk's digest; 0: it isn't stored.  An element is written once, by
	 * its store, and a load of that chunk comes after: so no two threads use one at the same
	 * time. */
	uint64_t *marks;
};

static const char *
dest_of(const struct sc_sink *sink)
{
	return sink->backing->part.dest;
}

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

/* A chunk is in the backing, with this digest. */
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

/* A sc_resume_tell. */
static void
hold(void *context, uint32_t chunk, struct sc_digest digest)
{
	struct sc_sink *sink = context;

	note_stored(sink, chunk, digest);
	sc_bitmap_add(&sink->held, chunk);
}

/* Find out which chunks of an earlier run's part are good.  If there is none, the part is
 * emptied. */
static int
use_left(struct sc_sink *sink, struct sc_error *err)
{
	struct sc_resume resume = {
		.backing = sink->backing,
		.now = sc_journal_header_of(&sink->facts, sink->chunk_bytes),
		.cancel = sink->options.cancel,
		.alive_ns = sink->options.alive_ns,
		.tell = hold,
		.context = sink,
	};
	const struct sc_growing *part = &sink->backing->part;
	enum sc_journal_verdict verdict =
	    sc_journal_open(part->dir_fd, sink->journal_name, &resume.journal_fd);
	int rc = 0;

	if (resume.journal_fd >= 0) {
		rc = sc_resume_find(&resume, &verdict, err);
		(void)close(resume.journal_fd); /* nothing was written */
	}
	if (rc != 0)
		return -1;
	sink->worth = sink->held.count > 0;
	if (verdict != SC_JOURNAL_SOUND)
		(void)sc_fail(&sink->note, 0,
		    "the journal of an earlier run to %s %s: nothing of it is used", dest_of(sink),
		    sc_journal_verdict_text(verdict));
	if (!sink->worth && sink->backing->ops->empty(sink->backing) != 0)
		return sc_fail(err, errno, "cannot empty the part file of %s", part->dest);
	return 0;
}

/* Without a journal the copy can still be made. */
static void
give_up_journal(struct sc_sink *sink, const struct sc_error *why)
{
	sc_journal_close(sink->journal);
	sink->journal = NULL;
	(void)sc_fail(&sink->note, why->errnum, "no journal can be kept for %s, for a resume",
	    dest_of(sink));
}

/* Begin a journal, with the chunks that are held.  The earlier run's stays until the new one gets
 * its name. */
static int
begin_journal(struct sc_sink *sink, struct sc_error *err)
{
	struct sc_journal_header header = sc_journal_header_of(&sink->facts, sink->chunk_bytes);
	const struct sc_growing *part = &sink->backing->part;
	struct sc_error why;

	sink->worth = part->left; /* until the opposite is known */
	sink->new_name = sc_part_beside(part, SC_PART_NEW_SUFFIX);
	sink->journal_name = sc_part_beside(part, SC_PART_JOURNAL_SUFFIX);
	if (sink->new_name == NULL || sink->journal_name == NULL)
		return sc_fail(err, ENOMEM, "cannot write %s", part->dest);
	if (sc_journal_create(&sink->journal, part->dir_fd, sink->new_name, &header, &why) != 0)
		give_up_journal(sink, &why);
	if (part->left && use_left(sink, err) != 0)
		return -1;
	if (sink->journal != NULL &&
	    sc_journal_publish(sink->journal, sink->journal_name, sink->held.count > 0, &why) != 0)
		give_up_journal(sink, &why);
	return 0;
}

int
sc_sink_open(struct sc_sink **out, const char *dest, const struct sc_source_facts *facts,
    uint32_t chunk_bytes, const struct sc_sink_options *options, struct sc_error *err)
{
	sc_backing_open *open_backing =
	    options->backing != NULL ? options->backing : sc_backing_open_file;
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
	sink->marks = calloc(chunks + 1, sizeof(*sink->marks));
	if (sink->marks == NULL || sc_bitmap_init(&sink->held, sink->chunks) != 0) {
		(void)sc_fail(err, ENOMEM, "cannot write %s", dest);
		goto out;
	}
	if (open_backing(&sink->backing, dest, facts, chunk_bytes, options, err) != 0)
		goto out;
	if (options->resume && begin_journal(sink, err) != 0)
		goto out;
	if (sink->backing->ops->begin(sink->backing, &sink->held, err) != 0)
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
	/* While the part is locked: the next run reads the journal. */
	sc_journal_close(sink->journal);
	if (sink->backing != NULL)
		sink->backing->ops->close(sink->backing, sink->worth && !sink->spoiled);
	sc_bitmap_free(&sink->held);
	free(sink->new_name);
	free(sink->journal_name);
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

int
sc_sink_store(struct sc_sink *sink, const struct sc_slots *slots, uint32_t slot,
    struct sc_error *err)
{
	struct sc_chunk_header header = sc_slots_header(slots, slot);
	const uint8_t *payload = header.zero ? NULL : sc_slots_payload(slots, slot);

	assert(slots->chunk_bytes == sink->chunk_bytes);
	/* The check of a slot doesn't know the source's size, and the header comes from a peer:
	 * so no assertion. */
	if (header.chunk >= sink->chunks || header.length != chunk_length(sink, header.chunk))
		return sc_fail(err, 0, "%s has no chunk %lu of %lu bytes", dest_of(sink),
		    (unsigned long)header.chunk, (unsigned long)header.length);
	assert(!sink->committed);
	assert(sink->marks[header.chunk] == 0);

	if (sink->backing->ops->store(sink->backing, payload, header.length,
		(uint64_t)header.chunk * sink->chunk_bytes, err) != 0)
		return -1;
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
	n = sink->backing->ops->read(sink->backing, payload, length,
	    (uint64_t)chunk * sink->chunk_bytes);
	if (n < 0)
		return sc_fail(err, errno, "cannot read %s back", dest_of(sink));
	if ((size_t)n == length) {
		sc_slots_seal(slots, slot, chunk, length, sc_zeros_only(payload, length));
		if (mark_of(sc_slots_header(slots, slot).digest) == sink->marks[chunk])
			return 0;
	}
	return sc_fail(err, 0, "%s gives back other bytes than were written", dest_of(sink));
}

/* After a failure the cache may have what the disk has not, and a second call may say that all is
 * well. */
static int
sync_part(struct sc_sink *sink, struct sc_error *err)
{
	if (sink->backing->ops->sync(sink->backing) == 0)
		return 0;
	sink->spoiled = true;
	return sc_fail(err, errno, "cannot write %s to its disk", dest_of(sink));
}

/* Past every cache: is what the disk has what was sent? */
static int
verify(struct sc_sink *sink, struct sc_digest whole, struct sc_error *err)
{
	struct sc_digest found;

	if (sink->backing->ops->verify(sink->backing, &found) != 0)
		return sc_fail(err, errno, "cannot read %s back", dest_of(sink));
	if (sc_digest_equal(found, whole))
		return 0;
	sink->spoiled = true;
	return sc_fail(err, 0,
	    "%s was damaged on its way to the disk: what is read back"
	    " is not what was sent",
	    dest_of(sink));
}

/* Each chunk was good, but some are another source's, and it isn't known which: probably those of
 * an earlier run, if the source changed since and its size and time did not. */
static int
fail_sum(struct sc_sink *sink, struct sc_error *err)
{
	sink->spoiled = true;
	return sc_fail(err, 0,
	    "the chunks of %s are not those of the source: their"
	    " digests differ",
	    dest_of(sink));
}

int
sc_sink_commit(struct sc_sink *sink, const struct sc_seal *seal, struct sc_error *err)
{
	assert(!sink->committed);
	assert(sink->stored == sink->chunks);
	if (!sc_digest_equal(sink->sum, seal->sum))
		return fail_sum(sink, err);
	/* The bytes first, which takes long, and their verification: a run that is cut off there
	 * leaves a part that the next run may remove, and reading would change the time of last
	 * access. */
	if (sync_part(sink, err) != 0)
		return -1;
	if (sink->options.verify && verify(sink, seal->whole, err) != 0)
		return -1;
	if (sink->backing->ops->finish(sink->backing, err) != 0)
		return -1;
	if (sync_part(sink, err) != 0)
		return -1;
	/* A caller that has given the commit up has told other nodes that there is no copy here. */
	if (sink->options.cancel != NULL && atomic_load(sink->options.cancel))
		return sc_fail(err, ECANCELED, "%s", dest_of(sink));
	return sink->backing->ops->publish(sink->backing, &sink->committed, err);
}
