/*
 * The source: its bytes, its holes, and how it notices that it changes.
 */
#include "file/source.h"
#include "lib/suite.h"
#include "lib/tempdir.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK_BYTES = 8192 };

static char *dir;
static char *path;
static struct sc_slots slots;

static void
set_up(void)
{
	dir = sc_tempdir_make();
	path = sc_tempdir_path(dir, "source");
	CU_ASSERT_EQUAL_FATAL(sc_slots_init(&slots, 2, CHUNK_BYTES, NULL), 0);
}

static void
tear_down(void)
{
	sc_slots_free(&slots);
	free(path);
	sc_tempdir_remove(dir);
}

static struct sc_source *
open_source(struct sc_source_facts *facts)
{
	struct sc_source *source;
	struct sc_error err = {0};

	if (sc_source_open(&source, path, facts, &err) != 0)
		fprintf(stderr, "%s\n", err.text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(source);
	return source;
}

/* Does slot 0 hold these bytes as that chunk? */
static bool
holds(const uint8_t *bytes, size_t length, uint32_t chunk)
{
	struct sc_chunk_header header;

	if (!sc_slots_check(&slots, 0, sc_slots_message_bytes(&slots, 0), &header) ||
	    header.chunk != chunk || header.length != length)
		return false;
	if (header.zero) {
		for (size_t i = 0; i < length; i++) {
			if (bytes[i] != 0)
				return false;
		}
		return true;
	}
	return memcmp(sc_slots_payload(&slots, 0), bytes, length) == 0;
}

/* Read all chunks; each must be what bytes says.  Returns how many were zero. */
static uint32_t
read_all(struct sc_source *source, const uint8_t *bytes, size_t length, struct sc_digest *sum)
{
	uint32_t zeros = 0;

	for (uint32_t chunk = 0; (size_t)chunk * CHUNK_BYTES < length; chunk++) {
		size_t at = (size_t)chunk * CHUNK_BYTES;
		size_t rest = length - at < CHUNK_BYTES ? length - at : CHUNK_BYTES;

		CU_ASSERT_EQUAL_FATAL(sc_source_read(source, &slots, 0, chunk, NULL), 0);
		CU_ASSERT(holds(bytes + at, rest, chunk));
		zeros += sc_slots_header(&slots, 0).zero;
		sc_digest_sum_add(sum, chunk, sc_digest_chunk(bytes + at, rest, chunk));
	}
	return zeros;
}

static void
every_size_is_read_whole(void)
{
	static const size_t sizes[] = {0, 1, 4095, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1,
		12345, 10 * CHUNK_BYTES, 10 * CHUNK_BYTES + 777};

	set_up();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint8_t *bytes = sc_test_bytes(sizes[i], i);
		struct sc_digest expected = {0};
		struct sc_seal seal;
		struct sc_source_facts facts;
		struct sc_source *source;

		sc_test_file_write(path, bytes, sizes[i]);
		source = open_source(&facts);
		CU_ASSERT_EQUAL(facts.size_bytes, sizes[i]);
		CU_ASSERT_EQUAL(read_all(source, bytes, sizes[i], &expected), 0);
		CU_ASSERT_EQUAL(sc_source_finish(source, &seal, NULL), 0);
		CU_ASSERT(sc_digest_equal(seal.sum, expected));
		CU_ASSERT(sc_digest_equal(seal.whole, sc_digest_chunk(bytes, sizes[i], 0)));
		sc_source_close(source);
		free(bytes);
	}
	tear_down();
}

static void
facts_are_those_of_the_file(void)
{
	const struct timespec times[2] = {
		{.tv_sec = 1000, .tv_nsec = 7}, {.tv_sec = 2000, .tv_nsec = 9}};
	struct sc_source_facts facts;
	struct sc_source *source;
	struct stat st;

	set_up();
	sc_test_file_write(path, "abc", 3);
	CU_ASSERT_EQUAL(chmod(path, 0751), 0);
	CU_ASSERT_EQUAL(utimensat(AT_FDCWD, path, times, 0), 0);
	source = open_source(&facts);
	CU_ASSERT_EQUAL(facts.size_bytes, 3);
	CU_ASSERT_EQUAL(facts.mode, 0751);
	CU_ASSERT_EQUAL(facts.atime_s, 1000);
	CU_ASSERT_EQUAL(facts.mtime_s, 2000);
	CU_ASSERT_EQUAL(facts.mtime_ns, 9);
	CU_ASSERT_EQUAL(facts.uid, geteuid());
	CU_ASSERT_EQUAL_FATAL(stat(path, &st), 0);
	CU_ASSERT(sc_source_is(source, st.st_dev, st.st_ino));
	CU_ASSERT(!sc_source_is(source, st.st_dev, st.st_ino + 1));
	sc_source_close(source);
	sc_source_close(NULL);
	tear_down();
}

/* Order of reading: earlier chunks again, later ones early. */
static void
order_does_not_change_the_digests(void)
{
	static const uint32_t order[] = {0, 0, 2, 1, 5, 0, 3};
	size_t size = 6 * CHUNK_BYTES - 5;
	uint8_t *bytes = sc_test_bytes(size, 1);
	struct sc_digest expected = {0};
	struct sc_seal seal;
	struct sc_source_facts facts;
	struct sc_source *source;

	set_up();
	sc_test_file_write(path, bytes, size);
	source = open_source(&facts);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		CU_ASSERT_EQUAL(sc_source_read(source, &slots, 1, order[i], NULL), 0);
	CU_ASSERT_EQUAL(sc_source_finish(source, &seal, NULL), 0);
	CU_ASSERT(sc_digest_equal(seal.whole, sc_digest_chunk(bytes, size, 0)));
	read_all(source, bytes, size, &expected);
	CU_ASSERT(sc_digest_equal(seal.sum, expected));
	sc_source_close(source);
	free(bytes);
	tear_down();
}

static void
zeros_and_holes_become_zero_chunks(void)
{
	size_t size = 40 * CHUNK_BYTES + 100;
	uint8_t *bytes = calloc(1, size);
	struct sc_digest expected = {0};
	struct sc_seal seal;
	struct sc_source_facts facts;
	struct sc_source *source;
	int fd;

	set_up();
	CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
	/* Chunk 0 and the last: a hole; 7: data; 8: written zeros; 20: a byte at
	 * its end; 30: a byte at its start. */
	memset(bytes + 7 * CHUNK_BYTES, 'x', CHUNK_BYTES);
	bytes[21 * CHUNK_BYTES - 1] = 1;
	bytes[30 * CHUNK_BYTES] = 1;
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(ftruncate(fd, (off_t)size), 0);
	CU_ASSERT_EQUAL(pwrite(fd, bytes + 7 * CHUNK_BYTES, 2 * CHUNK_BYTES, 7 * CHUNK_BYTES),
	    2 * CHUNK_BYTES);
	CU_ASSERT_EQUAL(pwrite(fd, "\1", 1, 21 * CHUNK_BYTES - 1), 1);
	CU_ASSERT_EQUAL(pwrite(fd, "\1", 1, 30 * CHUNK_BYTES), 1);
	CU_ASSERT_EQUAL(close(fd), 0);

	source = open_source(&facts);
	CU_ASSERT(facts.allocated_bytes < size / 2);
	CU_ASSERT_EQUAL(read_all(source, bytes, size, &expected), 41 - 3);
	/* Backwards: what is known of the holes is for chunks that follow. */
	for (uint32_t chunk = 40; chunk-- > 0;) {
		CU_ASSERT_EQUAL(sc_source_read(source, &slots, 0, chunk, NULL), 0);
		CU_ASSERT(holds(bytes + (size_t)chunk * CHUNK_BYTES, CHUNK_BYTES, chunk));
	}
	CU_ASSERT_EQUAL(sc_source_finish(source, &seal, NULL), 0);
	CU_ASSERT(sc_digest_equal(seal.sum, expected));
	CU_ASSERT(sc_digest_equal(seal.whole, sc_digest_chunk(bytes, size, 0)));
	sc_source_close(source);
	free(bytes);
	tear_down();
}

/* Opening path must fail with this sentence after the path. */
static void
expect_refused(const char *name, const char *why)
{
	struct sc_source *source;
	struct sc_source_facts facts;
	struct sc_error err = {0};
	char *other = sc_tempdir_path(dir, name);

	CU_ASSERT_EQUAL(sc_source_open(&source, other, &facts, &err), -1);
	CU_ASSERT_PTR_NULL(source);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, other));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, why));
	free(other);
}

static void
what_is_no_regular_file_is_refused(void)
{
	char *fifo;

	set_up();
	fifo = sc_tempdir_path(dir, "fifo");
	CU_ASSERT_EQUAL(mkfifo(fifo, 0600), 0);
	sc_test_file_write(path, "", 0);
	expect_refused("fifo", "is a named pipe");
	expect_refused(".", "is a directory");
	expect_refused("nothing", "No such file or directory");
	expect_refused("source/x", "Not a directory");
	expect_refused("../../../../../../../../../../dev/null", "is not a regular file");
	free(fifo);
	tear_down();
}

static void
shrunken_source_is_noticed(void)
{
	uint8_t *bytes = sc_test_bytes(3 * CHUNK_BYTES, 1);
	struct sc_source_facts facts;
	struct sc_source *source;
	struct sc_error err = {0};

	set_up();
	sc_test_file_write(path, bytes, 3 * CHUNK_BYTES);
	source = open_source(&facts);
	CU_ASSERT_EQUAL(sc_source_read(source, &slots, 0, 0, NULL), 0);
	CU_ASSERT_EQUAL(truncate(path, CHUNK_BYTES + 5), 0);
	CU_ASSERT_EQUAL(sc_source_read(source, &slots, 0, 1, &err), -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "source shrank while it was read"));
	sc_source_close(source);
	free(bytes);
	tear_down();
}

/* Something happens to the file after all of it was read. */
static void
expect_change_noticed(void (*change)(void))
{
	struct sc_source_facts facts;
	struct sc_source *source;
	struct sc_seal seal;
	struct sc_error err = {0};
	struct timespec old[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

	sc_test_file_write(path, "0123456789", 10);
	CU_ASSERT_EQUAL(utimensat(AT_FDCWD, path, old, 0), 0);
	source = open_source(&facts);
	CU_ASSERT_EQUAL(sc_source_read(source, &slots, 0, 0, NULL), 0);
	CU_ASSERT_EQUAL(sc_source_finish(source, &seal, NULL), 0);
	change();
	CU_ASSERT_EQUAL(sc_source_finish(source, &seal, &err), -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "source changed while it was read"));
	sc_source_close(source);
}

static void
grow(void)
{
	CU_ASSERT_EQUAL(truncate(path, 11), 0);
}

static void
rewrite(void)
{
	sc_test_file_write(path, "0123456788", 10);
}

/* Its mtime is put back afterwards; the ctime can't be. */
static void
rewrite_secretly(void)
{
	struct timespec old[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
	struct stat before, after;

	CU_ASSERT_EQUAL_FATAL(stat(path, &before), 0);
	do {
		rewrite();
		CU_ASSERT_EQUAL_FATAL(utimensat(AT_FDCWD, path, old, 0), 0);
		CU_ASSERT_EQUAL_FATAL(stat(path, &after), 0);
	} while (before.st_ctim.tv_sec == after.st_ctim.tv_sec &&
	    before.st_ctim.tv_nsec == after.st_ctim.tv_nsec);
}

static void
changed_source_is_noticed(void)
{
	set_up();
	expect_change_noticed(grow);
	expect_change_noticed(rewrite);
	expect_change_noticed(rewrite_secretly);
	tear_down();
}

static CU_TestInfo tests[] = {
	{"every size is read whole", every_size_is_read_whole},
	{"the facts are those of the file", facts_are_those_of_the_file},
	{"order does not change the digests", order_does_not_change_the_digests},
	{"zeros and holes become zero chunks", zeros_and_holes_become_zero_chunks},
	{"what is no regular file is refused", what_is_no_regular_file_is_refused},
	{"a shrunken source is noticed", shrunken_source_is_noticed},
	{"a changed source is noticed", changed_source_is_noticed},
	CU_TEST_INFO_NULL,
};

int
main(void)
{
	return sc_run_suite("source", tests);
}
