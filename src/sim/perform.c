/*
 * A simulated run, second half: what the actions of a node lead to.
 */
#include "sim/sim_impl.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* What a control message costs on the wire beside itself. */
enum { ENVELOPE_BYTES = 64 };

/* A node handles its messages one after the other: when is it done with one
 * more, that it could begin at time_ns? */
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
	double duration_ns = (double)sim->operation_ns +
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
	    node == SC_ORIGIN);

	sim_broken(sim, node, broken);
	if (broken != NULL)
		return;
	if (node != SC_ORIGIN)
		sim->result->loaded_back++;
	ask_disk(sim, node, DISK_READER, time_ns,
	    node == SC_ORIGIN ? sim->machine->base.source_bytes_per_s
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

static void
perform_send(struct sim *sim, uint32_t node, uint64_t time_ns, const struct sc_action *action)
{
	struct sc_sim_node *row = &sim->result->nodes[node];
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
		sim_broken(sim, node, "sends to nobody");
		return;
	}
	broken =
	    sc_rules_send(&sim->members[node].rules, action->slot, action->chunk, action->subfile);
	sim_broken(sim, node, broken);
	if (broken != NULL)
		return;
	if (sim->result->nodes[action->peer].left)
		sim_broken(sim, node, "sends to a node that has left");
	length = sc_plan_chunk_length(sim->plan, action->chunk);
	message.bytes = length;
	row->bytes_sent += length;
	if (++row->sends > row->most_sends)
		row->most_sends = row->sends;
	sc_network_send(sim->network, &message, handled_ns(sim, node, time_ns));
}

static uint32_t
new_letter(struct sim *sim)
{
	uint32_t index = sim->letter_free;

	if (index != SC_NONE) {
		sim->letter_free = sim->letters[index].next_free;
		return index;
	}
	if (sim->letter_count == sim->letter_capacity) {
		sim->letter_capacity = sim->letter_capacity == 0 ? 64 : 2 * sim->letter_capacity;
		sim->letters = realloc(sim->letters, sim->letter_capacity * sizeof(*sim->letters));
		if (sim->letters == NULL)
			abort();
	}
	return sim->letter_count++;
}

static void
perform_control(struct sim *sim, uint32_t node, uint64_t time_ns, const struct sc_action *action)
{
	const uint8_t *bytes = sc_action_bytes(&sim->actions, action);
	struct letter *letter;
	uint32_t index;
	uint64_t arrival_ns;

	if (action->peer >= sim->nodes || action->peer == node) {
		sim_broken(sim, node, "sends to nobody");
		return;
	}
	if (sim->result->nodes[action->peer].left)
		sim_broken(sim, node, "sends to a node that has left");
	index = new_letter(sim);
	letter = &sim->letters[index];
	letter->from = node;
	letter->to = action->peer;
	letter->length = (uint32_t)action->length;
	letter->bytes = NULL;
	if (action->length > LETTER_BYTES) {
		letter->bytes = malloc(action->length);
		if (letter->bytes == NULL)
			abort();
		memcpy(letter->bytes, bytes, action->length);
	} else {
		memcpy(letter->body, bytes, action->length);
	}
	arrival_ns = sc_network_control(sim->network, node, action->peer,
	    (double)(action->length + ENVELOPE_BYTES), handled_ns(sim, node, time_ns));
	sc_agenda_post(&sim->agenda, arrival_ns, SC_AGENDA_CONTROL, index);
}

static void
perform_commit(struct sim *sim, uint32_t node, uint64_t time_ns)
{
	struct sc_disk_job job = {.what = SC_DISK_COMMIT};

	sim_broken(sim, node, sc_rules_commit(&sim->members[node].rules));
	sc_disk_ask(&sim->members[node].disks[DISK_WRITER], &sim->agenda,
	    DISKS * node + DISK_WRITER, time_ns, (uint64_t)(sim->machine->commit_s * 1e9), job);
	sim->result->commits++;
}

static void
perform_finish(struct sim *sim, uint32_t node, uint64_t time_ns)
{
	struct sc_disk_job job = {.what = SC_DISK_FINISH, .slot = SC_NONE};

	if (node != SC_ORIGIN)
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
	default:
		break;
	}
	if (listener->record != NULL)
		listener->record(listener->context, node, time_ns, record);
}

static void
perform_report(struct sim *sim, uint32_t node, const struct sc_action *action)
{
	struct sc_sim_result *result = sim->result;

	if (node != SC_ORIGIN)
		sim_broken(sim, node, "reports to a user that only the origin has");
	switch (action->report) {
	case SC_REPORT_PROGRESS:
		break;
	case SC_REPORT_COPY_FAILED:
		result->failures_named++;
		break;
	case SC_REPORT_ABORTED:
		result->aborted = true;
		break;
	case SC_REPORT_ENDED:
		result->committed = action->tally.committed;
		result->failed = action->tally.failed;
		break;
	}
}

static void
perform(struct sim *sim, uint32_t node, uint64_t time_ns, const struct sc_action *action)
{
	switch (action->what) {
	case SC_ACTION_LOAD:
		perform_load(sim, node, time_ns, action);
		break;
	case SC_ACTION_RECEIVE:
		sim_broken(sim, node,
		    sc_rules_receive(&sim->members[node].rules, action->slot, action->peer,
			action->subfile));
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
		perform_report(sim, node, action);
		break;
	case SC_ACTION_LEAVE:
		sim->result->nodes[node].left = true;
		sim->left++;
		sim_broken(sim, node,
		    sc_rules_leave(&sim->members[node].rules, sim->members[node].aborted));
		break;
	}
}

void
sim_perform_all(struct sim *sim, uint32_t node, uint64_t time_ns)
{
	for (size_t i = 0; i < sim->actions.count; i++) {
		if (sim->result->nodes[node].left) {
			sim_broken(sim, node, "acts after it has left");
			return;
		}
		perform(sim, node, time_ns, &sim->actions.items[i]);
	}
}
