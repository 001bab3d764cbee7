/*
 * The job: see job.h.
 */
#include "app/job.h"

#include "app/dest.h"
#include "app/outcome.h"
#include "app/progress.h"
#include "base/log.h"
#include "base/units.h"
#include "fabric/probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How often subtrees report their progress, when somebody looks. */
static const uint64_t progress_interval_ns = 250 * 1000 * 1000;

/* A smaller file is over before its plan could gain what the measurement takes. */
static const uint64_t probe_size_bytes_min = 1 << 20;

/* Is the directory there in which a file is to be written at the end?  Better
 * said before the work than after it. */
static int
check_writable(const char *path, struct sc_error *err)
{
	const char *slash = strrchr(path, '/');
	char *directory;
	int rc = 0;

	if (slash == NULL)
		directory = strdup(".");
	else
		directory = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	if (directory == NULL)
		return sc_fail(err, errno, "%s", path);
	if (access(directory, W_OK | X_OK) != 0)
		rc = sc_fail(err, errno, "%s can't be written there", path);
	free(directory);
	return rc;
}

static int
open_source(struct sc_job *job, const struct sc_options *options, struct sc_error *err)
{
	struct stat st;

	if (options->source == NULL) {
		job->facts.source.size_bytes = options->size_bytes;
		return 0;
	}
	if (sc_source_open(&job->source, options->source, &job->facts.source, err) != 0)
		return -1;
	job->origin_keeps_copy = options->dest != NULL;
	if (job->dest != NULL && stat(job->dest, &st) == 0)
		job->origin_keeps_copy = !sc_source_is(job->source, st.st_dev, st.st_ino);
	if (options->timings != NULL && check_writable(options->timings, err) != 0)
		return -1;
	if (options->failed_hosts != NULL && check_writable(options->failed_hosts, err) != 0)
		return -1;
	return 0;
}

/*
 * Rank 0: the rank with which the network is to be measured: one on another
 * host, as memory between processes tells nothing.  0: nobody.
 */
static uint32_t
choose_probe_rank(const struct sc_job *job)
{
	if (job->facts.source.size_bytes < probe_size_bytes_min)
		return 0;
	for (uint32_t i = 1; i < job->census.nodes; i++) {
		uint32_t rank = job->census.ranks[i];

		if (strcmp(job->entries[rank].host, job->host) != 0)
			return rank;
	}
	return 0;
}

/* Rank 0: everything that can go wrong before anybody else is needed. */
static int
open_job(struct sc_job *job, const struct sc_world *world, const struct sc_options *options,
    struct sc_job_opening *opening, struct sc_error *err)
{
	opening->status = SC_EXIT_NOTHING;
	/* A list of an earlier run must not be taken for this one's. */
	if (options->failed_hosts != NULL && unlink(options->failed_hosts) != 0 && errno != ENOENT)
		return sc_fail(err, errno, "cannot write %s", options->failed_hosts);
	if (sc_world_is_split(world) != NULL)
		return sc_fail(err, 0, "%s", sc_world_is_split(world));
	if (open_source(job, options, err) != 0)
		return -1;
	opening->status = SC_EXIT_USAGE;
	if (sc_census_decide(&job->census, job->entries, world->size, options->copies, err) != 0)
		return -1;
	opening->status = 0;
	opening->probe_rank = choose_probe_rank(job);
	return 0;
}

/* The two ranks that measure do so, the others go on and wait. */
static int
measure(struct sc_job *job, const struct sc_world *world, const struct sc_job_opening *opening,
    struct sc_error *err)
{
	struct sc_probe probe;
	char rate[SC_UNIT_TEXT_BYTES];

	job->machine = sc_cost_machine_default;
	if (opening->probe_rank == 0)
		return 0;
	if (world->rank == opening->probe_rank)
		return sc_probe_answer(err);
	if (world->rank != 0)
		return 0;
	if (sc_probe_ask(opening->probe_rank, &probe, err) != 0)
		return -1;
	job->machine.link_bytes_per_s = probe.bytes_per_s;
	job->machine.latency_s = probe.latency_s;
	job->measured = job->entries[opening->probe_rank].host;
	sc_log(SC_LOG_INFO, "network: %s to %s, latency %.0f us",
	    sc_format_rate(probe.bytes_per_s, rate), job->measured, probe.latency_s * 1e6);
	return 0;
}

/* Rank 0: the plan, and what else the others must know. */
static int
decide(struct sc_job *job, const struct sc_options *options, struct sc_error *err)
{
	struct sc_progress progress;

	job->facts.status = SC_EXIT_USAGE;
	if (sc_cost_choose(&job->plan, job->census.nodes - 1, job->facts.source.size_bytes,
		&options->wishes, &job->machine, err) != 0)
		return -1;
	job->facts.status = 0;
	job->facts.shape = (struct sc_plan_shape){
		.group_size = job->plan.subfiles,
		.tree_groups = job->plan.tree_groups,
		.branching = job->plan.branching,
		.chunk_bytes = job->plan.chunk_bytes,
		.window = job->plan.window,
		.store_and_forward = job->plan.store_and_forward,
	};
	sc_progress_init(&progress, options->progress, options->quiet, 0, 0);
	job->facts.progress_interval_ns = progress.on ? progress_interval_ns : 0;
	return 0;
}

static int
gather_entries(struct sc_job *job, const struct sc_world *world, const struct sc_options *options,
    struct sc_error *err)
{
	struct sc_census_entry own;

	memset(&own, 0, sizeof(own)); /* its padding travels too */
	if (sc_census_host(job->host, err) != 0)
		return -1;
	memcpy(own.host, job->host, sizeof(own.host));
	/* What fails here is this rank's copy, not the run: see dest_error. */
	if (options->dest != NULL &&
	    sc_dest_resolve(options->dest, job->host, world->rank, options->source, &job->dest,
		&job->dest_error) == 0)
		(void)sc_dest_identity(job->dest, own.dest_id, &job->dest_error);
	else
		own.dest_id[0] = world->rank; /* nobody else's */
	if (world->rank == 0) {
		job->entries = calloc(world->size, sizeof(*job->entries));
		if (job->entries == NULL)
			return sc_fail(err, 0, "no memory for %u ranks", world->size);
	}
	return sc_world_gather(&own, sizeof(own), job->entries, err);
}

/* The others learn what rank 0 decided. */
static int
broadcast(struct sc_job *job, const struct sc_world *world, const struct sc_options *options,
    struct sc_error *err)
{
	uint32_t *leaders = NULL;
	int rc = -1;

	if (sc_world_broadcast(&job->facts, sizeof(job->facts), err) != 0)
		return -1;
	if (job->facts.status != 0)
		return 0;
	if (world->rank == 0)
		return sc_world_broadcast(job->census.leaders,
		    world->size * sizeof(*job->census.leaders), err);
	leaders = malloc(world->size * sizeof(*leaders));
	if (leaders == NULL)
		return sc_fail(err, 0, "no memory for %u ranks", world->size);
	if (sc_world_broadcast(leaders, world->size * sizeof(*leaders), err) != 0 ||
	    sc_census_from_leaders(&job->census, leaders, world->size, err) != 0)
		goto out;
	rc = sc_plan_make(&job->plan, job->census.nodes - 1, job->facts.source.size_bytes,
	    &job->facts.shape, options->wishes.memory_bytes, err);
out:
	free(leaders);
	return rc;
}

int
sc_job_prepare(struct sc_job *job, const struct sc_world *world, const struct sc_options *options,
    struct sc_error *err)
{
	struct sc_job_opening opening = {0};
	struct sc_error wrong;

	memset(job, 0, sizeof(*job));
	if (gather_entries(job, world, options, err) != 0)
		return -1;
	if (world->rank == 0 && open_job(job, world, options, &opening, &wrong) != 0)
		sc_log(SC_LOG_ERROR, "%s", wrong.text);
	if (sc_world_broadcast(&opening, sizeof(opening), err) != 0)
		return -1;
	job->facts.status = opening.status;
	if (opening.status != 0)
		return 0;
	if (measure(job, world, &opening, err) != 0)
		return -1;
	if (world->rank == 0 && decide(job, options, &wrong) != 0)
		sc_log(SC_LOG_ERROR, "%s", wrong.text);
	if (broadcast(job, world, options, err) != 0)
		return -1;
	job->self = SC_NONE;
	for (uint32_t i = 0; i < job->census.nodes; i++) {
		if (job->census.ranks[i] == world->rank)
			job->self = i;
	}
	return 0;
}

void
sc_job_free(struct sc_job *job)
{
	sc_plan_free(&job->plan);
	sc_census_free(&job->census);
	sc_source_close(job->source);
	free(job->dest);
	free(job->entries);
	memset(job, 0, sizeof(*job));
}
