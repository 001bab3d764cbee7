/*
 * A DEST that exists already: its digest is found out, and nothing of it changes unnoticed.
 */
#include "file/existing.h"
#include "file/source.h"
#include "lib/suite.h"
#include "lib/tempdir.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK_BYTES = 5000, CHUNKS = 9, SIZE = CHUNKS * CHUNK_BYTES - 77 };

static char *dir;
static char *dest;
static uint8_t *bytes;

static void
set_up(void)
{
	dir = sc_tempdir_make();
	dest = sc_tempdir_path(dir, "dest");
	bytes = sc_test_bytes(SIZE, 5);
	memset(bytes + 2 * CHUNK_BYTES, 0, CHUNK_BYTES);
	sc_test_file_write(dest, bytes, SIZE);
}

static void
tear_down(void)
{
	free(bytes);
	free(dest);
	sc_tempdir_remove(dir);
}

static struct sc_existing *
open_dest(void)
{
	struct sc_existing *existing;

	CU_ASSERT_EQUAL(sc_existing_open(&existing, dest, SIZE, NULL), 0);
	return existing;
}

/* As the origin would say of the same bytes. */
static struct sc_digest
digest_of_source(void)
{
	struct sc_source *source;
	struct sc_source_facts facts;
	struct sc_seal seal;

	CU_ASSERT_EQUAL_FATAL(sc_source_open(&source, dest, &facts, NULL), 0);
	sc_source_set_chunks(source, CHUNK_BYTES);
	CU_ASSERT_EQUAL_FATAL(sc_source_finish(source, &seal, NULL), 0);
	sc_source_close(source);
	return seal.whole;
}

static void
digest_is_the_sources(void)
{
	struct sc_existing *existing;
	struct sc_digest whole;

	set_up();
	existing = open_dest();
	CU_ASSERT_PTR_NOT_NULL_FATAL(existing);
	CU_ASSERT_EQUAL(sc_existing_digest(existing, &whole, NULL), 0);
	CU_ASSERT(sc_digest_equal(whole, digest_of_source()));
	CU_ASSERT(sc_existing_unchanged(existing));
	sc_existing_close(existing);
	sc_existing_close(NULL);
	tear_down();
}

static void
empty_file_has_a_digest_too(void)
{
	struct sc_existing *existing;
	struct sc_digest whole;

	set_up();
	sc_test_file_write(dest, "", 0);
	CU_ASSERT_EQUAL(sc_existing_open(&existing, dest, 0, NULL), 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(existing);
	CU_ASSERT_EQUAL(sc_existing_digest(existing, &whole, NULL), 0);
	CU_ASSERT(sc_digest_equal(whole, sc_digest_chunk("", 0, 0)));
	sc_existing_close(existing);
	tear_down();
}

static void
what_cannot_be_the_same_is_none(void)
{
	struct sc_existing *existing;
	char *other;

	set_up();
	other = sc_tempdir_path(dir, "other");
	CU_ASSERT_EQUAL(sc_existing_open(&existing, other, SIZE, NULL), 0);
	CU_ASSERT_PTR_NULL(existing);
	CU_ASSERT_EQUAL(sc_existing_open(&existing, dest, SIZE + 1, NULL), 0);
	CU_ASSERT_PTR_NULL(existing);
	CU_ASSERT_EQUAL(symlink("dest", other), 0);
	CU_ASSERT_EQUAL(sc_existing_open(&existing, other, SIZE, NULL), 0);
	CU_ASSERT_PTR_NULL(existing);
	CU_ASSERT_EQUAL(unlink(other), 0);
	CU_ASSERT_EQUAL(mkfifo(other, 0600), 0);
	CU_ASSERT_EQUAL(sc_existing_open(&existing, other, 0, NULL), 0);
	CU_ASSERT_PTR_NULL(existing);
	free(other);
	tear_down();
}

static void
shrunk_or_replaced_file_is_noticed(void)
{
	struct sc_digest whole;
	struct sc_existing *existing;
	struct sc_error err = {0};

	set_up();
	existing = open_dest();
	CU_ASSERT_PTR_NOT_NULL_FATAL(existing);
	CU_ASSERT_EQUAL(unlink(dest), 0);
	CU_ASSERT(!sc_existing_unchanged(existing));
	sc_test_file_write(dest, bytes, SIZE);
	CU_ASSERT(!sc_existing_unchanged(existing));
	sc_existing_close(existing);

	existing = open_dest();
	CU_ASSERT_PTR_NOT_NULL_FATAL(existing);
	CU_ASSERT_EQUAL(truncate(dest, SIZE - 1), 0);
	CU_ASSERT_EQUAL(sc_existing_digest(existing, &whole, &err), -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "cannot read "));
	sc_existing_close(existing);
	tear_down();
}

/* One that is kept instead of a copy gets what the copy would have had. */
static void
it_can_be_given_the_sources_attributes(void)
{
	const struct sc_source_facts facts = {.size_bytes = SIZE,
		.mtime_s = 1234567890,
		.mtime_ns = 123456789,
		.atime_s = 1234567891,
		.mode = 0751,
		.uid = geteuid(),
		.gid = getegid()};
	struct sc_existing *existing;
	struct stat st;

	set_up();
	existing = open_dest();
	CU_ASSERT_PTR_NOT_NULL_FATAL(existing);
	CU_ASSERT_EQUAL(stat(dest, &st), 0);
	CU_ASSERT_EQUAL(sc_existing_mtime(existing).tv_sec, st.st_mtim.tv_sec);
	CU_ASSERT_EQUAL(sc_existing_mtime(existing).tv_nsec, st.st_mtim.tv_nsec);
	CU_ASSERT_EQUAL(sc_existing_preserve(existing, &facts, NULL), 0);
	CU_ASSERT_FALSE(sc_existing_unchanged(existing));
	sc_existing_close(existing);
	CU_ASSERT_EQUAL(stat(dest, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 07777, 0751);
	CU_ASSERT_EQUAL(st.st_mtim.tv_sec, 1234567890);
	CU_ASSERT_EQUAL(st.st_mtim.tv_nsec, 123456789);
	CU_ASSERT_EQUAL(st.st_atim.tv_sec, 1234567891);
	tear_down();
}

static CU_TestInfo tests[] = {
	{"the digest is the source's", digest_is_the_sources},
	{"an empty file has a digest too", empty_file_has_a_digest_too},
	{"what cannot be the same is none", what_cannot_be_the_same_is_none},
	{"a shrunk or replaced file is noticed", shrunk_or_replaced_file_is_noticed},
	{"it can be given the source's attributes", it_can_be_given_the_sources_attributes},
	CU_TEST_INFO_NULL,
};

int
main(void)
{
	return sc_run_suite("existing", tests);
}
