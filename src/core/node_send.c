/*
 * Outbound edges of a node: what to send to whom, and the loads for it.
 */
#include "core/node_impl.h"

#include <assert.h>
#include <stdlib.h>

/* The chunk that an edge wants next, or the one after `ahead` more. */
static uint32_t
wanted_chunk(const struct sc_node *node, const struct outbound *edge, uint32_t ahead)
{
	return (edge->sent + ahead) * node->plan->subfiles + edge->subfile;
}

static struct outbound *
find_outbound(struct sc_node *node, uint32_t peer, uint32_t subfile)
{
	struct span span;

	if (subfile >= node->plan->subfiles)
		return NULL;
	span = node->spans[subfile];
	for (uint32_t i = span.first; i < span.first + span.count; i++) {
		if (node->outbound[i].peer == peer)
			return &node->outbound[i];
	}
	return NULL;
}

static void
set_lagging(struct sc_node *node, struct outbound *edge, bool lagging)
{
	if (edge->lagging == lagging)
		return;
	edge->lagging = lagging;
	if (lagging)
		node->lagging++;
	else
		node->lagging--;
}

void
node_mark_lagging(struct sc_node *node, uint32_t chunk)
{
	uint32_t position = chunk / node->plan->subfiles;
	struct span span = node->spans[chunk % node->plan->subfiles];

	for (uint32_t i = span.first; i < span.first + span.count; i++) {
		if (node->outbound[i].open && position >= node->outbound[i].sent)
			set_lagging(node, &node->outbound[i], true);
	}
}

static void
open_edge(struct sc_node *node, struct outbound *edge)
{
	struct sc_message message = {.type = SC_MESSAGE_OFFER};
	struct sc_offer *offer = &message.u.offer;
	struct sc_edge edges[SC_RECEIVERS_MAX];

	offer->subfile = edge->subfile;
	offer->count = sc_plan_receivers(node->plan, edge->peer, edge->subfile, edges);
	for (uint32_t i = 0; i < offer->count; i++) {
		offer->receivers[i].node = edges[i].to;
		offer->receivers[i].kind = edges[i].kind;
	}
	edge->open = true;
	set_lagging(node, edge, node->inbound[edge->subfile].arrived > 0);
	node_control(node, edge->peer, &message);
	node_record(node, SC_RECORD_SEND_BEGUN, edge->peer, edge->subfile, edge->total);
}

/* An edge that waits for the whole subfile waits no longer when nothing more
 * will be stored here: it is then served in fast-forward. */
static bool
may_open(const struct sc_node *node, const struct outbound *edge)
{
	const struct inbound *inbound = &node->inbound[edge->subfile];
	struct sc_edge planned = {
		.from = node->self,
		.to = edge->peer,
		.subfile = edge->subfile,
		.kind = edge->kind,
	};

	return !sc_edge_waits_for_whole(node->plan, &planned) ||
	    inbound->stored == inbound->total || node->copy_failed;
}

void
node_open_edges(struct sc_node *node, uint32_t subfile)
{
	struct span span = node->spans[subfile];

	if (node->aborted)
		return;
	for (uint32_t i = span.first; i < span.first + span.count; i++) {
		if (!node->outbound[i].open && may_open(node, &node->outbound[i]))
			open_edge(node, &node->outbound[i]);
	}
}

int
node_add_outbound(struct sc_node *node, uint32_t subfile, const struct sc_receiver *receivers,
    uint32_t count)
{
	uint32_t needed = node->outbound_count + count;

	assert(node->spans[subfile].count == 0);
	if (needed > node->outbound_capacity) {
		struct outbound *more = realloc(node->outbound, 2 * needed * sizeof(*more));

		if (more == NULL)
			abort();
		node->outbound = more;
		node->outbound_capacity = 2 * needed;
	}
	node->spans[subfile] = (struct span){.first = node->outbound_count, .count = count};
	for (uint32_t i = 0; i < count; i++) {
		node->outbound[node->outbound_count++] = (struct outbound){
			.peer = receivers[i].node,
			.subfile = subfile,
			.kind = receivers[i].kind,
			.total = sc_plan_subfile_chunks(node->plan, subfile),
		};
	}
	node_open_edges(node, subfile);
	return 0;
}

bool
node_wanted(const struct sc_node *node, uint32_t chunk, bool lagging)
{
	uint32_t position = chunk / node->plan->subfiles;
	struct span span = node->spans[chunk % node->plan->subfiles];

	if (node->aborted)
		return false;
	for (uint32_t i = span.first; i < span.first + span.count; i++) {
		const struct outbound *edge = &node->outbound[i];

		if (edge->open && position >= edge->sent && (lagging || position < edge->granted))
			return true;
	}
	return false;
}

/* Send an edge its next chunk, if it is in a slot. */
static bool
send_next(struct sc_node *node, struct outbound *edge)
{
	uint32_t index = node_slot_find(node, wanted_chunk(node, edge, 0));
	struct sc_action *action;
	struct slot *slot;

	if (index == SC_NONE)
		return false;
	slot = &node->slots[index];
	if (slot->state != SLOT_HOLDING)
		return false;
	slot->sends++;
	edge->sent++;
	edge->in_flight++;
	node->sends_in_flight++;
	if (slot->charged == SC_NONE && !node_is_origin(node))
		edge->served_from_store++;
	if (edge->sent == edge->total)
		set_lagging(node, edge, false);
	assert(edge->sent <= edge->granted && edge->granted <= edge->total);
	action = sc_actions_add(node->actions, SC_ACTION_SEND);
	action->slot = index;
	action->chunk = slot->chunk;
	action->peer = edge->peer;
	action->subfile = edge->subfile;
	return true;
}

/*
 * The origin sends in strict order over its relays.  All its links being one,
 * "whoever is free" would let the relays drift apart, and the last one sets
 * the end.
 */
static void
pump_origin(struct sc_node *node)
{
	while (node->send_next < node->plan->chunks) {
		struct span span = node->spans[node->send_next % node->plan->subfiles];
		struct outbound *edge = &node->outbound[span.first];

		assert(span.count == 1);
		if (!edge->open || edge->sent == edge->granted || !send_next(node, edge))
			return;
		node->send_next++;
	}
}

/* Can the edge's next chunk be sent now? */
static bool
can_send(const struct sc_node *node, const struct outbound *edge)
{
	uint32_t index;

	if (!edge->open || edge->sent == edge->granted || edge->in_flight == SC_SENDS_AN_EDGE)
		return false;
	index = node_slot_find(node, wanted_chunk(node, edge, 0));
	return index != SC_NONE && node->slots[index].state == SLOT_HOLDING;
}

/* Next groups first, as depth costs more than breadth; then whoever has got
 * least, and else in the order of the distribution list. */
static bool
goes_before(const struct outbound *edge, const struct outbound *best)
{
	if ((edge->kind == SC_EDGE_GROUP) != (best->kind == SC_EDGE_GROUP))
		return edge->kind == SC_EDGE_GROUP;
	return edge->sent < best->sent;
}

/*
 * A relay has few sends under way at one time.  If it began all that it could,
 * they would share its link, the one to the next group with all the others,
 * and each hop would cost as many chunk times as there are receivers.
 */
static void
pump_relay(struct sc_node *node)
{
	while (node->sends_in_flight < SC_SENDS_AT_ONCE) {
		struct outbound *best = NULL;

		for (uint32_t i = 0; i < node->outbound_count; i++) {
			struct outbound *edge = &node->outbound[i];

			if ((best == NULL || goes_before(edge, best)) && can_send(node, edge))
				best = edge;
		}
		if (best == NULL || !send_next(node, best))
			return;
	}
}

void
node_pump(struct sc_node *node)
{
	if (node->aborted || node->outbound_count == 0)
		return;
	if (node_is_origin(node))
		pump_origin(node);
	else
		pump_relay(node);
}

int
node_on_credit(struct sc_node *node, uint32_t peer, const struct sc_credit *credit)
{
	struct outbound *edge = find_outbound(node, peer, credit->subfile);

	if (edge == NULL || !edge->open || credit->granted > edge->total)
		return -1;
	if (credit->granted > edge->granted)
		edge->granted = credit->granted;
	node_pump(node);
	return 0;
}

static void
load(struct sc_node *node, uint32_t chunk)
{
	uint32_t index = node_slot_take(node, SC_NONE, SLOT_LOADING);
	struct sc_action *action;

	assert(index != SC_NONE); /* the quota was asked before */
	node_slot_assign(node, index, chunk);
	node->loads++;
	action = sc_actions_add(node->actions, SC_ACTION_LOAD);
	action->slot = index;
	action->chunk = chunk;
}

/* The origin reads its source once, in order, as far ahead as it has slots. */
static void
load_source(struct sc_node *node)
{
	while (node->load_next < node->plan->chunks && node->loads_used < node->load_quota)
		load(node, node->load_next++);
	if (node->load_next == node->plan->chunks && !node->finishing && !node->sealed) {
		node->finishing = true;
		sc_actions_add(node->actions, SC_ACTION_FINISH_SOURCE);
	}
}

/* Load for an edge that lags what it has credits for and what isn't in a slot.
 * False if there is no slot for more. */
static bool
load_for(struct sc_node *node, struct outbound *edge)
{
	uint32_t most = node->plan->load_slots;

	for (uint32_t ahead = 0; edge->sent + ahead < edge->granted && ahead < most; ahead++) {
		uint32_t chunk = wanted_chunk(node, edge, ahead);

		if (node_slot_find(node, chunk) != SC_NONE)
			continue;
		if (!sc_bitmap_has(&node->held, chunk)) {
			/* It will arrive, and with it whatever follows. */
			set_lagging(node, edge, false);
			break;
		}
		if (node->loads_used >= node->load_quota && !node_slot_evict_load(node))
			return false;
		load(node, chunk);
	}
	return true;
}

void
node_load(struct sc_node *node)
{
	if (node->aborted)
		return;
	if (node_is_origin(node)) {
		load_source(node);
		return;
	}
	for (uint32_t i = 0; node->lagging > 0 && i < node->outbound_count; i++) {
		uint32_t at = (node->next_served + i) % node->outbound_count;
		struct outbound *edge = &node->outbound[at];

		if (edge->lagging && edge->sent < edge->granted && !load_for(node, edge)) {
			node->next_served = at;
			return;
		}
	}
}

int
node_on_loaded(struct sc_node *node, const struct sc_event *event)
{
	struct slot *slot = &node->slots[event->slot];

	assert(slot->state == SLOT_LOADING && slot->chunk == event->chunk);
	node->loads--;
	slot->state = SLOT_HOLDING;
	if (node_is_origin(node))
		node_store(node, event->slot);
	else
		slot->stored = true;
	node_pump(node);
	node_slot_settle(node, event->slot);
	return 0;
}

int
node_on_sent(struct sc_node *node, const struct sc_event *event)
{
	struct outbound *edge = find_outbound(node, event->peer, event->subfile);
	struct slot *slot = &node->slots[event->slot];

	assert(edge != NULL && edge->in_flight > 0 && slot->sends > 0);
	slot->sends--;
	edge->in_flight--;
	node->sends_in_flight--;
	if (edge->sent == edge->total && edge->in_flight == 0) {
		node_record(node, SC_RECORD_SEND_ENDED, edge->peer, edge->subfile, edge->total);
		if (edge->served_from_store > 0)
			node_record(node, SC_RECORD_SERVED_FROM_STORE, edge->peer, edge->subfile,
			    edge->served_from_store);
	}
	node_pump(node);
	node_slot_settle(node, event->slot);
	return 0;
}
