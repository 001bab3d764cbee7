/*
 * Waiting for one request outside of the run, when nothing else is to be done.
 */
#ifndef SC_FABRIC_WAIT_H
#define SC_FABRIC_WAIT_H

#include "base/error.h"

#include <mpi.h>
#include <stdint.h>

/* While everybody waits for rank 0 or for each other. */
#define SC_WAIT_SHORT_NS UINT64_C(500000)

/* Sleep between two looks at MPI: nothing at first, then more and more, up to a limit.
 * Whoever spins takes the core from whoever is waited for.  Start with {.sleep_max_ns}. */
struct sc_wait {
	uint64_t sleep_max_ns;
	uint64_t sleep_ns;
	uint32_t looks;
};

void sc_wait_pause(struct sc_wait *);

enum sc_waited {
	SC_WAITED_DONE,
	SC_WAITED_LOST, /* a process that it takes has failed */
	SC_WAITED_LATE, /* the time is up; the request is still there, and its memory MPI's */
};

/* Wait for a request until it is done: MPI_Wait would spin.  That a process
 * has failed is an error here. */
int sc_mpi_wait(MPI_Request *, uint64_t sleep_max_ns, struct sc_error *);

/* The same, but that is no error, and no longer than until then. */
int sc_mpi_wait_until(MPI_Request *, uint64_t deadline_ns, uint64_t sleep_max_ns, enum sc_waited *,
    struct sc_error *);

#endif
