/*
 * A simulated run, first half: from the agenda to the nodes (see sim.h).
 *
 * A node has one processor, which handles a message after the other.  What
 * happens to a node is told to its core when it happens, with the time at
 * which the processor is done with it: in that order it would be handled
 * anyway, so this needs no further event.
 */
#include "sim/sim.h"

#include "sim/foresee.h"
#include "sim/sim_impl.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct sc_sim_faults sc_sim_no_faults = {
	.source_at = SC_NONE,
	.damaged_node = SC_NONE,
};

/* Of a core, which is opaque, what is worth to be foreseen. */
enum { CORE_BYTES = 8 * SC_CACHE_LINE_BYTES };

/* A right run takes its predicted time, or some times that where something is
 * uneven; a wrong one takes for ever. */
static const double limit_factor = 100;
static const double limit_more_s = 10;

void
sim_broken(struct sim *sim, uint32_t node, const char *rule)
{
	if (rule == NULL || sim->result->violations++ > 0)
		return;
	snprintf(sim->result->violation, sizeof(sim->result->violation),
	    "node %u, at %.9f s, step %llu: %s", node, (double)sim->agenda.now_ns * 1e-9,
	    (unsigned long long)sim->result->steps, rule);
}

static void
step(struct sim *sim, uint32_t node, struct sc_event *event)
{
	const struct sc_sim_listener *listener = &sim->config->listener;
	struct member *member = &sim->members[node];
	bool message =
	    event->what == SC_EVENT_CHUNK_ARRIVED || event->what == SC_EVENT_CONTROL_ARRIVED;
	uint64_t deadline_ns;

	if (sim->result->nodes[node].left) {
		/* After an abort nobody waits for what is still in the network. */
		if (!message || !sim->result->aborted)
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
	sim_perform_all(sim, node, event->now_ns);
	deadline_ns = sc_node_deadline_ns(member->core);
	if (deadline_ns != UINT64_MAX && deadline_ns < member->timer_ns) {
		member->timer_ns = deadline_ns;
		sc_agenda_post(&sim->agenda,
		    deadline_ns > sim->agenda.now_ns ? deadline_ns : sim->agenda.now_ns,
		    SC_AGENDA_TIMER, node);
	}
}

static void
on_sent(void *context, const struct sc_message_flight *message)
{
	struct sim *sim = context;
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
on_arrived(void *context, const struct sc_message_flight *message)
{
	struct sim *sim = context;
	const struct sc_sim_faults *faults = &sim->config->faults;
	struct sc_sim_node *row = &sim->result->nodes[message->to];
	struct sc_event event = {
		.what = SC_EVENT_CHUNK_ARRIVED,
		.peer = message->from,
		.subfile = message->subfile,
		.chunk = message->chunk,
		.intact = !(message->to == faults->damaged_node &&
		    message->chunk == faults->damaged_chunk),
	};
	const char *broken;

	row->bytes_received += (uint64_t)message->bytes;
	row->last_chunk_ns = sim->agenda.now_ns;
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
on_control(struct sim *sim, uint32_t index)
{
	struct letter letter = sim->letters[index];
	struct sc_event event = {
		.what = SC_EVENT_CONTROL_ARRIVED,
		.peer = letter.from,
		.bytes = letter.bytes != NULL ? letter.bytes : letter.body,
		.length = letter.length,
	};

	sim->letters[index].bytes = NULL;
	sim->letters[index].next_free = sim->letter_free;
	sim->letter_free = index;
	step(sim, letter.to, &event);
	free(letter.bytes);
}

static void
on_loaded(struct sim *sim, uint32_t node, const struct sc_disk_job *job)
{
	struct sc_event event = {
		.what = SC_EVENT_CHUNK_LOADED, .slot = job->slot, .chunk = job->chunk};

	if (node == SC_ORIGIN && job->chunk == sim->config->faults.source_at) {
		event.what = SC_EVENT_LOAD_FAILED;
		event.cause = "the source shrank";
	}
	sim_broken(sim, node,
	    sc_rules_loaded(&sim->members[node].rules, job->slot, job->chunk,
		event.what == SC_EVENT_CHUNK_LOADED));
	step(sim, node, &event);
}

static void
on_stored(struct sim *sim, uint32_t node, const struct sc_disk_job *job)
{
	struct member *member = &sim->members[node];
	struct sc_event event = {
		.what = SC_EVENT_CHUNK_STORED, .slot = job->slot, .chunk = job->chunk};

	if (member->rules.stored.count >= member->sink_fails_after)
		member->sink_failed = true;
	if (member->sink_failed) {
		event.what = SC_EVENT_STORE_FAILED;
		event.cause = "no space left on device";
	} else {
		sim->result->nodes[node].bytes_stored +=
		    sc_plan_chunk_length(sim->plan, job->chunk);
		sim->result->nodes[node].stored_ns = sim->agenda.now_ns;
	}
	sim_broken(sim, node,
	    sc_rules_stored(&member->rules, job->slot, job->chunk, !member->sink_failed));
	step(sim, node, &event);
}

static void
on_disk(struct sim *sim, uint32_t id)
{
	uint32_t node = id / DISKS;
	struct sc_disk_job job =
	    sc_disk_done(&sim->members[node].disks[id % DISKS], &sim->agenda, id);
	struct sc_event event = {.slot = SC_NONE};

	switch (job.what) {
	case SC_DISK_LOAD:
		on_loaded(sim, node, &job);
		break;
	case SC_DISK_STORE:
		on_stored(sim, node, &job);
		break;
	case SC_DISK_FINISH:
		event.what = SC_EVENT_SOURCE_FINISHED;
		if (sim->config->faults.source_at == sim->plan->chunks) {
			event.what = SC_EVENT_LOAD_FAILED;
			event.cause = "the source changed while it was read";
		}
		step(sim, node, &event);
		break;
	case SC_DISK_COMMIT:
		event.what = SC_EVENT_COMMITTED;
		step(sim, node, &event);
		break;
	}
}

static void
on_timer(struct sim *sim, uint32_t node)
{
	struct sc_event event = {.what = SC_EVENT_TIME};

	sim->members[node].timer_ns = UINT64_MAX;
	if (!sim->result->nodes[node].left)
		step(sim, node, &event);
}

/* A copy that can't be created: known when the node starts. */
static void
fail_sink(struct sim *sim, uint32_t node)
{
	struct sc_event event = {
		.what = SC_EVENT_STORE_FAILED, .slot = SC_NONE, .cause = "no such directory"};

	step(sim, node, &event);
}

static void
start_node(struct sim *sim, uint32_t node)
{
	struct sc_node_config config = {
		.plan = sim->plan,
		.self = node,
		.keeps_copy = node != SC_ORIGIN || !sim->config->origin_keeps_no_copy,
		.progress_interval_ns = sim->config->progress_interval_ns,
	};
	struct member *member = &sim->members[node];

	member->core = sc_node_new(&config);
	if (member->core == NULL)
		abort();
	sc_rules_init(&member->rules, sim->plan);
	member->timer_ns = UINT64_MAX;
	member->sink_fails_after = SC_NONE;
}

static void
start(struct sim *sim)
{
	const struct sc_sim_faults *faults = &sim->config->faults;
	struct sc_network_listener listener = {
		.context = sim, .sent = on_sent, .arrived = on_arrived};

	sim->members = calloc(sim->nodes, sizeof(*sim->members));
	sim->result->nodes = calloc(sim->nodes, sizeof(*sim->result->nodes));
	if (sim->members == NULL || sim->result->nodes == NULL)
		abort();
	sim->network =
	    sc_network_new(&sim->agenda, &sim->random, sim->machine, sim->nodes, &listener);
	for (uint32_t i = 0; i < sim->nodes; i++)
		start_node(sim, i);
	for (uint32_t i = 0; i < faults->sink_count; i++) {
		struct member *member = &sim->members[faults->sinks[i].node];

		member->sink_fails_after = faults->sinks[i].after;
		member->sink_failed = faults->sinks[i].after == SC_NONE;
	}
	for (uint32_t i = 0; i < sim->nodes; i++) {
		struct sc_event event = {.what = SC_EVENT_STARTED};

		step(sim, i, &event);
		if (sim->members[i].sink_failed)
			fail_sink(sim, i);
	}
}

static void
foresee_node(const struct sim *sim, uint32_t node, bool next)
{
	const struct member *member = &sim->members[node];

	sc_foresee(member, sizeof(*member));
	if (!next)
		return;
	sc_foresee(&sim->result->nodes[node], sizeof(sim->result->nodes[node]));
	sc_foresee(member->core, CORE_BYTES);
	sc_foresee(member->rules.slots, SC_CACHE_LINE_BYTES);
	sc_foresee(member->rules.posted, SC_CACHE_LINE_BYTES);
}

static void
foresee(const struct sim *sim, struct sc_agenda_entry entry, bool next)
{
	switch (entry.kind) {
	case SC_AGENDA_SERVER:
	case SC_AGENDA_START:
		sc_network_foresee(sim->network, entry, next);
		break;
	case SC_AGENDA_ARRIVE:
		sc_network_foresee(sim->network, entry, next);
		if (next)
			foresee_node(sim, sc_network_receiver(sim->network, entry.id), next);
		break;
	case SC_AGENDA_CONTROL:
		sc_foresee(&sim->letters[entry.id], sizeof(*sim->letters));
		if (next)
			foresee_node(sim, sim->letters[entry.id].to, next);
		break;
	case SC_AGENDA_DISK:
		foresee_node(sim, entry.id / DISKS, next);
		break;
	case SC_AGENDA_TIMER:
		break;
	}
}

/* While an event is handled, what the next ones need comes from memory: first
 * what is known, then what that points to. */
static void
foresee_all(const struct sim *sim)
{
	struct sc_agenda_entry entry;

	for (uint32_t place = 1; place <= 2; place++) {
		if (sc_agenda_peek(&sim->agenda, place, &entry))
			foresee(sim, entry, false);
	}
	if (sc_agenda_peek(&sim->agenda, 0, &entry))
		foresee(sim, entry, true);
}

static void
happen(struct sim *sim, struct sc_agenda_entry entry)
{
	switch (entry.kind) {
	case SC_AGENDA_SERVER:
	case SC_AGENDA_START:
	case SC_AGENDA_ARRIVE:
		sc_network_happen(sim->network, entry);
		break;
	case SC_AGENDA_CONTROL:
		on_control(sim, entry.id);
		break;
	case SC_AGENDA_DISK:
		on_disk(sim, entry.id);
		break;
	case SC_AGENDA_TIMER:
		on_timer(sim, entry.id);
		break;
	}
}

/* Mix a number into the fingerprint (FNV-1a, by words). */
static void
note(struct sim *sim, uint64_t word)
{
	sim->result->fingerprint = (sim->result->fingerprint ^ word) * UINT64_C(0x100000001b3);
}

static void
finish(struct sim *sim)
{
	struct sc_sim_result *result = sim->result;

	result->ended = sim->left == sim->nodes;
	result->end_ns = sim->agenda.now_ns;
	if (!result->ended)
		sim_broken(sim, SC_ORIGIN,
		    sim->agenda.heap.count == 0 ? "the run came to a standstill"
						: "the run does not end");
	for (uint32_t i = 0; i < sim->nodes; i++) {
		struct member *member = &sim->members[i];

		sc_node_free(member->core);
		sc_rules_free(&member->rules);
		for (int disk = 0; disk < DISKS; disk++)
			sc_disk_free(&member->disks[disk]);
	}
	for (uint32_t i = 0; i < sim->letter_count; i++) {
		if (sim->letters[i].length > LETTER_BYTES)
			free(sim->letters[i].bytes);
	}
	free(sim->letters);
	free(sim->members);
	sc_network_free(sim->network);
	sc_agenda_free(&sim->agenda);
	sc_actions_free(&sim->actions);
}

void
sc_sim_run(const struct sc_sim_config *config, struct sc_sim_result *result)
{
	struct sim sim = {
		.config = config,
		.plan = config->plan,
		.machine = config->machine,
		.result = result,
		.random = {.state = config->seed},
		.nodes = config->plan->recipients + 1,
		.message_ns = (uint64_t)(config->machine->base.message_s * 1e9),
		.operation_ns = (uint64_t)(config->machine->operation_s * 1e9),
		.letter_free = SC_NONE,
	};

	*result = (struct sc_sim_result){.fingerprint = UINT64_C(0xcbf29ce484222325)};
	start(&sim);
	while (sim.agenda.heap.count > 0 && sim.agenda.now_ns <= config->limit_ns) {
		struct sc_agenda_entry entry = sc_agenda_next(&sim.agenda);

		note(&sim, sim.agenda.now_ns);
		note(&sim, (uint64_t)entry.kind << 32 | entry.id);
		foresee_all(&sim);
		happen(&sim, entry);
	}
	finish(&sim);
}

void
sc_sim_result_free(struct sc_sim_result *result)
{
	free(result->nodes);
	result->nodes = NULL;
}

uint64_t
sc_sim_limit_ns(const struct sc_plan *plan, const struct sc_machine *machine)
{
	struct sc_cost_machine worst = machine->base;
	double slowest = 1;
	double file_s = 0;
	double limit_s;

	for (uint32_t i = 0; i < machine->slow_count; i++) {
		if (machine->slow[i].factor < slowest)
			slowest = machine->slow[i].factor;
	}
	worst.link_bytes_per_s *= slowest;
	limit_s = limit_factor * sc_cost_predict(plan, &worst);
	/* What is not in the prediction: every chunk of every node through one
	 * uplink, or read back by one node for all others, and operations. */
	if (machine->uplink_bytes_per_s > 0)
		file_s += (double)plan->size_bytes / machine->uplink_bytes_per_s;
	file_s += (double)plan->size_bytes / machine->disk_read_bytes_per_s;
	file_s += plan->chunks * machine->operation_s;
	limit_s += file_s * (plan->recipients + 1.0) + machine->commit_s + limit_more_s;
	return limit_s < 1e9 ? (uint64_t)(limit_s * 1e9) : UINT64_MAX / 2;
}
