/*
 * How often a node sends heartbeats, and how long a silent peer is waited for before it is given up.
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
 * What the options say.  Where they leave it open, the timeout is 10 s, or eight times what the
 * link of that machine needs for all chunks that can be under way ahead of a heartbeat, so that a
 * busy link is not taken for a dead peer; and it is five heartbeats at least.  Heartbeats come
 * every 250 ms, or up to every 1 s where they would take more than a quarter of a percent of the
 * link, and at least ten times in a short timeout.
 */
struct sc_timeouts sc_timeouts_choose(const struct sc_plan *, const struct sc_cost_machine *,
    const struct sc_options *);

#endif
