/*
 * How long a rank that has nothing to do sleeps before it asks MPI again.
 *
 * Each look takes processor time from the other ranks of a crowded host, and at each look
 * the kernel acknowledges what it has received: on a slow link whoever looks for every
 * packet spends a fiftieth of its neighbours' links on acknowledgements.  So nobody looks while
 * the next chunk cannot be there yet; then often, as a chunk that waits here makes all
 * later for whom it is passed on; and seldom once nothing seems to come.
 */
#ifndef SC_STAGE_IDLE_H
#define SC_STAGE_IDLE_H

#include <stdint.h>

/* Of one rank.  Start with sc_idle_begin. */
struct sc_idle {
	uint64_t most_ns;    /* what a chunk takes on its way, as far as is known */
	uint64_t chunk_ns;   /* so long one is not looked for after another */
	uint64_t busy_ns;    /* when something last happened */
	uint64_t arrived_ns; /* when a chunk last arrived; 0: none has */
	uint32_t turns;      /* in which nothing happened, since busy_ns */
	uint64_t sleep_ns;   /* of the last one, where it was for no chunk */
	uint32_t came;       /* chunks in this turn */
};

/* Chunks of so many bytes come over a link of that rate, or so it seems: where more come the
 * sleeps become shorter. */
void sc_idle_begin(struct sc_idle *, uint32_t chunk_bytes, double link_bytes_per_s,
    uint64_t now_ns);

/* A chunk has arrived. */
void sc_idle_chunk(struct sc_idle *, uint64_t now_ns);

/* Something has happened in this turn. */
void sc_idle_busy(struct sc_idle *, uint64_t now_ns);

/* Nothing has: how long to sleep now; 0: only let others run. */
uint64_t sc_idle_next_ns(struct sc_idle *, uint64_t now_ns);

#endif
