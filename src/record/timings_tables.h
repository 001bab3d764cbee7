/*
 * The tables of the timings file, from what the nodes' results and timelines say.
 */
#ifndef SC_RECORD_TIMINGS_TABLES_H
#define SC_RECORD_TIMINGS_TABLES_H

#include "base/error.h"
#include "plan/plan.h"
#include "record/timings.h"

#include <assert.h>
#include <hdf5.h>
#include <stdint.h>

struct sc_timings_results {
	const struct sc_timings_node *nodes; /* nodes[i] is node i */
	uint32_t count;
	uint64_t started_ns; /* time 0, of the origin's clock */
};

/* A number that fits, as all of nodes, ranks and subfiles do; -1 for SC_NONE. */
static inline int32_t
sc_timings_number(uint32_t number)
{
	assert(number == SC_NONE || number <= INT32_MAX);
	return number == SC_NONE ? -1 : (int32_t)number;
}

/* A moment of a node's clock, since the start on the origin's.  The result is small, whatever the
 * clocks' values are, so the sum may wrap. */
int64_t sc_timings_since_start_ns(const struct sc_timings_results *, const struct sc_node_result *,
    uint64_t time_ns);

/* 0, or -1 with the reason. */
int sc_timings_put_plan(hid_t file, const struct sc_plan *, struct sc_error *);
int sc_timings_put_nodes(hid_t file, const struct sc_timings_results *, struct sc_error *);
int sc_timings_put_events(hid_t file, const struct sc_timings_results *, struct sc_error *);
int sc_timings_put_failures(hid_t file, const struct sc_plan *, const struct sc_timings_results *,
    struct sc_error *);
int sc_timings_put_strategies(hid_t file, const struct sc_timings_strategy *, uint32_t count,
    struct sc_error *);

#endif
