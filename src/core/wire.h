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

#include "base/limits.h"
#include "core/plan.h"

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
	SC_MESSAGE_CLOSE = 8,    /* down: everybody is done, leave */
};

/* The digests of the source (core/ only carries them): of the set of all
 * chunks, and of the whole as one stream. */
struct sc_seal {
	uint64_t sum[2];
	uint64_t whole[2];
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

struct sc_message {
	enum sc_message_type type;
	union {
		struct sc_offer offer;
		struct sc_credit credit;
		struct sc_seal seal;
		struct sc_failed failed;
		struct sc_tally tally;      /* PROGRESS and DONE */
		char cause[SC_CAUSE_BYTES]; /* ABORT */
	} u;
};

/* Write a message; it always fits.  Returns its length. */
size_t sc_message_encode(const struct sc_message *, uint8_t bytes[SC_CONTROL_BYTES]);

/* Read one.  0, or -1 if the bytes are not exactly one sound message. */
int sc_message_decode(const uint8_t *bytes, size_t length, struct sc_message *);

#endif
