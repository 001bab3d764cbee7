/*
 * The journal: which chunks are in a part, for the resume of a run that was cut off.  It is
 * .NAME.stagecast.map, beside .NAME.stagecast.part.
 *
 * A resume reads every chunk that a journal names back from the part and
 * compares its checksum.  So a record is a hint, and needs no order of syncs
 * with the data: a record that reached the disk ahead of its chunk, or outlived its chunk
 * in a power failure, costs a read and nothing else.
 *
 * The file is a header and records, all integers little-endian:
 *
 *     at  bytes  header
 *      0      8  "stagemap"
 *      8      4  version: 1
 *     12      4  chunk_bytes
 *     16      8  size of the source
 *     24      8  mtime of the source: seconds, signed
 *     32      4  mtime of the source: nanoseconds
 *     36      4  zeros
 *     40      8  low half of the manifest's XXH3-128; 0: the source has none
 *     48     16  XXH3-128 of the 48 bytes before, low half first
 *
 *     at  bytes  record, of a chunk that was stored
 *      0      4  number of the chunk
 *      4      4  zeros
 *      8     16  the checksum that travels with the chunk (digest.h), low half first
 *     24      8  low half of the XXH3-128 of the 24 bytes before and the header's checksum
 *
 * So a record of another journal is not taken for one of this journal.  The first bytes that are
 * no record end it: a record that a killed run wrote half, what a failed disk made of it, and
 * anything behind.
 */
#ifndef SC_FILE_JOURNAL_H
#define SC_FILE_JOURNAL_H

#include "base/error.h"
#include "file/digest.h"
#include "file/source.h"

#include <stdbool.h>
#include <stdint.h>

enum { SC_JOURNAL_HEADER_BYTES = 64, SC_JOURNAL_RECORD_BYTES = 32 };

/* By what a source is recognized.  Its other facts say nothing of its bytes, or can change while
 * the bytes don't. */
struct sc_journal_header {
	uint64_t size_bytes;
	int64_t mtime_s;
	uint32_t mtime_ns;
	uint32_t chunk_bytes;
	uint64_t manifest;
	struct sc_digest check; /* of the header itself; set by encoding and decoding */
};

struct sc_journal_record {
	uint32_t chunk;
	struct sc_digest digest;
};

/* What a journal that was found is worth. */
enum sc_journal_verdict {
	SC_JOURNAL_SOUND,
	SC_JOURNAL_ABSENT,
	SC_JOURNAL_FOREIGN,    /* a link, no regular file, or not of this user alone */
	SC_JOURNAL_UNREADABLE, /* by an error of the system */
	SC_JOURNAL_DAMAGED,
	SC_JOURNAL_OTHER_VERSION,
	SC_JOURNAL_OTHER_SOURCE,
};

/* "is damaged": what follows "the journal ..." in a sentence. */
const char *sc_journal_verdict_text(enum sc_journal_verdict);

/* The header for a source and a size of chunks. */
struct sc_journal_header sc_journal_header_of(const struct sc_source_facts *, uint32_t chunk_bytes);

/* Chunks of that source. */
uint64_t sc_journal_chunks(const struct sc_journal_header *);

/* Write the bytes of a header, and set its check. */
void sc_journal_encode_header(struct sc_journal_header *, uint8_t bytes[SC_JOURNAL_HEADER_BYTES]);
void sc_journal_encode_record(const struct sc_journal_header *, const struct sc_journal_record *,
    uint8_t bytes[SC_JOURNAL_RECORD_BYTES]);

/* These trust nothing.  A header is SOUND, DAMAGED (also with numbers that make no sense) or
 * OTHER_VERSION. */
enum sc_journal_verdict sc_journal_decode_header(const uint8_t bytes[SC_JOURNAL_HEADER_BYTES],
    struct sc_journal_header *);
bool sc_journal_decode_record(const struct sc_journal_header *,
    const uint8_t bytes[SC_JOURNAL_RECORD_BYTES], struct sc_journal_record *);

/*
 * Open a journal for reading, if it is a regular file of this user with no other name, and not
 * through a link.  If it isn't SC_JOURNAL_SOUND, *fd is -1.
 */
enum sc_journal_verdict sc_journal_open(int dir_fd, const char *name, int *fd);

/* Reads a journal from its beginning.  Memory: this struct. */
struct sc_journal_reader {
	int fd; /* borrowed */
	struct sc_journal_header header;
	uint64_t offset; /* of what comes after the buffer */
	uint64_t left;   /* records that may follow: no journal has more than chunks */
	uint32_t used;
	uint32_t filled;
	uint8_t buffer[128 * SC_JOURNAL_RECORD_BYTES];
};

/* Read the header.  If it isn't SC_JOURNAL_SOUND, nothing more can be read. */
enum sc_journal_verdict sc_journal_read_header(struct sc_journal_reader *, int fd);

/* The next record, its chunk one of the source's.  False at the end, and at what is no record. */
bool sc_journal_read(struct sc_journal_reader *, struct sc_journal_record *);

struct sc_journal; /* opaque: one that is written; used by one thread at a time */

/*
 * Begin a journal under a temporary name in a directory (both borrowed; what has
 * that name is removed).  sc_journal_publish gives it its own name, so that
 * an older journal is whole until then.  -1 with a sentence that names the file.
 */
int sc_journal_create(struct sc_journal **, int dir_fd, const char *temporary,
    const struct sc_journal_header *, struct sc_error *);

/*
 * Note a chunk that was stored.  Records are written 128 at a time; those that were kept back for
 * 100 ms are written together with the next one.  So a process that is killed loses no more than
 * that.  A record that can't be written (the disk is full) ends the journal, which is no error: a
 * resume will find less.
 */
void sc_journal_note(struct sc_journal *, const struct sc_journal_record *);

/*
 * Rename it to its name, which may exist.  durable: sync it before that, which may take long.  -1
 * with a sentence; then it can only be closed.
 */
int sc_journal_publish(struct sc_journal *, const char *name, bool durable, struct sc_error *);

/* Write the records that were kept back, and close.  A journal that was not published is removed.
 * NULL is fine. */
void sc_journal_close(struct sc_journal *);

#endif
