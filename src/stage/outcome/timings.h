/*
 * From every rank's report to the timings file: the reports go up the control
 * tree when all is over, and the origin writes.
 */
#ifndef SC_STAGE_OUTCOME_TIMINGS_H
#define SC_STAGE_OUTCOME_TIMINGS_H

#include "fabric/control_tree.h"
#include "file/source.h"
#include "plan/detour.h"
#include "stage/outcome/outcome.h"
#include "stage/run.h"

/*
 * This rank's place in the control tree, in ranks, without those who have failed.
 * children is filled and borrowed by the tree; free its items.
 */
struct sc_control_tree sc_timings_tree(const struct sc_plan *, const struct sc_census *,
    const struct sc_roster *, uint32_t self, struct sc_detour_nodes *children);

struct sc_timings_facts {
	int argc;
	char *const *argv;
	int64_t started_unix_ns;
	const char *digest; /* of the source, or "" */
	double predicted_s;
};

/*
 * Hand this rank's result up; at the leader (outcome not NULL), write the file.  To be called
 * by every node after sc_run.  clock_offset_ns is to the origin's clock.  What is not there after
 * timeout_ns is left out.
 */
int sc_timings_collect(const struct sc_control_tree *, const struct sc_run_result *,
    int64_t clock_offset_ns, uint64_t timeout_ns, const struct sc_outcome *,
    const struct sc_timings_facts *, struct sc_error *);

#endif
