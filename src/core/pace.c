/*
 * Which nodes are slow: see pace.h.
 */
#include "core/pace.h"

/* Chunks of the file that make a difference: so many windows of all subfiles, and
 * this part of the file. */
enum { GAP_WINDOWS = 2, GAP_PART = 8 };

/* So many heartbeats, or the time of so many. */
enum { BEATS = 8 };

/* Chunks that a receiver is behind: so many windows, and this part of the subfile. */
enum { LAG_WINDOWS = 8, LAG_PART = 8 };

/* The same of a relay once most others have been sent everything. */
enum { LEFT_WINDOWS = 2, LEFT_PART = 3 };

/* And it was passed over at so many heartbeats: longer than any process is held up by chance. */
enum { LATE_BEATS = 3 };

static bool
is_judging(const struct sc_pace *pace)
{
	return !pace->control->is_aborted && !pace->control->context->plan->store_and_forward;
}

/* Chunks that this node has to pass on. */
static uint32_t
own_chunks(const struct sc_pace *pace)
{
	return pace->control->context->is_origin ? pace->turns->front
						 : pace->control->store->stored;
}

/* What comes after a silence may have been said before it, and is held against chunks that came in
 * one go.  And beside a node that is torpid itself none looks as it is. */
static bool
is_out_of_step(const struct sc_pace *pace, const struct sc_peer *peer)
{
	return pace->control->context->now_ns - peer->judged_ns >
	    BEATS / 2 * pace->control->peers->heartbeat_ns ||
	    sc_peers_torpid(pace->control->peers, pace->control->context->self);
}

static uint32_t
gap_chunks(const struct sc_plan *plan)
{
	uint32_t gap = plan->chunks / GAP_PART;
	uint32_t least = GAP_WINDOWS * plan->window * plan->subfiles;

	return gap < least ? least : gap;
}

/* Has it got on by less than three quarters of what this node did since its last heartbeat? */
static bool
is_slow(const struct sc_pace *pace, const struct sc_peer *peer, const struct sc_beat *beat,
    uint32_t held)
{
	uint32_t own = own_chunks(pace);

	return peer->judged_ns != 0 && !is_out_of_step(pace, peer) && peer->node != SC_ORIGIN &&
	    !beat->copy_failed && pace->control->store->copy != SC_COPY_OPENING &&
	    held >= peer->held && own > held &&
	    4 * (uint64_t)(held - peer->held) < 3 * (uint64_t)(own - peer->own);
}

/* Heartbeats come late and several at once where a link is busy: progress is compared over
 * times that are not too short. */
static bool
comes_too_soon(const struct sc_pace *pace, const struct sc_peer *peer)
{
	return peer->judged_ns != 0 && !is_out_of_step(pace, peer) &&
	    pace->control->context->now_ns - peer->judged_ns < pace->control->peers->heartbeat_ns;
}

static void
judge(struct sc_pace *pace, struct sc_peer *peer, const struct sc_beat *beat)
{
	uint32_t own = own_chunks(pace);
	uint32_t held = 0;
	bool slow;

	if (comes_too_soon(pace, peer))
		return;
	for (uint32_t i = 0; i < beat->held_count; i++)
		held += beat->held[i];
	slow = is_slow(pace, peer, beat, held);
	if (!slow)
		peer->slow_ns = 0;
	else if (peer->slow_ns == 0)
		peer->slow_ns = peer->judged_ns;
	peer->held = held;
	peer->own = own;
	peer->judged_ns = pace->control->context->now_ns;
	if (slow && own - held > gap_chunks(pace->control->context->plan) && is_judging(pace) &&
	    pace->control->context->now_ns - peer->slow_ns >=
		BEATS * pace->control->peers->heartbeat_ns &&
	    sc_roster_relays(&pace->control->peers->roster, peer->node))
		sc_peers_slow(pace->control->peers, peer->node, SC_NONE);
}

void
sc_pace_on_beat(struct sc_pace *pace, uint32_t node, const struct sc_beat *beat)
{
	struct sc_peer *peer = sc_peers_find(pace->control->peers, node);

	if (peer != NULL)
		judge(pace, peer, beat);
}

/* A receiver that has been sent far less of a subfile than this node has of it. */
static bool
is_far_behind(const struct sc_pace *pace, const struct sc_outbound *edge)
{
	uint32_t arrived = pace->control->store->parts[edge->subfile].arrived;
	uint32_t lag = arrived - edge->sent;

	return edge->sent < arrived && lag > LAG_WINDOWS * pace->control->context->plan->window &&
	    lag > edge->total / LAG_PART;
}

/* Does none of several receivers keep up, for which no reason is known?  One that stands in for
 * others has a reason. */
static bool
is_overtaxed(const struct sc_pace *pace)
{
	uint32_t first = SC_NONE;
	bool several = false;

	for (uint32_t i = 0; i < pace->turns->out->count; i++) {
		const struct sc_outbound *edge = &pace->turns->out->edges[i];

		if (edge->next == edge->total || !edge->open ||
		    sc_peers_torpid(pace->control->peers, edge->peer))
			continue;
		if (edge->want.words != NULL || edge->kind == SC_EDGE_SECONDARY ||
		    !is_far_behind(pace, edge))
			return false;
		several |= first != SC_NONE && first != edge->peer;
		first = edge->peer;
	}
	return several;
}

static void
count_late_beats(struct sc_pace *pace)
{
	for (uint32_t i = 0; i < pace->turns->out->count; i++) {
		struct sc_outbound *edge = &pace->turns->out->edges[i];

		if (edge->passed_over == 0)
			edge->late_beats = 0;
		else if (edge->late_beats < LATE_BEATS)
			edge->late_beats++;
	}
}

void
sc_pace_on_own_beat(struct sc_pace *pace)
{
	uint32_t self = pace->control->context->self;

	if (!is_judging(pace) || pace->control->store->copy == SC_COPY_OPENING)
		return;
	if (pace->control->context->is_origin) {
		count_late_beats(pace);
		return;
	}
	pace->overtaxed_beats = is_overtaxed(pace) ? pace->overtaxed_beats + 1 : 0;
	if (pace->overtaxed_beats >= BEATS && sc_roster_relays(&pace->control->peers->roster, self))
		sc_peers_slow(pace->control->peers, self, SC_NONE);
}

static bool
is_relay(const struct sc_pace *pace, const struct sc_outbound *edge)
{
	return edge->kind == SC_EDGE_DISTRIBUTION &&
	    sc_roster_relays(&pace->control->peers->roster, edge->peer);
}

static bool
is_left_behind(const struct sc_pace *pace, const struct sc_outbound *edge)
{
	uint32_t lag = edge->total - edge->next;

	return edge->late_beats >= LATE_BEATS &&
	    lag > LEFT_WINDOWS * pace->control->context->plan->window &&
	    lag > edge->total / LEFT_PART;
}

/*
 * A file that is staged within a few heartbeats has been sent to most relays before heartbeats tell
 * which is slow.  Then all wait for the subfiles of the others, and get on no faster than
 * they do, so heartbeats never will: a relay that is far behind now is torpid.  Where many are,
 * hosts are crowded, and none could relieve them.
 */
void
sc_pace_settle(struct sc_pace *pace)
{
	uint32_t relays = 0;
	uint32_t behind = 0;

	if (!pace->control->context->is_origin || !is_judging(pace) ||
	    !sc_turns_are_over(pace->turns))
		return;
	for (uint32_t i = 0; i < pace->turns->out->count; i++) {
		if (is_relay(pace, &pace->turns->out->edges[i])) {
			relays++;
			behind += is_left_behind(pace, &pace->turns->out->edges[i]);
		}
	}
	for (uint32_t i = 0; behind > 0 && 2 * behind < relays && i < pace->turns->out->count;
	    i++) {
		const struct sc_outbound *edge = &pace->turns->out->edges[i];

		if (is_relay(pace, edge) && is_left_behind(pace, edge))
			sc_peers_slow(pace->control->peers, edge->peer, SC_NONE);
	}
}
