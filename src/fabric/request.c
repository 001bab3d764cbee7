/*
 * One MPI request outside of the run loop: see request.h.
 */
#include "fabric/request.h"

#include "base/clock.h"
#include "fabric/failures.h"
#include "fabric/mpi_error.h"

/* The first looks cost nothing and are mostly enough. */
enum { LOOKS_WITHOUT_SLEEP = 50 };
static const uint64_t sleep_first_ns = 20 * 1000;

int
sc_request_send(const void *bytes, size_t length, uint32_t rank, int tag, enum sc_send_mode mode,
    MPI_Request *request, bool *lost, struct sc_error *err)
{
	int code;

	*request = MPI_REQUEST_NULL;
	if (sc_failures_include(MPI_COMM_WORLD, rank, lost, err) != 0)
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

int
sc_request_receive(void *bytes, size_t length, uint32_t rank, int tag, MPI_Request *request,
    bool *lost, struct sc_error *err)
{
	int code;

	*request = MPI_REQUEST_NULL;
	code = MPI_Irecv(bytes, (int)length, MPI_BYTE, (int)rank, tag, MPI_COMM_WORLD, request);
	*lost = sc_mpi_is_process_failure(code);
	return *lost ? 0 : sc_mpi_check(code, "MPI_Irecv", err);
}

void
sc_backoff_pause(struct sc_backoff *backoff)
{
	if (backoff->looks++ < LOOKS_WITHOUT_SLEEP)
		return;
	backoff->sleep_ns = backoff->sleep_ns == 0 ? sleep_first_ns : 2 * backoff->sleep_ns;
	if (backoff->sleep_ns > backoff->sleep_max_ns)
		backoff->sleep_ns = backoff->sleep_max_ns;
	sc_clock_sleep_ns(backoff->sleep_ns);
}

int
sc_request_wait(MPI_Request *request, struct sc_error *err)
{
	struct sc_backoff backoff = {.sleep_max_ns = SC_BACKOFF_SHORT_NS};
	int done = 0;

	for (;;) {
		if (sc_mpi_check(MPI_Test(request, &done, MPI_STATUS_IGNORE), "MPI_Test", err) != 0)
			return -1;
		if (done)
			return 0;
		sc_backoff_pause(&backoff);
	}
}

int
sc_request_wait_until(MPI_Request *request, uint64_t deadline_ns, uint64_t sleep_max_ns,
    enum sc_waited *waited, struct sc_error *err)
{
	struct sc_backoff backoff = {.sleep_max_ns = sleep_max_ns};

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
		sc_backoff_pause(&backoff);
	}
}
