/*
 * Waiting for one request: see wait.h.
 */
#include "fabric/wait.h"

#include "base/clock.h"
#include "fabric/mpi_error.h"

/* The first looks cost nothing and are mostly enough. */
enum { LOOKS_WITHOUT_SLEEP = 50 };
static const uint64_t sleep_first_ns = 20 * 1000;

void
sc_wait_pause(struct sc_wait *wait)
{
	if (wait->looks++ < LOOKS_WITHOUT_SLEEP)
		return;
	wait->sleep_ns = wait->sleep_ns == 0 ? sleep_first_ns : 2 * wait->sleep_ns;
	if (wait->sleep_ns > wait->sleep_max_ns)
		wait->sleep_ns = wait->sleep_max_ns;
	sc_clock_sleep_ns(wait->sleep_ns);
}

int
sc_mpi_wait(MPI_Request *request, uint64_t sleep_max_ns, struct sc_error *err)
{
	struct sc_wait wait = {.sleep_max_ns = sleep_max_ns};
	int done = 0;

	for (;;) {
		if (sc_mpi_check(MPI_Test(request, &done, MPI_STATUS_IGNORE), "MPI_Test", err) != 0)
			return -1;
		if (done)
			return 0;
		sc_wait_pause(&wait);
	}
}

int
sc_mpi_wait_until(MPI_Request *request, uint64_t deadline_ns, uint64_t sleep_max_ns,
    enum sc_waited *waited, struct sc_error *err)
{
	struct sc_wait wait = {.sleep_max_ns = sleep_max_ns};

	for (;;) {
		int done = 0;
		int code = MPI_Test(request, &done, MPI_STATUS_IGNORE);

		*waited = SC_WAITED_DONE;
		if (code == MPI_SUCCESS && done)
			return 0;
		*waited = SC_WAITED_LOST;
		if (code != MPI_SUCCESS)
			return sc_mpi_is_process_failure(code)
			    ? 0
			    : sc_mpi_check(code, "MPI_Test", err);
		*waited = SC_WAITED_LATE;
		if (sc_clock_now_ns() >= deadline_ns)
			return 0;
		sc_wait_pause(&wait);
	}
}
