/*
 * The run loop: see run.h.  An event goes through step(), which asks the core and does its actions;
 * loop() is at the end.
 */
#include "stage/run.h"

#include "archive/backing.h"
#include "base/clock.h"
#include "base/deadman.h"
#include "base/log.h"
#include "core/node.h"
#include "file/io.h"
#include "record/trace.h"
#include "stage/idle.h"
#include "tree/sink.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* A disk that has not answered for so long is taken for broken. */
static const uint64_t stall_ns = UINT64_C(30) * 1000 * 1000 * 1000;

static const char at_io[] = "handing chunks to the I/O threads, or back";

struct run {
	const struct sc_run_config *config;
	const struct sc_job *job;
	struct sc_run_result *result;
	struct sc_node *node;
	struct sc_io *io;
	struct sc_actions actions;
	struct sc_error *err;
	uint64_t now_ns;
	struct sc_idle idle;
	bool storage_stalls; /* this node waited for its storage when it became idle */
	bool left;
};

/* Does this node keep a copy, by the plan? */
static bool
keeps_copy(const struct sc_job *job)
{
	return job->self != SC_ORIGIN || job->facts.origin_keeps_copy;
}

static void
record(struct run *run, const struct sc_record *record)
{
	struct sc_node_result *row = &run->result->row;

	switch (record->what) {
	case SC_RECORD_FIRST_CHUNK:
		if (row->first_chunk_ns == 0)
			row->first_chunk_ns = run->now_ns;
		break;
	case SC_RECORD_ALL_HELD:
		row->stored_ns = run->now_ns;
		break;
	case SC_RECORD_COMMITTED:
		row->committed_ns = run->now_ns;
		row->state = SC_NODE_COMMITTED;
		break;
	default:
		break;
	}
	sc_log(SC_LOG_DEBUG, "node %u: %s, peer %d, subfile %d, %llu", run->job->self,
	    sc_record_name(record->what), (int)record->peer, (int)record->subfile,
	    (unsigned long long)record->count);
	if (run->job->options->timings != NULL)
		sc_timeline_add(&run->result->timeline, run->now_ns, record);
}

/* Actions of the fabric. */
static int
perform_in_mpi(struct run *run, const struct sc_action *action)
{
	struct sc_fabric *fabric = run->config->fabric;

	switch (action->what) {
	case SC_ACTION_WITHDRAW:
		return sc_fabric_withdraw(fabric, action->peer, action->subfile, run->err);
	case SC_ACTION_FORGET:
		return sc_fabric_forget(fabric, action->peer, run->err);
	case SC_ACTION_RECEIVE:
		return sc_fabric_receive(fabric, action->slot, action->peer, action->subfile,
		    run->err);
	case SC_ACTION_SEND:
		return sc_fabric_send(fabric, action->slot,
		    sc_slots_message_bytes(run->config->slots, action->slot), action->peer,
		    action->subfile, run->err);
	default:
		return sc_fabric_control(fabric, action->peer,
		    sc_action_bytes(&run->actions, action), action->length, run->err);
	}
}

static int
perform(struct run *run, const struct sc_action *action)
{
	sc_deadman_enter(at_io);
	switch (action->what) {
	case SC_ACTION_LOAD:
		sc_io_load(run->io, action->slot, action->chunk);
		break;
	case SC_ACTION_STORE:
		sc_io_store(run->io, action->slot, action->chunk);
		break;
	case SC_ACTION_FINISH_SOURCE:
		sc_io_finish(run->io);
		break;
	case SC_ACTION_COMMIT:
		run->result->row.digest_low = action->seal.sum.low;
		run->result->row.digest_high = action->seal.sum.high;
		sc_io_commit(run->io, &action->seal);
		break;
	case SC_ACTION_RECORD:
		record(run, &action->record);
		break;
	case SC_ACTION_REPORT:
		sc_deadman_enter("telling the user");
		sc_outcome_report(run->config->outcome, action,
		    sc_action_text(&run->actions, action), run->now_ns);
		break;
	case SC_ACTION_LEAVE:
		run->result->leave = action->leave;
		run->left = true;
		break;
	case SC_ACTION_WITHDRAW:
	case SC_ACTION_FORGET:
	case SC_ACTION_RECEIVE:
	case SC_ACTION_SEND:
	case SC_ACTION_CONTROL:
		sc_deadman_enter("in MPI, to send or to receive");
		return perform_in_mpi(run, action);
	}
	return 0;
}

/* An event: what does the core make of it?  Nothing happens any more after the node has left. */
static int
step(struct run *run, struct sc_event *event)
{
	FILE *trace = run->config->trace;

	if (run->left)
		return 0;
	event->now_ns = run->now_ns;
	sc_actions_clear(&run->actions);
	sc_deadman_enter("in a step of the protocol");
	if (sc_node_step(run->node, event, &run->actions) != 0) {
		/* No correct peer sends such a message.  It was ignored. */
		sc_log(SC_LOG_WARNING, "a message from node %u makes no sense and was ignored",
		    event->peer);
	}
	if (trace != NULL) {
		sc_deadman_enter("writing its trace");
		if (sc_trace_step(trace, run->job->self, event, &run->actions) != 0)
			return sc_fail(run->err, errno, "the trace can't be written");
	}
	for (size_t i = 0; i < run->actions.count; i++) {
		if (perform(run, &run->actions.items[i]) != 0)
			return -1;
	}
	return 0;
}

/* Did a sound chunk of this file arrive, and which? */
static bool
is_intact(const struct run *run, const struct sc_fabric_event *happened, uint32_t *chunk)
{
	struct sc_chunk_header header;

	if (!sc_slots_check(run->config->slots, happened->slot, happened->length, &header) ||
	    header.chunk >= run->job->plan.chunks ||
	    header.length != sc_plan_chunk_length(&run->job->plan, header.chunk))
		return false;
	*chunk = header.chunk;
	return true;
}

static int
on_fabric_event(struct run *run, const struct sc_fabric_event *happened)
{
	static const enum sc_event_what events[] = {
		[SC_FABRIC_ARRIVED] = SC_EVENT_CHUNK_ARRIVED,
		[SC_FABRIC_RECEIVE_ENDED] = SC_EVENT_RECEIVE_ENDED,
		[SC_FABRIC_SENT] = SC_EVENT_CHUNK_SENT,
		[SC_FABRIC_CONTROL] = SC_EVENT_CONTROL_ARRIVED,
		[SC_FABRIC_FAILED] = SC_EVENT_PEER_FAILED,
	};
	struct sc_event event = {
		.what = events[happened->what],
		.peer = happened->peer,
		.subfile = happened->subfile,
		.slot = happened->slot,
		.cause = happened->cause,
	};

	if (happened->what == SC_FABRIC_ARRIVED) {
		sc_deadman_enter("checking a chunk");
		event.intact = is_intact(run, happened, &event.chunk);
		run->result->row.last_chunk_ns = run->now_ns;
		sc_idle_chunk(&run->idle, run->now_ns);
	} else if (happened->what == SC_FABRIC_CONTROL) {
		event.bytes = happened->bytes;
		event.length = happened->length;
	}
	return step(run, &event);
}

static void
note_cause(struct run *run, const char *cause)
{
	snprintf(run->result->row.cause, sizeof(run->result->row.cause), "%.*s", SC_CAUSE_BYTES - 1,
	    cause);
}

static int
on_io_result(struct run *run, const struct sc_io_result *happened)
{
	static const enum sc_event_what events[] = {
		[SC_IO_OPENED] = SC_EVENT_STORE_OPENED,
		[SC_IO_LOADED] = SC_EVENT_CHUNK_LOADED,
		[SC_IO_LOAD_FAILED] = SC_EVENT_LOAD_FAILED,
		[SC_IO_STORED] = SC_EVENT_CHUNK_STORED,
		[SC_IO_STORE_FAILED] = SC_EVENT_STORE_FAILED,
		[SC_IO_FINISHED] = SC_EVENT_SOURCE_FINISHED,
		[SC_IO_FINISH_FAILED] = SC_EVENT_LOAD_FAILED,
		[SC_IO_COMMITTED] = SC_EVENT_COMMITTED,
		[SC_IO_COMMIT_FAILED] = SC_EVENT_COMMIT_FAILED,
	};
	struct sc_event event = {.what = events[happened->what],
		.slot = happened->slot,
		.chunk = happened->chunk,
		.cause = happened->why};

	switch (happened->what) {
	case SC_IO_OPENED:
		if (sc_io_note(run->io)[0] != '\0')
			sc_log(SC_LOG_WARNING, "%s", sc_io_note(run->io));
		if (!run->job->options->resume)
			return 0;
		event.held = sc_io_held(run->io);
		break;
	case SC_IO_STORED:
		run->result->row.bytes_stored +=
		    sc_plan_chunk_length(&run->job->plan, happened->chunk);
		break;
	case SC_IO_FINISHED:
		event.seal = happened->seal;
		run->result->has_digest = true;
		run->result->digest = happened->seal.whole;
		break;
	case SC_IO_STORE_FAILED:
	case SC_IO_COMMIT_FAILED:
		note_cause(run, happened->why);
		break;
	default:
		break;
	}
	return step(run, &event);
}

static int
poll_fabric(struct run *run, uint32_t *happened)
{
	const struct sc_fabric_event *events;
	int count;

	sc_deadman_enter("in MPI, for what has come");
	count = sc_fabric_poll(run->config->fabric, &events, run->err);
	run->now_ns = sc_clock_now_ns();
	for (int i = 0; i < count && !run->left; i++) {
		if (on_fabric_event(run, &events[i]) != 0)
			return -1;
	}
	if (count > 0)
		*happened += (uint32_t)count;
	return count < 0 ? -1 : 0;
}

static int
poll_io(struct run *run, uint32_t *happened)
{
	struct sc_io_result result;

	sc_deadman_enter(at_io);
	while (!run->left && sc_io_poll(run->io, &result)) {
		++*happened;
		if (on_io_result(run, &result) != 0)
			return -1;
		sc_deadman_enter(at_io);
	}
	return 0;
}

static int
check_deadline(struct run *run)
{
	struct sc_event event = {.what = SC_EVENT_TIME};

	if (run->left || sc_node_deadline_ns(run->node) > run->now_ns)
		return 0;
	return step(run, &event);
}

/* Nothing happened in this turn: let other processes run, or sleep.  A result of the I/O threads
 * ends the sleep at once.  A message does not, as MPI has to be asked for it. */
static void
idle(struct run *run)
{
	uint64_t sleep_ns;

	sc_deadman_enter("waiting for something to happen");
	if (run->idle.turns == 0)
		run->storage_stalls = sc_node_waits_for_storage(run->node);
	sleep_ns = sc_idle_next_ns(&run->idle, run->now_ns);
	if (sleep_ns == 0)
		(void)sched_yield();
	else
		sc_io_wait(run->io, sleep_ns);
}

/* Something happened: the time since something last happened was a stall.  Of what? */
static void
account_stall(struct run *run)
{
	struct sc_node_result *row = &run->result->row;
	uint64_t stalled_ns = run->now_ns - run->idle.busy_ns;

	if (run->idle.turns > 0 && run->storage_stalls)
		row->storage_stall_ns += stalled_ns;
	else if (run->idle.turns > 0)
		row->network_stall_ns += stalled_ns;
	sc_idle_busy(&run->idle, run->now_ns);
}

static int
loop(struct run *run)
{
	while (!run->left) {
		uint32_t happened = 0;

		sc_deadman_feed();
		if (poll_fabric(run, &happened) != 0 || poll_io(run, &happened) != 0 ||
		    check_deadline(run) != 0)
			return -1;
		if (*run->config->stop_signal != 0) {
			run->result->stopped_by = *run->config->stop_signal;
			return 0;
		}
		if (happened == 0)
			idle(run);
		else
			account_stall(run);
	}
	return 0;
}

static int
start_io(struct run *run, const char *dest)
{
	const struct sc_options *options = run->job->options;
	const struct sc_job *job = run->job;
	bool is_tree = job->facts.source.manifest_bytes > 0;
	const struct sc_io_config config = {
		.slots = run->config->slots,
		.source = job->source,
		.dest = dest,
		.facts = job->facts.source,
		.sink_options = {.force = options->force,
			.preserve = options->preserve,
			.verify = options->verify,
			.resume = options->resume,
			.backing = options->unpack ? sc_archive_open
			    : is_tree              ? sc_dirtree_backing_open
						   : NULL,
			.directory = options->unpack,
			.source = options->source,
			.skip_unreadable = options->on_unreadable == SC_UNREADABLE_SKIP},
		.stall_ns = stall_ns,
	};

	if (dest != NULL)
		sc_log(SC_LOG_INFO, "writing %s", dest);
	return sc_io_start(&run->io, &config, run->err);
}

static int
start_node(struct run *run, bool awaits_store)
{
	const struct sc_job *job = run->job;
	const struct sc_job_facts *facts = &job->facts;
	const struct sc_node_config config = {
		.plan = &job->plan,
		.self = job->self,
		.keeps_copy = keeps_copy(job),
		.has_source = job->source != NULL,
		.awaits_store = awaits_store,
		.buddy = facts->buddy,
		.heartbeat_ns = facts->heartbeat_ns,
		.timeout_ns = facts->timeout_ns,
		.progress_interval_ns = facts->progress_interval_ns,
		.chunk_ns =
		    (uint64_t)(job->plan.chunk_bytes * 1e9 / facts->machine.link_bytes_per_s),
	};
	FILE *trace = run->config->trace;

	run->node = sc_node_new(&config);
	if (run->node == NULL)
		return sc_fail(run->err, 0, "no memory for %u chunks", job->plan.chunks);
	if (trace != NULL &&
	    (sc_trace_begin(trace, &job->plan) != 0 || sc_trace_node(trace, &config) != 0))
		return sc_fail(run->err, errno, "the trace can't be written");
	return 0;
}

static int
start(struct run *run)
{
	const struct sc_job *job = run->job;
	const char *dest = keeps_copy(job) ? job->dest : NULL;
	struct sc_event event = {.what = SC_EVENT_STARTED};

	if (start_node(run, dest != NULL && run->job->options->resume) != 0 ||
	    start_io(run, dest) != 0)
		return -1;
	run->now_ns = sc_clock_now_ns();
	sc_idle_begin(&run->idle, job->plan.chunk_bytes, job->facts.machine.link_bytes_per_s,
	    run->now_ns);
	if (step(run, &event) != 0)
		return -1;
	if (!keeps_copy(job) || dest != NULL)
		return 0;
	event = (struct sc_event){
		.what = SC_EVENT_STORE_FAILED, .slot = SC_NONE, .cause = job->dest_error.text};
	note_cause(run, job->dest_error.text);
	return step(run, &event);
}

/* Keep what is to be known of this node, and of the others, after it is freed. */
static void
fill_result(struct run *run)
{
	const struct sc_roster *roster = sc_node_roster(run->node);
	struct sc_run_result *result = run->result;
	struct rusage usage;

	sc_fabric_traffic(run->config->fabric, &result->row.bytes_sent,
	    &result->row.bytes_received);
	if (getrusage(RUSAGE_SELF, &usage) == 0)
		result->row.memory_peak_bytes = (uint64_t)usage.ru_maxrss * 1024;
	sc_roster_init(&result->roster, &run->job->plan, run->job->facts.buddy);
	for (uint32_t i = 0; i < roster->failed.count; i++)
		(void)sc_roster_fail(&result->roster, roster->losses[i].node,
		    roster->losses[i].cause);
	result->leads = sc_node_leader(run->node) == run->job->self;
}

int
sc_run(const struct sc_run_config *config, struct sc_run_result *result, struct sc_error *err)
{
	struct run run = {.config = config, .job = config->job, .result = result, .err = err};
	int rc;

	*result = (struct sc_run_result){0};
	result->row.node = run.job->self;
	result->row.state = keeps_copy(run.job) ? SC_NODE_FAILED : SC_NODE_NO_COPY;
	rc = sc_deadman_start(run.job->facts.timeout_ns, err);
	if (rc == 0)
		rc = start(&run);
	if (rc == 0)
		rc = loop(&run);
	sc_deadman_stop();
	result->io_hangs = !sc_io_stop(run.io);
	if (run.node != NULL)
		fill_result(&run);
	sc_node_free(run.node);
	sc_actions_free(&run.actions);
	return rc;
}
