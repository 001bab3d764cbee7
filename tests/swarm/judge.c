/*
 * The swarm: what must come of a staging.
 *
 * The node that leads at the end has to report what is true: each node has its copy, or is
 * named.  Beyond that a node may be lost only by a fault of its own, as long as a node is there
 * that has the source.
 */
#include "swarm/trial.h"

#include <inttypes.h>

/* What may become of a node because of its own faults. */
enum outlook {
	GOOD,    /* it must have its copy, and may not be named */
	NO_COPY, /* it goes on, but its copy fails for certain */
	AT_RISK, /* it may be lost, or its copy; or neither */
};

struct judgement {
	struct trial *trial;
	const struct sc_sim_result *result;
	const struct sc_sim_account *account;
};

/* Damage that one supplier may do and be asked again. */
static bool
is_small(const struct trial *trial, uint32_t node)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < trial->fault_count; i++) {
		if (trial->faults[i].node == node && trial->faults[i].kind == SC_FAULT_DAMAGE)
			count += trial->faults[i].count;
	}
	return count < SC_DAMAGES_MAX;
}

static bool
is_held_whole(const struct trial *trial, uint32_t node)
{
	return trial->held != NULL && trial->held[node].size > 0 &&
	    trial->held[node].count == trial->plan.chunks;
}

/* Does a disk that takes no more always lack a chunk that it would have to take? */
static bool
fills_early(const struct trial *trial, const struct sc_fault *fault)
{
	return fault->trigger == SC_FAULT_AT_STORED && fault->at < trial->plan.chunks &&
	    !is_held_whole(trial, fault->node);
}

/* What may become of a node because of a fault that struck. */
static enum outlook
outlook_of(const struct trial *trial, const struct sc_fault *fault)
{
	switch (fault->kind) {
	case SC_FAULT_HANG:
	case SC_FAULT_CUT:
	case SC_FAULT_CUT_PAIR:
		return trial->theme == THEME_PASSING ? GOOD : AT_RISK;
	case SC_FAULT_SLOW_LINK:
	case SC_FAULT_SLOW_DISK:
		return GOOD;
	case SC_FAULT_DAMAGE:
		return is_small(trial, fault->node) ? GOOD : AT_RISK;
	case SC_FAULT_NO_COPY:
		return NO_COPY;
	case SC_FAULT_FULL_DISK:
		return fills_early(trial, fault) ? NO_COPY : AT_RISK;
	case SC_FAULT_BAD_COMMIT:
		return fault->trigger == SC_FAULT_AT_STORED ? NO_COPY : AT_RISK;
	default:
		return AT_RISK;
	}
}

static bool
strikes(const struct sc_fault *fault, uint32_t node)
{
	return fault->node == node || (fault->kind == SC_FAULT_CUT_PAIR && fault->peer == node);
}

/* Whether they struck or not. */
static enum outlook
worst_outlook(const struct trial *trial, uint32_t node)
{
	enum outlook worst = GOOD;

	for (uint32_t i = 0; i < trial->fault_count; i++) {
		enum outlook one = outlook_of(trial, &trial->faults[i]);

		if (strikes(&trial->faults[i], node) && one > worst)
			worst = one;
	}
	return worst;
}

static enum outlook
outlook(const struct judgement *judgement, uint32_t node)
{
	return judgement->result->nodes[node].struck ? worst_outlook(judgement->trial, node) : GOOD;
}

static bool
has_copy(const struct trial *trial, uint32_t node)
{
	return node != SC_ORIGIN || !trial->config.origin_keeps_no_copy;
}

static bool
is_named(const struct judgement *judgement, uint32_t node)
{
	return sc_bitmap_has(&judgement->account->lost, node) ||
	    sc_bitmap_has(&judgement->account->failed, node);
}

/* Can the node be lost for good, so that it can't serve others? */
static bool
may_vanish(const struct judgement *judgement, uint32_t node)
{
	const struct trial *trial = judgement->trial;

	for (uint32_t i = 0; i < trial->fault_count; i++) {
		const struct sc_fault *fault = &trial->faults[i];

		if (strikes(fault, node) && judgement->result->nodes[node].struck &&
		    outlook_of(trial, fault) == AT_RISK &&
		    (fault->kind <= SC_FAULT_CUT_PAIR || fault->kind == SC_FAULT_BAD_LOADS))
			return true;
	}
	return false;
}

/* An origin with one relay only can't tell which of the two links is down. */
static bool
is_blind(const struct judgement *judgement)
{
	const struct trial *trial = judgement->trial;

	for (uint32_t i = 0; trial->plan.subfiles == 1 && i < trial->fault_count; i++) {
		const struct sc_fault *fault = &trial->faults[i];

		if (strikes(fault, SC_ORIGIN) && judgement->result->nodes[SC_ORIGIN].struck &&
		    outlook_of(trial, fault) == AT_RISK &&
		    (fault->kind == SC_FAULT_CUT || fault->kind == SC_FAULT_CUT_PAIR))
			return true;
	}
	return false;
}

/* Is a node there to the end that has the source, and can it reach the others?  If most nodes are
 * cut off, they may take themselves for those that are left. */
static bool
is_served(const struct judgement *judgement)
{
	const struct trial *trial = judgement->trial;
	uint32_t silent = 0;

	for (uint32_t i = 0; i <= trial->plan.recipients; i++) {
		if (may_vanish(judgement, i))
			silent++;
	}
	if (trial->theme != THEME_CRASHES && 2 * silent > trial->plan.recipients)
		return false;
	if (trial->config.faults.source_at != SC_NONE || is_blind(judgement))
		return false;
	return !may_vanish(judgement, SC_ORIGIN) ||
	    (trial->config.buddy != SC_ORIGIN && !may_vanish(judgement, trial->config.buddy));
}

/* Is there a node that can have a copy? */
static bool
is_any_copy(const struct judgement *judgement)
{
	for (uint32_t i = 0; i <= judgement->trial->plan.recipients; i++) {
		if (has_copy(judgement->trial, i) && outlook(judgement, i) == GOOD)
			return true;
	}
	return false;
}

/* Are there copies, and does every one fail for certain? */
static bool
is_hopeless(const struct trial *trial)
{
	uint32_t copies = 0;

	for (uint32_t i = 0; i <= trial->plan.recipients; i++) {
		if (!has_copy(trial, i))
			continue;
		copies++;
		if (worst_outlook(trial, i) != NO_COPY)
			return false;
	}
	return copies > 0;
}

/* What the leader reports is what is, except for copies that it can't know of. */
static void
judge_account(struct judgement *judgement)
{
	struct trial *trial = judgement->trial;
	const struct sc_sim_result *result = judgement->result;
	uint32_t copies = 0;
	uint32_t named = 0;
	uint32_t status;

	for (uint32_t i = 0; i <= trial->plan.recipients; i++) {
		bool is_lacking = has_copy(trial, i) && is_named(judgement, i);

		copies += has_copy(trial, i) ? 1 : 0;
		named += is_lacking ? 1 : 0;
		if (has_copy(trial, i) && !is_lacking && !result->nodes[i].renamed)
			trial_broken(trial, "node %u has no copy and is not named by %u", i,
			    judgement->account->leader);
	}
	if (judgement->account->tally.committed != copies - named)
		trial_broken(trial, "%u copies are counted by %u, which names %u of %u",
		    judgement->account->tally.committed, judgement->account->leader, named, copies);
	status = named == 0 ? 0 : named < copies ? 3 : 1;
	if (sc_sim_status(&trial->config, result) != (int)status)
		trial_broken(trial, "the status is %d, not %u",
		    sc_sim_status(&trial->config, result), status);
}

static void
judge_nodes(struct judgement *judgement)
{
	struct trial *trial = judgement->trial;

	for (uint32_t i = 0; i <= trial->plan.recipients; i++) {
		const struct sc_sim_node *row = &judgement->result->nodes[i];
		enum outlook what = outlook(judgement, i);

		if (what == GOOD && is_named(judgement, i))
			trial_broken(trial, "node %u is named though nothing is wrong with it", i);
		if (what == GOOD && has_copy(trial, i) && !row->committed)
			trial_broken(trial, "node %u did not commit", i);
		if (what == NO_COPY && row->renamed)
			trial_broken(trial, "node %u has a copy that can't be", i);
	}
}

/* A node that is left alone can't tell whether all others are gone or it is cut off itself. */
static bool
is_origin_alone(const struct judgement *judgement)
{
	for (uint32_t i = 1; i <= judgement->trial->plan.recipients; i++) {
		if (!may_vanish(judgement, i))
			return false;
	}
	return true;
}

/* The run had to go well for all but those with faults. */
static void
judge_served(struct judgement *judgement)
{
	struct trial *trial = judgement->trial;
	const struct sc_sim_result *result = judgement->result;

	if (result->leader != SC_ORIGIN &&
	    (result->leader != trial->config.buddy || !may_vanish(judgement, SC_ORIGIN)))
		trial_broken(trial, "node %u leads at the end", result->leader);
	if (judgement->account->aborted && is_origin_alone(judgement))
		return;
	if (judgement->account->aborted || !judgement->account->ended)
		trial_broken(trial, "the run was given up");
	judge_nodes(judgement);
	judge_account(judgement);
}

/* Copies may be lacking, but then a node has to report that. */
static void
judge_unserved(struct judgement *judgement)
{
	struct trial *trial = judgement->trial;
	const struct sc_sim_result *result = judgement->result;
	bool is_said = false;

	for (uint32_t i = 0; i < result->account_count; i++)
		is_said = is_said || result->accounts[i].aborted;
	for (uint32_t i = 0; i <= trial->plan.recipients && !is_said; i++) {
		const struct sc_sim_node *row = &result->nodes[i];

		if (outlook(judgement, i) == GOOD && has_copy(trial, i) && !row->committed &&
		    !(row->left && row->leave == SC_LEAVE_CUT_OFF))
			trial_broken(trial, "node %u did not commit, and no node gave up", i);
	}
}

/* A run in which nothing stops the origin before its time. */
static void
judge_given_up(struct judgement *judgement, bool none)
{
	struct trial *trial = judgement->trial;
	const struct sc_sim_result *result = judgement->result;

	if (!result->aborted)
		trial_broken(trial, "the run goes on for nothing");
	if (none && result->commits != 0)
		trial_broken(trial, "%u copies were committed of a source that failed",
		    result->commits);
	if (result->committed != result->commits)
		trial_broken(trial, "%u copies were committed, %u are counted", result->commits,
		    result->committed);
}

static uint64_t
missing_bytes(const struct trial *trial, uint32_t node)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < trial->plan.chunks; i++) {
		if (trial->held == NULL || trial->held[node].size == 0 ||
		    !sc_bitmap_has(&trial->held[node], i))
			bytes += sc_plan_chunk_length(&trial->plan, i);
	}
	return bytes;
}

/* Without faults no chunk comes twice or in vain, unless a node is relieved. */
static void
judge_bytes(struct judgement *judgement)
{
	struct trial *trial = judgement->trial;
	const struct sc_sim_result *result = judgement->result;

	if (result->torpid)
		return; /* what was under way when another took over came twice */
	for (uint32_t i = 1; i <= trial->plan.recipients; i++) {
		uint64_t missing = missing_bytes(trial, i);

		if (result->nodes[i].bytes_received != missing)
			trial_broken(trial, "node %u lacked %" PRIu64 " bytes and got %" PRIu64, i,
			    missing, result->nodes[i].bytes_received);
	}
	if (trial->plan.recipients > 0 && trial->held == NULL &&
	    result->nodes[SC_ORIGIN].bytes_sent != trial->plan.size_bytes)
		trial_broken(trial, "the origin does not send the file just once");
}

void
trial_judge(struct trial *trial, const struct sc_sim_result *result)
{
	struct judgement judgement = {
		.trial = trial,
		.result = result,
		.account = sc_sim_account_of(result, result->leader),
	};
	bool quiet = trial->theme <= THEME_SOURCE && trial->theme != THEME_NONE;

	if (result->violations > 0)
		trial_broken(trial, "%s", result->violation);
	if (trial->theme == THEME_NONE && result->torpid_named == 0)
		judge_bytes(&judgement);
	if (quiet && trial->config.buddy == SC_ORIGIN && trial->config.faults.source_at != SC_NONE)
		judge_given_up(&judgement, true);
	else if (quiet && is_hopeless(trial))
		judge_given_up(&judgement, true);
	else if (!is_served(&judgement) || !is_any_copy(&judgement))
		judge_unserved(&judgement);
	else if (judgement.account != NULL)
		judge_served(&judgement);
	else
		trial_broken(trial, "no node reports how it ended");
}
