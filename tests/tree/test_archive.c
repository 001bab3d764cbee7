/*
 * An archive in a sink: unpacked while its chunks come, in any order; whole or absent however it
 * ends, and gone on with by the next run.
 */
#include "archive/backing.h"
#include "file/sink.h"
#include "lib/suite.h"
#include "lib/tempdir.h"
#include "lib/trial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 512, FILES = 400, FILE_BYTES = 3000 };

static struct sc_trial s;
static const struct sc_sink_options options = {
	.backing = sc_archive_open, .directory = true, .source = "archive", .resume = true};

/* A tar of FILES files in directories of twenty. */
static struct {
	uint8_t *bytes;
	size_t length;
	struct sc_source_facts facts;
} tar;

static void
add(char kind, const char *name, size_t size)
{
	uint8_t *header = tar.bytes + tar.length;
	unsigned sum = 0;

	memset(header, 0, BLOCK);
	snprintf((char *)header, 100, "%s", name);
	snprintf((char *)header + 100, 8, "%07o", kind == '5' ? 0500 : 0640);
	snprintf((char *)header + 108, 8, "%07o", 0);
	snprintf((char *)header + 116, 8, "%07o", 0);
	snprintf((char *)header + 124, 12, "%011zo", size);
	snprintf((char *)header + 136, 12, "%011o", 1000000000);
	header[156] = (uint8_t)kind;
	memcpy(header + 257, "ustar\00000", 8);
	memset(header + 148, ' ', 8);
	for (int i = 0; i < BLOCK; i++)
		sum += header[i];
	snprintf((char *)header + 148, 8, "%06o", sum);
	tar.length += BLOCK;
	memset(tar.bytes + tar.length, name[strlen(name) - 1], size);
	tar.length += (size + BLOCK - 1) / BLOCK * BLOCK;
}

/* last: a further entry, or NULL. */
static void
make_tar(const char *last)
{
	char name[64];

	tar.bytes = calloc(1, (FILES + 100) * (BLOCK + FILE_BYTES + BLOCK));
	CU_ASSERT_PTR_NOT_NULL_FATAL(tar.bytes);
	tar.length = 0;
	for (int i = 0; i < FILES; i++) {
		if (i % 20 == 0) {
			snprintf(name, sizeof(name), "d%d/", i / 20);
			add('5', name, 0);
		}
		snprintf(name, sizeof(name), "d%d/file%d", i / 20, i);
		add('0', name, FILE_BYTES);
	}
	if (last != NULL)
		add('0', last, FILE_BYTES);
	tar.length += (size_t)2 * BLOCK;
	tar.facts = sc_trial_facts(tar.length);
}

static void
set_up(const char *last)
{
	sc_trial_set_up(&s);
	make_tar(last);
}

static void
remove_dest(void)
{
	char command[300];

	/* Root or not: the directories may not be written to. */
	snprintf(command, sizeof(command), "chmod -R u+w '%s' && rm -r '%s'", s.dest, s.dest);
	CU_ASSERT_EQUAL(system(command), 0);
}

static void
tear_down(void)
{
	free(tar.bytes);
	sc_trial_tear_down(&s);
}

/* All that the tar has is there, and nothing beside DEST. */
static void
check_dest(void)
{
	uint8_t wanted[FILE_BYTES];
	struct stat st;
	char name[64];
	char *path;

	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "dest/d%d/file%d", i / 20, i);
		path = sc_tempdir_path(s.dir, name);
		memset(wanted, name[strlen(name) - 1], sizeof(wanted));
		CU_ASSERT(sc_test_file_equals(path, wanted, sizeof(wanted)));
		CU_ASSERT_EQUAL(stat(path, &st), 0);
		CU_ASSERT_EQUAL(st.st_mtime, 1000000000);
		free(path);
	}
	path = sc_tempdir_path(s.dir, "dest/d3");
	CU_ASSERT_EQUAL(stat(path, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 07777, 0500);
	CU_ASSERT_EQUAL(st.st_mtime, 1000000000);
	free(path);
	CU_ASSERT_EQUAL(sc_tempdir_entries(s.dest), FILES / 20);
	CU_ASSERT_EQUAL(sc_tempdir_entries(s.dir), 1);
}

/* Store the chunks from first on, every step-th of them; what fails is told. */
static int
store(struct sc_sink *sink, uint32_t first, uint32_t step, struct sc_error *err)
{
	uint32_t chunks =
	    (uint32_t)((tar.length + SC_TRIAL_CHUNK_BYTES - 1) / SC_TRIAL_CHUNK_BYTES);

	for (uint32_t i = first; i < chunks; i += step) {
		if (sc_bitmap_has(sc_sink_held(sink), i))
			continue;
		sc_trial_fill(&s, tar.bytes, tar.length, i, false);
		if (sc_sink_store(sink, &s.slots, 0, err) != 0)
			return -1;
	}
	return 0;
}

static int
commit(struct sc_sink *sink, struct sc_error *err)
{
	uint32_t chunks =
	    (uint32_t)((tar.length + SC_TRIAL_CHUNK_BYTES - 1) / SC_TRIAL_CHUNK_BYTES);
	struct sc_seal seal = {.whole = sc_digest_chunk(tar.bytes, tar.length, 0)};

	for (uint32_t i = 0; i < chunks; i++) {
		sc_trial_fill(&s, tar.bytes, tar.length, i, false);
		sc_digest_sum_add(&seal.sum, i, sc_slots_header(&s.slots, 0).digest);
	}
	return sc_sink_commit(sink, &seal, err);
}

static struct sc_sink *
open_sink(const struct sc_sink_options *wanted)
{
	return sc_trial_open(&s, &tar.facts, wanted);
}

static void
chunks_in_any_order(void)
{
	struct sc_error err = {0};

	set_up(NULL);
	for (uint32_t step = 1; step <= 7; step += 3) {
		struct sc_sink *sink = open_sink(&options);

		for (uint32_t first = step; first-- > 0;)
			CU_ASSERT_EQUAL_FATAL(store(sink, first, step, &err), 0);
		CU_ASSERT_EQUAL(commit(sink, &err), 0);
		/* What has become a tree can still be passed on. */
		CU_ASSERT_EQUAL(sc_sink_load(sink, &s.slots, 1, 3, &err), 0);
		sc_sink_close(sink);
		check_dest();
		remove_dest();
	}
	tear_down();
}

static void
cut_off_and_resumed(void)
{
	struct sc_error err = {0};
	struct sc_sink *sink;

	set_up(NULL);
	sink = open_sink(&options);
	CU_ASSERT_EQUAL(store(sink, 0, 2, &err), 0);
	sc_sink_close(sink);
	CU_ASSERT(!sc_test_file_exists(s.dest));
	CU_ASSERT_EQUAL(sc_tempdir_entries(s.dir), 2); /* part and journal, no tree */
	sink = open_sink(&options);
	CU_ASSERT(sc_sink_held(sink)->count > 10);
	CU_ASSERT_EQUAL(store(sink, 1, 2, &err), 0);
	CU_ASSERT_EQUAL(commit(sink, &err), 0);
	sc_sink_close(sink);
	check_dest();

	/* All of it was there, but the run ended before its commit. */
	remove_dest();
	sink = open_sink(&options);
	CU_ASSERT_EQUAL(store(sink, 0, 1, &err), 0);
	sc_sink_close(sink);
	sink = open_sink(&options);
	CU_ASSERT_EQUAL(commit(sink, &err), 0);
	sc_sink_close(sink);
	check_dest();
	remove_dest();
	tear_down();
}

static void
nothing_is_kept_without_resume(void)
{
	struct sc_sink_options once = options;
	struct sc_error err = {0};
	struct sc_sink *sink;

	set_up(NULL);
	once.resume = false;
	sink = open_sink(&once);
	CU_ASSERT_EQUAL(store(sink, 0, 1, &err), 0);
	sc_sink_close(sink);
	CU_ASSERT_EQUAL(sc_tempdir_entries(s.dir), 0);
	tear_down();
}

/* Something is wrong with the last entry: the next store says so, or the commit. */
static void
refused_archive(void)
{
	struct sc_error err = {0};
	struct sc_sink *sink;

	set_up("../escaped");
	sink = open_sink(&options);
	if (store(sink, 0, 1, &err) == 0)
		CU_ASSERT_EQUAL(commit(sink, &err), -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text,
	    "archive: its entry \"../escaped\" has a component \"..\""));
	sc_sink_close(sink);
	CU_ASSERT_EQUAL(sc_tempdir_entries(s.dir), 0);
	tear_down();
}

static void
existing_dest(void)
{
	struct sc_sink_options forced = options;
	struct sc_error err = {0};
	struct sc_sink *sink;
	char *older;

	set_up(NULL);
	older = sc_tempdir_path(s.dest, "older");
	CU_ASSERT_EQUAL(mkdir(s.dest, 0700), 0);
	sc_test_file_write(older, "older", 5);
	sc_trial_refused(s.dest, &tar.facts, &options, "dest exists; use --force to replace it");
	CU_ASSERT_EQUAL(sc_tempdir_entries(s.dir), 1);
	forced.force = true;
	sink = open_sink(&forced);
	CU_ASSERT_EQUAL(store(sink, 0, 1, &err), 0);
	CU_ASSERT(sc_test_file_exists(older));
	CU_ASSERT_EQUAL(commit(sink, &err), 0);
	sc_sink_close(sink);
	CU_ASSERT(!sc_test_file_exists(older));
	check_dest();
	remove_dest();

	/* It appears while the archive arrives. */
	sink = open_sink(&options);
	CU_ASSERT_EQUAL(store(sink, 0, 1, &err), 0);
	CU_ASSERT_EQUAL(mkdir(s.dest, 0700), 0);
	CU_ASSERT_EQUAL(commit(sink, &err), -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "dest exists; use --force to replace it"));
	sc_sink_close(sink);
	CU_ASSERT_EQUAL(sc_tempdir_entries(s.dest), 0);

	/* A file, or a link to a directory, is not replaced by a tree. */
	CU_ASSERT_EQUAL(rmdir(s.dest), 0);
	sc_test_file_write(s.dest, "file", 4);
	sc_trial_refused(s.dest, &tar.facts, &forced, "dest exists and is not a directory");
	CU_ASSERT_EQUAL(unlink(s.dest), 0);
	CU_ASSERT_EQUAL(symlink(".", s.dest), 0);
	sc_trial_refused(s.dest, &tar.facts, &forced, "dest exists and is not a directory");
	CU_ASSERT_EQUAL(unlink(s.dest), 0);
	free(older);
	tear_down();
}

/* A commit that was given up makes no DEST. */
static void
cancelled_commit(void)
{
	struct sc_sink_options given_up = options;
	struct sc_error err = {0};
	atomic_bool cancel = false;
	struct sc_sink *sink;

	set_up(NULL);
	given_up.cancel = &cancel;
	sink = open_sink(&given_up);
	CU_ASSERT_EQUAL(store(sink, 0, 1, &err), 0);
	atomic_store(&cancel, true);
	CU_ASSERT_EQUAL(commit(sink, &err), -1);
	CU_ASSERT_EQUAL(err.errnum, ECANCELED);
	sc_sink_close(sink);
	CU_ASSERT(!sc_test_file_exists(s.dest));
	CU_ASSERT_EQUAL(sc_tempdir_entries(s.dir), 2);
	tear_down();
}

static CU_TestInfo tests[] = {
	{"chunks in any order", chunks_in_any_order},
	{"cut off and resumed", cut_off_and_resumed},
	{"nothing is kept without resume", nothing_is_kept_without_resume},
	{"a refused archive", refused_archive},
	{"a DEST that exists", existing_dest},
	{"a commit that was given up", cancelled_commit},
	CU_TEST_INFO_NULL,
};

int
main(void)
{
	return sc_run_suite("archive", tests);
}
