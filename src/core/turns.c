/*
 * The origin's order over its relays: see turns.h.
 */
#include "core/turns.h"

#include "core/send.h"

#include <assert.h>

/* A process that shares its processor may be late by so much, whatever its link is like: relays are
 * 10 ms late every now and then where nine ranks have two cores. */
static const uint64_t pass_over_least_ns = UINT64_C(10) * 1000 * 1000;

/* A relay that is passed over has turns again once it was sent a chunk in each of so many; or in
 * all but one, as credits come several at once. */
enum { PROBATION_TURNS = 16 };

void
sc_turns_init(struct sc_turns *turns, struct sc_out *out, uint64_t chunk_ns)
{
	*turns = (struct sc_turns){.out = out, .chunk_ns = chunk_ns, .pass_over_ns = UINT64_MAX};
}

bool
sc_turns_are_over(const struct sc_turns *turns)
{
	return turns->next >= turns->out->context->plan->chunks;
}

static struct sc_outbound *
relay_of(const struct sc_turns *turns, uint32_t subfile)
{
	return &turns->out->edges[turns->out->spans[subfile].first];
}

static uint32_t
next_chunk(const struct sc_turns *turns, const struct sc_outbound *edge)
{
	return sc_chunk_at(turns->out->context, edge->subfile, edge->next);
}

/* Does a relay have turns, and is it not this one? */
static bool
is_other(const struct sc_turns *turns, uint32_t subfile, uint32_t other)
{
	const struct sc_outbound *edge;

	if (other == subfile || turns->out->spans[other].first == SC_NONE)
		return false;
	edge = relay_of(turns, other);
	return edge->next < edge->total && edge->passed_over == 0 &&
	    !sc_peers_torpid(turns->out->peers, edge->peer);
}

/*
 * Have most relays but this one credits for half of a window, or more?  (Where two are slow, not all
 * have.)  *under_way: chunks that the others may still have to receive.
 */
static bool
others_are_idle(const struct sc_turns *turns, uint32_t subfile, uint32_t *under_way)
{
	uint32_t window = turns->out->context->plan->window;
	uint32_t others = 0;
	uint32_t idle = 0;

	*under_way = 0;
	for (uint32_t i = 0; i < turns->out->context->plan->subfiles; i++) {
		uint32_t credits;

		if (!is_other(turns, subfile, i))
			continue;
		credits = relay_of(turns, i)->granted - relay_of(turns, i)->sent;
		*under_way += credits < window ? window - credits : 0;
		idle += 2 * credits >= window;
		others++;
	}
	return others > 0 && 2 * idle >= others;
}

/* A relay that gets a detour from here, too, has a reason not to be on time. */
static bool
gets_more(const struct sc_turns *turns, const struct sc_outbound *relay)
{
	for (uint32_t i = 0; i < turns->out->count; i++) {
		const struct sc_outbound *edge = &turns->out->edges[i];

		if (edge->peer == relay->peer && edge != relay && edge->next < edge->total)
			return true;
	}
	return false;
}

static void
begin_probation(struct sc_outbound *edge)
{
	assert(edge->kind == SC_EDGE_DISTRIBUTION && edge->passed_over == 0);
	edge->passed_over = PROBATION_TURNS;
	edge->sent_before = edge->sent & 255;
}

/* Has this relay been waited for long enough?  The first time, the waiting begins. */
static bool
waited_enough(struct sc_turns *turns, const struct sc_outbound *edge)
{
	uint32_t window = turns->out->context->plan->window;
	uint64_t now_ns = turns->out->context->now_ns;
	uint32_t under_way;

	if (!others_are_idle(turns, edge->subfile, &under_way) || gets_more(turns, edge))
		return false;
	if (turns->pass_over_ns == UINT64_MAX) {
		uint64_t rest_ns = (under_way + window) * turns->chunk_ns;

		turns->pass_over_ns =
		    now_ns + (rest_ns > pass_over_least_ns ? rest_ns : pass_over_least_ns);
	}
	return now_ns >= turns->pass_over_ns;
}

/*
 * Where all links are equal the origin's own is the slowest: while it waits for one relay, chunks
 * are under way to the others.  A slow relay lets them run dry.  That they have received everything
 * is never seen, as credits are told late and a slow receiver of theirs holds some back: so it is
 * enough that most have half of a window, and that the time has passed that the rest needs on
 * the link.
 */
static bool
pass_over(struct sc_turns *turns, struct sc_outbound *edge)
{
	/* With a window of 1 no relay ever has more than one chunk to do. */
	if (!edge->open || turns->out->context->plan->window == 1)
		return false;
	if (edge->passed_over == 0) {
		if (!waited_enough(turns, edge))
			return false;
		begin_probation(edge);
		sc_out_scatter(turns->out);
	}
	sc_out_set_lagging(turns->out, edge, true);
	return true;
}

/*
 * A turn of a relay that is passed over has gone by.  Has it turns again?  A relay that keeps pace
 * was only late; but it would stay behind until the end, as the others are sent as much, and then
 * pass on alone what it is behind to each of its receivers.
 */
static bool
ends_probation(struct sc_outbound *edge)
{
	if (--edge->passed_over > 0)
		return false;
	if ((uint8_t)(edge->sent - edge->sent_before) >= PROBATION_TURNS - 1)
		return true;
	begin_probation(edge);
	return false;
}

/* Go on to the next chunk; or back to where a relay is that was passed over and has turns again. */
static void
next_turn(struct sc_turns *turns, struct sc_outbound *edge)
{
	turns->pass_over_ns = UINT64_MAX;
	turns->next++;
	if (turns->front < turns->next)
		turns->front = turns->next;
	if (edge->passed_over > 0 && ends_probation(edge) && next_chunk(turns, edge) < turns->next)
		turns->next = next_chunk(turns, edge);
}

/* Is there nothing to send in this turn: has its relay got the chunk, does it lag, or is it no
 * relay any more? */
static bool
is_empty(const struct sc_turns *turns, const struct sc_outbound *edge)
{
	return edge->next == edge->total || next_chunk(turns, edge) != turns->next ||
	    sc_peers_torpid(turns->out->peers, edge->peer);
}

/* Do the next turn.  False: it has to wait. */
static bool
take_turn(struct sc_turns *turns)
{
	struct sc_outbound *edge =
	    relay_of(turns, sc_chunk_subfile(turns->out->context, turns->next));

	assert(edge->kind == SC_EDGE_DISTRIBUTION);
	if (is_empty(turns, edge)) {
		next_turn(turns, edge);
		return true;
	}
	if (edge->open && edge->sent < edge->granted)
		return sc_send_next(turns->out, edge);
	if (!pass_over(turns, edge))
		return false;
	next_turn(turns, edge);
	return true;
}

void
sc_turns_settle(struct sc_turns *turns)
{
	while (!sc_turns_are_over(turns) && take_turn(turns))
		continue;
	/* The time has come, but the others are no longer idle: should they be again, it begins
	 * anew. */
	if (turns->pass_over_ns <= turns->out->context->now_ns)
		turns->pass_over_ns = UINT64_MAX;
	if (turns->out->scattered)
		sc_send_settle(turns->out, turns->next);
}

void
sc_turns_check(const struct sc_turns *turns)
{
	assert(turns->next <= turns->front && turns->front <= turns->out->context->plan->chunks);
	for (uint32_t i = 0; i < turns->out->count; i++) {
		const struct sc_outbound *edge = &turns->out->edges[i];

		assert(edge->passed_over <= PROBATION_TURNS);
		assert(edge->passed_over == 0 || edge->kind == SC_EDGE_DISTRIBUTION);
	}
}
