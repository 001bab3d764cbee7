/*
 * The outcome, at the origin: who has the file and who hasn't, what the user
 * is told of it, and the exit status.
 */
#ifndef SC_APP_OUTCOME_H
#define SC_APP_OUTCOME_H

#include "app/options.h"
#include "app/progress.h"
#include "core/action.h"
#include "core/plan.h"
#include "fabric/census.h"

#include <stdbool.h>
#include <stdint.h>

enum sc_exit_status {
	SC_EXIT_COMPLETE = 0,
	SC_EXIT_NOTHING = 1,
	SC_EXIT_USAGE = 2,
	SC_EXIT_PARTIAL = 3,
};

struct sc_outcome {
	const struct sc_options *options; /* borrowed, like the next three */
	const struct sc_plan *plan;
	const struct sc_census *census;
	const struct sc_census_entry *entries; /* of all ranks */
	struct sc_progress progress;
	uint64_t started_ns;
	uint64_t ended_ns;
	uint32_t copies; /* nodes that were to have one */
	struct sc_tally tally;
	bool *failed; /* by node; owned */
	bool aborted;
};

/* -1 without memory.  Free with sc_outcome_free, also an all-zero struct. */
int sc_outcome_init(struct sc_outcome *, const struct sc_options *, const struct sc_plan *,
    const struct sc_census *, const struct sc_census_entry *, bool origin_keeps_copy,
    uint64_t started_ns);
void sc_outcome_free(struct sc_outcome *);

/* An sc_run_listener; context is the outcome. */
void sc_outcome_listen(void *context, const struct sc_action *, const char *text, uint64_t now_ns);

enum sc_exit_status sc_outcome_status(const struct sc_outcome *);

/* Seconds from the start to the last commit. */
double sc_outcome_elapsed_s(const struct sc_outcome *);

/* The digest's line and the last line of standard output. */
void sc_outcome_print(const struct sc_outcome *, const char *digest);

/* Write --failed-hosts: a host a line, also if there is none. */
int sc_outcome_write_failed_hosts(const struct sc_outcome *, struct sc_error *);

#endif
