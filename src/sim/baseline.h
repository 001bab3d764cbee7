/*
 * Other ways to stage a file, to compare with, on the same network and disks.
 * They are trees over which blocks go, and know nothing of faults.
 */
#ifndef SC_SIM_BASELINE_H
#define SC_SIM_BASELINE_H

#include "sim/machine.h"

#include <stdint.h>

enum sc_baseline {
	SC_BASELINE_BINOMIAL, /* each node that has the whole file sends it to one more at a time */
	SC_BASELINE_UNICAST,  /* the origin sends it to every node, at the same time */
	SC_BASELINE_BLOCKS,   /* as sbcast: each block down a tree of width 8, and
	                       * acknowledged by all before the next one */
	SC_BASELINES
};

struct sc_baseline_result {
	uint64_t first_ns; /* recipients that have all of it on disk */
	uint64_t last_ns;
	uint64_t origin_bytes;
	uint64_t relay_bytes; /* of the busiest recipient */
};

/* "binomial tree", ... */
const char *sc_baseline_name(enum sc_baseline);

/* Never fails; without memory the program ends. */
void sc_baseline_run(enum sc_baseline, uint32_t recipients, uint64_t size_bytes,
    const struct sc_machine *, uint64_t seed, struct sc_baseline_result *);

#endif
