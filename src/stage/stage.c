/*
 * One rank of stagecast: see stage.h.
 */
#define _XOPEN_SOURCE 700

#include "stage/stage.h"

#include "base/clock.h"
#include "base/deadman.h"
#include "base/log.h"
#include "fabric/connect.h"
#include "fabric/fabric.h"
#include "file/slots.h"
#include "stage/outcome/lists.h"
#include "stage/outcome/outcome.h"
#include "stage/outcome/timings.h"
#include "stage/plan_print.h"
#include "stage/prepare/job.h"
#include "stage/run.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* What the leader waits before it leaves when a peer has failed: the others leave first, as the exit
 * status of the job is that of the rank that leaves last. */
static const uint64_t others_leave_ns = 300 * 1000 * 1000;

/* What a rank waits before it leaves after a signal: when the first one leaves, mpirun kills the
 * others at once, which then can't remove their part files. */
static const uint64_t others_clean_up_ns = 200 * 1000 * 1000;

/* How long a rank that leaves waits for the ranks of its host that take no part. */
static const uint64_t dismiss_ns = UINT64_C(10) * 1000 * 1000 * 1000;

struct stage {
	const struct sc_world *world;
	const struct sc_options *options;
	volatile sig_atomic_t *stop_signal;
	struct sc_job job;
	struct sc_slots slots;
	struct sc_fabric *fabric;
	struct sc_outcome outcome; /* filled while this node leads */
	struct sc_run_result result;
	bool is_told; /* an earlier leader has told how the run ended */
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

static uint8_t *
slot_message(void *slots, uint32_t slot)
{
	return sc_slots_message(slots, slot);
}

static int
renew_slot(void *slots, uint32_t slot, size_t kept_bytes, struct sc_error *err)
{
	return sc_slots_renew(slots, slot, kept_bytes, err);
}

/* Under the dead-man timer: MPI may hang here as well as in the run. */
static int
connect_peers(const struct stage *stage, const uint32_t *peers, uint32_t peer_count,
    struct sc_error *err)
{
	const struct sc_job *job = &stage->job;
	const struct sc_connect connect = {
		.ranks = job->census.ranks,
		.nodes = job->census.nodes,
		.self = job->self,
		.peers = peers,
		.peer_count = peer_count,
		.timeout_ns = job->facts.timeout_ns / 2,
		.stop_signal = stage->stop_signal,
	};
	int rc;

	sc_deadman_enter("opening connections");
	if (sc_deadman_start(job->facts.timeout_ns, err) != 0)
		return -1;
	rc = sc_connect_peers(&connect, err);
	sc_deadman_stop();
	return rc;
}

/* All that a node needs before its first event. */
static int
prepare(struct stage *stage, struct sc_error *err)
{
	struct sc_job *job = &stage->job;
	uint32_t peers[SC_PEERS_MAX];
	struct sc_fabric_config config = {
		.ranks = job->census.ranks,
		.nodes = job->census.nodes,
		.self = job->self,
		.world_size = stage->world->size,
		.memory = {&stage->slots, slot_message, renew_slot},
		.peer_count = sc_plan_peers(&job->plan, job->self, peers),
	};

	if (sc_slots_init(&stage->slots, job->plan.slots, job->plan.chunk_bytes, err) != 0)
		return -1;
	config.message_bytes = sc_slots_message_capacity(&stage->slots);
	if (sc_fabric_open(&stage->fabric, &config, err) != 0)
		return -1;
	if (sc_outcome_init(&stage->outcome, job, stage->started_ns) != 0)
		return sc_fail(err, 0, "no memory for the outcome");
	return connect_peers(stage, peers, config.peer_count, err);
}

/* With --trace: each rank's own file. */
static int
open_trace(struct stage *stage, FILE **trace, struct sc_error *err)
{
	char path[PATH_MAX];

	*trace = NULL;
	if (stage->options->trace == NULL)
		return 0;
	if (snprintf(path, sizeof(path), "%s.%u", stage->options->trace, stage->world->rank) >=
	    (int)sizeof(path))
		return sc_fail(err, ENAMETOOLONG, "the trace %s", stage->options->trace);
	*trace = fopen(path, "w");
	return *trace == NULL ? sc_fail(err, errno, "the trace %s", path) : 0;
}

static int
run(struct stage *stage, struct sc_error *err)
{
	const struct sc_job *job = &stage->job;
	struct sc_run_config config = {
		.job = job,
		.fabric = stage->fabric,
		.slots = &stage->slots,
		.stop_signal = stage->stop_signal,
		.outcome = &stage->outcome,
	};
	int rc;

	if (job->self == SC_ORIGIN)
		sc_log(SC_LOG_INFO,
		    "plan: recipients %u, groups %u of at most %u, trees %u, chunks of %u bytes, "
		    "window %u, predicted %.3f s",
		    job->plan.recipients, job->plan.group_count, job->plan.subfiles,
		    job->plan.trees, job->plan.chunk_bytes, job->plan.window,
		    sc_cost_predict(&job->plan, &job->facts.machine));
	if (open_trace(stage, &config.trace, err) != 0)
		return -1;
	rc = sc_run(&config, &stage->result, err);
	if (config.trace != NULL && fclose(config.trace) != 0 && rc == 0)
		rc = sc_fail(err, errno, "the trace %s.%u", stage->options->trace,
		    stage->world->rank);
	return rc;
}

/* Tell the ranks of this host that take no part that all is over. */
static int
dismiss(const struct stage *stage, bool apart, struct sc_error *err)
{
	return sc_world_dismiss(stage->world, stage->job.census.leaders, apart, dismiss_ns, err);
}

/* The digest of the source, if it was read whole here or before the run. */
static void
note_digest(struct stage *stage)
{
	if (stage->result.has_digest)
		sc_digest_text(stage->result.digest, stage->digest);
	else if (stage->job.has_digest)
		sc_digest_text(stage->job.digest, stage->digest);
}

/* Without timings the run is as good as with them: the copies are there. */
static void
collect_timings(struct stage *stage, int64_t clock_offset_ns)
{
	struct sc_error err;

	stage->timings.digest = stage->digest;
	if (sc_timings_collect(&stage->job, &stage->result, clock_offset_ns,
		stage->result.leads && !stage->is_told ? &stage->outcome : NULL, &stage->timings,
		&err) != 0)
		sc_log(SC_LOG_ERROR, "no timings: %s", err.text);
}

/* Clock offsets before, timings after: both only with --timings. */
static int
stage_as_node(struct stage *stage, struct sc_error *err)
{
	bool timed = stage->options->timings != NULL;
	int64_t clock_offset_ns = 0;

	if (timed && sc_timings_measure_clock(&stage->job, &clock_offset_ns, err) != 0)
		return -1;
	if (run(stage, err) != 0)
		return -1;
	stage->is_told = stage->result.leads && sc_lists_are_written(&stage->outcome);
	if (stage->result.stopped_by != 0)
		return 0;
	if (stage->result.leave == SC_LEAVE_CUT_OFF)
		return dismiss(stage, true, err);
	note_digest(stage);
	if (timed)
		collect_timings(stage, clock_offset_ns);
	if (dismiss(stage, stage->result.leave == SC_LEAVE_APART, err) != 0)
		return -1;
	if (stage->result.leave == SC_LEAVE_APART || stage->result.io_hangs)
		return 0;
	if (sc_fabric_close(stage->fabric, err) != 0)
		return -1;
	stage->fabric = NULL;
	return 0;
}

/* At the leader: tell how the run ended.  The status file comes last of all. */
static enum sc_exit_status
conclude(struct stage *stage)
{
	const struct sc_options *options = stage->options;
	int stopped_by = stage->result.stopped_by;
	struct sc_error err;

	if (stopped_by == 0 && !sc_outcome_is_known(&stage->outcome)) {
		sc_log(SC_LOG_ERROR,
		    "the leader was lost while all nodes left, and no node knows "
		    "which nodes have the file: run it again");
		return SC_EXIT_NOTHING;
	}
	if (options->failed_hosts != NULL &&
	    sc_lists_write_failed_hosts(&stage->outcome, &err) != 0)
		sc_log(SC_LOG_ERROR, "no list of failed hosts: %s", err.text);
	if (stopped_by != 0)
		sc_log(SC_LOG_ERROR, "ended by signal %d%s", stopped_by,
		    options->resume ? "; the next run goes on from here"
				    : "; no part of a copy was left behind");
	stage->outcome.stopped_by = stopped_by;
	sc_outcome_print(&stage->outcome, stage->digest);
	if (options->status_file != NULL && stopped_by == 0 &&
	    sc_lists_write_status(&stage->outcome, &err) != 0)
		sc_log(SC_LOG_ERROR, "no status file: %s", err.text);
	return sc_outcome_status(&stage->outcome);
}

static int
leave_in_order(struct stage *stage, int status, struct sc_error *err)
{
	sc_job_free(&stage->job);
	sc_slots_free(&stage->slots);
	sc_outcome_free(&stage->outcome);
	sc_timeline_free(&stage->result.timeline);
	sc_roster_free(&stage->result.roster);
	if (sc_world_finish(status, err) != 0) {
		sc_log(SC_LOG_ERROR, "%s", err->text);
		return SC_EXIT_NOTHING;
	}
	return status;
}

/*
 * Without MPI_Finalize: MPI doesn't work any more, or would wait for a rank that is gone.  The exit
 * status of the job is that of the rank that leaves last: the leader.  All others leave with 0.
 */
static _Noreturn void
leave_at_once(struct stage *stage, bool leads, int status)
{
	fflush(NULL);
	if (stage->result.stopped_by != 0)
		sc_clock_sleep_ns(others_clean_up_ns);
	if (!leads)
		sc_world_exit(0);
	sc_clock_sleep_ns(others_leave_ns);
	sc_world_exit(status);
}

/* A rank that takes no part: wait until it is told to go. */
static int
wait_aside(struct stage *stage, struct sc_error *err)
{
	enum sc_dismissal dismissal;

	if (stage->job.complete)
		sc_log(SC_LOG_INFO, "%s is there already, with the same content", stage->job.dest);
	else
		sc_log(SC_LOG_INFO, "rank %u takes no part: rank %u does, for this host",
		    stage->world->rank, stage->job.census.leaders[stage->world->rank]);
	if (sc_world_wait_for(stage->job.census.leaders[stage->world->rank], &dismissal, err) != 0)
		return -1;
	if (dismissal != SC_DISMISSED_TOGETHER)
		leave_at_once(stage, false, 0);
	return 0;
}

/* Take part, to the end; returns only if all leave together. */
static int
take_part(struct stage *stage, struct sc_error *err)
{
	int rc = stage_as_node(stage, err);
	bool leads = rc == 0 && stage->result.leads && stage->result.leave != SC_LEAVE_CUT_OFF;
	int status = SC_EXIT_NOTHING;

	/* A run that was stopped has no leader: the origin tells its end. */
	if (rc == 0 && stage->result.stopped_by != 0)
		leads = stage->job.self == SC_ORIGIN;
	if (leads && stage->is_told) {
		sc_log(SC_LOG_WARNING, "another rank has told how the run ended");
		leads = false;
	}
	if (leads)
		status = (int)conclude(stage);
	if (rc != 0)
		sc_log(SC_LOG_ERROR, "%s", err->text);
	else if (stage->result.leave == SC_LEAVE_CUT_OFF && stage->result.stopped_by == 0)
		sc_log(SC_LOG_ERROR, "the others go on without this node: it leaves");
	if (rc != 0 || stage->result.stopped_by != 0 || stage->result.io_hangs ||
	    stage->result.leave != SC_LEAVE_TOGETHER)
		leave_at_once(stage, leads || stage->world->rank == 0,
		    stage->result.stopped_by != 0 && status == 0 ? SC_EXIT_NOTHING : status);
	return leave_in_order(stage, leads ? status : 0, err);
}

/* The job doesn't go on.  Rank 0 has said why, and has the exit status for all. */
static int
refuse(struct stage *stage, struct sc_error *err)
{
	const char *path = stage->options->status_file;
	enum sc_exit_status status =
	    stage->job.facts.verdict == SC_JOB_MISUSED ? SC_EXIT_USAGE : SC_EXIT_NOTHING;

	if (stage->world->rank != 0)
		return leave_in_order(stage, 0, err);
	if (path != NULL && sc_lists_write_refusal(path, status, err) != 0)
		sc_log(SC_LOG_ERROR, "no status file: %s", err->text);
	sc_outcome_print_refusal(stage->options, status, stage->job.refusal.text);
	return leave_in_order(stage, (int)status, err);
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
	struct sc_job *job = &stage.job;
	struct sc_error err = {0};
	int rc = sc_job_prepare(job, world, options, &err);

	if (rc == 0 && job->facts.verdict != SC_JOB_GOES_ON)
		return refuse(&stage, &err);
	if (rc == 0 && options->plan) {
		if (world->rank == 0) {
			sc_plan_print(stdout, &job->plan, &job->facts.machine, job->measured,
			    job->hosts.names, options->verbose > 0);
			fflush(stdout);
		}
		return leave_in_order(&stage, 0, &err);
	}
	if (world->rank != 0)
		sc_log_set_host(job->host);
	if (rc == 0 && job->self == SC_NONE) {
		rc = wait_aside(&stage, &err);
		if (rc == 0)
			return leave_in_order(&stage, 0, &err);
	}
	if (rc == 0)
		rc = prepare(&stage, &err);
	if (rc == 0)
		return take_part(&stage, &err);
	sc_log(SC_LOG_ERROR, "%s", err.text);
	leave_at_once(&stage, world->rank == 0, SC_EXIT_NOTHING);
}
