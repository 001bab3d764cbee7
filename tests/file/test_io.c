/*
 * The I/O threads: every job brings its result, whatever became of it.
 */
#include "file/io.h"
#include "lib/suite.h"
#include "lib/tempdir.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK_BYTES = 4096, SLOTS = 8, CHUNKS = 500, SIZE = CHUNKS * CHUNK_BYTES - 77 };

/* Longer than any result takes, unless it never comes. */
static const uint64_t patience_ns = UINT64_C(60000000000);

static char *dir;
static char *from;
static char *to;
static uint8_t *bytes;
static struct sc_slots slots;
static struct sc_source *source;
static struct sc_source_facts facts;

static void
set_up(void)
{
	dir = sc_tempdir_make();
	from = sc_tempdir_path(dir, "from");
	to = sc_tempdir_path(dir, "to");
	bytes = sc_test_bytes(SIZE, 3);
	memset(bytes + 10 * CHUNK_BYTES, 0, 5 * CHUNK_BYTES);
	sc_test_file_write(from, bytes, SIZE);
	CU_ASSERT_EQUAL_FATAL(sc_slots_init(&slots, SLOTS, CHUNK_BYTES, NULL), 0);
	CU_ASSERT_EQUAL_FATAL(sc_source_open(&source, from, &facts, NULL), 0);
}

static void
tear_down(void)
{
	sc_source_close(source);
	sc_slots_free(&slots);
	free(bytes);
	free(to);
	free(from);
	sc_tempdir_remove(dir);
}

static struct sc_io *
start(struct sc_source *reads, const char *dest)
{
	struct sc_io_config config = {.slots = &slots,
		.source = reads,
		.dest = dest,
		.facts = facts,
		.sink_options.verify = true};
	struct sc_io *io;

	CU_ASSERT_EQUAL_FATAL(sc_io_start(&io, &config, NULL), 0);
	return io;
}

/* The next result, which has to come. */
static struct sc_io_result
next(struct sc_io *io)
{
	struct sc_io_result result;

	if (!sc_io_poll(io, &result)) {
		sc_io_wait(io, patience_ns);
		CU_ASSERT_FATAL(sc_io_poll(io, &result));
	}
	return result;
}

static struct sc_io_result
expect(struct sc_io *io, enum sc_io_what what)
{
	struct sc_io_result result = next(io);

	CU_ASSERT_EQUAL(result.what, what);
	if (result.what != what)
		fprintf(stderr, "%d instead of %d: %s\n", result.what, what, result.why);
	return result;
}

/* Copy all chunks, SLOTS of them at a time. */
static void
copy_all(struct sc_io *io)
{
	uint32_t asked = 0, loaded = 0, stored = 0;

	while (asked < SLOTS) {
		sc_io_load(io, asked, asked);
		asked++;
	}
	while (stored < CHUNKS) {
		struct sc_io_result result = next(io);

		if (result.what == SC_IO_LOADED) {
			CU_ASSERT_EQUAL(result.chunk, loaded);
			loaded++;
			sc_io_store(io, result.slot, result.chunk);
		} else {
			CU_ASSERT_EQUAL_FATAL(result.what, SC_IO_STORED);
			CU_ASSERT_EQUAL(result.chunk, stored);
			stored++;
			if (asked < CHUNKS)
				sc_io_load(io, result.slot, asked++);
		}
	}
}

static void
file_goes_through_the_queues(void)
{
	struct sc_io_result result;
	struct sc_io *io;

	set_up();
	io = start(source, to);
	CU_ASSERT_EQUAL(expect(io, SC_IO_OPENED).slot, SC_IO_NO_SLOT);
	copy_all(io);
	CU_ASSERT(!sc_io_poll(io, &result));
	sc_io_wait(io, 0); /* nothing comes; it returns all the same */
	sc_io_finish(io);
	result = expect(io, SC_IO_FINISHED);
	CU_ASSERT(sc_digest_equal(result.seal.whole, sc_digest_chunk(bytes, SIZE, 0)));
	sc_io_commit(io, &result.seal);
	expect(io, SC_IO_COMMITTED);
	sc_io_stop(io);
	CU_ASSERT(sc_test_file_equals(to, bytes, SIZE));
	CU_ASSERT_EQUAL(sc_tempdir_entries(dir), 2);
	tear_down();
}

/* A relay: chunks arrive in slots, are stored, and are read back for others
 * while further ones are being stored. */
static void
relay_reads_back_while_it_stores(void)
{
	struct sc_seal seal = {0};
	struct sc_io *io;
	uint32_t loads = 0;

	set_up();
	seal.whole = sc_digest_chunk(bytes, SIZE, 0);
	io = start(NULL, to);
	expect(io, SC_IO_OPENED);
	for (uint32_t chunk = 0; chunk < CHUNKS; chunk++) {
		/* Slot 0 and 1 take turns with stores, slot 2 and 3 with loads. */
		uint32_t slot = chunk % 2;
		bool stored = false;

		CU_ASSERT_EQUAL(sc_source_read(source, &slots, slot, chunk, NULL), 0);
		sc_digest_sum_add(&seal.sum, chunk, sc_slots_header(&slots, slot).digest);
		sc_io_store(io, slot, chunk);
		if (chunk > 0)
			sc_io_load(io, 2 + slot, chunk / 2);
		for (int results = 0; results < (chunk > 0 ? 2 : 1); results++) {
			struct sc_io_result result = next(io);
			struct sc_chunk_header header;

			if (result.what == SC_IO_STORED) {
				stored = true;
				continue;
			}
			CU_ASSERT_EQUAL_FATAL(result.what, SC_IO_LOADED);
			CU_ASSERT(sc_slots_check(&slots, result.slot,
			    sc_slots_message_bytes(&slots, result.slot), &header));
			CU_ASSERT_EQUAL(header.chunk, chunk / 2);
			loads++;
		}
		CU_ASSERT(stored);
	}
	CU_ASSERT_EQUAL(loads, CHUNKS - 1);
	/* The commit in one thread, loads in the other. */
	sc_io_commit(io, &seal);
	for (uint32_t slot = 0; slot < SLOTS; slot++)
		sc_io_load(io, slot, CHUNKS - 1 - slot);
	for (uint32_t i = 0, committed = 0; i < SLOTS + 1; i++) {
		struct sc_io_result result = next(io);

		committed += result.what == SC_IO_COMMITTED;
		CU_ASSERT(result.what == SC_IO_COMMITTED || result.what == SC_IO_LOADED);
		CU_ASSERT(i < SLOTS || committed == 1);
	}
	sc_io_stop(io);
	CU_ASSERT(sc_test_file_equals(to, bytes, SIZE));
	tear_down();
}

/* A buddy keeps a copy, and has the source as well: loads are of that, whatever of the copy is
 * there, in any order; and it can be finished without any. */
static void
buddy_has_source_and_copy(void)
{
	struct sc_io_result result;
	struct sc_io *io;

	set_up();
	io = start(source, to);
	expect(io, SC_IO_OPENED);
	for (uint32_t i = 0; i < SLOTS / 2; i++) {
		struct sc_chunk_header header;

		sc_slots_seal(&slots, i, 7 * i + 10, CHUNK_BYTES,
		    true); /* not what the source has */
		sc_io_store(io, i, 7 * i + 10);
		CU_ASSERT_EQUAL(expect(io, SC_IO_STORED).slot, i);
		sc_io_load(io, SLOTS / 2 + i, 7 * i + 20);
		result = expect(io, SC_IO_LOADED);
		CU_ASSERT(sc_slots_check(&slots, result.slot,
		    sc_slots_message_bytes(&slots, result.slot), &header));
		CU_ASSERT_EQUAL(header.chunk, 7 * i + 20);
		CU_ASSERT_EQUAL(memcmp(sc_slots_payload(&slots, result.slot),
				    bytes + (size_t)header.chunk * CHUNK_BYTES, CHUNK_BYTES),
		    0);
	}
	sc_io_stop(io);
	sc_source_close(source);
	CU_ASSERT_EQUAL_FATAL(sc_source_open(&source, from, &facts, NULL), 0);
	io = start(source, to);
	expect(io, SC_IO_OPENED);
	sc_io_finish(io);
	result = expect(io, SC_IO_FINISHED);
	CU_ASSERT(sc_digest_equal(result.seal.whole, sc_digest_chunk(bytes, SIZE, 0)));
	CU_ASSERT(sc_io_stop(io));
	tear_down();
}

static void
results_wait_until_they_are_taken(void)
{
	struct sc_io_result result;
	struct sc_io *io;
	uint32_t opened = 0, loads = 0;

	set_up();
	io = start(source, to);
	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t slot = 0; slot < SLOTS; slot++)
			sc_io_load(io, slot, slot);
		if (round == 2)
			sc_io_finish(io);
		for (uint32_t i = 0; i < SLOTS + (round == 0 ? 1 : 0); i++) {
			result = next(io);
			opened += result.what == SC_IO_OPENED;
			loads += result.what == SC_IO_LOADED;
		}
	}
	CU_ASSERT_EQUAL(opened, 1);
	CU_ASSERT_EQUAL(loads, 3 * SLOTS);
	result = expect(io, SC_IO_FINISHED);
	CU_ASSERT_EQUAL(result.slot, SC_IO_NO_SLOT);
	CU_ASSERT(sc_digest_equal(result.seal.whole, sc_digest_chunk(bytes, SIZE, 0)));
	CU_ASSERT(!sc_io_poll(io, &result));
	sc_io_stop(io);
	tear_down();
}

static void
stop_in_the_middle_leaves_nothing(void)
{
	struct sc_io *io;

	set_up();
	for (int round = 0; round < 50; round++) {
		io = start(source, to);
		for (uint32_t slot = 0; slot < SLOTS / 2; slot++) {
			sc_slots_seal(&slots, slot, slot, CHUNK_BYTES, true);
			sc_io_store(io, slot, slot);
			sc_io_load(io, SLOTS / 2 + slot, slot);
		}
		if (round % 3 == 0)
			sc_io_wait(io, patience_ns);
		sc_io_stop(io);
		CU_ASSERT_EQUAL(sc_tempdir_entries(dir), 1);
	}
	sc_io_stop(NULL);
	tear_down();
}

static void
sink_that_cannot_open_answers_every_store(void)
{
	struct sc_seal zero = {0};
	struct sc_io_result result;
	struct sc_io *io;
	char *missing;

	set_up();
	missing = sc_tempdir_path(dir, "missing/to");
	io = start(source, missing);
	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		sc_slots_seal(&slots, slot, slot, CHUNK_BYTES, true);
		sc_io_store(io, slot, slot);
	}
	sc_io_commit(io, &zero);
	result = expect(io, SC_IO_STORE_FAILED);
	CU_ASSERT_EQUAL(result.slot, SC_IO_NO_SLOT);
	CU_ASSERT_PTR_NOT_NULL(strstr(result.why, "missing/to: No such file"));
	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		result = expect(io, SC_IO_STORE_FAILED);
		CU_ASSERT_EQUAL(result.slot, slot);
		CU_ASSERT_PTR_NOT_NULL(strstr(result.why, "missing/to: No such file"));
	}
	expect(io, SC_IO_COMMIT_FAILED);
	/* The source is served all the same. */
	sc_io_load(io, 0, 0);
	result = expect(io, SC_IO_LOADED);
	CU_ASSERT_PTR_NULL(result.why);
	sc_io_stop(io);
	free(missing);
	tear_down();
}

/* On a tmpfs of 1 MiB, with a file that claims to be nearly all holes. */
static int
fill_small_disk(const char *where, void *data)
{
	char *dest = sc_tempdir_path(where, "to");
	struct sc_io_result result;
	struct sc_io *io;
	uint32_t chunk = 0;

	(void)data;
	facts.allocated_bytes = 4096;
	io = start(NULL, dest);
	if (next(io).what != SC_IO_OPENED)
		return 1;
	do {
		memset(sc_slots_payload(&slots, 0), 'x', CHUNK_BYTES);
		sc_slots_seal(&slots, 0, chunk, CHUNK_BYTES, false);
		sc_io_store(io, 0, chunk);
		result = next(io);
	} while (result.what == SC_IO_STORED && ++chunk < CHUNKS - 1);
	if (result.what != SC_IO_STORE_FAILED || result.chunk != chunk || chunk < 100)
		return 2;
	if (strstr(result.why, "No space left on device") == NULL)
		return 3;
	sc_io_store(io, 0, chunk);
	if (next(io).what != SC_IO_STORE_FAILED)
		return 4;
	/* It goes on serving what it has. */
	sc_io_load(io, 1, chunk - 1);
	if (next(io).what != SC_IO_LOADED || sc_slots_header(&slots, 1).chunk != chunk - 1)
		return 5;
	sc_io_stop(io);
	free(dest);
	return sc_tempdir_entries(where) == 0 ? 0 : 6;
}

static void
full_disk_fails_stores_and_serves_on(void)
{
	int rc;

	set_up();
	rc = sc_test_on_small_tmpfs(dir, 1 << 20, fill_small_disk, NULL);
	if (rc < 0)
		printf(" (SKIPPED: may not mount) ");
	else
		CU_ASSERT_EQUAL(rc, 0);
	tear_down();
}

static void
failures_of_the_source_are_results(void)
{
	struct sc_io_result result;
	struct sc_io *io;

	set_up();
	io = start(source, NULL);
	sc_io_load(io, 3, 0);
	expect(io, SC_IO_LOADED);
	CU_ASSERT_EQUAL(truncate(from, 100), 0);
	sc_io_load(io, 4, 1);
	sc_io_finish(io);
	result = expect(io, SC_IO_LOAD_FAILED);
	CU_ASSERT_EQUAL(result.slot, 4);
	CU_ASSERT_EQUAL(result.chunk, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(result.why, "from shrank while it was read"));
	expect(io, SC_IO_FINISH_FAILED);
	sc_io_stop(io);
	tear_down();
}

static void
wrong_sum_fails_the_commit(void)
{
	struct sc_io_result result;
	struct sc_seal zero = {0};
	struct sc_io *io;

	set_up();
	io = start(source, to);
	expect(io, SC_IO_OPENED);
	copy_all(io);
	sc_io_commit(io, &zero);
	result = expect(io, SC_IO_COMMIT_FAILED);
	CU_ASSERT_PTR_NOT_NULL(strstr(result.why, "digests differ"));
	sc_io_stop(io);
	CU_ASSERT_EQUAL(sc_tempdir_entries(dir), 1);
	tear_down();
}

static volatile sig_atomic_t signals;
static volatile sig_atomic_t elsewhere;
static pthread_t main_thread;

static void
count_signal(int number)
{
	(void)number;
	signals++;
	if (!pthread_equal(pthread_self(), main_thread))
		elsewhere++;
}

static void
signals_reach_the_main_thread_only(void)
{
	struct sigaction action = {.sa_handler = count_signal}, before;
	sigset_t now;
	struct sc_io *io;

	set_up();
	main_thread = pthread_self();
	CU_ASSERT_EQUAL(sigaction(SIGUSR1, &action, &before), 0);
	io = start(source, to);
	expect(io, SC_IO_OPENED);
	/* The main thread's own mask was put back ... */
	CU_ASSERT_EQUAL(pthread_sigmask(SIG_SETMASK, NULL, &now), 0);
	CU_ASSERT(!sigismember(&now, SIGUSR1));
	/* ... and if it blocks a signal, nobody takes that. */
	CU_ASSERT_EQUAL(sigemptyset(&now), 0);
	CU_ASSERT_EQUAL(sigaddset(&now, SIGUSR1), 0);
	CU_ASSERT_EQUAL(pthread_sigmask(SIG_BLOCK, &now, NULL), 0);
	CU_ASSERT_EQUAL(kill(getpid(), SIGUSR1), 0);
	copy_all(io);
	CU_ASSERT_EQUAL(signals, 0);
	CU_ASSERT_EQUAL(pthread_sigmask(SIG_UNBLOCK, &now, NULL), 0);
	CU_ASSERT_EQUAL(signals, 1);
	CU_ASSERT_EQUAL(elsewhere, 0);
	sc_io_stop(io);
	CU_ASSERT_EQUAL(sigaction(SIGUSR1, &before, NULL), 0);
	tear_down();
}

static CU_TestInfo tests[] = {
	{"a full disk fails stores and serves on", full_disk_fails_stores_and_serves_on},
	{"a file goes through the queues", file_goes_through_the_queues},
	{"a relay reads back while it stores", relay_reads_back_while_it_stores},
	{"a buddy has source and copy", buddy_has_source_and_copy},
	{"results wait until they are taken", results_wait_until_they_are_taken},
	{"stop in the middle leaves nothing", stop_in_the_middle_leaves_nothing},
	{"an unopened sink answers every store", sink_that_cannot_open_answers_every_store},
	{"failures of the source are results", failures_of_the_source_are_results},
	{"a wrong sum fails the commit", wrong_sum_fails_the_commit},
	{"signals reach the main thread only", signals_reach_the_main_thread_only},
	CU_TEST_INFO_NULL,
};

int
main(void)
{
	return sc_run_suite("io", tests);
}
