/*
 * The meeting before the run: see meet.h.
 *
 * Messages have no bytes, and so requests that are given up need no memory.
 */
#include "fabric/meet.h"

#include "base/clock.h"
#include "base/deadman.h"
#include "fabric/losses.h"
#include "fabric/mpi_error.h"
#include "fabric/send.h"
#include "fabric/tags.h"
#include "fabric/wait.h"

#include <assert.h>
#include <mpi.h>
#include <stdbool.h>
#include <stdlib.h>

struct requests {
	MPI_Request *items;
	uint32_t count;
	uint64_t deadline_ns;
	const volatile sig_atomic_t *stop_signal;
};

static int
say(struct requests *requests, uint32_t rank, int tag, struct sc_error *err)
{
	bool lost;

	return sc_mpi_send_begin(NULL, 0, rank, tag, SC_SEND_PLAIN,
	    &requests->items[requests->count++], &lost, err);
}

static int
listen_to(struct requests *requests, uint32_t rank, int tag, struct sc_error *err)
{
	MPI_Request *request = &requests->items[requests->count++];
	bool lost;
	int code;

	*request = MPI_REQUEST_NULL;
	if (sc_losses_include(MPI_COMM_WORLD, rank, &lost, err) != 0)
		return -1;
	if (lost)
		return 0;
	code = MPI_Irecv(NULL, 0, MPI_BYTE, (int)rank, tag, MPI_COMM_WORLD, request);
	return sc_mpi_is_process_failure(code) ? 0 : sc_mpi_check(code, "MPI_Irecv", err);
}

/* Is a request over, in whatever way?  An error is its peer's, and the run's affair. */
static bool
is_over(MPI_Request *request)
{
	int done = 0;

	return MPI_Test(request, &done, MPI_STATUS_IGNORE) != MPI_SUCCESS || done;
}

/* Wait for all, whatever becomes of them. */
static int
finish(struct requests *requests, struct sc_error *err)
{
	struct sc_wait wait = {.sleep_max_ns = SC_WAIT_SHORT_NS};
	uint32_t over = 0;

	while (over < requests->count) {
		sc_deadman_feed();
		if (is_over(&requests->items[over])) {
			over++;
			continue;
		}
		if (sc_clock_now_ns() >= requests->deadline_ns || *requests->stop_signal != 0)
			break;
		sc_wait_pause(&wait);
	}
	for (; over < requests->count; over++) {
		if (!is_over(&requests->items[over]) &&
		    sc_mpi_check(MPI_Request_free(&requests->items[over]), "MPI_Request_free",
			err) != 0)
			return -1;
	}
	requests->count = 0;
	return 0;
}

/* One of a pair speaks: two connections at once would cost more than one. */
static int
greet(struct requests *requests, const struct sc_meeting *meeting, struct sc_error *err)
{
	for (uint32_t i = 0; i < meeting->peer_count; i++) {
		uint32_t peer = meeting->peers[i];
		uint32_t rank = meeting->ranks[peer];
		int rc = peer > meeting->self ? say(requests, rank, SC_TAG_GREETING, err)
					      : listen_to(requests, rank, SC_TAG_GREETING, err);

		if (rc != 0)
			return -1;
	}
	return finish(requests, err);
}

static int
assemble(struct requests *requests, const struct sc_meeting *meeting, struct sc_error *err)
{
	if (meeting->self != 0)
		return say(requests, meeting->ranks[0], SC_TAG_READY, err) == 0
		    ? finish(requests, err)
		    : -1;
	for (uint32_t i = 1; i < meeting->nodes; i++) {
		if (listen_to(requests, meeting->ranks[i], SC_TAG_READY, err) != 0)
			return -1;
	}
	return finish(requests, err);
}

int
sc_meet(const struct sc_meeting *meeting, struct sc_error *err)
{
	struct requests requests = {
		.deadline_ns = sc_clock_now_ns() + meeting->timeout_ns,
		.stop_signal = meeting->stop_signal,
	};
	int rc = -1;

	assert(meeting->self < meeting->nodes);
	requests.items = malloc((meeting->peer_count + meeting->nodes) * sizeof(*requests.items));
	if (requests.items == NULL)
		return sc_fail(err, 0, "no memory for %u nodes", meeting->nodes);
	if (greet(&requests, meeting, err) == 0 && assemble(&requests, meeting, err) == 0)
		rc = 0;
	free(requests.items);
	return rc;
}
