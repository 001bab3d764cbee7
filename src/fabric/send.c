/*
 * Sending to a process that may have failed: see send.h.
 */
#include "fabric/send.h"

#include "fabric/losses.h"
#include "fabric/mpi_error.h"

int
sc_mpi_send_begin(const void *bytes, size_t length, uint32_t rank, int tag, enum sc_send_mode mode,
    MPI_Request *request, bool *lost, struct sc_error *err)
{
	int code;

	*request = MPI_REQUEST_NULL;
	if (sc_losses_include(MPI_COMM_WORLD, rank, lost, err) != 0)
		return -1;
	if (*lost)
		return 0;
	if (mode == SC_SEND_SYNCHRONOUS)
		code = MPI_Issend(bytes, (int)length, MPI_BYTE, (int)rank, tag, MPI_COMM_WORLD,
		    request);
	else
		code = MPI_Isend(bytes, (int)length, MPI_BYTE, (int)rank, tag, MPI_COMM_WORLD,
		    request);
	*lost = sc_mpi_is_process_failure(code);
	return *lost ? 0 : sc_mpi_check(code, "MPI_Isend", err);
}
