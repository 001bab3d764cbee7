/*
 * Failed copies and the order to give up: what goes up until the leader knows it, and what the
 * leader makes of it (see control.h).
 */
#include "core/control_impl.h"

#include "base/vector.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
sc_control_tell_children(const struct sc_control *control, const struct sc_message *message)
{
	for (uint32_t i = 0; i < control->child_count; i++)
		sc_context_send(control->context, control->children[i].node, message);
}

static const char *
cause_text(const char *cause)
{
	return cause == NULL ? "(no memory for the cause)" : cause;
}

const struct sc_message *
sc_control_abort_message(const struct sc_control *control, const char *cause)
{
	struct sc_message *message = sc_context_message(control->context, SC_MESSAGE_ABORT);

	snprintf(message->u.cause, sizeof(message->u.cause), "%s", cause_text(cause));
	return message;
}

void
sc_control_report(const struct sc_control *control, enum sc_report_what what, uint32_t peer,
    const char *text)
{
	struct sc_action *action = sc_context_act(control->context, SC_ACTION_REPORT);

	assert(sc_control_leads(control));
	action->report = what;
	action->peer = peer;
	sc_actions_attach(control->context->actions, text, strlen(text) + 1);
}

/* The state of the subtree of this node, itself included. */
struct sc_tally
sc_control_tally(const struct sc_control *control)
{
	const struct sc_store *store = control->store;
	struct sc_tally sum = {.least = SC_NONE};

	if (store->copy == SC_COPY_COMMITTED)
		sum.committed = 1;
	else if (sc_store_keeps_copy(store) &&
	    (store->copy == SC_COPY_FAILED || control->is_aborted))
		sum.failed = 1;
	if (sc_store_keeps_copy(store) && sum.failed == 0)
		sum.least = store->stored;
	for (uint32_t i = 0; i < control->child_count; i++) {
		const struct sc_tally *part = &control->children[i].tally;

		sum.committed += part->committed;
		sum.failed += part->failed;
		if (part->least < sum.least)
			sum.least = part->least;
	}
	return sum;
}

/* Nodes that are to have a copy, by number: the origin's own counts only here. */
static uint32_t
first_copy(const struct sc_control *control)
{
	return control->context->is_origin && sc_store_keeps_copy(control->store) ? 0 : 1;
}

static bool
lacks_copy(const struct sc_control *control, uint32_t node)
{
	return (node != SC_ORIGIN && sc_peers_failed(control->peers, node)) ||
	    (control->failed_copies.words != NULL && sc_bitmap_has(&control->failed_copies, node));
}

void
sc_control_report_tally(const struct sc_control *control, enum sc_report_what what)
{
	uint32_t recipients = control->context->plan->recipients;
	struct sc_tally sum = sc_control_tally(control);

	/* What a subtree said in the end may count a node that failed later: losses, which are
	 * known by name, are counted for certain. */
	if (what == SC_REPORT_ENDED && !control->is_aborted) {
		sum.failed = 0;
		for (uint32_t i = first_copy(control); i <= recipients; i++)
			sum.failed += lacks_copy(control, i);
		sum.committed = recipients + 1 - first_copy(control) - sum.failed;
	}
	sc_control_report(control, what, SC_NONE, "");
	control->context->actions->items[control->context->actions->count - 1].tally = sum;
}

void
sc_control_abort_here(struct sc_control *control, const char *cause)
{
	if (control->is_aborted)
		return;
	control->is_aborted = true;
	if (control->run < SC_RUN_ABORTED)
		control->run = SC_RUN_ABORTED;
	control->abort_cause = sc_copy_text(cause);
	sc_context_record(control->context, SC_RECORD_ABORTED, SC_NONE, SC_NONE,
	    control->store->stored);
	sc_store_abandon(control->store);
}

void
sc_control_abort_all(struct sc_control *control, const char *cause)
{
	assert(sc_control_leads(control));
	if (control->all_were_told || control->run >= SC_RUN_CLOSING)
		return;
	control->all_were_told = true;
	sc_control_report(control, SC_REPORT_ABORTED, SC_NONE, cause);
	sc_control_tell_children(control, sc_control_abort_message(control, cause));
	sc_control_abort_here(control, cause);
}

/* At the leader: a node's copy failed.  When no node is left that could take
 * one, there is nothing to go on for. */
static void
note_failed_copy(struct sc_control *control, const struct sc_failed *failed)
{
	uint32_t recipients = control->context->plan->recipients;
	uint32_t out = 0;

	if (control->run >= SC_RUN_CLOSING || control->all_were_told)
		return; /* what comes now follows from what was said */
	if (control->failed_copies.words == NULL &&
	    sc_bitmap_init(&control->failed_copies, recipients + 1) != 0)
		abort();
	if (sc_bitmap_add(&control->failed_copies, failed->node))
		sc_control_report(control, SC_REPORT_COPY_FAILED, failed->node, failed->cause);
	if (failed->fatal) {
		sc_control_abort_all(control, failed->cause);
		return;
	}
	for (uint32_t i = 0; i <= recipients; i++)
		out += lacks_copy(control, i);
	if (out >= recipients + 1 - first_copy(control))
		sc_control_abort_all(control, "no node can take a copy");
}

/* To the parent, or to this node itself. */
static void
pass_on_failed(struct sc_control *control, const struct sc_failed *failed)
{
	struct sc_message *message;

	if (sc_control_leads(control)) {
		note_failed_copy(control, failed);
		return;
	}
	message = sc_context_message(control->context, SC_MESSAGE_FAILED);
	message->u.failed = *failed;
	sc_context_send(control->context, control->parent, message);
}

/* What comes from below is kept: if the parent fails, no other node may know it. */
static void
keep_failed(struct sc_control *control, const struct sc_failed *failed)
{
	for (uint32_t i = 0; i < control->failure_count; i++) {
		if (control->failures[i].node == failed->node &&
		    control->failures[i].fatal == failed->fatal)
			return;
	}
	control->failures = sc_vector_must32(control->failures, control->failure_count + 1,
	    &control->failure_capacity, sizeof(*control->failures));
	control->failures[control->failure_count++] = *failed;
}

static void
tell_own_failure(struct sc_control *control, const char *cause, bool fatal)
{
	struct sc_failed failed = {.node = control->context->self, .fatal = fatal};

	snprintf(failed.cause, sizeof(failed.cause), "%s", cause_text(cause));
	pass_on_failed(control, &failed);
}

void
sc_control_tell_failures_again(struct sc_control *control)
{
	for (uint32_t i = 0; i < control->failure_count; i++)
		pass_on_failed(control, &control->failures[i]);
	if (control->store->copy == SC_COPY_FAILED)
		tell_own_failure(control, control->store->cause, false);
	if (control->is_aborted)
		tell_own_failure(control, control->abort_cause, true);
}

void
sc_control_copy_failed(struct sc_control *control, const char *cause)
{
	if (!control->is_aborted && sc_store_fail(control->store, cause))
		tell_own_failure(control, cause, false);
}

void
sc_control_fatal(struct sc_control *control, const char *cause)
{
	if (sc_control_leads(control)) {
		sc_control_abort_all(control, cause);
	} else if (!control->is_aborted) {
		tell_own_failure(control, cause, true);
		sc_control_abort_here(control, cause);
	}
}

int
sc_control_on_failed(struct sc_control *control, const struct sc_failed *failed)
{
	if (failed->node > control->context->plan->recipients)
		return -1;
	keep_failed(control, failed);
	pass_on_failed(control, failed);
	return 0;
}
