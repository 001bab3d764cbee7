/*
 * Sending outside of the run, to a process that may have failed.
 */
#ifndef SC_FABRIC_SEND_H
#define SC_FABRIC_SEND_H

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
int sc_mpi_send_begin(const void *bytes, size_t length, uint32_t rank, int tag, enum sc_send_mode,
    MPI_Request *, bool *lost, struct sc_error *);

#endif
