/*
 * The step of a node (see node.h), in two phases: the event's handler changes its own part and marks
 * what has to be looked at; then settle() does all that follows, each part once, in one order.
 */
#include "base/foresee.h"
#include "core/beat.h"
#include "core/node_impl.h"
#include "core/retain.h"
#include "core/send.h"
#include "core/serve.h"

#include <assert.h>

static int
on_started(struct sc_node *node)
{
	const struct sc_plan *plan = node->context.plan;

	sc_context_record(&node->context, SC_RECORD_STARTED, SC_NONE, SC_NONE, 0);
	sc_peers_start(&node->peers);
	sc_control_start(&node->control);
	if (!node->context.is_origin || plan->recipients == 0)
		return 0;
	for (uint32_t i = 0; i < plan->subfiles; i++) {
		struct sc_edge edges[SC_RECEIVERS_MAX];
		struct sc_receiver receiver;
		uint32_t count = sc_plan_receivers(plan, SC_ORIGIN, i, edges);

		assert(count == 1);
		(void)count;
		receiver = (struct sc_receiver){edges[0].to, edges[0].kind};
		if (sc_plan_subfile_chunks(plan, i) > 0)
			sc_out_add(&node->out, i, &receiver, 1);
	}
	return 0;
}

static int
on_beat(struct sc_node *node, uint32_t peer, const struct sc_beat *beat)
{
	if (beat->mark != node->peers.roster.mark)
		sc_peers_tell(&node->peers, peer, 0);
	sc_pace_on_beat(&node->pace, peer, beat);
	return 0;
}

/* Once the run is aborted here no chunk is asked for, offered or given. */
static int
on_chunk_message(struct sc_node *node, uint32_t peer, const struct sc_message *message)
{
	if (node->control.is_aborted)
		return 0;
	switch (message->type) {
	case SC_MESSAGE_OFFER:
		return sc_supply_on_offer(&node->supply, peer, &message->u.offer);
	case SC_MESSAGE_WANT:
		return sc_serve_on_want(&node->out, &node->supply, peer, &message->u.want);
	case SC_MESSAGE_DECLINE:
		return sc_serve_on_decline(&node->out, peer, &message->u.decline);
	case SC_MESSAGE_CREDIT:
		return sc_send_on_credit(&node->out, peer, &message->u.credit);
	case SC_MESSAGE_SENT:
		return sc_supply_on_sent(&node->supply, peer, &message->u.sent);
	case SC_MESSAGE_REFUSE:
		return sc_supply_on_refuse(&node->supply, peer, &message->u.sent);
	case SC_MESSAGE_DECLINED:
		return sc_supply_on_declined(&node->supply, peer, &message->u.declined);
	default:
		return -1;
	}
}

static int
on_message(struct sc_node *node, uint32_t peer, const struct sc_message *message)
{
	switch (message->type) {
	case SC_MESSAGE_NOTICE:
		return sc_peers_on_notice(&node->peers, peer, &message->u.notice);
	case SC_MESSAGE_BEAT:
		return on_beat(node, peer, &message->u.beat);
	case SC_MESSAGE_FAILED:
	case SC_MESSAGE_PROGRESS:
	case SC_MESSAGE_DONE:
	case SC_MESSAGE_BYE:
		return sc_control_on_up(&node->control, peer, message);
	case SC_MESSAGE_SEAL:
	case SC_MESSAGE_ABORT:
	case SC_MESSAGE_CLOSE:
		return sc_control_on_down(&node->control, peer, message);
	default:
		return on_chunk_message(node, peer, message);
	}
}

static int
on_control(struct sc_node *node, const struct sc_event *event)
{
	struct sc_message message;

	if (event->peer > node->context.plan->recipients || event->peer == node->context.self ||
	    sc_message_decode(event->bytes, event->length, &message) != 0)
		return -1;
	if (sc_peers_failed(&node->peers, event->peer)) {
		if (message.type == SC_MESSAGE_BEAT)
			sc_peers_tell_out(&node->peers, event->peer);
		return 0;
	}
	sc_peers_heard(&node->peers, event->peer);
	return on_message(node, event->peer, &message);
}

static int
on_opened(struct sc_node *node, const struct sc_bitmap *held)
{
	if (node->store.copy == SC_COPY_ABANDONED)
		return 0;
	if (node->store.copy != SC_COPY_OPENING)
		return -1;
	sc_supply_on_opened(&node->supply, held);
	return 0;
}

static void
fail_copy(struct sc_node *node, const char *cause)
{
	bool opening = node->store.copy == SC_COPY_OPENING;

	sc_control_copy_failed(&node->control, cause);
	if (opening && !node->control.is_aborted)
		sc_supply_on_opened(&node->supply, NULL);
	/* What waited for the whole, or was to be put aside, goes out of turn now. */
	sc_out_open_all(&node->out);
}

static int
on_store_failed(struct sc_node *node, const struct sc_event *event)
{
	if (event->slot != SC_NONE)
		sc_store_on_store_failed(&node->store, event->slot);
	fail_copy(node, event->cause);
	return 0;
}

static int
on_commit_failed(struct sc_node *node, const char *cause)
{
	assert(node->store.copy == SC_COPY_COMMITTING);
	if (node->control.is_aborted)
		node->store.copy = SC_COPY_ABANDONED;
	else
		fail_copy(node, cause);
	return 0;
}

static int
on_stored(struct sc_node *node, const struct sc_event *event)
{
	assert(node->pool.slots[event->slot].chunk == event->chunk);
	if (sc_store_on_stored(&node->store, event->slot))
		sc_out_open_ready(&node->out, sc_chunk_subfile(&node->context, event->chunk));
	return 0;
}

static int
on_time(struct sc_node *node)
{
	sc_control_on_time(&node->control);
	if (sc_peers_beat_is_due(&node->peers)) {
		struct sc_message *beat = sc_context_message(&node->context, SC_MESSAGE_BEAT);

		sc_beat_make(&node->in, &beat->u.beat);
		sc_peers_beat(&node->peers, beat);
		if (node->peers.reach == SC_REACH_IN)
			sc_pace_on_own_beat(&node->pace);
	}
	if (node->context.now_ns >= node->turns.pass_over_ns)
		node->out.due = true;
	return 0;
}

static int
on_chunk_event(struct sc_node *node, const struct sc_event *event)
{
	switch (event->what) {
	case SC_EVENT_CHUNK_LOADED:
		sc_loads_on_loaded(&node->loads, event);
		return 0;
	case SC_EVENT_LOAD_FAILED:
		sc_loads_on_failed(&node->loads, event);
		return 0;
	case SC_EVENT_CHUNK_ARRIVED:
		sc_peers_heard(&node->peers, event->peer);
		sc_in_on_arrived(&node->in, event);
		return 0;
	case SC_EVENT_RECEIVE_ENDED:
		sc_in_on_receive_ended(&node->in, event);
		return 0;
	case SC_EVENT_CHUNK_SENT:
		sc_send_on_sent(&node->out, event);
		return 0;
	case SC_EVENT_CHUNK_STORED:
		return on_stored(node, event);
	case SC_EVENT_STORE_FAILED:
		return on_store_failed(node, event);
	default:
		return -1;
	}
}

/* The first phase of a step. */
static int
handle(struct sc_node *node, const struct sc_event *event)
{
	switch (event->what) {
	case SC_EVENT_STARTED:
		return on_started(node);
	case SC_EVENT_TIME:
		return on_time(node);
	case SC_EVENT_STORE_OPENED:
		return on_opened(node, event->held);
	case SC_EVENT_SOURCE_FINISHED:
		sc_control_on_finished(&node->control, &event->seal);
		return 0;
	case SC_EVENT_COMMITTED:
		sc_finish_on_committed(&node->loads);
		return 0;
	case SC_EVENT_COMMIT_FAILED:
		return on_commit_failed(node, event->cause);
	case SC_EVENT_CONTROL_ARRIVED:
		return on_control(node, event);
	case SC_EVENT_PEER_FAILED:
		if (event->peer != node->context.self &&
		    event->peer <= node->context.plan->recipients)
			sc_peers_fail(&node->peers, event->peer, SC_FAILURE_ENDED);
		return 0;
	case SC_EVENT_GIVE_UP:
		sc_control_fatal(&node->control, event->cause);
		return 0;
	default:
		return on_chunk_event(node, event);
	}
}

/* What follows from failures, once for all that came at one time. */
static void
settle_losses(struct sc_node *node)
{
	struct sc_peers *peers = &node->peers;
	uint32_t first = peers->losses_settled;

	peers->losses_settled = peers->roster.failed.count;
	for (uint32_t i = first; i < peers->losses_settled; i++) {
		const struct sc_loss *loss = &peers->roster.losses[i];

		if (!sc_control_is_done(&node->control))
			sc_context_record(&node->context, SC_RECORD_PEER_FAILED, loss->node,
			    SC_NONE, loss->cause);
		sc_in_forget(&node->in, loss->node);
		sc_out_forget(&node->out, loss->node);
	}
	sc_out_scatter(&node->out);
	sc_control_mend(&node->control, first);
	sc_supply_on_losses(&node->supply);
}

/* What follows from nodes that were found to be torpid. */
static void
settle_torpid(struct sc_node *node)
{
	struct sc_peers *peers = &node->peers;

	for (; peers->torpid_settled < peers->torpid_count; peers->torpid_settled++) {
		if (sc_control_leads(&node->control))
			sc_control_report(&node->control, SC_REPORT_NODE_TORPID,
			    peers->torpid[peers->torpid_settled], "");
	}
	sc_out_scatter(&node->out); /* they are served from the store from now on */
	sc_peers_tell_all(peers, peers->roster.failed.count, peers->torpid_from);
	sc_in_choose_all(&node->in);
}

static void
settle_sends(struct sc_node *node)
{
	node->out.due = false;
	if (node->out.closed || node->out.count == 0)
		return;
	if (node->context.is_origin)
		sc_turns_settle(&node->turns);
	else
		sc_send_settle(&node->out, SC_NONE);
}

/* The run is aborted here: nothing more is sent, taken or read. */
static void
stop_chunks(struct sc_node *node)
{
	sc_out_close(&node->out);
	sc_in_close(&node->in);
	node->turns.pass_over_ns = UINT64_MAX;
}

/* Does an edge, or this node itself, want a chunk that has to be read? */
static bool
may_read(const struct sc_node *node)
{
	return node->control.run < SC_RUN_CLOSING &&
	    (node->context.has_source || node->out.lagging > 0);
}

/* The second phase of a step: all that follows from the first, in this order.  Retention comes
 * before the grants, as the slots that it frees are granted in the same step. */
static void
settle(struct sc_node *node)
{
	if (node->peers.reach != SC_REACH_IN) {
		sc_control_cut_off(&node->control);
		return;
	}
	if (node->context.is_origin)
		sc_pace_settle(&node->pace);
	if (node->peers.losses_settled < node->peers.roster.failed.count)
		settle_losses(node);
	if (node->peers.torpid_settled < node->peers.torpid_count)
		settle_torpid(node);
	if (sc_marks_any(&node->in.look) || sc_marks_any(&node->in.formers.choose))
		sc_supply_settle(&node->supply);
	if (node->control.is_aborted && !node->out.closed)
		stop_chunks(node);
	if (node->out.due)
		settle_sends(node);
	if (sc_marks_any(&node->pool.touched))
		sc_retain_settle(&node->in, &node->out);
	if (sc_marks_any(&node->in.grants) || sc_marks_any(&node->pool.freed) ||
	    node->in.short_of_slots)
		sc_in_settle(&node->in);
	if (!node->control.is_aborted && may_read(node))
		sc_loads_settle(&node->loads);
	if (node->control.run < SC_RUN_LEAVING)
		sc_finish_settle(&node->loads);
}

/* What the event will need of the edges, which are in no cache where many nodes are simulated. */
static void
foresee(const struct sc_node *node, const struct sc_event *event)
{
	if (event->what == SC_EVENT_CHUNK_ARRIVED || event->what == SC_EVENT_CHUNK_STORED ||
	    event->what == SC_EVENT_CHUNK_SENT || event->what == SC_EVENT_CONTROL_ARRIVED)
		sc_foresee(node->out.edges, node->out.count * sizeof(*node->out.edges));
}

int
sc_node_step(struct sc_node *node, const struct sc_event *event, struct sc_actions *actions)
{
	int rc;

	assert(node->control.run < SC_RUN_LEFT);
	assert(event->now_ns >= node->context.now_ns);
	foresee(node, event);
	node->context.actions = actions;
	node->context.now_ns = event->now_ns;
	rc = handle(node, event);
	settle(node);
	if (node->control.run == SC_RUN_LEAVING) {
		node->control.run = SC_RUN_LEFT;
		sc_context_act(&node->context, SC_ACTION_LEAVE)->leave = node->control.leave;
	}
	node->context.actions = NULL;
#ifdef SC_CHECK_EVERY_STEP /* configure --enable-debug */
	sc_node_check(node);
#endif
	return rc;
}
