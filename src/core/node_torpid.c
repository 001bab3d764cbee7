/*
 * Slow is not dead: who is far behind its peers is relieved of passing things on, by
 * the same detours that go around a failed node, but is still served.
 *
 * A relay sees that a receiver has fallen far behind what is here to be sent, while
 * others keep up.  If none of its receivers keeps up, it is its own uplink.  The
 * origin, which sends in strict order, is held up by whoever is slow: there it is
 * the one for whom it waits nearly all of the time.  With one relay only (k=1) it
 * can't tell its own link from that of the other.
 */
#include "core/node_impl.h"

/* Chunks that a receiver is behind: so many windows, and this part of the subfile. */
enum { LAG_WINDOWS = 8, LAG_PART = 8 };

/* The part of the time, in percent, that the origin waits for one relay of several. */
enum { BLOCKED_PERCENT = 90 };

/* Looks at this many heartbeats at a time. */
enum { BEATS = 4 };

void
node_note_blocked(struct sc_node *node, uint32_t subfile)
{
	if (node->blocked_by != SC_NONE)
		node->inbound[node->blocked_by].blocked_ns += node->now_ns - node->blocked_ns;
	node->blocked_by = subfile;
	node->blocked_ns = node->now_ns;
}

/* Who says nothing is not slow: it is away, and will be missed if it stays so. */
static bool
is_there(const struct sc_node *node, uint32_t peer)
{
	for (uint32_t i = 0; i < node->peer_count; i++) {
		if (node->peers[i].node == peer)
			return node->now_ns - node->peers[i].heard_ns < 2 * node->heartbeat_ns;
	}
	return false;
}

static bool
is_far_behind(const struct sc_node *node, const struct outbound *edge)
{
	uint32_t lag = node->inbound[edge->subfile].arrived - edge->sent;

	return edge->sent < node->inbound[edge->subfile].arrived &&
	    lag > LAG_WINDOWS * node->plan->window && lag > edge->total / LAG_PART;
}

/* An edge that tells something: one of the plan's, under way, to somebody of whom
 * nothing is known yet. */
static bool
is_telling(const struct sc_node *node, const struct outbound *edge)
{
	return edge->open && edge->want.words == NULL && edge->next < edge->total &&
	    edge->kind != SC_EDGE_SECONDARY && sc_roster_relays(&node->roster, edge->peer) &&
	    is_there(node, edge->peer);
}

static void
look_at_receivers(struct sc_node *node)
{
	uint32_t behind = SC_NONE;
	bool several = false;
	bool keeps_up = false;

	for (uint32_t i = 0; i < node->outbound_count; i++) {
		const struct outbound *edge = &node->outbound[i];

		if (!is_telling(node, edge))
			continue;
		if (!is_far_behind(node, edge))
			keeps_up = true;
		else if (behind == SC_NONE)
			behind = edge->peer;
		else if (behind != edge->peer)
			several = true;
	}
	if (behind != SC_NONE)
		node_declare_torpid(node, several && !keeps_up ? node->self : behind);
}

static void
look_at_blocking(struct sc_node *node, uint64_t period_ns)
{
	uint32_t slow = SC_NONE;

	node_note_blocked(node, node->blocked_by);
	for (uint32_t i = 0; i < node->plan->subfiles; i++) {
		if (node->inbound[i].blocked_ns / BLOCKED_PERCENT > period_ns / 100)
			slow = i;
		node->inbound[i].blocked_ns = 0;
	}
	/* After it was away itself, or at the end, it knows nothing of the others. */
	if (slow == SC_NONE || node->plan->subfiles == 1 ||
	    period_ns > 2 * BEATS * node->heartbeat_ns || node->send_next == node->plan->chunks)
		return;
	slow = node->outbound[node->spans[slow].first].peer;
	if (is_there(node, slow))
		node_declare_torpid(node, slow);
}

void
node_look_for_torpid(struct sc_node *node)
{
	uint64_t period_ns = node->now_ns - node->looked_ns;

	if (period_ns < BEATS * node->heartbeat_ns || node->aborted || node->awaits_store ||
	    node->plan->store_and_forward)
		return;
	node->looked_ns = node->now_ns;
	if (node_is_origin(node))
		look_at_blocking(node, period_ns);
	else
		look_at_receivers(node);
}
