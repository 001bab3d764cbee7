/*
 * The journal: see journal.h.
 */
#include "file/journal.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/limits.h"
#include "file/transfer.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { VERSION = 1, HEADER_CHECKED_BYTES = 48, RECORD_CHECKED_BYTES = 24, RECORDS_KEPT = 128 };

static const uint8_t magic[8] = {'s', 't', 'a', 'g', 'e', 'm', 'a', 'p'};

/* No record is kept back for longer than this while others follow it. */
static const uint64_t keep_ns = 100 * 1000 * 1000;

struct sc_journal {
	int fd;
	int dir_fd;            /* borrowed */
	const char *temporary; /* borrowed; NULL: it has its name */
	int failure;           /* an errno: what is written from now on could not be read */
	struct sc_journal_header header;
	uint64_t offset; /* where the buffer's bytes go */
	uint64_t written_ns;
	uint32_t used;
	uint8_t buffer[RECORDS_KEPT * SC_JOURNAL_RECORD_BYTES];
};

const char *
sc_journal_verdict_text(enum sc_journal_verdict verdict)
{
	static const char *const texts[] = {
		[SC_JOURNAL_SOUND] = "is sound",
		[SC_JOURNAL_ABSENT] = "is missing",
		[SC_JOURNAL_FOREIGN] = "is a link, or not this user's own",
		[SC_JOURNAL_UNREADABLE] = "can't be read",
		[SC_JOURNAL_DAMAGED] = "is damaged",
		[SC_JOURNAL_OTHER_VERSION] = "is another version's",
		[SC_JOURNAL_OTHER_SOURCE] = "is of another source",
	};

	assert((size_t)verdict < sizeof(texts) / sizeof(texts[0]));
	return texts[verdict];
}

struct sc_journal_header
sc_journal_header_of(const struct sc_source_facts *facts, uint32_t chunk_bytes)
{
	return (struct sc_journal_header){
		.size_bytes = facts->size_bytes,
		.mtime_s = facts->mtime_s,
		.mtime_ns = facts->mtime_ns,
		.chunk_bytes = chunk_bytes,
		.manifest = facts->manifest_bytes == 0 ? 0 : facts->manifest.low,
	};
}

uint64_t
sc_journal_chunks(const struct sc_journal_header *header)
{
	return header->size_bytes / header->chunk_bytes +
	    (header->size_bytes % header->chunk_bytes != 0);
}

void
sc_journal_encode_header(struct sc_journal_header *header, uint8_t bytes[SC_JOURNAL_HEADER_BYTES])
{
	struct sc_bytes_writer writer = {.bytes = bytes, .capacity = SC_JOURNAL_HEADER_BYTES};

	memcpy(bytes, magic, sizeof(magic));
	writer.used = sizeof(magic);
	sc_bytes_put(&writer, VERSION, 4);
	sc_bytes_put(&writer, header->chunk_bytes, 4);
	sc_bytes_put(&writer, header->size_bytes, 8);
	sc_bytes_put(&writer, (uint64_t)header->mtime_s, 8);
	sc_bytes_put(&writer, header->mtime_ns, 4);
	sc_bytes_put(&writer, 0, 4);
	sc_bytes_put(&writer, header->manifest, 8);
	assert(writer.used == HEADER_CHECKED_BYTES);
	header->check = sc_digest_chunk(bytes, HEADER_CHECKED_BYTES, 0);
	sc_bytes_put(&writer, header->check.low, 8);
	sc_bytes_put(&writer, header->check.high, 8);
	assert(writer.used == SC_JOURNAL_HEADER_BYTES);
}

static bool
makes_sense(const struct sc_journal_header *header)
{
	return header->chunk_bytes > 0 && header->chunk_bytes <= SC_CHUNK_BYTES_MAX &&
	    header->size_bytes <= INT64_MAX && header->mtime_ns < 1000000000 &&
	    sc_journal_chunks(header) <= SC_CHUNKS_MAX;
}

enum sc_journal_verdict
sc_journal_decode_header(const uint8_t bytes[SC_JOURNAL_HEADER_BYTES],
    struct sc_journal_header *header)
{
	struct sc_bytes_reader reader = {
		.bytes = bytes + sizeof(magic), .left = SC_JOURNAL_HEADER_BYTES - sizeof(magic)};
	uint64_t zeros;

	if (memcmp(bytes, magic, sizeof(magic)) != 0)
		return SC_JOURNAL_DAMAGED;
	/* Where another version's checksum is isn't known, so that it can't be checked. */
	if (sc_bytes_get(&reader, 4) != VERSION)
		return SC_JOURNAL_OTHER_VERSION;
	header->chunk_bytes = (uint32_t)sc_bytes_get(&reader, 4);
	header->size_bytes = sc_bytes_get(&reader, 8);
	header->mtime_s = (int64_t)sc_bytes_get(&reader, 8);
	header->mtime_ns = (uint32_t)sc_bytes_get(&reader, 4);
	zeros = sc_bytes_get(&reader, 4);
	header->manifest = sc_bytes_get(&reader, 8);
	header->check.low = sc_bytes_get(&reader, 8);
	header->check.high = sc_bytes_get(&reader, 8);
	assert(!reader.bad && reader.left == 0);
	if (!sc_digest_equal(header->check, sc_digest_chunk(bytes, HEADER_CHECKED_BYTES, 0)) ||
	    zeros != 0 || !makes_sense(header))
		return SC_JOURNAL_DAMAGED;
	return SC_JOURNAL_SOUND;
}

/* The checksum of a record's bytes, in the journal with this header. */
static uint64_t
record_check(const struct sc_journal_header *header, const uint8_t *bytes)
{
	uint8_t checked[RECORD_CHECKED_BYTES + 16];
	struct sc_bytes_writer writer = {
		.bytes = checked, .used = RECORD_CHECKED_BYTES, .capacity = sizeof(checked)};

	memcpy(checked, bytes, RECORD_CHECKED_BYTES);
	sc_bytes_put(&writer, header->check.low, 8);
	sc_bytes_put(&writer, header->check.high, 8);
	return sc_digest_chunk(checked, sizeof(checked), 0).low;
}

void
sc_journal_encode_record(const struct sc_journal_header *header,
    const struct sc_journal_record *record, uint8_t bytes[SC_JOURNAL_RECORD_BYTES])
{
	struct sc_bytes_writer writer = {.bytes = bytes, .capacity = SC_JOURNAL_RECORD_BYTES};

	sc_bytes_put(&writer, record->chunk, 4);
	sc_bytes_put(&writer, 0, 4);
	sc_bytes_put(&writer, record->digest.low, 8);
	sc_bytes_put(&writer, record->digest.high, 8);
	assert(writer.used == RECORD_CHECKED_BYTES);
	sc_bytes_put(&writer, record_check(header, bytes), 8);
	assert(writer.used == SC_JOURNAL_RECORD_BYTES);
}

bool
sc_journal_decode_record(const struct sc_journal_header *header,
    const uint8_t bytes[SC_JOURNAL_RECORD_BYTES], struct sc_journal_record *record)
{
	struct sc_bytes_reader reader = {.bytes = bytes, .left = SC_JOURNAL_RECORD_BYTES};
	uint64_t zeros;

	record->chunk = (uint32_t)sc_bytes_get(&reader, 4);
	zeros = sc_bytes_get(&reader, 4);
	record->digest.low = sc_bytes_get(&reader, 8);
	record->digest.high = sc_bytes_get(&reader, 8);
	return sc_bytes_get(&reader, 8) == record_check(header, bytes) && zeros == 0 &&
	    record->chunk < sc_journal_chunks(header);
}

enum sc_journal_verdict
sc_journal_open(int dir_fd, const char *name, int *fd)
{
	struct stat st;

	*fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (*fd < 0) {
		if (errno == ENOENT)
			return SC_JOURNAL_ABSENT;
		return errno == ELOOP ? SC_JOURNAL_FOREIGN : SC_JOURNAL_UNREADABLE;
	}
	if (fstat(*fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	    st.st_nlink == 1)
		return SC_JOURNAL_SOUND;
	(void)close(*fd); /* nothing was written */
	*fd = -1;
	return SC_JOURNAL_FOREIGN;
}

enum sc_journal_verdict
sc_journal_read_header(struct sc_journal_reader *reader, int fd)
{
	uint8_t bytes[SC_JOURNAL_HEADER_BYTES];
	ssize_t n = sc_read_at(fd, bytes, sizeof(bytes), 0);
	enum sc_journal_verdict verdict;

	if (n < 0)
		return SC_JOURNAL_UNREADABLE;
	if ((size_t)n < sizeof(bytes))
		return SC_JOURNAL_DAMAGED;
	verdict = sc_journal_decode_header(bytes, &reader->header);
	if (verdict != SC_JOURNAL_SOUND)
		return verdict;
	reader->fd = fd;
	reader->offset = SC_JOURNAL_HEADER_BYTES;
	reader->left = sc_journal_chunks(&reader->header);
	reader->used = reader->filled = 0;
	return SC_JOURNAL_SOUND;
}

bool
sc_journal_read(struct sc_journal_reader *reader, struct sc_journal_record *record)
{
	if (reader->left == 0)
		return false;
	if (reader->used == reader->filled) {
		ssize_t n =
		    sc_read_at(reader->fd, reader->buffer, sizeof(reader->buffer), reader->offset);

		if (n < SC_JOURNAL_RECORD_BYTES)
			return false;
		reader->used = 0;
		reader->filled = (uint32_t)(n - n % SC_JOURNAL_RECORD_BYTES);
		reader->offset += reader->filled;
	}
	if (!sc_journal_decode_record(&reader->header, reader->buffer + reader->used, record)) {
		reader->left = 0;
		return false;
	}
	reader->used += SC_JOURNAL_RECORD_BYTES;
	reader->left--;
	return true;
}

int
sc_journal_create(struct sc_journal **out, int dir_fd, const char *temporary,
    const struct sc_journal_header *header, struct sc_error *err)
{
	struct sc_journal *journal = malloc(sizeof(*journal));

	*out = NULL;
	if (journal == NULL)
		return sc_fail(err, ENOMEM, "cannot create %s", temporary);
	*journal = (struct sc_journal){
		.dir_fd = dir_fd,
		.temporary = temporary,
		.header = *header,
		.written_ns = sc_clock_now_ns(),
	};
	/* Left by a run that was killed just here. */
	if (unlinkat(dir_fd, temporary, 0) != 0 && errno != ENOENT)
		goto fail;
	journal->fd =
	    openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (journal->fd < 0)
		goto fail;
	sc_journal_encode_header(&journal->header, journal->buffer);
	journal->used = SC_JOURNAL_HEADER_BYTES;
	*out = journal;
	return 0;
fail:
	(void)sc_fail(err, errno, "cannot create %s", temporary);
	free(journal);
	return -1;
}

/* After a write that failed none follows: a gap would end the journal for its reader anyway. */
static int
flush(struct sc_journal *journal)
{
	if (journal->failure != 0)
		return -1;
	if (sc_write_at(journal->fd, journal->buffer, journal->used, journal->offset) != 0) {
		journal->failure = errno;
		return -1;
	}
	journal->offset += journal->used;
	journal->used = 0;
	return 0;
}

void
sc_journal_note(struct sc_journal *journal, const struct sc_journal_record *record)
{
	uint64_t now_ns = sc_clock_now_ns();

	if (journal->failure != 0)
		return;
	sc_journal_encode_record(&journal->header, record, journal->buffer + journal->used);
	journal->used += SC_JOURNAL_RECORD_BYTES;
	if (journal->used < sizeof(journal->buffer) && now_ns - journal->written_ns < keep_ns)
		return;
	journal->written_ns = now_ns;
	(void)flush(journal); /* a failure ends the journal: see journal.h */
}

int
sc_journal_publish(struct sc_journal *journal, const char *name, bool durable, struct sc_error *err)
{
	assert(journal->temporary != NULL);
	if (flush(journal) != 0)
		return sc_fail(err, journal->failure, "cannot write %s", name);
	if (durable && fsync(journal->fd) != 0)
		return sc_fail(err, errno, "cannot write %s to its disk", name);
	if (renameat(journal->dir_fd, journal->temporary, journal->dir_fd, name) != 0)
		return sc_fail(err, errno, "cannot rename %s to %s", journal->temporary, name);
	journal->temporary = NULL;
	return 0;
}

void
sc_journal_close(struct sc_journal *journal)
{
	if (journal == NULL)
		return;
	if (journal->temporary != NULL)
		(void)unlinkat(journal->dir_fd, journal->temporary, 0); /* the next run will */
	else
		(void)flush(journal);
	(void)close(journal->fd); /* a resume reads only what arrived on the disk */
	free(journal);
}
