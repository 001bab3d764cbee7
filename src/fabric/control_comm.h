/*
 * The communicator of control messages.  They are received from any rank, and failures are
 * acknowledged in it.  There is one, like MPI_COMM_WORLD.
 */
#ifndef SC_FABRIC_CONTROL_COMM_H
#define SC_FABRIC_CONTROL_COMM_H

#include "base/error.h"

#include <mpi.h>

/*
 * Make it, collectively, as a part of starting MPI.  Not by MPI_Comm_dup, in which every rank
 * spins until the last one has come: a tenth of a second where many share a core.  Open MPI 5
 * allows no other nonblocking collective meanwhile (their messages get mixed up).
 */
int sc_control_comm_open(struct sc_error *);

MPI_Comm sc_control_comm(void);

/* Before MPI ends. */
int sc_control_comm_close(struct sc_error *);

#endif
