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

#include <mpi.h>
#include <stdlib.h>

enum { PROBE_TAG = 2, PROBE_END_TAG = 3 };

/* The first round trip opens the connection. */
enum { ROUND_TRIPS = 6 };

/* Below the limit for eager messages, so that two sizes without a rendezvous
 * are compared on slow links, and two with it on fast ones. */
static const int bytes_min = 8 << 10;
static const int bytes_max = 4 << 20;

/* Longer than the hiccups of a host; a message that takes this long ends it. */
static const uint64_t long_enough_ns = 3 * 1000 * 1000;

static int
round_trip(uint32_t peer, const uint8_t *bytes, int length, uint64_t *duration_ns,
    struct sc_error *err)
{
	uint64_t began_ns = sc_clock_now_ns();

	if (sc_mpi_check(MPI_Send(bytes, length, MPI_BYTE, (int)peer, PROBE_TAG, MPI_COMM_WORLD),
		"MPI_Send", err) != 0 ||
	    sc_mpi_check(MPI_Recv(NULL, 0, MPI_BYTE, (int)peer, PROBE_TAG, MPI_COMM_WORLD,
			     MPI_STATUS_IGNORE),
		"MPI_Recv", err) != 0)
		return -1;
	*duration_ns = sc_clock_now_ns() - began_ns;
	return 0;
}

static int
ask_latency(uint32_t peer, struct sc_probe *probe, struct sc_error *err)
{
	uint64_t fastest_ns = UINT64_MAX;
	uint64_t duration_ns;

	for (int i = 0; i < ROUND_TRIPS; i++) {
		if (round_trip(peer, NULL, 0, &duration_ns, err) != 0)
			return -1;
		if (duration_ns < fastest_ns)
			fastest_ns = duration_ns;
	}
	probe->latency_s = (double)fastest_ns / 2 * 1e-9;
	return 0;
}

static int
ask_rate(uint32_t peer, const uint8_t *bytes, struct sc_probe *probe, struct sc_error *err)
{
	uint64_t before_ns = 0;
	uint64_t duration_ns = 0;
	int length = bytes_min / 2;
	double gained_bytes;

	while (length < bytes_max && duration_ns < long_enough_ns) {
		before_ns = duration_ns;
		length *= 2;
		if (round_trip(peer, bytes, length, &duration_ns, err) != 0)
			return -1;
	}
	/* A smaller message that took longer met some hiccup. */
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
	int rc = -1;

	if (bytes == NULL)
		return sc_fail(err, 0, "no memory to measure the network with");
	if (ask_latency(peer, probe, err) == 0 && ask_rate(peer, bytes, probe, err) == 0)
		rc = sc_mpi_check(MPI_Send(NULL, 0, MPI_BYTE, (int)peer, PROBE_END_TAG,
				      MPI_COMM_WORLD),
		    "MPI_Send", err);
	free(bytes);
	return rc;
}

int
sc_probe_answer(struct sc_error *err)
{
	uint8_t *bytes = malloc((size_t)bytes_max);
	MPI_Status status = {.MPI_TAG = PROBE_TAG};
	int rc = 0;

	if (bytes == NULL)
		return sc_fail(err, 0, "no memory to measure the network with");
	while (rc == 0) {
		rc = sc_mpi_check(MPI_Recv(bytes, bytes_max, MPI_BYTE, 0, MPI_ANY_TAG,
				      MPI_COMM_WORLD, &status),
		    "MPI_Recv", err);
		if (rc != 0 || status.MPI_TAG == PROBE_END_TAG)
			break;
		rc = sc_mpi_check(MPI_Send(NULL, 0, MPI_BYTE, 0, PROBE_TAG, MPI_COMM_WORLD),
		    "MPI_Send", err);
	}
	free(bytes);
	return rc;
}
