/*
 * A tree from its source to its sink: in any order, with chunks of any size, cut off and resumed,
 * disturbed.
 */
#define _XOPEN_SOURCE 700 /* utimensat, S_IFMT */
#include "base/random.h"
#include "file/sink.h"
#include "lib/suite.h"
#include "lib/tempdir.h"
#include "tree/sink.h"
#include "tree/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *dir;
static char *from; /* dir/from: the tree */
static char *dest; /* dir/dest */
static char *part; /* where it grows */

static struct sc_source *source;
static struct sc_source_facts facts;
static struct sc_slots slots; /* what is stored, and what is loaded */
static uint32_t chunks;

static void
make_file(const char *name, const void *bytes, size_t length, mode_t mode)
{
	char *path = sc_tempdir_path(from, name);

	sc_test_file_write(path, bytes, length);
	CU_ASSERT_EQUAL_FATAL(chmod(path, mode), 0);
	free(path);
}

static void
make_dir(const char *name, mode_t mode)
{
	char *path = sc_tempdir_path(from, name);

	CU_ASSERT_EQUAL_FATAL(mkdir(path, 0700), 0);
	CU_ASSERT_EQUAL_FATAL(chmod(path, mode), 0);
	free(path);
}

static void
set_time(const char *name, time_t seconds)
{
	const struct timespec times[2] = {{.tv_sec = 5}, {.tv_sec = seconds, .tv_nsec = 123456789}};
	char *path = sc_tempdir_path(from, name);

	CU_ASSERT_EQUAL_FATAL(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0);
	free(path);
}

static void
make_link(const char *name, const char *target, bool hard)
{
	char *path = sc_tempdir_path(from, name);
	char *existing = sc_tempdir_path(from, target);

	CU_ASSERT_EQUAL_FATAL(hard ? link(existing, path) : symlink(target, path), 0);
	free(path);
	free(existing);
}

/* Some of everything: contents of 26,000 bytes. */
static void
set_up(void)
{
	uint8_t *bytes = sc_test_bytes(20000, 1);

	dir = sc_tempdir_make();
	from = sc_tempdir_path(dir, "from");
	dest = sc_tempdir_path(dir, "dest");
	part = sc_tempdir_path(dir, ".dest.stagecast.part");
	CU_ASSERT_EQUAL_FATAL(mkdir(from, 0700), 0);
	make_dir("a", 0755);
	make_dir("a/b", 0755);
	make_dir("empty", 0750);
	make_dir("many", 0700);
	make_file("large", bytes, 20000, 0644);
	make_file("nothing", "", 0, 0600);
	make_file("a/b/one", "1", 1, 0400);
	make_file("a/b/some", bytes + 100, 3000, 0777);
	memset(bytes, 0, 2000);
	make_file("zeros", bytes, 2000, 0644);
	for (size_t i = 0; i < 40; i++) {
		char name[32];

		snprintf(name, sizeof(name), "many/%02zu", i);
		make_file(name, bytes + 3000 + i, i, 0640);
	}
	make_link("a/again", "large", true);
	make_link("a/nowhere", "/nowhere/at/all", false);
	make_link("zz", "a", false);
	CU_ASSERT_EQUAL_FATAL(chmod(from, 0751), 0);
	set_time("zz", 77);
	set_time("a/b/some", -77);
	set_time("a/b", 1000000);
	set_time("a", 2000000);
	set_time("", 3000000);
	free(bytes);
}

static void
tear_down(void)
{
	free(part);
	free(dest);
	free(from);
	sc_tempdir_remove(dir);
}

static void
open_source(uint32_t chunk_bytes)
{
	const struct sc_root root = {.path = from, .name = "root"};
	const struct sc_walk_options walk = {.preserve = true};
	struct sc_error err = {0};

	CU_ASSERT_EQUAL_FATAL(sc_dirtree_source_open(&source, &root, 1, false, &walk, 0, &facts,
				  &err),
	    0);
	CU_ASSERT_EQUAL_FATAL(sc_slots_init(&slots, 2, chunk_bytes, NULL), 0);
	chunks = (uint32_t)((facts.size_bytes + chunk_bytes - 1) / chunk_bytes);
}

static void
close_source(void)
{
	sc_source_close(source);
	sc_slots_free(&slots);
}

static struct sc_sink *
open_sink(bool resume)
{
	static unsigned calls;
	/* By one thread, and by three. */
	const struct sc_sink_options options = {.preserve = true,
		.verify = true,
		.resume = resume,
		.backing = sc_dirtree_backing_open,
		.writers = calls++ % 2 == 0 ? 3 : 1};
	struct sc_sink *sink;
	struct sc_error err = {0};

	if (sc_sink_open(&sink, dest, &facts, slots.chunk_bytes, &options, &err) != 0)
		fprintf(stderr, "%s\n", err.text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(sink);
	return sink;
}

/* Chunk numbers in an order that a number gives: 0 as they are, 1 backwards. */
static uint32_t *
make_order(uint64_t seed)
{
	uint32_t *order = calloc(chunks + 1, sizeof(*order));
	struct sc_random random = {.state = seed};

	CU_ASSERT_PTR_NOT_NULL_FATAL(order);
	for (uint32_t i = 0; i < chunks; i++)
		order[i] = seed == 1 ? chunks - 1 - i : i;
	for (uint32_t i = chunks; i > 1 && seed > 1; i--) {
		uint32_t at = (uint32_t)(sc_random_next(&random) % i);
		uint32_t other = order[i - 1];

		order[i - 1] = order[at];
		order[at] = other;
	}
	return order;
}

static void
store(struct sc_sink *sink, uint32_t chunk)
{
	struct sc_error err = {0};

	CU_ASSERT_EQUAL_FATAL(sc_source_read(source, &slots, 0, chunk, &err), 0);
	if (sc_sink_store(sink, &slots, 0, &err) != 0)
		fprintf(stderr, "chunk %lu: %s\n", (unsigned long)chunk, err.text);
	CU_ASSERT_STRING_EQUAL_FATAL(err.text, "");
}

/* A chunk that was stored comes back as the source has it. */
static void
load(struct sc_sink *sink, uint32_t chunk)
{
	struct sc_error err = {0};

	if (sc_sink_load(sink, &slots, 1, chunk, &err) != 0)
		fprintf(stderr, "chunk %lu: %s\n", (unsigned long)chunk, err.text);
	CU_ASSERT_STRING_EQUAL_FATAL(err.text, "");
	CU_ASSERT_EQUAL_FATAL(sc_source_read(source, &slots, 0, chunk, NULL), 0);
	CU_ASSERT_EQUAL(sc_slots_message_bytes(&slots, 0), sc_slots_message_bytes(&slots, 1));
	CU_ASSERT_EQUAL(memcmp(sc_slots_message(&slots, 0), sc_slots_message(&slots, 1),
			    sc_slots_message_bytes(&slots, 0)),
	    0);
}

static void
commit(struct sc_sink *sink)
{
	struct sc_seal seal;
	struct sc_error err = {0};

	CU_ASSERT_EQUAL_FATAL(sc_source_finish(source, &seal, &err), 0);
	if (sc_sink_commit(sink, &seal, &err) != 0)
		fprintf(stderr, "%s\n", err.text);
	CU_ASSERT_STRING_EQUAL(err.text, "");
}

/* What is at dest is what a walk over the source found. */
static void
expect_the_tree(void)
{
	const struct sc_root root = {.path = dest, .name = "root"};
	const struct sc_walk_options walk = {.preserve = true};
	struct sc_source *copy;
	struct sc_source_facts there;
	struct sc_error err = {0};
	struct stat large, again;
	char *path = sc_tempdir_path(dest, "large");
	char *other = sc_tempdir_path(dest, "a/again");

	CU_ASSERT_EQUAL_FATAL(sc_dirtree_source_open(&copy, &root, 1, false, &walk, 0, &there,
				  &err),
	    0);
	CU_ASSERT(sc_digest_equal(there.manifest, facts.manifest));
	CU_ASSERT_EQUAL(there.size_bytes, facts.size_bytes);
	for (uint32_t chunk = 0; chunk < chunks; chunk++) {
		CU_ASSERT_EQUAL_FATAL(sc_source_read(source, &slots, 0, chunk, &err), 0);
		CU_ASSERT_EQUAL_FATAL(sc_source_read(copy, &slots, 1, chunk, &err), 0);
		CU_ASSERT_EQUAL_FATAL(memcmp(sc_slots_message(&slots, 0),
					  sc_slots_message(&slots, 1), SC_CHUNK_HEADER_BYTES),
		    0);
	}
	sc_source_close(copy);
	CU_ASSERT_EQUAL_FATAL(stat(path, &large), 0);
	CU_ASSERT_EQUAL_FATAL(stat(other, &again), 0);
	CU_ASSERT_EQUAL(large.st_ino, again.st_ino);
	CU_ASSERT_EQUAL(sc_tempdir_entries(dir), 2);
	free(path);
	free(other);
}

static void
remove_dest(void)
{
	char command[1024];

	snprintf(command, sizeof(command), "rm -rf '%s'", dest);
	CU_ASSERT_EQUAL_FATAL(system(command), 0);
}

static const uint32_t sizes[] = {1 << 16, 4096, 1000, 333, 64};

static void
arrives_in_any_order(void)
{
	set_up();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (uint64_t seed = 0; seed < 6; seed++) {
			struct sc_sink *sink;
			uint32_t *order;

			open_source(sizes[i]);
			order = make_order(seed);
			sink = open_sink(false);
			for (uint32_t at = 0; at < chunks; at++) {
				store(sink, order[at]);
				load(sink, order[at * 7 % (at + 1)]);
			}
			CU_ASSERT(!sc_test_file_exists(dest));
			commit(sink);
			for (uint32_t chunk = 0; chunk < chunks; chunk++)
				load(sink, chunk);
			sc_sink_close(sink);
			expect_the_tree();
			remove_dest();
			free(order);
			close_source();
		}
	}
	tear_down();
}

static void
goes_on_where_it_was_cut_off(void)
{
	set_up();
	for (uint64_t seed = 0; seed < 40; seed++) {
		struct sc_random random = {.state = seed + 100};
		uint32_t *order;
		struct sc_sink *sink;
		uint32_t before, after;

		open_source(sizes[seed % 5]);
		order = make_order(seed % 4);
		sink = open_sink(true);
		before = (uint32_t)(sc_random_next(&random) % (chunks + 1));
		for (uint32_t at = 0; at < before; at++)
			store(sink, order[at]);
		sc_sink_close(sink);
		CU_ASSERT(!sc_test_file_exists(dest));
		free(order);
		close_source();
		/* With chunks of the same size, or not. */
		open_source(sizes[seed / 5 % 2 == 0 ? seed % 5 : (seed + 1) % 5]);
		order = make_order(seed % 3);
		sink = open_sink(true);
		CU_ASSERT_STRING_EQUAL(sc_sink_note(sink), "");
		after = sc_sink_held(sink)->count;
		if (seed / 5 % 2 == 0)
			CU_ASSERT(after + before / 8 + 2 >= before && after <= before);
		for (uint32_t at = 0; at < chunks; at++) {
			if (!sc_bitmap_has(sc_sink_held(sink), order[at]))
				store(sink, order[at]);
			load(sink, order[at]);
		}
		commit(sink);
		sc_sink_close(sink);
		expect_the_tree();
		remove_dest();
		free(order);
		close_source();
	}
	tear_down();
}

/* What was left is not believed: files that were changed, taken away, put in another's place. */
static void
what_was_left_is_compared(void)
{
	static const char *const deeds[] = {
		"echo bad >tree/many/30",
		"rm tree/many/30",
		"rm -r tree/a",
		"rm -r tree/a && ln -s / tree/a",
		"rm tree/many/30 && ln -s /etc/passwd tree/many/30",
		"rm tree/many/30 && mkfifo tree/many/30",
		"rm tree/large && ln tree/nothing tree/large",
		"truncate -s 10 tree/large",
		"printf x | dd of=stream bs=1 seek=40 conv=notrunc status=none",
		"truncate -s 0 stream",
		"rm stream",
		"rm -r tree",
		"mv tree whole",
		"chmod 777 .",
		"chmod 000 tree/a tree/many tree/large tree",
		"ln tree/large tree/other && rm tree/zz",
	};

	for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
		char command[1024];
		struct sc_sink *sink;

		set_up();
		open_source(333);
		sink = open_sink(true);
		for (uint32_t chunk = 0; chunk + 3 < chunks; chunk++)
			store(sink, chunk);
		sc_sink_close(sink);
		snprintf(command, sizeof(command), "cd '%s' && %s", part, deeds[i]);
		CU_ASSERT_EQUAL_FATAL(system(command), 0);
		sink = open_sink(true);
		for (uint32_t chunk = 0; chunk < chunks; chunk++) {
			if (!sc_bitmap_has(sc_sink_held(sink), chunk))
				store(sink, chunk);
		}
		commit(sink);
		sc_sink_close(sink);
		if (i + 1 < sizeof(deeds) / sizeof(deeds[0])) {
			expect_the_tree();
		} else {
			char *other = sc_tempdir_path(dest, "other");

			/* No other user could have put it there. */
			CU_ASSERT_EQUAL(unlink(other), 0);
			free(other);
		}
		close_source();
		tear_down();
	}
}

/* Another program puts links where directories were: nothing is written through them. */
static void
nothing_gets_out(void)
{
	char command[1024];
	char *outside;
	struct sc_sink *sink;
	struct sc_error err = {0};
	bool failed = false;

	set_up();
	outside = sc_tempdir_path(dir, "outside");
	CU_ASSERT_EQUAL_FATAL(mkdir(outside, 0700), 0);
	open_source(333);
	sink = open_sink(false);
	for (uint32_t chunk = 0; chunk < chunks / 4; chunk++)
		store(sink, chunk);
	snprintf(command, sizeof(command),
	    "cd '%s/tree' && mkdir -p a many && for i in a many; do mv $i .$i; ln -s ../../outside $i;"
	    " done",
	    part);
	CU_ASSERT_EQUAL_FATAL(system(command), 0);
	for (uint32_t chunk = chunks / 4; chunk < chunks && !failed; chunk++) {
		CU_ASSERT_EQUAL_FATAL(sc_source_read(source, &slots, 0, chunk, NULL), 0);
		failed = sc_sink_store(sink, &slots, 0, &err) != 0;
	}
	CU_ASSERT(failed);
	CU_ASSERT_EQUAL(sc_tempdir_entries(outside), 0);
	sc_sink_close(sink);
	CU_ASSERT_EQUAL(sc_tempdir_entries(dir), 2);
	CU_ASSERT_EQUAL(sc_tempdir_entries(outside), 0);
	free(outside);
	close_source();
	tear_down();
}

/* A stream with the manifest of another one, or with none. */
static void
a_wrong_manifest_is_noticed(void)
{
	struct sc_sink *sink;
	struct sc_error err = {0};
	int rc = 0;

	set_up();
	open_source(333);
	facts.manifest.low ^= 1;
	sink = open_sink(true);
	for (uint32_t chunk = 0; chunk < chunks && rc == 0; chunk++) {
		CU_ASSERT_EQUAL_FATAL(sc_source_read(source, &slots, 0, chunk, NULL), 0);
		rc = sc_sink_store(sink, &slots, 0, &err);
	}
	CU_ASSERT_EQUAL(rc, -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "is not the source's"));
	sc_sink_close(sink);
	close_source();
	tear_down();
}

static void
changes_are_noticed(void)
{
	static const char *const deeds[] = {
		"echo more >>a/b/some",
		"touch many/39",
		"rm many/20",
		"rm large && cp zeros large",
		"mv many/20 many/200 && mv many/21 many/20",
	};

	for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
		char command[1024];
		struct sc_seal seal;
		struct sc_error err = {0};
		int rc = 0;

		set_up();
		open_source(4096);
		for (uint32_t chunk = 0; chunk < i; chunk++)
			CU_ASSERT_EQUAL_FATAL(sc_source_read(source, &slots, 0, chunk, NULL), 0);
		snprintf(command, sizeof(command), "cd '%s' && %s", from, deeds[i]);
		CU_ASSERT_EQUAL_FATAL(system(command), 0);
		for (uint32_t chunk = (uint32_t)i; chunk < chunks && rc == 0; chunk++)
			rc = sc_source_read(source, &slots, 0, chunk, &err);
		if (rc == 0)
			rc = sc_source_finish(source, &seal, &err);
		CU_ASSERT_EQUAL(rc, -1);
		CU_ASSERT(strstr(err.text, "changed while it was read") != NULL ||
		    strstr(err.text, "cannot open") != NULL);
		close_source();
		tear_down();
	}
}

/* As a user without privileges: directories that may not be written to, files that may not be
 * read. */
static int
stage_unprivileged(const char *where, void *data)
{
	char command[1024];
	int status;

	(void)where;
	(void)data;
	snprintf(command, sizeof(command), "chmod 555 '%s/a/b' '%s/many' '%s'", from, from, from);
	if (system(command) != 0)
		return 2;
	for (int round = 0; round < 4; round++) {
		struct sc_sink *sink;

		open_source(333);
		sink = open_sink(true);
		for (uint32_t chunk = 0; chunk < chunks; chunk++) {
			if (round % 2 == 0 && chunk == chunks * 3 / 4) {
				sc_sink_close(sink);
				sink = open_sink(true);
			}
			if (!sc_bitmap_has(sc_sink_held(sink), chunk))
				store(sink, chunk);
		}
		commit(sink);
		sc_sink_close(sink);
		expect_the_tree();
		snprintf(command, sizeof(command), "chmod -R u+rwx '%s'", dest);
		status = system(command);
		remove_dest();
		close_source();
	}
	return status;
}

static void
works_without_privileges(void)
{
	char command[1024];
	int status;

	set_up();
	snprintf(command, sizeof(command), "chown -R 65534:65534 '%s'", dir);
	(void)system(command); /* where it fails becoming that user will */
	status = sc_test_unprivileged(dir, stage_unprivileged, NULL);
	if (status < 0)
		fprintf(stderr, "not tried: becoming a user without privileges\n");
	CU_ASSERT(status <= 0);
	tear_down();
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"arrives in any order", arrives_in_any_order},
		{"goes on where it was cut off", goes_on_where_it_was_cut_off},
		{"what was left is compared", what_was_left_is_compared},
		{"nothing gets out", nothing_gets_out},
		{"a wrong manifest is noticed", a_wrong_manifest_is_noticed},
		{"changes are noticed", changes_are_noticed},
		{"works without privileges", works_without_privileges},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("tree", tests);
}
