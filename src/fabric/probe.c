/*
 * The measurement of a link: see probe.h.
 *
 * Each message is answered by an empty one.  Messages double in size until
 * one takes so long that neither the round trip nor a shaper's burst matters;
 * the last two tell the rate by their difference, from which both are gone.
 */
#include "fabric/probe.h"

#include "base/clock.h"
#include "fabric/mpi_error.h"
#include "fabric/tags.h"

#include <mpi.h>
#include <stdlib.h>

/* The first round trip opens the connection. */
enum { ROUND_TRIPS = 6 };

/* The smallest is below the limit for eager messages: on slow links two sizes without a rendezvous
 * are compared, and on fast ones two sizes with it. */
static const int bytes_min = 4 << 10;
static const int bytes_max = 4 << 20;

/* Messages grow until one takes this long. */
static const uint64_t long_enough_ns = 1200 * 1000;

/* Two tries that take nearly the same were disturbed by nothing, nor sped up by a shaper's burst.
 * If there are no such two, the fastest counts. */
enum { TRIES = 4 };
static const double nearly = 1.06;

static int
round_trip(uint32_t peer, const uint8_t *bytes, int length, uint64_t *duration_ns,
    struct sc_error *err)
{
	uint64_t began_ns = sc_clock_now_ns();

	if (sc_mpi_check(MPI_Send(bytes, length, MPI_BYTE, (int)peer, SC_TAG_PROBE, MPI_COMM_WORLD),
		"MPI_Send", err) != 0 ||
	    sc_mpi_check(MPI_Recv(NULL, 0, MPI_BYTE, (int)peer, SC_TAG_PROBE, MPI_COMM_WORLD,
			     MPI_STATUS_IGNORE),
		"MPI_Recv", err) != 0)
		return -1;
	*duration_ns = sc_clock_now_ns() - began_ns;
	return 0;
}

/* The fastest of so many without bytes. */
static int
fastest_trip(uint32_t peer, int tries, uint64_t *fastest_ns, struct sc_error *err)
{
	uint64_t duration_ns;

	*fastest_ns = UINT64_MAX;
	for (int i = 0; i < tries; i++) {
		if (round_trip(peer, NULL, 0, &duration_ns, err) != 0)
			return -1;
		if (duration_ns < *fastest_ns)
			*fastest_ns = duration_ns;
	}
	return 0;
}

/* The time that such a message takes when nothing comes between. */
static int
undisturbed_trip(uint32_t peer, const uint8_t *bytes, int length, uint64_t *trip_ns,
    struct sc_error *err)
{
	uint64_t durations_ns[TRIES];

	*trip_ns = UINT64_MAX;
	for (int i = 0; i < TRIES; i++) {
		if (round_trip(peer, bytes, length, &durations_ns[i], err) != 0)
			return -1;
		for (int j = 0; j < i; j++) {
			uint64_t a_ns = durations_ns[i];
			uint64_t b_ns = durations_ns[j];

			*trip_ns = a_ns < b_ns ? a_ns : b_ns;
			if ((double)(a_ns < b_ns ? b_ns : a_ns) <= nearly * (double)*trip_ns)
				return 0;
		}
	}
	for (int i = 0; i < TRIES; i++) {
		if (durations_ns[i] < *trip_ns)
			*trip_ns = durations_ns[i];
	}
	return 0;
}

static int
ask_rate(uint32_t peer, const uint8_t *bytes, struct sc_probe *probe, struct sc_error *err)
{
	uint64_t before_ns = 0;
	uint64_t duration_ns = 0;
	int length = bytes_min / 2;
	double gained_bytes;

	/* Two sizes at least: on a slow link already the first one takes long. */
	while (length < bytes_max && (before_ns == 0 || duration_ns < long_enough_ns)) {
		before_ns = duration_ns;
		length *= 2;
		if (undisturbed_trip(peer, bytes, length, &duration_ns, err) != 0)
			return -1;
	}
	gained_bytes = before_ns < duration_ns ? length / 2 : length;
	if (before_ns < duration_ns)
		duration_ns -= before_ns;
	probe->bytes_per_s = gained_bytes / ((double)duration_ns * 1e-9);
	return 0;
}

int
sc_probe_ask(uint32_t peer, struct sc_probe *probe, struct sc_error *err)
{
	uint8_t *bytes = calloc(1, (size_t)bytes_max);
	uint64_t fastest_ns;
	int rc = -1;

	if (bytes == NULL)
		return sc_fail(err, 0, "no memory to measure the network with");
	if (fastest_trip(peer, ROUND_TRIPS, &fastest_ns, err) == 0 &&
	    ask_rate(peer, bytes, probe, err) == 0)
		rc = sc_mpi_check(MPI_Send(NULL, 0, MPI_BYTE, (int)peer, SC_TAG_PROBE_END,
				      MPI_COMM_WORLD),
		    "MPI_Send", err);
	probe->latency_s = (double)fastest_ns / 2 * 1e-9;
	free(bytes);
	return rc;
}

int
sc_probe_answer(struct sc_error *err)
{
	uint8_t *bytes = malloc((size_t)bytes_max);
	MPI_Status status = {.MPI_TAG = SC_TAG_PROBE};
	int rc = 0;

	if (bytes == NULL)
		return sc_fail(err, 0, "no memory to measure the network with");
	while (rc == 0) {
		rc = sc_mpi_check(MPI_Recv(bytes, bytes_max, MPI_BYTE, 0, MPI_ANY_TAG,
				      MPI_COMM_WORLD, &status),
		    "MPI_Recv", err);
		if (rc != 0 || status.MPI_TAG == SC_TAG_PROBE_END)
			break;
		rc = sc_mpi_check(MPI_Send(NULL, 0, MPI_BYTE, 0, SC_TAG_PROBE, MPI_COMM_WORLD),
		    "MPI_Send", err);
	}
	free(bytes);
	return rc;
}
