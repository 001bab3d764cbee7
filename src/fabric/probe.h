/*
 * The network's rate and latency, from a few messages between rank 0 and one rank on another host,
 * before the plan is chosen.
 */
#ifndef SC_FABRIC_PROBE_H
#define SC_FABRIC_PROBE_H

#include "base/error.h"

#include <stdint.h>

struct sc_probe {
	double latency_s;   /* of a message, one way: half of the fastest round trip */
	double bytes_per_s; /* from rank 0 to the peer */
};

/*
 * Rank 0 asks and the peer answers, both at the same time; the other ranks go on.  Takes 10 round
 * trips, and some tens of milliseconds at 10 Mbit/s or less than one at 10 Gbit/s.
 */
int sc_probe_ask(uint32_t peer, struct sc_probe *, struct sc_error *);
int sc_probe_answer(struct sc_error *);

#endif
