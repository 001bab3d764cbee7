/*
 * The files that stagecast-sim writes: a trace, and the timings of a run as
 * those of a real one.
 */
#ifndef SC_SIMULATE_FILES_H
#define SC_SIMULATE_FILES_H

#include "record/timings.h"
#include "sim/sim.h"
#include "simulate/compare.h"

#include <stdio.h>

/* Start with an all-zero struct. */
struct sc_sim_files {
	FILE *trace; /* or NULL */
	const char *trace_path;
	int trace_errno; /* of the first write that failed */
	const char *timings_path;
	struct sc_timings_node *nodes; /* owned, with their timelines; NULL: no timings */
	uint32_t count;
};

/* Open the trace and make room for timelines, as far as they are wanted (not
 * NULL), and have config's listener fill them.  *files has to stay where it is
 * until they are closed. */
int sc_sim_files_open(struct sc_sim_files *, const char *trace_path, const char *timings_path,
    struct sc_sim_config *, struct sc_error *);

/* Write the timings, if they are wanted, with the strategies that were compared, if any. */
int sc_sim_files_write(struct sc_sim_files *, const struct sc_sim_config *,
    const struct sc_sim_result *, const struct sc_sim_comparison *, int argc, char *const *argv,
    struct sc_error *);

/* Close everything.  Returns status, or -1 if it was 0 and the trace is not whole. */
int sc_sim_files_close(struct sc_sim_files *, int status, struct sc_error *);

#endif
