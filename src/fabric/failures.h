/*
 * Which ranks have failed, as far as MPI knows.  Without ULFM it knows of none.
 */
#ifndef SC_FABRIC_FAILURES_H
#define SC_FABRIC_FAILURES_H

#include "base/error.h"

#include <mpi.h>
#include <stdbool.h>
#include <stdint.h>

struct sc_failures {
	MPI_Comm comm;
	uint32_t *ranks; /* in comm, in the order in which they became known */
	uint32_t count;
	bool *failed; /* by rank */
};

/* No failures, so far.  Free with sc_failures_free (also an all-zero struct, and twice). */
int sc_failures_init(struct sc_failures *, MPI_Comm, uint32_t size, struct sc_error *);
void sc_failures_free(struct sc_failures *);

/*
 * Ask MPI again, and append what is new to ranks.  The failures are acknowledged by that: receives
 * from any rank in comm, which MPI suspends when it learns of a failure, go on.  Sends no message.
 */
int sc_failures_update(struct sc_failures *, struct sc_error *);

/*
 * Has this rank failed, as far as MPI knows now?  To be asked before MPI_Isend, if MPI has done
 * anything since the last answer: Open MPI 5.0.7 crashes on a send over TCP to a process that it
 * knows to have ended.
 */
int sc_failures_include(MPI_Comm, uint32_t rank, bool *included, struct sc_error *);

#endif
