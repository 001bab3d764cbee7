/*
 * One MPI request outside of the run loop: sent to a process that may have failed, waited for when
 * there is nothing else to do.
 */
#ifndef SC_FABRIC_REQUEST_H
#define SC_FABRIC_REQUEST_H

#include "base/error.h"

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sc_send_mode {
	SC_SEND_PLAIN,
	SC_SEND_SYNCHRONOUS, /* over when the other side has begun to receive it */
};

/* Begin to send in MPI_COMM_WORLD.  *lost: not begun, as the process has failed. */
int sc_request_send(const void *bytes, size_t length, uint32_t rank, int tag, enum sc_send_mode,
    MPI_Request *, bool *lost, struct sc_error *);

/* Begin to receive in MPI_COMM_WORLD.  *lost: the same. */
int sc_request_receive(void *bytes, size_t length, uint32_t rank, int tag, MPI_Request *,
    bool *lost, struct sc_error *);

/* The longest sleep while all ranks wait for rank 0 or for each other. */
#define SC_BACKOFF_SHORT_NS UINT64_C(500000)

/* Sleep between two looks at MPI: not at first, then longer and longer, up to a limit.  A process
 * that spins takes the core from the one that it waits for.  Start with {.sleep_max_ns}. */
struct sc_backoff {
	uint64_t sleep_max_ns;
	uint64_t sleep_ns;
	uint32_t looks;
};

void sc_backoff_pause(struct sc_backoff *);

/* Wait for a request until it is done: MPI_Wait would spin.  A failed process is an error here. */
int sc_request_wait(MPI_Request *, struct sc_error *);

enum sc_waited {
	SC_WAITED_DONE,
	SC_WAITED_LOST, /* a process that it takes has failed */
	SC_WAITED_LATE, /* the time is up; the request is still there, and its memory MPI's */
};

/* The same, no longer than until deadline_ns, and a failed process is no error. */
int sc_request_wait_until(MPI_Request *, uint64_t deadline_ns, uint64_t sleep_max_ns,
    enum sc_waited *, struct sc_error *);

#endif
