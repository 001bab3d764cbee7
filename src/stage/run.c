/*
 * The run loop: see run.h.
 */
#include "stage/run.h"

#include "base/clock.h"
#include "base/deadman.h"
#include "base/log.h"
#include "core/node.h"
#include "file/io.h"
#include "record/trace.h"
#include "stage/idle.h"

#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* A disk that has not answered for so long is taken for broken. */
static const uint64_t stall_ns = UINT64_C(30) * 1000 * 1000 * 1000;

struct run {
	const struct sc_run_config *config;
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

static void
record(struct run *run, const struct sc_record *record)
{
	struct sc_node_result *report = &run->result->report;

	switch (record->what) {
	case SC_RECORD_FIRST_CHUNK:
		if (report->first_chunk_ns == 0)
			report->first_chunk_ns = run->now_ns;
		break;
	case SC_RECORD_ALL_HELD:
		report->stored_ns = run->now_ns;
		break;
	case SC_RECORD_COMMITTED:
		report->committed_ns = run->now_ns;
		report->state = SC_NODE_COMMITTED;
		break;
	default:
		break;
	}
	sc_log(SC_LOG_DEBUG, "node %u: %s, peer %d, subfile %d, %llu", run->config->self,
	    sc_record_name(record->what), (int)record->peer, (int)record->subfile,
	    (unsigned long long)record->count);
	if (run->config->records)
		sc_timeline_add(&run->result->timeline, run->now_ns, record);
}

static int
perform(struct run *run, const struct sc_action *action)
{
	const struct sc_run_config *config = run->config;

	switch (action->what) {
	case SC_ACTION_LOAD:
		sc_io_load(run->io, action->slot, action->chunk);
		return 0;
	case SC_ACTION_WITHDRAW:
		return sc_fabric_withdraw(config->fabric, action->peer, action->subfile, run->err);
	case SC_ACTION_FORGET:
		return sc_fabric_forget(config->fabric, action->peer, run->err);
	case SC_ACTION_STORE:
		sc_io_store(run->io, action->slot, action->chunk);
		return 0;
	case SC_ACTION_RECEIVE:
		return sc_fabric_receive(config->fabric, action->slot, action->peer,
		    action->subfile, run->err);
	case SC_ACTION_SEND:
		return sc_fabric_send(config->fabric, action->slot,
		    sc_slots_message_bytes(config->slots, action->slot), action->peer,
		    action->subfile, run->err);
	case SC_ACTION_FINISH_SOURCE:
		sc_io_finish(run->io);
		return 0;
	case SC_ACTION_COMMIT:
		run->result->report.digest_low = action->seal.sum.low;
		run->result->report.digest_high = action->seal.sum.high;
		sc_io_commit(run->io, &action->seal);
		return 0;
	case SC_ACTION_CONTROL:
		return sc_fabric_control(config->fabric, action->peer,
		    sc_action_bytes(&run->actions, action), action->length, run->err);
	case SC_ACTION_RECORD:
		record(run, &action->record);
		return 0;
	case SC_ACTION_REPORT:
		config->listener(config->context, action, sc_action_text(&run->actions, action),
		    run->now_ns);
		return 0;
	case SC_ACTION_LEAVE:
		run->result->leave = action->leave;
		run->left = true;
		return 0;
	}
	return 0;
}

static const char at_io[] = "handing chunks to the I/O threads, or back";

/* Where an action is performed. */
static const char *
place_of(enum sc_action_what what)
{
	switch (what) {
	case SC_ACTION_WITHDRAW:
	case SC_ACTION_FORGET:
	case SC_ACTION_RECEIVE:
	case SC_ACTION_SEND:
	case SC_ACTION_CONTROL:
		return "in MPI, to send or to receive";
	case SC_ACTION_REPORT:
		return "telling the user";
	default:
		return at_io;
	}
}

static int
step(struct run *run, struct sc_event *event)
{
	if (run->left)
		return 0;
	event->now_ns = run->now_ns;
	sc_actions_clear(&run->actions);
	sc_deadman_enter("in a step of the protocol");
	if (sc_node_step(run->node, event, &run->actions) != 0) {
		/* Nothing that a correct peer sends.  It was ignored. */
		sc_log(SC_LOG_WARNING, "a message from node %u makes no sense and was ignored",
		    event->peer);
	}
	if (run->config->trace != NULL) {
		sc_deadman_enter("writing its trace");
		if (sc_trace_step(run->config->trace, run->config->self, event, &run->actions) != 0)
			return sc_fail(run->err, errno, "the trace can't be written");
	}
	for (size_t i = 0; i < run->actions.count; i++) {
		sc_deadman_enter(place_of(run->actions.items[i].what));
		if (perform(run, &run->actions.items[i]) != 0)
			return -1;
	}
	return 0;
}

/* Did a sound chunk of this file arrive, and which? */
static bool
is_intact(const struct sc_run_config *config, const struct sc_fabric_event *happened,
    uint32_t *chunk)
{
	struct sc_chunk_header header;

	if (!sc_slots_check(config->slots, happened->slot, happened->length, &header) ||
	    header.chunk >= config->plan->chunks ||
	    header.length != sc_plan_chunk_length(config->plan, header.chunk))
		return false;
	*chunk = header.chunk;
	return true;
}

static int
take_fabric_event(struct run *run, const struct sc_fabric_event *happened)
{
	struct sc_event event = {
		.peer = happened->peer,
		.subfile = happened->subfile,
		.slot = happened->slot,
		.cause = happened->cause,
	};

	switch (happened->what) {
	case SC_FABRIC_ARRIVED:
		event.what = SC_EVENT_CHUNK_ARRIVED;
		sc_deadman_enter("checking a chunk");
		event.intact = is_intact(run->config, happened, &event.chunk);
		run->result->report.last_chunk_ns = run->now_ns;
		sc_idle_chunk(&run->idle, run->now_ns);
		break;
	case SC_FABRIC_RECEIVE_ENDED:
		event.what = SC_EVENT_RECEIVE_ENDED;
		break;
	case SC_FABRIC_SENT:
		event.what = SC_EVENT_CHUNK_SENT;
		break;
	case SC_FABRIC_CONTROL:
		event.what = SC_EVENT_CONTROL_ARRIVED;
		event.bytes = happened->bytes;
		event.length = happened->length;
		break;
	case SC_FABRIC_FAILED:
		event.what = SC_EVENT_PEER_FAILED;
		break;
	}
	return step(run, &event);
}

static int
take_io_result(struct run *run, const struct sc_io_result *happened)
{
	struct sc_event event = {
		.slot = happened->slot, .chunk = happened->chunk, .cause = happened->why};

	switch (happened->what) {
	case SC_IO_OPENED:
		if (sc_io_note(run->io)[0] != '\0')
			sc_log(SC_LOG_WARNING, "%s", sc_io_note(run->io));
		if (!run->config->sink_options.resume)
			return 0;
		event.what = SC_EVENT_STORE_OPENED;
		event.held = sc_io_held(run->io);
		break;
	case SC_IO_LOADED:
		event.what = SC_EVENT_CHUNK_LOADED;
		break;
	case SC_IO_STORED:
		event.what = SC_EVENT_CHUNK_STORED;
		run->result->report.bytes_stored +=
		    sc_plan_chunk_length(run->config->plan, happened->chunk);
		break;
	case SC_IO_FINISHED:
		event.what = SC_EVENT_SOURCE_FINISHED;
		event.seal = happened->seal;
		run->result->has_digest = true;
		run->result->digest = happened->seal.whole;
		break;
	case SC_IO_COMMITTED:
		event.what = SC_EVENT_COMMITTED;
		break;
	case SC_IO_LOAD_FAILED:
	case SC_IO_FINISH_FAILED:
		event.what = SC_EVENT_LOAD_FAILED;
		break;
	case SC_IO_STORE_FAILED:
	case SC_IO_COMMIT_FAILED:
		event.what = happened->what == SC_IO_STORE_FAILED ? SC_EVENT_STORE_FAILED
								  : SC_EVENT_COMMIT_FAILED;
		snprintf(run->result->report.cause, sizeof(run->result->report.cause), "%.*s",
		    SC_CAUSE_BYTES - 1, happened->why);
		break;
	}
	return step(run, &event);
}

/* Everything that has happened since the last turn.  Returns how many events
 * that were, or -1. */
static int
take_events(struct run *run)
{
	const struct sc_fabric_event *events;
	struct sc_io_result result;
	int count;
	int total;

	sc_deadman_enter("in MPI, for what has come");
	count = total = sc_fabric_poll(run->config->fabric, &events, run->err);
	run->now_ns = sc_clock_now_ns();
	for (int i = 0; i < count && !run->left; i++) {
		if (take_fabric_event(run, &events[i]) != 0)
			return -1;
	}
	sc_deadman_enter(at_io);
	while (count >= 0 && !run->left && sc_io_poll(run->io, &result)) {
		total++;
		if (take_io_result(run, &result) != 0)
			return -1;
		sc_deadman_enter(at_io);
	}
	if (count >= 0 && !run->left && sc_node_deadline_ns(run->node) <= run->now_ns) {
		struct sc_event event = {.what = SC_EVENT_TIME};

		if (step(run, &event) != 0)
			return -1;
	}
	return total;
}

/* Nothing happened in this turn: let others run, or sleep.  A result of the I/O threads ends the
 * sleep at once; the network has to wait for its end, as MPI has to be asked. */
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

/* The time since something last happened was a stall: of what? */
static void
account_stall(struct run *run)
{
	uint64_t stalled_ns = run->now_ns - run->idle.busy_ns;

	if (run->idle.turns > 0) {
		if (run->storage_stalls)
			run->result->report.storage_stall_ns += stalled_ns;
		else
			run->result->report.network_stall_ns += stalled_ns;
	}
	sc_idle_busy(&run->idle, run->now_ns);
}

static int
start(struct run *run)
{
	const struct sc_run_config *config = run->config;
	struct sc_event event = {.what = SC_EVENT_STARTED};
	struct sc_node_config node_config = {
		.plan = config->plan,
		.self = config->self,
		.keeps_copy = config->keeps_copy,
		.has_source = config->source != NULL,
		.awaits_store = config->dest != NULL && config->sink_options.resume,
		.buddy = config->buddy,
		.heartbeat_ns = config->heartbeat_ns,
		.timeout_ns = config->timeout_ns,
		.progress_interval_ns = config->progress_interval_ns,
		.chunk_ns = (uint64_t)(config->plan->chunk_bytes * 1e9 / config->link_bytes_per_s),
		/* Whoever dies while others are in MPI_Finalize would keep them there. */
	};
	struct sc_io_config io_config = {
		.slots = config->slots,
		.source = config->source,
		.dest = config->dest,
		.facts = config->facts,
		.sink_options = config->sink_options,
		.stall_ns = stall_ns,
	};

	run->node = sc_node_new(&node_config);
	if (run->node == NULL)
		return sc_fail(run->err, 0, "no memory for %u chunks", config->plan->chunks);
	if (sc_io_start(&run->io, &io_config, run->err) != 0)
		return -1;
	if (config->trace != NULL &&
	    (sc_trace_begin(config->trace, config->plan) != 0 ||
		sc_trace_node(config->trace, &node_config) != 0))
		return sc_fail(run->err, errno, "the trace can't be written");
	run->now_ns = sc_clock_now_ns();
	sc_idle_begin(&run->idle, config->plan->chunk_bytes, config->link_bytes_per_s, run->now_ns);
	if (step(run, &event) != 0)
		return -1;
	if (config->dest_failure != NULL) {
		event.what = SC_EVENT_STORE_FAILED;
		event.slot = SC_NONE;
		event.cause = config->dest_failure;
		snprintf(run->result->report.cause, sizeof(run->result->report.cause), "%.*s",
		    SC_CAUSE_BYTES - 1, config->dest_failure);
		return step(run, &event);
	}
	return 0;
}

static int
loop(struct run *run)
{
	while (!run->left) {
		int count;

		sc_deadman_feed();
		count = take_events(run);
		if (count < 0)
			return -1;
		if (*run->config->stop_signal != 0) {
			run->result->stopped_by = *run->config->stop_signal;
			return 0;
		}
		if (count == 0)
			idle(run);
		else
			account_stall(run);
	}
	return 0;
}

static void
fill_report(struct run *run)
{
	struct sc_node_result *report = &run->result->report;
	struct rusage usage;

	sc_fabric_traffic(run->config->fabric, &report->bytes_sent, &report->bytes_received);
	if (getrusage(RUSAGE_SELF, &usage) == 0)
		report->memory_peak_bytes = (uint64_t)usage.ru_maxrss * 1024;
}

/* What is to be known of the others when the node is no more. */
static void
keep_roster(struct run *run)
{
	const struct sc_roster *roster = sc_node_roster(run->node);

	sc_roster_init(&run->result->roster, run->config->plan, run->config->buddy);
	for (uint32_t i = 0; i < roster->failed.count; i++)
		(void)sc_roster_fail(&run->result->roster, roster->losses[i].node,
		    roster->losses[i].cause);
	run->result->leads = sc_node_leader(run->node) == run->config->self;
}

int
sc_run(const struct sc_run_config *config, struct sc_run_result *result, struct sc_error *err)
{
	struct run run = {.config = config, .result = result, .err = err};
	int rc;

	*result = (struct sc_run_result){0};
	result->report.node = config->self;
	result->report.state = config->keeps_copy ? SC_NODE_FAILED : SC_NODE_NO_COPY;
	rc = sc_deadman_start(config->timeout_ns, err);
	if (rc == 0)
		rc = start(&run);
	if (rc == 0)
		rc = loop(&run);
	sc_deadman_stop();
	result->io_hangs = !sc_io_stop(run.io);
	fill_report(&run);
	if (run.node != NULL)
		keep_roster(&run);
	sc_node_free(run.node);
	sc_actions_free(&run.actions);
	return rc;
}
