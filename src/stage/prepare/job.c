/*
 * The job: see job.h.
 */
#include "stage/prepare/job.h"

#include "base/log.h"
#include "base/units.h"
#include "fabric/probe.h"
#include "file/part.h"
#include "stage/outcome/outcome.h"
#include "stage/outcome/progress.h"
#include "stage/prepare/buddy.h"
#include "stage/prepare/dest.h"
#include "stage/prepare/sources.h"
#include "stage/prepare/survey.h"
#include "stage/prepare/timeouts.h"
#include "stage/sbcast.h"

#include <assert.h>
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
	if (sc_sources_open(&job->source, options, &job->facts.source, err) != 0)
		return -1;
	job->origin_keeps_copy = options->dest != NULL;
	if (job->dest != NULL && stat(job->dest, &st) == 0)
		job->origin_keeps_copy = !sc_source_is(job->source, st.st_dev, st.st_ino);
	if (job->dest != NULL && job->origin_keeps_copy &&
	    sc_sources_check_dest(options, job->dest, err) != 0)
		return -1;
	if (options->timings != NULL && check_writable(options->timings, err) != 0)
		return -1;
	if (options->failed_hosts != NULL && check_writable(options->failed_hosts, err) != 0)
		return -1;
	if (options->status_file != NULL && check_writable(options->status_file, err) != 0)
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
	if (options->status_file != NULL && unlink(options->status_file) != 0 && errno != ENOENT)
		return sc_fail(err, errno, "cannot write %s", options->status_file);
	if (sc_world_launch_error(world) != NULL)
		return sc_fail(err, 0, "%s", sc_world_launch_error(world));
	if (open_source(job, options, err) != 0)
		return -1;
	opening->status = SC_EXIT_USAGE;
	if (options->job != NULL && sc_sbcast_check_job(options->job, err) != 0)
		return -1;
	if (sc_census_decide(&job->census, job->entries, world->size, options->copies, err) != 0)
		return -1;
	opening->status = 0;
	opening->probe_rank = choose_probe_rank(job);
	opening->source = job->facts.source;
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

static void
set_timeouts(struct sc_job *job, const struct sc_options *options)
{
	struct sc_timeouts timeouts = sc_timeouts_choose(&job->plan, &job->machine, options);
	char heartbeat[SC_UNIT_TEXT_BYTES];
	char timeout[SC_UNIT_TEXT_BYTES];

	job->facts.heartbeat_ns = timeouts.heartbeat_ns;
	job->facts.timeout_ns = timeouts.timeout_ns;
	sc_log(SC_LOG_INFO, "heartbeats every %s; who is silent for %s is given up",
	    sc_format_duration((double)timeouts.heartbeat_ns * 1e-9, heartbeat),
	    sc_format_duration((double)timeouts.timeout_ns * 1e-9, timeout));
}

/* Rank 0: the plan, and what else the others must know. */
static int
decide(struct sc_job *job, const struct sc_options *options, const struct sc_survey *survey,
    struct sc_error *err)
{
	struct sc_progress progress;

	job->facts.status = SC_EXIT_USAGE;
	if (sc_buddy_choose(&job->facts.buddy, options, &job->census, job->entries,
		survey->sees_source, survey->has_it, err) != 0)
		return -1;
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
	set_timeouts(job, options);
	sc_progress_init(&progress, options->progress, options->quiet, 0, 0);
	job->facts.progress_interval_ns = progress.on ? progress_interval_ns : 0;
	return 0;
}

static int
resolve_dest(struct sc_job *job, const struct sc_world *world, const struct sc_options *options)
{
	if (options->send_libs)
		return sc_dest_resolve_program(options->dest, job->host, world->rank,
		    options->source, &job->dest, &job->dest_error);
	return sc_dest_resolve(options->dest, job->host, world->rank,
	    options->unpack ? NULL : options->source, sc_sources_are_several(options), &job->dest,
	    &job->dest_error);
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
	if (options->dest != NULL && resolve_dest(job, world, options) == 0)
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

/* Everybody learns who takes part. */
static int
share_census(struct sc_job *job, const struct sc_world *world, struct sc_error *err)
{
	size_t length = world->size * sizeof(*job->census.leaders);
	uint32_t *leaders;
	int rc = -1;

	if (world->rank == 0)
		return sc_world_broadcast(job->census.leaders, length, err);
	leaders = malloc(length);
	if (leaders == NULL)
		return sc_fail(err, 0, "no memory for %u ranks", world->size);
	if (sc_world_broadcast(leaders, length, err) == 0)
		rc = sc_census_from_leaders(&job->census, leaders, world->size, err);
	free(leaders);
	return rc;
}

/* Those that have the file take no part. */
static void
leave_out_complete(struct sc_job *job, struct sc_survey *survey)
{
	if (survey->has_it[0])
		job->origin_keeps_copy = false;
	for (uint32_t i = 0; i < job->census.world_size; i++)
		job->facts.complete_count += survey->has_it[i];
	survey->has_it[0] = false; /* the origin is a node in any case */
	sc_census_release(&job->census, survey->has_it);
}

/* The names of the nodes' hosts and of the complete ones'.  rank 0 had it: see above. */
static int
share_hosts(struct sc_job *job, const struct sc_world *world, const struct sc_survey *survey,
    struct sc_error *err)
{
	uint32_t count = job->census.nodes + job->facts.complete_count;
	uint32_t *ranks = malloc((count + 1) * sizeof(*ranks));
	uint32_t at = job->census.nodes;
	int rc;

	if (ranks == NULL)
		return sc_fail(err, 0, "no memory for %u hosts", count);
	memcpy(ranks, job->census.ranks, job->census.nodes * sizeof(*ranks));
	if (world->rank == 0 && job->complete)
		ranks[at++] = 0;
	for (uint32_t i = 1; world->rank == 0 && i < world->size; i++) {
		if (survey->has_it[i])
			ranks[at++] = i;
	}
	assert(world->rank != 0 || at == count);
	rc = sc_hosts_share(&job->hosts, world, job->entries, ranks, count, err);
	free(ranks);
	return rc;
}

/* The others learn what rank 0 decided. */
static int
broadcast(struct sc_job *job, const struct sc_world *world, const struct sc_options *options,
    const struct sc_survey *survey, struct sc_error *err)
{
	job->facts.origin_keeps_copy = job->origin_keeps_copy;
	job->facts.machine = job->machine;
	if (sc_world_broadcast(&job->facts, sizeof(job->facts), err) != 0)
		return -1;
	job->origin_keeps_copy = job->facts.origin_keeps_copy;
	job->machine = job->facts.machine;
	if (job->facts.status != 0)
		return 0;
	if (share_hosts(job, world, survey, err) != 0)
		return -1;
	if (world->rank == 0)
		return 0;
	return sc_plan_make(&job->plan, job->census.nodes - 1, job->facts.source.size_bytes,
	    &job->facts.shape, options->wishes.memory_bytes, err);
}

/* Of a tree the buddy that was chosen has only glimpsed: does it find the same? */
static int
confirm_buddy(struct sc_job *job, const struct sc_world *world, const struct sc_options *options,
    struct sc_error *err)
{
	uint8_t own = 0;
	uint8_t *all;
	uint32_t rank;
	int rc;

	if (job->facts.buddy == SC_NONE || !sc_buddy_only_glimpsed(options, &job->facts.source))
		return 0;
	rank = job->census.ranks[job->facts.buddy];
	all = calloc(world->size, 1);
	if (all == NULL)
		return sc_fail(err, 0, "no memory for %u ranks", world->size);
	if (world->rank == rank)
		own = sc_buddy_finds(&job->source, options, &job->facts.source);
	rc = sc_world_gather(&own, 1, all, err);
	own = all[rank];
	if (rc == 0)
		rc = sc_world_broadcast(&own, 1, err);
	free(all);
	if (rc == 0 && own == 0) {
		if (world->rank == 0)
			sc_log(SC_LOG_INFO, "no buddy: rank %u finds another tree", rank);
		job->facts.buddy = SC_NONE;
	}
	return rc;
}

/* What this rank is in the job. */
static void
find_self(struct sc_job *job, const struct sc_world *world, const struct sc_options *options)
{
	job->self = SC_NONE;
	for (uint32_t i = 0; i < job->census.nodes; i++) {
		if (job->census.ranks[i] == world->rank)
			job->self = i;
	}
	if (world->rank != 0 && (job->self == SC_NONE || job->self != job->facts.buddy)) {
		sc_source_close(job->source);
		job->source = NULL;
	}
	job->leftover = options->resume && job->self != SC_NONE && job->dest != NULL &&
	    (world->rank != 0 || job->origin_keeps_copy) && sc_part_leftover(job->dest);
}

/* From what rank 0 could do by itself to the plan. */
static int
prepare_together(struct sc_job *job, const struct sc_world *world, const struct sc_options *options,
    const struct sc_job_opening *opening, struct sc_survey *survey, struct sc_error *err)
{
	bool unreadable = false;

	if (share_census(job, world, err) != 0 || measure(job, world, opening, err) != 0 ||
	    sc_survey_take(survey, job, world, options, &unreadable, err) != 0)
		return -1;
	if (unreadable) {
		job->facts.status = SC_EXIT_NOTHING;
		return 0;
	}
	leave_out_complete(job, survey);
	if (world->rank == 0 && decide(job, options, survey, &job->refusal) != 0)
		sc_log(SC_LOG_ERROR, "%s", job->refusal.text);
	if (broadcast(job, world, options, survey, err) != 0)
		return -1;
	if (job->facts.status != 0)
		return 0;
	if (confirm_buddy(job, world, options, err) != 0)
		return -1;
	find_self(job, world, options);
	return 0;
}

int
sc_job_prepare(struct sc_job *job, const struct sc_world *world, const struct sc_options *options,
    struct sc_error *err)
{
	struct sc_job_opening opening;
	struct sc_survey survey = {0};
	int rc = -1;

	memset(job, 0, sizeof(*job));
	memset(&opening, 0, sizeof(opening)); /* its padding travels too */
	job->self = SC_NONE;
	if (gather_entries(job, world, options, err) != 0)
		return -1;
	if (world->rank == 0 && open_job(job, world, options, &opening, &job->refusal) != 0)
		sc_log(SC_LOG_ERROR, "%s", job->refusal.text);
	if (sc_world_broadcast(&opening, sizeof(opening), err) != 0)
		return -1;
	job->facts.status = opening.status;
	job->facts.source = opening.source;
	if (opening.status != 0)
		return 0;
	rc = prepare_together(job, world, options, &opening, &survey, err);
	sc_survey_free(&survey);
	return rc;
}

const char *
sc_job_host(const struct sc_job *job, uint32_t node)
{
	assert(node < job->census.nodes);
	return job->hosts.names[node];
}

const char *
sc_job_complete_host(const struct sc_job *job, uint32_t index)
{
	assert(index < job->facts.complete_count);
	return job->hosts.names[job->census.nodes + index];
}

void
sc_job_free(struct sc_job *job)
{
	sc_plan_free(&job->plan);
	sc_census_free(&job->census);
	sc_source_close(job->source);
	sc_hosts_free(&job->hosts);
	free(job->dest);
	free(job->entries);
	memset(job, 0, sizeof(*job));
}
