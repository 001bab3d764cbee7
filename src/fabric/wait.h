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

/*
 * MPI_Wait spins, and where several ranks share a core whoever waits then
 * takes it from whoever is waited for: this sleeps more and more between two
 * looks, up to a limit.
 */
int sc_mpi_wait(MPI_Request *, uint64_t sleep_max_ns, struct sc_error *);

#endif
