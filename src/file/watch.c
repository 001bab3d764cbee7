/*
 * The watch over a thread: see watch.h.
 */
#include "file/watch.h"

#include "base/clock.h"

#include <assert.h>

/* In the place of the time of a job's begin. */
static const uint64_t given_up = UINT64_MAX;

void
sc_watch_begin(struct sc_watch *watch, uint64_t allowed_ns)
{
	assert(atomic_load(&watch->begun_ns) == 0);
	atomic_store(&watch->alive_ns, 0);
	atomic_store(&watch->allowed_ns, allowed_ns);
	atomic_store(&watch->begun_ns, sc_clock_now_ns());
}

bool
sc_watch_end(struct sc_watch *watch)
{
	uint_fast64_t begun_ns = atomic_load(&watch->begun_ns);

	assert(begun_ns != 0);
	return begun_ns != given_up &&
	    atomic_compare_exchange_strong(&watch->begun_ns, &begun_ns, 0);
}

bool
sc_watch_give_up(struct sc_watch *watch, uint64_t *silent_ns)
{
	/* If another job begins between these three loads, the exchange fails: no two jobs begin
	 * at the same time. */
	uint_fast64_t begun_ns = atomic_load(&watch->begun_ns);
	uint64_t since_ns = atomic_load(&watch->alive_ns);
	uint64_t allowed_ns = atomic_load(&watch->allowed_ns);
	uint64_t now_ns;

	if (begun_ns == 0 || begun_ns == given_up || allowed_ns == SC_WATCH_NEVER)
		return false;
	if (since_ns < begun_ns)
		since_ns = begun_ns;
	now_ns = sc_clock_now_ns();
	if (now_ns < since_ns || now_ns - since_ns <= allowed_ns)
		return false;
	*silent_ns = now_ns - since_ns;
	return atomic_compare_exchange_strong(&watch->begun_ns, &begun_ns, given_up);
}
