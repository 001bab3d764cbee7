/*
 * A simulated run: what the nodes report that lead it.  Where the network is cut in parts more
 * than one node may think that it leads; each has its own account.
 */
#include "base/vector.h"
#include "sim/impl.h"

#include <stdlib.h>

static struct sc_sim_account *
find(const struct sc_sim_result *result, uint32_t leader)
{
	for (uint32_t i = 0; i < result->account_count; i++) {
		if (result->accounts[i].leader == leader)
			return &result->accounts[i];
	}
	return NULL;
}

const struct sc_sim_account *
sc_sim_account_of(const struct sc_sim_result *result, uint32_t leader)
{
	return find(result, leader);
}

/* The account of a node, which is made when it first reports. */
static struct sc_sim_account *
account_of(struct sim *sim, uint32_t leader)
{
	struct sc_sim_result *result = sim->result;
	struct sc_sim_account *account = find(result, leader);

	if (account != NULL)
		return account;
	result->accounts = sc_vector_must32(result->accounts, result->account_count + 1,
	    &result->account_capacity, sizeof(*result->accounts));
	account = &result->accounts[result->account_count++];
	*account = (struct sc_sim_account){.leader = leader};
	if (sc_bitmap_init(&account->lost, sim->nodes) != 0 ||
	    sc_bitmap_init(&account->failed, sim->nodes) != 0)
		abort();
	return account;
}

/* A node is named once. */
static void
name(struct sim *sim, uint32_t leader, struct sc_bitmap *set, uint32_t node)
{
	if (node >= sim->nodes)
		sim_broken(sim, leader, "names a node that does not exist");
	else if (!sc_bitmap_add(set, node))
		sim_broken(sim, leader, "names a node twice");
}

/* Is there a node that the leader takes for alive, and that is not done with its copy? */
static bool
is_early(const struct sim *sim, uint32_t leader)
{
	for (uint32_t i = 0; i < sim->nodes; i++) {
		const struct sc_sim_node *row = &sim->result->nodes[i];
		bool settled = row->committed || row->copy_failed || sim->members[i].aborted ||
		    (i == SC_ORIGIN && sim->config->origin_keeps_no_copy);

		if (!settled && !sim_forgot(sim, leader, i) && !sim_has_ended(sim, i))
			return true;
	}
	return false;
}

void
sim_report(struct sim *sim, uint32_t node, const struct sc_action *action)
{
	struct sc_sim_account *account;

	if (sc_node_leader(sim->members[node].core) != node)
		sim_broken(sim, node, "reports though it does not lead");
	if (action->report == SC_REPORT_PROGRESS)
		return;
	account = account_of(sim, node);
	if (account->ended)
		sim_broken(sim, node, "reports after it has said that the run has ended");
	switch (action->report) {
	case SC_REPORT_COPY_FAILED:
		name(sim, node, &account->failed, action->peer);
		break;
	case SC_REPORT_NODE_LOST:
		if (action->peer == node)
			sim_broken(sim, node, "says that it is lost itself");
		name(sim, node, &account->lost, action->peer);
		break;
	case SC_REPORT_NODE_TORPID:
		sim->result->torpid_named++;
		break;
	case SC_REPORT_ABORTED:
		account->aborted = true;
		sim->result->aborted = true;
		break;
	case SC_REPORT_ENDED:
		if (is_early(sim, node))
			sim_broken(sim, node, "ends the run before every node is done");
		account->ended = true;
		account->ended_ns = sim->agenda.now_ns;
		account->tally = action->tally;
		break;
	default:
		break;
	}
}

static bool
ended_well(const struct sc_sim_result *result, const struct sc_sim_account *account)
{
	const struct sc_sim_node *row = &result->nodes[account->leader];

	return account->ended && row->left && row->leave == SC_LEAVE_TOGETHER;
}

/* A leader that is cut off, or left alone, can't know whether others have ended the run. */
static bool
is_lonely(const struct sc_sim_result *result, const struct sc_sim_account *account)
{
	const struct sc_sim_node *row = &result->nodes[account->leader];

	return (row->left && row->leave == SC_LEAVE_CUT_OFF) ||
	    account->lost.count + 1 == account->lost.size;
}

/* Of two nodes that both led to an end, where some could not reach others: did a have more of
 * them? */
static bool
is_better(const struct sc_sim_account *a, const struct sc_sim_account *b)
{
	if (a->tally.committed != b->tally.committed)
		return a->tally.committed > b->tally.committed;
	return a->ended_ns > b->ended_ns;
}

/* The account that counts: of a leader that left without having lost a node; one that is lonely
 * counts only if there is no other. */
static const struct sc_sim_account *
last_account(const struct sc_sim_result *result)
{
	const struct sc_sim_account *last = NULL;
	bool last_counts = false;

	for (uint32_t i = 0; i < result->account_count; i++) {
		const struct sc_sim_account *account = &result->accounts[i];
		bool counts = account->ended && !is_lonely(result, account);

		if (ended_well(result, account))
			return account;
		if (last == NULL || (counts && !last_counts) ||
		    (counts == last_counts && !is_better(last, account))) {
			last = account;
			last_counts = counts;
		}
	}
	return last;
}

void
sim_account_end(struct sim *sim)
{
	struct sc_sim_result *result = sim->result;
	const struct sc_sim_account *account = last_account(result);

	if (account == NULL)
		return;
	result->leader = account->leader;
	result->aborted = account->aborted;
	result->committed = account->tally.committed;
	result->failed = account->tally.failed;
	for (uint32_t i = 0; i < sim->nodes; i++) {
		if (sc_bitmap_has(&account->lost, i) || sc_bitmap_has(&account->failed, i))
			result->failures_named++;
	}
}

int
sc_sim_status(const struct sc_sim_config *config, const struct sc_sim_result *result)
{
	uint32_t copies = config->plan->recipients + (config->origin_keeps_no_copy ? 0 : 1);

	if (result->aborted || (result->committed == 0 && copies > 0))
		return 1;
	return result->committed == copies ? 0 : 3;
}
