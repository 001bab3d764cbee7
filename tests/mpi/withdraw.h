/*
 * One rank of a test of withdrawing receives, in a run in which no node fails.
 */
#ifndef SC_TESTS_MPI_WITHDRAW_H
#define SC_TESTS_MPI_WITHDRAW_H

#include "fabric/fabric.h"
#include "file/slots.h"

/* Uses slots 0 to 2; closes the fabric, frees the slots and ends MPI.  A broken promise ends the
 * process. */
void sc_withdraw_test(struct sc_fabric *, struct sc_slots *, uint32_t self, uint32_t nodes);

#endif
