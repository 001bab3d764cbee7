/*
 * The run loop: what happens in fabric and files becomes events of the core, and the core's actions
 * are done.  One thread, which never waits for a disk.
 */
#ifndef SC_STAGE_RUN_H
#define SC_STAGE_RUN_H

#include "fabric/fabric.h"
#include "file/slots.h"
#include "plan/roster.h"
#include "record/node_result.h"
#include "record/timeline.h"
#include "stage/outcome/outcome.h"
#include "stage/prepare/job.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* All pointers are borrowed until sc_run returns. */
struct sc_run_config {
	const struct sc_job *job;
	struct sc_fabric *fabric;
	const struct sc_slots *slots;
	FILE *trace;                        /* all events and actions are written to it, or NULL */
	volatile sig_atomic_t *stop_signal; /* set by a handler: give up */
	struct sc_outcome *outcome;         /* filled while this node leads the run */
};

struct sc_run_result {
	struct sc_timeline timeline; /* filled with --timings; owned by the caller afterwards */
	struct sc_node_result row;   /* of the timings file, without host, rank and clock */
	enum sc_leave leave;         /* how the core said to leave */
	bool leads;                  /* this node is the leader at the end */
	struct sc_roster roster;     /* which nodes have failed; owned by the caller afterwards */
	bool io_hangs;               /* a thread is stuck: free neither slots nor source */
	int stopped_by;              /* a signal, or 0 */
	bool has_digest;             /* the source was read whole here */
	struct sc_digest digest;     /* its XXH3-128 */
};

/*
 * Take part until the core says LEAVE, a signal comes or MPI refuses to work.  -1 with a sentence in
 * the last case.  What becomes of a part file that is not DEST by then: sc_sink_close.
 */
int sc_run(const struct sc_run_config *, struct sc_run_result *, struct sc_error *);

#endif
