/*
 * Connections before the run: see connect.h.
 *
 * Messages have no bytes, and so requests that are given up need no memory.
 */
#include "fabric/connect.h"

#include "base/clock.h"
#include "base/deadman.h"
#include "fabric/failures.h"
#include "fabric/mpi_error.h"
#include "fabric/request.h"
#include "fabric/tags.h"

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
send_empty(struct requests *requests, uint32_t rank, int tag, struct sc_error *err)
{
	bool lost;

	return sc_request_send(NULL, 0, rank, tag, SC_SEND_PLAIN,
	    &requests->items[requests->count++], &lost, err);
}

static int
receive_empty(struct requests *requests, uint32_t rank, int tag, struct sc_error *err)
{
	MPI_Request *request = &requests->items[requests->count++];
	bool lost;

	*request = MPI_REQUEST_NULL;
	if (sc_failures_include(MPI_COMM_WORLD, rank, &lost, err) != 0)
		return -1;
	return lost ? 0 : sc_request_receive(NULL, 0, rank, tag, request, &lost, err);
}

/* Has a request ended, also in an error?  That is for the run to find out. */
static bool
is_over(MPI_Request *request)
{
	int done = 0;

	return MPI_Test(request, &done, MPI_STATUS_IGNORE) != MPI_SUCCESS || done;
}

/* Wait for all requests, and give up those that are not over in time. */
static int
finish(struct requests *requests, struct sc_error *err)
{
	struct sc_backoff backoff = {.sleep_max_ns = SC_BACKOFF_SHORT_NS};
	uint32_t over = 0;

	while (over < requests->count) {
		sc_deadman_feed();
		if (is_over(&requests->items[over])) {
			over++;
			continue;
		}
		if (sc_clock_now_ns() >= requests->deadline_ns || *requests->stop_signal != 0)
			break;
		sc_backoff_pause(&backoff);
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

/* One of each pair sends: two connections at once would cost more than one. */
static int
greet_peers(struct requests *requests, const struct sc_connect *connect, struct sc_error *err)
{
	for (uint32_t i = 0; i < connect->peer_count; i++) {
		uint32_t peer = connect->peers[i];
		uint32_t rank = connect->ranks[peer];
		int rc = peer > connect->self ? send_empty(requests, rank, SC_TAG_GREETING, err)
					      : receive_empty(requests, rank, SC_TAG_GREETING, err);

		if (rc != 0)
			return -1;
	}
	return finish(requests, err);
}

/* Every node tells the origin that it is ready. */
static int
gather_ready(struct requests *requests, const struct sc_connect *connect, struct sc_error *err)
{
	if (connect->self != 0 && send_empty(requests, connect->ranks[0], SC_TAG_READY, err) != 0)
		return -1;
	for (uint32_t i = 1; connect->self == 0 && i < connect->nodes; i++) {
		if (receive_empty(requests, connect->ranks[i], SC_TAG_READY, err) != 0)
			return -1;
	}
	return finish(requests, err);
}

int
sc_connect_peers(const struct sc_connect *connect, struct sc_error *err)
{
	struct requests requests = {
		.deadline_ns = sc_clock_now_ns() + connect->timeout_ns,
		.stop_signal = connect->stop_signal,
	};
	int rc = -1;

	assert(connect->self < connect->nodes);
	requests.items = malloc((connect->peer_count + connect->nodes) * sizeof(*requests.items));
	if (requests.items == NULL)
		return sc_fail(err, 0, "no memory for %u nodes", connect->nodes);
	if (greet_peers(&requests, connect, err) == 0 && gather_ready(&requests, connect, err) == 0)
		rc = 0;
	free(requests.items);
	return rc;
}
