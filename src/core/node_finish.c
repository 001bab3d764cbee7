/*
 * The end of a node's work: seal, commit, failures, the closing round; and
 * the reports that go up the control tree on the way there.
 *
 * A node is done when its own copy is complete (or lost), it has sent all that
 * others want of it, nothing is under way, and all its children in the control tree are done; it then
 * tells its parent.  When the origin is done, so is everybody, and CLOSE goes
 * down the tree.
 */
#include "core/node_impl.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
node_tree_init(struct sc_node *node)
{
	uint32_t nodes[SC_RECEIVERS_MAX];
	uint32_t count = sc_plan_children(node->plan, node->self, nodes);

	node->parent = node_is_origin(node) ? SC_NONE : sc_plan_parent(node->plan, node->self);
	node->last_tally.least = SC_NONE;
	node->children = calloc(count + 1, sizeof(*node->children));
	if (node->children == NULL)
		return -1;
	node->child_count = count;
	for (uint32_t i = 0; i < count; i++) {
		node->children[i].node = nodes[i];
		node->children[i].tally.least = 0;
	}
	return 0;
}

static void
tell_children(struct sc_node *node, const struct sc_message *message)
{
	for (uint32_t i = 0; i < node->child_count; i++)
		node_control(node, node->children[i].node, message);
}

static void
report(struct sc_node *node, enum sc_report_what what, uint32_t peer, const char *text)
{
	struct sc_action *action = sc_actions_add(node->actions, SC_ACTION_REPORT);

	assert(node_is_origin(node));
	action->report = what;
	action->peer = peer;
	sc_actions_attach(node->actions, text, strlen(text) + 1);
}

/* Did every chunk arrive here?  A node whose copy failed still takes them all,
 * so that nothing is under way to it when the run is closed. */
static bool
all_arrived(const struct sc_node *node)
{
	for (uint32_t i = 0; !node_is_origin(node) && i < node->plan->subfiles; i++) {
		if (node->inbound[i].arrived < node->inbound[i].total)
			return false;
	}
	return true;
}

static bool
all_sent(const struct sc_node *node)
{
	for (uint32_t i = 0; i < node->outbound_count; i++) {
		if (node->outbound[i].sent < node->outbound[i].total)
			return false;
	}
	return true;
}

/* Has this node nothing more to do itself, and nothing under way? */
static bool
own_part_is_done(const struct sc_node *node)
{
	bool settled =
	    !node->keeps_copy || node->committed || (node->copy_failed && all_arrived(node));

	return (node->aborted || (settled && all_sent(node))) && !node->committing &&
	    !node->finishing && node->stores == 0 && node->loads == 0 && node->sends_in_flight == 0;
}

/* The state of the subtree of this node, itself included. */
static struct sc_tally
tally(const struct sc_node *node)
{
	struct sc_tally sum = {.least = SC_NONE};

	if (node->committed)
		sum.committed = 1;
	else if (node->keeps_copy && (node->copy_failed || node->aborted))
		sum.failed = 1;
	if (node->keeps_copy && sum.failed == 0)
		sum.least = node->stored;
	for (uint32_t i = 0; i < node->child_count; i++) {
		const struct sc_tally *part = &node->children[i].tally;

		sum.committed += part->committed;
		sum.failed += part->failed;
		if (part->least < sum.least)
			sum.least = part->least;
	}
	return sum;
}

/* Stop: nothing more is granted, sent, loaded or stored here.  A copy that is
 * complete, or just being committed, stays. */
static void
abort_here(struct sc_node *node)
{
	if (node->aborted)
		return;
	node->aborted = true;
	node_record(node, SC_RECORD_ABORTED, SC_NONE, SC_NONE, node->stored);
	for (uint32_t i = 0; i < node->slot_count; i++)
		node_slot_settle(node, i);
}

static void
abort_all(struct sc_node *node, const char *cause)
{
	struct sc_message message = {.type = SC_MESSAGE_ABORT};

	assert(node_is_origin(node));
	if (node->aborting)
		return;
	node->aborting = true;
	report(node, SC_REPORT_ABORTED, SC_NONE, cause);
	snprintf(message.u.cause, sizeof(message.u.cause), "%s", cause);
	tell_children(node, &message);
	abort_here(node);
}

/* At the origin: a node's copy failed.  When nobody is left who could take
 * one, there is nothing to go on for. */
static void
note_failed_copy(struct sc_node *node, const struct sc_failed *failed)
{
	uint32_t copies = node->plan->recipients + (node->keeps_copy ? 1 : 0);

	report(node, SC_REPORT_COPY_FAILED, failed->node, failed->cause);
	node->copies_failed++;
	if (failed->fatal)
		abort_all(node, failed->cause);
	else if (node->copies_failed == copies)
		abort_all(node, "no node can take a copy");
}

static void
tell_failed(struct sc_node *node, const char *cause, bool fatal)
{
	struct sc_message message = {.type = SC_MESSAGE_FAILED};

	message.u.failed.node = node->self;
	message.u.failed.fatal = fatal;
	snprintf(message.u.failed.cause, sizeof(message.u.failed.cause), "%s", cause);
	if (node_is_origin(node))
		note_failed_copy(node, &message.u.failed);
	else
		node_control(node, node->parent, &message);
}

void
node_on_copy_failed(struct sc_node *node, const char *cause)
{
	if (node->copy_failed || node->aborted)
		return;
	node->copy_failed = true;
	node_record(node, SC_RECORD_COPY_FAILED, SC_NONE, SC_NONE, node->stored);
	tell_failed(node, cause, false);
	for (uint32_t i = 0; i < node->plan->subfiles; i++)
		node_open_edges(node, i);
}

void
node_on_fatal(struct sc_node *node, const char *cause)
{
	if (node_is_origin(node)) {
		abort_all(node, cause);
		return;
	}
	if (node->aborted)
		return;
	tell_failed(node, cause, true);
	abort_here(node);
}

void
node_on_peer_failed(struct sc_node *node, uint32_t peer, const char *cause)
{
	node_record(node, SC_RECORD_PEER_FAILED, peer, SC_NONE, 0);
	if (node_is_origin(node)) {
		struct sc_tally sum = tally(node);

		report(node, SC_REPORT_ABORTED, peer, cause);
		report(node, SC_REPORT_ENDED, SC_NONE, "");
		node->actions->items[node->actions->count - 1].tally = sum;
	}
	node->left = true;
	sc_actions_add(node->actions, SC_ACTION_LEAVE);
}

int
node_on_message_up(struct sc_node *node, uint32_t peer, const struct sc_message *message)
{
	struct child *child = NULL;

	for (uint32_t i = 0; i < node->child_count; i++) {
		if (node->children[i].node == peer)
			child = &node->children[i];
	}
	if (child == NULL || child->done)
		return -1;
	switch (message->type) {
	case SC_MESSAGE_FAILED:
		if (message->u.failed.node == SC_ORIGIN ||
		    message->u.failed.node > node->plan->recipients)
			return -1;
		if (node_is_origin(node))
			note_failed_copy(node, &message->u.failed);
		else
			node_control(node, node->parent, message);
		return 0;
	case SC_MESSAGE_DONE:
		child->done = true;
		child->tally = message->u.tally;
		return 0;
	case SC_MESSAGE_PROGRESS:
		child->tally = message->u.tally;
		return 0;
	default:
		return -1;
	}
}

static void
leave(struct sc_node *node)
{
	struct sc_message message = {.type = SC_MESSAGE_CLOSE};

	tell_children(node, &message);
	node->left = true;
	sc_actions_add(node->actions, SC_ACTION_LEAVE);
}

int
node_on_message_down(struct sc_node *node, uint32_t peer, const struct sc_message *message)
{
	if (peer != node->parent)
		return -1;
	switch (message->type) {
	case SC_MESSAGE_SEAL:
		if (node->sealed)
			return -1;
		node->sealed = true;
		node->seal = message->u.seal;
		node_record(node, SC_RECORD_SEALED, SC_NONE, SC_NONE, 0);
		tell_children(node, message);
		return 0;
	case SC_MESSAGE_ABORT:
		tell_children(node, message);
		abort_here(node);
		return 0;
	case SC_MESSAGE_CLOSE:
		if (!node->reported_done)
			return -1;
		leave(node);
		return 0;
	default:
		return -1;
	}
}

int
node_on_finished(struct sc_node *node, const struct sc_seal *seal)
{
	struct sc_message message = {.type = SC_MESSAGE_SEAL};

	assert(node_is_origin(node) && node->finishing);
	node->finishing = false;
	node->sealed = true;
	node->seal = *seal;
	if (node->aborting)
		return 0;
	node_record(node, SC_RECORD_SEALED, SC_NONE, SC_NONE, 0);
	message.u.seal = *seal;
	tell_children(node, &message);
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

static bool
tally_equal(struct sc_tally a, struct sc_tally b)
{
	return a.committed == b.committed && a.failed == b.failed && a.least == b.least;
}

static void
tell_progress(struct sc_node *node, enum sc_message_type type)
{
	struct sc_message message = {.type = type};

	message.u.tally = tally(node);
	node->last_tally = message.u.tally;
	node_control(node, node->parent, &message);
}

void
node_on_time(struct sc_node *node)
{
	if (node->now_ns < node->next_progress_ns)
		return;
	node->next_progress_ns = node->now_ns + node->progress_interval_ns;
	if (node_is_origin(node)) {
		report(node, SC_REPORT_PROGRESS, SC_NONE, "");
		node->actions->items[node->actions->count - 1].tally = tally(node);
	} else if (!node->reported_done && !tally_equal(tally(node), node->last_tally)) {
		tell_progress(node, SC_MESSAGE_PROGRESS);
	}
}

static void
commit_if_ready(struct sc_node *node)
{
	if (!node->sealed || !node_stores(node) || node->committing || node->committed ||
	    node->stored < node->plan->chunks)
		return;
	assert(node->stored == node->plan->chunks && node->stores == 0);
	node->committing = true;
	sc_actions_add(node->actions, SC_ACTION_COMMIT)->seal = node->seal;
}

void
node_advance(struct sc_node *node)
{
	node_load(node);
	commit_if_ready(node);
	if (node->reported_done || !own_part_is_done(node))
		return;
	for (uint32_t i = 0; i < node->child_count; i++) {
		if (!node->children[i].done)
			return;
	}
	node->reported_done = true;
	if (!node_is_origin(node)) {
		tell_progress(node, SC_MESSAGE_DONE);
		return;
	}
	report(node, SC_REPORT_ENDED, SC_NONE, "");
	node->actions->items[node->actions->count - 1].tally = tally(node);
	leave(node);
}
