/*
 * What can be counted in a run that is over: which nodes have the file and since when, and
 * what is usual among the nodes.
 */
#ifndef SC_REPORT_STATISTICS_H
#define SC_REPORT_STATISTICS_H

#include "record/timings_read.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sc_statistics {
	const struct sc_past_run *run;

	uint32_t copies_wanted; /* the recipients, and the origin if it keeps a copy */
	uint32_t copies;
	uint32_t *slowest_first; /* the nodes that have a copy; owned, as the next three lists */
	uint32_t *without;       /* those that were to have one and haven't, by node */
	uint32_t without_count;
	uint32_t *lost; /* nodes that failed themselves, by node */
	uint32_t lost_count;

	/* All recipients, as they stand in the plan: by tree, group and member. */
	uint32_t *by_place;

	/* When the recipients had it (the origin, if there are none); NaN: none has. */
	double first_s;
	double median_s;
	double p99_s; /* 99 of 100 had it */
	double last_s;

	/* How far each node's copy grew behind those of its group, at the quarter, the
	 * half and three quarters: the least of the three.  NaN where it can't be told.
	 * By node; owned. */
	double *lag_s;
	double usual_lag_s; /* the median of all, whatever their sign; NaN if there are none */

	/* Medians over the recipients that have a copy; NaN: not told. */
	double usual_network_stall_s;
	double usual_storage_stall_s;
	double usual_backlog_s; /* from the last chunk's arrival until it was stored */
};

/* 0, or -1 without memory.  The run must outlive the statistics.  O(n log n).
 * Free in both cases. */
int sc_statistics_find(struct sc_statistics *, const struct sc_past_run *);
void sc_statistics_free(struct sc_statistics *);

bool sc_has_copy(const struct sc_past_node *);
bool sc_is_lost(const struct sc_past_node *);

/* Sort numbers that are no NaN. */
void sc_sort(double *numbers, size_t count);

/* The lower median of the numbers that are no NaN, which are sorted; NaN of none. */
double sc_median(double *numbers, size_t count);

#endif
