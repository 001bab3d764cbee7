/*
 * Who is there: heartbeats to everybody with whom a node exchanges anything, silence that is
 * taken for death, failures that the shell or others report, and passing that on
 * [0075-0078].
 *
 * Of two nodes that don't hear each other, though everybody else hears both, one has
 * to give way: so the one with the smaller number, which is the nearer to the origin,
 * loses patience first.  Who hears nobody at all suspects itself, and leaves in the end.
 */
#include "core/node_impl.h"

#include <assert.h>
#include <string.h>

static struct peer *
find_peer(const struct sc_node *node, uint32_t peer)
{
	for (uint32_t i = 0; i < node->peer_count; i++) {
		if (node->peers[i].node == peer)
			return &node->peers[i];
	}
	return NULL;
}

void
node_add_peer(struct sc_node *node, uint32_t peer)
{
	if (peer == node->self || node_failed(node, peer) || find_peer(node, peer) != NULL)
		return;
	node->peers =
	    node_grown(node->peers, node->peer_count, &node->peer_capacity, sizeof(*node->peers));
	node->peers[node->peer_count++] = (struct peer){.node = peer, .heard_ns = node->now_ns};
}

void
node_peers_init(struct sc_node *node)
{
	uint32_t nodes[SC_PEERS_MAX];
	uint32_t count = sc_plan_peers(node->plan, node->self, nodes);

	for (uint32_t i = 0; i < count; i++)
		node_add_peer(node, nodes[i]);
	for (uint32_t i = 0; i < node->child_count; i++)
		node_add_peer(node, node->children[i].node);
	if (node->parent != SC_NONE)
		node_add_peer(node, node->parent);
	node->heard_ns = node->beat_ns = node->now_ns;
	node->next_beat_ns =
	    node->heartbeat_ns == 0 ? UINT64_MAX : node->now_ns + node->heartbeat_ns;
}

void
node_heard(struct sc_node *node, uint32_t peer)
{
	struct peer *entry;

	if (node->heartbeat_ns == 0)
		return;
	entry = find_peer(node, peer);
	node->heard_ns = node->now_ns;
	if (entry != NULL)
		entry->heard_ns = node->now_ns;
}

static uint32_t
steps(const struct sc_node *node)
{
	static const uint32_t step_of[SC_EDGE_KINDS] = {
		[SC_EDGE_COLLECTION] = SC_STEP_COLLECTION,
		[SC_EDGE_GROUP] = SC_STEP_GROUP,
		[SC_EDGE_SECONDARY] = SC_STEP_SECONDARY,
		[SC_EDGE_RELIEF] = SC_STEP_COLLECTION,
		[SC_EDGE_DETOUR] = SC_STEP_DETOUR,
	};
	uint32_t now = 0;

	for (uint32_t i = 0; i < node->outbound_count; i++) {
		if (node->outbound[i].next < node->outbound[i].total)
			now |= step_of[node->outbound[i].kind];
	}
	for (uint32_t i = 0; !node_is_origin(node) && i < node->plan->subfiles; i++) {
		if (node->inbound[i].peer == SC_ORIGIN && inbound_lacks(&node->inbound[i]) > 0)
			now |= SC_STEP_DISTRIBUTION;
	}
	return now;
}

static void
make_beat(const struct sc_node *node, struct sc_beat *beat)
{
	uint32_t member;

	beat->torpid = sc_roster_torpid(&node->roster, node->self);
	beat->copy_failed = node->copy_failed;
	beat->steps = steps(node);
	beat->tree = 0;
	beat->mark = node->roster.mark;
	beat->held_count = 0;
	beat->list_count = 0;
	if (!node_is_origin(node)) {
		beat->tree =
		    node->plan->groups[sc_plan_group_of(node->plan, node->self, &member)].tree;
		beat->held_count = node->plan->subfiles;
	}
	for (uint32_t i = 0; i < beat->held_count; i++)
		beat->held[i] = node->inbound[i].stored;
	for (uint32_t i = 0; i < node->outbound_count && beat->list_count < SC_BEAT_LIST_MAX; i++) {
		if (node->outbound[i].next < node->outbound[i].total)
			beat->list[beat->list_count++] = node->outbound[i].peer;
	}
}

static void
add_entry(struct sc_notice *notice, uint32_t node, enum sc_trouble trouble)
{
	notice->entries[notice->count].node = node;
	notice->entries[notice->count++].trouble = trouble;
}

void
node_tell_losses(struct sc_node *node, uint32_t peer, uint32_t first)
{
	const struct sc_roster *roster = &node->roster;
	struct sc_notice *notice = &node->actions->message.u.notice;
	uint32_t slow = roster->torpid.count > 0 ? sc_bitmap_next(&roster->torpid, 0) : 0;

	for (;;) {
		node->actions->message.type = SC_MESSAGE_NOTICE;
		notice->count = 0;
		for (; first < roster->failed.count && notice->count < SC_NOTICE_MAX; first++)
			add_entry(notice, roster->losses[first].node,
			    roster->losses[first].cause == SC_FAILURE_ENDED ? SC_TROUBLE_ENDED
									    : SC_TROUBLE_SILENT);
		while (roster->torpid.count > 0 && slow < roster->nodes &&
		    notice->count < SC_NOTICE_MAX) {
			add_entry(notice, slow, SC_TROUBLE_TORPID);
			slow = sc_bitmap_next(&roster->torpid, slow + 1);
		}
		if (notice->count == 0)
			return;
		node_control(node, peer, &node->actions->message);
	}
}

void
node_tell_out(struct sc_node *node, uint32_t peer)
{
	node->actions->message.type = SC_MESSAGE_NOTICE;
	node->actions->message.u.notice.count = 0;
	add_entry(&node->actions->message.u.notice, peer, SC_TROUBLE_SILENT);
	node_control(node, peer, &node->actions->message);
}

static void
drop_peer(struct sc_node *node, uint32_t peer)
{
	struct peer *entry = find_peer(node, peer);

	if (entry != NULL)
		*entry = node->peers[--node->peer_count];
}

/* A failure that is new: nothing more is expected of the peer, or sent to it. */
static void
note_failure(struct sc_node *node, uint32_t peer, enum sc_failure_cause cause)
{
	if (node_has_left(node, peer) || !sc_roster_fail(&node->roster, peer, cause))
		return;
	if (!node_is_done(node))
		node_record(node, SC_RECORD_PEER_FAILED, peer, SC_NONE, cause);
	/* Should it be there after all, it has to know before it sees the others leave. */
	if (cause == SC_FAILURE_SILENT && find_peer(node, peer) != NULL)
		node_tell_out(node, peer);
	sc_actions_add(node->actions, SC_ACTION_FORGET)->peer = peer;
	drop_peer(node, peer);
	node_forget_supplier(node, peer);
	node_forget_receiver(node, peer);
}

/* What follows from failures, once for all that came at one time. */
static void
follow_up(struct sc_node *node)
{
	uint32_t first = node->told;
	uint32_t leader = node->leader;

	if (node->told == node->roster.failed.count)
		return;
	node->told = node->roster.failed.count;
	node_scatter(node);
	node->leader = sc_roster_leader(&node->roster);
	node_tree_mend(node);
	for (uint32_t i = 0; i < node->peer_count; i++)
		node_tell_losses(node, node->peers[i].node, first);
	if (node_leads(node) && leader != node->self)
		node_take_over(node, leader);
	else if (node_leads(node)) {
		for (uint32_t i = first; i < node->roster.failed.count; i++)
			node_report_loss(node, &node->roster.losses[i]);
	}
	for (uint32_t i = 0; !node_is_origin(node) && i < node->plan->subfiles; i++) {
		if (node->inbound[i].peer == SC_NONE)
			node->inbound[i].refusals = 0;
		node_resupply(node, i);
	}
}

void
node_on_peer_failed(struct sc_node *node, uint32_t peer)
{
	if (peer == node->self || peer > node->plan->recipients)
		return;
	note_failure(node, peer, SC_FAILURE_ENDED);
	follow_up(node);
}

static void
note_torpid(struct sc_node *node, uint32_t peer)
{
	if (!sc_roster_slow(&node->roster, peer))
		return;
	node_record(node, SC_RECORD_PEER_TORPID, peer, SC_NONE, 0);
	node_scatter(node); /* it is served from the store from now on */
	if (node_leads(node))
		node_report(node, SC_REPORT_NODE_TORPID, peer, "");
}

void
node_declare_torpid(struct sc_node *node, uint32_t peer)
{
	note_torpid(node, peer);
	for (uint32_t i = 0; i < node->peer_count; i++)
		node_tell_losses(node, node->peers[i].node, node->roster.failed.count);
	for (uint32_t i = 0; !node_is_origin(node) && i < node->plan->subfiles; i++)
		node_resupply(node, i);
}

int
node_on_notice(struct sc_node *node, uint32_t peer, const struct sc_notice *notice)
{
	uint32_t torpid = node->roster.torpid.count;

	for (uint32_t i = 0; i < notice->count; i++) {
		if (notice->entries[i].node > node->plan->recipients)
			return -1;
	}
	for (uint32_t i = 0; i < notice->count; i++) {
		uint32_t who = notice->entries[i].node;

		if (notice->entries[i].trouble == SC_TROUBLE_TORPID) {
			note_torpid(node, who);
		} else if (who == node->self) {
			node_record(node, SC_RECORD_CUT_OFF, peer, SC_NONE, 0);
			node_leave(node, SC_LEAVE_CUT_OFF);
			return 0;
		} else {
			note_failure(node, who,
			    notice->entries[i].trouble == SC_TROUBLE_ENDED ? SC_FAILURE_ENDED
									   : SC_FAILURE_SILENT);
		}
	}
	follow_up(node);
	if (torpid == node->roster.torpid.count)
		return 0;
	for (uint32_t i = 0; i < node->peer_count; i++) {
		if (node->peers[i].node != peer)
			node_tell_losses(node, node->peers[i].node, node->roster.failed.count);
	}
	for (uint32_t i = 0; !node_is_origin(node) && i < node->plan->subfiles; i++)
		node_resupply(node, i);
	return 0;
}

int
node_on_beat(struct sc_node *node, uint32_t peer, const struct sc_beat *beat)
{
	struct peer *entry = find_peer(node, peer);

	if (beat->mark != node->roster.mark)
		node_tell_losses(node, peer, 0);
	if (entry != NULL)
		node_judge_pace(node, entry, beat);
	return 0;
}

static bool
is_silent(const struct sc_node *node, const struct peer *peer)
{
	uint64_t patience_ns =
	    node->self < peer->node ? node->timeout_ns : node->timeout_ns + node->timeout_ns / 2;

	return node->now_ns - peer->heard_ns > patience_ns;
}

/*
 * This process did not run for a while (it was stopped, or its host was): then the
 * silence is of its own making.
 */
static void
excuse_absence(struct sc_node *node)
{
	uint64_t away_ns = node->now_ns - node->beat_ns - node->heartbeat_ns;

	if (node->now_ns - node->beat_ns <= 3 * node->heartbeat_ns)
		return;
	node->heard_ns += away_ns;
	for (uint32_t i = 0; i < node->peer_count; i++) {
		node->peers[i].heard_ns += away_ns;
		if (node->peers[i].heard_ns > node->now_ns)
			node->peers[i].heard_ns = node->now_ns;
	}
	if (node->heard_ns > node->now_ns)
		node->heard_ns = node->now_ns;
}

static void
look_for_silence(struct sc_node *node)
{
	uint32_t silent = 0;

	for (uint32_t i = 0; i < node->peer_count; i++)
		silent += is_silent(node, &node->peers[i]);
	if (silent == 0)
		return;
	if (node->now_ns - node->heard_ns > 2 * node->timeout_ns + node->timeout_ns / 2) {
		node_record(node, SC_RECORD_CUT_OFF, SC_NONE, SC_NONE, 0);
		if (node_leads(node) && !node->closing)
			node_report(node, SC_REPORT_ABORTED, SC_NONE,
			    "nothing is heard of any other node");
		/* After CLOSE all has been said, and only the others' BYE is lacking. */
		node_leave(node, node->closing ? SC_LEAVE_APART : SC_LEAVE_CUT_OFF);
		return;
	}
	/* Some peer says something in every heartbeat; if not, it is more likely this node
	 * that can't be reached. */
	if (node->peer_count > 1 && node->now_ns - node->heard_ns > 2 * node->heartbeat_ns)
		return;
	for (uint32_t i = node->peer_count; i-- > 0;) {
		if (i >= node->peer_count || !is_silent(node, &node->peers[i]))
			continue;
		note_failure(node, node->peers[i].node, SC_FAILURE_SILENT);
	}
	follow_up(node);
}

void
node_on_beat_time(struct sc_node *node)
{
	if (node->now_ns < node->next_beat_ns)
		return;
	excuse_absence(node);
	node->beat_ns = node->now_ns;
	node->next_beat_ns = node->now_ns + node->heartbeat_ns;
	node->actions->message.type = SC_MESSAGE_BEAT;
	make_beat(node, &node->actions->message.u.beat);
	for (uint32_t i = 0; i < node->peer_count; i++)
		node_control(node, node->peers[i].node, &node->actions->message);
	look_for_silence(node);
	if (!node->leaving)
		node_look_for_torpid(node);
}
