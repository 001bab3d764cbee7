/*
 * A simulated run: when faults strike, and what they do.
 */
#include "base/vector.h"
#include "sim/impl.h"

#include <assert.h>
#include <stdlib.h>

/* MPI knows of an ended process 5 to 50 ms later, each node at another time. */
static const uint64_t detect_default_ns = 50000000;

void
sim_faults_begin(struct sim *sim)
{
	const struct sc_sim_faults *faults = &sim->config->faults;

	sim->struck = calloc(faults->count + 1, sizeof(*sim->struck));
	if (sim->struck == NULL)
		abort();
	for (uint32_t i = 0; i < faults->count; i++) {
		const struct sc_fault *fault = &faults->list[i];
		struct sim_event strike = {.kind = SIM_FAULT_STRIKES, .id = i};

		assert(fault->node < sim->nodes);
		/* step.c looks for it when the store is opened. */
		if (fault->kind == SC_FAULT_NO_COPY) {
			sim->struck[i] = true;
		} else if (fault->trigger == SC_FAULT_AT_TIME) {
			sim->struck[i] = true;
			sim_post(sim, fault->at, &strike);
		} else {
			/* Its steps are counted from the first one on. */
			(void)sim_condition(sim, fault->node);
		}
	}
}

static uint64_t
detect_ns(const struct sim *sim)
{
	return sim->config->detect_ns == 0 ? detect_default_ns : sim->config->detect_ns;
}

void
sim_tell_of_end(struct sim *sim, uint32_t node)
{
	struct sim_event detected = {.kind = SIM_DEATH_DETECTED, .node = node};

	sim->impaired = true;
	sim->disturbed = true;
	sim_post(sim, sim->agenda.now_ns + detect_ns(sim) / 10, &detected);
}

static void
end_process(struct sim *sim, uint32_t node)
{
	if (sim_has_ended(sim, node))
		return;
	sim_condition(sim, node)->ended = true;
	sim->result->nodes[node].ended = true;
	sim_excuse(sim, node);
	sim_tell_of_end(sim, node);
}

static void
tell_all_of_end(struct sim *sim, uint32_t node)
{
	for (uint32_t i = 0; i < sim->nodes; i++) {
		struct sim_event failed = {.kind = SIM_PEER_FAILED, .node = i, .peer = node};

		if (i != node && !sim_has_ended(sim, i))
			sim_post(sim,
			    sim->agenda.now_ns + sc_random_below(&sim->chance, detect_ns(sim)),
			    &failed);
	}
}

/* A fault passes after its duration, if it ever does. */
static void
post_end(struct sim *sim, const struct sc_fault *fault, enum sim_event_kind kind)
{
	struct sim_event end = {.kind = kind, .node = fault->node, .peer = fault->peer};

	if (fault->duration_ns != SC_FAULT_FOR_EVER)
		sim_post(sim, sim->agenda.now_ns + fault->duration_ns, &end);
}

static void
hang(struct sim *sim, const struct sc_fault *fault)
{
	struct condition *condition = sim_condition(sim, fault->node);
	struct sim_event deadman = {.kind = SIM_DEADMAN, .node = fault->node};

	if (condition->hangs++ == 0)
		condition->hung_since_ns = sim->agenda.now_ns;
	post_end(sim, fault, SIM_HANG_ENDS);
	if (sim->config->deadman_ns > 0)
		sim_post(sim, sim->agenda.now_ns + sim->config->deadman_ns, &deadman);
	else if (fault->duration_ns == SC_FAULT_FOR_EVER)
		sim_excuse(sim, fault->node);
}

static void
check_deadman(struct sim *sim, uint32_t node)
{
	const struct condition *condition = sim->members[node].condition;

	if (condition->hangs > 0 &&
	    sim->agenda.now_ns - condition->hung_since_ns >= sim->config->deadman_ns)
		end_process(sim, node);
}

static void
cut_pair(struct sim *sim, const struct sc_fault *fault)
{
	sim->pair_cuts = sc_vector_must32(sim->pair_cuts, sim->pair_cut_count + 1,
	    &sim->pair_cut_capacity, sizeof(*sim->pair_cuts));
	sim->pair_cuts[sim->pair_cut_count++] = (struct pair_cut){fault->node, fault->peer};
	sim->result->nodes[fault->peer].struck = true;
	post_end(sim, fault, SIM_PAIR_CUT_ENDS);
}

static void
end_pair_cut(struct sim *sim, uint32_t a, uint32_t b)
{
	uint32_t i = 0;

	while (sim->pair_cuts[i].a != a || sim->pair_cuts[i].b != b)
		i++;
	sim->pair_cuts[i] = sim->pair_cuts[--sim->pair_cut_count];
}

static void
stick_disk(struct sim *sim, uint32_t node)
{
	struct sim_event given_up = {.kind = SIM_DISK_GIVEN_UP, .node = node};

	sim_condition(sim, node)->stuck_disk = true;
	sim_post(sim, sim->agenda.now_ns + sc_sim_stall_ns(sim->config), &given_up);
}

static void
strike(struct sim *sim, uint32_t index)
{
	const struct sc_fault *fault = &sim->config->faults.list[index];
	const struct sc_sim_listener *listener = &sim->config->listener;
	struct condition *condition;

	if (sim_has_ended(sim, fault->node))
		return;
	sim->impaired = true;
	sim->result->nodes[fault->node].struck = true;
	if (listener->struck != NULL)
		listener->struck(listener->context, sim->agenda.now_ns, fault);
	condition = sim_condition(sim, fault->node);
	switch (fault->kind) {
	case SC_FAULT_CRASH:
		end_process(sim, fault->node);
		break;
	case SC_FAULT_HANG:
		hang(sim, fault);
		break;
	case SC_FAULT_CUT:
		condition->cuts++;
		post_end(sim, fault, SIM_CUT_ENDS);
		break;
	case SC_FAULT_CUT_PAIR:
		cut_pair(sim, fault);
		break;
	case SC_FAULT_SLOW_LINK:
		sc_network_slow(sim->network, fault->node, fault->factor);
		break;
	case SC_FAULT_SLOW_DISK:
		condition->disk_factor = fault->factor;
		break;
	case SC_FAULT_FULL_DISK:
		condition->full_disk = true;
		break;
	case SC_FAULT_STUCK_DISK:
		stick_disk(sim, fault->node);
		break;
	case SC_FAULT_BAD_LOADS:
		condition->bad_loads += fault->count;
		break;
	case SC_FAULT_BAD_COMMIT:
		condition->bad_commit = true;
		break;
	case SC_FAULT_DAMAGE:
		condition->damages += fault->count;
		break;
	default:
		assert(0);
	}
}

/* A process can end between two of the actions of a step. */
size_t
sim_actions_done(struct sim *sim, uint32_t node)
{
	struct condition *condition = sim->members[node].condition;
	size_t count = sim->actions.count;

	condition->steps++;
	for (uint32_t i = 0; i < sim->config->faults.count; i++) {
		const struct sc_fault *fault = &sim->config->faults.list[i];

		if (fault->node == node && !sim->struck[i] && fault->kind == SC_FAULT_CRASH &&
		    fault->trigger == SC_FAULT_AT_STEP && fault->at == condition->steps &&
		    fault->actions < count)
			count = fault->actions;
	}
	return count;
}

static bool
is_due(const struct sim *sim, const struct sc_fault *fault)
{
	const struct member *member = &sim->members[fault->node];

	return fault->trigger == SC_FAULT_AT_STEP ? member->condition->steps >= fault->at
						  : member->rules.stored.count >= fault->at;
}

/* The one that was added last comes first, as seeds of the swarm are kept. */
void
sim_strike_after_step(struct sim *sim, uint32_t node)
{
	for (uint32_t i = sim->config->faults.count; i-- > 0;) {
		const struct sc_fault *fault = &sim->config->faults.list[i];

		if (fault->node != node || sim->struck[i] || !is_due(sim, fault))
			continue;
		sim->struck[i] = true;
		strike(sim, i);
	}
}

bool
sim_faults_take(struct sim *sim, const struct sim_event *event)
{
	struct condition *condition = sim->members[event->node].condition;

	switch (event->kind) {
	case SIM_FAULT_STRIKES:
		strike(sim, event->id);
		return false;
	case SIM_HANG_ENDS:
		return --condition->hangs == 0;
	case SIM_CUT_ENDS:
		return --condition->cuts == 0;
	case SIM_PAIR_CUT_ENDS:
		end_pair_cut(sim, event->node, event->peer);
		return true;
	case SIM_DEADMAN:
		check_deadman(sim, event->node);
		return false;
	case SIM_DISK_GIVEN_UP:
		condition->stuck_disk = false;
		condition->dead_disk = true;
		return true;
	case SIM_DEATH_DETECTED:
		tell_all_of_end(sim, event->node);
		return false;
	default:
		assert(event->kind == SIM_WAITING_CHANGED);
		return true;
	}
}
