/*
 * DEST and the part file beside it: names, rights, and who else wants them.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "file/sink.h"
#include "lib/suite.h"
#include "lib/tempdir.h"
#include "lib/trial.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static struct sc_trial s;

static void
part_file_of_another_is_not_published(void)
{
	uint8_t *bytes = sc_test_bytes(50000, 1);
	struct sc_source_facts facts = sc_trial_facts(50000);
	const struct sc_sink_options unverified = {0};
	struct sc_seal seal;
	struct sc_sink *sink;
	struct sc_error err = {0};

	sc_trial_set_up(&s);
	sink = sc_trial_open(&s, &facts, &unverified);
	seal = sc_trial_store(&s, sink, bytes, 50000);
	CU_ASSERT_EQUAL(unlink(s.part), 0);
	sc_test_file_write(s.part, "other", 5);
	CU_ASSERT_EQUAL(sc_sink_commit(sink, &seal, &err), -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "was taken away"));
	sc_sink_close(sink);
	/* Neither published nor removed: it isn't ours. */
	CU_ASSERT(!sc_test_file_exists(s.dest));
	CU_ASSERT(sc_test_file_equals(s.part, "other", 5));
	free(bytes);
	sc_trial_tear_down(&s);
}

static void
existing_dest_needs_force(void)
{
	struct sc_source_facts facts = sc_trial_facts(3);

	sc_trial_set_up(&s);
	sc_test_file_write(s.dest, "old", 3);
	sc_trial_refused(s.dest, &facts, &sc_trial_plain, "dest exists; use --force to replace it");
	CU_ASSERT_EQUAL(sc_tempdir_entries(s.dir), 1);
	sc_trial_file(&s, (const uint8_t *)"new", 3, &facts, &sc_trial_forced);
	CU_ASSERT(sc_test_file_equals(s.dest, "new", 3));
	sc_trial_tear_down(&s);
}

static void
dest_that_appears_meanwhile_is_not_replaced(void)
{
	struct sc_source_facts facts = sc_trial_facts(3);
	struct sc_seal seal;
	struct sc_sink *sink;
	struct sc_error err = {0};

	sc_trial_set_up(&s);
	sink = sc_trial_open(&s, &facts, &sc_trial_plain);
	seal = sc_trial_store(&s, sink, (const uint8_t *)"new", 3);
	sc_test_file_write(s.dest, "other", 5);
	CU_ASSERT_EQUAL(sc_sink_commit(sink, &seal, &err), -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "dest exists; use --force"));
	sc_sink_close(sink);
	CU_ASSERT(sc_test_file_equals(s.dest, "other", 5));
	CU_ASSERT_EQUAL(sc_tempdir_entries(s.dir), 1);
	sc_trial_tear_down(&s);
}

static void
link_is_replaced_and_not_written_through(void)
{
	struct sc_source_facts facts = sc_trial_facts(3);
	char *target;
	struct stat st;

	sc_trial_set_up(&s);
	target = sc_tempdir_path(s.dir, "target");
	sc_test_file_write(target, "precious", 8);
	CU_ASSERT_EQUAL(symlink("target", s.dest), 0);
	sc_trial_refused(s.dest, &facts, &sc_trial_plain, "dest exists; use --force");
	sc_trial_file(&s, (const uint8_t *)"new", 3, &facts, &sc_trial_forced);
	CU_ASSERT(sc_test_file_equals(target, "precious", 8));
	CU_ASSERT(sc_test_file_equals(s.dest, "new", 3));
	CU_ASSERT(lstat(s.dest, &st) == 0 && S_ISREG(st.st_mode));

	/* One that leads nowhere is in the way as well. */
	CU_ASSERT_EQUAL(unlink(s.dest), 0);
	CU_ASSERT_EQUAL(symlink("nowhere", s.dest), 0);
	sc_trial_refused(s.dest, &facts, &sc_trial_plain, "dest exists; use --force");
	sc_trial_file(&s, (const uint8_t *)"new", 3, &facts, &sc_trial_forced);
	CU_ASSERT(sc_test_file_equals(s.dest, "new", 3));
	CU_ASSERT_EQUAL(sc_tempdir_entries(s.dir), 2);
	free(target);
	sc_trial_tear_down(&s);
}

static void
dest_that_cannot_be_a_file_is_refused(void)
{
	struct sc_source_facts facts = sc_trial_facts(3);
	char *other;

	sc_trial_set_up(&s);
	CU_ASSERT_EQUAL(mkdir(s.dest, 0700), 0);
	sc_trial_refused(s.dest, &facts, &sc_trial_forced, "dest is a directory");
	other = sc_tempdir_path(s.dest, "");
	sc_trial_refused(other, &facts, &sc_trial_forced, "dest/ is a directory");
	free(other);
	other = sc_tempdir_path(s.dir, "link");
	CU_ASSERT_EQUAL(symlink("dest", other), 0);
	sc_trial_refused(other, &facts, &sc_trial_forced, "link is a directory");
	free(other);
	other = sc_tempdir_path(s.dir, "pipe");
	CU_ASSERT_EQUAL(mkfifo(other, 0600), 0);
	sc_trial_refused(other, &facts, &sc_trial_forced, "pipe is not a regular file");
	free(other);
	other = sc_tempdir_path(s.dir, "missing/dest");
	sc_trial_refused(other, &facts, &sc_trial_forced,
	    "missing/dest: No such file or directory");
	free(other);
	other = sc_tempdir_path(s.dir, "pipe/dest");
	sc_trial_refused(other, &facts, &sc_trial_forced, "pipe/dest: Not a directory");
	free(other);
	sc_trial_refused("", &facts, &sc_trial_forced, "is empty");
	sc_trial_refused("/", &facts, &sc_trial_forced, "/ is a directory");
	sc_trial_refused("/dev/null", &facts, &sc_trial_forced, "/dev/null is not a regular file");
	sc_trial_refused("/proc/stagecast-test", &facts, &sc_trial_plain, "/proc/stagecast-test");
	CU_ASSERT_EQUAL(sc_tempdir_entries(s.dir), 3);
	sc_trial_tear_down(&s);
}

static int
open_in_foreign_directory(const char *where, void *data)
{
	const struct sc_source_facts facts = sc_trial_facts(3);
	struct sc_sink *sink;
	struct sc_error err = {0};

	(void)where;
	(void)data;
	if (sc_sink_open(&sink, s.dest, &facts, SC_TRIAL_CHUNK_BYTES, &sc_trial_plain, &err) == 0)
		return 1;
	return strstr(err.text, "dest: Permission denied") != NULL ? 0 : 2;
}

/* Writing and searching is allowed, but the directory can't be listed. */
static int
stage_in_unreadable_directory(const char *where, void *data)
{
	const struct sc_source_facts facts = sc_trial_facts(3);
	struct sc_seal seal;
	struct sc_sink *sink;

	(void)where;
	(void)data;
	if (sc_sink_open(&sink, s.dest, &facts, SC_TRIAL_CHUNK_BYTES, &sc_trial_plain, NULL) != 0)
		return 1;
	seal = sc_trial_store(&s, sink, (const uint8_t *)"new", 3);
	if (sc_sink_commit(sink, &seal, NULL) != 0)
		return 2;
	sc_sink_close(sink);
	return 0;
}

/* What a run leaves that ended between setting the mode and the rename. */
static int
replace_read_only_leftover(const char *where, void *data)
{
	const struct sc_source_facts facts = sc_trial_facts(3);
	struct sc_sink *sink;

	(void)where;
	(void)data;
	sc_test_file_write(s.part, "left", 4);
	if (chmod(s.part, 0400) != 0)
		return 1;
	if (sc_sink_open(&sink, s.dest, &facts, SC_TRIAL_CHUNK_BYTES, &sc_trial_plain, NULL) != 0)
		return 2;
	sc_sink_close(sink);
	return 0;
}

static void
read_only_leftover_is_replaced(void)
{
	int rc;

	sc_trial_set_up(&s);
	CU_ASSERT_EQUAL(chmod(s.dir, 0777), 0);
	if (geteuid() == 0)
		rc = sc_test_unprivileged(s.dir, replace_read_only_leftover, NULL);
	else
		rc = sc_test_wait(sc_test_start(s.dir, replace_read_only_leftover, NULL));
	CU_ASSERT_EQUAL(rc, 0);
	CU_ASSERT_EQUAL(sc_tempdir_entries(s.dir), 0);
	sc_trial_tear_down(&s);
}

static void
rights_of_the_directory_count(void)
{
	int rc;

	sc_trial_set_up(&s);
	CU_ASSERT_EQUAL(chmod(s.dir, 0755), 0);
	rc = sc_test_unprivileged(s.dir, open_in_foreign_directory, NULL);
	if (rc < 0)
		printf(" (SKIPPED: not root) ");
	CU_ASSERT(rc <= 0);
	CU_ASSERT_EQUAL(sc_tempdir_entries(s.dir), 0);
	CU_ASSERT_EQUAL(chmod(s.dir, 0733), 0);
	rc = sc_test_unprivileged(s.dir, stage_in_unreadable_directory, NULL);
	CU_ASSERT(rc <= 0);
	CU_ASSERT(rc < 0 || sc_test_file_equals(s.dest, "new", 3));
	sc_trial_tear_down(&s);
}

static void
leftover_of_a_dead_run_is_replaced(void)
{
	struct sc_source_facts facts = sc_trial_facts(3);

	sc_trial_set_up(&s);
	sc_test_file_write(s.part, "a leftover that is longer", 25);
	sc_trial_file(&s, (const uint8_t *)"new", 3, &facts, &sc_trial_plain);
	CU_ASSERT(sc_test_file_equals(s.dest, "new", 3));
	CU_ASSERT_EQUAL(sc_tempdir_entries(s.dir), 1);
	sc_trial_tear_down(&s);
}

static void
part_file_of_a_live_run_is_left_alone(void)
{
	struct sc_source_facts facts = sc_trial_facts(3);
	struct sc_seal seal;
	struct sc_sink *first;

	sc_trial_set_up(&s);
	first = sc_trial_open(&s, &facts, &sc_trial_plain);
	sc_trial_refused(s.dest, &facts, &sc_trial_plain, "another stagecast is writing");
	seal = sc_trial_store(&s, first, (const uint8_t *)"new", 3);
	sc_trial_refused(s.dest, &facts, &sc_trial_forced, "another stagecast is writing");
	CU_ASSERT_EQUAL(sc_sink_commit(first, &seal, NULL), 0);
	/* Now the name is free again, though the first still holds its file. */
	sc_trial_file(&s, (const uint8_t *)"two", 3, &facts, &sc_trial_forced);
	sc_sink_close(first);
	CU_ASSERT(sc_test_file_equals(s.dest, "two", 3));
	CU_ASSERT_EQUAL(sc_tempdir_entries(s.dir), 1);
	sc_trial_tear_down(&s);
}

static void
trap_at_the_part_files_name_is_refused(void)
{
	struct sc_source_facts facts = sc_trial_facts(3);
	char *target;

	sc_trial_set_up(&s);
	target = sc_tempdir_path(s.dir, "target");
	sc_test_file_write(target, "precious", 8);
	CU_ASSERT_EQUAL(symlink("target", s.part), 0);
	sc_trial_refused(s.dest, &facts, &sc_trial_plain, "is a symbolic link");
	CU_ASSERT(sc_test_file_equals(target, "precious", 8));
	CU_ASSERT_EQUAL(unlink(s.part), 0);
	CU_ASSERT_EQUAL(mkfifo(s.part, 0600), 0);
	sc_trial_refused(s.dest, &facts, &sc_trial_plain, "is not a regular file");
	CU_ASSERT_EQUAL(unlink(s.part), 0);
	CU_ASSERT_EQUAL(mkdir(s.part, 0700), 0);
	sc_trial_refused(s.dest, &facts, &sc_trial_plain, "Is a directory");
	CU_ASSERT_EQUAL(rmdir(s.part), 0);
	if (geteuid() == 0) {
		sc_test_file_write(s.part, "someone's", 9);
		CU_ASSERT_EQUAL(chown(s.part, 12345, 12345), 0);
		sc_trial_refused(s.dest, &facts, &sc_trial_plain, "belongs to another user");
		CU_ASSERT(sc_test_file_equals(s.part, "someone's", 9));
	} else {
		printf(" (SKIPPED in part: not root) ");
	}
	CU_ASSERT(!sc_test_file_exists(s.dest));
	free(target);
	sc_trial_tear_down(&s);
}

static void
any_name_will_do(void)
{
	char longest[256], cut[256];
	const char *names[] = {"a name", "new\nline", "-f", "\xc3\xa4\xe2\x82\xac", "\xff\xfe", "*",
		"..x", longest, cut};
	struct sc_source_facts facts = sc_trial_facts(3);

	sc_trial_set_up(&s);
	memset(longest, 'n', 255);
	longest[255] = '\0';
	for (size_t i = 0; i < 254; i += 2)
		memcpy(cut + i, "\xc3\xa4", 2);
	cut[254] = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		free(s.dest);
		s.dest = sc_tempdir_path(s.dir, names[i]);
		sc_trial_file(&s, (const uint8_t *)"new", 3, &facts, &sc_trial_plain);
		CU_ASSERT(sc_test_file_equals(s.dest, "new", 3));
		CU_ASSERT_EQUAL(sc_tempdir_entries(s.dir), i + 1);
	}
	sc_trial_tear_down(&s);
}

/* Two names too long for the suffix that differ at their ends only. */
static void
long_names_do_not_collide(void)
{
	struct sc_source_facts facts = sc_trial_facts(3);
	struct sc_sink *one, *two;
	char name[256];

	sc_trial_set_up(&s);
	memset(name, 'n', 255);
	name[255] = '\0';
	free(s.dest);
	s.dest = sc_tempdir_path(s.dir, name);
	one = sc_trial_open(&s, &facts, &sc_trial_plain);
	sc_trial_refused(s.dest, &facts, &sc_trial_plain, "another stagecast is writing");
	s.dest[strlen(s.dest) - 1] = 'm';
	two = sc_trial_open(&s, &facts, &sc_trial_plain);
	CU_ASSERT_EQUAL(sc_tempdir_entries(s.dir), 2);
	sc_sink_close(one);
	sc_sink_close(two);
	CU_ASSERT_EQUAL(sc_tempdir_entries(s.dir), 0);
	sc_trial_tear_down(&s);
}

static void
relative_dest_is_beside_us(void)
{
	struct sc_source_facts facts = sc_trial_facts(3);
	int before = open(".", O_RDONLY | O_DIRECTORY);
	char *path;

	sc_trial_set_up(&s);
	CU_ASSERT_FATAL(before >= 0);
	path = s.dest;
	s.dest = strdup("dest");
	CU_ASSERT_EQUAL_FATAL(chdir(s.dir), 0);
	sc_trial_file(&s, (const uint8_t *)"new", 3, &facts, &sc_trial_plain);
	CU_ASSERT_EQUAL(fchdir(before), 0);
	CU_ASSERT_EQUAL(close(before), 0);
	CU_ASSERT(sc_test_file_equals(path, "new", 3));
	free(path);
	sc_trial_tear_down(&s);
}

/* Open the sink, store a chunk, and die without a last word. */
static int
die_while_writing(const char *where, void *data)
{
	const struct sc_source_facts facts = sc_trial_facts(3);
	struct sc_sink *sink;

	(void)where;
	(void)data;
	if (sc_sink_open(&sink, s.dest, &facts, SC_TRIAL_CHUNK_BYTES, &sc_trial_plain, NULL) != 0)
		return 1;
	sc_trial_store(&s, sink, (const uint8_t *)"dead", 3);
	return kill(getpid(), SIGKILL);
}

static void
killed_run_does_not_block_the_next(void)
{
	struct sc_source_facts facts = sc_trial_facts(3);

	sc_trial_set_up(&s);
	CU_ASSERT_EQUAL(sc_test_wait(sc_test_start(s.dir, die_while_writing, NULL)),
	    SC_TEST_KILLED);
	CU_ASSERT(sc_test_file_exists(s.part));
	sc_trial_file(&s, (const uint8_t *)"new", 3, &facts, &sc_trial_plain);
	CU_ASSERT(sc_test_file_equals(s.dest, "new", 3));
	CU_ASSERT_EQUAL(sc_tempdir_entries(s.dir), 1);
	sc_trial_tear_down(&s);
}

enum { CONTENDERS = 3, TIMES = 200 };

/* Open and close a sink again and again, while others do the same: whoever
 * has it must be the only one, and the rest must be told so. */
static int
contend(const char *where, void *data)
{
	const struct sc_source_facts facts = sc_trial_facts(3);
	atomic_int *holders = data;
	int had = 0;

	(void)where;
	while (had < TIMES) {
		struct sc_sink *sink;
		struct sc_error err = {0};

		if (sc_sink_open(&sink, s.dest, &facts, SC_TRIAL_CHUNK_BYTES, &sc_trial_plain,
			&err) != 0) {
			if (strstr(err.text, "another stagecast is writing") == NULL) {
				fprintf(stderr, "%s\n", err.text);
				return 2;
			}
			continue;
		}
		had++;
		if (atomic_fetch_add(holders, 1) != 0 || !sc_test_file_exists(s.part))
			return 3;
		atomic_fetch_sub(holders, 1);
		sc_sink_close(sink);
	}
	return 0;
}

static void
one_of_many_gets_the_part_file(void)
{
	atomic_int *holders =
	    mmap(NULL, sizeof(*holders), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t children[CONTENDERS];

	CU_ASSERT_FATAL(holders != MAP_FAILED);
	sc_trial_set_up(&s);
	for (int i = 0; i < CONTENDERS; i++)
		children[i] = sc_test_start(s.dir, contend, holders);
	for (int i = 0; i < CONTENDERS; i++)
		CU_ASSERT_EQUAL(sc_test_wait(children[i]), 0);
	CU_ASSERT_EQUAL(sc_tempdir_entries(s.dir), 0);
	CU_ASSERT_EQUAL(munmap(holders, sizeof(*holders)), 0);
	sc_trial_tear_down(&s);
}

static CU_TestInfo tests[] = {
	{"another's part file is not published", part_file_of_another_is_not_published},
	{"an existing dest needs force", existing_dest_needs_force},
	{"a dest that appears is not replaced", dest_that_appears_meanwhile_is_not_replaced},
	{"a link is replaced, not followed", link_is_replaced_and_not_written_through},
	{"a dest that can be no file is refused", dest_that_cannot_be_a_file_is_refused},
	{"rights of the directory count", rights_of_the_directory_count},
	{"a dead run's leftover is replaced", leftover_of_a_dead_run_is_replaced},
	{"a read-only leftover is replaced", read_only_leftover_is_replaced},
	{"a live run's part file is left alone", part_file_of_a_live_run_is_left_alone},
	{"a trap at the part's name is refused", trap_at_the_part_files_name_is_refused},
	{"any name will do", any_name_will_do},
	{"long names do not collide", long_names_do_not_collide},
	{"a relative dest is beside us", relative_dest_is_beside_us},
	{"a killed run does not block the next", killed_run_does_not_block_the_next},
	{"one of many gets the part file", one_of_many_gets_the_part_file},
	CU_TEST_INFO_NULL,
};

int
main(void)
{
	return sc_run_suite("dest", tests);
}
