/*
 * A journal of anybody beside a part file: exactly those chunks are held whose
 * bytes are in records that are right, whatever else is in the journal.
 *
 * The first byte of an input says what is made right in it beforehand, since
 * nobody guesses a checksum; the second one the size that chunks have now.  The
 * rest is the journal.
 */
#define _GNU_SOURCE /* memfd_create */
#include "base/random.h"
#include "file/resume.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

enum {
	RIGHT_CHECKS = 1,  /* of the header and the records */
	RIGHT_SOURCE = 2,  /* the header's size and time */
	RIGHT_DIGESTS = 4, /* of records of which the first byte of the digest is even */
	SHORT_PART = 8,    /* the part file ends early */
};

enum { SIZE = 3000, SHORT_SIZE = 2500, JOURNAL_BYTES_MAX = 1 << 14 };

static const uint32_t sizes[] = {1, 7, 64, 100, 1000, 1500, SIZE - 1, SIZE, SIZE + 1, 1 << 20};

static uint8_t part[SIZE];
static int journal_fd;

/* What was told, and what should be. */
struct tale {
	uint32_t chunk_bytes;
	uint8_t times[SIZE];
	size_t part_bytes;
};

static void
need(bool held)
{
	if (!held)
		abort();
}

static uint32_t
chunk_length(uint32_t chunk, uint32_t chunk_bytes)
{
	uint64_t rest = SIZE - (uint64_t)chunk * chunk_bytes;

	return rest < chunk_bytes ? (uint32_t)rest : chunk_bytes;
}

static struct sc_digest
digest_of(uint32_t chunk, uint32_t chunk_bytes)
{
	return sc_digest_chunk(part + (size_t)chunk * chunk_bytes, chunk_length(chunk, chunk_bytes),
	    chunk);
}

static void
told(void *context, uint32_t chunk, struct sc_digest digest)
{
	struct tale *tale = context;

	need((uint64_t)chunk * tale->chunk_bytes < SIZE);
	need(tale->times[chunk]++ == 0);
	need(sc_digest_equal(digest, digest_of(chunk, tale->chunk_bytes)));
}

/* The part, or what there is of it. */
struct part_backing {
	struct sc_backing base;
	size_t bytes;
};

static ssize_t
read_part(struct sc_backing *base, void *bytes, size_t length, uint64_t offset)
{
	size_t end = ((const struct part_backing *)base)->bytes;

	if (offset >= end)
		return 0;
	if (length > end - offset)
		length = end - (size_t)offset;
	memcpy(bytes, part + offset, length);
	return (ssize_t)length;
}

static void
make_files(void)
{
	struct sc_random random = {.state = 1};

	for (size_t i = 0; i < SIZE; i++)
		part[i] = i / 300 % 3 == 2 ? 0 : (uint8_t)sc_random_next(&random);
	journal_fd = memfd_create("journal", 0);
	need(journal_fd >= 0);
}

static uint64_t
get_le(const uint8_t *in, size_t width)
{
	uint64_t value = 0;

	for (size_t i = 0; i < width; i++)
		value |= (uint64_t)in[i] << (8 * i);
	return value;
}

static void
put_le(uint8_t *out, uint64_t value, size_t width)
{
	for (size_t i = 0; i < width; i++)
		out[i] = (uint8_t)(value >> (8 * i));
}

/* What the last 8 bytes of a record have to be. */
static uint64_t
record_check(const uint8_t *journal, const uint8_t *record)
{
	uint8_t checked[24 + 16];

	memcpy(checked, record, 24);
	memcpy(checked + 24, journal + 48, 16);
	return sc_digest_chunk(checked, sizeof(checked), 0).low;
}

static void
repair(uint8_t *bytes, size_t length, uint8_t right)
{
	uint32_t chunk_bytes = (uint32_t)get_le(bytes + 12, 4);
	struct sc_digest digest;

	if (right & RIGHT_SOURCE) {
		put_le(bytes + 16, SIZE, 8);
		put_le(bytes + 24, 1, 8);
		put_le(bytes + 32, 2, 4);
		put_le(bytes + 40, 0, 8);
	}
	digest = sc_digest_chunk(bytes, 48, 0);
	put_le(bytes + 48, digest.low, 8);
	put_le(bytes + 56, digest.high, 8);
	for (size_t at = SC_JOURNAL_HEADER_BYTES; at + SC_JOURNAL_RECORD_BYTES <= length;
	    at += SC_JOURNAL_RECORD_BYTES) {
		uint32_t chunk = (uint32_t)get_le(bytes + at, 4);

		if (right & RIGHT_DIGESTS && bytes[at + 8] % 2 == 0 && chunk_bytes > 0 &&
		    (uint64_t)chunk * chunk_bytes < SIZE) {
			digest = digest_of(chunk, chunk_bytes);
			put_le(bytes + at + 8, digest.low, 8);
			put_le(bytes + at + 16, digest.high, 8);
		}
		put_le(bytes + at + 24, record_check(bytes, bytes + at), 8);
	}
}

/* Mark the bytes of the part file that a sound journal vouches for. */
static void
vouch(const struct sc_journal_header *header, const uint8_t *bytes, size_t length,
    size_t part_bytes, bool vouched[SIZE])
{
	uint64_t left = sc_journal_chunks(header);

	for (size_t at = SC_JOURNAL_HEADER_BYTES;
	    at + SC_JOURNAL_RECORD_BYTES <= length && left > 0;
	    at += SC_JOURNAL_RECORD_BYTES, left--) {
		uint8_t again[SC_JOURNAL_RECORD_BYTES];
		struct sc_journal_record record;
		bool good = get_le(bytes + at + 24, 8) == record_check(bytes, bytes + at) &&
		    get_le(bytes + at + 4, 4) == 0 &&
		    get_le(bytes + at, 4) < sc_journal_chunks(header);
		size_t begin, end;

		need(sc_journal_decode_record(header, bytes + at, &record) == good);
		if (!good)
			return;
		sc_journal_encode_record(header, &record, again);
		need(memcmp(again, bytes + at, sizeof(again)) == 0);
		begin = (size_t)record.chunk * header->chunk_bytes;
		end = begin + chunk_length(record.chunk, header->chunk_bytes);
		if (end <= part_bytes &&
		    sc_digest_equal(record.digest, digest_of(record.chunk, header->chunk_bytes)))
			memset(vouched + begin, true, end - begin);
	}
}

/* Was told what had to be, and nothing else? */
static void
check(const struct tale *tale, enum sc_journal_verdict verdict, const uint8_t *bytes, size_t length)
{
	uint8_t again[SC_JOURNAL_HEADER_BYTES];
	struct sc_journal_header header;
	bool vouched[SIZE] = {false};
	bool sound = length >= SC_JOURNAL_HEADER_BYTES &&
	    sc_journal_decode_header(bytes, &header) == SC_JOURNAL_SOUND;

	if (sound) {
		sc_journal_encode_header(&header, again);
		need(memcmp(again, bytes, sizeof(again)) == 0);
		need(header.chunk_bytes > 0 && header.mtime_ns < 1000000000);
		sound = header.size_bytes == SIZE && header.mtime_s == 1 && header.mtime_ns == 2 &&
		    header.manifest == 0;
	}
	need(sound == (verdict == SC_JOURNAL_SOUND));
	if (sound)
		vouch(&header, bytes, length, tale->part_bytes, vouched);
	for (uint32_t chunk = 0; (uint64_t)chunk * tale->chunk_bytes < SIZE; chunk++) {
		size_t begin = (size_t)chunk * tale->chunk_bytes;
		bool whole = true;

		for (size_t i = 0; i < chunk_length(chunk, tale->chunk_bytes); i++)
			whole = whole && vouched[begin + i];
		need(tale->times[chunk] == (whole ? 1 : 0));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *input, size_t length)
{
	static uint8_t bytes[JOURNAL_BYTES_MAX];
	enum sc_journal_verdict verdict = SC_JOURNAL_ABSENT;
	struct tale tale = {0};
	static const struct sc_backing_ops ops = {.read = read_part};
	struct part_backing backing = {.base.ops = &ops};
	struct sc_resume resume = {.backing = &backing.base, .tell = told, .context = &tale};

	if (length < 2 || length - 2 > sizeof(bytes))
		return 0;
	if (journal_fd == 0)
		make_files();
	memcpy(bytes, input + 2, length - 2);
	tale.chunk_bytes = sizes[input[1] % (sizeof(sizes) / sizeof(sizes[0]))];
	tale.part_bytes = input[0] & SHORT_PART ? SHORT_SIZE : SIZE;
	length -= 2;
	if (input[0] & RIGHT_CHECKS && length >= SC_JOURNAL_HEADER_BYTES)
		repair(bytes, length, input[0]);
	need(ftruncate(journal_fd, 0) == 0);
	need(pwrite(journal_fd, bytes, length, 0) == (ssize_t)length);
	backing.bytes = tale.part_bytes;
	resume.journal_fd = journal_fd;
	resume.now = (struct sc_journal_header){
		.size_bytes = SIZE, .mtime_s = 1, .mtime_ns = 2, .chunk_bytes = tale.chunk_bytes};
	need(sc_resume_find(&resume, &verdict, NULL) == 0);
	check(&tale, verdict, bytes, length);
	return 0;
}
