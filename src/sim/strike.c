/*
 * A simulated run: faults, when they strike, and what they do.
 */
#include "sim/impl.h"

#include <assert.h>
#include <stdlib.h>

/* MPI knows of an ended process 5 to 50 ms later, each node at another time. */
static const uint64_t detect_default_ns = 50000000;

struct ailment *
sim_ailment(struct sim *sim, uint32_t node)
{
	struct member *member = &sim->members[node];

	if (member->ailment == NULL) {
		member->ailment = calloc(1, sizeof(*member->ailment));
		if (member->ailment == NULL)
			abort();
		member->ailment->armed = SC_NONE;
		member->ailment->disk_factor = 1;
	}
	return member->ailment;
}

void
sim_arm(struct sim *sim)
{
	const struct sc_sim_faults *faults = &sim->config->faults;

	sim->fault_next = calloc(faults->count + 1, sizeof(*sim->fault_next));
	if (sim->fault_next == NULL)
		abort();
	for (uint32_t i = 0; i < faults->count; i++) {
		const struct sc_fault *fault = &faults->list[i];
		struct happening strike = {.what = HAPPENS_STRIKE, .id = i};

		assert(fault->node < sim->nodes);
		if (fault->kind == SC_FAULT_NO_COPY)
			continue;
		if (fault->trigger == SC_FAULT_AT_TIME) {
			sim_later(sim, fault->at, &strike);
			continue;
		}
		sim->fault_next[i] = sim_ailment(sim, fault->node)->armed;
		sim->members[fault->node].ailment->armed = i;
	}
}

/* The others will be told of a process that is no more. */
void
sim_tell_of_end(struct sim *sim, uint32_t node)
{
	struct happening detection = {.what = HAPPENS_DETECTION, .node = node};
	uint64_t detect_ns =
	    sim->config->detect_ns == 0 ? detect_default_ns : sim->config->detect_ns;

	sim->impaired = true;
	sim->disturbed = true;
	sim_later(sim, sim->agenda.now_ns + detect_ns / 10, &detection);
}

void
sim_process_ends(struct sim *sim, uint32_t node)
{
	if (sim_has_ended(sim, node))
		return;
	sim_ailment(sim, node)->ended = true;
	sim->result->nodes[node].ended = true;
	sim_excuse(sim, node);
	sim_tell_of_end(sim, node);
}

static void
detect(struct sim *sim, uint32_t node)
{
	uint64_t detect_ns =
	    sim->config->detect_ns == 0 ? detect_default_ns : sim->config->detect_ns;

	for (uint32_t i = 0; i < sim->nodes; i++) {
		struct happening failed = {.what = HAPPENS_PEER_FAILED, .node = i, .peer = node};

		if (i != node && !sim_has_ended(sim, i))
			sim_later(sim,
			    sim->agenda.now_ns + sc_random_below(&sim->chance, detect_ns), &failed);
	}
}

static void
hang(struct sim *sim, const struct sc_fault *fault)
{
	struct ailment *ailment = sim_ailment(sim, fault->node);
	struct happening end = {.what = HAPPENS_HANG_END, .node = fault->node};
	struct happening deadman = {.what = HAPPENS_DEADMAN, .node = fault->node};

	if (ailment->hangs++ == 0)
		ailment->hung_since_ns = sim->agenda.now_ns;
	if (fault->duration_ns != SC_FAULT_FOR_EVER)
		sim_later(sim, sim->agenda.now_ns + fault->duration_ns, &end);
	if (sim->config->deadman_ns > 0)
		sim_later(sim, sim->agenda.now_ns + sim->config->deadman_ns, &deadman);
	else if (fault->duration_ns == SC_FAULT_FOR_EVER)
		sim_excuse(sim, fault->node);
}

static void
hang_ends(struct sim *sim, uint32_t node)
{
	if (--sim->members[node].ailment->hangs == 0)
		sim_release(sim);
}

static void
check_deadman(struct sim *sim, uint32_t node)
{
	const struct ailment *ailment = sim->members[node].ailment;

	if (ailment->hangs > 0 &&
	    sim->agenda.now_ns - ailment->hung_since_ns >= sim->config->deadman_ns)
		sim_process_ends(sim, node);
}

static void
cut(struct sim *sim, const struct sc_fault *fault)
{
	struct happening end = {.what = HAPPENS_CUT_END, .node = fault->node};

	sim_ailment(sim, fault->node)->cuts++;
	if (fault->duration_ns != SC_FAULT_FOR_EVER)
		sim_later(sim, sim->agenda.now_ns + fault->duration_ns, &end);
}

static void
cut_ends(struct sim *sim, uint32_t node)
{
	if (--sim->members[node].ailment->cuts == 0)
		sim_release(sim);
}

static void
cut_pair(struct sim *sim, const struct sc_fault *fault)
{
	struct happening end = {.what = HAPPENS_PAIR_END, .node = fault->node, .peer = fault->peer};
	struct pair_cut *cuts =
	    realloc(sim->pair_cuts, (sim->pair_cut_count + 1) * sizeof(*sim->pair_cuts));

	if (cuts == NULL)
		abort();
	sim->pair_cuts = cuts;
	cuts[sim->pair_cut_count++] = (struct pair_cut){fault->node, fault->peer};
	sim->result->nodes[fault->peer].struck = true;
	if (fault->duration_ns != SC_FAULT_FOR_EVER)
		sim_later(sim, sim->agenda.now_ns + fault->duration_ns, &end);
}

static void
pair_ends(struct sim *sim, uint32_t a, uint32_t b)
{
	uint32_t i = 0;

	while (sim->pair_cuts[i].a != a || sim->pair_cuts[i].b != b)
		i++;
	sim->pair_cuts[i] = sim->pair_cuts[--sim->pair_cut_count];
	sim_release(sim);
}

static void
stick(struct sim *sim, uint32_t node)
{
	struct happening stall = {.what = HAPPENS_STALL, .node = node};

	sim_ailment(sim, node)->stuck_disk = true;
	sim_later(sim, sim->agenda.now_ns + sc_sim_stall_ns(sim->config), &stall);
}

static void
stall(struct sim *sim, uint32_t node)
{
	struct ailment *ailment = sim->members[node].ailment;

	ailment->stuck_disk = false;
	ailment->dead_disk = true;
	sim_release(sim);
}

static void
impair(struct sim *sim, const struct sc_fault *fault)
{
	struct ailment *ailment = sim_ailment(sim, fault->node);

	switch (fault->kind) {
	case SC_FAULT_SLOW_LINK:
		sc_network_slow(sim->network, fault->node, fault->factor);
		break;
	case SC_FAULT_SLOW_DISK:
		ailment->disk_factor = fault->factor;
		break;
	case SC_FAULT_FULL_DISK:
		ailment->full_disk = true;
		break;
	case SC_FAULT_STUCK_DISK:
		stick(sim, fault->node);
		break;
	case SC_FAULT_BAD_LOADS:
		ailment->bad_loads += fault->count;
		break;
	case SC_FAULT_BAD_COMMIT:
		ailment->bad_commit = true;
		break;
	case SC_FAULT_DAMAGE:
		ailment->damages += fault->count;
		break;
	default:
		assert(0);
	}
}

void
sim_strike(struct sim *sim, uint32_t index)
{
	const struct sc_fault *fault = &sim->config->faults.list[index];
	const struct sc_sim_listener *listener = &sim->config->listener;

	if (sim_has_ended(sim, fault->node))
		return;
	sim->impaired = true;
	sim->result->nodes[fault->node].struck = true;
	if (listener->struck != NULL)
		listener->struck(listener->context, sim->agenda.now_ns, fault);
	switch (fault->kind) {
	case SC_FAULT_CRASH:
		sim_process_ends(sim, fault->node);
		break;
	case SC_FAULT_HANG:
		hang(sim, fault);
		break;
	case SC_FAULT_CUT:
		cut(sim, fault);
		break;
	case SC_FAULT_CUT_PAIR:
		cut_pair(sim, fault);
		break;
	default:
		impair(sim, fault);
		break;
	}
}

/* A process can end between two of the actions of a step. */
size_t
sim_actions_done(struct sim *sim, uint32_t node)
{
	struct ailment *ailment = sim->members[node].ailment;
	size_t count = sim->actions.count;

	ailment->steps++;
	for (uint32_t i = ailment->armed; i != SC_NONE; i = sim->fault_next[i]) {
		const struct sc_fault *fault = &sim->config->faults.list[i];

		if (fault->kind == SC_FAULT_CRASH && fault->trigger == SC_FAULT_AT_STEP &&
		    fault->at == ailment->steps && fault->actions < count)
			count = fault->actions;
	}
	return count;
}

static bool
is_due(const struct sim *sim, const struct sc_fault *fault)
{
	const struct member *member = &sim->members[fault->node];

	return fault->trigger == SC_FAULT_AT_STEP ? member->ailment->steps >= fault->at
						  : member->rules.stored.count >= fault->at;
}

void
sim_strike_after_step(struct sim *sim, uint32_t node)
{
	struct ailment *ailment = sim->members[node].ailment;
	uint32_t *link = &ailment->armed;

	while (*link != SC_NONE) {
		uint32_t i = *link;

		if (!is_due(sim, &sim->config->faults.list[i])) {
			link = &sim->fault_next[i];
			continue;
		}
		*link = sim->fault_next[i];
		sim_strike(sim, i);
	}
}

void
sim_happen(struct sim *sim, const struct happening *what)
{
	switch (what->what) {
	case HAPPENS_STRIKE:
		sim_strike(sim, what->id);
		break;
	case HAPPENS_HANG_END:
		hang_ends(sim, what->node);
		break;
	case HAPPENS_CUT_END:
		cut_ends(sim, what->node);
		break;
	case HAPPENS_PAIR_END:
		pair_ends(sim, what->node, what->peer);
		break;
	case HAPPENS_DEADMAN:
		check_deadman(sim, what->node);
		break;
	case HAPPENS_STALL:
		stall(sim, what->node);
		break;
	case HAPPENS_DETECTION:
		detect(sim, what->node);
		break;
	case HAPPENS_RELEASE:
		sim_release(sim);
		break;
	default:
		if (!sim->impaired || !sim_parks(sim, what))
			sim_deliver(sim, what);
		break;
	}
}
