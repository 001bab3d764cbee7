/*
 * The timings file (HDF5): one file a run, written by the node that leads it in the end, under a
 * temporary name and then renamed.  Its schema is stagecast-timings(5).
 */
#ifndef SC_RECORD_TIMINGS_H
#define SC_RECORD_TIMINGS_H

#include "base/error.h"
#include "plan/plan.h"
#include "record/node_result.h"

#include <stdbool.h>
#include <stdint.h>

enum { SC_STRATEGY_BYTES = 48 };

/* A way to stage the file, and what came of it in a simulation. */
struct sc_timings_strategy {
	char name[SC_STRATEGY_BYTES];
	double last_s;      /* when the last node had the file */
	double floor_ratio; /* the same as a multiple of the floor; NaN if that is 0 */
	uint64_t origin_bytes;
	uint64_t relay_bytes; /* that the busiest other node sent */
};

/* The root attributes that don't follow from the plan.  No text is NULL. */
struct sc_timings_run {
	const char *program_version;
	const char *mpi_version;
	int argc;
	char *const *argv;
	const char *source;
	const char *outcome;     /* "complete", "partial", "failed" */
	const char *digest;      /* XXH3-128 of the whole source, or "" */
	int64_t started_unix_ns; /* wall-clock time of the start */
	uint64_t started_ns;     /* the same on the origin's monotonic clock: time 0 of the file */
	double predicted_s;      /* by the cost model */
	double elapsed_s;        /* from the start to the last commit */
	uint32_t exit_status;
	bool origin_keeps_no_copy;
	uint32_t had_it_before; /* hosts that had the file already, and are no nodes of the run */
	const struct sc_timings_strategy *strategies; /* borrowed */
	uint32_t strategy_count;                      /* 0: nothing was compared, no table */
};

struct sc_timings_node {
	struct sc_node_result result;
	struct sc_timeline timeline;
};

/*
 * Write the file, in place of one that may be there.  nodes[i] is node i.  The file is made in memory
 * first: this takes, for a moment, twice its size and 16 bytes for each event.  On failure a
 * sentence that names path and cause; what was at path is untouched and nothing else is left.
 * Turns off HDF5's own messages.  One thread at a time.
 */
int sc_timings_write(const char *path, const struct sc_timings_run *, const struct sc_plan *,
    const struct sc_timings_node *nodes, uint32_t count, struct sc_error *);

/* "HDF5 1.14.5", for --version. */
const char *sc_timings_library(void);

#endif
