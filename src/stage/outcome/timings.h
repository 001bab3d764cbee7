/*
 * From every node's result to the timings file: the results go up the control tree when all is over,
 * and the leader writes.
 */
#ifndef SC_STAGE_OUTCOME_TIMINGS_H
#define SC_STAGE_OUTCOME_TIMINGS_H

#include "stage/outcome/outcome.h"
#include "stage/run.h"

/* What the timings file says of the run besides its outcome. */
struct sc_timings_facts {
	int argc;
	char *const *argv;
	int64_t started_unix_ns;
	const char *digest; /* of the source, or "" */
};

/* For every node, before the run: what has to be added to this node's clock to get the origin's. */
int sc_timings_measure_clock(const struct sc_job *, int64_t *offset_ns, struct sc_error *);

/*
 * For every node, after the run: send this node's result up; at the leader (outcome not NULL),
 * write the file.  A result that is not there after the job's timeout is left out.
 */
int sc_timings_collect(const struct sc_job *, const struct sc_run_result *, int64_t clock_offset_ns,
    const struct sc_outcome *, const struct sc_timings_facts *, struct sc_error *);

#endif
