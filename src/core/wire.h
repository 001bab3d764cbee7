/*
 * Control messages: what nodes tell each other beside the chunks, and its
 * form on the wire.
 *
 * Every message is a version byte, a type byte and fields of fixed width,
 * little-endian.  A decoder trusts nothing.  All control travels along the
 * edges of the plan and its control tree, so that no node ever talks to more
 * peers than its connection limit allows.
 */
#ifndef SC_CORE_WIRE_H
#define SC_CORE_WIRE_H

#include "base/digest.h"
#include "base/limits.h"
#include "plan/plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sc_message_type {
	SC_MESSAGE_OFFER =
	    1, /* supplier to receiver: I send you this subfile; pass it on to these */
	SC_MESSAGE_CREDIT = 2,   /* receiver to supplier: so many chunks in all may come */
	SC_MESSAGE_SEAL = 3,     /* down the tree: the source was read whole; its digests */
	SC_MESSAGE_FAILED = 4,   /* up: a node's copy failed, and why */
	SC_MESSAGE_PROGRESS = 5, /* up: the state of a subtree */
	SC_MESSAGE_DONE = 6,     /* up: a subtree has nothing left to do for itself */
	SC_MESSAGE_ABORT = 7,    /* down: give up, leave nothing behind */
	SC_MESSAGE_CLOSE = 8,    /* down (up where a new leader leads): every node is done, leave */
	SC_MESSAGE_WANT = 9,     /* receiver to supplier: which chunks it lacks */
	SC_MESSAGE_REFUSE = 10,  /* supplier to receiver: no more of this subfile comes from me */
	SC_MESSAGE_NOTICE = 11,  /* to all neighbours: which nodes have failed or are torpid */
	SC_MESSAGE_BEAT = 12,    /* to all neighbours: I am here, and this far */
	SC_MESSAGE_BYE = 13,     /* up, after CLOSE: the subtree has left */
	SC_MESSAGE_SENT = 14,    /* supplier to receiver: all that you wanted is under way */
	SC_MESSAGE_DECLINE =
	    15, /* receiver to supplier: I want nothing more of this subfile from you */
	SC_MESSAGE_DECLINED = 16, /* supplier to receiver: the answer */
};

/* One entry of a distribution list [0039]. */
struct sc_receiver {
	uint32_t node;
	enum sc_edge_kind kind;
};

struct sc_offer {
	uint32_t subfile;
	uint32_t count;
	struct sc_receiver receivers[SC_RECEIVERS_MAX];
};

struct sc_credit {
	uint32_t subfile;
	uint32_t granted; /* chunks, from the first one on: saying it twice is harmless */
};

enum {
	SC_WANT_BEGIN = 1, /* forget what was wanted before; first is 0 */
	SC_WANT_ASK = 2,   /* say OFFER (or REFUSE) before anything is sent */
};

/* Some chunks of a subfile, by their positions in it; several messages make a list. */
struct sc_want {
	uint32_t subfile;
	uint32_t flags;
	uint32_t first;                     /* position of the first bit */
	uint32_t count;                     /* of bits; may be 0 */
	uint8_t bits[SC_WANT_BITS_MAX / 8]; /* lowest first; 1: wanted */
};

/* REFUSE, and SENT. */
struct sc_sent {
	uint32_t subfile;
	uint32_t
	    sent; /* chunks since the last OFFER or ASK: so many arrive, or have, and no more */
	uint32_t wants; /* messages that added to the list, which this is the answer to */
};

/* Requests of one receiver have rising numbers from 1 on, so that an answer to an earlier one is
 * known as such. */
struct sc_decline {
	uint32_t subfile;
	uint32_t request;
};

struct sc_declined {
	uint32_t subfile;
	uint32_t request;
	uint32_t sent; /* as in sc_sent */
};

enum sc_trouble {
	SC_TROUBLE_ENDED,  /* as SC_FAILURE_ENDED */
	SC_TROUBLE_SILENT, /* as SC_FAILURE_SILENT */
	SC_TROUBLE_TORPID,
	SC_TROUBLES,
};

struct sc_notice {
	uint32_t count;
	struct {
		uint32_t node;
		enum sc_trouble trouble;
	} entries[SC_NOTICE_MAX];
};

/* What a node is doing [0077]. */
enum {
	SC_STEP_DISTRIBUTION = 1, /* receives its own subfile from the origin */
	SC_STEP_COLLECTION = 2,
	SC_STEP_GROUP = 4,     /* sends to a next group */
	SC_STEP_SECONDARY = 8, /* sends to a secondary tree */
	SC_STEP_DETOUR = 16,   /* sends in the stead of another node */
};

/* A heartbeat [0076, Table 1].  The set of known failures is in it as a mark: two nodes
 * whose marks differ tell each other in a NOTICE all that they know. */
struct sc_beat {
	bool torpid;
	bool copy_failed;
	uint32_t steps;
	uint32_t tree; /* of its group */
	uint32_t mark; /* of the failures and torpid nodes that it knows of (sc_roster) */
	uint32_t held_count;
	uint32_t held[SC_GROUP_SIZE_MAX]; /* chunks of each subfile that are stored */
	uint32_t list_count;
	uint32_t list[SC_BEAT_LIST_MAX]; /* the distribution list: receivers, the first of them */
};

struct sc_failed {
	uint32_t node;
	bool fatal; /* others lack chunks because of it: the run can't go on */
	char cause[SC_CAUSE_BYTES];
};

struct sc_tally {
	uint32_t committed; /* nodes of the subtree whose copy is complete */
	uint32_t failed;    /* nodes whose copy failed or was given up */
	uint32_t least; /* chunks stored by the node that has the fewest; SC_NONE: none counts */
};

/* The subtree is that in the tree of this leader: in another's it may be larger. */
struct sc_done {
	uint32_t leader;
	struct sc_tally tally;
};

struct sc_message {
	enum sc_message_type type;
	union {
		struct sc_offer offer;
		struct sc_credit credit;
		struct sc_seal seal;
		struct sc_failed failed;
		struct sc_tally tally; /* PROGRESS */
		struct sc_done done;
		char cause[SC_CAUSE_BYTES]; /* ABORT */
		struct sc_want want;
		struct sc_sent sent; /* REFUSE, SENT */
		struct sc_decline decline;
		struct sc_declined declined;
		struct sc_notice notice;
		struct sc_beat beat;
		bool apart; /* CLOSE: some node has failed, see SC_LEAVE_APART */
	} u;
};

/* Write a message; it always fits.  Returns its length. */
size_t sc_message_encode(const struct sc_message *, uint8_t bytes[SC_CONTROL_BYTES]);

/* Read one.  0, or -1 if the bytes are not exactly one sound message. */
int sc_message_decode(const uint8_t *bytes, size_t length, struct sc_message *);

#endif
