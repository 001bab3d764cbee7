/*
 * A simulated run: what happens to a node, and the step that it takes then.
 *
 * A node has one processor, which handles a message after the other.  What
 * happens to a node is told to its core when it happens, with the time at
 * which the processor is done with it: in that order it would be handled
 * anyway, so this needs no further event.
 */
#include "sim/impl.h"

#include <assert.h>
#include <stdlib.h>

/* Nobody waits for a heartbeat, or to hear what he has counted himself, or who is slow, which any
 * neighbour may tell. */
static bool
is_news(const struct sc_event *event)
{
	return event->what == SC_EVENT_CONTROL_ARRIVED && event->length > 1 &&
	    sim_is_news(event->bytes[1]);
}

/* After an abort nobody waits for what is still in the network, or for a store. */
static bool
is_vain(const struct sc_event *event)
{
	return event->what == SC_EVENT_CHUNK_ARRIVED || event->what == SC_EVENT_CONTROL_ARRIVED ||
	    event->what == SC_EVENT_STORE_OPENED ||
	    (event->what == SC_EVENT_STORE_FAILED && event->slot == SC_NONE);
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
	bool message =
	    event->what == SC_EVENT_CHUNK_ARRIVED || event->what == SC_EVENT_CONTROL_ARRIVED;
	size_t count;

	if (sim->result->nodes[node].left) {
		if (!sim->disturbed && !(sim->result->aborted && is_vain(event)) && !is_news(event))
			sim_broken(sim, node, "something was under way to it when it left");
		return;
	}
	if (member->processor_ns < sim->agenda.now_ns)
		member->processor_ns = sim->agenda.now_ns;
	if (message)
		member->processor_ns += sim->message_ns;
	event->now_ns = member->processor_ns;
	sc_actions_clear(&sim->actions);
	if (sc_node_step(member->core, event, &sim->actions) != 0)
		sim_broken(sim, node, "refused an event");
	sim->result->steps++;
	if (listener->step != NULL)
		listener->step(listener->context, node, event, &sim->actions);
	if (sc_node_slots_used(member->core) > sim->result->most_slots)
		sim->result->most_slots = sc_node_slots_used(member->core);
	count = member->ailment == NULL ? sim->actions.count : sim_actions_done(sim, node);
	sim_perform(sim, node, event->now_ns, count);
	if (member->ailment != NULL)
		sim_strike_after_step(sim, node);
	set_timer(sim, node);
}

static void
take_sent(struct sim *sim, const struct sc_message_flight *message)
{
	struct sc_event event = {
		.what = SC_EVENT_CHUNK_SENT,
		.peer = message->to,
		.slot = message->slot,
		.subfile = message->subfile,
	};

	sim->result->nodes[message->from].sends--;
	sim_broken(sim, message->from,
	    sc_rules_sent(&sim->members[message->from].rules, message->slot));
	step(sim, message->from, &event);
}

static void
on_sent(void *context, const struct sc_message_flight *message)
{
	struct sim *sim = context;

	if (sim->impaired) {
		struct happening sent = {.what = HAPPENS_SENT, .node = message->from};

		sent.message = *message;
		if (sim_parks(sim, &sent))
			return;
	}
	take_sent(sim, message);
}

static bool
arrives_intact(struct sim *sim, uint32_t node)
{
	struct ailment *ailment = sim->members[node].ailment;

	if (ailment == NULL || ailment->damages == 0)
		return true;
	ailment->damages--;
	return false;
}

static void
take_arrival(struct sim *sim, const struct sc_message_flight *message)
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

static void
on_arrived(void *context, const struct sc_message_flight *message)
{
	struct sim *sim = context;

	if (sim->impaired) {
		struct happening arrival = {.what = HAPPENS_ARRIVAL, .node = message->to};

		arrival.message = *message;
		if (sim_parks(sim, &arrival))
			return;
	}
	take_arrival(sim, message);
}

const struct sc_network_listener sim_network_listener = {.sent = on_sent, .arrived = on_arrived};

void
sim_free_letter(struct sim *sim, uint32_t index)
{
	sim->letters[index].bytes = NULL;
	sim->letters[index].next_free = sim->letter_free;
	sim->letter_free = index;
}

/* Does somebody whom it takes for alive tell a node that it is out itself? */
static bool
tells_out(const struct sim *sim, const struct letter *letter, const struct sc_event *event)
{
	struct sc_message message;

	if (event->length < 2 || event->bytes[1] != SC_MESSAGE_NOTICE ||
	    sim_forgot(sim, letter->to, letter->from) ||
	    sc_message_decode(event->bytes, event->length, &message) != 0)
		return false;
	for (uint32_t i = 0; i < message.u.notice.count; i++) {
		if (message.u.notice.entries[i].node == letter->to &&
		    message.u.notice.entries[i].trouble != SC_TROUBLE_TORPID)
			return true;
	}
	return false;
}

static void
take_control(struct sim *sim, uint32_t index)
{
	struct letter letter = sim->letters[index];
	struct sc_event event = {
		.what = SC_EVENT_CONTROL_ARRIVED,
		.peer = letter.from,
		.bytes = letter.bytes != NULL ? letter.bytes : letter.body,
		.length = letter.length,
	};
	bool is_out;

	sim_free_letter(sim, index);
	is_out = tells_out(sim, &letter, &event);
	step(sim, letter.to, &event);
	if (is_out && !sim_has_ended(sim, letter.to))
		sim_broken(sim, letter.to, "stays though it was told that it is out");
	free(letter.bytes);
}

void
sim_on_control(struct sim *sim, uint32_t index)
{
	if (sim->impaired) {
		struct happening control = {
			.what = HAPPENS_CONTROL,
			.node = sim->letters[index].to,
			.peer = sim->letters[index].from,
			.id = index,
		};

		if (sim_parks(sim, &control))
			return;
	}
	take_control(sim, index);
}

static bool
has_dead_disk(const struct sim *sim, uint32_t node)
{
	return sim->members[node].ailment != NULL && sim->members[node].ailment->dead_disk;
}

static void
take_loaded(struct sim *sim, uint32_t node, const struct sc_disk_job *job)
{
	struct ailment *ailment = sim->members[node].ailment;
	struct sc_event event = {
		.what = SC_EVENT_CHUNK_LOADED, .slot = job->slot, .chunk = job->chunk};

	if (node == SC_ORIGIN && job->chunk == sim->config->faults.source_at) {
		event.what = SC_EVENT_LOAD_FAILED;
		event.cause = "the source shrank";
	} else if (ailment != NULL && ailment->bad_loads > 0) {
		ailment->bad_loads--;
		event.what = SC_EVENT_LOAD_FAILED;
		event.cause = "input/output error";
	} else if (has_dead_disk(sim, node) && !sim_has_source(sim, node)) {
		event.what = SC_EVENT_LOAD_FAILED;
		event.cause = "the disk does not answer";
	}
	sim_broken(sim, node,
	    sc_rules_loaded(&sim->members[node].rules, job->slot, job->chunk,
		event.what == SC_EVENT_CHUNK_LOADED));
	step(sim, node, &event);
}

static void
take_stored(struct sim *sim, uint32_t node, const struct sc_disk_job *job)
{
	struct member *member = &sim->members[node];
	bool full = member->ailment != NULL && member->ailment->full_disk;
	bool dead = has_dead_disk(sim, node);
	bool kept = !full && !dead;
	struct sc_event event = {
		.what = SC_EVENT_CHUNK_STORED, .slot = job->slot, .chunk = job->chunk};

	if (!kept) {
		event.what = SC_EVENT_STORE_FAILED;
		event.cause = dead ? "the disk does not answer" : "no space left on device";
	} else {
		sim->result->nodes[node].bytes_stored +=
		    sc_plan_chunk_length(sim->plan, job->chunk);
		sim->result->nodes[node].stored_ns = sim->agenda.now_ns;
	}
	sim_broken(sim, node, sc_rules_stored(&member->rules, job->slot, job->chunk, kept));
	step(sim, node, &event);
}

static void
take_committed(struct sim *sim, uint32_t node)
{
	struct member *member = &sim->members[node];
	struct sc_event event = {.what = SC_EVENT_COMMITTED};

	if (has_dead_disk(sim, node)) {
		event.what = SC_EVENT_COMMIT_FAILED;
		event.cause = "the disk does not answer";
	} else if (member->ailment != NULL && member->ailment->bad_commit) {
		event.what = SC_EVENT_COMMIT_FAILED;
		event.cause = "read-only file system";
	} else {
		sim->result->nodes[node].renamed = true;
		sim->result->commits++;
	}
	member->rules.committing = false;
	step(sim, node, &event);
}

static void
take_finished(struct sim *sim, uint32_t node)
{
	struct sc_event event = {.what = SC_EVENT_SOURCE_FINISHED, .slot = SC_NONE};

	if (node == SC_ORIGIN && sim->config->faults.source_at == sim->plan->chunks) {
		event.what = SC_EVENT_LOAD_FAILED;
		event.cause = "the source changed while it was read";
	}
	step(sim, node, &event);
}

static void
take_disk(struct sim *sim, uint32_t node, const struct sc_disk_job *job)
{
	switch (job->what) {
	case SC_DISK_LOAD:
		take_loaded(sim, node, job);
		break;
	case SC_DISK_STORE:
		take_stored(sim, node, job);
		break;
	case SC_DISK_FINISH:
		take_finished(sim, node);
		break;
	case SC_DISK_COMMIT:
		take_committed(sim, node);
		break;
	}
}

void
sim_on_disk(struct sim *sim, uint32_t id)
{
	uint32_t node = id / DISKS;
	struct sc_disk_job job =
	    sc_disk_done(&sim->members[node].disks[id % DISKS], &sim->agenda, id);

	if (sim->impaired) {
		struct happening disk = {
			.what = HAPPENS_DISK, .node = node, .id = id % DISKS, .job = job};

		if (sim_parks(sim, &disk))
			return;
	}
	take_disk(sim, node, &job);
}

static void
take_timer(struct sim *sim, uint32_t node)
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

void
sim_on_timer(struct sim *sim, uint32_t node)
{
	struct happening timer = {.what = HAPPENS_TIMER, .node = node};

	/* One that an earlier one has replaced? */
	if (sim->members[node].timer_ns != sim->agenda.now_ns)
		return;
	if (!sim->impaired || !sim_parks(sim, &timer))
		take_timer(sim, node);
}

static void
take_peer_failed(struct sim *sim, uint32_t node, uint32_t peer)
{
	struct sc_event event = {.what = SC_EVENT_PEER_FAILED, .peer = peer};

	step(sim, node, &event);
}

static void
take_receive_ended(struct sim *sim, uint32_t node, uint32_t peer, uint32_t slot)
{
	struct sc_event event = {.what = SC_EVENT_RECEIVE_ENDED, .peer = peer, .slot = slot};

	sc_rules_ended(&sim->members[node].rules, slot);
	step(sim, node, &event);
}

static bool
has_no_disk(const struct sim *sim, uint32_t node)
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
take_store(struct sim *sim, uint32_t node)
{
	struct sc_event event = {.what = SC_EVENT_STORE_OPENED, .slot = SC_NONE};

	if (has_no_disk(sim, node)) {
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
sim_deliver(struct sim *sim, const struct happening *what)
{
	switch (what->what) {
	case HAPPENS_ARRIVAL:
		take_arrival(sim, &what->message);
		break;
	case HAPPENS_SENT:
		take_sent(sim, &what->message);
		break;
	case HAPPENS_CONTROL:
		take_control(sim, what->id);
		break;
	case HAPPENS_DISK:
		take_disk(sim, what->node, &what->job);
		break;
	case HAPPENS_TIMER:
		take_timer(sim, what->node);
		break;
	case HAPPENS_PEER_FAILED:
		take_peer_failed(sim, what->node, what->peer);
		break;
	case HAPPENS_RECEIVE_ENDED:
		take_receive_ended(sim, what->node, what->peer, what->slot);
		break;
	case HAPPENS_STORE:
		take_store(sim, what->node);
		break;
	default:
		assert(0);
	}
}

/* The first step; a copy that can't be created is known by then, unless it is
 * looked for what an earlier run left. */
void
sim_start_node(struct sim *sim, uint32_t node)
{
	struct happening store = {.what = HAPPENS_STORE, .node = node};
	struct sc_event event = {.what = SC_EVENT_STARTED};
	double wait_ns = (double)sim->config->open_ns;

	step(sim, node, &event);
	if (!sc_sim_node_config(sim->config, node).awaits_store) {
		if (sim->config->faults.count > 0)
			sim_deliver(sim, &store);
		return;
	}
	wait_ns *= sc_jitter(&sim->chance, sim->machine);
	sim_later(sim, sim->agenda.now_ns + (uint64_t)wait_ns, &store);
}
