/*
 * Heartbeats and timeouts: see timeouts.h.
 */
#include "stage/prepare/timeouts.h"

#include <assert.h>

static const uint64_t second_ns = UINT64_C(1000) * 1000 * 1000;
static const uint64_t timeout_s_min = 10;

/* The link was measured when nothing else used it. */
static const double queues = 8;

/* In one timeout: some may be late or lost. */
static const uint64_t heartbeats_min = 5;

static const uint64_t heartbeat_least_ns = UINT64_C(250) * 1000 * 1000;

/* A heartbeat with all headers around it, and the part of a link that heartbeats may take. */
static const double heartbeat_bytes = 250;
static const double heartbeat_share = 0.0025;

/* Windows that take longer make a timeout useless. */
static const double timeout_s_max = 86400;

/*
 * The longest that a heartbeat waits on a link behind chunks: a whole window of each peer.  Large
 * chunks aren't sent before the receiver is ready, so less is under way then; but small ones are
 * in the system's buffers as soon as they are sent.
 */
static double
queue_s(const struct sc_plan *plan, const struct sc_cost_machine *machine)
{
	double peers = sc_cost_connections(plan);
	double chunks = peers * plan->window;
	double all = plan->chunks; /* more don't exist */

	if (chunks > all * peers)
		chunks = all * peers;
	return chunks * plan->chunk_bytes / machine->link_bytes_per_s;
}

/* Often, as slow nodes are found by heartbeats, but not so often that they slow a link down. */
static uint64_t
heartbeat_ns(const struct sc_plan *plan, const struct sc_cost_machine *machine, uint64_t timeout_ns)
{
	double beats = sc_cost_connections(plan) * heartbeat_bytes;
	double least_s = beats / (heartbeat_share * machine->link_bytes_per_s);
	uint64_t most_ns = timeout_ns / 10 < second_ns ? timeout_ns / 10 : second_ns;
	uint64_t ns = least_s < 1 ? (uint64_t)(least_s * 1e9) : second_ns;

	if (ns < heartbeat_least_ns)
		ns = heartbeat_least_ns;
	return ns < most_ns ? ns : most_ns;
}

struct sc_timeouts
sc_timeouts_choose(const struct sc_plan *plan, const struct sc_cost_machine *machine,
    const struct sc_options *options)
{
	struct sc_timeouts timeouts = {
		.heartbeat_ns = options->heartbeat_ns,
		.timeout_ns = options->timeout_ns,
	};

	if (timeouts.timeout_ns == 0) {
		double busy_s = queues * queue_s(plan, machine);

		timeouts.timeout_ns = timeout_s_min * second_ns;
		if (busy_s > timeout_s_max)
			busy_s = timeout_s_max;
		if (busy_s > (double)timeout_s_min)
			timeouts.timeout_ns = (uint64_t)(busy_s * 1e9);
		if (timeouts.timeout_ns < heartbeats_min * timeouts.heartbeat_ns)
			timeouts.timeout_ns = heartbeats_min * timeouts.heartbeat_ns;
	}
	if (timeouts.heartbeat_ns == 0)
		timeouts.heartbeat_ns = heartbeat_ns(plan, machine, timeouts.timeout_ns);
	assert(timeouts.timeout_ns > 2 * timeouts.heartbeat_ns);
	return timeouts;
}
