/*
 * The outcome, at the node that leads the run: which nodes have the file and which don't, what the
 * user is told of it during the run and at its end, and the exit status.
 */
#ifndef SC_STAGE_OUTCOME_OUTCOME_H
#define SC_STAGE_OUTCOME_OUTCOME_H

#include "core/action.h"
#include "plan/plan.h"
#include "stage/options.h"
#include "stage/outcome/progress.h"
#include "stage/outcome/status.h"
#include "stage/prepare/job.h"

#include <stdbool.h>
#include <stdint.h>

/* What the leader was told of a node. */
struct sc_outcome_node {
	bool failed;        /* it doesn't have the file */
	bool lost;          /* the node itself failed */
	uint64_t failed_ns; /* when */
	char *cause;        /* the first one; owned; NULL: none, or there was no memory for it */
};

struct sc_outcome {
	const struct sc_job *job; /* borrowed */
	struct sc_progress progress;
	uint64_t started_ns;
	uint64_t ended_ns; /* 0: it has not ended, as far as this node knows */
	uint32_t copies;   /* nodes that were to have one */
	uint32_t already;  /* further nodes that had it before */
	struct sc_tally tally;
	struct sc_outcome_node *nodes; /* by node; owned */
	uint32_t node_count;
	int stopped_by; /* a signal, or 0 */
	bool aborted;
	char abort_cause[SC_CAUSE_BYTES];
};

/* -1 without memory.  Free with sc_outcome_free, also an all-zero struct. */
int sc_outcome_init(struct sc_outcome *, const struct sc_job *, uint64_t started_ns);
void sc_outcome_free(struct sc_outcome *);

/* At the leader: an SC_ACTION_REPORT of the core; text is "" where it has none. */
void sc_outcome_report(struct sc_outcome *, const struct sc_action *, const char *text,
    uint64_t now_ns);

enum sc_exit_status sc_outcome_status(const struct sc_outcome *);

/* Was a node to have a copy, and hasn't? */
bool sc_outcome_lacks_copy(const struct sc_outcome *, uint32_t node);

/* Does this leader know how the run ended?  Not if it leads only because the leader before it was
 * lost after telling all nodes to leave. */
bool sc_outcome_is_known(const struct sc_outcome *);

/* Seconds from the start to the last commit. */
double sc_outcome_elapsed_s(const struct sc_outcome *);

/* The last lines of standard output; with --json the summary as JSON instead. */
void sc_outcome_print(const struct sc_outcome *, const char *digest);

/* With --json: the summary of a job that doesn't go on.  cause: why, or "" if it was said. */
void sc_outcome_print_refusal(const struct sc_options *, enum sc_exit_status, const char *cause);

#endif
