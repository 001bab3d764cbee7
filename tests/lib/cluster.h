/*
 * A cluster in one process: n+1 nodes of the real core, joined by queues.
 *
 * Which queue moves next is drawn from a seed, so every seed is another
 * order of arrivals, and the same seed is always the same run.  Only what MPI
 * guarantees is kept: messages of one pair and tag stay in order.  So a send may be found complete
 * long after the answer to it came, which never happens in the simulator.  The rules are those of
 * the simulator (sim/rules.h), checked at each step; a broken one is printed and counted, never
 * fatal, so that a test shows all of them.
 */
#ifndef SC_TESTS_CLUSTER_H
#define SC_TESTS_CLUSTER_H

#include "plan/plan.h"

#include <stdbool.h>
#include <stdint.h>

enum { CLUSTER_CRASHES_MAX = 8 };

/* A node's process ends after it has taken so many events; the others are told
 * at any time after that. */
struct cluster_crash {
	uint32_t node;
	uint32_t after;
};

struct cluster_faults {
	uint32_t sink_fails_node;  /* SC_NONE: none */
	uint32_t sink_fails_after; /* chunks stored before */
	uint32_t source_fails_at;  /* chunk, or SC_NONE; plan->chunks: at finishing it */
	uint32_t damaged_node;     /* a chunk that arrives here is damaged, or SC_NONE */
	uint32_t damaged_chunk;
	uint32_t damaged_times; /* the first so many times */
	uint32_t buddy;         /* SC_NONE: none */
	uint32_t crash_count;
	struct cluster_crash crashes[CLUSTER_CRASHES_MAX];
	bool all_sinks_fail;
	bool origin_keeps_no_copy;
};

struct cluster_result {
	uint32_t violations; /* of rules; 0 is right */
	bool ended;          /* every node left that didn't crash */
	uint32_t
	    leader; /* the node that ended the run; what follows is what it counted and named */
	uint32_t committed;
	uint32_t failed;
	uint32_t failures_named;
	uint32_t lost_named;
	bool aborted;
	uint32_t commits; /* that really happened */
	uint32_t crashed;
	uint32_t damages;     /* that really happened */
	uint64_t origin_sent; /* chunks */
	uint64_t most_sent;   /* by any recipient */
	uint64_t loaded_back; /* chunks that recipients read from their store */
	uint32_t most_slots;  /* in use at one node at a time */
	uint64_t steps;
	uint32_t last_group_began; /* chunks the first group's first node held then, or SC_NONE */
};

/* All fields SC_NONE, 0 or false. */
extern const struct cluster_faults cluster_no_faults;

/* Run the plan to its end. */
struct cluster_result cluster_run(const struct sc_plan *, uint64_t seed,
    const struct cluster_faults *);

#endif
