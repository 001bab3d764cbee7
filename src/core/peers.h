/*
 * The peers: which of the nodes that this one talks to are there [0075-0078].
 *
 * It owns the roster of failed and torpid nodes, and for each peer when anything was last heard of
 * it.  It is told of every message, of the ends of processes, and of the time; it answers which
 * node has failed, and keeps what is new for the step to settle.
 *
 * Of two nodes that don't hear each other, though every other node hears both, one has to give
 * way: the one with the smaller number, which is nearer to the origin, loses patience first.  A
 * node that hears no other at all suspects itself, and leaves in the end.
 */
#ifndef SC_CORE_PEERS_H
#define SC_CORE_PEERS_H

#include "core/context.h"
#include "plan/roster.h"

#include <stdbool.h>
#include <stdint.h>

/* A node with which this one exchanges anything. */
struct sc_peer {
	uint32_t node;
	bool left; /* it has said BYE: its silence is no failure */
	uint64_t heard_ns;
	/* For the comparison of paces (pace.h): at its last heartbeat the time, the chunks that
	 * it held, and those that this node held; and since when it is slow (0: it is not). */
	uint64_t judged_ns;
	uint32_t held;
	uint32_t own;
	uint64_t slow_ns;
};

/* Is this node still in the run? */
enum sc_reach {
	SC_REACH_IN,
	SC_REACH_OUT,   /* another node says that this one counts as failed */
	SC_REACH_ALONE, /* nothing is heard of any other node */
};

struct sc_peers {
	const struct sc_context *context;
	struct sc_roster roster;
	struct sc_peer *items; /* owned */
	uint32_t count;
	uint32_t capacity;
	uint32_t leader;
	enum sc_reach reach;
	uint64_t heartbeat_ns; /* between two; 0: none are sent, and none is missed */
	uint64_t timeout_ns;
	uint64_t next_beat_ns;
	uint64_t beat_ns;  /* the last one */
	uint64_t heard_ns; /* anything, of any node */
	/* What the step has to settle: losses and torpid nodes beyond those that were settled. */
	uint32_t losses_settled;
	uint32_t *torpid; /* owned: in the order in which they became known */
	uint32_t torpid_count;
	uint32_t torpid_capacity;
	uint32_t torpid_settled;
	uint32_t torpid_from; /* the peer that told, which need not be told; SC_NONE: none */
};

/* buddy: a recipient, or SC_NONE.  Free with sc_peers_free. */
void sc_peers_init(struct sc_peers *, const struct sc_context *, uint32_t buddy,
    uint64_t heartbeat_ns, uint64_t timeout_ns);
void sc_peers_free(struct sc_peers *);

/* The run begins: the peers that the plan gives this node are expected from now on. */
void sc_peers_start(struct sc_peers *);

/* Expect heartbeats of a node, too.  Without memory the program ends, as everywhere in the core. */
void sc_peers_add(struct sc_peers *, uint32_t node);

/* NULL if it is none.  Valid until the next call that adds or drops one.  O(peers). */
struct sc_peer *sc_peers_find(const struct sc_peers *, uint32_t node);

static inline bool
sc_peers_failed(const struct sc_peers *peers, uint32_t node)
{
	return sc_roster_failed(&peers->roster, node);
}
static inline bool
sc_peers_torpid(const struct sc_peers *peers, uint32_t node)
{
	return sc_roster_torpid(&peers->roster, node);
}

/* Something came from it: it is there. */
void sc_peers_heard(struct sc_peers *, uint32_t node);

/* It has said BYE. */
void sc_peers_on_left(struct sc_peers *, uint32_t node);
bool sc_peers_has_left(const struct sc_peers *, uint32_t node);

/* It has failed: nothing more is expected of it or sent to it.  Harmless if that is known. */
void sc_peers_fail(struct sc_peers *, uint32_t node, enum sc_failure_cause);

/* It is torpid.  from: the peer that told, or SC_NONE. */
void sc_peers_slow(struct sc_peers *, uint32_t node, uint32_t from);

/* 0, or -1 if the message is not sound. */
int sc_peers_on_notice(struct sc_peers *, uint32_t from, const struct sc_notice *);

/* Tell a peer of the losses from the given one on, and of all torpid nodes. */
void sc_peers_tell(const struct sc_peers *, uint32_t peer, uint32_t first_loss);
/* The same for all of them but one (SC_NONE: all). */
void sc_peers_tell_all(const struct sc_peers *, uint32_t first_loss, uint32_t except);
/* A node that counts as failed has spoken: tell it. */
void sc_peers_tell_out(const struct sc_peers *, uint32_t node);

/* Is a heartbeat due?  Then send this one to all, and look for silence. */
bool sc_peers_beat_is_due(const struct sc_peers *);
void sc_peers_beat(struct sc_peers *, const struct sc_message *beat);

/* Asserts what must always hold.  O(peers * failed nodes). */
void sc_peers_check(const struct sc_peers *);

#endif
