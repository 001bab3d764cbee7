/*
 * The I/O threads on a disk that hangs: a real one, as the kernel sees it (hanging_disk.h).  What
 * it keeps is given up, and what comes of it later harms nobody.
 */
#include "base/clock.h"
#include "file/io.h"
#include "file/watch.h"
#include "lib/hanging_disk.h"
#include "lib/suite.h"
#include "lib/tempdir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK_BYTES = 4096, SLOTS = 8, CHUNKS = 12, SIZE = CHUNKS * CHUNK_BYTES };

static const uint64_t stall_ns = UINT64_C(300) * 1000 * 1000;
static const uint64_t long_ns = UINT64_C(3600) * 1000 * 1000 * 1000;

/* Longer than anything takes, unless it never comes. */
static const uint64_t patience_ns = UINT64_C(30) * 1000 * 1000 * 1000;

/* Each test is a process with a disk of its own; it says where it failed. */
#define REQUIRE(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "line %d: not so: %s\n", __LINE__, #condition); \
			return 1; \
		} \
	} while (0)

static struct sc_slots slots;
static struct sc_source_facts facts = {.size_bytes = SIZE, .allocated_bytes = SIZE, .mode = 0644};
static char *dest;
static struct sc_io *io;
static struct sc_seal seal;

static int
start(uint64_t stall_after_ns)
{
	const struct sc_io_config config = {
		.slots = &slots, .dest = dest, .facts = facts, .stall_ns = stall_after_ns};

	return sc_io_start(&io, &config, NULL);
}

static bool
next(struct sc_io_result *result)
{
	uint64_t until_ns = sc_clock_now_ns() + patience_ns;

	while (!sc_io_poll(io, result)) {
		if (sc_clock_now_ns() > until_ns)
			return false;
		sc_io_wait(io, 1000 * 1000);
	}
	return true;
}

static bool
comes(enum sc_io_what what)
{
	struct sc_io_result result;

	if (next(&result) && result.what == what)
		return true;
	fprintf(stderr, "not %d, but %d: %s\n", what, result.what, result.why);
	return false;
}

static void
store(uint32_t slot, uint32_t chunk)
{
	memset(sc_slots_payload(&slots, slot), 'a' + (int)chunk, CHUNK_BYTES);
	sc_slots_seal(&slots, slot, chunk, CHUNK_BYTES, false);
	sc_io_store(io, slot, chunk);
}

static bool
wait_until_it_hangs(void)
{
	uint64_t until_ns = sc_clock_now_ns() + patience_ns;

	while (!sc_hanging_disk_hangs() && sc_clock_now_ns() < until_ns)
		sc_clock_sleep_ns(1000 * 1000);
	return sc_hanging_disk_hangs();
}

/* Failed because the disk hangs; is the slot lost? */
static bool
is_stall(enum sc_io_what what, uint32_t slot, bool lost)
{
	struct sc_io_result result;

	if (!next(&result) || result.what != what || result.slot != slot ||
	    result.slot_lost != lost)
		return false;
	return strstr(result.why, "to: the disk has not answered for ") != NULL;
}

static bool
stops_at_once(bool cleanly)
{
	uint64_t begun_ns = sc_clock_now_ns();

	return sc_io_stop(io) == cleanly && sc_clock_now_ns() - begun_ns < patience_ns / 10;
}

static int
stores_are_given_up(void)
{
	struct sc_io_result result;
	uint64_t begun_ns;

	REQUIRE(start(stall_ns) == 0 && comes(SC_IO_OPENED));
	store(0, 0);
	REQUIRE(comes(SC_IO_STORED));
	sc_hanging_disk_set(SC_HANG_WRITE);
	begun_ns = sc_clock_now_ns();
	for (uint32_t i = 1; i < 4; i++)
		store(i, i);
	REQUIRE(wait_until_it_hangs());
	REQUIRE(is_stall(SC_IO_STORE_FAILED, 1, true));
	REQUIRE(sc_clock_now_ns() - begun_ns >= stall_ns);
	REQUIRE(is_stall(SC_IO_STORE_FAILED, 2, false));
	REQUIRE(is_stall(SC_IO_STORE_FAILED, 3, false));
	/* And all that comes later, at once. */
	store(4, 4);
	REQUIRE(sc_io_poll(io, &result) && result.what == SC_IO_STORE_FAILED && result.slot == 4);
	sc_io_commit(io, &seal);
	REQUIRE(sc_io_poll(io, &result) && result.what == SC_IO_COMMIT_FAILED);
	REQUIRE(!sc_io_poll(io, &result));
	REQUIRE(stops_at_once(false));
	return 0;
}

static int
late_answer_brings_nothing(void)
{
	struct sc_io_result result;

	REQUIRE(start(stall_ns) == 0 && comes(SC_IO_OPENED));
	sc_hanging_disk_set(SC_HANG_WRITE);
	store(1, 1);
	store(2, 2);
	REQUIRE(is_stall(SC_IO_STORE_FAILED, 1, true));
	REQUIRE(is_stall(SC_IO_STORE_FAILED, 2, false));
	sc_hanging_disk_set(SC_HANG_NOTHING);
	sc_io_wait(io, stall_ns);
	REQUIRE(!sc_io_poll(io, &result));
	/* Now all can be ended in order, and nothing is left. */
	REQUIRE(stops_at_once(true));
	REQUIRE(!sc_test_file_exists(dest));
	return 0;
}

/* What is read too late must not get into a slot that has another use by then. */
static int
loads_are_given_up(void)
{
	struct sc_io_result result;
	const uint8_t *payload = sc_slots_payload(&slots, 5);

	REQUIRE(start(stall_ns) == 0 && comes(SC_IO_OPENED));
	store(0, 0);
	REQUIRE(comes(SC_IO_STORED));
	sc_io_load(io, 5, 0);
	REQUIRE(comes(SC_IO_LOADED) && payload[0] == 'a' && payload[CHUNK_BYTES - 1] == 'a');
	sc_hanging_disk_set(SC_HANG_READ);
	sc_io_load(io, 5, 0);
	sc_io_load(io, 6, 0);
	REQUIRE(is_stall(SC_IO_LOAD_FAILED, 5, false));
	REQUIRE(is_stall(SC_IO_LOAD_FAILED, 6, false));
	memset(sc_slots_message(&slots, 5), 'x', sc_slots_message_capacity(&slots));
	sc_hanging_disk_set(SC_HANG_NOTHING);
	sc_io_wait(io, stall_ns);
	REQUIRE(!sc_io_poll(io, &result));
	for (size_t i = 0; i < sc_slots_message_capacity(&slots); i++)
		REQUIRE(sc_slots_message(&slots, 5)[i] == 'x');
	sc_io_load(io, 7, 0);
	REQUIRE(is_stall(SC_IO_LOAD_FAILED, 7, false));
	REQUIRE(stops_at_once(true));
	return 0;
}

static int
store_all(void)
{
	seal = (struct sc_seal){0};
	for (uint32_t chunk = 0; chunk < CHUNKS; chunk++) {
		store(chunk % SLOTS, chunk);
		sc_digest_sum_add(&seal.sum, chunk, sc_slots_header(&slots, chunk % SLOTS).digest);
		REQUIRE(comes(SC_IO_STORED));
	}
	return 0;
}

/* The others were told that there is no copy here: then none may appear. */
static int
late_commit_gives_no_name(void)
{
	struct sc_io_result result;

	REQUIRE(start(stall_ns) == 0 && comes(SC_IO_OPENED) && store_all() == 0);
	sc_hanging_disk_set(SC_HANG_SYNC);
	sc_io_commit(io, &seal);
	REQUIRE(is_stall(SC_IO_COMMIT_FAILED, SC_IO_NO_SLOT, false));
	sc_hanging_disk_set(SC_HANG_NOTHING);
	sc_io_wait(io, stall_ns);
	REQUIRE(!sc_io_poll(io, &result));
	REQUIRE(stops_at_once(true));
	REQUIRE(!sc_test_file_exists(dest));
	return 0;
}

/* A disk that is slow, but answers within its time. */
static int
slow_disk_is_none_that_hangs(void)
{
	REQUIRE(start(10 * stall_ns) == 0 && comes(SC_IO_OPENED) && store_all() == 0);
	sc_hanging_disk_set(SC_HANG_SYNC);
	sc_io_commit(io, &seal);
	REQUIRE(wait_until_it_hangs());
	sc_clock_sleep_ns(stall_ns);
	sc_hanging_disk_set(SC_HANG_NOTHING);
	REQUIRE(comes(SC_IO_COMMITTED));
	REQUIRE(stops_at_once(true));
	REQUIRE(sc_test_file_exists(dest));
	return 0;
}

static int
opening_is_given_up(void)
{
	sc_hanging_disk_set(SC_HANG_OPEN);
	REQUIRE(start(stall_ns) == 0);
	store(0, 0);
	REQUIRE(is_stall(SC_IO_STORE_FAILED, SC_IO_NO_SLOT, false));
	REQUIRE(is_stall(SC_IO_STORE_FAILED, 0, false));
	sc_hanging_disk_set(SC_HANG_NOTHING);
	sc_clock_sleep_ns(stall_ns);
	REQUIRE(stops_at_once(true));
	REQUIRE(!sc_test_file_exists(dest));
	return 0;
}

/* Who leaves doesn't wait until a disk counts as hanging. */
static int
stop_waits_for_seconds_only(void)
{
	REQUIRE(start(long_ns) == 0 && comes(SC_IO_OPENED));
	sc_hanging_disk_set(SC_HANG_WRITE);
	store(0, 0);
	REQUIRE(wait_until_it_hangs());
	REQUIRE(!sc_io_stop(io));
	return 0;
}

/* Nobody can do without the source, however long it takes. */
static int
source_may_take_its_time(void)
{
	struct sc_io_config config = {.slots = &slots, .stall_ns = stall_ns};
	uint8_t *bytes = sc_test_bytes(SIZE, 1);
	struct sc_source *source;
	struct sc_io_result result;

	sc_test_file_write(dest, bytes, SIZE);
	REQUIRE(sc_source_open(&source, dest, &config.facts, NULL) == 0);
	config.source = source;
	REQUIRE(sc_io_start(&io, &config, NULL) == 0);
	sc_hanging_disk_set(SC_HANG_READ);
	sc_io_load(io, 0, 0);
	REQUIRE(wait_until_it_hangs());
	sc_clock_sleep_ns(2 * stall_ns);
	REQUIRE(!sc_io_poll(io, &result));
	sc_hanging_disk_set(SC_HANG_NOTHING);
	REQUIRE(comes(SC_IO_LOADED));
	REQUIRE(memcmp(sc_slots_payload(&slots, 0), bytes, CHUNK_BYTES) == 0);
	REQUIRE(stops_at_once(true));
	sc_source_close(source);
	free(bytes);
	return 0;
}

enum { MAY_NOT = 77 };

static int
on_hanging_disk(const char *dir, void *data)
{
	int (*const *body)(void) = data;

	if (!sc_hanging_disk_mount(dir))
		return MAY_NOT;
	dest = sc_tempdir_path(dir, "to");
	if (sc_slots_init(&slots, SLOTS, CHUNK_BYTES, NULL) != 0)
		return 1;
	return (*body)();
}

/* In a process of its own, which leaves its threads behind where they hang. */
static void
perform(int (*body)(void))
{
	char *dir = sc_tempdir_make();
	int rc = sc_test_wait(sc_test_start(dir, on_hanging_disk, &body));

	if (rc == MAY_NOT)
		printf(" (SKIPPED: may not mount) ");
	else
		CU_ASSERT_EQUAL(rc, 0);
	sc_tempdir_remove(dir);
}

static void
a_store(void)
{
	perform(stores_are_given_up);
}

static void
a_late_answer(void)
{
	perform(late_answer_brings_nothing);
}

static void
a_load(void)
{
	perform(loads_are_given_up);
}

static void
a_commit(void)
{
	perform(late_commit_gives_no_name);
}

static void
a_slow_disk(void)
{
	perform(slow_disk_is_none_that_hangs);
}

static void
an_opening(void)
{
	perform(opening_is_given_up);
}

static void
a_stop(void)
{
	perform(stop_waits_for_seconds_only);
}

static void
a_source(void)
{
	perform(source_may_take_its_time);
}

/* The watch by itself. */
static void
the_watch(void)
{
	const uint64_t allowed_ns = UINT64_C(50) * 1000 * 1000;
	struct sc_watch watch = {0};
	uint64_t silent_ns = 0;

	CU_ASSERT_FALSE(sc_watch_give_up(&watch, &silent_ns)); /* idle */
	sc_watch_begin(&watch, allowed_ns);
	CU_ASSERT_FALSE(sc_watch_give_up(&watch, &silent_ns));
	sc_clock_sleep_ns(allowed_ns + 1);
	/* It gave a sign of life just now. */
	atomic_store(&watch.alive_ns, sc_clock_now_ns());
	CU_ASSERT_FALSE(sc_watch_give_up(&watch, &silent_ns));
	CU_ASSERT_TRUE(sc_watch_end(&watch));
	CU_ASSERT_FALSE(sc_watch_give_up(&watch, &silent_ns));
	/* The sign was of another job. */
	sc_watch_begin(&watch, allowed_ns);
	sc_clock_sleep_ns(2 * allowed_ns);
	CU_ASSERT_TRUE(sc_watch_give_up(&watch, &silent_ns));
	CU_ASSERT(silent_ns > allowed_ns);
	CU_ASSERT_FALSE(sc_watch_give_up(&watch, &silent_ns)); /* once */
	CU_ASSERT_FALSE(sc_watch_end(&watch));
	watch = (struct sc_watch){0};
	sc_watch_begin(&watch, SC_WATCH_NEVER);
	sc_clock_sleep_ns(1000);
	CU_ASSERT_FALSE(sc_watch_give_up(&watch, &silent_ns));
	CU_ASSERT_TRUE(sc_watch_end(&watch));
}

static CU_TestInfo tests[] = {
	{"the watch", the_watch},
	{"stores are given up", a_store},
	{"a late answer brings nothing", a_late_answer},
	{"loads are given up, and write to no slot later", a_load},
	{"a late commit gives no name", a_commit},
	{"a slow disk is none that hangs", a_slow_disk},
	{"an opening is given up", an_opening},
	{"stop waits for seconds only", a_stop},
	{"a source may take its time", a_source},
	CU_TEST_INFO_NULL,
};

int
main(void)
{
	return sc_run_suite("hang", tests);
}
