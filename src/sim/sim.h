/*
 * A staging, simulated: the real core of every node, on a machine that is
 * arithmetic.  The same seed gives the same run, to the last event.
 *
 * The rules of the core are checked at every step; a broken one is counted,
 * and the first one told, and the run goes on as far as it can.
 */
#ifndef SC_SIM_SIM_H
#define SC_SIM_SIM_H

#include "core/action.h"
#include "core/event.h"
#include "core/plan.h"
#include "sim/machine.h"

#include <stdbool.h>
#include <stdint.h>

/* A recipient's or the origin's own copy that fails. */
struct sc_sim_sink_fault {
	uint32_t node;
	uint32_t after; /* chunks stored before; SC_NONE: it can't even be created */
};

struct sc_sim_faults {
	const struct sc_sim_sink_fault *sinks; /* borrowed */
	uint32_t sink_count;
	uint32_t source_at;    /* reading this chunk fails; plan->chunks: at its end; SC_NONE */
	uint32_t damaged_node; /* a chunk arrives damaged here; SC_NONE: nowhere */
	uint32_t damaged_chunk;
};

extern const struct sc_sim_faults sc_sim_no_faults;

/* Each may be NULL.  Times are of the simulation, from its start. */
struct sc_sim_listener {
	void *context;
	/* What a node recorded in its timeline. */
	void (*record)(void *context, uint32_t node, uint64_t time_ns, const struct sc_record *);
	/* Every event that a node took, and what it had done then. */
	void (*step)(void *context, uint32_t node, const struct sc_event *,
	    const struct sc_actions *);
};

struct sc_sim_config {
	const struct sc_plan *plan; /* borrowed for the run, as all that follows */
	const struct sc_machine *machine;
	struct sc_sim_faults faults;
	bool origin_keeps_no_copy;
	uint64_t progress_interval_ns; /* as of the core */
	uint64_t limit_ns;             /* the run is to end by then */
	uint64_t seed;                 /* of the jitter */
	struct sc_sim_listener listener;
};

/* Moments are nanoseconds; 0: never. */
struct sc_sim_node {
	uint64_t first_chunk_ns;
	uint64_t last_chunk_ns;
	uint64_t stored_ns;
	uint64_t committed_ns;
	uint64_t bytes_received; /* of chunks */
	uint64_t bytes_sent;
	uint64_t bytes_stored;
	uint32_t sends;      /* now under way */
	uint32_t most_sends; /* at one time */
	bool committed;
	bool copy_failed;
	bool left;
};

struct sc_sim_result {
	struct sc_sim_node *nodes; /* owned, plan->recipients + 1 */
	uint32_t violations;       /* of rules; 0 is right */
	char violation[256];       /* the first one */
	bool ended;                /* every node has left */
	bool aborted;
	uint32_t committed; /* as the origin counted them */
	uint32_t failed;
	uint32_t failures_named; /* reports of them, at the origin */
	uint32_t commits;        /* that really happened */
	uint64_t loaded_back;    /* chunks that recipients read from their store */
	uint32_t most_slots;     /* in use at one node at a time */
	uint64_t steps;          /* of all nodes */
	uint64_t end_ns;
	uint64_t fingerprint; /* of all events: equal runs have equal ones */
};

/*
 * Run it to its end.  Never fails but by violations; without memory the
 * program ends.  Free the result with sc_sim_result_free.  Some microseconds
 * a chunk and node; memory for a node's slots, bitmaps and connections.
 */
void sc_sim_run(const struct sc_sim_config *, struct sc_sim_result *);
void sc_sim_result_free(struct sc_sim_result *);

/* By when a run of this plan has to end: far more than any right one takes. */
uint64_t sc_sim_limit_ns(const struct sc_plan *, const struct sc_machine *);

#endif
