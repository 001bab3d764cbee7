/*
 * What a run left beside DEST: who may take it, what is planted there, and
 * when it is better not kept.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "file/cut_off.h"
#include "file/part.h"
#include "lib/suite.h"
#include "lib/tempdir.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNKS = 10, SIZE = CHUNKS * SC_TRIAL_CHUNK_BYTES - 99 };

static struct sc_cut cut;

static void
without_resume_the_run_starts_clean(void)
{
	struct sc_sink *sink;

	sc_cut_set_up(&cut, SIZE);
	sc_cut_run(&cut, 5);
	sc_test_file_write(cut.fresh, "left", 4);
	CU_ASSERT_EQUAL(sc_cut_finish(&cut, SC_TRIAL_CHUNK_BYTES, &sc_trial_plain, NULL), 0);
	sc_cut_tear_down(&cut);

	/* And if it doesn't come to its end, it leaves nothing. */
	sc_cut_set_up(&cut, SIZE);
	sc_cut_run(&cut, 5);
	sink = sc_trial_open(&cut.s, &cut.facts, &sc_trial_plain);
	CU_ASSERT_EQUAL(sc_tempdir_entries(cut.s.dir), 1);
	sc_sink_close(sink);
	CU_ASSERT_EQUAL(sc_tempdir_entries(cut.s.dir), 0);
	sc_cut_tear_down(&cut);
}

static void
part_file_without_its_journal_is_emptied(void)
{
	char note[SC_ERROR_TEXT_BYTES];

	sc_cut_set_up(&cut, SIZE);
	sc_cut_run(&cut, 5);
	CU_ASSERT_EQUAL(unlink(cut.journal), 0);
	CU_ASSERT_EQUAL(sc_cut_finish(&cut, SC_TRIAL_CHUNK_BYTES, &sc_cut_resume, note), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(note, "the journal of an earlier run"));
	CU_ASSERT_PTR_NOT_NULL(strstr(note, "is missing"));
	sc_cut_tear_down(&cut);

	/* One that was only just created is not worth a word. */
	sc_cut_set_up(&cut, SIZE);
	sc_test_file_write(cut.s.part, "", 0);
	CU_ASSERT_EQUAL(sc_cut_finish(&cut, SC_TRIAL_CHUNK_BYTES, &sc_cut_resume, note), 0);
	CU_ASSERT_STRING_EQUAL(note, "");
	sc_cut_tear_down(&cut);
}

static void
journal_without_its_part_file_is_replaced(void)
{
	char note[SC_ERROR_TEXT_BYTES];

	sc_cut_set_up(&cut, SIZE);
	sc_cut_run(&cut, 5);
	CU_ASSERT_EQUAL(unlink(cut.s.part), 0);
	CU_ASSERT_EQUAL(sc_cut_finish(&cut, SC_TRIAL_CHUNK_BYTES, &sc_cut_resume, note), 0);
	CU_ASSERT_STRING_EQUAL(note, "");
	sc_cut_tear_down(&cut);
}

static void
second_run_touches_nothing(void)
{
	uint8_t *part, *journal;
	size_t part_length, journal_length;
	struct sc_sink *first;

	sc_cut_set_up(&cut, SIZE);
	sc_cut_run(&cut, 4);
	first = sc_trial_open(&cut.s, &cut.facts, &sc_cut_resume);
	sc_cut_store(&cut, first, 7);
	part = sc_cut_read(cut.s.part, &part_length);
	journal = sc_cut_read(cut.journal, &journal_length);
	sc_trial_refused(cut.s.dest, &cut.facts, &sc_cut_resume, "another stagecast is writing");
	sc_trial_refused(cut.s.dest, &cut.facts, &sc_cut_forced, "another stagecast is writing");
	sc_trial_refused(cut.s.dest, &cut.facts, &sc_trial_plain, "another stagecast is writing");
	CU_ASSERT(sc_test_file_equals(cut.s.part, part, part_length));
	CU_ASSERT(sc_test_file_equals(cut.journal, journal, journal_length));
	CU_ASSERT_EQUAL(sc_tempdir_entries(cut.s.dir), 2);
	sc_sink_close(first);
	CU_ASSERT_EQUAL(sc_cut_finish(&cut, SC_TRIAL_CHUNK_BYTES, &sc_cut_resume, NULL), 5);
	free(journal);
	free(part);
	sc_cut_tear_down(&cut);
}

static void
link_at_the_part_files_name_is_refused(void)
{
	char *target;

	sc_cut_set_up(&cut, SIZE);
	sc_cut_run(&cut, 5);
	target = sc_tempdir_path(cut.s.dir, "target");
	CU_ASSERT_EQUAL(rename(cut.s.part, target), 0);
	CU_ASSERT_EQUAL(symlink("target", cut.s.part), 0);
	sc_trial_refused(cut.s.dest, &cut.facts, &sc_cut_resume, "is a symbolic link");
	CU_ASSERT(sc_test_file_exists(cut.journal));
	free(target);
	sc_cut_tear_down(&cut);
}

static void
link_at_the_journals_name_is_not_followed(void)
{
	char note[SC_ERROR_TEXT_BYTES];
	uint8_t *bytes;
	size_t length;
	char *target;

	sc_cut_set_up(&cut, SIZE);
	sc_cut_run(&cut, 5);
	target = sc_tempdir_path(cut.s.dir, "target");
	CU_ASSERT_EQUAL(rename(cut.journal, target), 0);
	bytes = sc_cut_read(target, &length);
	CU_ASSERT_EQUAL(symlink("target", cut.journal), 0);
	CU_ASSERT_EQUAL(symlink("target", cut.fresh), 0);
	sc_sink_close(sc_trial_open(&cut.s, &cut.facts, &sc_cut_resume));
	CU_ASSERT(sc_test_file_equals(target, bytes, length));
	CU_ASSERT_EQUAL(sc_tempdir_entries(cut.s.dir), 1);
	CU_ASSERT_EQUAL(unlink(target), 0);

	sc_cut_run(&cut, 5);
	CU_ASSERT_EQUAL(unlink(cut.journal), 0);
	CU_ASSERT_EQUAL(symlink("nowhere", cut.journal), 0);
	CU_ASSERT_EQUAL(sc_cut_finish(&cut, SC_TRIAL_CHUNK_BYTES, &sc_cut_resume, note), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(note, "is a link, or not this user's own"));
	free(bytes);
	free(target);
	sc_cut_tear_down(&cut);
}

/* Nothing can be renamed there: the copy is made without a journal. */
static void
copy_needs_no_journal(void)
{
	struct sc_sink *sink;
	char *inside;

	sc_cut_set_up(&cut, SIZE);
	CU_ASSERT_EQUAL(mkdir(cut.journal, 0700), 0);
	inside = sc_tempdir_path(cut.journal, "file");
	sc_test_file_write(inside, "x", 1);
	sink = sc_trial_open(&cut.s, &cut.facts, &sc_cut_resume);
	CU_ASSERT_PTR_NOT_NULL(strstr(sc_sink_note(sink), "no journal can be kept for "));
	sc_cut_store(&cut, sink, 0);
	sc_sink_close(sink);
	/* What a resume can't use is not kept. */
	CU_ASSERT_EQUAL(sc_tempdir_entries(cut.s.dir), 1);
	CU_ASSERT_EQUAL(unlink(inside), 0);
	CU_ASSERT_EQUAL(rmdir(cut.journal), 0);
	CU_ASSERT_EQUAL(sc_cut_finish(&cut, SC_TRIAL_CHUNK_BYTES, &sc_cut_resume, NULL), 0);
	free(inside);
	sc_cut_tear_down(&cut);
}

/* The other name could be that of a DEST in use. */
static void
part_file_with_another_name_is_not_written(void)
{
	uint8_t *bytes;
	size_t length;
	char *other;

	sc_cut_set_up(&cut, SIZE);
	sc_cut_run(&cut, 5);
	other = sc_tempdir_path(cut.s.dir, "other");
	CU_ASSERT_EQUAL(link(cut.s.part, other), 0);
	bytes = sc_cut_read(other, &length);
	sc_sink_close(sc_trial_open(&cut.s, &cut.facts, &sc_cut_resume));
	CU_ASSERT(sc_test_file_equals(other, bytes, length));
	CU_ASSERT_EQUAL(unlink(other), 0);
	CU_ASSERT_EQUAL(sc_cut_finish(&cut, SC_TRIAL_CHUNK_BYTES, &sc_cut_resume, NULL), 0);
	free(bytes);
	free(other);
	sc_cut_tear_down(&cut);
}

static void
part_file_that_others_may_write_is_replaced(void)
{
	for (int i = 0; i < 2; i++) {
		struct stat st;
		struct sc_sink *sink;

		sc_cut_set_up(&cut, SIZE);
		sc_cut_run(&cut, 5);
		CU_ASSERT_EQUAL(chmod(cut.s.part, i == 0 ? 0620 : 0644), 0);
		sink = sc_trial_open(&cut.s, &cut.facts, &sc_cut_resume);
		CU_ASSERT_EQUAL(sc_sink_held(sink)->count, i == 0 ? 0 : 5);
		CU_ASSERT_EQUAL_FATAL(stat(cut.s.part, &st), 0);
		CU_ASSERT_EQUAL(st.st_mode & 07777, 0600);
		sc_sink_close(sink);
		sc_cut_tear_down(&cut);
	}
}

/* What root left that ended between the change of the owner and the rename,
 * and what belongs to anybody else. */
static void
part_file_given_away_is_replaced(void)
{
	const struct sc_sink_options preserve = {.resume = true, .preserve = true};

	sc_cut_set_up(&cut, SIZE);
	if (geteuid() == 0) {
		cut.facts.uid = cut.facts.gid = 12345;
		sc_cut_run(&cut, 5);
		CU_ASSERT_EQUAL(chown(cut.s.part, 54321, 12345), 0);
		sc_trial_refused(cut.s.dest, &cut.facts, &preserve, "belongs to another user");
		CU_ASSERT_EQUAL(chown(cut.s.part, 12345, 12345), 0);
		sc_trial_refused(cut.s.dest, &cut.facts, &sc_cut_resume, "belongs to another user");
		CU_ASSERT_EQUAL(sc_cut_finish(&cut, SC_TRIAL_CHUNK_BYTES, &preserve, NULL), 0);
	} else {
		printf(" (SKIPPED: not root) ");
	}
	sc_cut_tear_down(&cut);
}

/* As any user: root may write to what is read-only. */
static int
take_over_read_only(const char *where, void *data)
{
	struct sc_sink *sink;
	uint32_t held;

	(void)where;
	(void)data;
	cut.facts.uid = geteuid();
	sc_cut_run(&cut, 5);
	if (chmod(cut.s.part, 0444) != 0)
		return 1;
	sink = sc_trial_open(&cut.s, &cut.facts, &sc_cut_resume);
	held = sc_sink_held(sink)->count;
	sc_sink_close(sink);
	return held == 5 && unlink(cut.s.part) == 0 && unlink(cut.journal) == 0 ? 0 : 2;
}

static void
read_only_leftover_is_taken_over(void)
{
	int rc;

	sc_cut_set_up(&cut, SIZE);
	CU_ASSERT_EQUAL(chmod(cut.s.dir, 0777), 0);
	if (geteuid() == 0)
		rc = sc_test_unprivileged(cut.s.dir, take_over_read_only, NULL);
	else
		rc = sc_test_wait(sc_test_start(cut.s.dir, take_over_read_only, NULL));
	CU_ASSERT_EQUAL(rc, 0);
	sc_cut_tear_down(&cut);
}

static struct sc_seal
seal_of_source(void)
{
	struct sc_seal seal = {.whole = sc_digest_chunk(cut.bytes, SIZE, 0)};

	for (uint32_t chunk = 0; chunk < CHUNKS; chunk++)
		sc_digest_sum_add(&seal.sum, chunk,
		    sc_digest_chunk(cut.bytes + (size_t)chunk * SC_TRIAL_CHUNK_BYTES,
			sc_trial_length(SIZE, chunk), chunk));
	return seal;
}

static void
dest_in_the_way_costs_nothing_but_the_commit(void)
{
	const struct sc_sink_options preserve = {.resume = true, .preserve = true};
	struct sc_seal seal;
	struct sc_error err = {0};
	struct sc_sink *sink;
	struct stat st;

	sc_cut_set_up(&cut, SIZE);
	cut.facts.mode = 0444;
	cut.facts.uid = geteuid() == 0 ? 12345 : geteuid();
	seal = seal_of_source();
	sink = sc_trial_open(&cut.s, &cut.facts, &preserve);
	for (uint32_t chunk = 0; chunk < CHUNKS; chunk++)
		sc_cut_store(&cut, sink, chunk);
	sc_test_file_write(cut.s.dest, "other", 5);
	CU_ASSERT_EQUAL(sc_sink_commit(sink, &seal, &err), -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "dest exists; use --force"));
	sc_sink_close(sink);
	CU_ASSERT_EQUAL_FATAL(stat(cut.s.part, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 07777, 0600);
	CU_ASSERT_EQUAL(st.st_uid, geteuid());
	/* Told so at once, the next run leaves it, too. */
	sc_trial_refused(cut.s.dest, &cut.facts, &sc_cut_resume, "dest exists; use --force");
	CU_ASSERT_EQUAL(sc_cut_finish(&cut, SC_TRIAL_CHUNK_BYTES, &sc_cut_forced, NULL), CHUNKS);
	sc_cut_tear_down(&cut);
}

/* The source was changed, and its time put back: the chunks of then are good, and wrong. */
static void
wrong_sum_is_not_kept(void)
{
	struct sc_seal seal;
	struct sc_error err = {0};
	struct sc_sink *sink;

	sc_cut_set_up(&cut, SIZE);
	sc_cut_run(&cut, 5);
	cut.bytes[SC_TRIAL_CHUNK_BYTES + 1] ^= 1;
	seal = seal_of_source();
	sink = sc_trial_open(&cut.s, &cut.facts, &sc_cut_resume);
	CU_ASSERT_EQUAL(sc_sink_held(sink)->count, 5);
	for (uint32_t chunk = 5; chunk < CHUNKS; chunk++)
		sc_cut_store(&cut, sink, chunk);
	CU_ASSERT_EQUAL(sc_sink_commit(sink, &seal, &err), -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "digests differ"));
	sc_sink_close(sink);
	CU_ASSERT_EQUAL(sc_tempdir_entries(cut.s.dir), 0);
	CU_ASSERT_EQUAL(sc_cut_finish(&cut, SC_TRIAL_CHUNK_BYTES, &sc_cut_resume, NULL), 0);
	sc_cut_tear_down(&cut);
}

/* Verification reads what the disk has: a part file that lies is not gone on with. */
static void
damage_found_by_verifying_is_not_kept(void)
{
	const struct sc_sink_options options = {.resume = true, .verify = true};
	struct sc_seal seal;
	struct sc_sink *sink;
	int fd;

	sc_cut_set_up(&cut, SIZE);
	seal = seal_of_source();
	sink = sc_trial_open(&cut.s, &cut.facts, &options);
	for (uint32_t chunk = 0; chunk < CHUNKS; chunk++)
		sc_cut_store(&cut, sink, chunk);
	fd = open(cut.s.part, O_WRONLY);
	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(pwrite(fd, "damage", 6, 1000), 6);
	CU_ASSERT_EQUAL(close(fd), 0);
	CU_ASSERT_EQUAL(sc_sink_commit(sink, &seal, NULL), -1);
	sc_sink_close(sink);
	CU_ASSERT_EQUAL(sc_tempdir_entries(cut.s.dir), 0);
	sc_cut_tear_down(&cut);
}

enum { CONTENDERS = 3, TIMES = 1000 };

/* Open, store one chunk more, close: each of them goes on with what another
 * left, and none gets in while another is. */
static int
contend(const char *where, void *data)
{
	atomic_int *holders = data;
	int had = 0;

	(void)where;
	while (had < TIMES) {
		struct sc_sink *sink;
		struct sc_error err = {0};
		const struct sc_bitmap *held;
		uint32_t chunk = 0;

		if (sc_sink_open(&sink, cut.s.dest, &cut.facts, SC_TRIAL_CHUNK_BYTES,
			&sc_cut_resume, &err) != 0) {
			if (strstr(err.text, "another stagecast is writing") == NULL)
				return 2;
			continue;
		}
		if (atomic_fetch_add(holders, 1) != 0)
			return 3;
		held = sc_sink_held(sink);
		had++;
		while (chunk < CHUNKS && sc_bitmap_has(held, chunk))
			chunk++;
		if (chunk != held->count || sc_sink_note(sink)[0] != '\0')
			return 4;
		if (chunk < CHUNKS)
			sc_cut_store(&cut, sink, chunk);
		atomic_fetch_sub(holders, 1);
		sc_sink_close(sink);
		/* From the beginning again, as long as nobody is in. */
		if (chunk == CHUNKS &&
		    sc_sink_open(&sink, cut.s.dest, &cut.facts, SC_TRIAL_CHUNK_BYTES,
			&sc_trial_plain, NULL) == 0)
			sc_sink_close(sink);
	}
	return 0;
}

static void
many_take_over_from_each_other(void)
{
	atomic_int *holders =
	    mmap(NULL, sizeof(*holders), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t children[CONTENDERS];

	CU_ASSERT_FATAL(holders != MAP_FAILED);
	sc_cut_set_up(&cut, SIZE);
	for (int i = 0; i < CONTENDERS; i++)
		children[i] = sc_test_start(cut.s.dir, contend, holders);
	for (int i = 0; i < CONTENDERS; i++)
		CU_ASSERT_EQUAL(sc_test_wait(children[i]), 0);
	(void)sc_cut_finish(&cut, SC_TRIAL_CHUNK_BYTES, &sc_cut_resume, NULL);
	CU_ASSERT_EQUAL(munmap(holders, sizeof(*holders)), 0);
	sc_cut_tear_down(&cut);
}

/* The names of all three files are cut alike. */
static void
longest_name_has_a_journal_too(void)
{
	char name[256];

	sc_cut_set_up(&cut, SIZE);
	memset(name, 'n', 255);
	name[255] = '\0';
	free(cut.s.dest);
	cut.s.dest = sc_tempdir_path(cut.s.dir, name);
	sc_cut_run(&cut, 5);
	CU_ASSERT_EQUAL(sc_tempdir_entries(cut.s.dir), 2);
	CU_ASSERT_EQUAL(sc_cut_finish(&cut, SC_TRIAL_CHUNK_BYTES, &sc_cut_resume, NULL), 5);
	sc_cut_tear_down(&cut);
}

static CU_TestInfo tests[] = {
	{"without resume the run starts clean", without_resume_the_run_starts_clean},
	{"a part file without journal is emptied", part_file_without_its_journal_is_emptied},
	{"a journal without part file is replaced", journal_without_its_part_file_is_replaced},
	{"a second run touches nothing", second_run_touches_nothing},
	{"a link at the part's name is refused", link_at_the_part_files_name_is_refused},
	{"a link at the journal's is not followed", link_at_the_journals_name_is_not_followed},
	{"a copy needs no journal", copy_needs_no_journal},
	{"a part file of two names is not written", part_file_with_another_name_is_not_written},
	{"one that others may write is replaced", part_file_that_others_may_write_is_replaced},
	{"one that was given away is replaced", part_file_given_away_is_replaced},
	{"a read-only leftover is taken over", read_only_leftover_is_taken_over},
	{"a dest in the way costs the commit only", dest_in_the_way_costs_nothing_but_the_commit},
	{"a wrong sum is not kept", wrong_sum_is_not_kept},
	{"damage that was found is not kept", damage_found_by_verifying_is_not_kept},
	{"many take over from each other", many_take_over_from_each_other},
	{"the longest name has a journal too", longest_name_has_a_journal_too},
	CU_TEST_INFO_NULL,
};

int
main(void)
{
	return sc_run_suite("leftover", tests);
}
