/*
 * How long a rank that has nothing to do sleeps before it asks MPI again.
 *
 * Each look at MPI takes processor time from the other ranks of a crowded host.  At each look the
 * kernel also acknowledges what it has received: on a slow link a rank that looks for every packet
 * uses a fiftieth of its neighbours' links for acknowledgements.  So a rank doesn't look while the
 * next chunk can't be there yet.  Then it looks often, as a chunk that waits here delays all nodes
 * that it is forwarded to; and seldom once nothing seems to come.
 */
#ifndef SC_STAGE_IDLE_H
#define SC_STAGE_IDLE_H

#include <stdint.h>

/* Of one rank.  Start with sc_idle_begin. */
struct sc_idle {
	uint64_t
	    most_ns; /* the longest that chunk_ns becomes: what a chunk takes on its way, by the link's rate */
	uint64_t chunk_ns;   /* after a chunk the next one is not looked for before this */
	uint64_t busy_ns;    /* when something last happened */
	uint64_t arrived_ns; /* when a chunk last arrived; 0: none has */
	uint32_t turns;      /* in which nothing happened, since busy_ns */
	uint64_t sleep_ns;   /* the last sleep that was not for a chunk */
	uint32_t came;       /* chunks that came in this turn */
};

/* Chunks of so many bytes are expected over a link of that rate; where more come, the sleeps become
 * shorter. */
void sc_idle_begin(struct sc_idle *, uint32_t chunk_bytes, double link_bytes_per_s,
    uint64_t now_ns);

/* A chunk has arrived. */
void sc_idle_chunk(struct sc_idle *, uint64_t now_ns);

/* Something has happened in this turn. */
void sc_idle_busy(struct sc_idle *, uint64_t now_ns);

/* Nothing has: how long to sleep now; 0: only let others run. */
uint64_t sc_idle_next_ns(struct sc_idle *, uint64_t now_ns);

#endif
