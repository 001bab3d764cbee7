/*
 * The inside of a simulated run.  Its files, from the top down; each calls only those below it:
 *
 *   sim.c       the run: from the agenda to what happens
 *   waiting.c   what has to wait for a process that hangs or a link that is down
 *   step.c      what happens to a node, and the step that it takes then
 *   perform.c   the actions of a step
 *   faults.c    when faults strike, and what they do
 *   account.c   what nodes report that lead the run
 *   state.c     what all of these share
 *
 * A function of a file is declared here if another file calls it.
 */
#ifndef SC_SIM_IMPL_H
#define SC_SIM_IMPL_H

#include "base/random.h"
#include "core/node.h"
#include "sim/disk.h"
#include "sim/network.h"
#include "sim/rules.h"
#include "sim/sim.h"

enum { DISK_WRITER, DISK_READER, DISKS };

/* Most control messages are credits; longer ones are allocated. */
enum { CONTROL_BODY_BYTES = 24 };

/* A control message in flight. */
struct control {
	uint32_t from;
	uint32_t to;
	uint32_t length;
	uint32_t next_free;
	uint8_t *bytes; /* owned if longer than CONTROL_BODY_BYTES; else NULL */
	uint8_t body[CONTROL_BODY_BYTES];
};

enum sim_event_kind {
	/* Of a node, which may have to wait for it. */
	SIM_CHUNK_ARRIVED,   /* message */
	SIM_CHUNK_SENT,      /* message */
	SIM_CONTROL_ARRIVED, /* peer, id: the control message */
	SIM_DISK_DONE,       /* id: which disk; job */
	SIM_TIMER,
	SIM_PEER_FAILED,   /* peer */
	SIM_RECEIVE_ENDED, /* peer, slot */
	SIM_STORE_OPENED,  /* or it could not be */
	/* Of faults. */
	SIM_FAULT_STRIKES,   /* id: the fault */
	SIM_HANG_ENDS,       /* of a node */
	SIM_CUT_ENDS,        /* of a node */
	SIM_PAIR_CUT_ENDS,   /* node, peer */
	SIM_DEADMAN,         /* a node has perhaps stood still for too long */
	SIM_DISK_GIVEN_UP,   /* it has been stuck for too long */
	SIM_DEATH_DETECTED,  /* MPI begins to tell of the end of a node's process */
	SIM_WAITING_CHANGED, /* some of what waits may wait no longer */
};

struct sim_event {
	enum sim_event_kind kind;
	uint32_t node;
	uint32_t peer;
	uint32_t slot;
	uint32_t id;
	uint32_t next; /* in the list of free events, or of those that wait */
	struct sc_message_flight message;
	struct sc_disk_job job;
};

/* What faults have done to a node, and which peers it has forgotten; few nodes have one. */
struct condition {
	uint64_t steps; /* events taken */
	uint32_t hangs; /* that have not ended */
	uint64_t hung_since_ns;
	uint32_t cuts;      /* of its link that have not ended */
	uint32_t damages;   /* chunks that will arrive damaged */
	uint32_t bad_loads; /* that will fail */
	double disk_factor;
	bool full_disk;
	bool stuck_disk;
	bool dead_disk; /* it was stuck for too long */
	bool bad_commit;
	bool ended;                 /* the process, by a fault or by leaving */
	struct sc_bitmap forgotten; /* peers; without words: none */
};

struct member {
	struct sc_node *core;
	uint64_t processor_ns; /* until when it is busy with messages */
	uint64_t timer_ns;     /* the deadline that is in the agenda; UINT64_MAX: none */
	struct sc_rules rules;
	struct sc_disk disks[DISKS];
	struct condition *condition; /* owned; or NULL */
	bool aborted;
	bool excused; /* the run does not wait for it */
};

struct pair_cut {
	uint32_t a;
	uint32_t b;
};

struct sim {
	const struct sc_sim_config *config;
	const struct sc_plan *plan;
	const struct sc_machine *machine;
	struct sc_sim_result *result;
	struct sc_agenda agenda;
	struct sc_random random;
	struct sc_network *network;
	struct member *members;
	uint32_t nodes;
	uint32_t awaited; /* nodes that have still to leave */
	uint64_t message_ns;
	uint64_t operation_ns;
	struct control *controls;
	uint32_t control_count;
	uint32_t control_capacity;
	uint32_t control_free;
	struct sc_actions actions;

	/* Faults. */
	bool impaired;  /* something may have to wait, or be lost */
	bool disturbed; /* a node has failed, or was held to have */
	/* When the leader left, saying that no node has failed; 0: not yet.  What goes wrong from
	 * then on is not mended any more: the outcome is known and said. */
	uint64_t closed_ns;
	struct sc_random chance;  /* of its own, so that faults change no jitter */
	bool *struck;             /* by fault */
	struct sim_event *events; /* in the agenda, or waiting */
	uint32_t event_count;
	uint32_t event_capacity;
	uint32_t event_free;
	uint32_t waiting_first;
	uint32_t waiting_last;
	struct pair_cut *pair_cuts;
	uint32_t pair_cut_count;
	uint32_t pair_cut_capacity;
};

/* state.c */

/* Count a broken rule (NULL: none is). */
void sim_broken(struct sim *, uint32_t node, const char *rule);
/* The run need not wait for this node any more. */
void sim_excuse(struct sim *, uint32_t node);
struct condition *sim_condition(struct sim *, uint32_t node);
/* The number of a new control message, or one that is no longer needed; its bytes are the
 * caller's to free. */
uint32_t sim_new_control(struct sim *);
void sim_free_control(struct sim *, uint32_t control);
/* Keep an event under a number; take it out again. */
uint32_t sim_keep_event(struct sim *, const struct sim_event *);
struct sim_event sim_take_event(struct sim *, uint32_t id);
/* Put it into the agenda. */
void sim_post(struct sim *, uint64_t time_ns, const struct sim_event *);

static inline bool
sim_has_ended(const struct sim *sim, uint32_t node)
{
	return sim->result->nodes[node].left ||
	    (sim->members[node].condition != NULL && sim->members[node].condition->ended);
}

static inline bool
sim_has_source(const struct sim *sim, uint32_t node)
{
	return node == SC_ORIGIN || node == sim->config->buddy;
}

/* Is the run over, and something went wrong after that? */
static inline bool
sim_closed_badly(const struct sim *sim)
{
	return sim->closed_ns > 0 && sim->impaired;
}

static inline bool
sim_forgot(const struct sim *sim, uint32_t node, uint32_t peer)
{
	const struct condition *condition = sim->members[node].condition;

	return condition != NULL && condition->forgotten.words != NULL &&
	    sc_bitmap_has(&condition->forgotten, peer);
}

/* May a message of this type come to a node that has left? */
static inline bool
sim_may_be_late(uint8_t type)
{
	return type == SC_MESSAGE_BEAT || type == SC_MESSAGE_SENT || type == SC_MESSAGE_NOTICE;
}

/* account.c */
void sim_report(struct sim *, uint32_t node, const struct sc_action *);
void sim_account_end(struct sim *);

/* faults.c */

/* Before the first step: faults wait for their moments. */
void sim_faults_begin(struct sim *);
/* An event of faults.  True: some of what waits may wait no longer. */
bool sim_faults_take(struct sim *, const struct sim_event *);
/* A step of a node with a condition: how many of its actions will be done; and what strikes
 * afterwards. */
size_t sim_actions_done(struct sim *, uint32_t node);
void sim_strike_after_step(struct sim *, uint32_t node);
/* A node has left so that MPI takes it for failed: tell the others. */
void sim_tell_of_end(struct sim *, uint32_t node);

/* perform.c */

/* Have the first actions of a step done, which the node's processor ended at time_ns. */
void sim_perform(struct sim *, uint32_t node, uint64_t time_ns, size_t count);

/* step.c */

/* Let an event happen to its node now, which can take it. */
void sim_deliver(struct sim *, const struct sim_event *);
/* The first step of a node. */
void sim_start_node(struct sim *, uint32_t node);

/* waiting.c */

/* Let an event happen to its node, now or later, or never if the node is no more. */
void sim_offer(struct sim *, const struct sim_event *);
/* Look again at everything that waits. */
void sim_release(struct sim *);

#endif
