/*
 * The swarm: what goes wrong in a staging, at random.
 */
#include "base/vector.h"
#include "plan/detour.h"
#include "swarm/trial.h"

#include <stdlib.h>

enum { FAULTS_USUAL = 4 };

static const char *const theme_names[] = {
	"no fault",
	"copies",
	"all copies",
	"source",
	"data",
	"crashes",
	"silence",
	"passing",
	"slow",
	"mix",
};

_Static_assert(sizeof(theme_names) / sizeof(theme_names[0]) == THEMES, "a theme has no name");

const char *
trial_theme_name(enum theme theme)
{
	return theme_names[theme];
}

static void
add_fault(struct trial *trial, const struct sc_fault *fault)
{
	trial->faults = sc_vector_must32(trial->faults, trial->fault_count + 1,
	    &trial->fault_capacity, sizeof(*trial->faults));
	trial->faults[trial->fault_count++] = *fault;
}

/* Copies that fail, each at another node. */
static void
make_copy_faults(struct trial *trial)
{
	bool keeps_copy = !trial->config.origin_keeps_no_copy;
	uint32_t first = keeps_copy ? 0 : 1;
	uint32_t copies = trial->plan.recipients + (keeps_copy ? 1 : 0);
	uint32_t count = copies;

	if (trial->theme == THEME_COPIES) {
		count = 1 + trial_below(trial, FAULTS_USUAL);
		if (count > copies)
			count = copies;
	}
	for (uint32_t i = 0; i < count; i++) {
		struct sc_fault fault = {
			/* Even steps over all nodes: no two are the same. */
			.node = first + (uint32_t)((uint64_t)i * copies / count),
			.kind = SC_FAULT_FULL_DISK,
			.trigger = SC_FAULT_AT_STORED,
			.at = trial_below(trial, trial->plan.chunks + 1),
		};

		if (trial_below(trial, 3) == 0)
			fault.kind = SC_FAULT_NO_COPY;
		else if (trial_below(trial, 6) == 0)
			fault.kind = SC_FAULT_BAD_COMMIT;
		add_fault(trial, &fault);
	}
}

/* A member of the first group, or of the last one. */
static uint32_t
node_of_group(struct trial *trial, bool last)
{
	const struct sc_plan *plan = &trial->plan;
	const struct sc_group *group = &plan->groups[last ? plan->group_count - 1 : 0];

	return group->first_node + trial_below(trial, group->size);
}

/* A node that stands in for one that has a fault already, if there is one. */
static uint32_t
stand_in(struct trial *trial)
{
	const struct sc_plan *plan = &trial->plan;
	uint32_t found = trial_below(trial, plan->recipients + 1);
	uint32_t buddy = trial->config.buddy == SC_ORIGIN ? SC_NONE : trial->config.buddy;
	struct sc_roster roster;

	sc_roster_init(&roster, plan, buddy);
	for (uint32_t i = 0; i < trial->fault_count; i++)
		sc_roster_fail(&roster, trial->faults[i].node, SC_FAILURE_ENDED);
	for (int try = 0; try < 20; try++) {
		uint32_t node = 1 + trial_below(trial, plan->recipients);
		uint32_t subfile = trial_below(trial, plan->subfiles);
		uint32_t supplier;

		if (sc_roster_failed(&roster, node) ||
		    !sc_roster_failed(&roster, sc_plan_supplier(plan, node, subfile).from))
			continue;
		supplier = sc_detour_supplier(plan, &roster, node, subfile);
		if (supplier != SC_NONE) {
			found = supplier;
			break;
		}
	}
	sc_roster_free(&roster);
	return found;
}

/* Which node it strikes: every role comes often. */
static uint32_t
choose_node(struct trial *trial)
{
	uint32_t recipients = trial->plan.recipients;

	switch (recipients == 0 ? 0 : trial_below(trial, 10)) {
	case 0:
		return SC_ORIGIN;
	case 1:
		return trial->config.buddy; /* the origin where there is none */
	case 2:
	case 3:
		return node_of_group(trial, false);
	case 4:
		return node_of_group(trial, true);
	case 5:
	case 6:
		if (trial->fault_count > 0)
			return stand_in(trial);
		return 1 + trial_below(trial, recipients);
	default:
		return 1 + trial_below(trial, recipients);
	}
}

/* When: at any step, with any number of chunks, at any time; or soon after the fault
 * before, while that is being repaired. */
static void
choose_moment(struct trial *trial, struct sc_fault *fault)
{
	const struct sc_sim_config *config = &trial->config;
	const struct sc_fault *before =
	    trial->fault_count == 0 ? NULL : &trial->faults[trial->fault_count - 1];
	double soon_ns = 3 * (double)(config->detect_ns + config->timeout_ns);

	fault->actions = SC_NONE;
	switch (trial_below(trial, 4)) {
	case 0:
		fault->trigger = SC_FAULT_AT_STEP;
		fault->at = (uint64_t)trial_between(trial, 1, 6. * trial->plan.chunks + 60);
		if (trial_below(trial, 2) == 0)
			fault->actions = trial_below(trial, 8);
		break;
	case 1:
		fault->trigger = SC_FAULT_AT_STORED;
		fault->at = trial_below(trial, trial->plan.chunks + 1);
		break;
	case 2:
		fault->trigger = SC_FAULT_AT_TIME;
		fault->at =
		    (uint64_t)(trial->run_s * 1.2e9 * (double)trial_below(trial, 1000) / 1000);
		break;
	default:
		fault->trigger = SC_FAULT_AT_TIME;
		fault->at = (uint64_t)trial_between(trial, 1e3, trial->run_s * 1e9 + 1e4);
		if (before != NULL && before->trigger == SC_FAULT_AT_TIME)
			fault->at = before->at + (uint64_t)trial_between(trial, 1e3, soon_ns + 1e4);
		break;
	}
}

static uint64_t
choose_duration(struct trial *trial, uint32_t among)
{
	double timeout_ns = (double)trial->config.timeout_ns;

	if (trial->theme == THEME_PASSING)
		return (uint64_t)((double)(trial->passing_ns / among) *
		    trial_between(trial, 0.01, 1));
	if (trial_below(trial, 2) == 0)
		return SC_FAULT_FOR_EVER;
	return (uint64_t)(timeout_ns * trial_between(trial, 0.1, 4));
}

static enum sc_fault_kind
choose_kind(struct trial *trial)
{
	static const enum sc_fault_kind any[] = {
		SC_FAULT_CRASH,
		SC_FAULT_CRASH,
		SC_FAULT_CRASH,
		SC_FAULT_HANG,
		SC_FAULT_CUT,
		SC_FAULT_CUT_PAIR,
		SC_FAULT_SLOW_LINK,
		SC_FAULT_SLOW_DISK,
		SC_FAULT_FULL_DISK,
		SC_FAULT_STUCK_DISK,
		SC_FAULT_BAD_LOADS,
		SC_FAULT_BAD_COMMIT,
		SC_FAULT_DAMAGE,
	};
	uint32_t roll = trial_below(trial, 8);

	switch (trial->theme) {
	case THEME_DATA:
		return roll < 5 ? SC_FAULT_DAMAGE : SC_FAULT_BAD_LOADS;
	case THEME_CRASHES:
		return SC_FAULT_CRASH;
	case THEME_SILENCE:
	case THEME_PASSING:
		return roll < 3 ? SC_FAULT_HANG : roll < 7 ? SC_FAULT_CUT : SC_FAULT_CUT_PAIR;
	case THEME_SLOW:
		return roll < 6 ? SC_FAULT_SLOW_LINK : SC_FAULT_SLOW_DISK;
	default:
		return any[trial_below(trial, sizeof(any) / sizeof(any[0]))];
	}
}

/* among: as many as this may strike the same node. */
static void
add_fault_of(struct trial *trial, uint32_t node, uint32_t among)
{
	struct sc_fault fault = {.node = node, .kind = choose_kind(trial)};

	choose_moment(trial, &fault);
	fault.duration_ns = choose_duration(trial, among);
	fault.factor = trial_between(trial, trial_least_factor, 1);
	fault.count =
	    trial_below(trial, 3) > 0 ? 1 + trial_below(trial, 2) : 1 + trial_below(trial, 30);
	if (fault.kind == SC_FAULT_CUT_PAIR) {
		fault.peer = trial_below(trial, trial->plan.recipients + 1);
		if (fault.peer == node)
			fault.kind = SC_FAULT_CUT;
	}
	/* That of the source is a theme of its own. */
	if (fault.kind == SC_FAULT_BAD_LOADS && node == SC_ORIGIN)
		fault.kind = SC_FAULT_SLOW_DISK;
	add_fault(trial, &fault);
}

static void
strike_group(struct trial *trial)
{
	const struct sc_plan *plan = &trial->plan;
	const struct sc_group *group = &plan->groups[trial_below(trial, plan->group_count)];

	for (uint32_t i = 0; i < group->size; i++)
		add_fault_of(trial, group->first_node + i, 1);
}

static void
make_node_faults(struct trial *trial)
{
	uint32_t count = 1 + trial_below(trial, FAULTS_USUAL);

	if (trial_below(trial, 2) == 0)
		count = 1;
	else if (trial_below(trial, 12) == 0)
		count = 1 + trial_below(trial, trial->plan.recipients / 2 + 1);
	if (trial->plan.recipients > 0 && trial_below(trial, 16) == 0)
		strike_group(trial);
	else
		for (uint32_t i = 0; i < count; i++)
			add_fault_of(trial, choose_node(trial), count);
}

void
trial_make_faults(struct trial *trial)
{
	switch (trial->theme) {
	case THEME_NONE:
		break;
	case THEME_COPIES:
	case THEME_ALL_COPIES:
		make_copy_faults(trial);
		break;
	case THEME_SOURCE:
		trial->config.faults.source_at = trial_below(trial, trial->plan.chunks + 1);
		break;
	default:
		make_node_faults(trial);
		break;
	}
}
