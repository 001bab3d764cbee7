/*
 * The table of MPI requests under way, with what each is for and the events that each ends in.
 * For fabric.c, which starts requests, and poll.c, which sees to those that are over.
 */
#ifndef SC_FABRIC_OPERATIONS_H
#define SC_FABRIC_OPERATIONS_H

#include "fabric/fabric.h"
#include "fabric/failures.h"

#include <mpi.h>

enum sc_op_kind {
	SC_OP_RECEIVE,
	SC_OP_SEND,
	SC_OP_CONTROL_IN,
	SC_OP_CONTROL_OUT,
};

/* Of a chunk's operation. */
enum sc_op_state {
	SC_OP_ACTIVE,
	SC_OP_STOPPING, /* it ends with the next poll, whether MPI is done with it or not */
	SC_OP_DETACHED, /* it has ended for the caller; MPI still has the request and the memory */
};

/* What a request is for.  ops[i] belongs to requests[i]. */
struct sc_op {
	enum sc_op_kind kind;
	enum sc_op_state state;
	bool cancelled; /* MPI was asked to cancel it */
	bool finished;  /* its request is over and was seen to: it leaves the table */
	uint32_t peer;
	uint32_t subfile;
	uint32_t slot;
	uint8_t *memory; /* that MPI reads or writes */
	size_t length;   /* of what is sent */
	uint64_t order;  /* in which operations were asked for */
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
	struct sc_failures failures;
	uint32_t *nodes_of_ranks;     /* UINT32_MAX: takes no part */
	struct sc_fabric_peer *peers; /* by node */
	/* Each of these arrays has `capacity` places. */
	MPI_Request *requests;
	struct sc_op *ops;
	int *indices; /* what MPI_Testsome fills, like statuses */
	MPI_Status *statuses;
	uint8_t **spare_buffers; /* for control messages that go out */
	uint8_t *
	    *read_buffers; /* of control messages that the caller was given, to be posted again */
	size_t capacity;
	int count; /* of requests and ops */
	int spare_count;
	int read_count;
	uint64_t order;
	struct sc_event_list events;  /* the last poll's */
	struct sc_event_list pending; /* for the next poll: what ended without a request */
	uint64_t bytes_sent;
	uint64_t bytes_received;
	char cause[SC_ERROR_TEXT_BYTES]; /* of the last failure that was not the end of a process */
};

/*
 * Room for one more request, behind those that count: *op without its order, in a table where its
 * request is MPI_REQUEST_NULL.  It becomes part of the table when `count` is raised.  NULL without
 * memory.
 */
struct sc_op *sc_op_add(struct sc_fabric *, const struct sc_op *op, struct sc_error *);

/* Post a receive from any rank into a buffer of SC_CONTROL_BYTES. */
int sc_op_post_control(struct sc_fabric *, uint8_t *buffer, struct sc_error *);

/* The event of an operation. */
struct sc_fabric_event sc_op_event(const struct sc_op *, enum sc_fabric_what);

/* Tell the caller that an operation has ended, without success.  Its memory is free. */
int sc_op_end(struct sc_fabric *, struct sc_event_list *, const struct sc_op *, struct sc_error *);

/* Ask MPI to cancel the receive in requests[index], once. */
int sc_op_cancel(struct sc_fabric *, int index, struct sc_error *);

/* End all chunks' operations with a peer: with the next poll, at the latest. */
int sc_op_stop_peer(struct sc_fabric *, uint32_t peer, struct sc_error *);

/* A peer has failed: tell the caller, once, and stop what is under way with it.  cause NULL: its
 * process has ended. */
int sc_op_fail_peer(struct sc_fabric *, struct sc_event_list *, uint32_t peer, const char *cause,
    struct sc_error *);

int sc_events_add(struct sc_event_list *, const struct sc_fabric_event *, struct sc_error *);

#endif
