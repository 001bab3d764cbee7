/*
 * The control tree, messages along it: see control.h.
 */
#include "core/control_impl.h"

#include "base/vector.h"

#include <assert.h>
#include <stdlib.h>

static struct sc_child *
find_child(const struct sc_control *control, uint32_t node)
{
	for (uint32_t i = 0; i < control->child_count; i++) {
		if (control->children[i].node == node)
			return &control->children[i];
	}
	return NULL;
}

static void
add_child(struct sc_control *control, uint32_t node)
{
	control->children = sc_vector_must32(control->children, control->child_count + 1,
	    &control->child_capacity, sizeof(*control->children));
	control->children[control->child_count++] =
	    (struct sc_child){.node = node, .done_for = SC_NONE};
}

void
sc_control_init(struct sc_control *control, const struct sc_context *context,
    struct sc_store *store, struct sc_peers *peers, uint64_t progress_interval_ns)
{
	*control = (struct sc_control){
		.context = context,
		.store = store,
		.peers = peers,
		.done_for = SC_NONE,
		.last_tally.least = SC_NONE,
		.progress_interval_ns = progress_interval_ns,
		.next_progress_ns = UINT64_MAX,
	};
	control->parent = sc_detour_parent(context->plan, &peers->roster, context->self);
	sc_detour_children(context->plan, &peers->roster, context->self, &control->scratch);
	for (uint32_t i = 0; i < control->scratch.count; i++)
		add_child(control, control->scratch.items[i]);
}

void
sc_control_free(struct sc_control *control)
{
	sc_bitmap_free(&control->failed_copies);
	free(control->abort_cause);
	free(control->children);
	free(control->failures);
	free(control->scratch.items);
	*control = (struct sc_control){0};
}

void
sc_control_start(struct sc_control *control)
{
	for (uint32_t i = 0; i < control->child_count; i++)
		sc_peers_add(control->peers, control->children[i].node);
	if (control->parent != SC_NONE)
		sc_peers_add(control->peers, control->parent);
	if (control->progress_interval_ns != 0)
		control->next_progress_ns =
		    control->context->now_ns + control->progress_interval_ns;
}

static const struct sc_message *
seal_message(const struct sc_control *control)
{
	struct sc_message *message = sc_context_message(control->context, SC_MESSAGE_SEAL);

	message->u.seal = control->seal;
	return message;
}

static const struct sc_message *
close_message(const struct sc_control *control, bool apart)
{
	struct sc_message *message = sc_context_message(control->context, SC_MESSAGE_CLOSE);

	message->u.apart = apart;
	return message;
}

static void
tell_done(struct sc_control *control)
{
	struct sc_message *message = sc_context_message(control->context, SC_MESSAGE_DONE);

	control->last_tally = sc_control_tally(control);
	message->u.done = (struct sc_done){control->peers->leader, control->last_tally};
	sc_context_send(control->context, control->parent, message);
}

static void
tell_close_up(const struct sc_control *control)
{
	if (!sc_control_leads(control))
		sc_context_send(control->context, control->parent, close_message(control, true));
}

/* A child whose parent has failed learns what it may have missed. */
static void
adopt(struct sc_control *control, uint32_t node)
{
	add_child(control, node);
	sc_peers_add(control->peers, node);
	sc_peers_tell(control->peers, node, 0); /* else it would not know why this node speaks */
	if (control->sealing == SC_SEAL_KNOWN)
		sc_context_send(control->context, node, seal_message(control));
	if (control->is_aborted)
		sc_context_send(control->context, node,
		    sc_control_abort_message(control, control->abort_cause));
	if (control->run >= SC_RUN_CLOSING)
		sc_context_send(control->context, node, close_message(control, true));
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

static void
mend_children(struct sc_control *control)
{
	const struct sc_context *context = control->context;

	sc_detour_children(context->plan, &control->peers->roster, context->self,
	    &control->scratch);
	for (uint32_t i = control->child_count; i-- > 0;) {
		if (!is_in(&control->scratch, control->children[i].node))
			control->children[i] = control->children[--control->child_count];
	}
	for (uint32_t i = 0; i < control->scratch.count; i++) {
		if (find_child(control, control->scratch.items[i]) == NULL)
			adopt(control, control->scratch.items[i]);
	}
}

static void
mend_parent(struct sc_control *control)
{
	const struct sc_context *context = control->context;
	uint32_t parent = sc_detour_parent(context->plan, &control->peers->roster, context->self);
	bool moved = parent != control->parent;

	control->parent = parent;
	if (parent == SC_NONE || !moved)
		return;
	sc_peers_add(control->peers, parent);
	sc_peers_tell(control->peers, parent, 0);
	sc_control_tell_failures_again(control); /* the node that was to pass it on may not have */
	if (sc_control_is_done(control))
		tell_done(control);
}

void
sc_control_finish_source(struct sc_control *control)
{
	assert(control->sealing == SC_SEAL_UNKNOWN && control->context->has_source);
	control->sealing = SC_SEAL_ASKED;
	(void)sc_context_act(control->context, SC_ACTION_FINISH_SOURCE);
}

static void
report_losses(const struct sc_control *control, uint32_t first)
{
	const struct sc_roster *roster = &control->peers->roster;

	for (uint32_t i = first; control->run < SC_RUN_CLOSING && i < roster->failed.count; i++)
		sc_control_report(control, SC_REPORT_NODE_LOST, roster->losses[i].node,
		    sc_failure_cause_text(roster->losses[i].cause));
}

/*
 * The leader has failed, and this node is the next [0081].  A buddy reads what the origin would
 * have read; others can only bring to an end what needs no source any more.
 */
static void
take_over(struct sc_control *control, uint32_t from)
{
	sc_context_record(control->context, SC_RECORD_TAKEOVER, from, SC_NONE, 0);
	if (control->run >= SC_RUN_CLOSING)
		return;
	sc_control_report(control, SC_REPORT_TAKEOVER, from, "");
	report_losses(control, 0);
	sc_control_tell_failures_again(control);
	if (control->is_aborted || control->sealing != SC_SEAL_UNKNOWN)
		return;
	if (control->context->has_source)
		sc_control_finish_source(control);
	else
		sc_control_abort_all(control,
		    "the origin is lost, and no other node can tell what the whole file is");
}

void
sc_control_mend(struct sc_control *control, uint32_t first_loss)
{
	uint32_t leader = control->peers->leader;

	control->peers->leader = sc_roster_leader(&control->peers->roster);
	mend_children(control);
	mend_parent(control);
	sc_peers_tell_all(control->peers, first_loss, SC_NONE);
	if (!sc_control_leads(control))
		return;
	if (leader != control->context->self)
		take_over(control, leader);
	else
		report_losses(control, first_loss);
}

void
sc_control_on_finished(struct sc_control *control, const struct sc_seal *seal)
{
	assert(control->sealing == SC_SEAL_ASKED);
	control->sealing = SC_SEAL_KNOWN;
	control->seal = *seal;
	if (control->all_were_told)
		return;
	sc_context_record(control->context, SC_RECORD_SEALED, SC_NONE, SC_NONE, 0);
	sc_control_tell_children(control, seal_message(control));
}

bool
sc_control_children_are_done(const struct sc_control *control)
{
	for (uint32_t i = 0; i < control->child_count; i++) {
		const struct sc_child *child = &control->children[i];

		/* A node that has left was told to: all were done by then, whichever led. */
		if (child->done_for != control->peers->leader &&
		    !sc_peers_has_left(control->peers, child->node))
			return false;
	}
	return true;
}

void
sc_control_done(struct sc_control *control)
{
	assert(control->run < SC_RUN_LEAVING);
	control->done_for = control->peers->leader;
	if (control->run >= SC_RUN_CLOSING)
		tell_close_up(control);
	else if (!sc_control_leads(control))
		tell_done(control);
}

/* CLOSE has come, or (leader) is to be said. */
static int
close_run(struct sc_control *control, bool apart, bool from_below)
{
	if (control->run >= SC_RUN_CLOSING)
		return 0;
	if (control->done_for == SC_NONE)
		return -1;
	control->run = SC_RUN_CLOSING;
	control->apart = apart;
	sc_control_tell_children(control, close_message(control, apart));
	if (from_below)
		tell_close_up(control);
	return 0;
}

void
sc_control_close_run(struct sc_control *control)
{

	assert(sc_control_leads(control) && sc_control_is_done(control));
	sc_control_report_tally(control, SC_REPORT_ENDED);
	(void)close_run(control, control->peers->roster.failed.count > 0, false);
}

void
sc_control_leave(struct sc_control *control, enum sc_leave how)
{
	assert(control->run < SC_RUN_LEFT);
	control->run = SC_RUN_LEAVING;
	control->leave = how;
}

void
sc_control_cut_off(struct sc_control *control)
{
	bool closing = control->run >= SC_RUN_CLOSING;
	bool alone = control->peers->reach == SC_REACH_ALONE;

	if (alone && sc_control_leads(control) && !closing)
		sc_control_report(control, SC_REPORT_ABORTED, SC_NONE,
		    "nothing is heard of any other node");
	/* After CLOSE all has been said, and only the others' BYE is lacking. */
	sc_control_leave(control, alone && closing ? SC_LEAVE_APART : SC_LEAVE_CUT_OFF);
}

/* In a tree that was mended, a message may have crossed the word of it. */
static int
of_no_relative(const struct sc_control *control)
{
	return control->peers->roster.failed.count > 0 ? 0 : -1;
}

int
sc_control_on_up(struct sc_control *control, uint32_t peer, const struct sc_message *message)
{
	struct sc_child *child = find_child(control, peer);

	if (message->type == SC_MESSAGE_FAILED)
		return sc_control_on_failed(control, &message->u.failed);
	if (child == NULL)
		return of_no_relative(control);
	switch (message->type) {
	case SC_MESSAGE_DONE:
		if (message->u.done.leader > control->context->plan->recipients)
			return -1;
		child->done_for = message->u.done.leader;
		child->tally = message->u.done.tally;
		return 0;
	case SC_MESSAGE_PROGRESS:
		child->tally = message->u.tally;
		return 0;
	case SC_MESSAGE_BYE:
		sc_peers_on_left(control->peers, peer);
		return 0;
	default:
		return -1;
	}
}

int
sc_control_on_down(struct sc_control *control, uint32_t peer, const struct sc_message *message)
{
	if (message->type == SC_MESSAGE_CLOSE && find_child(control, peer) != NULL)
		return close_run(control, message->u.apart, true);
	if (peer != control->parent)
		return of_no_relative(control);
	switch (message->type) {
	case SC_MESSAGE_SEAL:
		if (control->sealing == SC_SEAL_KNOWN)
			return 0;
		control->sealing = SC_SEAL_KNOWN;
		control->seal = message->u.seal;
		sc_context_record(control->context, SC_RECORD_SEALED, SC_NONE, SC_NONE, 0);
		sc_control_tell_children(control, message);
		return 0;
	case SC_MESSAGE_ABORT:
		sc_control_tell_children(control, message);
		sc_control_abort_here(control, message->u.cause);
		return 0;
	case SC_MESSAGE_CLOSE:
		return close_run(control, message->u.apart, false);
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
tell_progress(struct sc_control *control)
{
	struct sc_tally sum = sc_control_tally(control);
	struct sc_message *message;

	if (tally_equal(sum, control->last_tally))
		return;
	control->last_tally = sum;
	message = sc_context_message(control->context, SC_MESSAGE_PROGRESS);
	message->u.tally = sum;
	sc_context_send(control->context, control->parent, message);
}

void
sc_control_on_time(struct sc_control *control)
{
	if (control->context->now_ns < control->next_progress_ns)
		return;
	control->next_progress_ns = control->context->now_ns + control->progress_interval_ns;
	if (control->run >= SC_RUN_CLOSING)
		return;
	if (sc_control_leads(control))
		sc_control_report_tally(control, SC_REPORT_PROGRESS);
	else if (!sc_control_is_done(control))
		tell_progress(control);
}

void
sc_control_check(const struct sc_control *control)
{
	assert((control->run == SC_RUN_ABORTED) <= control->is_aborted);
	assert(control->run < SC_RUN_CLOSING || control->run == SC_RUN_LEAVING ||
	    control->run == SC_RUN_LEFT || control->done_for != SC_NONE);
	assert(sc_control_leads(control) == (control->parent == SC_NONE));
	assert(!control->all_were_told || control->is_aborted);
	assert(control->sealing != SC_SEAL_ASKED || control->context->has_source);
	for (uint32_t i = 0; i < control->child_count; i++) {
		assert(!sc_peers_failed(control->peers, control->children[i].node));
		assert(find_child(control, control->children[i].node) == &control->children[i]);
	}
}
