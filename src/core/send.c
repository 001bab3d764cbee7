/*
 * Which chunk goes on which edge next: see send.h.
 */
#include "core/send.h"

#include <assert.h>

int
sc_send_on_credit(struct sc_out *out, uint32_t peer, const struct sc_credit *credit)
{
	struct sc_outbound *edge = sc_out_find(out, peer, credit->subfile);

	if (edge == NULL || !edge->open || credit->granted > edge->sent + out->context->plan->slots)
		return -1;
	if (credit->granted > edge->granted)
		edge->granted = credit->granted;
	out->due = true;
	return 0;
}

static void
record_end(const struct sc_out *out, const struct sc_outbound *edge)
{
	sc_context_record(out->context, SC_RECORD_SEND_ENDED, edge->peer, edge->subfile,
	    edge->sent);
	if (edge->from_store > 0)
		sc_context_record(out->context, SC_RECORD_SERVED_FROM_STORE, edge->peer,
		    edge->subfile, edge->from_store);
}

void
sc_send_on_sent(struct sc_out *out, const struct sc_event *event)
{
	struct sc_outbound *edge = sc_out_find(out, event->peer, event->subfile);
	struct sc_slot *slot = &out->pool->slots[event->slot];

	assert(edge != NULL && edge->in_flight > 0 && slot->sends > 0 && out->in_flight > 0);
	slot->sends--;
	edge->in_flight--;
	out->in_flight--;
	if (edge->next == edge->total && edge->in_flight == 0 &&
	    !sc_peers_failed(out->peers, event->peer))
		record_end(out, edge);
	sc_pool_touch(out->pool, event->slot);
	out->due = true;
}

/* Of the chunks in slots that an edge wants, the slot of the first. */
static uint32_t
first_wanted_slot(const struct sc_out *out, const struct sc_outbound *edge)
{
	uint32_t found = SC_NONE;

	for (uint32_t i = 0; i < out->pool->count; i++) {
		const struct sc_slot *slot = &out->pool->slots[i];

		if (slot->state == SC_SLOT_HOLDING &&
		    sc_chunk_subfile(out->context, slot->chunk) == edge->subfile &&
		    sc_out_wants(edge, sc_chunk_position(out->context, slot->chunk)) &&
		    (found == SC_NONE || slot->chunk < out->pool->slots[found].chunk))
			found = i;
	}
	return found;
}

/*
 * The slot of the chunk that an edge is sent next, or SC_NONE.  A node that stores nothing can't
 * put aside what comes before its turn: then a later chunk goes first, or its
 * slot would be waiting for one that has nowhere to arrive.
 */
static uint32_t
slot_to_send(const struct sc_out *out, const struct sc_outbound *edge)
{
	uint32_t chunk = sc_chunk_at(out->context, edge->subfile, edge->next);
	uint32_t found = sc_pool_find(out->pool, chunk);

	if (found != SC_NONE)
		return out->pool->slots[found].state == SC_SLOT_HOLDING ? found : SC_NONE;
	if (out->store->copy != SC_COPY_FAILED || out->context->is_origin ||
	    sc_store_has(out->store, chunk))
		return SC_NONE;
	return first_wanted_slot(out, edge);
}

/* A position is sent, and no longer wanted. */
static void
note_sent(struct sc_outbound *edge, uint32_t position)
{
	assert(edge->sent < edge->granted);
	edge->sent++;
	edge->in_flight++;
	if (position != edge->next)
		sc_out_list_wants(edge);
	if (edge->want.words != NULL)
		(void)sc_bitmap_remove(&edge->want, position);
	if (position == edge->next)
		edge->next = sc_out_next_want(edge, position + 1);
}

static void
send_slot(struct sc_out *out, struct sc_outbound *edge, uint32_t index)
{
	struct sc_slot *slot = &out->pool->slots[index];
	struct sc_action *action = sc_context_act(out->context, SC_ACTION_SEND);

	assert(edge->open && slot->state == SC_SLOT_HOLDING);
	assert(sc_out_wants(edge, sc_chunk_position(out->context, slot->chunk)));
	action->slot = index;
	action->chunk = slot->chunk;
	action->peer = edge->peer;
	action->subfile = edge->subfile;
	slot->sends++;
	out->in_flight++;
	if (slot->charged == SC_NONE && !out->context->is_origin)
		edge->from_store++;
	note_sent(edge, sc_chunk_position(out->context, slot->chunk));
	if (edge->next < edge->total)
		return;
	sc_out_set_lagging(out, edge, false);
	if (edge->want.words != NULL)
		sc_out_tell_sent(out, edge, SC_MESSAGE_SENT);
}

bool
sc_send_next(struct sc_out *out, struct sc_outbound *edge)
{
	uint32_t index = slot_to_send(out, edge);

	if (index != SC_NONE)
		send_slot(out, edge, index);
	return index != SC_NONE;
}

/* Can the edge's next chunk be sent now? */
static bool
can_send(const struct sc_out *out, const struct sc_outbound *edge)
{
	return edge->open && edge->sent < edge->granted && edge->next < edge->total &&
	    edge->in_flight < SC_SENDS_AN_EDGE && slot_to_send(out, edge) != SC_NONE;
}

/* Does the receiver pass it on to others, and so can't wait? */
static bool
is_forwarded(const struct sc_outbound *edge)
{
	return edge->kind == SC_EDGE_GROUP || edge->kind == SC_EDGE_DETOUR;
}

/* Torpid receivers last; next groups first, as depth costs more than breadth; then
 * the one that has got least, and else in the order of the distribution list. */
static bool
goes_before(const struct sc_out *out, const struct sc_outbound *edge,
    const struct sc_outbound *best)
{
	bool torpid = sc_peers_torpid(out->peers, edge->peer);

	if (torpid != sc_peers_torpid(out->peers, best->peer))
		return !torpid;
	if (is_forwarded(edge) != is_forwarded(best))
		return is_forwarded(edge);
	return edge->next < best->next;
}

static struct sc_outbound *
best_edge(const struct sc_out *out, uint32_t turns)
{
	struct sc_outbound *best = NULL;

	for (uint32_t i = 0; i < out->count; i++) {
		struct sc_outbound *edge = &out->edges[i];

		if (turns != SC_NONE && edge->kind == SC_EDGE_DISTRIBUTION &&
		    sc_chunk_at(out->context, edge->subfile, edge->next) >= turns)
			continue;
		if ((best == NULL || goes_before(out, edge, best)) && can_send(out, edge))
			best = edge;
	}
	return best;
}

/*
 * A relay has few sends under way at one time.  If it began all that it could,
 * they would share its link, the one to the next group with all the others,
 * and each hop would cost as many chunk times as there are receivers.  An origin's detours
 * don't count: they have their share beside the distribution.
 */
void
sc_send_settle(struct sc_out *out, uint32_t turns)
{
	while (out->context->is_origin || out->in_flight < SC_SENDS_AT_ONCE) {
		struct sc_outbound *best = best_edge(out, turns);

		if (best == NULL || !sc_send_next(out, best))
			return;
	}
}
