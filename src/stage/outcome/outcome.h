/*
 * The outcome, at whoever leads in the end: who has the file and who hasn't, what the user
 * is told of it, and the exit status.
 */
#ifndef SC_STAGE_OUTCOME_OUTCOME_H
#define SC_STAGE_OUTCOME_OUTCOME_H

#include "core/action.h"
#include "plan/plan.h"
#include "stage/options.h"
#include "stage/outcome/progress.h"
#include "stage/prepare/job.h"

#include <stdbool.h>
#include <stdint.h>

enum sc_exit_status {
	SC_EXIT_COMPLETE = 0,
	SC_EXIT_NOTHING = 1,
	SC_EXIT_USAGE = 2,
	SC_EXIT_PARTIAL = 3,
};

/* What was said of a node. */
struct sc_outcome_fate {
	bool failed;        /* it doesn't have the file */
	bool lost;          /* the node itself failed */
	uint64_t failed_ns; /* when */
	char *cause;        /* the first one; owned; NULL: none, or there was no memory for it */
};

struct sc_outcome {
	const struct sc_options *options; /* borrowed, like the next one */
	const struct sc_job *job;
	const struct sc_plan *plan; /* the job's */
	struct sc_progress progress;
	uint64_t started_ns;
	uint64_t ended_ns;
	uint32_t copies;  /* nodes that were to have one */
	uint32_t already; /* further nodes that had it before */
	struct sc_tally tally;
	struct sc_outcome_fate *fates; /* by node; owned */
	uint32_t nodes;                /* of them */
	int stopped_by;                /* a signal, or 0 */
	bool aborted;
	char abort_cause[SC_CAUSE_BYTES];
};

/* -1 without memory.  Free with sc_outcome_free, also an all-zero struct. */
int sc_outcome_init(struct sc_outcome *, const struct sc_options *, const struct sc_job *,
    uint64_t started_ns);
void sc_outcome_free(struct sc_outcome *);

/* An sc_run_listener; context is the outcome. */
void sc_outcome_listen(void *context, const struct sc_action *, const char *text, uint64_t now_ns);

enum sc_exit_status sc_outcome_status(const struct sc_outcome *);

/* Does this leader know how the run ended?  Not if it leads only since the one before it, who
 * had all leave, was lost. */
bool sc_outcome_is_known(const struct sc_outcome *);

/*
 * Has an earlier leader of this run told of it already, in --status-file or --failed-hosts, and named
 * no more hosts than this one would?  Then his word holds: of two leaders the one who could
 * reach fewer nodes takes the others for lost.  What an earlier run left is removed at the start.
 */
bool sc_outcome_is_told(const struct sc_outcome *);

/* Seconds from the start to the last commit. */
double sc_outcome_elapsed_s(const struct sc_outcome *);

/* The digest's line and the last line of standard output; with --json the summary instead. */
void sc_outcome_print(const struct sc_outcome *, const char *digest);

/* With --json: the summary where nothing has begun.  cause: why, or "" if that is not known. */
void sc_outcome_print_refusal(const struct sc_options *, enum sc_exit_status, const char *cause);

/* Write --failed-hosts: a host a line, also if there is none. */
int sc_outcome_write_failed_hosts(const struct sc_outcome *, struct sc_error *);

/* Write --status-file, for a program that started this one and can't trust mpirun's status:
 * "status=3 staged=7/8", then "failed HOST" for each that doesn't have the file. */
int sc_outcome_write_status(const struct sc_outcome *, struct sc_error *);

/* The same where nothing has begun (there is no SOURCE, two ranks would write one file):
 * "status=1 staged=0/0". */
int sc_outcome_write_refusal(const char *path, enum sc_exit_status, struct sc_error *);

#endif
