/*
 * A simulated run: from the agenda to what happens (see sim.h).
 */
#include "sim/sim.h"

#include "base/foresee.h"
#include "sim/impl.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The part of a core, which is opaque here, that is worth fetching ahead. */
enum { CORE_BYTES = 16 * SC_CACHE_LINE_BYTES };

/* Within this time and some timeouts every node hears of the end. */
static const uint64_t close_ns = 1000000000;

static void
make_node(struct sim *sim, uint32_t node)
{
	struct sc_node_config config = sc_sim_node_config(sim->config, node);
	struct member *member = &sim->members[node];

	member->core = sc_node_new(&config);
	if (member->core == NULL)
		abort();
	sc_rules_init(&member->rules, sim->plan);
	member->timer_ns = UINT64_MAX;
}

static void
foresee_node(const struct sim *sim, uint32_t node, enum sc_agenda_nearness nearness)
{
	const struct member *member;

	if (node == UINT32_MAX || nearness == SC_AGENDA_FAR)
		return;
	member = &sim->members[node];
	if (nearness == SC_AGENDA_NEAR) {
		sc_foresee(member, sizeof(*member));
		sc_foresee(&sim->result->nodes[node], sizeof(sim->result->nodes[node]));
		return;
	}
	sc_foresee(member->core, CORE_BYTES);
	sc_foresee(member->rules.slots, SC_CACHE_LINE_BYTES);
	sc_foresee(member->rules.posted, SC_CACHE_LINE_BYTES);
}

static void
foresee(const struct sim *sim, struct sc_agenda_entry entry, enum sc_agenda_nearness nearness)
{
	switch (entry.kind) {
	case SC_AGENDA_SERVER:
	case SC_AGENDA_START:
	case SC_AGENDA_ARRIVE:
		sc_network_foresee(sim->network, entry, nearness);
		if (nearness != SC_AGENDA_FAR)
			foresee_node(sim, sc_network_concerns(sim->network, entry), nearness);
		break;
	case SC_AGENDA_CONTROL:
		if (nearness == SC_AGENDA_FAR)
			sc_foresee(&sim->controls[entry.id], sizeof(*sim->controls));
		else
			foresee_node(sim, sim->controls[entry.id].to, nearness);
		break;
	case SC_AGENDA_DISK:
		foresee_node(sim, entry.id / DISKS, nearness);
		break;
	default:
		break;
	}
}

/* While an event is handled, the memory that the next ones need is fetched: first the entries
 * themselves, then what they point to. */
static void
foresee_all(const struct sim *sim)
{
	enum sc_agenda_nearness nearness;
	struct sc_agenda_entry entry;

	for (uint32_t place = SC_AGENDA_FORESEEN; place-- > 0;) {
		if (sc_agenda_peek(&sim->agenda, place, &entry, &nearness))
			foresee(sim, entry, nearness);
	}
}

static void
on_sent(void *context, const struct sc_message_flight *message)
{
	struct sim_event event = {
		.kind = SIM_CHUNK_SENT, .node = message->from, .message = *message};

	sim_offer(context, &event);
}

static void
on_arrived(void *context, const struct sc_message_flight *message)
{
	struct sim_event event = {
		.kind = SIM_CHUNK_ARRIVED, .node = message->to, .message = *message};

	sim_offer(context, &event);
}

static void
on_control(struct sim *sim, uint32_t index)
{
	struct sim_event event = {
		.kind = SIM_CONTROL_ARRIVED,
		.node = sim->controls[index].to,
		.peer = sim->controls[index].from,
		.id = index,
	};

	sim_offer(sim, &event);
}

static void
on_disk(struct sim *sim, uint32_t id)
{
	struct sim_event event = {
		.kind = SIM_DISK_DONE,
		.node = id / DISKS,
		.id = id % DISKS,
	};

	event.job = sc_disk_done(&sim->members[event.node].disks[event.id], &sim->agenda, id);
	sim_offer(sim, &event);
}

static void
on_timer(struct sim *sim, uint32_t node)
{
	struct sim_event event = {.kind = SIM_TIMER, .node = node};

	/* Another time means that an earlier timer has replaced this one. */
	if (sim->members[node].timer_ns == sim->agenda.now_ns)
		sim_offer(sim, &event);
}

static void
on_later(struct sim *sim, uint32_t id)
{
	struct sim_event event = sim_take_event(sim, id);

	if (event.kind < SIM_FAULT_STRIKES)
		sim_offer(sim, &event);
	else if (sim_faults_take(sim, &event))
		sim_release(sim);
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
	case SC_AGENDA_LATER:
		on_later(sim, entry.id);
		break;
	}
}

static void
start(struct sim *sim)
{
	struct sc_network_listener listener = {
		.context = sim, .sent = on_sent, .arrived = on_arrived};

	sim->members = calloc(sim->nodes, sizeof(*sim->members));
	sim->result->nodes = calloc(sim->nodes, sizeof(*sim->result->nodes));
	if (sim->members == NULL || sim->result->nodes == NULL)
		abort();
	sim->network =
	    sc_network_new(&sim->agenda, &sim->random, sim->machine, sim->nodes, &listener);
	for (uint32_t i = 0; i < sim->nodes; i++)
		make_node(sim, i);
	sim_faults_begin(sim);
	for (uint32_t i = 0; i < sim->nodes; i++)
		sim_start_node(sim, i);
}

/* Mix a number into the fingerprint (FNV-1a, by words). */
static void
note(struct sim *sim, uint64_t word)
{
	sim->result->fingerprint = (sim->result->fingerprint ^ word) * UINT64_C(0x100000001b3);
}

static void
free_member(struct member *member)
{
	sc_node_free(member->core);
	sc_rules_free(&member->rules);
	for (int disk = 0; disk < DISKS; disk++)
		sc_disk_free(&member->disks[disk]);
	if (member->condition != NULL)
		sc_bitmap_free(&member->condition->forgotten);
	free(member->condition);
}

static void
free_all(struct sim *sim)
{
	for (uint32_t i = 0; i < sim->nodes; i++)
		free_member(&sim->members[i]);
	for (uint32_t i = 0; i < sim->control_count; i++) {
		if (sim->controls[i].length > CONTROL_BODY_BYTES)
			free(sim->controls[i].bytes);
	}
	free(sim->controls);
	free(sim->members);
	free(sim->struck);
	free(sim->events);
	free(sim->pair_cuts);
	sc_network_free(sim->network);
	sc_agenda_free(&sim->agenda);
	sc_actions_free(&sim->actions);
}

static void
finish(struct sim *sim)
{
	struct sc_sim_result *result = sim->result;

	result->ended = sim->awaited == 0 || sim_closed_badly(sim);
	result->end_ns = sim->agenda.now_ns;
	if (!result->ended)
		sim_broken(sim, SC_ORIGIN,
		    sim->agenda.heap.count == 0 ? "the run came to a standstill"
						: "the run does not end");
	sim_account_end(sim);
	free_all(sim);
}

/* Is there more to come that matters?  Where no node has failed, nothing may be left over. */
static bool
goes_on(const struct sim *sim)
{
	if (sim_closed_badly(sim) &&
	    sim->agenda.now_ns > sim->closed_ns + 4 * sim->config->timeout_ns + close_ns)
		return false;
	return sim->agenda.heap.count > 0 && sim->agenda.now_ns <= sim->config->limit_ns &&
	    (sim->config->limit_steps == 0 || sim->result->steps < sim->config->limit_steps) &&
	    (sim->awaited > 0 || !sim->disturbed);
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
		.chance = {.state = ~config->seed},
		.nodes = config->plan->recipients + 1,
		.awaited = config->plan->recipients + 1,
		.message_ns = (uint64_t)(config->machine->base.message_s * 1e9),
		.operation_ns = (uint64_t)(config->machine->operation_s * 1e9),
		.control_free = SC_NONE,
		.event_free = SC_NONE,
		.waiting_first = SC_NONE,
	};

	*result = (struct sc_sim_result){.fingerprint = UINT64_C(0xcbf29ce484222325)};
	start(&sim);
	while (goes_on(&sim)) {
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
	for (uint32_t i = 0; i < result->account_count; i++) {
		sc_bitmap_free(&result->accounts[i].lost);
		sc_bitmap_free(&result->accounts[i].failed);
	}
	free(result->accounts);
	free(result->nodes);
	result->accounts = NULL;
	result->nodes = NULL;
}
