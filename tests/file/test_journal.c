/*
 * The journal: what was noted is read again, and nothing else ever.
 */
#include "file/journal.h"
#include "lib/suite.h"
#include "lib/tempdir.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	CHUNK_BYTES = 4096,
	CHUNKS = 5000,
	FEW = 5,
	FEW_BYTES = SC_JOURNAL_HEADER_BYTES + FEW * SC_JOURNAL_RECORD_BYTES,
};

static const struct sc_journal_header plain = {.size_bytes = (uint64_t)CHUNKS * CHUNK_BYTES - 7,
	.mtime_s = -5,
	.mtime_ns = 999999999,
	.chunk_bytes = CHUNK_BYTES};

static char *dir;
static char *path;
static int dir_fd;

static void
set_up(void)
{
	dir = sc_tempdir_make();
	path = sc_tempdir_path(dir, "map");
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY);
	CU_ASSERT_FATAL(dir_fd >= 0);
}

static void
tear_down(void)
{
	CU_ASSERT_EQUAL(close(dir_fd), 0);
	free(path);
	sc_tempdir_remove(dir);
}

static struct sc_journal_record
record_of(uint32_t chunk)
{
	return (struct sc_journal_record){
		.chunk = chunk, .digest = sc_digest_chunk(&chunk, sizeof(chunk), chunk)};
}

static struct sc_journal *
create(const struct sc_journal_header *header)
{
	struct sc_journal *journal;
	struct sc_error err = {0};

	if (sc_journal_create(&journal, dir_fd, "new", header, &err) != 0)
		fprintf(stderr, "%s\n", err.text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(journal);
	return journal;
}

/* A journal with records of the first chunks, in descending order. */
static void
write_journal(uint32_t records)
{
	struct sc_journal *journal = create(&plain);

	CU_ASSERT_EQUAL(sc_journal_publish(journal, "map", true, NULL), 0);
	while (records > 0) {
		struct sc_journal_record record = record_of(--records);

		sc_journal_note(journal, &record);
	}
	sc_journal_close(journal);
}

/* Count what is read, which must be what was noted. */
static uint32_t
count_read(uint32_t first)
{
	struct sc_journal_reader reader;
	struct sc_journal_record record;
	uint32_t count = 0;
	int fd;

	CU_ASSERT_EQUAL_FATAL(sc_journal_open(dir_fd, "map", &fd), SC_JOURNAL_SOUND);
	if (sc_journal_read_header(&reader, fd) == SC_JOURNAL_SOUND) {
		CU_ASSERT_EQUAL(reader.header.size_bytes, plain.size_bytes);
		CU_ASSERT_EQUAL(reader.header.mtime_s, plain.mtime_s);
		CU_ASSERT_EQUAL(reader.header.mtime_ns, plain.mtime_ns);
		CU_ASSERT_EQUAL(reader.header.chunk_bytes, plain.chunk_bytes);
		while (sc_journal_read(&reader, &record)) {
			struct sc_journal_record noted = record_of(first - count);

			CU_ASSERT_EQUAL(record.chunk, noted.chunk);
			CU_ASSERT(sc_digest_equal(record.digest, noted.digest));
			count++;
		}
		CU_ASSERT(!sc_journal_read(&reader, &record));
	}
	CU_ASSERT_EQUAL(close(fd), 0);
	return count;
}

static enum sc_journal_verdict
judge(void)
{
	struct sc_journal_reader reader;
	enum sc_journal_verdict verdict;
	int fd;

	verdict = sc_journal_open(dir_fd, "map", &fd);
	if (verdict != SC_JOURNAL_SOUND) {
		CU_ASSERT_EQUAL(fd, -1);
		return verdict;
	}
	verdict = sc_journal_read_header(&reader, fd);
	CU_ASSERT_EQUAL(close(fd), 0);
	return verdict;
}

static void
what_is_noted_is_read(void)
{
	static const uint32_t counts[] = {0, 1, 125, 126, 127, 128, 129, 1000, CHUNKS};

	set_up();
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct stat st;

		write_journal(counts[i]);
		CU_ASSERT_EQUAL(count_read(counts[i] - 1), counts[i]);
		CU_ASSERT_EQUAL_FATAL(stat(path, &st), 0);
		CU_ASSERT_EQUAL(st.st_size,
		    SC_JOURNAL_HEADER_BYTES + (off_t)counts[i] * SC_JOURNAL_RECORD_BYTES);
		CU_ASSERT_EQUAL(st.st_mode & 07777, 0600);
		CU_ASSERT_EQUAL(sc_tempdir_entries(dir), 1);
	}
	tear_down();
}

/* What one version wrote, all later ones of the same number read. */
static void
the_bytes_are_frozen(void)
{
	static const uint8_t header_bytes[] = {'s', 't', 'a', 'g', 'e', 'm', 'a', 'p', 1, 0, 0, 0,
		0, 0x10, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
	static const uint8_t record_bytes[] = {4, 3, 2, 1, 0, 0, 0, 0, 0x18, 0x17, 0x16, 0x15, 0x14,
		0x13, 0x12, 0x11, 0x28, 0x27, 0x26, 0x25, 0x24, 0x23, 0x22, 0x21};
	struct sc_journal_header header = {.size_bytes = 0x0102030405060708,
		.mtime_s = -1,
		.mtime_ns = 0x01020304,
		.chunk_bytes = 4096};
	const struct sc_journal_record record = {.chunk = 0x01020304,
		.digest = {.low = 0x1112131415161718, .high = 0x2122232425262728}};
	uint8_t bytes[SC_JOURNAL_HEADER_BYTES];
	struct sc_digest digest = sc_digest_chunk(header_bytes, sizeof(header_bytes), 0);
	uint8_t checked[40];

	CU_ASSERT_EQUAL_FATAL(sizeof(header_bytes), 48);
	sc_journal_encode_header(&header, bytes);
	CU_ASSERT_EQUAL(memcmp(bytes, header_bytes, 48), 0);
	for (int i = 0; i < 8; i++) {
		CU_ASSERT_EQUAL(bytes[48 + i], (uint8_t)(digest.low >> (8 * i)));
		CU_ASSERT_EQUAL(bytes[56 + i], (uint8_t)(digest.high >> (8 * i)));
	}
	memcpy(checked, record_bytes, 24);
	memcpy(checked + 24, bytes + 48, 16);
	digest = sc_digest_chunk(checked, sizeof(checked), 0);
	sc_journal_encode_record(&header, &record, bytes);
	CU_ASSERT_EQUAL(memcmp(bytes, record_bytes, sizeof(record_bytes)), 0);
	for (int i = 0; i < 8; i++)
		CU_ASSERT_EQUAL(bytes[24 + i], (uint8_t)(digest.low >> (8 * i)));
}

static void
read_few(uint8_t bytes[FEW_BYTES])
{
	int fd = open(path, O_RDONLY);

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(read(fd, bytes, FEW_BYTES), FEW_BYTES);
	CU_ASSERT_EQUAL(close(fd), 0);
}

static void
torn_tail_ends_it_at_every_byte(void)
{
	uint8_t bytes[FEW_BYTES];

	set_up();
	write_journal(FEW);
	read_few(bytes);
	for (size_t length = 0; length <= FEW_BYTES; length++) {
		sc_test_file_write(path, bytes, length);
		if (length < SC_JOURNAL_HEADER_BYTES) {
			CU_ASSERT_EQUAL(judge(), SC_JOURNAL_DAMAGED);
			continue;
		}
		CU_ASSERT_EQUAL(judge(), SC_JOURNAL_SOUND);
		CU_ASSERT_EQUAL(count_read(FEW - 1),
		    (length - SC_JOURNAL_HEADER_BYTES) / SC_JOURNAL_RECORD_BYTES);
	}
	tear_down();
}

static void
every_bit_counts(void)
{
	uint8_t bytes[FEW_BYTES];

	set_up();
	write_journal(FEW);
	read_few(bytes);
	for (size_t bit = 0; bit < 8 * FEW_BYTES; bit++) {
		size_t at = bit / 8;

		bytes[at] ^= (uint8_t)(1u << (bit % 8));
		sc_test_file_write(path, bytes, FEW_BYTES);
		bytes[at] ^= (uint8_t)(1u << (bit % 8));
		if (at < SC_JOURNAL_HEADER_BYTES) {
			CU_ASSERT_EQUAL(judge(),
			    at >= 8 && at < 12 ? SC_JOURNAL_OTHER_VERSION : SC_JOURNAL_DAMAGED);
			continue;
		}
		CU_ASSERT_EQUAL(count_read(FEW - 1),
		    (at - SC_JOURNAL_HEADER_BYTES) / SC_JOURNAL_RECORD_BYTES);
	}
	tear_down();
}

static void
records_of_another_journal_are_none(void)
{
	struct sc_journal_header one = plain, other = plain;
	struct sc_journal_record record = record_of(3);
	uint8_t header_bytes[SC_JOURNAL_HEADER_BYTES], bytes[SC_JOURNAL_RECORD_BYTES];

	other.mtime_ns--;
	sc_journal_encode_header(&one, header_bytes);
	sc_journal_encode_header(&other, header_bytes);
	sc_journal_encode_record(&one, &record, bytes);
	CU_ASSERT(sc_journal_decode_record(&one, bytes, &record));
	CU_ASSERT(!sc_journal_decode_record(&other, bytes, &record));
	/* Nor is one of a chunk that the source doesn't have. */
	record = record_of(CHUNKS);
	sc_journal_encode_record(&one, &record, bytes);
	CU_ASSERT(!sc_journal_decode_record(&one, bytes, &record));
}

static void
senseless_numbers_are_refused(void)
{
	const struct sc_journal_header headers[] = {
		{.size_bytes = 100, .chunk_bytes = 0},
		{.size_bytes = 100, .chunk_bytes = SC_CHUNK_BYTES_MAX + 1},
		{.size_bytes = 100, .chunk_bytes = UINT32_MAX},
		{.size_bytes = (uint64_t)INT64_MAX + 1, .chunk_bytes = SC_CHUNK_BYTES_MAX},
		{.size_bytes = UINT64_MAX, .chunk_bytes = 1},
		{.size_bytes = (uint64_t)SC_CHUNKS_MAX + 1, .chunk_bytes = 1},
		{.size_bytes = 100, .chunk_bytes = 1, .mtime_ns = 1000000000},
	};
	struct sc_journal_header most = {
		.size_bytes = SC_CHUNKS_MAX, .chunk_bytes = 1, .mtime_ns = 999999999};
	uint8_t bytes[SC_JOURNAL_HEADER_BYTES];
	struct sc_journal_header read;

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		struct sc_journal_header header = headers[i];

		sc_journal_encode_header(&header, bytes);
		CU_ASSERT_EQUAL(sc_journal_decode_header(bytes, &read), SC_JOURNAL_DAMAGED);
	}
	sc_journal_encode_header(&most, bytes);
	CU_ASSERT_EQUAL(sc_journal_decode_header(bytes, &read), SC_JOURNAL_SOUND);
}

/* A journal repeats itself: more records than chunks are not read. */
static void
endless_journal_ends(void)
{
	struct sc_journal_header header = {.size_bytes = 3, .chunk_bytes = 1};
	struct sc_journal_record record = record_of(1);
	struct sc_journal_reader reader;
	struct sc_journal *journal;
	uint32_t count = 0;
	int fd;

	set_up();
	journal = create(&header);
	for (int i = 0; i < 1000; i++)
		sc_journal_note(journal, &record);
	CU_ASSERT_EQUAL(sc_journal_publish(journal, "map", false, NULL), 0);
	sc_journal_close(journal);
	CU_ASSERT_EQUAL_FATAL(sc_journal_open(dir_fd, "map", &fd), SC_JOURNAL_SOUND);
	CU_ASSERT_EQUAL_FATAL(sc_journal_read_header(&reader, fd), SC_JOURNAL_SOUND);
	while (sc_journal_read(&reader, &record))
		count++;
	CU_ASSERT_EQUAL(count, 3);
	CU_ASSERT_EQUAL(close(fd), 0);
	tear_down();
}

static void
old_journal_is_whole_until_the_new_one_is(void)
{
	struct sc_journal *journal;
	struct sc_journal_record record = record_of(0);

	set_up();
	write_journal(3);
	journal = create(&plain);
	sc_journal_note(journal, &record);
	CU_ASSERT_EQUAL(count_read(2), 3);
	sc_journal_close(journal); /* never published */
	CU_ASSERT_EQUAL(count_read(2), 3);
	CU_ASSERT_EQUAL(sc_tempdir_entries(dir), 1);
	journal = create(&plain);
	sc_journal_note(journal, &record);
	CU_ASSERT_EQUAL(sc_journal_publish(journal, "map", true, NULL), 0);
	CU_ASSERT_EQUAL(count_read(0), 1);
	sc_journal_close(journal);
	CU_ASSERT_EQUAL(count_read(0), 1);
	CU_ASSERT_EQUAL(sc_tempdir_entries(dir), 1);
	tear_down();
}

static void
what_is_not_ours_is_not_read(void)
{
	char *other;

	set_up();
	CU_ASSERT_EQUAL(judge(), SC_JOURNAL_ABSENT);
	write_journal(3);
	other = sc_tempdir_path(dir, "other");
	CU_ASSERT_EQUAL(link(path, other), 0);
	CU_ASSERT_EQUAL(judge(), SC_JOURNAL_FOREIGN);
	CU_ASSERT_EQUAL(unlink(path), 0);
	CU_ASSERT_EQUAL(symlink("other", path), 0);
	CU_ASSERT_EQUAL(judge(), SC_JOURNAL_FOREIGN);
	CU_ASSERT_EQUAL(unlink(path), 0);
	CU_ASSERT_EQUAL(mkfifo(path, 0600), 0);
	CU_ASSERT_EQUAL(judge(), SC_JOURNAL_FOREIGN);
	CU_ASSERT_EQUAL(unlink(path), 0);
	CU_ASSERT_EQUAL(mkdir(path, 0700), 0);
	CU_ASSERT_EQUAL(judge(), SC_JOURNAL_FOREIGN);
	CU_ASSERT_EQUAL(rmdir(path), 0);
	if (geteuid() == 0) {
		write_journal(3);
		CU_ASSERT_EQUAL(chown(path, 12345, 12345), 0);
		CU_ASSERT_EQUAL(judge(), SC_JOURNAL_FOREIGN);
	} else {
		printf(" (SKIPPED in part: not root) ");
	}
	free(other);
	tear_down();
}

/* A new journal neither follows a link nor keeps what a killed run left. */
static void
trap_at_the_temporary_name_is_replaced(void)
{
	char *target, *temporary;

	set_up();
	target = sc_tempdir_path(dir, "target");
	temporary = sc_tempdir_path(dir, "new");
	sc_test_file_write(target, "precious", 8);
	CU_ASSERT_EQUAL(symlink("target", temporary), 0);
	write_journal(3);
	CU_ASSERT_EQUAL(count_read(2), 3);
	sc_test_file_write(temporary, "left", 4);
	write_journal(2);
	CU_ASSERT_EQUAL(count_read(1), 2);
	CU_ASSERT(sc_test_file_equals(target, "precious", 8));
	CU_ASSERT_EQUAL(sc_tempdir_entries(dir), 2);
	CU_ASSERT_EQUAL(mkdir(temporary, 0700), 0);
	{
		struct sc_journal *journal;
		struct sc_error err = {0};

		CU_ASSERT_EQUAL(sc_journal_create(&journal, dir_fd, "new", &plain, &err), -1);
		CU_ASSERT_PTR_NULL(journal);
		CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "cannot create new"));
	}
	free(temporary);
	free(target);
	tear_down();
}

enum { NOTED_BEFORE_DEATH = 3000, KEPT_BACK_MAX = 128 };

static int
note_and_die(const char *where, void *data)
{
	struct sc_journal *journal = create(&plain);

	(void)where;
	(void)data;
	if (sc_journal_publish(journal, "map", false, NULL) != 0)
		return 1;
	for (uint32_t i = 0; i < NOTED_BEFORE_DEATH; i++) {
		struct sc_journal_record record = record_of(NOTED_BEFORE_DEATH - 1 - i);

		sc_journal_note(journal, &record);
	}
	return kill(getpid(), SIGKILL);
}

static void
killed_writer_forgets_little(void)
{
	uint32_t read;

	set_up();
	CU_ASSERT_EQUAL(sc_test_wait(sc_test_start(dir, note_and_die, NULL)), SC_TEST_KILLED);
	read = count_read(NOTED_BEFORE_DEATH - 1);
	CU_ASSERT(read >= NOTED_BEFORE_DEATH - KEPT_BACK_MAX);
	tear_down();
}

/* On a tmpfs of 16 KiB. */
static int
fill_small_disk(const char *where, void *data)
{
	char *here = sc_tempdir_path(where, "map");
	int fd = open(where, O_RDONLY | O_DIRECTORY);
	struct sc_journal *journal;
	struct sc_journal_reader reader;
	struct sc_journal_record record;
	uint32_t count = 0;

	(void)data;
	if (fd < 0 || sc_journal_create(&journal, fd, "new", &plain, NULL) != 0)
		return 1;
	if (sc_journal_publish(journal, "map", false, NULL) != 0)
		return 2;
	for (uint32_t i = 0; i < CHUNKS; i++) {
		record = record_of(i);
		sc_journal_note(journal, &record);
	}
	sc_journal_close(journal);
	if (close(fd) != 0)
		return 3;
	fd = open(here, O_RDONLY);
	if (fd < 0 || sc_journal_read_header(&reader, fd) != SC_JOURNAL_SOUND)
		return 4;
	while (sc_journal_read(&reader, &record)) {
		if (record.chunk != count++)
			return 5;
	}
	free(here);
	return count > 0 && count < CHUNKS ? 0 : 6;
}

static void
full_disk_ends_the_journal(void)
{
	int rc;

	set_up();
	rc = sc_test_on_small_tmpfs(dir, 16384, fill_small_disk, NULL);
	if (rc < 0)
		printf(" (SKIPPED: may not mount) ");
	else
		CU_ASSERT_EQUAL(rc, 0);
	tear_down();
}

static CU_TestInfo tests[] = {
	{"what is noted is read", what_is_noted_is_read},
	{"the bytes are frozen", the_bytes_are_frozen},
	{"a torn tail ends it, at every byte", torn_tail_ends_it_at_every_byte},
	{"every bit counts", every_bit_counts},
	{"another journal's records are none", records_of_another_journal_are_none},
	{"senseless numbers are refused", senseless_numbers_are_refused},
	{"an endless journal ends", endless_journal_ends},
	{"the old one is whole until the new one is", old_journal_is_whole_until_the_new_one_is},
	{"what is not ours is not read", what_is_not_ours_is_not_read},
	{"a trap at the temporary name is replaced", trap_at_the_temporary_name_is_replaced},
	{"a killed writer forgets little", killed_writer_forgets_little},
	{"a full disk ends the journal", full_disk_ends_the_journal},
	CU_TEST_INFO_NULL,
};

int
main(void)
{
	return sc_run_suite("journal", tests);
}
