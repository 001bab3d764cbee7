/*
 * A crew does each piece of a task once, and stops when one fails.
 */
#include "lib/suite.h"
#include "tree/crew.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

enum { PIECES = 1000, FIRST = 3, FAILING = 500 };

struct task {
	atomic_uint done[PIECES];
	atomic_bool used[SC_CREW_MAX];
	bool fails;
};

/* A sc_crew_piece. */
static int
do_piece(void *context, unsigned thread, uint32_t piece, struct sc_error *err)
{
	struct task *task = context;

	atomic_store(&task->used[thread], true);
	atomic_fetch_add(&task->done[piece], 1);
	if (task->fails && piece >= FAILING)
		return sc_fail(err, 0, "piece %u", (unsigned)piece);
	return 0;
}

static void
each_piece_is_done_once(void)
{
	for (unsigned threads = 1; threads <= SC_CREW_MAX; threads++) {
		struct task task = {0};
		struct sc_error err = {0};

		CU_ASSERT_EQUAL(sc_crew_work(threads, do_piece, &task, FIRST, PIECES, &err), 0);
		for (uint32_t i = 0; i < PIECES; i++)
			CU_ASSERT_EQUAL(atomic_load(&task.done[i]), i >= FIRST);
		for (unsigned i = threads; i < SC_CREW_MAX; i++)
			CU_ASSERT(!atomic_load(&task.used[i]));
	}
}

/* Few pieces are the caller's, and none is no task. */
static void
few_pieces(void)
{
	struct task task = {0};

	CU_ASSERT_EQUAL(sc_crew_work(SC_CREW_MAX, do_piece, &task, 7, 7, NULL), 0);
	CU_ASSERT(!atomic_load(&task.used[0]));
	CU_ASSERT_EQUAL(sc_crew_work(SC_CREW_MAX, do_piece, &task, 7, 9, NULL), 0);
	CU_ASSERT_EQUAL(atomic_load(&task.done[7]) + atomic_load(&task.done[8]), 2);
	for (unsigned i = 1; i < SC_CREW_MAX; i++)
		CU_ASSERT(!atomic_load(&task.used[i]));
}

/* A piece that fails: its sentence is told, and the end is not reached. */
static void
one_fails(void)
{
	for (unsigned threads = 1; threads <= SC_CREW_MAX; threads++) {
		struct task task = {.fails = true};
		struct sc_error err = {0};
		unsigned done = 0;

		CU_ASSERT_EQUAL(sc_crew_work(threads, do_piece, &task, 0, PIECES, &err), -1);
		CU_ASSERT_EQUAL(strncmp(err.text, "piece ", 6), 0);
		for (uint32_t i = FAILING; i < PIECES; i++)
			done += atomic_load(&task.done[i]);
		/* Each thread may have begun one that fails. */
		CU_ASSERT(done >= 1 && done <= threads);
		CU_ASSERT_EQUAL(sc_crew_work(threads, do_piece, &task, FAILING, PIECES, NULL), -1);
	}
}

static void
as_many_as_are_worth_it(void)
{
	CU_ASSERT(sc_crew_size() >= 1 && sc_crew_size() <= SC_CREW_MAX);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"each piece is done once", each_piece_is_done_once},
		{"few pieces", few_pieces},
		{"one fails", one_fails},
		{"as many as are worth it", as_many_as_are_worth_it},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("crew", tests);
}
