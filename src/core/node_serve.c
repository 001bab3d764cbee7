/*
 * What others want of a node: the receivers of its own edges who hold a part of the
 * file already, and those who ask it to stand in for somebody (a detour).
 */
#include "core/node_impl.h"

#include <assert.h>
#include <stdlib.h>

/* Did the chunk pass through here without being kept, or can't be read any more? */
static bool
is_gone(const struct sc_node *node, uint32_t chunk)
{
	return sc_bitmap_has(&node->here, chunk) && !sc_bitmap_has(&node->held, chunk) &&
	    node_slot_find(node, chunk) == SC_NONE;
}

static bool
wants_what_is_gone(const struct sc_node *node, const struct sc_want *want)
{
	if (node->has_source)
		return false;
	for (uint32_t i = 0; i < want->count; i++) {
		uint32_t chunk = (want->first + i) * node->plan->subfiles + want->subfile;

		if ((want->bits[i / 8] >> (i % 8) & 1) != 0 && is_gone(node, chunk))
			return true;
	}
	return false;
}

/* Does this node wait for that one to send it the same subfile?  A leaf in relief that was
 * refused asks those, too, whom it relieves. */
static bool
waits_for(const struct sc_node *node, uint32_t peer, uint32_t subfile)
{
	const struct inbound *edge = &node->inbound[subfile];

	if (node->has_source || inbound_lacks(edge) == 0)
		return false;
	return (edge->peer == SC_NONE ? node_supplier(node, subfile) : edge->peer) == peer;
}

static void
add_wants(struct sc_node *node, struct outbound *edge, const struct sc_want *want)
{
	node_list_wants(edge);
	for (uint32_t i = 0; i < want->count; i++) {
		uint32_t position = want->first + i;

		if ((want->bits[i / 8] >> (i % 8) & 1) == 0)
			continue;
		sc_bitmap_add(&edge->want, position);
		if (position < edge->next)
			edge->next = position;
	}
	edge->next = node_edge_next(edge, edge->next);
	/* What is wanted may have been here long ago. */
	node_scatter(node);
	if (edge->open)
		node_set_lagging(node, edge, edge->next < edge->total);
}

/* The edge starts anew, wanting nothing yet. */
static void
begin_anew(struct sc_node *node, struct outbound *edge)
{
	node_list_wants(edge);
	sc_bitmap_clear(&edge->want);
	edge->next = edge->total;
	edge->wants = 0;
	node_set_lagging(node, edge, false);
}

static void
settle_subfile(struct sc_node *node, uint32_t subfile)
{
	for (uint32_t i = 0; i < node->slot_count; i++) {
		if (node->slots[i].state == SLOT_HOLDING &&
		    node->slots[i].chunk % node->plan->subfiles == subfile)
			node_slot_settle(node, i);
	}
}

/* Nothing more is sent before it asks anew. */
static void
refuse(struct sc_node *node, struct outbound *edge)
{
	edge->refused = true;
	node_tell_sent(node, edge, SC_MESSAGE_REFUSE);
}

static struct outbound *
edge_for(struct sc_node *node, uint32_t peer, const struct sc_want *want)
{
	struct outbound *edge = node_find_outbound(node, peer, want->subfile);
	struct sc_receiver receiver = {.node = peer, .kind = SC_EDGE_DETOUR};

	if (edge != NULL || (want->flags & SC_WANT_ASK) == 0)
		return edge;
	node_make_edges(node, want->subfile);
	edge = node_find_outbound(node, peer, want->subfile);
	if (edge != NULL)
		return edge;
	node_add_outbound(node, want->subfile, &receiver, 1);
	return node_find_outbound(node, peer, want->subfile);
}

int
node_on_want(struct sc_node *node, uint32_t peer, const struct sc_want *want)
{
	bool asks = (want->flags & SC_WANT_ASK) != 0;
	struct outbound *edge = node_find_outbound(node, peer, want->subfile);
	bool was_open = edge != NULL && edge->open;
	uint32_t total;

	if (peer == SC_ORIGIN || want->subfile >= node->plan->subfiles)
		return -1;
	total = sc_plan_subfile_chunks(node->plan, want->subfile);
	if (want->first > total || want->count > total - want->first)
		return -1;
	if (node->aborted)
		return 0;
	if (asks) {
		node_add_peer(node, peer);
		node_do_without_relief(node, want->subfile);
	}
	edge = edge_for(node, peer, want);
	if (edge == NULL)
		return 0; /* it declines what was never offered */
	if (edge->refused && !asks && want->count > 0)
		return 0; /* it crossed the REFUSE */
	if ((want->flags & SC_WANT_BEGIN) != 0)
		begin_anew(node, edge);
	else
		edge->wants++;
	edge->refused = false;
	if (asks)
		edge->granted = edge->sent = 0;
	if (wants_what_is_gone(node, want) || (asks && waits_for(node, peer, want->subfile))) {
		node_end_edge(node, edge);
		refuse(node, edge);
		settle_subfile(node, want->subfile);
		return 0;
	}
	if (asks) {
		if (!node_is_origin(node))
			edge->kind = SC_EDGE_DETOUR;
		if (was_open || !edge->open)
			node_open_edge(node, edge);
	}
	add_wants(node, edge, want);
	if (want->flags == SC_WANT_BEGIN && want->count == 0) {
		edge->wants = SC_NONE;
		refuse(node, edge); /* says how much is under way */
	}
	node_pump(node);
	settle_subfile(node, want->subfile);
	return 0;
}

void
node_refuse_chunk(struct sc_node *node, uint32_t chunk)
{
	uint32_t subfile = chunk % node->plan->subfiles;

	for (uint32_t i = node->spans[subfile].first; i != SC_NONE; i = node->outbound[i].sibling) {
		struct outbound *edge = &node->outbound[i];

		if (!node_edge_wants(edge, chunk / node->plan->subfiles))
			continue;
		if (!edge->open)
			node_open_edge(node, edge); /* it waits for an OFFER */
		node_end_edge(node, edge);
		refuse(node, edge);
	}
	settle_subfile(node, subfile);
}
