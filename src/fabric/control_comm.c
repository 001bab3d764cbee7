/*
 * The communicator of control messages: see control_comm.h.
 */
#include "fabric/control_comm.h"

#include "fabric/mpi_error.h"
#include "fabric/request.h"

static MPI_Comm control = MPI_COMM_NULL;

int
sc_control_comm_open(struct sc_error *err)
{
	MPI_Request request = MPI_REQUEST_NULL;

	if (sc_mpi_check(MPI_Comm_idup(MPI_COMM_WORLD, &control, &request), "MPI_Comm_idup", err) !=
		0 ||
	    sc_request_wait(&request, err) != 0)
		return -1;
	return sc_mpi_check(MPI_Comm_set_errhandler(control, MPI_ERRORS_RETURN),
	    "MPI_Comm_set_errhandler", err);
}

MPI_Comm
sc_control_comm(void)
{
	return control;
}

int
sc_control_comm_close(struct sc_error *err)
{
	return sc_mpi_check(MPI_Comm_free(&control), "MPI_Comm_free", err);
}
