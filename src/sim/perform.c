/*
 * A simulated run: what the actions of a node lead to.
 */
#include "sim/impl.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* What the network adds to a control message. */
enum { ENVELOPE_BYTES = 64 };

/* When is a node done with one more message, which it could begin to handle at time_ns?  It
 * handles them one after the other. */
static uint64_t
handled_ns(struct sim *sim, uint32_t node, uint64_t time_ns)
{
	struct member *member = &sim->members[node];

	if (member->processor_ns < time_ns)
		member->processor_ns = time_ns;
	return member->processor_ns += sim->message_ns;
}

static void
ask_disk(struct sim *sim, uint32_t node, int disk, uint64_t time_ns, double bytes_per_s,
    struct sc_disk_job job)
{
	const struct condition *condition = sim->members[node].condition;
	double duration_ns;

	if (condition != NULL)
		bytes_per_s *= condition->disk_factor;
	duration_ns = (double)sim->operation_ns +
	    sc_plan_chunk_length(sim->plan, job.chunk) / bytes_per_s * 1e9;
	duration_ns *= sc_jitter(&sim->random, sim->machine);
	sc_disk_ask(&sim->members[node].disks[disk], &sim->agenda, DISKS * node + (uint32_t)disk,
	    time_ns, (uint64_t)duration_ns, job);
}

static void
perform_load(struct sim *sim, uint32_t node, uint64_t time_ns, const struct sc_action *action)
{
	struct sc_disk_job job = {
		.what = SC_DISK_LOAD, .slot = action->slot, .chunk = action->chunk};
	const char *broken = sc_rules_load(&sim->members[node].rules, action->slot, action->chunk,
	    sim_has_source(sim, node));

	sim_broken(sim, node, broken);
	if (broken != NULL)
		return;
	if (!sim_has_source(sim, node))
		sim->result->loaded_back++;
	ask_disk(sim, node, DISK_READER, time_ns,
	    sim_has_source(sim, node) ? sim->machine->base.source_bytes_per_s
				      : sim->machine->disk_read_bytes_per_s,
	    job);
}

static void
perform_store(struct sim *sim, uint32_t node, uint64_t time_ns, const struct sc_action *action)
{
	struct sc_disk_job job = {
		.what = SC_DISK_STORE, .slot = action->slot, .chunk = action->chunk};
	const char *broken = sc_rules_store(&sim->members[node].rules, action->slot, action->chunk);

	sim_broken(sim, node, broken);
	if (broken != NULL)
		return;
	ask_disk(sim, node, DISK_WRITER, time_ns, sim->machine->base.disk_bytes_per_s, job);
}

/* After FORGET nothing but control goes to a peer, or is taken from it. */
static void
check_not_forgotten(struct sim *sim, uint32_t node, uint32_t peer)
{
	if (sim->impaired && sim_forgot(sim, node, peer))
		sim_broken(sim, node, "deals with a node that it has forgotten");
}

static void
perform_receive(struct sim *sim, uint32_t node, const struct sc_action *action)
{
	check_not_forgotten(sim, node, action->peer);
	sim_broken(sim, node,
	    sc_rules_receive(&sim->members[node].rules, action->slot, action->peer,
		action->subfile));
}

/* End the receives that are posted for a peer, each by an event of its own. */
static void
end_receives(struct sim *sim, uint32_t node, uint64_t time_ns, uint32_t peer, uint32_t subfile)
{
	struct sim_event ended = {.kind = SIM_RECEIVE_ENDED, .node = node, .peer = peer};

	while ((ended.slot = sc_rules_end_receive(&sim->members[node].rules, peer, subfile)) !=
	    SC_NONE)
		sim_post(sim, handled_ns(sim, node, time_ns), &ended);
}

static void
perform_withdraw(struct sim *sim, uint32_t node, uint64_t time_ns, const struct sc_action *action)
{
	check_not_forgotten(sim, node, action->peer);
	end_receives(sim, node, time_ns, action->peer, action->subfile);
}

static void
perform_forget(struct sim *sim, uint32_t node, uint64_t time_ns, const struct sc_action *action)
{
	struct condition *condition = sim_condition(sim, node);
	struct sim_event changed = {.kind = SIM_WAITING_CHANGED};

	if (action->peer >= sim->nodes || action->peer == node) {
		sim_broken(sim, node, "forgets a node that does not exist");
		return;
	}
	if (condition->forgotten.words == NULL &&
	    sc_bitmap_init(&condition->forgotten, sim->nodes) != 0)
		abort();
	if (!sc_bitmap_add(&condition->forgotten, action->peer))
		sim_broken(sim, node, "forgets a node twice");
	sim->impaired = true;
	sim->disturbed = true;
	end_receives(sim, node, time_ns, action->peer, SC_NONE);
	if (sim->waiting_first != SC_NONE)
		sim_post(sim, handled_ns(sim, node, time_ns), &changed);
}

/* A node may send to one that has left only if it can't know that. */
static void
check_not_left(struct sim *sim, uint32_t node, uint32_t peer)
{
	if (sim->result->nodes[peer].left && !sim->disturbed && !sim_closed_badly(sim))
		sim_broken(sim, node, "sends to a node that has left");
}

static void
perform_send(struct sim *sim, uint32_t node, uint64_t time_ns, const struct sc_action *action)
{
	struct sc_message_flight message = {
		.from = node,
		.to = action->peer,
		.slot = action->slot,
		.chunk = action->chunk,
		.subfile = action->subfile,
	};
	uint32_t length;
	const char *broken;

	if (action->peer >= sim->nodes || action->peer == node) {
		sim_broken(sim, node, "sends to a node that does not exist");
		return;
	}
	broken =
	    sc_rules_send(&sim->members[node].rules, action->slot, action->chunk, action->subfile);
	sim_broken(sim, node, broken);
	if (broken != NULL)
		return;
	check_not_forgotten(sim, node, action->peer);
	check_not_left(sim, node, action->peer);
	length = sc_plan_chunk_length(sim->plan, action->chunk);
	message.bytes = length;
	sim->result->nodes[node].bytes_sent += length;
	sc_network_send(sim->network, &message, handled_ns(sim, node, time_ns));
}

/* With a copy of the bytes, which are borrowed from the core. */
static uint32_t
new_control(struct sim *sim, uint32_t from, uint32_t to, const uint8_t *bytes, size_t length)
{
	uint32_t index = sim_new_control(sim);
	struct control *control = &sim->controls[index];

	control->from = from;
	control->to = to;
	control->length = (uint32_t)length;
	control->bytes = NULL;
	if (length <= CONTROL_BODY_BYTES) {
		memcpy(control->body, bytes, length);
		return index;
	}
	control->bytes = malloc(length);
	if (control->bytes == NULL)
		abort();
	memcpy(control->bytes, bytes, length);
	return index;
}

static void
perform_control(struct sim *sim, uint32_t node, uint64_t time_ns, const struct sc_action *action)
{
	const uint8_t *bytes = sc_action_bytes(&sim->actions, action);
	uint64_t arrival_ns;

	if (action->peer >= sim->nodes || action->peer == node) {
		sim_broken(sim, node, "sends to a node that does not exist");
		return;
	}
	if (!sim_may_be_late(bytes[1]))
		check_not_left(sim, node, action->peer);
	arrival_ns = sc_network_control(sim->network, node, action->peer,
	    (double)(action->length + ENVELOPE_BYTES), handled_ns(sim, node, time_ns));
	sc_agenda_post(&sim->agenda, arrival_ns, SC_AGENDA_CONTROL,
	    new_control(sim, node, action->peer, bytes, action->length));
}

static void
perform_commit(struct sim *sim, uint32_t node, uint64_t time_ns)
{
	struct sc_disk_job job = {.what = SC_DISK_COMMIT};

	sim_broken(sim, node, sc_rules_commit(&sim->members[node].rules));
	sc_disk_ask(&sim->members[node].disks[DISK_WRITER], &sim->agenda,
	    DISKS * node + DISK_WRITER, time_ns, (uint64_t)(sim->machine->commit_s * 1e9), job);
}

static void
perform_finish(struct sim *sim, uint32_t node, uint64_t time_ns)
{
	struct sc_disk_job job = {.what = SC_DISK_FINISH, .slot = SC_NONE};

	if (!sim_has_source(sim, node))
		sim_broken(sim, node, "finishes a source that it does not have");
	sc_disk_ask(&sim->members[node].disks[DISK_READER], &sim->agenda,
	    DISKS * node + DISK_READER, time_ns, 0, job);
}

static void
perform_record(struct sim *sim, uint32_t node, uint64_t time_ns, const struct sc_record *record)
{
	const struct sc_sim_listener *listener = &sim->config->listener;
	struct sc_sim_node *row = &sim->result->nodes[node];

	switch (record->what) {
	case SC_RECORD_FIRST_CHUNK:
		if (row->first_chunk_ns == 0)
			row->first_chunk_ns = time_ns;
		break;
	case SC_RECORD_ALL_HELD:
		row->stored_ns = time_ns;
		break;
	case SC_RECORD_COMMITTED:
		row->committed_ns = time_ns;
		row->committed = true;
		break;
	case SC_RECORD_COPY_FAILED:
		row->copy_failed = true;
		break;
	case SC_RECORD_ABORTED:
		sim->members[node].aborted = true;
		break;
	case SC_RECORD_PEER_TORPID:
		sim->result->torpid = true;
		break;
	case SC_RECORD_DETOUR:
		sim->result->detours++;
		break;
	default:
		break;
	}
	if (listener->record != NULL)
		listener->record(listener->context, node, time_ns, record);
}

static void
perform_leave(struct sim *sim, uint32_t node, enum sc_leave leave)
{
	struct member *member = &sim->members[node];
	struct sc_sim_node *row = &sim->result->nodes[node];
	struct sc_rules_exit exit = {
		.aborted = member->aborted,
		.cut_off = leave == SC_LEAVE_CUT_OFF,
	};

	row->left = true;
	row->leave = leave;
	sim_excuse(sim, node);
	sim_broken(sim, node, sc_rules_leave(&member->rules, &exit));
	if (leave != SC_LEAVE_TOGETHER) {
		sim_tell_of_end(sim, node);
		return;
	}
	if (sc_node_leader(member->core) != node)
		return;
	sim->closed_ns = sim->agenda.now_ns + 1;
	if (member->condition != NULL && member->condition->forgotten.count > 0)
		sim_broken(sim, node, "leaves as if no node had failed");
}

static void
perform(struct sim *sim, uint32_t node, uint64_t time_ns, const struct sc_action *action)
{
	switch (action->what) {
	case SC_ACTION_LOAD:
		perform_load(sim, node, time_ns, action);
		break;
	case SC_ACTION_RECEIVE:
		perform_receive(sim, node, action);
		break;
	case SC_ACTION_WITHDRAW:
		perform_withdraw(sim, node, time_ns, action);
		break;
	case SC_ACTION_FORGET:
		perform_forget(sim, node, time_ns, action);
		break;
	case SC_ACTION_SEND:
		perform_send(sim, node, time_ns, action);
		break;
	case SC_ACTION_STORE:
		perform_store(sim, node, time_ns, action);
		break;
	case SC_ACTION_FINISH_SOURCE:
		perform_finish(sim, node, time_ns);
		break;
	case SC_ACTION_COMMIT:
		perform_commit(sim, node, time_ns);
		break;
	case SC_ACTION_CONTROL:
		perform_control(sim, node, time_ns, action);
		break;
	case SC_ACTION_RECORD:
		perform_record(sim, node, time_ns, &action->record);
		break;
	case SC_ACTION_REPORT:
		sim_report(sim, node, action);
		break;
	case SC_ACTION_LEAVE:
		perform_leave(sim, node, action->leave);
		break;
	}
}

void
sim_perform(struct sim *sim, uint32_t node, uint64_t time_ns, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (sim->result->nodes[node].left) {
			sim_broken(sim, node, "acts after it has left");
			return;
		}
		perform(sim, node, time_ns, &sim->actions.items[i]);
	}
}
