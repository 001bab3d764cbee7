/*
 * The control tree: the seal and the order to give up go down, reports of progress and of
 * failed copies go up.  Where somebody has failed, his children are taken over by the
 * first of their ancestors that is left, and all is said once more: it does no harm.
 */
#include "core/node_impl.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Owned by the caller; without memory the program ends. */
static char *
copy_text(const char *text)
{
	size_t bytes = strlen(text) + 1;
	char *copy = malloc(bytes);

	if (copy == NULL)
		abort();
	memcpy(copy, text, bytes);
	return copy;
}

static struct child *
find_child(const struct sc_node *node, uint32_t peer)
{
	for (uint32_t i = 0; i < node->child_count; i++) {
		if (node->children[i].node == peer)
			return &node->children[i];
	}
	return NULL;
}

static void
add_child(struct sc_node *node, uint32_t peer)
{
	node->children = node_grown(node->children, node->child_count, &node->child_capacity,
	    sizeof(*node->children));
	node->children[node->child_count++] = (struct child){.node = peer, .done_for = SC_NONE};
}

int
node_tree_init(struct sc_node *node)
{
	node->leader = SC_ORIGIN;
	node->parent = sc_detour_parent(node->plan, &node->roster, node->self);
	node->last_tally.least = SC_NONE;
	sc_detour_children(node->plan, &node->roster, node->self, &node->scratch);
	for (uint32_t i = 0; i < node->scratch.count; i++)
		add_child(node, node->scratch.items[i]);
	return 0;
}

void
node_tell_children(struct sc_node *node, const struct sc_message *message)
{
	for (uint32_t i = 0; i < node->child_count; i++)
		node_control(node, node->children[i].node, message);
}

void
node_report(struct sc_node *node, enum sc_report_what what, uint32_t peer, const char *text)
{
	struct sc_action *action = sc_actions_add(node->actions, SC_ACTION_REPORT);

	assert(node_leads(node));
	action->report = what;
	action->peer = peer;
	sc_actions_attach(node->actions, text, strlen(text) + 1);
}

void
node_report_loss(struct sc_node *node, const struct sc_loss *loss)
{
	if (!node->closing)
		node_report(node, SC_REPORT_NODE_LOST, loss->node,
		    sc_failure_cause_text(loss->cause));
}

static void
tell_seal(struct sc_node *node, uint32_t peer)
{
	node->actions->message.type = SC_MESSAGE_SEAL;
	node->actions->message.u.seal = node->seal;
	node_control(node, peer, &node->actions->message);
}

static const char *
cause_text(const char *cause)
{
	return cause == NULL ? "(no memory for the cause)" : cause;
}

/* A child whose parent has failed learns what it may have missed. */
static void
adopt(struct sc_node *node, uint32_t peer)
{
	add_child(node, peer);
	node_add_peer(node, peer);
	node_tell_losses(node, peer, 0); /* else it would not know why this one speaks */
	if (node->sealed)
		tell_seal(node, peer);
	if (node->aborted) {
		node->actions->message.type = SC_MESSAGE_ABORT;
		snprintf(node->actions->message.u.cause, SC_CAUSE_BYTES, "%s",
		    cause_text(node->abort_cause));
		node_control(node, peer, &node->actions->message);
	}
	if (node->closing) {
		node->actions->message.type = SC_MESSAGE_CLOSE;
		node->actions->message.u.apart = true;
		node_control(node, peer, &node->actions->message);
	}
}

static bool
is_in(const struct sc_detour_nodes *nodes, uint32_t node)
{
	for (uint32_t i = 0; i < nodes->count; i++) {
		if (nodes->items[i] == node)
			return true;
	}
	return false;
}

void
node_tree_mend(struct sc_node *node)
{
	uint32_t parent = sc_detour_parent(node->plan, &node->roster, node->self);
	bool moved = parent != node->parent;

	sc_detour_children(node->plan, &node->roster, node->self, &node->scratch);
	for (uint32_t i = node->child_count; i-- > 0;) {
		if (!is_in(&node->scratch, node->children[i].node))
			node->children[i] = node->children[--node->child_count];
	}
	for (uint32_t i = 0; i < node->scratch.count; i++) {
		if (find_child(node, node->scratch.items[i]) == NULL)
			adopt(node, node->scratch.items[i]);
	}
	node->parent = parent;
	if (parent == SC_NONE || !moved)
		return;
	node_add_peer(node, parent);
	node_tell_losses(node, parent, 0);
	node_tell_troubles(node); /* whoever was to pass it on may not have */
	if (node_is_done(node))
		node_tell_done(node);
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

void
node_report_tally(struct sc_node *node, enum sc_report_what what)
{
	struct sc_tally sum = tally(node);

	/* What a subtree said in the end may count one that failed later: known by name,
	 * losses are counted for certain. */
	if (what == SC_REPORT_ENDED && !node->aborted) {
		uint32_t copies =
		    node->plan->recipients + (node_is_origin(node) && node->keeps_copy ? 1 : 0);

		sum.failed = 0;
		for (uint32_t i = node_is_origin(node) ? 0 : 1; i <= node->plan->recipients; i++)
			sum.failed += node_failed(node, i) ||
			    (node->failed_copies.words != NULL &&
				sc_bitmap_has(&node->failed_copies, i));
		sum.committed = copies - sum.failed;
	}
	node_report(node, what, SC_NONE, "");
	node->actions->items[node->actions->count - 1].tally = sum;
}

void
node_abort_here(struct sc_node *node, const char *cause)
{
	if (node->aborted)
		return;
	node->aborted = true;
	node->abort_cause = copy_text(cause);
	node_record(node, SC_RECORD_ABORTED, SC_NONE, SC_NONE, node->stored);
	for (uint32_t i = 0; i < node->slot_count; i++)
		node_slot_settle(node, i);
}

void
node_abort_all(struct sc_node *node, const char *cause)
{
	assert(node_leads(node));
	if (node->aborting || node->closing)
		return;
	node->aborting = true;
	node_report(node, SC_REPORT_ABORTED, SC_NONE, cause);
	node->actions->message.type = SC_MESSAGE_ABORT;
	snprintf(node->actions->message.u.cause, sizeof(node->actions->message.u.cause), "%s",
	    cause);
	node_tell_children(node, &node->actions->message);
	node_abort_here(node, cause);
}

/* At the leader: a node's copy failed.  When nobody is left who could take
 * one, there is nothing to go on for. */
static void
note_failed_copy(struct sc_node *node, const struct sc_failed *failed)
{
	uint32_t copies =
	    node->plan->recipients + (node_is_origin(node) && node->keeps_copy ? 1 : 0);
	uint32_t out = 0;

	if (node->closing || node->aborting)
		return; /* what comes now follows from what was said */
	if (node->failed_copies.words == NULL &&
	    sc_bitmap_init(&node->failed_copies, node->plan->recipients + 1) != 0)
		abort();
	if (sc_bitmap_add(&node->failed_copies, failed->node))
		node_report(node, SC_REPORT_COPY_FAILED, failed->node, failed->cause);
	if (failed->fatal) {
		node_abort_all(node, failed->cause);
		return;
	}
	for (uint32_t i = 0; i <= node->plan->recipients; i++)
		out += sc_bitmap_has(&node->failed_copies, i) ||
		    (i != SC_ORIGIN && node_failed(node, i));
	if (out >= copies)
		node_abort_all(node, "no node can take a copy");
}

/* To whoever is above, or to oneself. */
static void
pass_on_failed(struct sc_node *node, const struct sc_failed *failed)
{
	if (node_leads(node)) {
		note_failed_copy(node, failed);
		return;
	}
	node->actions->message.type = SC_MESSAGE_FAILED;
	node->actions->message.u.failed = *failed;
	node_control(node, node->parent, &node->actions->message);
}

/* What comes from below is kept: if the one above fails, nobody else may know it. */
static void
keep_failed(struct sc_node *node, const struct sc_failed *failed)
{
	for (uint32_t i = 0; i < node->failure_count; i++) {
		if (node->failures[i].node == failed->node &&
		    node->failures[i].fatal == failed->fatal)
			return;
	}
	node->failures = node_grown(node->failures, node->failure_count, &node->failure_capacity,
	    sizeof(*node->failures));
	node->failures[node->failure_count++] = *failed;
}

static void
tell_failed(struct sc_node *node, const char *cause, bool fatal)
{
	struct sc_failed failed = {.node = node->self, .fatal = fatal};

	snprintf(failed.cause, sizeof(failed.cause), "%s", cause);
	pass_on_failed(node, &failed);
}

/* One leader's order to give up is nothing that the next one can go on without. */
void
node_tell_troubles(struct sc_node *node)
{
	for (uint32_t i = 0; i < node->failure_count; i++)
		pass_on_failed(node, &node->failures[i]);
	if (node->copy_failed)
		tell_failed(node, cause_text(node->copy_cause), false);
	if (node->aborted)
		tell_failed(node, cause_text(node->abort_cause), true);
}

void
node_on_copy_failed(struct sc_node *node, const char *cause)
{
	if (node->copy_failed || node->aborted || node->committed)
		return;
	node->copy_failed = true;
	node->copy_cause = copy_text(cause);
	node_record(node, SC_RECORD_COPY_FAILED, SC_NONE, SC_NONE, node->stored);
	tell_failed(node, cause_text(node->copy_cause), false);
	if (node->awaits_store)
		(void)node_on_opened(node, NULL);
	for (uint32_t i = 0; i < node->plan->subfiles; i++)
		node_open_edges(node, i);
	node_pump(node); /* what was to be put aside goes out of turn now */
}

void
node_on_fatal(struct sc_node *node, const char *cause)
{
	if (node_leads(node)) {
		node_abort_all(node, cause);
		return;
	}
	if (node->aborted)
		return;
	tell_failed(node, cause, true);
	node_abort_here(node, cause);
}

/* Who has left was told to: all were done by then, whoever led. */
bool
node_children_are_done(const struct sc_node *node)
{
	for (uint32_t i = 0; i < node->child_count; i++) {
		if (node->children[i].done_for != node->leader && !node->children[i].gone)
			return false;
	}
	return true;
}

bool
node_has_left(const struct sc_node *node, uint32_t peer)
{
	const struct child *child = find_child(node, peer);

	return child != NULL && child->gone;
}

int
node_on_message_up(struct sc_node *node, uint32_t peer, const struct sc_message *message)
{
	struct child *child = find_child(node, peer);

	if (message->type == SC_MESSAGE_FAILED) {
		if (message->u.failed.node > node->plan->recipients)
			return -1;
		keep_failed(node, &message->u.failed);
		pass_on_failed(node, &message->u.failed);
		return 0;
	}
	if (child == NULL)
		return node->roster.failed.count > 0 ? 0 : -1;
	switch (message->type) {
	case SC_MESSAGE_DONE:
		if (message->u.done.leader > node->plan->recipients)
			return -1;
		child->done_for = message->u.done.leader;
		child->tally = message->u.done.tally;
		return 0;
	case SC_MESSAGE_PROGRESS:
		child->tally = message->u.tally;
		return 0;
	case SC_MESSAGE_BYE:
		child->gone = true;
		return 0;
	default:
		return -1;
	}
}

int
node_on_message_down(struct sc_node *node, uint32_t peer, const struct sc_message *message)
{
	struct sc_message onward = *message;

	if (message->type == SC_MESSAGE_CLOSE && find_child(node, peer) != NULL)
		return node_close(node, message->u.apart, true);
	if (peer != node->parent)
		return node->roster.failed.count > 0 ? 0 : -1;
	switch (message->type) {
	case SC_MESSAGE_SEAL:
		if (node->sealed)
			return 0;
		node->sealed = true;
		node->seal = message->u.seal;
		node_record(node, SC_RECORD_SEALED, SC_NONE, SC_NONE, 0);
		node_tell_children(node, &onward);
		return 0;
	case SC_MESSAGE_ABORT:
		node_tell_children(node, &onward);
		node_abort_here(node, onward.u.cause);
		return 0;
	case SC_MESSAGE_CLOSE:
		return node_close(node, message->u.apart, false);
	default:
		return -1;
	}
}

static bool
tally_equal(struct sc_tally a, struct sc_tally b)
{
	return a.committed == b.committed && a.failed == b.failed && a.least == b.least;
}

static void
tell_progress(struct sc_node *node)
{
	node->last_tally = tally(node);
	node->actions->message.type = SC_MESSAGE_PROGRESS;
	node->actions->message.u.tally = node->last_tally;
	node_control(node, node->parent, &node->actions->message);
}

void
node_tell_done(struct sc_node *node)
{
	node->last_tally = tally(node);
	node->actions->message.type = SC_MESSAGE_DONE;
	node->actions->message.u.done.leader = node->leader;
	node->actions->message.u.done.tally = node->last_tally;
	node_control(node, node->parent, &node->actions->message);
}

void
node_on_progress_time(struct sc_node *node)
{
	if (node->now_ns < node->next_progress_ns)
		return;
	node->next_progress_ns = node->now_ns + node->progress_interval_ns;
	if (node->closing)
		return;
	if (node_leads(node))
		node_report_tally(node, SC_REPORT_PROGRESS);
	else if (!node_is_done(node) && !tally_equal(tally(node), node->last_tally))
		tell_progress(node);
}
