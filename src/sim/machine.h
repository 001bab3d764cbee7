/*
 * The machine that is simulated: its links, disks and racks, and what is
 * uneven about them.
 */
#ifndef SC_SIM_MACHINE_H
#define SC_SIM_MACHINE_H

#include "plan/cost.h"

#include <stdint.h>

/* A node's link has only a part of the rate, both ways; of several for a node the last one
 * counts. */
struct sc_slow {
	uint32_t node;
	double factor; /* above 0 */
};

struct sc_machine {
	struct sc_cost_machine base;
	double disk_read_bytes_per_s; /* chunks that a recipient reads back */
	double operation_s;           /* of each read or write of a chunk, beside its bytes */
	double commit_s;
	double ack_part;     /* bytes of acknowledgements that go back for each byte of a chunk */
	double jitter;       /* 0.1: latencies and service times vary by 10 % up and down */
	uint32_t rack_nodes; /* nodes of a rack, in the order of their numbers; 0: no racks */
	double uplink_bytes_per_s;  /* of a rack, each way; 0: as many links as it has nodes */
	const struct sc_slow *slow; /* borrowed */
	uint32_t slow_count;
};

#endif
