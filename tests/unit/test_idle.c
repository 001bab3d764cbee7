/*
 * How long an idle rank sleeps: not while a chunk may be there, not for long when one may come
 * at any moment, and hardly ever awake where nothing happens.
 */
#include "lib/suite.h"
#include "stage/idle.h"

static const uint64_t ms_ns = 1000 * 1000;
static const uint64_t start_ns = 5 * 1000 * 1000;

/* A rank that receives chunks of 16 KiB at 6.25 million bytes a second: 2.6 ms each. */
static struct sc_idle
slow_link(void)
{
	struct sc_idle idle;

	sc_idle_begin(&idle, 16384, 6.25e6, start_ns);
	return idle;
}

/* The first sleep after some turns that only let others run. */
static uint64_t
first_sleep(struct sc_idle *idle, uint64_t now_ns)
{
	for (int turn = 0; turn < 100; turn++) {
		uint64_t sleep_ns = sc_idle_next_ns(idle, now_ns);

		if (sleep_ns > 0)
			return sleep_ns;
	}
	return 0;
}

static void
next_chunk_is_not_looked_for_before_it_can_be_there(void)
{
	struct sc_idle idle = slow_link();
	uint64_t now_ns = start_ns + 7 * ms_ns;
	uint64_t sleep_ns;

	sc_idle_chunk(&idle, now_ns);
	sc_idle_busy(&idle, now_ns);
	sleep_ns = first_sleep(&idle, now_ns);
	CU_ASSERT(sleep_ns > 2 * ms_ns && sleep_ns < 3 * ms_ns);
	/* Something else happens meanwhile: that changes nothing. */
	sc_idle_busy(&idle, now_ns + ms_ns);
	CU_ASSERT_EQUAL(first_sleep(&idle, now_ns + ms_ns), sleep_ns - ms_ns);
}

/* Then it may come at any moment: the sleeps are short, and longer each time. */
static void
what_may_come_at_any_moment_is_looked_for(void)
{
	struct sc_idle idle = slow_link();
	uint64_t now_ns = start_ns + 7 * ms_ns;
	uint64_t before_ns = 0;

	sc_idle_chunk(&idle, now_ns);
	sc_idle_busy(&idle, now_ns);
	now_ns += first_sleep(&idle, now_ns);
	for (int i = 0; i < 20; i++) {
		uint64_t sleep_ns = sc_idle_next_ns(&idle, now_ns);

		CU_ASSERT(sleep_ns >= before_ns);
		CU_ASSERT(sleep_ns > 0 && sleep_ns <= ms_ns / 2);
		CU_ASSERT(i > 0 || sleep_ns <= ms_ns / 10);
		before_ns = sleep_ns;
		now_ns += sleep_ns;
	}
	sc_idle_busy(&idle, now_ns);
	CU_ASSERT(first_sleep(&idle, now_ns) < before_ns);
}

/* Before the first chunk nothing is known of when it comes. */
static void
first_chunk_is_looked_for(void)
{
	struct sc_idle idle = slow_link();

	CU_ASSERT(first_sleep(&idle, start_ns) <= ms_ns / 10);
}

static void
long_waits_are_slept_through(void)
{
	struct sc_idle idle = slow_link();
	uint64_t now_ns = start_ns;
	uint64_t looks = 0;

	sc_idle_chunk(&idle, now_ns);
	sc_idle_busy(&idle, now_ns);
	while (now_ns < start_ns + 10000 * ms_ns && looks < 100000) {
		now_ns += sc_idle_next_ns(&idle, now_ns);
		looks++;
	}
	CU_ASSERT(looks < 300 * 10);
}

/* The kernel's buffers have to take what comes meanwhile, and others what is to be sent. */
static void
no_sleep_is_for_too_much(void)
{
	struct sc_idle idle;

	sc_idle_begin(&idle, 4 << 20, 125e6, start_ns);
	sc_idle_chunk(&idle, start_ns);
	CU_ASSERT(first_sleep(&idle, start_ns) <= ms_ns / 2);
	sc_idle_begin(&idle, 4 << 20, 1e4, start_ns);
	sc_idle_chunk(&idle, start_ns);
	CU_ASSERT(first_sleep(&idle, start_ns) <= 4 * ms_ns);
}

/* A link that is faster than it seemed is found out; a process that once did not run is none. */
static void
sleeps_become_shorter_where_more_chunks_come(void)
{
	struct sc_idle idle = slow_link();
	uint64_t now_ns = start_ns;
	uint64_t usual_ns;

	sc_idle_chunk(&idle, now_ns);
	sc_idle_busy(&idle, now_ns);
	usual_ns = first_sleep(&idle, now_ns);
	for (int turn = 0; turn < 40; turn++) {
		now_ns += 3 * ms_ns;
		for (int i = 0; i < 4; i++)
			sc_idle_chunk(&idle, now_ns);
		sc_idle_busy(&idle, now_ns);
	}
	CU_ASSERT(first_sleep(&idle, now_ns) < usual_ns / 20);
	for (int turn = 0; turn < 100; turn++) {
		now_ns += 3 * ms_ns;
		sc_idle_chunk(&idle, now_ns);
		sc_idle_busy(&idle, now_ns);
	}
	CU_ASSERT(first_sleep(&idle, now_ns) > usual_ns / 10 * 9);
}

static CU_TestInfo tests[] = {
	{"the next chunk is not looked for before it can be there",
		next_chunk_is_not_looked_for_before_it_can_be_there},
	{"what may come at any moment is looked for", what_may_come_at_any_moment_is_looked_for},
	{"the first chunk is looked for", first_chunk_is_looked_for},
	{"long waits are slept through", long_waits_are_slept_through},
	{"no sleep is for too much", no_sleep_is_for_too_much},
	{"sleeps become shorter where more chunks come",
		sleeps_become_shorter_where_more_chunks_come},
	CU_TEST_INFO_NULL,
};

int
main(void)
{
	return sc_run_suite("idle", tests);
}
