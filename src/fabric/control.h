/*
 * The communicator of control messages: they are received from anybody, and in
 * it failures are acknowledged.  There is one, like MPI_COMM_WORLD.
 */
#ifndef SC_FABRIC_CONTROL_H
#define SC_FABRIC_CONTROL_H

#include "base/error.h"

#include <mpi.h>

/*
 * Make it, collectively, as a part of starting MPI.  Not by MPI_Comm_dup, in
 * which every rank spins until the last one has come: a tenth of a second where
 * many share a core.  Open MPI 5 allows no other nonblocking collective
 * meanwhile (their messages get mixed up).
 */
int sc_control_open(struct sc_error *);

MPI_Comm sc_control_get(void);

/* Before MPI ends. */
int sc_control_close(struct sc_error *);

#endif
