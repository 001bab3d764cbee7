/*
 * Waiting for one request: see wait.h.
 */
#include "fabric/wait.h"

#include "base/clock.h"
#include "fabric/mpi_error.h"

/* The first looks cost nothing and are mostly enough. */
enum { LOOKS_WITHOUT_SLEEP = 50 };
static const uint64_t sleep_first_ns = 20 * 1000;

int
sc_mpi_wait(MPI_Request *request, uint64_t sleep_max_ns, struct sc_error *err)
{
	uint64_t sleep_ns = sleep_first_ns;
	int done = 0;

	for (uint64_t looks = 0;; looks++) {
		if (sc_mpi_check(MPI_Test(request, &done, MPI_STATUS_IGNORE), "MPI_Test", err) != 0)
			return -1;
		if (done)
			return 0;
		if (looks < LOOKS_WITHOUT_SLEEP)
			continue;
		sc_clock_sleep_ns(sleep_ns);
		sleep_ns = 2 * sleep_ns < sleep_max_ns ? 2 * sleep_ns : sleep_max_ns;
	}
}
