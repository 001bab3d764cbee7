/*
 * The fabric: chunks and control messages between nodes, as nonblocking MPI
 * point-to-point requests.
 *
 * Chunks travel from slot to slot: the message is the slot's memory, so
 * nothing is copied here.  Every chunk has a receive posted before its
 * credit was granted; control messages have a pool of receives.  All calls
 * are for the one thread that runs MPI.  A peer that has failed is an event,
 * never a return code; -1 means that MPI itself refuses to work.
 */
#ifndef SC_FABRIC_FABRIC_H
#define SC_FABRIC_FABRIC_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sc_fabric_config {
	const uint32_t *ranks; /* of the nodes, by number; borrowed until close */
	uint32_t nodes;        /* the origin included */
	uint32_t self;
	uint32_t world_size;
	uint8_t *slots; /* memory of the slots' messages; borrowed until close */
	size_t slot_stride_bytes;
	size_t message_bytes; /* the most that a slot's message can have */
	uint32_t slot_count;
	const uint32_t *peers; /* with whom messages will be exchanged; used by open only */
	uint32_t peer_count;
};

enum sc_fabric_what {
	SC_FABRIC_ARRIVED, /* peer, subfile, slot, length */
	SC_FABRIC_SENT,    /* peer, subfile, slot */
	SC_FABRIC_CONTROL, /* peer, bytes, length */
	SC_FABRIC_FAILED,  /* peer (or UINT32_MAX: which one is not known), cause */
};

struct sc_fabric_event {
	enum sc_fabric_what what;
	uint32_t peer; /* a node's number */
	uint32_t subfile;
	uint32_t slot;
	size_t length;
	const uint8_t *bytes; /* valid until the next poll */
	const char *cause;    /* the same */
	uint64_t order;       /* in which it was asked for */
};

struct sc_fabric; /* opaque */

/* Connections to all peers are opened, in the background as far as MPI can.
 * Ranks that take no part call it with nodes = 0.  End it with sc_fabric_close also when
 * it failed and *fabric is not NULL. */
int sc_fabric_open(struct sc_fabric **fabric, const struct sc_fabric_config *, struct sc_error *);

int sc_fabric_receive(struct sc_fabric *, uint32_t slot, uint32_t peer, uint32_t subfile,
    struct sc_error *);
int sc_fabric_send(struct sc_fabric *, uint32_t slot, size_t length, uint32_t peer,
    uint32_t subfile, struct sc_error *);

/* The bytes are copied. */
int sc_fabric_control(struct sc_fabric *, uint32_t peer, const uint8_t *bytes, size_t length,
    struct sc_error *);

/*
 * One MPI_Testsome over everything.  Sets *events to what has happened, in
 * the order in which it was asked for, and returns their number; -1 with *err.
 */
int sc_fabric_poll(struct sc_fabric *, const struct sc_fabric_event **events, struct sc_error *);

/* Is anything but the receives for control messages under way? */
bool sc_fabric_is_busy(const struct sc_fabric *);

uint64_t sc_fabric_bytes_sent(const struct sc_fabric *);
uint64_t sc_fabric_bytes_received(const struct sc_fabric *);

/* Finish sends, cancel receives, free all.  After a peer has failed: don't;
 * leave with sc_world_exit.  NULL is fine. */
int sc_fabric_close(struct sc_fabric *, struct sc_error *);

#endif
