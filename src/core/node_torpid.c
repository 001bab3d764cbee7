/*
 * Slow is not dead: who is much slower than its peers is relieved of passing things on, by
 * the same detours that go around a failed node, but is still served.
 *
 * Heartbeats tell how much a node holds.  One that got on by less than three quarters of what
 * this node did, from one heartbeat to the next, for the time of eight of them, is torpid.  That compares
 * whole files, not subfiles: a single subfile that lags is its relay's fault.  And a node that has
 * the chunks, but of whose own receivers none keeps up, takes itself for torpid: then it is its
 * uplink.
 *
 * Until that is known nobody waits, either.  The origin, which sends in strict order, would be
 * held up by a slow relay, and all others with it: it goes on without one that has no
 * credit while the others have nothing to do, and serves it at its own pace.
 */
#include "core/node_impl.h"

#include <assert.h>

/* Chunks of the file that make a difference: so many windows of all subfiles, and
 * this part of the file. */
enum { GAP_WINDOWS = 2, GAP_PART = 8 };

/* So many heartbeats, or the time of so many. */
enum { BEATS = 8 };

/* Chunks that a receiver is behind: so many windows, and this part of the subfile. */
enum { LAG_WINDOWS = 8, LAG_PART = 8 };

/* A relay that is not waited for is again, once it has had a credit so many times in a row. */
enum { TURNS_ON_TIME = 16 };

/* Do all relays but this one have nothing to do? */
static bool
others_idle(const struct sc_node *node, uint32_t subfile)
{
	uint32_t others = 0;

	for (uint32_t i = 0; i < node->plan->subfiles; i++) {
		const struct outbound *edge;

		if (i == subfile || node->spans[i].first == SC_NONE)
			continue;
		edge = &node->outbound[node->spans[i].first];
		if (edge->next == edge->total || edge->passed_over > 0 ||
		    sc_roster_torpid(&node->roster, edge->peer))
			continue;
		if (!edge->open || 2 * (edge->granted - edge->sent) <= node->plan->window)
			return false;
		others++;
	}
	return others > 0;
}

/* Who gets a detour from here, too, has a reason not to be on time. */
static bool
gets_more(const struct sc_node *node, const struct outbound *than)
{
	for (uint32_t i = 0; i < node->outbound_count; i++) {
		const struct outbound *edge = &node->outbound[i];

		if (edge->peer == than->peer && edge != than && edge->next < edge->total)
			return true;
	}
	return false;
}

/*
 * Where all links are equal the origin's own is the slowest: whoever it waits for, chunks are under
 * way to the others.  A slow relay lets them run dry.
 */
bool
node_pass_over(struct sc_node *node, struct outbound *edge)
{
	if (!edge->open || node->plan->window == 1 || /* nobody ever has more than one to do */
	    (edge->passed_over == 0 &&
		(!others_idle(node, edge->subfile) || gets_more(node, edge))))
		return false;
	edge->passed_over = TURNS_ON_TIME;
	node_scatter(node);
	node_set_lagging(node, edge, true);
	return true;
}

/* Chunks that this node has to pass on. */
static uint32_t
held(const struct sc_node *node)
{
	return node_is_origin(node) ? node->send_next : node->stored;
}

/* Heartbeats come late and several at once where a link is busy: progress is compared over
 * times that are not too short. */
void
node_judge_pace(struct sc_node *node, struct peer *peer, const struct sc_beat *beat)
{
	uint32_t gap = node->plan->chunks / GAP_PART;
	uint32_t least = GAP_WINDOWS * node->plan->window * node->plan->subfiles;
	bool first = peer->judged_ns == 0;
	uint32_t own = held(node);
	uint32_t its = 0;
	bool slow;

	if (!first && node->now_ns - peer->judged_ns < node->heartbeat_ns)
		return;
	for (uint32_t i = 0; i < beat->held_count; i++)
		its += beat->held[i];
	if (gap < least)
		gap = least;
	slow = !first && peer->node != SC_ORIGIN && !beat->copy_failed && !node->awaits_store &&
	    its >= peer->held && own > its && own - its > gap &&
	    4 * (uint64_t)(its - peer->held) < 3 * (uint64_t)(own - peer->own);
	if (!slow)
		peer->slow_ns = 0;
	else if (peer->slow_ns == 0)
		peer->slow_ns = peer->judged_ns;
	peer->held = its;
	peer->own = own;
	peer->judged_ns = node->now_ns;
	if (slow && node->now_ns - peer->slow_ns >= BEATS * node->heartbeat_ns &&
	    sc_roster_relays(&node->roster, peer->node) && !node->aborted &&
	    !node->plan->store_and_forward)
		node_declare_torpid(node, peer->node);
}

static bool
is_far_behind(const struct sc_node *node, const struct outbound *edge)
{
	uint32_t lag = node->inbound[edge->subfile].arrived - edge->sent;

	return edge->sent < node->inbound[edge->subfile].arrived &&
	    lag > LAG_WINDOWS * node->plan->window && lag > edge->total / LAG_PART;
}

/* Does none of several receivers keep up?  Who stands in for others has a reason. */
static bool
is_overtaxed(const struct sc_node *node)
{
	uint32_t first = SC_NONE;
	bool several = false;

	for (uint32_t i = 0; i < node->outbound_count; i++) {
		const struct outbound *edge = &node->outbound[i];

		if (edge->next == edge->total || !edge->open)
			continue;
		if (edge->want.words != NULL || edge->kind == SC_EDGE_SECONDARY ||
		    !is_far_behind(node, edge))
			return false;
		several |= first != SC_NONE && first != edge->peer;
		first = edge->peer;
	}
	return several;
}

void
node_look_for_torpid(struct sc_node *node)
{
	if (node->aborted || node->awaits_store || node->plan->store_and_forward ||
	    node_is_origin(node))
		return;
	node->overtaxed_beats = is_overtaxed(node) ? node->overtaxed_beats + 1 : 0;
	if (node->overtaxed_beats >= BEATS && sc_roster_relays(&node->roster, node->self))
		node_declare_torpid(node, node->self);
}
