/*
 * The sink: what is stored is what appears, and nothing else ever does.
 */
#include "file/sink.h"
#include "lib/suite.h"
#include "lib/tempdir.h"
#include "lib/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct sc_trial s;

static void
every_size_arrives(void)
{
	static const size_t sizes[] = {0, 1, 4095, SC_TRIAL_CHUNK_BYTES - 1, SC_TRIAL_CHUNK_BYTES,
		SC_TRIAL_CHUNK_BYTES + 1, 77777, 64 * SC_TRIAL_CHUNK_BYTES, (1 << 20) + 13};

	sc_trial_set_up(&s);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct sc_source_facts facts = sc_trial_facts(sizes[i]);
		uint8_t *bytes = sc_test_bytes(sizes[i], i);

		sc_trial_file(&s, bytes, sizes[i], &facts, &sc_trial_forced);
		CU_ASSERT(sc_test_file_equals(s.dest, bytes, sizes[i]));
		CU_ASSERT_EQUAL(sc_tempdir_entries(s.dir), 1);
		free(bytes);
	}
	sc_trial_tear_down(&s);
}

static void
dest_appears_at_the_commit_only(void)
{
	uint8_t *bytes = sc_test_bytes(50000, 1);
	struct sc_source_facts facts = sc_trial_facts(50000);
	struct sc_seal seal;
	struct sc_sink *sink;
	struct stat st;

	sc_trial_set_up(&s);
	sink = sc_trial_open(&s, &facts, &sc_trial_plain);
	seal = sc_trial_store(&s, sink, bytes, 50000);
	CU_ASSERT(!sc_test_file_exists(s.dest));
	CU_ASSERT_EQUAL_FATAL(stat(s.part, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 07777, 0600);
	CU_ASSERT_EQUAL(sc_sink_commit(sink, &seal, NULL), 0);
	CU_ASSERT(sc_test_file_exists(s.dest));
	CU_ASSERT(!sc_test_file_exists(s.part));
	/* Others may still need a chunk. */
	CU_ASSERT_EQUAL(sc_sink_load(sink, &s.slots, 1, 2, NULL), 0);
	CU_ASSERT_EQUAL(memcmp(sc_slots_payload(&s.slots, 1), bytes + 2 * SC_TRIAL_CHUNK_BYTES,
			    SC_TRIAL_CHUNK_BYTES),
	    0);
	sc_sink_close(sink);
	CU_ASSERT(sc_test_file_equals(s.dest, bytes, 50000));
	free(bytes);
	sc_trial_tear_down(&s);
}

static void
abandoned_sink_leaves_nothing(void)
{
	uint8_t *bytes = sc_test_bytes(50000, 1);
	struct sc_source_facts facts = sc_trial_facts(50000);
	struct sc_sink *sink;

	sc_trial_set_up(&s);
	sc_test_file_write(s.dest, "old", 3);
	sink = sc_trial_open(&s, &facts, &sc_trial_forced);
	sc_trial_store(&s, sink, bytes, 50000);
	sc_sink_close(sink);
	sc_sink_close(NULL);
	CU_ASSERT(sc_test_file_equals(s.dest, "old", 3));
	CU_ASSERT_EQUAL(sc_tempdir_entries(s.dir), 1);
	free(bytes);
	sc_trial_tear_down(&s);
}

static void
chunks_are_read_back_as_they_were_stored(void)
{
	size_t size = 5 * SC_TRIAL_CHUNK_BYTES + 9;
	uint8_t *bytes = sc_test_bytes(size, 1);
	struct sc_source_facts facts = sc_trial_facts(size);
	struct sc_sink *sink;
	struct sc_error err = {0};
	int fd;

	sc_trial_set_up(&s);
	memset(bytes + SC_TRIAL_CHUNK_BYTES, 0,
	    SC_TRIAL_CHUNK_BYTES); /* comes back as a zero chunk */
	sink = sc_trial_open(&s, &facts, &sc_trial_plain);
	sc_trial_store(&s, sink, bytes, size);
	for (uint32_t chunk = 0; chunk < 6; chunk++) {
		struct sc_chunk_header header;

		CU_ASSERT_EQUAL_FATAL(sc_sink_load(sink, &s.slots, 1, chunk, NULL), 0);
		CU_ASSERT_FATAL(sc_slots_check(&s.slots, 1, sc_slots_message_bytes(&s.slots, 1),
		    &header));
		CU_ASSERT_EQUAL(header.chunk, chunk);
		CU_ASSERT_EQUAL(header.length, sc_trial_length(size, chunk));
		CU_ASSERT_EQUAL(header.zero, chunk == 1);
		if (!header.zero)
			CU_ASSERT_EQUAL(memcmp(sc_slots_payload(&s.slots, 1),
					    bytes + (size_t)chunk * SC_TRIAL_CHUNK_BYTES,
					    header.length),
			    0);
	}
	/* The disk forgets a bit of chunk 3, and then everything from there. */
	fd = open(s.part, O_WRONLY);
	CU_ASSERT_FATAL(fd >= 0);
	bytes[3 * SC_TRIAL_CHUNK_BYTES + 100] ^= 1;
	CU_ASSERT_EQUAL(pwrite(fd, bytes + 3 * SC_TRIAL_CHUNK_BYTES + 100, 1,
			    3 * SC_TRIAL_CHUNK_BYTES + 100),
	    1);
	CU_ASSERT_EQUAL(sc_sink_load(sink, &s.slots, 1, 3, &err), -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "dest gives back other bytes"));
	CU_ASSERT_EQUAL(sc_sink_load(sink, &s.slots, 1, 4, NULL), 0);
	CU_ASSERT_EQUAL(ftruncate(fd, 4 * SC_TRIAL_CHUNK_BYTES), 0);
	CU_ASSERT_EQUAL(sc_sink_load(sink, &s.slots, 1, 4, NULL), -1);
	CU_ASSERT_EQUAL(close(fd), 0);
	sc_sink_close(sink);
	free(bytes);
	sc_trial_tear_down(&s);
}

/* A peer's header can claim anything; the digest in it holds. */
static void
chunk_that_the_file_has_not_is_refused(void)
{
	static const uint32_t claims[][2] = {{0, SC_TRIAL_CHUNK_BYTES - 1},
		{2, SC_TRIAL_CHUNK_BYTES}, {2, 6}, {3, 5}, {UINT32_MAX, 5}};
	struct sc_source_facts facts = sc_trial_facts(2 * SC_TRIAL_CHUNK_BYTES + 5);
	struct sc_sink *sink;
	struct sc_error err = {0};

	sc_trial_set_up(&s);
	sink = sc_trial_open(&s, &facts, &sc_trial_plain);
	for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
		sc_slots_seal(&s.slots, 0, claims[i][0], claims[i][1], true);
		CU_ASSERT_EQUAL(sc_sink_store(sink, &s.slots, 0, &err), -1);
		CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "dest has no chunk"));
	}
	sc_sink_close(sink);
	sc_trial_tear_down(&s);
}

static void
holes_stay_holes(void)
{
	size_t size = 64 * SC_TRIAL_CHUNK_BYTES;
	uint8_t *bytes = calloc(1, size);
	struct sc_source_facts facts = sc_trial_facts(size);
	struct sc_seal seal = {0};
	struct sc_sink *sink;

	sc_trial_set_up(&s);
	CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
	/* One whole chunk of data, and one byte in the middle of another. */
	memset(bytes + 10 * SC_TRIAL_CHUNK_BYTES, 'x', SC_TRIAL_CHUNK_BYTES);
	bytes[20 * SC_TRIAL_CHUNK_BYTES + 4096] = 'y';
	facts.allocated_bytes = 2 * SC_TRIAL_CHUNK_BYTES;
	seal.whole = sc_digest_chunk(bytes, size, 0);
	sink = sc_trial_open(&s, &facts, &sc_trial_plain);
	for (uint32_t chunk = 0; chunk < 64; chunk++) {
		sc_trial_fill(&s, bytes, size, chunk, chunk % 2 == 1);
		CU_ASSERT_EQUAL(sc_sink_store(sink, &s.slots, 0, NULL), 0);
		sc_digest_sum_add(&seal.sum, chunk, sc_slots_header(&s.slots, 0).digest);
	}
	CU_ASSERT_EQUAL(sc_sink_commit(sink, &seal, NULL), 0);
	sc_sink_close(sink);
	CU_ASSERT(sc_test_file_equals(s.dest, bytes, size));
	/* 4 + 1 blocks, and what the file system needs for itself. */
	CU_ASSERT(sc_test_file_allocated(s.dest) >= SC_TRIAL_CHUNK_BYTES + 4096);
	CU_ASSERT(sc_test_file_allocated(s.dest) <= SC_TRIAL_CHUNK_BYTES + 3 * 4096);
	free(bytes);
	sc_trial_tear_down(&s);
}

static void
blocks_of_zeros_are_left_out_at_any_chunk_size(void)
{
	enum { ODD_BYTES = 5001, SIZE = 20 * ODD_BYTES };
	uint8_t *bytes = calloc(1, SIZE);
	struct sc_source_facts facts = sc_trial_facts(SIZE);
	struct sc_seal seal = {0};
	struct sc_slots odd;
	struct sc_sink *sink;

	sc_trial_set_up(&s);
	CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
	CU_ASSERT_EQUAL_FATAL(sc_slots_init(&odd, 1, ODD_BYTES, NULL), 0);
	facts.allocated_bytes = 4096;
	memset(bytes + 8191, 'x', 2);
	bytes[50000] = bytes[SIZE - 1] = 'y';
	CU_ASSERT_EQUAL_FATAL(sc_sink_open(&sink, s.dest, &facts, ODD_BYTES, &sc_trial_plain, NULL),
	    0);
	for (uint32_t chunk = 0; chunk < 20; chunk++) {
		memcpy(sc_slots_payload(&odd, 0), bytes + chunk * ODD_BYTES, ODD_BYTES);
		sc_slots_seal(&odd, 0, chunk, ODD_BYTES, false);
		CU_ASSERT_EQUAL(sc_sink_store(sink, &odd, 0, NULL), 0);
		sc_digest_sum_add(&seal.sum, chunk, sc_slots_header(&odd, 0).digest);
	}
	seal.whole = sc_digest_chunk(bytes, SIZE, 0);
	CU_ASSERT_EQUAL(sc_sink_commit(sink, &seal, NULL), 0);
	sc_sink_close(sink);
	CU_ASSERT(sc_test_file_equals(s.dest, bytes, SIZE));
	CU_ASSERT(sc_test_file_allocated(s.dest) <= 6 * 4096);
	sc_slots_free(&odd);
	free(bytes);
	sc_trial_tear_down(&s);
}

static void
space_is_reserved_at_once(void)
{
	struct sc_source_facts facts = sc_trial_facts(100 * SC_TRIAL_CHUNK_BYTES);
	struct sc_sink *sink;

	sc_trial_set_up(&s);
	sink = sc_trial_open(&s, &facts, &sc_trial_plain);
	if (sc_test_file_allocated(s.part) == 0)
		printf(" (SKIPPED: this file system reserves nothing) ");
	else
		CU_ASSERT(sc_test_file_allocated(s.part) >= 100 * SC_TRIAL_CHUNK_BYTES);
	sc_sink_close(sink);
	sc_trial_tear_down(&s);
}

static void
wrong_sum_refuses_the_commit(void)
{
	uint8_t *bytes = sc_test_bytes(50000, 1);
	struct sc_source_facts facts = sc_trial_facts(50000);
	struct sc_seal seal;
	struct sc_sink *sink;
	struct sc_error err = {0};

	sc_trial_set_up(&s);
	sc_test_file_write(s.dest, "old", 3);
	sink = sc_trial_open(&s, &facts, &sc_trial_forced);
	seal = sc_trial_store(&s, sink, bytes, 50000);
	seal.sum.high ^= 1;
	CU_ASSERT_EQUAL(sc_sink_commit(sink, &seal, &err), -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "digests differ"));
	sc_sink_close(sink);
	CU_ASSERT(sc_test_file_equals(s.dest, "old", 3));
	CU_ASSERT_EQUAL(sc_tempdir_entries(s.dir), 1);
	free(bytes);
	sc_trial_tear_down(&s);
}

/* What a disk or a second program did to the part file behind our back. */
static void
expect_damage_found(size_t size, off_t at)
{
	uint8_t *bytes = sc_test_bytes(size, 1);
	struct sc_source_facts facts = sc_trial_facts(size);
	struct sc_seal seal;
	struct sc_sink *sink = sc_trial_open(&s, &facts, &sc_trial_plain);
	struct sc_error err = {0};
	int fd = open(s.part, O_RDWR);
	char byte;

	seal = sc_trial_store(&s, sink, bytes, size);
	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(pread(fd, &byte, 1, at), 1);
	byte ^= 0x10;
	CU_ASSERT_EQUAL(pwrite(fd, &byte, 1, at), 1);
	CU_ASSERT_EQUAL(close(fd), 0);
	CU_ASSERT_EQUAL(sc_sink_commit(sink, &seal, &err), -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "dest was damaged on its way to the disk"));
	sc_sink_close(sink);
	CU_ASSERT_EQUAL(sc_tempdir_entries(s.dir), 0);
	free(bytes);
}

static void
verifying_finds_damage(void)
{
	sc_trial_set_up(&s);
	expect_damage_found(50000, 0);
	expect_damage_found(50000, 49999);
	expect_damage_found(3 << 20, 2 << 20);
	sc_trial_tear_down(&s);
}

static void
truncated_part_file_is_found(void)
{
	uint8_t *bytes = sc_test_bytes(50000, 1);
	struct sc_source_facts facts = sc_trial_facts(50000);
	struct sc_seal seal;
	struct sc_sink *sink;

	sc_trial_set_up(&s);
	sink = sc_trial_open(&s, &facts, &sc_trial_plain);
	seal = sc_trial_store(&s, sink, bytes, 50000);
	CU_ASSERT_EQUAL(truncate(s.part, 49999), 0);
	CU_ASSERT_EQUAL(sc_sink_commit(sink, &seal, NULL), -1);
	sc_sink_close(sink);
	CU_ASSERT_EQUAL(sc_tempdir_entries(s.dir), 0);
	free(bytes);
	sc_trial_tear_down(&s);
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	CU_ASSERT_EQUAL_FATAL(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void
mode_is_the_sources_under_the_umask(void)
{
	struct sc_source_facts facts = sc_trial_facts(3);
	const struct sc_sink_options preserve = {.force = true, .preserve = true};
	mode_t before = umask(027);
	struct stat st;

	sc_trial_set_up(&s);
	facts.mode = 06777;
	sc_trial_file(&s, (const uint8_t *)"new", 3, &facts, &sc_trial_forced);
	CU_ASSERT_EQUAL(mode_of(s.dest), 0750);
	facts.mode = 0400;
	sc_trial_file(&s, (const uint8_t *)"new", 3, &facts, &sc_trial_forced);
	CU_ASSERT_EQUAL(mode_of(s.dest), 0400);
	facts.mode = 04777;
	sc_trial_file(&s, (const uint8_t *)"new", 3, &facts, &preserve);
	CU_ASSERT_EQUAL(mode_of(s.dest), 04777);
	CU_ASSERT_EQUAL_FATAL(stat(s.dest, &st), 0);
	CU_ASSERT_EQUAL(st.st_mtime, 1000);
	CU_ASSERT_EQUAL(umask(before), 027); /* asking didn't change it */
	sc_trial_tear_down(&s);
}

static void
preserve_keeps_times_and_owner(void)
{
	struct sc_source_facts facts = sc_trial_facts(3);
	const struct sc_sink_options preserve = {.preserve = true, .verify = true};
	struct stat st;

	sc_trial_set_up(&s);
	facts.uid = 12345;
	facts.gid = 54321;
	facts.mode = 06755;
	facts.mtime_ns = 123000;
	sc_trial_file(&s, (const uint8_t *)"new", 3, &facts, &preserve);
	CU_ASSERT_EQUAL_FATAL(stat(s.dest, &st), 0);
	CU_ASSERT_EQUAL(st.st_mtim.tv_sec, 1000);
	CU_ASSERT_EQUAL(st.st_mtim.tv_nsec, 123000);
	CU_ASSERT_EQUAL(st.st_atim.tv_sec, 2000);
	if (geteuid() == 0) {
		CU_ASSERT_EQUAL(st.st_uid, 12345);
		CU_ASSERT_EQUAL(st.st_gid, 54321);
		CU_ASSERT_EQUAL(st.st_mode & 07777, 06755);
	} else {
		/* The owner can't be kept, so nobody's rights are lent. */
		CU_ASSERT_EQUAL(st.st_mode & 07777, 0755);
	}
	sc_trial_tear_down(&s);
}

static void
too_large_a_file_is_refused_with_both_figures(void)
{
	struct sc_source_facts facts = sc_trial_facts((size_t)1 << 60);
	struct sc_sink *sink;
	struct sc_error err = {0};

	sc_trial_set_up(&s);
	CU_ASSERT_EQUAL(sc_sink_open(&sink, s.dest, &facts, SC_CHUNK_BYTES_MAX, &sc_trial_plain,
			    &err),
	    -1);
	/* 2^60 / 2^26 is more chunks than there may be. */
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "File too large"));
	facts = sc_trial_facts((size_t)1 << 50);
	CU_ASSERT_EQUAL(sc_sink_open(&sink, s.dest, &facts, SC_CHUNK_BYTES_MAX, &sc_trial_plain,
			    &err),
	    -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "dest needs 1.00 PiB, "));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, " are free"));
	CU_ASSERT_EQUAL(sc_tempdir_entries(s.dir), 0);
	sc_trial_tear_down(&s);
}

/* On a tmpfs of 1 MiB.  Each step that fails has its own number. */
static int
fill_small_disk(const char *where, void *data)
{
	size_t size = 2 << 20;
	uint8_t *bytes = sc_test_bytes(size, 1);
	struct sc_source_facts facts = sc_trial_facts(size);
	struct sc_error err = {0};
	struct sc_sink *sink;
	uint32_t chunk = 0;

	(void)data;
	if (sc_sink_open(&sink, s.dest, &facts, SC_TRIAL_CHUNK_BYTES, &sc_trial_plain, &err) == 0)
		return 1;
	if (strstr(err.text, "dest needs 2.00 MiB, 1.00 MiB are free") == NULL)
		return 2;
	if (sc_tempdir_entries(where) != 0)
		return 3;

	/* The source says that it is nearly all holes, and isn't. */
	facts.allocated_bytes = 4096;
	if (sc_sink_open(&sink, s.dest, &facts, SC_TRIAL_CHUNK_BYTES, &sc_trial_plain, &err) != 0)
		return 4;
	do {
		sc_trial_fill(&s, bytes, size, chunk, false);
	} while (sc_sink_store(sink, &s.slots, 0, &err) == 0 &&
	    ++chunk < size / SC_TRIAL_CHUNK_BYTES);
	if (err.errnum != ENOSPC || strstr(err.text, "No space left on device") == NULL)
		return 5;
	/* What was stored can still be served to others. */
	if (chunk == 0 || sc_sink_load(sink, &s.slots, 1, chunk - 1, NULL) != 0)
		return 6;
	sc_sink_close(sink);
	if (sc_tempdir_entries(where) != 0)
		return 7;
	free(bytes);
	return 0;
}

static void
full_disk_fails_and_is_left_clean(void)
{
	int rc;

	sc_trial_set_up(&s);
	rc = sc_test_on_small_tmpfs(s.dir, 1 << 20, fill_small_disk, NULL);
	if (rc < 0)
		printf(" (SKIPPED: may not mount) ");
	else
		CU_ASSERT_EQUAL(rc, 0);
	sc_trial_tear_down(&s);
}

static CU_TestInfo tests[] = {
	{"every size arrives", every_size_arrives},
	{"dest appears at the commit only", dest_appears_at_the_commit_only},
	{"an abandoned sink leaves nothing", abandoned_sink_leaves_nothing},
	{"chunks are read back as stored", chunks_are_read_back_as_they_were_stored},
	{"a chunk that is not the file's is refused", chunk_that_the_file_has_not_is_refused},
	{"holes stay holes", holes_stay_holes},
	{"blocks of zeros are left out", blocks_of_zeros_are_left_out_at_any_chunk_size},
	{"space is reserved at once", space_is_reserved_at_once},
	{"a wrong sum refuses the commit", wrong_sum_refuses_the_commit},
	{"verifying finds damage", verifying_finds_damage},
	{"a truncated part file is found", truncated_part_file_is_found},
	{"mode is the source's under the umask", mode_is_the_sources_under_the_umask},
	{"preserve keeps times and owner", preserve_keeps_times_and_owner},
	{"too large a file is refused", too_large_a_file_is_refused_with_both_figures},
	{"a full disk fails and is left clean", full_disk_fails_and_is_left_clean},
	CU_TEST_INFO_NULL,
};

int
main(void)
{
	return sc_run_suite("sink", tests);
}
