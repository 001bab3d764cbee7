/*
 * When silence means death: how often those that are alive say so, and after
 * how long a peer that says nothing is given up.
 */
#ifndef SC_STAGE_PREPARE_TIMEOUTS_H
#define SC_STAGE_PREPARE_TIMEOUTS_H

#include "plan/cost.h"
#include "plan/plan.h"
#include "stage/options.h"

#include <stdint.h>

struct sc_timeouts {
	uint64_t heartbeat_ns;
	uint64_t timeout_ns; /* more than two heartbeats */
};

/*
 * What the options say, and for what they leave open: a timeout of 10 s, or
 * eight times what the link of that machine needs for all chunks that can be
 * under way ahead of a heartbeat, so that a busy link is never a dead peer; and a
 * heartbeat of 250 ms, or up to 1 s where they would take more than a quarter of a percent of the
 * link, or a tenth of a short timeout.  A timeout that is not given is five heartbeats at least.
 */
struct sc_timeouts sc_timeouts_choose(const struct sc_plan *, const struct sc_cost_machine *,
    const struct sc_options *);

#endif
