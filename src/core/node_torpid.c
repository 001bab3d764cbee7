/*
 * Slow is not dead: who is much slower than its peers is relieved of passing things on, by
 * the same detours that go around a failed node, but is still served.
 *
 * Heartbeats tell how much a node holds.  One that got on by less than three quarters of what
 * this node did, from one heartbeat to the next, for the time of eight of them, and is far behind
 * by now, is torpid.  That compares whole files, not subfiles: a single subfile that lags is
 * its relay's fault.  And a node that has the chunks, but of whose own receivers none keeps up,
 * takes itself for torpid: then it is its uplink.
 *
 * Until that is known nobody waits, either.  The origin, which sends in strict order, would be
 * held up by a slow relay, and all others with it: it goes on without one that has no credit while
 * the others have nothing to do, serves it at its own pace, and returns to it if it keeps up
 * with the others from then on.  One that is far behind when the others have been sent
 * everything is torpid, too.
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

/* The same of a relay once most others have been sent everything. */
enum { LEFT_WINDOWS = 2, LEFT_PART = 3 };

/* And it was not waited for at so many heartbeats: longer than any process is held up by chance. */
enum { LATE_BEATS = 3 };

/* Who has to share its processor may be late by so much, whatever its link is like: relays are
 * 10 ms late every now and then where nine ranks have two cores. */
static const uint64_t pass_over_least_ns = UINT64_C(10) * 1000 * 1000;

/* A relay that is not waited for is again once it was sent a chunk in each of so many turns; or in
 * all but one, as credits come several at once. */
enum { TURNS = 16 };

/*
 * Have most relays but this one credits for half of a window, or more?  (Where two are slow, not all
 * have.)  *under_way: chunks that the others may still have to receive.
 */
static bool
others_idle(const struct sc_node *node, uint32_t subfile, uint32_t *under_way)
{
	uint32_t others = 0;
	uint32_t idle = 0;

	*under_way = 0;
	for (uint32_t i = 0; i < node->plan->subfiles; i++) {
		const struct outbound *edge;
		uint32_t credits;

		if (i == subfile || node->spans[i].first == SC_NONE)
			continue;
		edge = &node->outbound[node->spans[i].first];
		if (edge->next == edge->total || edge->passed_over > 0 ||
		    sc_roster_torpid(&node->roster, edge->peer))
			continue;
		credits = edge->granted - edge->sent;
		if (credits < node->plan->window)
			*under_way += node->plan->window - credits;
		idle += 2 * credits >= node->plan->window;
		others++;
	}
	return others > 0 && 2 * idle >= others;
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

static void
begin_turns(struct outbound *edge)
{
	edge->passed_over = TURNS;
	edge->sent_before = edge->sent & 255;
}

/*
 * Where all links are equal the origin's own is the slowest: whoever it waits for, chunks are under
 * way to the others.  A slow relay lets them run dry.  That they have received everything is
 * never seen, as credits are told late and a slow receiver of theirs holds some back: so it is
 * enough that most have half of a window, and that the time has passed that the rest needs on
 * the link.
 */
bool
node_pass_over(struct sc_node *node, struct outbound *edge)
{
	uint32_t under_way;

	if (!edge->open || node->plan->window == 1) /* nobody ever has more than one to do */
		return false;
	if (edge->passed_over == 0) {
		if (!others_idle(node, edge->subfile, &under_way) || gets_more(node, edge))
			return false;
		if (node->pass_over_ns == UINT64_MAX) {
			uint64_t rest_ns = (under_way + node->plan->window) * node->chunk_ns;

			node->pass_over_ns = node->now_ns +
			    (rest_ns > pass_over_least_ns ? rest_ns : pass_over_least_ns);
		}
		if (node->now_ns < node->pass_over_ns)
			return false;
		begin_turns(edge);
		node_scatter(node);
	}
	node_set_lagging(node, edge, true);
	return true;
}

/*
 * Who keeps pace was only late; but it would stay behind until the end, as the others are sent as
 * much, and then pass on alone what it is behind to each of its receivers.
 */
bool
node_count_turn(struct outbound *edge)
{
	uint8_t sent = (uint8_t)(edge->sent - edge->sent_before);

	if (--edge->passed_over > 0)
		return false;
	if (sent >= TURNS - 1)
		return true;
	begin_turns(edge);
	return false;
}

void
node_on_pass_over_time(struct sc_node *node)
{
	if (node->now_ns < node->pass_over_ns)
		return;
	node_pump(node);
	if (node->pass_over_ns <= node->now_ns)
		node->pass_over_ns = UINT64_MAX;
}

/* Chunks that this node has to pass on. */
static uint32_t
held(const struct sc_node *node)
{
	return node_is_origin(node) ? node->send_front : node->stored;
}

/* What comes after a silence may have been said before it, and is held against chunks that came in
 * one go.  And beside a node that is torpid itself nobody looks as he is. */
static bool
is_out_of_step(const struct sc_node *node, const struct peer *peer)
{
	return node->now_ns - peer->judged_ns > BEATS / 2 * node->heartbeat_ns ||
	    sc_roster_torpid(&node->roster, node->self);
}

/* Heartbeats come late and several at once where a link is busy: progress is compared over
 * times that are not too short. */
void
node_judge_pace(struct sc_node *node, struct peer *peer, const struct sc_beat *beat)
{
	uint32_t gap = node->plan->chunks / GAP_PART;
	uint32_t least = GAP_WINDOWS * node->plan->window * node->plan->subfiles;
	bool first = peer->judged_ns == 0 || is_out_of_step(node, peer);
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
	    its >= peer->held && own > its &&
	    4 * (uint64_t)(its - peer->held) < 3 * (uint64_t)(own - peer->own);
	if (!slow)
		peer->slow_ns = 0;
	else if (peer->slow_ns == 0)
		peer->slow_ns = peer->judged_ns;
	peer->held = its;
	peer->own = own;
	peer->judged_ns = node->now_ns;
	if (slow && own - its > gap && node->now_ns - peer->slow_ns >= BEATS * node->heartbeat_ns &&
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

static bool
is_left_behind(const struct sc_node *node, const struct outbound *edge)
{
	uint32_t lag = edge->total - edge->next;

	return edge->late_beats >= LATE_BEATS && lag > LEFT_WINDOWS * node->plan->window &&
	    lag > edge->total / LEFT_PART;
}

/*
 * A file that is staged within a few heartbeats has been sent to most relays before heartbeats tell
 * who is slow.  Then everybody waits for the subfiles of the others, and gets on no faster than
 * they do, so heartbeats never will: whoever is far behind now is torpid.  Where many are,
 * hosts are crowded, and nobody could relieve them.
 */
void
node_end_turns(struct sc_node *node)
{
	uint32_t relays = 0;
	uint32_t behind = 0;

	if (node->send_next < node->plan->chunks || node->plan->store_and_forward)
		return;
	for (uint32_t i = 0; i < node->outbound_count; i++) {
		const struct outbound *edge = &node->outbound[i];

		if (edge->kind == SC_EDGE_DISTRIBUTION &&
		    sc_roster_relays(&node->roster, edge->peer)) {
			relays++;
			behind += is_left_behind(node, edge);
		}
	}
	for (uint32_t i = 0; 2 * behind < relays && i < node->outbound_count; i++) {
		const struct outbound *edge = &node->outbound[i];

		if (edge->kind == SC_EDGE_DISTRIBUTION && is_left_behind(node, edge) &&
		    sc_roster_relays(&node->roster, edge->peer))
			node_declare_torpid(node, edge->peer);
	}
}

/* Does none of several receivers keep up, of whom it is not known why?  Who stands in for others has
 * a reason. */
static bool
is_overtaxed(const struct sc_node *node)
{
	uint32_t first = SC_NONE;
	bool several = false;

	for (uint32_t i = 0; i < node->outbound_count; i++) {
		const struct outbound *edge = &node->outbound[i];

		if (edge->next == edge->total || !edge->open ||
		    sc_roster_torpid(&node->roster, edge->peer))
			continue;
		if (edge->want.words != NULL || edge->kind == SC_EDGE_SECONDARY ||
		    !is_far_behind(node, edge))
			return false;
		several |= first != SC_NONE && first != edge->peer;
		first = edge->peer;
	}
	return several;
}

static void
count_late_beats(struct sc_node *node)
{
	for (uint32_t i = 0; i < node->outbound_count; i++) {
		struct outbound *edge = &node->outbound[i];

		if (edge->passed_over == 0)
			edge->late_beats = 0;
		else if (edge->late_beats < LATE_BEATS)
			edge->late_beats++;
	}
}

void
node_look_for_torpid(struct sc_node *node)
{
	if (node->aborted || node->awaits_store || node->plan->store_and_forward)
		return;
	if (node_is_origin(node)) {
		count_late_beats(node);
		node_end_turns(node);
		return;
	}
	node->overtaxed_beats = is_overtaxed(node) ? node->overtaxed_beats + 1 : 0;
	if (node->overtaxed_beats >= BEATS && sc_roster_relays(&node->roster, node->self))
		node_declare_torpid(node, node->self);
}
