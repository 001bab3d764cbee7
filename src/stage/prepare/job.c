/*
 * The job: see job.h.
 */
#define _XOPEN_SOURCE 700 /* PATH_MAX */

#include "stage/prepare/job.h"

#include "base/log.h"
#include "base/units.h"
#include "fabric/probe.h"
#include "stage/outcome/progress.h"
#include "stage/prepare/buddy.h"
#include "stage/prepare/dest.h"
#include "stage/prepare/sources.h"
#include "stage/prepare/survey.h"
#include "stage/prepare/timeouts.h"
#include "stage/sbcast.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How often subtrees report their progress, if it is shown. */
static const uint64_t progress_interval_ns = 250 * 1000 * 1000;

/* A smaller file is over before its plan could gain what the measurement takes. */
static const uint64_t probe_size_bytes_min = 1 << 20;

static int
resolve_dest(struct sc_job *job)
{
	const struct sc_options *options = job->options;

	if (options->send_libs)
		return sc_dest_resolve_program(options->dest, job->host, job->world->rank,
		    options->source, &job->dest, &job->dest_error);
	return sc_dest_resolve(options->dest, job->host, job->world->rank,
	    options->unpack ? NULL : options->source, options->source_count > 1, &job->dest,
	    &job->dest_error);
}

/* Rank 0 learns the host and the DEST of all ranks. */
static int
gather_entries(struct sc_job *job, struct sc_error *err)
{
	struct sc_census_entry own;

	memset(&own, 0, sizeof(own)); /* its padding is sent too */
	if (sc_census_host(job->host, err) != 0)
		return -1;
	memcpy(own.host, job->host, sizeof(own.host));
	/* A failure here is one of this rank's copy, not of the run: see dest_error. */
	if (job->options->dest != NULL && resolve_dest(job) == 0)
		(void)sc_dest_identity(job->dest, own.dest_id, &job->dest_error);
	else
		own.dest_id[0] = job->world->rank; /* no other rank has this one */
	if (job->world->rank == 0) {
		job->entries = calloc(job->world->size, sizeof(*job->entries));
		if (job->entries == NULL)
			return sc_fail(err, 0, "no memory for %u ranks", job->world->size);
	}
	return sc_world_gather(&own, sizeof(own), job->entries, err);
}

/* Can a file be written there at the end?  Better said before the work than after it. */
static int
check_writable(const char *path, struct sc_error *err)
{
	char directory[PATH_MAX];

	if (path == NULL)
		return 0;
	if (sc_dest_directory(path, directory, err) != 0)
		return -1;
	if (access(directory, W_OK | X_OK) != 0)
		return sc_fail(err, errno, "%s can't be written there", path);
	return 0;
}

/* A list of an earlier run must not be taken for this one's. */
static int
remove_old_list(const char *path, struct sc_error *err)
{
	if (path != NULL && unlink(path) != 0 && errno != ENOENT)
		return sc_fail(err, errno, "cannot write %s", path);
	return 0;
}

static int
open_source(struct sc_job *job, struct sc_error *err)
{
	const struct sc_options *options = job->options;
	struct sc_job_facts *facts = &job->facts;
	struct stat st;

	if (options->source == NULL) {
		facts->source.size_bytes = options->size_bytes;
		return 0;
	}
	if (sc_sources_open(&job->source, job->options, &facts->source, err) != 0)
		return -1;
	facts->origin_keeps_copy = options->dest != NULL;
	if (job->dest != NULL && stat(job->dest, &st) == 0)
		facts->origin_keeps_copy = !sc_source_is(job->source, st.st_dev, st.st_ino);
	if (job->dest != NULL && facts->origin_keeps_copy &&
	    sc_sources_check_dest(options, job->dest, err) != 0)
		return -1;
	if (check_writable(options->timings, err) != 0 ||
	    check_writable(options->failed_hosts, err) != 0)
		return -1;
	return check_writable(options->status_file, err);
}

/* Rank 0: the rank to measure the network with.  It is on another host, as memory between
 * processes tells nothing.  0: none. */
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

/* Rank 0: all that can go wrong before another rank is needed. */
static int
open_job(struct sc_job *job, struct sc_error *err)
{
	const struct sc_options *options = job->options;

	job->facts.verdict = SC_JOB_IMPOSSIBLE;
	if (remove_old_list(options->failed_hosts, err) != 0 ||
	    remove_old_list(options->status_file, err) != 0)
		return -1;
	if (sc_world_launch_error(job->world) != NULL)
		return sc_fail(err, 0, "%s", sc_world_launch_error(job->world));
	if (open_source(job, err) != 0)
		return -1;
	job->facts.verdict = SC_JOB_MISUSED;
	if (options->job != NULL && sc_sbcast_check_job(options->job, err) != 0)
		return -1;
	if (sc_census_decide(&job->census, job->entries, job->world->size, options->copies, err) !=
	    0)
		return -1;
	job->facts.verdict = SC_JOB_GOES_ON;
	job->facts.probe_rank = choose_probe_rank(job);
	return 0;
}

/* All ranks learn which of them take part. */
static int
share_census(struct sc_job *job, struct sc_error *err)
{
	size_t length = job->world->size * sizeof(*job->census.leaders);
	uint32_t *leaders;
	int rc = -1;

	if (job->world->rank == 0)
		return sc_world_broadcast(job->census.leaders, length, err);
	leaders = malloc(length);
	if (leaders == NULL)
		return sc_fail(err, 0, "no memory for %u ranks", job->world->size);
	if (sc_world_broadcast(leaders, length, err) == 0)
		rc = sc_census_from_leaders(&job->census, leaders, job->world->size, err);
	free(leaders);
	return rc;
}

/* The two ranks that measure do so, the others go on and wait. */
static int
measure(struct sc_job *job, struct sc_error *err)
{
	struct sc_cost_machine *machine = &job->facts.machine;
	uint32_t peer = job->facts.probe_rank;
	struct sc_probe probe;
	char rate[SC_UNIT_TEXT_BYTES];

	*machine = sc_cost_machine_default;
	if (peer == 0)
		return 0;
	if (job->world->rank == peer)
		return sc_probe_answer(err);
	if (job->world->rank != 0)
		return 0;
	if (sc_probe_ask(peer, &probe, err) != 0)
		return -1;
	machine->link_bytes_per_s = probe.bytes_per_s;
	machine->latency_s = probe.latency_s;
	job->measured = job->entries[peer].host;
	sc_log(SC_LOG_INFO, "network: %s to %s, latency %.0f us",
	    sc_format_rate(probe.bytes_per_s, rate), job->measured, probe.latency_s * 1e6);
	return 0;
}

/* Ranks that have the file take no part. */
static void
leave_out_complete(struct sc_job *job, struct sc_survey *survey)
{
	if (survey->is_complete[0])
		job->facts.origin_keeps_copy = false;
	for (uint32_t i = 0; i < job->census.world_size; i++)
		job->facts.complete_count += survey->is_complete[i];
	survey->is_complete[0] = false; /* the origin is a node in any case */
	sc_census_release(&job->census, survey->is_complete);
}

static void
set_timeouts(struct sc_job *job)
{
	struct sc_timeouts timeouts =
	    sc_timeouts_choose(&job->plan, &job->facts.machine, job->options);
	char heartbeat[SC_UNIT_TEXT_BYTES];
	char timeout[SC_UNIT_TEXT_BYTES];

	job->facts.heartbeat_ns = timeouts.heartbeat_ns;
	job->facts.timeout_ns = timeouts.timeout_ns;
	sc_log(SC_LOG_INFO, "heartbeats every %s; a node that is silent for %s is given up",
	    sc_format_duration((double)timeouts.heartbeat_ns * 1e-9, heartbeat),
	    sc_format_duration((double)timeouts.timeout_ns * 1e-9, timeout));
}

/* Rank 0: the plan, and what else all ranks must know. */
static int
decide(struct sc_job *job, const struct sc_survey *survey, struct sc_error *err)
{
	struct sc_progress progress;

	job->facts.verdict = SC_JOB_MISUSED;
	if (sc_buddy_choose(&job->facts.buddy, job, survey->sees_source, survey->is_complete,
		err) != 0)
		return -1;
	if (sc_cost_choose(&job->plan, job->census.nodes - 1, job->facts.source.size_bytes,
		&job->options->wishes, &job->facts.machine, err) != 0)
		return -1;
	job->facts.verdict = SC_JOB_GOES_ON;
	job->facts.shape = (struct sc_plan_shape){
		.group_size = job->plan.subfiles,
		.tree_groups = job->plan.tree_groups,
		.branching = job->plan.branching,
		.chunk_bytes = job->plan.chunk_bytes,
		.window = job->plan.window,
		.store_and_forward = job->plan.store_and_forward,
	};
	set_timeouts(job);
	sc_progress_init(&progress, job->options->progress, job->options->quiet, 0, 0);
	job->facts.progress_interval_ns = progress.on ? progress_interval_ns : 0;
	return 0;
}

/* All ranks learn what rank 0 decided. */
static int
share_decision(struct sc_job *job, struct sc_error *err)
{
	if (sc_world_broadcast(&job->facts, sizeof(job->facts), err) != 0)
		return -1;
	if (job->facts.verdict != SC_JOB_GOES_ON)
		return 0;
	if (sc_hosts_share(&job->hosts, &job->census, job->entries, err) != 0)
		return -1;
	if (job->world->rank == 0)
		return 0;
	return sc_plan_make(&job->plan, job->census.nodes - 1, job->facts.source.size_bytes,
	    &job->facts.shape, job->options->wishes.memory_bytes, err);
}

/* Of a tree the buddy has looked at the first root only: now it opens the whole.  If it finds
 * another tree, there is no buddy. */
static int
confirm_buddy(struct sc_job *job, struct sc_error *err)
{
	bool has_source = false;
	uint32_t rank;

	if (job->facts.buddy == SC_NONE || !sc_buddy_checks_later(job))
		return 0;
	rank = job->census.ranks[job->facts.buddy];
	if (job->world->rank == rank)
		has_source = sc_buddy_opens_source(job);
	if (sc_world_broadcast_from(rank, &has_source, sizeof(has_source), err) != 0)
		return -1;
	if (has_source)
		return 0;
	if (job->world->rank == 0)
		sc_log(SC_LOG_INFO, "no buddy: rank %u finds another tree", rank);
	job->facts.buddy = SC_NONE;
	return 0;
}

/* What this rank is in the job. */
static void
find_self(struct sc_job *job)
{
	job->self = SC_NONE;
	for (uint32_t i = 0; i < job->census.nodes; i++) {
		if (job->census.ranks[i] == job->world->rank)
			job->self = i;
	}
	if (job->world->rank != 0 && (job->self == SC_NONE || job->self != job->facts.buddy)) {
		sc_source_close(job->source);
		job->source = NULL;
	}
}

/* From what rank 0 could do alone to the plan. */
static int
prepare_together(struct sc_job *job, struct sc_survey *survey, struct sc_error *err)
{
	bool unreadable = false;

	if (share_census(job, err) != 0 || measure(job, err) != 0 ||
	    sc_survey_make(survey, job, &unreadable, err) != 0)
		return -1;
	if (unreadable) {
		job->facts.verdict = SC_JOB_IMPOSSIBLE;
		return 0;
	}
	leave_out_complete(job, survey);
	if (job->world->rank == 0 && decide(job, survey, &job->refusal) != 0)
		sc_log(SC_LOG_ERROR, "%s", job->refusal.text);
	if (share_decision(job, err) != 0)
		return -1;
	if (job->facts.verdict != SC_JOB_GOES_ON)
		return 0;
	if (confirm_buddy(job, err) != 0)
		return -1;
	find_self(job);
	return 0;
}

int
sc_job_prepare(struct sc_job *job, const struct sc_world *world, const struct sc_options *options,
    struct sc_error *err)
{
	struct sc_survey survey = {0};
	int rc;

	memset(job, 0, sizeof(*job)); /* the padding of the facts is sent too */
	job->world = world;
	job->options = options;
	job->self = SC_NONE;
	if (gather_entries(job, err) != 0)
		return -1;
	if (world->rank == 0 && open_job(job, &job->refusal) != 0)
		sc_log(SC_LOG_ERROR, "%s", job->refusal.text);
	if (sc_world_broadcast(&job->facts, sizeof(job->facts), err) != 0)
		return -1;
	if (job->facts.verdict != SC_JOB_GOES_ON)
		return 0;
	rc = prepare_together(job, &survey, err);
	sc_survey_free(&survey);
	return rc;
}

const char *
sc_job_host(const struct sc_job *job, uint32_t node)
{
	assert(node < job->census.nodes);
	return job->hosts.names[node];
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
