/*
 * The tables of the timings file but those of the plan: /nodes, /events, /failures and
 * /strategies.
 */
#ifndef SC_RECORD_TIMINGS_TABLES_H
#define SC_RECORD_TIMINGS_TABLES_H

#include "base/error.h"
#include "plan/plan.h"
#include "record/timings.h"
#include "record/timings_types.h"

#include <assert.h>
#include <hdf5.h>
#include <stdint.h>

/* What the nodes reported: the file's rows are in this order. */
struct sc_timings_reports {
	const struct sc_timings_node **nodes; /* by node */
	uint32_t count;
	uint64_t started_ns; /* time 0, of the origin's clock */
};

/* A number that fits, as all of nodes, ranks and subfiles do, or -1. */
static inline int32_t
sc_timings_number(uint32_t number)
{
	assert(number == SC_NONE || number <= INT32_MAX);
	return number == SC_NONE ? -1 : (int32_t)number;
}

int sc_timings_put_nodes(hid_t file, const struct sc_timings_types *,
    const struct sc_timings_reports *, struct sc_error *);
int sc_timings_put_events(hid_t file, const struct sc_timings_types *,
    const struct sc_timings_reports *, struct sc_error *);
int sc_timings_put_failures(hid_t file, const struct sc_plan *, const struct sc_timings_reports *,
    struct sc_error *);
int sc_timings_put_strategies(hid_t file, const struct sc_timings_strategy *, uint32_t count,
    struct sc_error *);

#endif
