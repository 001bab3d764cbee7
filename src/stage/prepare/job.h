/*
 * The job: what rank 0 finds out before anything is sent, and tells all ranks.
 */
#ifndef SC_STAGE_PREPARE_JOB_H
#define SC_STAGE_PREPARE_JOB_H

#include "fabric/census.h"
#include "fabric/world.h"
#include "file/source.h"
#include "plan/cost.h"
#include "plan/plan.h"
#include "stage/options.h"
#include "stage/prepare/hosts.h"

#include <stdbool.h>

enum sc_job_verdict {
	SC_JOB_GOES_ON,
	SC_JOB_IMPOSSIBLE, /* nothing can be staged: SOURCE can't be read, … */
	SC_JOB_MISUSED,    /* the options ask for what can't be */
};

/* What rank 0 broadcasts, as bytes: all ranks of a job run the same program. */
struct sc_job_facts {
	enum sc_job_verdict verdict; /* if it doesn't go on, all ranks leave */
	uint32_t probe_rank;         /* measures the network with rank 0; 0: not measured */
	struct sc_plan_shape shape;
	struct sc_source_facts source;
	uint32_t buddy;                 /* the node that stands in for the origin, or SC_NONE */
	uint32_t complete_count;        /* nodes that have the file already, and take no part */
	bool origin_keeps_copy;         /* its DEST isn't the source itself, nor identical */
	struct sc_cost_machine machine; /* for which the plan is */
	uint64_t heartbeat_ns;
	uint64_t timeout_ns;
	uint64_t progress_interval_ns; /* 0: progress is not reported */
};

struct sc_job {
	const struct sc_world *world; /* borrowed, like the next one */
	const struct sc_options *options;
	struct sc_job_facts facts;
	struct sc_census census;
	struct sc_plan plan;
	const char *measured; /* rank 0: the host to which, or NULL: it is assumed */
	uint32_t self;        /* this rank's node, or SC_NONE if it takes no part */
	char host[SC_HOST_BYTES];
	char *dest;                      /* this rank's path; NULL if it could not be made */
	struct sc_error dest_error;      /* why */
	struct sc_source *source;        /* rank 0, and the buddy */
	bool has_digest;                 /* the DEST of some rank was compared with the source */
	struct sc_digest digest;         /* the XXH3-128 of the source then */
	bool complete;                   /* this rank's DEST is identical to the source */
	struct sc_census_entry *entries; /* rank 0: of all ranks */
	struct sc_error refusal;         /* rank 0: why the job doesn't go on; "": it was said */
	struct sc_hosts hosts;           /* of the nodes */
};

/*
 * Collective over the world: the census, the source, the network, the ranks that have the file
 * already, the plan.  Ranks whose DEST is identical count as complete and are no nodes: they wait
 * for rank 0, like those that take no part.  An origin's own DEST counts too, but the origin is a
 * node all the same.  If the job can't go on, rank 0 says why, the verdict is the same on all
 * ranks, and the return value 0.  -1 if MPI or memory fails.  Free with sc_job_free (also an
 * all-zero struct).
 */
int sc_job_prepare(struct sc_job *, const struct sc_world *, const struct sc_options *,
    struct sc_error *);
void sc_job_free(struct sc_job *);

/* The name of a node's host, on every rank. */
const char *sc_job_host(const struct sc_job *, uint32_t node);

#endif
