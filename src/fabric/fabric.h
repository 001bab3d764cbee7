/*
 * The fabric: chunks and control messages between nodes, as nonblocking MPI point-to-point
 * requests.
 *
 * Chunks travel from slot to slot: the message is the slot's memory, so nothing is copied here.
 * Every chunk has a receive posted before its credit was granted; control messages have a pool of
 * receives.  All calls are for the one thread that calls MPI, and none of them waits for a peer.  A
 * peer that has failed is an event, never a return code; -1 means that MPI itself refuses to work,
 * or that there is no memory.
 *
 * Every chunk receive that was asked for ends with one ARRIVED or RECEIVE_ENDED, and every chunk
 * send with one SENT, whatever becomes of the peer.
 */
#ifndef SC_FABRIC_FABRIC_H
#define SC_FABRIC_FABRIC_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* The slots' messages, which the caller owns. */
struct sc_fabric_memory {
	void *slots; /* passed to both */
	uint8_t *(*message)(void *slots, uint32_t slot);
	/* Give a slot other memory, with the first kept_bytes in it, and leave the old one alone
	 * until after sc_fabric_close: MPI may still use it. */
	int (*renew)(void *slots, uint32_t slot, size_t kept_bytes, struct sc_error *);
};

struct sc_fabric_config {
	const uint32_t *ranks; /* of the nodes, by number; borrowed until close */
	uint32_t nodes;        /* the origin included */
	uint32_t self;
	uint32_t world_size;
	struct sc_fabric_memory memory; /* borrowed until close */
	size_t message_bytes;           /* the most that a slot's message can have */
	uint32_t peer_count; /* nodes with which this one exchanges messages by the plan */
};

enum sc_fabric_what {
	SC_FABRIC_ARRIVED,       /* peer, subfile, slot, length */
	SC_FABRIC_RECEIVE_ENDED, /* peer, subfile, slot: nothing will come into it any more */
	SC_FABRIC_SENT,          /* peer, subfile, slot: it may be used again, received or not */
	SC_FABRIC_CONTROL,       /* peer, bytes, length */
	SC_FABRIC_FAILED, /* peer, cause: MPI says so; once for each node, before its slots' ends */
};

struct sc_fabric_event {
	enum sc_fabric_what what;
	uint32_t peer; /* a node's number */
	uint32_t subfile;
	uint32_t slot;
	size_t length;        /* 0 of a chunk: it was damaged */
	const uint8_t *bytes; /* valid until the next poll */
	const char *cause;    /* the same */
	uint64_t order;       /* in which it was asked for */
};

struct sc_fabric; /* opaque */

/* End it with sc_fabric_close also when it failed and *fabric is not NULL. */
int sc_fabric_open(struct sc_fabric **fabric, const struct sc_fabric_config *, struct sc_error *);

int sc_fabric_receive(struct sc_fabric *, uint32_t slot, uint32_t peer, uint32_t subfile,
    struct sc_error *);
int sc_fabric_send(struct sc_fabric *, uint32_t slot, size_t length, uint32_t peer,
    uint32_t subfile, struct sc_error *);

/* The bytes are copied.  To a peer that was forgotten they are sent, a few messages at a time: it
 * may be alive. */
int sc_fabric_control(struct sc_fabric *, uint32_t peer, const uint8_t *bytes, size_t length,
    struct sc_error *);

/*
 * Exchange no more chunks with a peer, which is not told of it: the receives and sends of chunks
 * that are under way end with the next poll, as do those asked for from now on.  No chunk of that
 * peer arrives any more.  That includes those among the last poll's events that the caller has not
 * looked at yet: this changes them, so look at events one by one.  The peer's control messages
 * still come.  Calling it again is harmless.
 */
int sc_fabric_forget(struct sc_fabric *, uint32_t peer, struct sc_error *);

/* End the receives for a subfile from a live peer as soon as MPI has cancelled them; a chunk that
 * is coming in at this moment arrives. */
int sc_fabric_withdraw(struct sc_fabric *, uint32_t peer, uint32_t subfile, struct sc_error *);

/*
 * One MPI_Testsome over everything.  Sets *events to what has happened, as far as
 * possible in the order in which it was asked for, and returns their number; -1 with *err.
 */
int sc_fabric_poll(struct sc_fabric *, const struct sc_fabric_event **events, struct sc_error *);

/* What was sent and received so far, in bytes of messages. */
void sc_fabric_traffic(const struct sc_fabric *, uint64_t *bytes_sent, uint64_t *bytes_received);

/* Finish sends, cancel receives, free all; this waits for peers.  Not to be called after one has
 * failed or was forgotten: leave with sc_world_exit then.  NULL is fine. */
int sc_fabric_close(struct sc_fabric *, struct sc_error *);

#endif
