/*
 * MPI's return codes: as sentences, and the one question that matters: is it
 * that a process has failed?
 */
#ifndef SC_FABRIC_MPI_ERROR_H
#define SC_FABRIC_MPI_ERROR_H

#include "base/error.h"

#include <stdbool.h>

/* 0 if code is MPI_SUCCESS; else fills *err with "CALL: what MPI says", -1. */
int sc_mpi_check(int code, const char *call, struct sc_error *err);

/* Does the code mean that a process has failed (ULFM)? */
bool sc_mpi_is_process_failure(int code);

#endif
