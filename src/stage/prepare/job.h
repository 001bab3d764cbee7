/*
 * The job: what rank 0 finds out before anything is sent, and tells everybody.
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

/* What travels first: its bytes, too. */
struct sc_job_opening {
	uint32_t status;     /* as below */
	uint32_t probe_rank; /* whoever measures the network with rank 0; 0: nobody */
	struct sc_source_facts source;
};

/* What travels: its bytes, as all ranks of a job run the same program. */
struct sc_job_facts {
	uint32_t status; /* 0: go on; else everybody leaves, rank 0 with this */
	struct sc_plan_shape shape;
	struct sc_source_facts source;
	uint32_t buddy;          /* the node that stands in for the origin, or SC_NONE */
	uint32_t complete_count; /* nodes that have the file already, and take no part */
	bool origin_keeps_copy;
	struct sc_cost_machine machine;
	uint64_t heartbeat_ns;
	uint64_t timeout_ns;
	uint64_t progress_interval_ns;
};

struct sc_job {
	struct sc_job_facts facts;
	struct sc_census census;
	struct sc_plan plan;
	struct sc_cost_machine machine; /* for which the plan is */
	const char *measured;           /* rank 0: the host to which, or NULL: it is assumed */
	uint32_t self;                  /* this rank's node, or SC_NONE if it takes no part */
	char host[SC_HOST_BYTES];
	char *dest;                      /* this rank's path; NULL if it could not be made */
	struct sc_error dest_error;      /* why */
	struct sc_source *source;        /* rank 0, and the buddy */
	bool origin_keeps_copy;          /* its DEST isn't the source itself, nor identical */
	bool has_digest;                 /* somebody's DEST was compared with the source */
	struct sc_digest digest;         /* its XXH3-128 then */
	bool complete;                   /* this rank's DEST is identical to the source */
	bool leftover;                   /* an earlier run has left something beside it */
	struct sc_census_entry *entries; /* rank 0: of all ranks */
	struct sc_error refusal;         /* rank 0: why facts.status isn't 0; "": it was said */
	struct sc_hosts hosts;           /* of all nodes, then of the complete ones */
};

/*
 * Collective over the world: census, source, network, whoever has the file already, plan.
 * Ranks whose DEST is identical count as complete and are no nodes: they wait for rank 0,
 * like those that take no part; an origin's own counts too, but it is a node all the same.
 * Rank 0 says what is wrong, if something is; facts.status is then the exit status
 * everywhere, and the return value 0.  -1 if MPI or memory fails.  Free with sc_job_free (also
 * an all-zero struct).
 */
int sc_job_prepare(struct sc_job *, const struct sc_world *, const struct sc_options *,
    struct sc_error *);
void sc_job_free(struct sc_job *);

/* The names of hosts, on every rank: of a node, and of those that are complete (0 ..
 * facts.complete_count - 1). */
const char *sc_job_host(const struct sc_job *, uint32_t node);
const char *sc_job_complete_host(const struct sc_job *, uint32_t index);

#endif
