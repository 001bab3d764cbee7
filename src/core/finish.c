/*
 * The end of a node's work: see finish.h.
 */
#include "core/finish.h"

#include <assert.h>

static bool
all_is_sent(const struct sc_out *out)
{
	for (uint32_t i = 0; i < out->count; i++) {
		if (out->edges[i].next < out->edges[i].total)
			return false;
	}
	return true;
}

static bool
is_idle(const struct sc_loads *loads)
{
	return loads->supply->in->store->copy != SC_COPY_COMMITTING &&
	    loads->supply->control->sealing != SC_SEAL_ASKED &&
	    loads->supply->in->store->stores == 0 && loads->under_way == 0 &&
	    loads->supply->in->out->in_flight == 0;
}

/* Has this node's copy come to its end, one way or the other? */
static bool
copy_is_settled(const struct sc_store *store)
{
	return store->copy == SC_COPY_NONE || store->copy == SC_COPY_COMMITTED ||
	    (store->copy == SC_COPY_FAILED && sc_store_is_full(store));
}

/* Has this node nothing more to do itself, and nothing under way? */
static bool
own_part_is_done(const struct sc_loads *loads)
{
	if (!is_idle(loads))
		return false;
	return loads->supply->control->is_aborted ||
	    (copy_is_settled(loads->supply->in->store) && all_is_sent(loads->supply->in->out) &&
		loads->supply->in->formers.count == 0);
}

/* A part that was done stays so when others ask for chunks again: they are not done then.  But
 * a node that takes over may have the source to finish. */
static bool
subtree_is_done(const struct sc_loads *loads)
{
	const struct sc_control *control = loads->supply->control;
	bool was_done = control->done_for != SC_NONE && !sc_control_leads(control);

	return (was_done || own_part_is_done(loads)) && sc_control_children_are_done(control);
}

static void
commit_if_ready(struct sc_loads *loads)
{
	struct sc_store *store = loads->supply->in->store;

	if (loads->supply->control->sealing != SC_SEAL_KNOWN || store->copy != SC_COPY_GROWING ||
	    store->stored < loads->supply->control->context->plan->chunks)
		return;
	assert(store->stored == loads->supply->control->context->plan->chunks &&
	    store->stores == 0);
	store->copy = SC_COPY_COMMITTING;
	sc_context_act(loads->supply->control->context, SC_ACTION_COMMIT)->seal =
	    loads->supply->control->seal;
}

void
sc_finish_on_committed(struct sc_loads *loads)
{
	assert(loads->supply->in->store->copy == SC_COPY_COMMITTING);
	loads->supply->in->store->copy = SC_COPY_COMMITTED;
	sc_context_record(loads->supply->control->context, SC_RECORD_COMMITTED, SC_NONE, SC_NONE,
	    loads->supply->in->store->stored);
}

static bool
all_children_have_left(const struct sc_control *control)
{
	for (uint32_t i = 0; i < control->child_count; i++) {
		if (!sc_peers_has_left(control->peers, control->children[i].node))
			return false;
	}
	return true;
}

/* After CLOSE.  A node may have asked for chunks since this one was done, and gone
 * without them. */
static void
leave_if_last(struct sc_loads *loads)
{
	struct sc_control *control = loads->supply->control;

	assert(control->run == SC_RUN_CLOSING);
	if (!is_idle(loads))
		return;
	if (!control->apart) {
		/* A node that is lost now can't leave with all others; those that have left say
		 * no BYE. */
		sc_control_leave(control,
		    control->peers->roster.failed.count > 0 ? SC_LEAVE_APART : SC_LEAVE_TOGETHER);
		return;
	}
	if (!all_children_have_left(control))
		return;
	if (!sc_control_leads(control))
		sc_context_send(loads->supply->control->context, control->parent,
		    sc_context_message(loads->supply->control->context, SC_MESSAGE_BYE));
	sc_control_leave(control, SC_LEAVE_APART);
}

void
sc_finish_settle(struct sc_loads *loads)
{
	struct sc_control *control = loads->supply->control;

	if (control->run < SC_RUN_CLOSING)
		commit_if_ready(loads);
	if (!sc_control_is_done(control) &&
	    (control->run >= SC_RUN_CLOSING || subtree_is_done(loads)))
		sc_control_done(control);
	if (control->run < SC_RUN_CLOSING && sc_control_is_done(control) &&
	    sc_control_leads(control))
		sc_control_close_run(control);
	if (control->run >= SC_RUN_CLOSING)
		leave_if_last(loads);
}
