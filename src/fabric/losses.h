/*
 * Losses: which ranks have failed, as far as MPI knows.  It tells of each once.
 */
#ifndef SC_FABRIC_LOSSES_H
#define SC_FABRIC_LOSSES_H

#include "base/error.h"

#include <mpi.h>
#include <stdbool.h>
#include <stdint.h>

struct sc_losses {
	MPI_Comm comm;
	uint32_t *ranks; /* in comm, in the order in which they became known */
	uint32_t count;
	bool *lost; /* by rank */
};

/* Nobody, so far.  Free with sc_losses_free (also an all-zero struct, and twice). */
int sc_losses_init(struct sc_losses *, MPI_Comm, uint32_t size, struct sc_error *);
void sc_losses_free(struct sc_losses *);

/*
 * Ask again, and acknowledge what it says: receives from anybody in comm, which MPI
 * suspends when it learns of a failure, go on.  What was not known is appended to
 * ranks.  Talks to nobody.  Where MPI can't tell (no ULFM) nothing is ever lost.
 */
int sc_losses_ask(struct sc_losses *, struct sc_error *);

/*
 * Has this one failed, as far as MPI knows now?  To be asked before MPI_Isend, if MPI has done
 * anything since the last answer: Open MPI 5.0.7 crashes on a send over TCP to a
 * process of whose end it knows.
 */
int sc_losses_include(MPI_Comm, uint32_t rank, bool *lost, struct sc_error *);

#endif
