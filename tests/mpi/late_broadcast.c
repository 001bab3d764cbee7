/*
 * A rank that is late.  Loaded ahead of the MPI library (LD_PRELOAD), this lets 200 ms pass before
 * each broadcast.  The sender does not wait for it.
 *
 * Environment: LATE_AT, a file that is made when it has happened.
 */
#include <fcntl.h>
#include <mpi.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int
MPI_Ibcast(void *bytes, int count, MPI_Datatype type, int root, MPI_Comm comm, MPI_Request *request)
{
	const struct timespec late = {.tv_nsec = 200 * 1000 * 1000};
	int at = open(getenv("LATE_AT"), O_WRONLY | O_CREAT, 0600);

	if (at < 0 || close(at) != 0 || nanosleep(&late, NULL) != 0)
		return MPI_ERR_OTHER;
	return PMPI_Ibcast(bytes, count, type, root, comm, request);
}
