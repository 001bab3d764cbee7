/*
 * The errand: see stage.h.
 */
#define _XOPEN_SOURCE 700

#include "app/stage.h"

#include "app/job.h"
#include "app/outcome.h"
#include "app/plan_print.h"
#include "app/run.h"
#include "app/timings.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/topology.h"
#include "fabric/fabric.h"
#include "fabric/tree.h"
#include "file/slots.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What the origin waits before it leaves when a peer has failed: the others
 * leave first, for the status of whoever leaves last is the job's. */
static const uint64_t farewell_ns = 300 * 1000 * 1000;

/* What a rank waits before it leaves after a signal: when the first one leaves,
 * mpirun kills the others at once, which then can't remove their part files. */
static const uint64_t others_clean_up_ns = 200 * 1000 * 1000;

struct stage {
	const struct sc_world *world;
	const struct sc_options *options;
	volatile sig_atomic_t *stop_signal;
	struct sc_job job;
	struct sc_slots slots;
	struct sc_fabric *fabric;
	struct sc_outcome outcome; /* at the origin */
	struct sc_run_result result;
	struct sc_timings_facts timings;
	char digest[SC_DIGEST_TEXT_BYTES];
	uint64_t started_ns;
};

static int64_t
unix_now_ns(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME, &now) != 0)
		return 0;
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Everything a node needs before its first event. */
static int
prepare(struct stage *stage, struct sc_error *err)
{
	struct sc_job *job = &stage->job;
	bool takes_part = job->self != SC_NONE;
	uint32_t peers[SC_PEERS_MAX];
	struct sc_fabric_config config = {
		.world_size = stage->world->size,
		.self = job->self,
	};

	if (takes_part) {
		if (sc_slots_init(&stage->slots, job->plan.slots, job->plan.chunk_bytes, err) != 0)
			return -1;
		config.ranks = job->census.ranks;
		config.nodes = job->census.nodes;
		config.slots = sc_slots_message(&stage->slots, 0);
		config.slot_stride_bytes = stage->slots.stride;
		config.slot_count = stage->slots.count;
		config.message_bytes = sc_slots_message_capacity(&stage->slots);
		config.peer_count = sc_plan_peers(&job->plan, job->self, peers);
		config.peers = peers;
	}
	if (sc_fabric_open(&stage->fabric, &config, err) != 0)
		return -1;
	if (job->self == SC_ORIGIN &&
	    sc_outcome_init(&stage->outcome, stage->options, &job->plan, &job->census, job->entries,
		job->origin_keeps_copy, stage->started_ns) != 0)
		return sc_fail(err, 0, "no memory for the outcome");
	return 0;
}

static int
open_trace(const char *beginning, uint32_t rank, FILE **trace, struct sc_error *err)
{
	size_t capacity = strlen(beginning) + 16;
	char *path = malloc(capacity);

	if (path == NULL)
		return sc_fail(err, ENOMEM, "the trace %s", beginning);
	snprintf(path, capacity, "%s.%u", beginning, rank);
	*trace = fopen(path, "w");
	if (*trace == NULL)
		(void)sc_fail(err, errno, "the trace %s", path);
	free(path);
	return *trace == NULL ? -1 : 0;
}

static int
run(struct stage *stage, struct sc_error *err)
{
	struct sc_job *job = &stage->job;
	bool origin = job->self == SC_ORIGIN;
	bool keeps_copy = !origin || job->origin_keeps_copy;
	int rc;
	struct sc_run_config config = {
		.plan = &job->plan,
		.self = job->self,
		.fabric = stage->fabric,
		.slots = &stage->slots,
		.source = job->source,
		.dest = keeps_copy ? job->dest : NULL,
		.facts = job->facts.source,
		.sink_options = {.force = stage->options->force,
			.preserve = stage->options->preserve,
			.verify = stage->options->verify},
		.keeps_copy = keeps_copy,
		.records = stage->options->timings != NULL,
		.progress_interval_ns = job->facts.progress_interval_ns,
		.stop_signal = stage->stop_signal,
		.listener = sc_outcome_listen,
		.context = &stage->outcome,
	};

	if (origin)
		sc_log(SC_LOG_INFO,
		    "plan: recipients %u, groups %u of at most %u, trees %u, chunks of %u bytes, "
		    "window %u, predicted %.3f s",
		    job->plan.recipients, job->plan.group_count, job->plan.subfiles,
		    job->plan.trees, job->plan.chunk_bytes, job->plan.window,
		    sc_cost_predict(&job->plan, &job->machine));
	if (config.dest != NULL)
		sc_log(SC_LOG_INFO, "writing %s", config.dest);
	if (keeps_copy && job->dest == NULL)
		config.dest_failure = job->dest_error.text;
	if (stage->options->trace != NULL &&
	    open_trace(stage->options->trace, stage->world->rank, &config.trace, err) != 0)
		return -1;
	rc = sc_run(&config, &stage->result, err);
	if (config.trace != NULL && fclose(config.trace) != 0 && rc == 0)
		rc = sc_fail(err, errno, "the trace %s.%u", stage->options->trace,
		    stage->world->rank);
	return rc;
}

/* Tell the ranks of this host that take no part that all is over. */
static int
dismiss(const struct stage *stage, struct sc_error *err)
{
	uint32_t *ranks = malloc(stage->world->size * sizeof(*ranks));
	uint32_t count;
	int rc;

	if (ranks == NULL)
		return sc_fail(err, 0, "no memory for %u ranks", stage->world->size);
	count = sc_census_followers(&stage->job.census, stage->world->rank, ranks);
	rc = sc_world_dismiss(ranks, count, err);
	free(ranks);
	return rc;
}

/* Clock offsets before, timings after: both only with --timings. */
static int
stage_as_node(struct stage *stage, struct sc_error *err)
{
	struct sc_job *job = &stage->job;
	bool origin = job->self == SC_ORIGIN;
	uint32_t children[SC_RECEIVERS_MAX];
	struct sc_tree tree = sc_timings_tree(&job->plan, &job->census, job->self, children);
	struct sc_error timings_error;
	int64_t clock_offset_ns = 0;

	if (stage->options->timings != NULL &&
	    sc_tree_clock_offset(&tree, &clock_offset_ns, err) != 0)
		return -1;
	if (run(stage, err) != 0)
		return -1;
	if (stage->result.stopped_by != 0 || stage->result.peer_failed)
		return 0;
	stage->result.report.rank = stage->world->rank;
	memcpy(stage->result.report.host, job->host, sizeof(stage->result.report.host));
	if (origin && stage->result.has_digest)
		sc_digest_text(stage->result.digest, stage->digest);
	stage->timings.digest = stage->digest;
	stage->timings.predicted_s = origin ? sc_cost_predict(&job->plan, &job->machine) : 0;
	/* The copies are there, whatever becomes of the timings. */
	if (stage->options->timings != NULL &&
	    sc_timings_collect(&tree, &stage->result, clock_offset_ns,
		origin ? &stage->outcome : NULL, &stage->timings, &timings_error) != 0)
		sc_log(SC_LOG_ERROR, "no timings: %s", timings_error.text);
	if (sc_fabric_close(stage->fabric, err) != 0)
		return -1;
	stage->fabric = NULL;
	return dismiss(stage, err);
}

/* The origin's last words. */
static enum sc_exit_status
conclude(struct stage *stage)
{
	struct sc_error err;

	if (stage->options->failed_hosts != NULL &&
	    sc_outcome_write_failed_hosts(&stage->outcome, &err) != 0)
		sc_log(SC_LOG_ERROR, "no list of failed hosts: %s", err.text);
	if (stage->result.stopped_by != 0)
		sc_log(SC_LOG_ERROR, "ended by signal %d; no part of a copy was left behind",
		    stage->result.stopped_by);
	sc_outcome_print(&stage->outcome, stage->digest);
	return sc_outcome_status(&stage->outcome);
}

/* Print the plan of this job's nodes. */
static void
print_plan(const struct stage *stage)
{
	const struct sc_job *job = &stage->job;
	const char **names = malloc(job->census.nodes * sizeof(*names));

	for (uint32_t i = 0; names != NULL && i < job->census.nodes; i++)
		names[i] = job->entries[job->census.ranks[i]].host;
	sc_plan_print(stdout, &job->plan, &job->machine, job->measured, names,
	    stage->options->verbose > 0);
	fflush(stdout);
	free(names);
}

static int
leave_in_order(struct stage *stage, int status, struct sc_error *err)
{
	sc_job_free(&stage->job);
	sc_slots_free(&stage->slots);
	sc_outcome_free(&stage->outcome);
	sc_timeline_free(&stage->result.timeline);
	if (sc_world_finish(err) != 0) {
		sc_log(SC_LOG_ERROR, "%s", err->text);
		return SC_EXIT_NOTHING;
	}
	return status;
}

/* MPI doesn't work any more, or would wait for somebody who is gone. */
static _Noreturn void
leave_at_once(struct stage *stage, int status)
{
	fflush(NULL);
	if (stage->result.stopped_by != 0)
		sc_clock_sleep_ns(others_clean_up_ns);
	if (stage->world->rank != 0)
		sc_world_exit(0);
	sc_clock_sleep_ns(farewell_ns);
	sc_world_exit(status == 0 ? SC_EXIT_NOTHING : status);
}

int
sc_stage(const struct sc_world *world, const struct sc_options *options, int argc,
    char *const *argv, volatile sig_atomic_t *stop_signal)
{
	struct stage stage = {
		.world = world,
		.options = options,
		.stop_signal = stop_signal,
		.started_ns = sc_clock_now_ns(),
		.timings = {.argc = argc, .argv = argv, .started_unix_ns = unix_now_ns()},
	};
	struct sc_error err = {0};
	int status = 0;
	int rc = sc_job_prepare(&stage.job, world, options, &err);

	if (rc == 0 && stage.job.facts.status != 0)
		return leave_in_order(&stage, world->rank == 0 ? (int)stage.job.facts.status : 0,
		    &err);
	if (rc == 0 && options->errand == SC_ERRAND_PLAN) {
		if (world->rank == 0)
			print_plan(&stage);
		return leave_in_order(&stage, 0, &err);
	}
	if (rc == 0)
		rc = prepare(&stage, &err);
	if (world->rank != 0)
		sc_log_set_host(stage.job.host);
	if (rc == 0 && stage.job.self == SC_NONE) {
		sc_log(SC_LOG_INFO, "rank %u takes no part: rank %u does, for this host",
		    world->rank, stage.job.census.leaders[world->rank]);
		rc = sc_world_wait_for(stage.job.census.leaders[world->rank], &err);
		if (rc == 0)
			rc = sc_fabric_close(stage.fabric, &err);
	} else if (rc == 0) {
		rc = stage_as_node(&stage, &err);
	}
	if (rc == 0 && stage.job.self == SC_ORIGIN)
		status = (int)conclude(&stage);
	if (rc != 0)
		sc_log(SC_LOG_ERROR, "%s", err.text);
	if (rc != 0 || stage.result.stopped_by != 0 || stage.result.peer_failed)
		leave_at_once(&stage, status);
	return leave_in_order(&stage, status, &err);
}

int
sc_stage_plan(const struct sc_options *options)
{
	struct sc_source_facts facts = {.size_bytes = options->size_bytes};
	struct sc_source *source = NULL;
	struct sc_plan plan = {0};
	struct sc_error err;
	uint32_t recipients;
	int status = SC_EXIT_USAGE;

	if (sc_topology_parse(options->topology, &recipients, &err) != 0)
		goto out;
	if (options->source != NULL) {
		status = SC_EXIT_NOTHING;
		if (sc_source_open(&source, options->source, &facts, &err) != 0)
			goto out;
		status = SC_EXIT_USAGE;
	}
	if (sc_cost_choose(&plan, recipients, facts.size_bytes, &options->wishes,
		&sc_cost_machine_default, &err) != 0)
		goto out;
	sc_plan_print(stdout, &plan, &sc_cost_machine_default, NULL, NULL, options->verbose > 0);
	status = fflush(stdout) == 0 ? 0 : SC_EXIT_NOTHING;
out:
	if (status != 0)
		sc_log(SC_LOG_ERROR, "%s", err.text);
	sc_source_close(source);
	sc_plan_free(&plan);
	return status;
}
