/*
 * The resume: what a run that was cut off had stored is not stored again,
 * whatever happened to it, and what comes out is the source.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "base/random.h"
#include "file/cut_off.h"
#include "file/io.h"
#include "lib/suite.h"
#include "lib/tempdir.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { CHUNKS = 40, SIZE = CHUNKS * SC_TRIAL_CHUNK_BYTES - 99 };

static struct sc_cut cut;

static void
next_run_goes_on(void)
{
	for (uint32_t stored = 1; stored <= CHUNKS; stored += 13) {
		char note[SC_ERROR_TEXT_BYTES];

		sc_cut_set_up(&cut, SIZE);
		sc_cut_run(&cut, stored);
		CU_ASSERT(sc_test_file_exists(cut.s.part));
		CU_ASSERT(sc_test_file_exists(cut.journal));
		CU_ASSERT_EQUAL(sc_tempdir_entries(cut.s.dir), 2);
		CU_ASSERT_EQUAL(sc_cut_finish(&cut, SC_TRIAL_CHUNK_BYTES, &sc_cut_resume, note),
		    stored);
		CU_ASSERT_STRING_EQUAL(note, "");
		sc_cut_tear_down(&cut);
	}
}

/* Each run stores a few more, and none of them comes to the end. */
static void
one_run_after_the_other_is_cut_off(void)
{
	struct sc_sink *sink;

	sc_cut_set_up(&cut, SIZE);
	for (uint32_t chunk = 0; chunk < CHUNKS; chunk++) {
		sink = sc_trial_open(&cut.s, &cut.facts, &sc_cut_resume);
		CU_ASSERT_EQUAL(sc_cut_held(&cut, sink, SC_TRIAL_CHUNK_BYTES), chunk);
		sc_cut_store(&cut, sink, CHUNKS - 1 - chunk);
		sc_sink_close(sink);
	}
	CU_ASSERT_EQUAL(sc_cut_finish(&cut, SC_TRIAL_CHUNK_BYTES, &sc_cut_resume, NULL), CHUNKS);
	sc_cut_tear_down(&cut);
}

static void
without_a_chunk_nothing_is_kept(void)
{
	sc_cut_set_up(&cut, SIZE);
	sc_cut_run(&cut, 0);
	CU_ASSERT_EQUAL(sc_tempdir_entries(cut.s.dir), 0);
	sc_cut_tear_down(&cut);
	sc_cut_set_up(&cut, 0);
	CU_ASSERT_EQUAL(sc_cut_finish(&cut, SC_TRIAL_CHUNK_BYTES, &sc_cut_resume, NULL), 0);
	sc_cut_tear_down(&cut);
}

/* Chunks of now whose bytes are all in stored chunks of then. */
static uint32_t
covered(const bool stored[CHUNKS], uint32_t chunk_bytes)
{
	uint32_t count = 0;

	for (uint32_t chunk = 0; chunk < sc_cut_chunks(&cut, chunk_bytes); chunk++) {
		bool whole = true;

		for (size_t i = 0; i < chunk_bytes; i++) {
			size_t at = (size_t)chunk * chunk_bytes + i;

			whole = whole && (at >= SIZE || stored[at / SC_TRIAL_CHUNK_BYTES]);
		}
		count += whole;
	}
	return count;
}

static void
chunks_may_have_another_size(void)
{
	static const uint32_t sizes[] = {4096, 5001, SC_TRIAL_CHUNK_BYTES - 1,
		SC_TRIAL_CHUNK_BYTES + 1, 2 * SC_TRIAL_CHUNK_BYTES, 100000, SIZE - 1, SIZE,
		1 << 20};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (uint32_t gap = 2; gap <= 32; gap *= 4) {
			bool stored[CHUNKS];
			struct sc_sink *sink;
			uint32_t expected;

			sc_cut_set_up(&cut, SIZE);
			sink = sc_trial_open(&cut.s, &cut.facts, &sc_cut_resume);
			for (uint32_t chunk = 0; chunk < CHUNKS; chunk++) {
				stored[chunk] = chunk % gap != 1;
				if (stored[chunk])
					sc_cut_store(&cut, sink, chunk);
			}
			sc_sink_close(sink);
			expected = covered(stored, sizes[i]);
			CU_ASSERT_EQUAL(sc_cut_finish(&cut, sizes[i], &sc_cut_resume, NULL),
			    expected);
			CU_ASSERT(expected > 0 || sizes[i] > SC_TRIAL_CHUNK_BYTES);
			sc_cut_tear_down(&cut);
		}
	}
}

/* From one size to another, cut off, and back. */
static void
size_may_change_twice(void)
{
	struct sc_sink *sink;

	sc_cut_set_up(&cut, SIZE);
	sc_cut_run(&cut, 10);
	CU_ASSERT_EQUAL_FATAL(sc_sink_open(&sink, cut.s.dest, &cut.facts, 5000, &sc_cut_resume,
				  NULL),
	    0);
	CU_ASSERT_EQUAL(sc_cut_held(&cut, sink, 5000), 10 * SC_TRIAL_CHUNK_BYTES / 5000);
	sc_sink_close(sink);
	/* What was in the way of the other size is lost: the last bytes of chunk 9. */
	CU_ASSERT_EQUAL(sc_cut_finish(&cut, SC_TRIAL_CHUNK_BYTES, &sc_cut_resume, NULL), 9);
	sc_cut_tear_down(&cut);
}

/* Store chunk after chunk, and count them where the parent sees it. */
static int
store_until_killed(const char *where, void *data)
{
	atomic_uint *stored = data;
	struct sc_sink *sink = sc_trial_open(&cut.s, &cut.facts, &sc_cut_resume);

	(void)where;
	for (uint32_t chunk = 0; chunk < sc_cut_chunks(&cut, SC_TRIAL_CHUNK_BYTES); chunk++) {
		if (!sc_bitmap_has(sc_sink_held(sink), chunk))
			sc_cut_store(&cut, sink, chunk);
		atomic_store(stored, chunk + 1);
	}
	(void)pause();
	return 1;
}

/* Killed in the middle again and again.  The moments are those of the counter, or just after. */
static void
killed_runs_lose_little(void)
{
	enum { ROUNDS = 12, MANY = 3000, FORGOTTEN_MAX = 128 };
	atomic_uint *stored =
	    mmap(NULL, sizeof(*stored), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct sc_random random = {.state = 4};
	uint32_t at = 0;

	CU_ASSERT_FATAL(stored != MAP_FAILED);
	sc_cut_set_up(&cut, MANY * SC_TRIAL_CHUNK_BYTES - 1);
	for (int round = 0; round < ROUNDS; round++) {
		struct sc_sink *sink;
		uint32_t held;
		pid_t child;

		atomic_store(stored, 0);
		child = sc_test_start(cut.s.dir, store_until_killed, stored);
		at += (uint32_t)sc_random_below(&random, MANY / ROUNDS);
		while (atomic_load(stored) < at)
			(void)sched_yield();
		CU_ASSERT_EQUAL(kill(child, SIGKILL), 0);
		CU_ASSERT_EQUAL(sc_test_wait(child), SC_TEST_KILLED);
		if (at == 0)
			continue;
		sink = sc_trial_open(&cut.s, &cut.facts, &sc_cut_resume);
		held = sc_cut_held(&cut, sink, SC_TRIAL_CHUNK_BYTES);
		CU_ASSERT(held + FORGOTTEN_MAX >= atomic_load(stored));
		sc_sink_close(sink);
	}
	CU_ASSERT(sc_cut_finish(&cut, SC_TRIAL_CHUNK_BYTES, &sc_cut_resume, NULL) + FORGOTTEN_MAX >=
	    at);
	CU_ASSERT_EQUAL(munmap(stored, sizeof(*stored)), 0);
	sc_cut_tear_down(&cut);
}

/* Killed by a timer of the processor time that it uses: at each step of the opening. */
static int
open_and_close(const char *where, void *data)
{
	const uint64_t *delay_us = data;
	struct itimerspec when = {.it_value.tv_nsec = (long)(*delay_us * 1000)};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};
	timer_t timer;

	(void)where;
	if (timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timer) != 0 ||
	    timer_settime(timer, 0, &when, NULL) != 0)
		return 1;
	while (sc_test_file_exists(cut.s.part))
		sc_cut_run(&cut, 0);
	return 2;
}

static void
opening_may_be_killed_at_any_moment(void)
{
	enum { STORED = 10 };

	sc_cut_set_up(&cut, SIZE);
	sc_cut_run(&cut, STORED);
	for (uint64_t delay_us = 20; delay_us < 3000; delay_us += 20) {
		struct sc_sink *sink;

		CU_ASSERT_EQUAL(sc_test_wait(sc_test_start(cut.s.dir, open_and_close, &delay_us)),
		    SC_TEST_KILLED);
		sink = sc_trial_open(&cut.s, &cut.facts, &sc_cut_resume);
		CU_ASSERT_EQUAL(sc_sink_held(sink)->count, STORED);
		CU_ASSERT_STRING_EQUAL(sc_sink_note(sink), "");
		sc_sink_close(sink);
		CU_ASSERT_EQUAL(sc_tempdir_entries(cut.s.dir), 2);
	}
	CU_ASSERT_EQUAL(sc_cut_finish(&cut, SC_TRIAL_CHUNK_BYTES, &sc_cut_resume, NULL), STORED);
	sc_cut_tear_down(&cut);
}

static void
journal_may_end_at_any_byte(void)
{
	enum { STORED = 3 };
	size_t length, part_length;
	uint8_t *journal, *part;

	sc_cut_set_up(&cut, SIZE);
	sc_cut_run(&cut, STORED);
	journal = sc_cut_read(cut.journal, &length);
	part = sc_cut_read(cut.s.part, &part_length);
	CU_ASSERT_EQUAL_FATAL(length, 64 + STORED * 32);
	for (size_t left = 0; left <= length; left++) {
		struct sc_sink *sink;

		sc_test_file_write(cut.s.part, part, part_length);
		CU_ASSERT_EQUAL(chmod(cut.s.part, 0600), 0);
		sc_test_file_write(cut.journal, journal, left);
		sink = sc_trial_open(&cut.s, &cut.facts, &sc_cut_resume);
		CU_ASSERT_EQUAL(sc_cut_held(&cut, sink, SC_TRIAL_CHUNK_BYTES),
		    left < 64 ? 0 : (left - 64) / 32);
		CU_ASSERT_EQUAL(strstr(sc_sink_note(sink), "is damaged") != NULL, left < 64);
		sc_sink_close(sink);
		CU_ASSERT_EQUAL(sc_tempdir_entries(cut.s.dir), left < 64 + 32 ? 0 : 2);
	}
	free(part);
	free(journal);
	sc_cut_tear_down(&cut);
}

static void
flip(off_t at)
{
	int fd = open(cut.s.part, O_RDWR);
	uint8_t byte;

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(pread(fd, &byte, 1, at), 1);
	byte ^= 0x40;
	CU_ASSERT_EQUAL(pwrite(fd, &byte, 1, at), 1);
	CU_ASSERT_EQUAL(close(fd), 0);
}

static void
damaged_chunks_are_stored_again(void)
{
	static const uint32_t sizes[] = {SC_TRIAL_CHUNK_BYTES, SC_TRIAL_CHUNK_BYTES / 2};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		sc_cut_set_up(&cut, SIZE);
		sc_cut_run(&cut, CHUNKS);
		flip(0);
		flip(3 * SC_TRIAL_CHUNK_BYTES + 77); /* of zeros */
		flip(8 * SC_TRIAL_CHUNK_BYTES - 1);
		flip(SIZE - 1);
		CU_ASSERT_EQUAL(sc_cut_finish(&cut, sizes[i], &sc_cut_resume, NULL),
		    sc_cut_chunks(&cut, sizes[i]) - 4 * SC_TRIAL_CHUNK_BYTES / sizes[i]);
		sc_cut_tear_down(&cut);
	}
}

static void
part_file_of_another_length_is_mended(void)
{
	for (int i = 0; i < 2; i++) {
		sc_cut_set_up(&cut, SIZE);
		sc_cut_run(&cut, CHUNKS);
		CU_ASSERT_EQUAL(truncate(cut.s.part,
				    i == 0 ? 10 * SC_TRIAL_CHUNK_BYTES + 1 : 2 * SIZE),
		    0);
		CU_ASSERT_EQUAL(sc_cut_finish(&cut, SC_TRIAL_CHUNK_BYTES, &sc_cut_resume, NULL),
		    i == 0 ? 10 : CHUNKS);
		sc_cut_tear_down(&cut);
	}
}

/* What is no hole where a chunk of zeros goes doesn't shine through, with a
 * source that has holes and without. */
static void
garbage_between_the_chunks_is_cleared(void)
{
	for (int sparse = 0; sparse < 2; sparse++) {
		uint8_t *garbage = sc_test_bytes(SIZE, 99);
		int fd;

		sc_cut_set_up(&cut, SIZE);
		memset(cut.bytes + 20 * SC_TRIAL_CHUNK_BYTES + 5000, 0, 9000);
		if (sparse)
			cut.facts.allocated_bytes = SIZE / 2;
		sc_cut_run(&cut, 2);
		fd = open(cut.s.part, O_WRONLY);
		CU_ASSERT_FATAL(fd >= 0);
		CU_ASSERT_EQUAL(pwrite(fd, garbage, SIZE - 2 * SC_TRIAL_CHUNK_BYTES,
				    2 * SC_TRIAL_CHUNK_BYTES),
		    SIZE - 2 * SC_TRIAL_CHUNK_BYTES);
		CU_ASSERT_EQUAL(close(fd), 0);
		CU_ASSERT_EQUAL(sc_cut_finish(&cut, SC_TRIAL_CHUNK_BYTES, &sc_cut_resume, NULL), 2);
		if (sparse)
			CU_ASSERT(sc_test_file_allocated(cut.s.dest) <= SIZE - SIZE / 6);
		free(garbage);
		sc_cut_tear_down(&cut);
	}
}

static void
journal_of_another_source_is_not_used(void)
{
	for (int i = 0; i < 5; i++) {
		char note[SC_ERROR_TEXT_BYTES];
		uint32_t held;

		sc_cut_set_up(&cut, SIZE);
		sc_cut_run(&cut, 20);
		if (i == 0)
			cut.facts.mtime_s++;
		else if (i == 1)
			cut.facts.mtime_ns++;
		else if (i < 4)
			cut.facts.size_bytes = cut.size -= i == 2 ? 1 : SC_TRIAL_CHUNK_BYTES;
		/* What was stored there must not shine through. */
		if (i < 4)
			memset(cut.bytes, 0, SC_TRIAL_CHUNK_BYTES);
		/* Looked at, opened to others, moved to where it has holes: the same bytes. */
		cut.facts.atime_s++;
		cut.facts.mode = 0666;
		cut.facts.allocated_bytes -= 4096;
		held = sc_cut_finish(&cut, SC_TRIAL_CHUNK_BYTES, &sc_cut_resume, note);
		CU_ASSERT_EQUAL(held, i == 4 ? 20 : 0);
		CU_ASSERT_EQUAL(strstr(note, "is of another source") != NULL, i != 4);
		sc_cut_tear_down(&cut);
	}
}

static int
resume_on_small_disk(const char *where, void *data)
{
	struct sc_error err = {0};
	struct sc_sink *sink;
	uint32_t stored = 0;

	(void)data;
	/* The source says that it is mostly holes, and isn't. */
	cut.facts.allocated_bytes = 4096;
	sink = sc_trial_open(&cut.s, &cut.facts, &sc_cut_resume);
	do {
		sc_trial_fill(&cut.s, cut.bytes, SIZE, stored, false);
	} while (sc_sink_store(sink, &cut.s.slots, 0, &err) == 0 && ++stored < CHUNKS);
	sc_sink_close(sink);
	if (err.errnum != ENOSPC || sc_tempdir_entries(where) != 2)
		return 1;
	sink = sc_trial_open(&cut.s, &cut.facts, &sc_cut_resume);
	if (sc_sink_held(sink)->count + 1 < stored || stored < 5)
		return 2;
	sc_sink_close(sink);
	/* Now the truth: it doesn't fit, but what is there stays. */
	cut.facts.allocated_bytes = SIZE;
	if (sc_sink_open(&sink, cut.s.dest, &cut.facts, SC_TRIAL_CHUNK_BYTES, &sc_cut_resume,
		&err) == 0 ||
	    strstr(err.text, " are free") == NULL || sc_tempdir_entries(where) != 2)
		return 3;
	cut.facts.allocated_bytes = 4096;
	sink = sc_trial_open(&cut.s, &cut.facts, &sc_cut_resume);
	if (sc_sink_held(sink)->count + 1 < stored)
		return 4;
	sc_sink_close(sink);
	return 0;
}

static void
full_disk_keeps_what_is_there(void)
{
	int rc;

	sc_cut_set_up(&cut, SIZE);
	rc = sc_test_on_small_tmpfs(cut.s.dir, 400 << 10, resume_on_small_disk, NULL);
	if (rc < 0)
		printf(" (SKIPPED: may not mount) ");
	CU_ASSERT(rc <= 0);
	sc_cut_tear_down(&cut);
}

static void
looking_can_be_cancelled(void)
{
	atomic_bool cancel = true;
	const struct sc_sink_options options = {.resume = true, .cancel = &cancel};
	struct sc_error err = {0};
	struct sc_sink *sink;

	sc_cut_set_up(&cut, SIZE);
	sc_cut_run(&cut, 20);
	CU_ASSERT_EQUAL(sc_sink_open(&sink, cut.s.dest, &cut.facts, SC_TRIAL_CHUNK_BYTES, &options,
			    &err),
	    -1);
	CU_ASSERT_PTR_NULL(sink);
	CU_ASSERT_EQUAL(err.errnum, ECANCELED);
	CU_ASSERT_EQUAL(sc_tempdir_entries(cut.s.dir), 2);
	CU_ASSERT_EQUAL(sc_cut_finish(&cut, SC_TRIAL_CHUNK_BYTES, &sc_cut_resume, NULL), 20);
	sc_cut_tear_down(&cut);
}

/* Through the I/O threads: what is held is known when the sink is open, and can be loaded. */
static void
io_threads_resume(void)
{
	struct sc_io_config config = {.slots = &cut.s.slots, .sink_options = sc_cut_resume};
	struct sc_io_result result;
	struct sc_io *io;

	sc_cut_set_up(&cut, SIZE);
	config.dest = cut.s.dest;
	config.facts = cut.facts;
	for (uint32_t round = 0; round < 10; round++) {
		CU_ASSERT_EQUAL_FATAL(sc_io_start(&io, &config, NULL), 0);
		while (!sc_io_poll(io, &result))
			sc_io_wait(io, UINT64_C(1000000000));
		CU_ASSERT_EQUAL_FATAL(result.what, SC_IO_OPENED);
		CU_ASSERT_EQUAL(sc_io_held(io)->count, round);
		CU_ASSERT_STRING_EQUAL(sc_io_note(io), "");
		sc_trial_fill(&cut.s, cut.bytes, SIZE, round, false);
		sc_io_store(io, 0, round);
		if (round > 0)
			sc_io_load(io, 1, round / 2);
		for (uint32_t i = 0; i < (round > 0 ? 2 : 1); i++) {
			while (!sc_io_poll(io, &result))
				sc_io_wait(io, UINT64_C(1000000000));
			CU_ASSERT(result.what == SC_IO_STORED || result.what == SC_IO_LOADED);
		}
		sc_io_stop(io);
	}
	/* Stopped at once, nothing is lost. */
	for (int i = 0; i < 50; i++) {
		CU_ASSERT_EQUAL_FATAL(sc_io_start(&io, &config, NULL), 0);
		sc_io_stop(io);
		CU_ASSERT_EQUAL(sc_tempdir_entries(cut.s.dir), 2);
	}
	CU_ASSERT_EQUAL(sc_cut_finish(&cut, SC_TRIAL_CHUNK_BYTES, &sc_cut_resume, NULL), 10);
	sc_cut_tear_down(&cut);
}

static CU_TestInfo tests[] = {
	{"the next run goes on", next_run_goes_on},
	{"one after the other is cut off", one_run_after_the_other_is_cut_off},
	{"without a chunk nothing is kept", without_a_chunk_nothing_is_kept},
	{"chunks may have another size", chunks_may_have_another_size},
	{"the size may change twice", size_may_change_twice},
	{"killed runs lose little", killed_runs_lose_little},
	{"the opening may be killed at any moment", opening_may_be_killed_at_any_moment},
	{"the journal may end at any byte", journal_may_end_at_any_byte},
	{"damaged chunks are stored again", damaged_chunks_are_stored_again},
	{"a part file of another length is mended", part_file_of_another_length_is_mended},
	{"garbage between the chunks is cleared", garbage_between_the_chunks_is_cleared},
	{"another source's journal is not used", journal_of_another_source_is_not_used},
	{"a full disk keeps what is there", full_disk_keeps_what_is_there},
	{"looking can be cancelled", looking_can_be_cancelled},
	{"the I/O threads resume", io_threads_resume},
	CU_TEST_INFO_NULL,
};

int
main(void)
{
	return sc_run_suite("resume", tests);
}
