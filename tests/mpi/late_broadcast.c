/*
 * A rank that is late.  Loaded ahead of the MPI library (LD_PRELOAD), this lets 200 ms pass before
 * each broadcast.  Whoever sends one does not wait for that.
 */
#include <mpi.h>
#include <time.h>

int
MPI_Ibcast(void *bytes, int count, MPI_Datatype type, int root, MPI_Comm comm, MPI_Request *request)
{
	const struct timespec late = {.tv_nsec = 200 * 1000 * 1000};

	if (nanosleep(&late, NULL) != 0)
		return MPI_ERR_OTHER;
	return PMPI_Ibcast(bytes, count, type, root, comm, request);
}
