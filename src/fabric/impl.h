/*
 * The fabric's insides, for fabric*.c only.
 */
#ifndef SC_FABRIC_IMPL_H
#define SC_FABRIC_IMPL_H

#include "fabric/fabric.h"
#include "fabric/losses.h"

#include <mpi.h>

enum sc_op_kind {
	SC_OP_RECEIVE,
	SC_OP_SEND,
	SC_OP_CONTROL_IN,
	SC_OP_CONTROL_OUT,
};

enum sc_op_state {
	SC_OP_UNDER_WAY,
	SC_OP_LET_GO, /* a chunk's: it ends with the next poll, done or not */
	SC_OP_ENDED, /* a chunk's: the caller knows, but MPI still has the request and the memory */
};

/* What a request is for.  ops[i] belongs to requests[i]. */
struct sc_op {
	enum sc_op_kind kind;
	enum sc_op_state state;
	bool cancelled; /* MPI was asked to */
	bool seen;      /* its request is over, and what that means was seen to */
	uint32_t peer;
	uint32_t subfile;
	uint32_t slot;
	uint8_t *memory; /* that MPI reads or writes */
	size_t length;   /* of a chunk that is sent */
	uint64_t order;
};

struct sc_event_list {
	struct sc_fabric_event *items;
	size_t count;
	size_t capacity;
};

struct sc_fabric_peer {
	bool failed;    /* MPI says so, and the caller was told */
	bool forgotten; /* also if it failed */
};

struct sc_fabric {
	struct sc_fabric_config config;
	MPI_Comm control;
	struct sc_losses losses;
	uint32_t *nodes_of_ranks;
	struct sc_fabric_peer *peers; /* by node */
	MPI_Request *requests;
	struct sc_op *ops;
	int *indices;
	MPI_Status *statuses;
	int count;
	int capacity;
	uint64_t order;
	struct sc_event_list events;  /* the last poll's */
	struct sc_event_list pending; /* for the next poll: what ended without a request */
	uint8_t **spare_buffers;      /* for control messages that go out */
	int spare_count;
	uint8_t **consumed; /* received, handed to the caller, to be posted again */
	int consumed_count;
	uint64_t bytes_sent;
	uint64_t bytes_received;
	char cause[SC_ERROR_TEXT_BYTES]; /* of the last failure that was not a process's end */
};

/* Post a receive from anybody into a buffer of SC_CONTROL_BYTES. */
int sc_fabric_post_control(struct sc_fabric *, uint8_t *buffer, struct sc_error *);

int sc_events_add(struct sc_event_list *, const struct sc_fabric_event *, struct sc_error *);

/* Tell the caller that an operation has ended, without success.  Its memory is free. */
int sc_op_end(struct sc_fabric *, struct sc_event_list *, const struct sc_op *, struct sc_error *);

/* End what is under way with a peer: as soon as MPI has let go of it, or with the next poll. */
int sc_fabric_let_go(struct sc_fabric *, uint32_t peer, struct sc_error *);

/* A peer has failed: tell the caller, unless that was done, and let go of it. */
int sc_fabric_lose(struct sc_fabric *, struct sc_event_list *, uint32_t peer, const char *cause,
    struct sc_error *);

#endif
