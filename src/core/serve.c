/*
 * What peers ask of this node: see serve.h.
 */
#include "core/serve.h"

#include <assert.h>

static bool
wants_bit(const struct sc_want *want, uint32_t i)
{
	return (want->bits[i / 8] >> (i % 8) & 1) != 0;
}

/* Did the chunk pass through here without being kept, or can't it be read any more? */
static bool
is_gone(const struct sc_out *out, uint32_t chunk)
{
	return sc_store_has(out->store, chunk) && !sc_bitmap_has(&out->store->held, chunk) &&
	    sc_pool_find(out->pool, chunk) == SC_NONE;
}

static bool
wants_what_is_gone(const struct sc_out *out, const struct sc_want *want)
{
	if (out->context->has_source)
		return false;
	for (uint32_t i = 0; i < want->count; i++) {
		if (wants_bit(want, i) &&
		    is_gone(out, sc_chunk_at(out->context, want->subfile, want->first + i)))
			return true;
	}
	return false;
}

static void
add_wants(struct sc_out *out, struct sc_outbound *edge, const struct sc_want *want)
{
	sc_out_list_wants(edge);
	for (uint32_t i = 0; i < want->count; i++) {
		uint32_t position = want->first + i;

		if (!wants_bit(want, i))
			continue;
		sc_bitmap_add(&edge->want, position);
		if (position < edge->next)
			edge->next = position;
	}
	edge->next = sc_out_next_want(edge, edge->next);
	/* What is wanted may have been here long ago. */
	sc_out_scatter(out);
	if (edge->open)
		sc_out_set_lagging(out, edge, edge->next < edge->total);
	out->due = true;
}

/* The edge starts anew, wanting nothing yet. */
static void
begin_anew(struct sc_out *out, struct sc_outbound *edge)
{
	assert(edge->total == out->store->parts[edge->subfile].total);
	sc_out_list_wants(edge);
	sc_bitmap_clear(&edge->want);
	sc_out_end(out, edge);
	edge->wants = 0;
}

/* Nothing more is sent before the receiver asks anew. */
static void
refuse(struct sc_out *out, struct sc_outbound *edge)
{
	sc_out_end(out, edge);
	edge->refused = true;
	sc_out_tell_sent(out, edge, SC_MESSAGE_REFUSE);
	sc_pool_touch_all(out->pool);
}

static struct sc_outbound *
edge_for(struct sc_out *out, uint32_t peer, const struct sc_want *want)
{
	struct sc_outbound *edge = sc_out_find(out, peer, want->subfile);
	struct sc_receiver receiver = {.node = peer, .kind = SC_EDGE_DETOUR};

	if (edge != NULL || (want->flags & SC_WANT_ASK) == 0)
		return edge;
	sc_out_list_planned(out, want->subfile);
	if (sc_out_find(out, peer, want->subfile) == NULL)
		sc_out_add(out, want->subfile, &receiver, 1);
	return sc_out_find(out, peer, want->subfile);
}

static bool
is_sound(const struct sc_out *out, uint32_t peer, const struct sc_want *want)
{
	uint32_t total;

	if (peer == SC_ORIGIN || want->subfile >= out->context->plan->subfiles)
		return false;
	total = out->store->parts[want->subfile].total;
	return want->first <= total && want->count <= total - want->first;
}

/* A peer asks this node to stand in: its edge is a detour that starts anew.  The origin's keep
 * their turns (turns.h). */
static void
begin_detour(struct sc_out *out, struct sc_outbound *edge, bool was_open)
{
	if (!out->context->is_origin)
		edge->kind = SC_EDGE_DETOUR;
	if (was_open || !edge->open)
		sc_out_open(out, edge);
}

int
sc_serve_on_want(struct sc_out *out, struct sc_supply *supply, uint32_t peer,
    const struct sc_want *want)
{
	bool asks = (want->flags & SC_WANT_ASK) != 0;
	struct sc_outbound *edge = sc_out_find(out, peer, want->subfile);
	bool was_open = edge != NULL && edge->open;

	if (!is_sound(out, peer, want))
		return -1;
	if (asks) {
		sc_peers_add(supply->control->peers, peer);
		sc_supply_do_without_relief(supply, want->subfile);
	}
	edge = edge_for(out, peer, want);
	if (edge == NULL || (edge->refused && !asks))
		return 0; /* it crossed the REFUSE */
	if ((want->flags & SC_WANT_BEGIN) != 0)
		begin_anew(out, edge);
	else
		edge->wants++;
	edge->refused = false;
	if (asks)
		edge->granted = edge->sent = 0;
	if (wants_what_is_gone(out, want) ||
	    (asks && sc_supply_waits_for(supply, peer, want->subfile))) {
		refuse(out, edge);
		return 0;
	}
	if (asks)
		begin_detour(out, edge, was_open);
	add_wants(out, edge, want);
	sc_pool_touch_all(out->pool);
	return 0;
}

int
sc_serve_on_decline(struct sc_out *out, uint32_t peer, const struct sc_decline *decline)
{
	struct sc_outbound *edge;
	struct sc_message *message;

	if (peer == SC_ORIGIN || decline->subfile >= out->context->plan->subfiles)
		return -1;
	edge = sc_out_find(out, peer, decline->subfile);
	if (edge == NULL)
		return 0; /* it declines what was never offered */
	begin_anew(out, edge);
	edge->refused = true;
	message = sc_context_message(out->context, SC_MESSAGE_DECLINED);
	message->u.declined = (struct sc_declined){
		.subfile = decline->subfile,
		.request = decline->request,
		.sent = edge->sent,
	};
	sc_context_send(out->context, peer, message);
	sc_pool_touch_all(out->pool);
	return 0;
}

void
sc_serve_refuse_chunk(struct sc_out *out, uint32_t chunk)
{
	uint32_t i = out->spans[sc_chunk_subfile(out->context, chunk)].first;

	for (; i != SC_NONE; i = out->edges[i].sibling) {
		struct sc_outbound *edge = &out->edges[i];

		if (!sc_out_wants(edge, sc_chunk_position(out->context, chunk)))
			continue;
		if (!edge->open)
			sc_out_open(out, edge); /* its receiver waits for an OFFER */
		refuse(out, edge);
	}
}
