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

const struct sc_sim_faults sc_sim_no_faults = {.source_at = SC_NONE};

/* Of a core, which is opaque, what is worth to be foreseen. */
enum { CORE_BYTES = 12 * SC_CACHE_LINE_BYTES };

/* A right run takes its predicted time, or some times that where something is
 * uneven; a wrong one takes for ever. */
static const double limit_factor = 100;
static const double limit_more_s = 10;

/* Within this time and some timeouts everybody hears of the end. */
static const uint64_t close_ns = 1000000000;

static const uint64_t stall_default_ns = UINT64_C(10000000000);

void
sim_broken(struct sim *sim, uint32_t node, const char *rule)
{
	if (rule == NULL || sim->result->violations++ > 0)
		return;
	snprintf(sim->result->violation, sizeof(sim->result->violation),
	    "node %u, at %.9f s, step %llu: %s", node, (double)sim->agenda.now_ns * 1e-9,
	    (unsigned long long)sim->result->steps, rule);
}

void
sim_excuse(struct sim *sim, uint32_t node)
{
	if (sim->members[node].excused)
		return;
	sim->members[node].excused = true;
	sim->awaited--;
}

struct sc_node_config
sc_sim_node_config(const struct sc_sim_config *config, uint32_t node)
{
	bool has_buddy = config->buddy != SC_ORIGIN && config->buddy <= config->plan->recipients;

	return (struct sc_node_config){
		.plan = config->plan,
		.self = node,
		.keeps_copy = node != SC_ORIGIN || !config->origin_keeps_no_copy,
		.has_source = has_buddy && node == config->buddy,
		.awaits_store = config->held != NULL && config->held[node].size > 0 &&
		    (node != SC_ORIGIN || !config->origin_keeps_no_copy),
		.buddy = has_buddy ? config->buddy : SC_NONE,
		.heartbeat_ns = config->heartbeat_ns,
		.timeout_ns = config->timeout_ns,
		.progress_interval_ns = config->progress_interval_ns,
		.chunk_ns = (uint64_t)(config->plan->chunk_bytes * 1e9 /
		    config->machine->base.link_bytes_per_s),
		.apart = config->apart,
	};
}

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
start(struct sim *sim)
{
	struct sc_network_listener listener = sim_network_listener;

	sim->members = calloc(sim->nodes, sizeof(*sim->members));
	sim->result->nodes = calloc(sim->nodes, sizeof(*sim->result->nodes));
	if (sim->members == NULL || sim->result->nodes == NULL)
		abort();
	listener.context = sim;
	sim->network =
	    sc_network_new(&sim->agenda, &sim->random, sim->machine, sim->nodes, &listener);
	for (uint32_t i = 0; i < sim->nodes; i++)
		make_node(sim, i);
	sim_arm(sim);
	for (uint32_t i = 0; i < sim->nodes; i++)
		sim_start_node(sim, i);
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
			sc_foresee(&sim->letters[entry.id], sizeof(*sim->letters));
		else
			foresee_node(sim, sim->letters[entry.id].to, nearness);
		break;
	case SC_AGENDA_DISK:
		foresee_node(sim, entry.id / DISKS, nearness);
		break;
	default:
		break;
	}
}

/* While an event is handled, what the next ones need comes from memory: first
 * what is known, then what that points to. */
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
happen(struct sim *sim, struct sc_agenda_entry entry)
{
	struct happening what;

	switch (entry.kind) {
	case SC_AGENDA_SERVER:
	case SC_AGENDA_START:
	case SC_AGENDA_ARRIVE:
		sc_network_happen(sim->network, entry);
		break;
	case SC_AGENDA_CONTROL:
		sim_on_control(sim, entry.id);
		break;
	case SC_AGENDA_DISK:
		sim_on_disk(sim, entry.id);
		break;
	case SC_AGENDA_TIMER:
		sim_on_timer(sim, entry.id);
		break;
	case SC_AGENDA_LATER:
		what = sim_take_later(sim, entry.id);
		sim_happen(sim, &what);
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
free_member(struct member *member)
{
	sc_node_free(member->core);
	sc_rules_free(&member->rules);
	for (int disk = 0; disk < DISKS; disk++)
		sc_disk_free(&member->disks[disk]);
	if (member->ailment != NULL)
		sc_bitmap_free(&member->ailment->forgotten);
	free(member->ailment);
}

static void
free_all(struct sim *sim)
{
	for (uint32_t i = 0; i < sim->nodes; i++)
		free_member(&sim->members[i]);
	for (uint32_t i = 0; i < sim->letter_count; i++) {
		if (sim->letters[i].length > LETTER_BYTES)
			free(sim->letters[i].bytes);
	}
	free(sim->letters);
	free(sim->members);
	free(sim->fault_next);
	free(sim->happenings);
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

/* Is there more to come that matters?  Where nobody has failed nothing may be left over. */
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
		.letter_free = SC_NONE,
		.happening_free = SC_NONE,
		.parked_first = SC_NONE,
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

uint64_t
sc_sim_stall_ns(const struct sc_sim_config *config)
{
	return config->stall_ns == 0 ? stall_default_ns : config->stall_ns;
}

/* The longest that some fault keeps others waiting. */
static double
delay_s(const struct sc_sim_config *config, const struct sc_fault *fault)
{
	double delay_s = 6 * (double)config->timeout_ns + 2 * (double)config->deadman_ns +
	    (double)config->detect_ns;

	if (fault->kind == SC_FAULT_STUCK_DISK)
		delay_s += (double)sc_sim_stall_ns(config);
	if (fault->duration_ns != SC_FAULT_FOR_EVER)
		delay_s += (double)fault->duration_ns;
	if (fault->trigger == SC_FAULT_AT_TIME)
		delay_s += (double)fault->at;
	return delay_s * 1e-9;
}

uint64_t
sc_sim_limit_of(const struct sc_sim_config *config)
{
	const struct sc_plan *plan = config->plan;
	struct sc_machine worst = *config->machine;
	double factor = 1;
	double limit_s = (double)config->open_ns * 2e-9;

	for (uint32_t i = 0; i < config->faults.count; i++) {
		const struct sc_fault *fault = &config->faults.list[i];

		limit_s += delay_s(config, fault);
		if (fault->kind == SC_FAULT_SLOW_LINK || fault->kind == SC_FAULT_SLOW_DISK)
			factor = fault->factor < factor ? fault->factor : factor;
	}
	worst.base.disk_bytes_per_s *= factor;
	worst.base.link_bytes_per_s *= factor;
	worst.disk_read_bytes_per_s *= factor;
	limit_s += 6e-9 * (double)config->timeout_ns;
	limit_s += (double)sc_sim_limit_ns(plan, &worst) * 1e-9;
	/* One node may have to serve all others, from the source. */
	if (config->faults.count > 0)
		limit_s += (plan->recipients + 1.0) * (double)plan->size_bytes *
		    (1 / worst.base.link_bytes_per_s + 1 / worst.base.source_bytes_per_s);
	return limit_s < 1e9 ? (uint64_t)(limit_s * 1e9) : UINT64_MAX / 2;
}
