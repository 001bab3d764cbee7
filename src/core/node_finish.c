/*
 * The end of a node's work: commit, the closing round, and taking over the lead.
 *
 * A node is done when its own copy is complete (or lost), it has sent all that
 * others want of it, nothing is under way, and all its children in the control tree are done; it
 * then tells its parent.  When the leader is done, so is everybody, and CLOSE goes
 * down the tree.  If nobody has failed, all leave then together.  Else a node that leaves
 * looks like one that has failed: so those at the bottom leave first, each says BYE to its
 * parent, and the leader goes last.
 *
 * What DONE says, for as long as that leader leads whom it names: its sender, and everybody who
 * is there and below it in that leader's tree, has nothing left to do for itself.  Failures of
 * others take nodes out of this tree and put nobody below anybody who was not above him before
 * (detour.h), so it stays true.  But a leader is the root, wherever the plan has put it: when it
 * fails, those below it move to its ancestors in the plan, who may have said DONE without
 * them.  So a DONE counts for one leader only, and each node says it anew to the next.
 *
 * CLOSE says that everybody is done, and that stays so whoever leads then.  So it is taken
 * whichever leader has begun it.  Should that one fail, then who has it says it upwards, too:
 * the next leader has to know that those who leave have not failed, and that the outcome was
 * known, though not to it: it says nothing of that.
 */
#include "core/node_impl.h"

#include <assert.h>

/* Did every chunk arrive here?  A node whose copy failed still takes them all,
 * so that nothing is under way to it when the run is closed. */
static bool
all_arrived(const struct sc_node *node)
{
	for (uint32_t i = 0; !node_is_origin(node) && i < node->plan->subfiles; i++) {
		if (inbound_lacks(&node->inbound[i]) > 0)
			return false;
	}
	return true;
}

static bool
all_sent(const struct sc_node *node)
{
	for (uint32_t i = 0; i < node->outbound_count; i++) {
		if (node->outbound[i].next < node->outbound[i].total)
			return false;
	}
	return true;
}

static bool
is_idle(const struct sc_node *node)
{
	return !node->committing && !node->finishing && node->stores == 0 && node->loads == 0 &&
	    node->sends_in_flight == 0;
}

/* Has this node nothing more to do itself, and nothing under way? */
static bool
own_part_is_done(const struct sc_node *node)
{
	bool settled =
	    !node->keeps_copy || node->committed || (node->copy_failed && all_arrived(node));

	return (node->aborted || (settled && all_sent(node) && node->former_count == 0)) &&
	    is_idle(node);
}

void
node_leave(struct sc_node *node, enum sc_leave how)
{
	node->leaving = true;
	node->leave = how;
}

static void
tell_seal_to_all(struct sc_node *node)
{
	node_record(node, SC_RECORD_SEALED, SC_NONE, SC_NONE, 0);
	node->actions->message.type = SC_MESSAGE_SEAL;
	node->actions->message.u.seal = node->seal;
	node_tell_children(node, &node->actions->message);
}

int
node_on_finished(struct sc_node *node, const struct sc_seal *seal)
{
	assert(node->finishing);
	node->finishing = false;
	if (node->sealed)
		return 0;
	node->sealed = true;
	node->seal = *seal;
	if (!node->aborting)
		tell_seal_to_all(node);
	return 0;
}

int
node_on_committed(struct sc_node *node)
{
	assert(node->committing);
	node->committing = false;
	node->committed = true;
	node_record(node, SC_RECORD_COMMITTED, SC_NONE, SC_NONE, node->stored);
	return 0;
}

/*
 * The leader has failed, and this node is the next [0081].  A buddy reads what the origin would have
 * read; others can only bring to an end what needs no source any more.
 */
void
node_take_over(struct sc_node *node, uint32_t from)
{
	assert(node_leads(node));
	node_record(node, SC_RECORD_TAKEOVER, from, SC_NONE, 0);
	if (node->closing)
		return;
	node_report(node, SC_REPORT_TAKEOVER, from, "");
	for (uint32_t i = 0; i < node->roster.failed.count; i++)
		node_report_loss(node, &node->roster.losses[i]);
	node_tell_troubles(node);
	if (node->aborted || node->sealed || node->finishing)
		return;
	if (node->has_source) {
		node->finishing = true;
		sc_actions_add(node->actions, SC_ACTION_FINISH_SOURCE);
	} else {
		node_abort_all(node,
		    "the origin is lost, and nobody else can tell what the whole file is");
	}
}

static void
commit_if_ready(struct sc_node *node)
{
	if (!node->sealed || !node_stores(node) || node->committing || node->committed ||
	    node->awaits_store || node->stored < node->plan->chunks)
		return;
	assert(node->stored == node->plan->chunks && node->stores == 0);
	node->committing = true;
	sc_actions_add(node->actions, SC_ACTION_COMMIT)->seal = node->seal;
}

/* After CLOSE.  Somebody may have asked for chunks since this node was done, and gone
 * without them. */
static void
leave_if_last(struct sc_node *node)
{
	if (!is_idle(node))
		return;
	if (!node->apart) {
		/* Who is lost now can't leave with all others; those who have left say no BYE. */
		node_leave(node,
		    node->roster.failed.count > 0 ? SC_LEAVE_APART : SC_LEAVE_TOGETHER);
		return;
	}
	for (uint32_t i = 0; i < node->child_count; i++) {
		if (!node->children[i].gone)
			return;
	}
	if (!node_leads(node)) {
		node->actions->message.type = SC_MESSAGE_BYE;
		node_control(node, node->parent, &node->actions->message);
	}
	node_leave(node, SC_LEAVE_APART);
}

static void
tell_close_up(struct sc_node *node)
{
	if (node_leads(node))
		return;
	node->actions->message.type = SC_MESSAGE_CLOSE;
	node->actions->message.u.apart = true;
	node_control(node, node->parent, &node->actions->message);
}

int
node_close(struct sc_node *node, bool apart, bool from_below)
{
	if (node->closing)
		return 0;
	if (node->done_for == SC_NONE)
		return -1;
	node->closing = true;
	node->apart = apart;
	node->actions->message.type = SC_MESSAGE_CLOSE;
	node->actions->message.u.apart = apart;
	node_tell_children(node, &node->actions->message);
	if (from_below)
		tell_close_up(node);
	return 0;
}

/* A part that was done stays so when others ask for chunks again: they are not done then.  But
 * who takes over may have the source to finish. */
static bool
subtree_is_done(const struct sc_node *node)
{
	bool was_done = node->done_for != SC_NONE && !node_leads(node);

	return (was_done || own_part_is_done(node)) && node_children_are_done(node);
}

static void
be_done(struct sc_node *node)
{
	node->done_for = node->leader;
	if (node->closing)
		tell_close_up(node);
	else if (!node_leads(node))
		node_tell_done(node);
}

void
node_advance(struct sc_node *node)
{
	if (node->leaving)
		return;
	if (!node->closing) {
		node_load(node);
		commit_if_ready(node);
	}
	if (!node_is_done(node) && (node->closing || subtree_is_done(node)))
		be_done(node);
	if (!node->closing && node_is_done(node) && node_leads(node)) {
		node_report_tally(node, SC_REPORT_ENDED);
		(void)node_close(node, node->apart || node->roster.failed.count > 0, false);
	}
	if (node->closing)
		leave_if_last(node);
}
