/*
 * The inside of a simulated run, shared by the files
 *
 *   sim.c      the run: from the agenda to what happens
 *   deliver.c  what happens to a node, and its step
 *   perform.c  the actions of a step
 *   account.c  what is reported, and by whom
 *   strike.c   faults: when they strike, and what they do
 *   parked.c   what waits for a process that hangs, or a link that is down
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
enum { LETTER_BYTES = 24 };

/* A control message on its way. */
struct letter {
	uint32_t from;
	uint32_t to;
	uint32_t length;
	uint32_t next_free;
	uint8_t *bytes; /* owned if longer than LETTER_BYTES */
	uint8_t body[LETTER_BYTES];
};

enum happening_what {
	/* To a node, which may have to wait for it. */
	HAPPENS_ARRIVAL, /* message */
	HAPPENS_SENT,    /* message */
	HAPPENS_CONTROL, /* peer, id: the letter */
	HAPPENS_DISK,    /* id: which disk; job */
	HAPPENS_TIMER,
	HAPPENS_PEER_FAILED,   /* peer */
	HAPPENS_RECEIVE_ENDED, /* peer, slot */
	HAPPENS_STORE,         /* opened, or failed to be */
	/* To the world. */
	HAPPENS_STRIKE,    /* id: the fault */
	HAPPENS_HANG_END,  /* of a node */
	HAPPENS_CUT_END,   /* of a node */
	HAPPENS_PAIR_END,  /* node, peer */
	HAPPENS_DEADMAN,   /* a node has stood still for too long */
	HAPPENS_STALL,     /* a disk has been stuck for too long */
	HAPPENS_DETECTION, /* MPI begins to tell of the end of a node */
	HAPPENS_RELEASE,   /* some of what waits may wait no longer */
};

struct happening {
	enum happening_what what;
	uint32_t node; /* whom it happens to */
	uint32_t peer;
	uint32_t slot;
	uint32_t id;
	uint32_t next; /* free, or parked */
	struct sc_message_flight message;
	struct sc_disk_job job;
};

/* What is wrong with a node, and what it has forgotten; few have one. */
struct ailment {
	uint64_t steps; /* events taken */
	uint32_t armed; /* faults that wait for steps or chunks: a list through sim.fault_next */
	uint32_t hangs; /* now */
	uint64_t hung_since_ns;
	uint32_t cuts;      /* now */
	uint32_t damages;   /* chunks to come */
	uint32_t bad_loads; /* to come */
	double disk_factor;
	bool full_disk;
	bool stuck_disk;
	bool dead_disk; /* it was stuck for too long */
	bool bad_commit;
	bool ended;                 /* the process, by a fault or by leaving */
	struct sc_bitmap forgotten; /* peers; without memory: none */
};

struct member {
	struct sc_node *core;
	uint64_t processor_ns; /* busy with messages until then */
	uint64_t timer_ns;     /* the deadline that is in the agenda; UINT64_MAX: none */
	struct sc_rules rules;
	struct sc_disk disks[DISKS];
	struct ailment *ailment; /* owned; or NULL */
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
	uint32_t awaited; /* have still to leave */
	uint64_t message_ns;
	uint64_t operation_ns;
	struct letter *letters;
	uint32_t letter_count;
	uint32_t letter_capacity;
	uint32_t letter_free;
	struct sc_actions actions;

	/* Faults. */
	bool impaired;  /* something may have to wait, or be lost */
	bool disturbed; /* somebody has failed, or was held to have */
	/* When the leader left, saying that nobody has failed; 0: not yet.  What goes wrong
	 * from then on nobody is there to mend: the outcome is known and said. */
	uint64_t closed_ns;
	struct sc_random chance;      /* so that faults change no jitter */
	uint32_t *fault_next;         /* by fault */
	struct happening *happenings; /* in the agenda or parked */
	uint32_t happening_count;
	uint32_t happening_capacity;
	uint32_t happening_free;
	uint32_t parked_first;
	uint32_t parked_last;
	struct pair_cut *pair_cuts;
	uint32_t pair_cut_count;
};

/* sim.c */
/* Count a broken rule (NULL: none is). */
void sim_broken(struct sim *, uint32_t node, const char *rule);
/* No longer wait for a node. */
void sim_excuse(struct sim *, uint32_t node);

/* deliver.c */
/* A message that may come to one that has left. */
static inline bool
sim_is_news(uint8_t type)
{
	return type == SC_MESSAGE_BEAT || type == SC_MESSAGE_SENT || type == SC_MESSAGE_NOTICE;
}
extern const struct sc_network_listener sim_network_listener;
void sim_on_control(struct sim *, uint32_t letter);
void sim_on_disk(struct sim *, uint32_t id);
void sim_on_timer(struct sim *, uint32_t node);
/* Let something happen to its node now, which can take it. */
void sim_deliver(struct sim *, const struct happening *);
void sim_start_node(struct sim *, uint32_t node);
void sim_free_letter(struct sim *, uint32_t letter);

/* perform.c */
/* Have the first actions of a step done, which the node's processor ended at time_ns. */
void sim_perform(struct sim *, uint32_t node, uint64_t time_ns, size_t count);

/* account.c */
void sim_report(struct sim *, uint32_t node, const struct sc_action *);
void sim_account_end(struct sim *);

/* strike.c */
struct ailment *sim_ailment(struct sim *, uint32_t node);
/* Before the first step: faults wait for their moments. */
void sim_arm(struct sim *);
/* Something out of the agenda. */
void sim_happen(struct sim *, const struct happening *);
/* A step of a node with an ailment: how many of its actions will be done, and afterwards. */
size_t sim_actions_done(struct sim *, uint32_t node);
void sim_strike_after_step(struct sim *, uint32_t node);
/* A node's process has ended, or has left so that MPI takes it for failed. */
void sim_process_ends(struct sim *, uint32_t node);
void sim_tell_of_end(struct sim *, uint32_t node);

/* parked.c */
/* Put it into the agenda. */
void sim_later(struct sim *, uint64_t time_ns, const struct happening *);
struct happening sim_take_later(struct sim *, uint32_t id);
/* Must it wait, or will it never be taken?  It is then kept or dropped here. */
bool sim_parks(struct sim *, const struct happening *);
/* Look again at everything that waits. */
void sim_release(struct sim *);
static inline bool
sim_has_ended(const struct sim *sim, uint32_t node)
{
	return sim->result->nodes[node].left ||
	    (sim->members[node].ailment != NULL && sim->members[node].ailment->ended);
}
static inline bool
sim_has_source(const struct sim *sim, uint32_t node)
{
	return node == SC_ORIGIN || node == sim->config->buddy;
}
/* Is the run over, and something else went wrong? */
static inline bool
sim_closed_badly(const struct sim *sim)
{
	return sim->closed_ns > 0 && sim->impaired;
}
static inline bool
sim_forgot(const struct sim *sim, uint32_t node, uint32_t peer)
{
	const struct ailment *ailment = sim->members[node].ailment;

	return ailment != NULL && ailment->forgotten.words != NULL &&
	    sc_bitmap_has(&ailment->forgotten, peer);
}

#endif
