/*
 * How long an idle rank sleeps: see idle.h.
 */
#include "stage/idle.h"

/* Turns without an event before the first sleep.  With 30 of them nine ranks on two cores took an
 * eighth more processor time, and were no faster. */
enum { TURNS_AWAKE = 2 };

/* Fewer may come from different peers at the same time by chance. */
enum { MANY_CHUNKS = 3 };

/* Sleeps while something may come at any moment: they double from the first to the last.  With more
 * ranks than cores a rank that doesn't sleep starves the others. */
static const uint64_t first_ns = 50 * 1000;
static const uint64_t last_ns = 500 * 1000;

/* After so long without an event the peer that this rank waits for is in no hurry: sleep longer, so
 * that waiting costs next to nothing. */
static const uint64_t waiting_after_ns = 100 * 1000 * 1000;
static const uint64_t waiting_sleep_ns = 4 * 1000 * 1000;

/* What comes during a sleep has to find room in the kernel's buffers, which begin with some 64 KiB a
 * connection. */
static const double bytes_unwatched_max = 32 << 10;

void
sc_idle_begin(struct sc_idle *idle, uint32_t chunk_bytes, double link_bytes_per_s, uint64_t now_ns)
{
	double bytes = chunk_bytes;

	if (bytes > bytes_unwatched_max)
		bytes = bytes_unwatched_max;
	*idle = (struct sc_idle){
		.most_ns = (uint64_t)(bytes / link_bytes_per_s * 1e9),
		.busy_ns = now_ns,
	};
	if (idle->most_ns > waiting_sleep_ns)
		idle->most_ns = waiting_sleep_ns;
	idle->chunk_ns = idle->most_ns;
}

void
sc_idle_chunk(struct sc_idle *idle, uint64_t now_ns)
{
	idle->arrived_ns = now_ns;
	idle->came++;
}

void
sc_idle_busy(struct sc_idle *idle, uint64_t now_ns)
{
	/* Many at once: this process did not run for a while, or the link is faster than it seemed,
	 * and windows run out while both ends sleep. */
	if (idle->came >= MANY_CHUNKS)
		idle->chunk_ns -= idle->chunk_ns / 8;
	else if (idle->came == 1)
		idle->chunk_ns += (idle->most_ns - idle->chunk_ns) / 16;
	idle->came = 0;
	idle->busy_ns = now_ns;
	idle->turns = 0;
	idle->sleep_ns = 0;
}

uint64_t
sc_idle_next_ns(struct sc_idle *idle, uint64_t now_ns)
{
	if (idle->turns++ < TURNS_AWAKE)
		return 0;
	if (idle->arrived_ns != 0 && now_ns < idle->arrived_ns + idle->chunk_ns)
		return idle->arrived_ns + idle->chunk_ns - now_ns;
	if (now_ns - idle->busy_ns > waiting_after_ns)
		return waiting_sleep_ns;
	idle->sleep_ns = idle->sleep_ns == 0 ? first_ns : 2 * idle->sleep_ns;
	if (idle->sleep_ns > last_ns)
		idle->sleep_ns = last_ns;
	return idle->sleep_ns;
}
