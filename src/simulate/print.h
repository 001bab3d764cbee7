/*
 * What stagecast-sim prints of a run.
 */
#ifndef SC_SIMULATE_PRINT_H
#define SC_SIMULATE_PRINT_H

#include "sim/sim.h"

#include <stdbool.h>
#include <stdio.h>

/* The figures of a run. */
struct sc_sim_summary {
	double first_s; /* when the first recipient has the file, and so on */
	double median_s;
	double p99_s;
	double last_s;
	double others_s; /* the last one without a fault or a slow link */
	double floor_s;  /* the slowest of source, one link, one disk */
	uint64_t origin_bytes;
	uint64_t relay_bytes; /* of the busiest */
	uint32_t copies;      /* recipients that have it */
	bool uneven;          /* there are nodes with faults or slow links */
};

/* Never fails: without memory the program ends. */
void sc_sim_summarise(const struct sc_plan *, const struct sc_machine *,
    const struct sc_sim_result *, struct sc_sim_summary *);

void sc_sim_print(FILE *, const struct sc_plan *, const struct sc_machine *,
    const struct sc_sim_result *, const struct sc_sim_summary *);

#endif
