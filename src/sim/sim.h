/*
 * A staging, simulated: the real core of every node, on a machine that is
 * arithmetic.  The same seed gives the same run, to the last event.
 *
 * The rules of the core are checked at every step.  A broken one is counted, the first one is
 * kept as a text, and the run goes on as far as it can.
 */
#ifndef SC_SIM_SIM_H
#define SC_SIM_SIM_H

#include "core/action.h"
#include "core/event.h"
#include "core/node.h"
#include "plan/plan.h"
#include "sim/faults.h"
#include "sim/machine.h"

#include <stdbool.h>
#include <stdint.h>

struct sc_sim_faults {
	const struct sc_fault *list; /* borrowed; in no order */
	uint32_t count;
	uint32_t
	    source_at; /* reading this chunk fails at the origin; plan->chunks: at its end; SC_NONE */
};

extern const struct sc_sim_faults sc_sim_no_faults;

/* Each may be NULL.  Times are of the simulation, from its start. */
struct sc_sim_listener {
	void *context;
	/* What a node recorded in its timeline. */
	void (*record)(void *context, uint32_t node, uint64_t time_ns, const struct sc_record *);
	/* Every event that a node took, and the actions that followed. */
	void (*step)(void *context, uint32_t node, const struct sc_event *,
	    const struct sc_actions *);
	/* A fault of the list has struck. */
	void (*struck)(void *context, uint64_t time_ns, const struct sc_fault *);
};

struct sc_sim_config {
	const struct sc_plan *plan; /* borrowed for the run, as all that follows */
	const struct sc_machine *machine;
	struct sc_sim_faults faults;
	bool origin_keeps_no_copy;
	uint32_t buddy;                /* a recipient that reads the source, too; 0: none */
	uint64_t heartbeat_ns;         /* as of the core */
	uint64_t timeout_ns;           /* as of the core */
	uint64_t progress_interval_ns; /* as of the core */
	uint64_t deadman_ns; /* a process that stands still for so long is ended; 0: it isn't */
	uint64_t detect_ns;  /* within which MPI tells of an ended process; 0: 50 ms */
	uint64_t stall_ns;   /* a disk that is stuck for so long is given up; 0: 10 s */
	double eager_bytes;  /* the send of a longer chunk ends only when it is received */
	/* What an earlier run left: a set of chunks for each node, found open_ns after the start.
	 * One of size 0: that node's store is not looked at.  NULL: no store is. */
	const struct sc_bitmap *held;
	uint64_t open_ns;
	uint64_t limit_ns;    /* by when the run has to end */
	uint64_t limit_steps; /* after how many steps; 0: any number */
	uint64_t seed;        /* of the jitter */
	bool check_nodes;     /* call sc_node_check after every step, which is slow */
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
	bool committed; /* and the node knows it */
	bool renamed;   /* its copy has its name, whether the node knows or not */
	bool copy_failed;
	bool struck; /* by a fault */
	bool ended;  /* its process was ended by a fault */
	bool left;
	enum sc_leave leave;
};

/* What a node reported that led the run, or thought that it did. */
struct sc_sim_account {
	uint32_t leader;
	bool aborted;
	bool ended; /* it reported the end of the run, and then: */
	uint64_t ended_ns;
	struct sc_tally tally;
	struct sc_bitmap lost; /* nodes that it named */
	struct sc_bitmap failed;
};

struct sc_sim_result {
	struct sc_sim_node *nodes;       /* owned, plan->recipients + 1 */
	uint32_t violations;             /* of rules; 0 is right */
	char violation[256];             /* the first one */
	bool ended;                      /* every node that could has left */
	struct sc_sim_account *accounts; /* owned; in the order in which they began to lead */
	uint32_t account_count;
	uint32_t account_capacity;
	/* By the account that counts: of the node that led at the end. */
	uint32_t leader;
	bool torpid; /* a node was relieved of relaying */
	bool aborted;
	uint32_t committed;
	uint32_t failed;
	uint32_t failures_named; /* nodes, lost or without a copy */
	uint32_t commits;        /* that really happened */
	uint64_t loaded_back;    /* chunks that recipients read from their store */
	uint64_t detours;        /* that nodes asked for */
	uint32_t torpid_named;   /* nodes that were found to be much slower than others */
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

/* How a node of that run is made; for traces, too. */
struct sc_node_config sc_sim_node_config(const struct sc_sim_config *, uint32_t node);

/* stall_ns, or its default where it is 0. */
uint64_t sc_sim_stall_ns(const struct sc_sim_config *);

/* The account of a node, or NULL. */
const struct sc_sim_account *sc_sim_account_of(const struct sc_sim_result *, uint32_t leader);

/* The exit status that the real program would have. */
int sc_sim_status(const struct sc_sim_config *, const struct sc_sim_result *);

/* By when such a run has to end: far more than any right one takes.  Does not look at the
 * config's limit_ns. */
uint64_t sc_sim_limit_of(const struct sc_sim_config *);

#endif
