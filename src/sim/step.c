/*
 * A simulated run: what happens to a node, and the step that it takes then.
 *
 * A node has one processor, which handles one message after the other.  An event is given to the
 * core when it happens, with the time at which the processor is done with it: events would be
 * handled in that order anyway, so this needs no second event.
 */
#include "sim/impl.h"

#include <assert.h>
#include <stdlib.h>

/* May this come to a node that has left?  After an abort a node waits neither for what is still
 * in the network nor for its store. */
static bool
may_be_late(const struct sim *sim, const struct sc_event *event)
{
	bool control = event->what == SC_EVENT_CONTROL_ARRIVED;

	if (control && event->length > 1 && sim_may_be_late(event->bytes[1]))
		return true;
	return sim->result->aborted &&
	    (control || event->what == SC_EVENT_CHUNK_ARRIVED ||
		event->what == SC_EVENT_STORE_OPENED ||
		(event->what == SC_EVENT_STORE_FAILED && event->slot == SC_NONE));
}

/* Be called when the core wants to be, or earlier. */
static void
set_timer(struct sim *sim, uint32_t node)
{
	struct member *member = &sim->members[node];
	uint64_t deadline_ns = sc_node_deadline_ns(member->core);

	if (deadline_ns >= member->timer_ns)
		return;
	if (deadline_ns < sim->agenda.now_ns)
		deadline_ns = sim->agenda.now_ns;
	member->timer_ns = deadline_ns;
	sc_agenda_post(&sim->agenda, deadline_ns, SC_AGENDA_TIMER, node);
}

static void
step(struct sim *sim, uint32_t node, struct sc_event *event)
{
	const struct sc_sim_listener *listener = &sim->config->listener;
	struct member *member = &sim->members[node];
	size_t count;

	if (sim->result->nodes[node].left) {
		if (!sim->disturbed && !may_be_late(sim, event))
			sim_broken(sim, node, "something was under way to it when it left");
		return;
	}
	if (member->processor_ns < sim->agenda.now_ns)
		member->processor_ns = sim->agenda.now_ns;
	if (event->what == SC_EVENT_CHUNK_ARRIVED || event->what == SC_EVENT_CONTROL_ARRIVED)
		member->processor_ns += sim->message_ns;
	event->now_ns = member->processor_ns;
	sc_actions_clear(&sim->actions);
	if (sc_node_step(member->core, event, &sim->actions) != 0)
		sim_broken(sim, node, "refused an event");
	if (sim->config->check_nodes)
		sc_node_check(member->core);
	sim->result->steps++;
	if (listener->step != NULL)
		listener->step(listener->context, node, event, &sim->actions);
	count = member->condition == NULL ? sim->actions.count : sim_actions_done(sim, node);
	sim_perform(sim, node, event->now_ns, count);
	if (member->condition != NULL)
		sim_strike_after_step(sim, node);
	set_timer(sim, node);
}

static void
chunk_sent(struct sim *sim, const struct sc_message_flight *message)
{
	struct sc_event event = {
		.what = SC_EVENT_CHUNK_SENT,
		.peer = message->to,
		.slot = message->slot,
		.subfile = message->subfile,
	};

	sim_broken(sim, message->from,
	    sc_rules_sent(&sim->members[message->from].rules, message->slot));
	step(sim, message->from, &event);
}

static bool
arrives_intact(struct sim *sim, uint32_t node)
{
	struct condition *condition = sim->members[node].condition;

	if (condition == NULL || condition->damages == 0)
		return true;
	condition->damages--;
	return false;
}

static void
chunk_arrived(struct sim *sim, const struct sc_message_flight *message)
{
	struct sc_sim_node *row = &sim->result->nodes[message->to];
	struct sc_event event = {
		.what = SC_EVENT_CHUNK_ARRIVED,
		.peer = message->from,
		.subfile = message->subfile,
	};
	const char *broken;

	if (sim->impaired && sim_forgot(sim, message->to, message->from))
		return;
	row->bytes_received += (uint64_t)message->bytes;
	row->last_chunk_ns = sim->agenda.now_ns;
	event.intact = arrives_intact(sim, message->to);
	event.chunk = event.intact ? message->chunk : SC_NONE;
	if (!row->left) {
		broken = sc_rules_arrived(&sim->members[message->to].rules, message->from,
		    message->subfile, message->chunk, event.intact, &event.slot);
		sim_broken(sim, message->to, broken);
		if (broken != NULL)
			return;
	}
	step(sim, message->to, &event);
}

/* Does a peer that the node takes for alive tell the node that it is out itself? */
static bool
tells_out(const struct sim *sim, const struct control *control, const struct sc_event *event)
{
	struct sc_message message;

	if (event->length < 2 || event->bytes[1] != SC_MESSAGE_NOTICE ||
	    sim_forgot(sim, control->to, control->from) ||
	    sc_message_decode(event->bytes, event->length, &message) != 0)
		return false;
	for (uint32_t i = 0; i < message.u.notice.count; i++) {
		if (message.u.notice.entries[i].node == control->to &&
		    message.u.notice.entries[i].trouble != SC_TROUBLE_TORPID)
			return true;
	}
	return false;
}

static void
control_arrived(struct sim *sim, uint32_t index)
{
	struct control control = sim->controls[index];
	struct sc_event event = {
		.what = SC_EVENT_CONTROL_ARRIVED,
		.peer = control.from,
		.bytes = control.bytes != NULL ? control.bytes : control.body,
		.length = control.length,
	};
	bool is_out;

	sim_free_control(sim, index);
	is_out = tells_out(sim, &control, &event);
	step(sim, control.to, &event);
	if (is_out && !sim_has_ended(sim, control.to))
		sim_broken(sim, control.to, "stays though it was told that it is out");
	free(control.bytes);
}

static bool
has_dead_disk(const struct sim *sim, uint32_t node)
{
	return sim->members[node].condition != NULL && sim->members[node].condition->dead_disk;
}

/* Why a chunk can't be loaded, or NULL. */
static const char *
load_failure(struct sim *sim, uint32_t node, uint32_t chunk)
{
	struct condition *condition = sim->members[node].condition;

	if (node == SC_ORIGIN && chunk == sim->config->faults.source_at)
		return "the source shrank";
	if (condition != NULL && condition->bad_loads > 0) {
		condition->bad_loads--;
		return "input/output error";
	}
	return has_dead_disk(sim, node) && !sim_has_source(sim, node) ? "the disk does not answer"
								      : NULL;
}

static void
chunk_loaded(struct sim *sim, uint32_t node, const struct sc_disk_job *job)
{
	struct sc_event event = {.slot = job->slot, .chunk = job->chunk};

	event.cause = load_failure(sim, node, job->chunk);
	event.what = event.cause == NULL ? SC_EVENT_CHUNK_LOADED : SC_EVENT_LOAD_FAILED;
	sim_broken(sim, node,
	    sc_rules_loaded(&sim->members[node].rules, job->slot, job->chunk, event.cause == NULL));
	step(sim, node, &event);
}

static void
chunk_stored(struct sim *sim, uint32_t node, const struct sc_disk_job *job)
{
	struct member *member = &sim->members[node];
	struct sc_sim_node *row = &sim->result->nodes[node];
	struct sc_event event = {
		.what = SC_EVENT_CHUNK_STORED, .slot = job->slot, .chunk = job->chunk};

	if (has_dead_disk(sim, node))
		event.cause = "the disk does not answer";
	else if (member->condition != NULL && member->condition->full_disk)
		event.cause = "no space left on device";
	if (event.cause != NULL) {
		event.what = SC_EVENT_STORE_FAILED;
	} else {
		row->bytes_stored += sc_plan_chunk_length(sim->plan, job->chunk);
		row->stored_ns = sim->agenda.now_ns;
	}
	sim_broken(sim, node,
	    sc_rules_stored(&member->rules, job->slot, job->chunk, event.cause == NULL));
	step(sim, node, &event);
}

static void
copy_committed(struct sim *sim, uint32_t node)
{
	struct member *member = &sim->members[node];
	struct sc_event event = {.what = SC_EVENT_COMMITTED};

	if (has_dead_disk(sim, node))
		event.cause = "the disk does not answer";
	else if (member->condition != NULL && member->condition->bad_commit)
		event.cause = "read-only file system";
	if (event.cause != NULL) {
		event.what = SC_EVENT_COMMIT_FAILED;
	} else {
		sim->result->nodes[node].renamed = true;
		sim->result->commits++;
	}
	member->rules.committing = false;
	step(sim, node, &event);
}

static void
source_finished(struct sim *sim, uint32_t node)
{
	struct sc_event event = {.what = SC_EVENT_SOURCE_FINISHED, .slot = SC_NONE};

	if (node == SC_ORIGIN && sim->config->faults.source_at == sim->plan->chunks) {
		event.what = SC_EVENT_LOAD_FAILED;
		event.cause = "the source changed while it was read";
	}
	step(sim, node, &event);
}

static void
disk_done(struct sim *sim, uint32_t node, const struct sc_disk_job *job)
{
	switch (job->what) {
	case SC_DISK_LOAD:
		chunk_loaded(sim, node, job);
		break;
	case SC_DISK_STORE:
		chunk_stored(sim, node, job);
		break;
	case SC_DISK_FINISH:
		source_finished(sim, node);
		break;
	case SC_DISK_COMMIT:
		copy_committed(sim, node);
		break;
	}
}

static void
timer_came(struct sim *sim, uint32_t node)
{
	struct sc_event event = {.what = SC_EVENT_TIME};

	sim->members[node].timer_ns = UINT64_MAX;
	if (sim->result->nodes[node].left)
		return;
	if (sc_node_deadline_ns(sim->members[node].core) > sim->agenda.now_ns)
		set_timer(sim, node); /* it was put off */
	else
		step(sim, node, &event);
}

static bool
has_no_copy(const struct sim *sim, uint32_t node)
{
	const struct sc_sim_faults *faults = &sim->config->faults;

	for (uint32_t i = 0; i < faults->count; i++) {
		if (faults->list[i].node == node && faults->list[i].kind == SC_FAULT_NO_COPY)
			return true;
	}
	return false;
}

/* What became of the store that an earlier run may have left, or is begun. */
static void
store_opened(struct sim *sim, uint32_t node)
{
	struct sc_event event = {.what = SC_EVENT_STORE_OPENED, .slot = SC_NONE};

	if (has_no_copy(sim, node)) {
		sim->result->nodes[node].struck = true;
		event.what = SC_EVENT_STORE_FAILED;
		event.cause = "no such directory";
	} else if (!sc_sim_node_config(sim->config, node).awaits_store) {
		return;
	} else if (sim->config->held[node].count > 0) {
		event.held = &sim->config->held[node];
		sc_rules_hold(&sim->members[node].rules, event.held);
	}
	step(sim, node, &event);
}

void
sim_deliver(struct sim *sim, const struct sim_event *event)
{
	struct sc_event told = {.peer = event->peer, .slot = event->slot};

	switch (event->kind) {
	case SIM_CHUNK_ARRIVED:
		chunk_arrived(sim, &event->message);
		break;
	case SIM_CHUNK_SENT:
		chunk_sent(sim, &event->message);
		break;
	case SIM_CONTROL_ARRIVED:
		control_arrived(sim, event->id);
		break;
	case SIM_DISK_DONE:
		disk_done(sim, event->node, &event->job);
		break;
	case SIM_TIMER:
		timer_came(sim, event->node);
		break;
	case SIM_PEER_FAILED:
		told.what = SC_EVENT_PEER_FAILED;
		step(sim, event->node, &told);
		break;
	case SIM_RECEIVE_ENDED:
		told.what = SC_EVENT_RECEIVE_ENDED;
		sc_rules_ended(&sim->members[event->node].rules, event->slot);
		step(sim, event->node, &told);
		break;
	case SIM_STORE_OPENED:
		store_opened(sim, event->node);
		break;
	default:
		assert(0);
	}
}

/* A copy that can't be created is known by the first step, unless the node looks for what an
 * earlier run left. */
void
sim_start_node(struct sim *sim, uint32_t node)
{
	struct sim_event store = {.kind = SIM_STORE_OPENED, .node = node};
	struct sc_event event = {.what = SC_EVENT_STARTED};
	double wait_ns = (double)sim->config->open_ns;

	step(sim, node, &event);
	if (!sc_sim_node_config(sim->config, node).awaits_store) {
		if (sim->config->faults.count > 0)
			sim_deliver(sim, &store);
		return;
	}
	wait_ns *= sc_jitter(&sim->chance, sim->machine);
	sim_post(sim, sim->agenda.now_ns + (uint64_t)wait_ns, &store);
}
