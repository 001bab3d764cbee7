/*
 * Outbound edges of a node: what to send to whom, and when.
 */
#include "core/node_impl.h"

#include <assert.h>
#include <stdlib.h>

uint32_t
node_edge_next(const struct outbound *edge, uint32_t from)
{
	if (from >= edge->total || edge->want.words == NULL)
		return from < edge->total ? from : edge->total;
	return sc_bitmap_next(&edge->want, from);
}

void
node_list_wants(struct outbound *edge)
{
	if (edge->want.words != NULL)
		return;
	if (sc_bitmap_init(&edge->want, edge->total) != 0)
		abort();
	for (uint32_t position = edge->next; position < edge->total; position++)
		sc_bitmap_add(&edge->want, position);
}

bool
node_edge_wants(const struct outbound *edge, uint32_t position)
{
	return position >= edge->next &&
	    (edge->want.words == NULL || sc_bitmap_has(&edge->want, position));
}

/* The chunk that an edge wants next. */
static uint32_t
next_chunk(const struct sc_node *node, const struct outbound *edge)
{
	return edge->next * node->plan->subfiles + edge->subfile;
}

struct outbound *
node_find_outbound(struct sc_node *node, uint32_t peer, uint32_t subfile)
{
	if (subfile >= node->plan->subfiles)
		return NULL;
	for (uint32_t i = node->spans[subfile].first; i != SC_NONE; i = node->outbound[i].sibling) {
		if (node->outbound[i].peer == peer)
			return &node->outbound[i];
	}
	return NULL;
}

void
node_set_lagging(struct sc_node *node, struct outbound *edge, bool lagging)
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
node_scatter(struct sc_node *node)
{
	if (node->scattered)
		return;
	node->scattered = true;
	for (uint32_t i = 0; i < node->outbound_count; i++) {
		struct outbound *edge = &node->outbound[i];

		if (edge->open && edge->next < edge->total)
			node_set_lagging(node, edge, true);
	}
}

void
node_mark_lagging(struct sc_node *node, uint32_t chunk)
{
	uint32_t position = chunk / node->plan->subfiles;
	uint32_t i = node->spans[chunk % node->plan->subfiles].first;

	for (; i != SC_NONE; i = node->outbound[i].sibling) {
		if (node->outbound[i].open && node_edge_wants(&node->outbound[i], position))
			node_set_lagging(node, &node->outbound[i], true);
	}
}

void
node_open_edge(struct sc_node *node, struct outbound *edge)
{
	struct sc_offer *offer = &node->actions->message.u.offer;
	struct sc_edge edges[SC_RECEIVERS_MAX];

	node->actions->message.type = SC_MESSAGE_OFFER;
	offer->subfile = edge->subfile;
	offer->count = sc_plan_receivers(node->plan, edge->peer, edge->subfile, edges);
	for (uint32_t i = 0; i < offer->count; i++) {
		offer->receivers[i].node = edges[i].to;
		offer->receivers[i].kind = edges[i].kind;
	}
	edge->open = true;
	node_set_lagging(node, edge,
	    edge->next < edge->total &&
		(node->scattered || node->inbound[edge->subfile].arrived > 0));
	node_control(node, edge->peer, &node->actions->message);
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
	if (node->aborted)
		return;
	for (uint32_t i = node->spans[subfile].first; i != SC_NONE; i = node->outbound[i].sibling) {
		struct outbound *edge = &node->outbound[i];

		if (!edge->open && edge->next < edge->total && may_open(node, edge))
			node_open_edge(node, edge);
	}
}

int
node_add_outbound(struct sc_node *node, uint32_t subfile, const struct sc_receiver *receivers,
    uint32_t count)
{
	struct span *span = &node->spans[subfile];

	for (uint32_t i = 0; i < count; i++) {
		uint32_t index = node->outbound_count;

		if (node_find_outbound(node, receivers[i].node, subfile) != NULL)
			continue; /* it has asked already */
		node->outbound = node_grown(node->outbound, node->outbound_count,
		    &node->outbound_capacity, sizeof(*node->outbound));
		node->outbound[node->outbound_count++] = (struct outbound){
			.peer = receivers[i].node,
			.subfile = subfile,
			.kind = receivers[i].kind,
			.total = sc_plan_subfile_chunks(node->plan, subfile),
			.sibling = SC_NONE,
		};
		if (node_failed(node, receivers[i].node))
			node->outbound[index].next = node->outbound[index].total;
		if (span->first == SC_NONE)
			span->first = index;
		else
			node->outbound[span->last].sibling = index;
		span->last = index;
	}
	node_open_edges(node, subfile);
	return 0;
}

void
node_make_edges(struct sc_node *node, uint32_t subfile)
{
	struct sc_edge edges[SC_RECEIVERS_MAX];
	struct sc_receiver receivers[SC_RECEIVERS_MAX];
	uint32_t count;

	if (node->inbound[subfile].listed)
		return;
	node->inbound[subfile].listed = true;
	count = sc_plan_receivers(node->plan, node->self, subfile, edges);
	for (uint32_t i = 0; i < count; i++)
		receivers[i] = (struct sc_receiver){.node = edges[i].to, .kind = edges[i].kind};
	node_add_outbound(node, subfile, receivers, count);
}

void
node_end_edge(struct sc_node *node, struct outbound *edge)
{
	edge->next = edge->total;
	node_set_lagging(node, edge, false);
}

void
node_forget_receiver(struct sc_node *node, uint32_t peer)
{
	for (uint32_t i = 0; i < node->outbound_count; i++) {
		if (node->outbound[i].peer == peer)
			node_end_edge(node, &node->outbound[i]);
	}
	/* What only it wanted need not stay, and what waited for it can go on. */
	for (uint32_t i = 0; i < node->slot_count; i++)
		node_slot_settle(node, i);
	node_pump(node);
}

/* Is there a credit for this position, which the edge wants, and for all before it? */
static bool
has_credit(const struct outbound *edge, uint32_t position)
{
	uint32_t credits = edge->granted - edge->sent;
	uint32_t at = edge->next;

	if (position - at < credits)
		return true;
	if (edge->want.words == NULL)
		return false;
	for (; credits > 0 && at < position; credits--)
		at = node_edge_next(edge, at + 1);
	return credits > 0;
}

/* Is what the edge is sent next here, or does it wait for that to arrive? */
static bool
can_go_on(const struct sc_node *node, const struct outbound *edge)
{
	uint32_t chunk = next_chunk(node, edge);

	return node_slot_find(node, chunk) != SC_NONE || node_is_loadable(node, edge, chunk);
}

bool
node_wanted(const struct sc_node *node, uint32_t chunk, uint32_t behind)
{
	uint32_t position = chunk / node->plan->subfiles;
	uint32_t i = node->spans[chunk % node->plan->subfiles].first;

	for (; i != SC_NONE && !node->aborted; i = node->outbound[i].sibling) {
		const struct outbound *edge = &node->outbound[i];

		if (edge->open && node_edge_wants(edge, position) &&
		    (position - edge->next < behind ||
			(has_credit(edge, position) && can_go_on(node, edge)) ||
			(edge->kind == SC_EDGE_DISTRIBUTION && edge->passed_over == 0 &&
			    !sc_roster_torpid(&node->roster, edge->peer))))
			return true;
	}
	return false;
}

void
node_tell_sent(struct sc_node *node, const struct outbound *edge, enum sc_message_type type)
{
	node->actions->message.type = type;
	node->actions->message.u.refusal.subfile = edge->subfile;
	node->actions->message.u.refusal.sent = edge->sent;
	node->actions->message.u.refusal.wants = edge->wants;
	node_control(node, edge->peer, &node->actions->message);
}

/*
 * The slot of the chunk that an edge is sent next, or SC_NONE.  A node that stores nothing can't
 * put aside what comes before its turn: then a later chunk goes first, or its
 * slot would be waiting for one that has nowhere to arrive.
 */
static uint32_t
slot_to_send(const struct sc_node *node, const struct outbound *edge)
{
	uint32_t chunk = next_chunk(node, edge);
	uint32_t found = node_slot_find(node, chunk);

	if (found != SC_NONE)
		return node->slots[found].state == SLOT_HOLDING ? found : SC_NONE;
	if (!node->copy_failed || node_is_origin(node) || sc_bitmap_has(&node->here, chunk))
		return SC_NONE;
	for (uint32_t i = 0; i < node->slot_count; i++) {
		const struct slot *slot = &node->slots[i];

		if (slot->state == SLOT_HOLDING &&
		    slot->chunk % node->plan->subfiles == edge->subfile &&
		    node_edge_wants(edge, slot->chunk / node->plan->subfiles) &&
		    (found == SC_NONE || slot->chunk < node->slots[found].chunk))
			found = i;
	}
	return found;
}

/* A position is sent, and no longer wanted. */
static void
note_sent(struct outbound *edge, uint32_t position)
{
	edge->sent++;
	edge->in_flight++;
	assert(edge->sent <= edge->granted);
	if (position != edge->next)
		node_list_wants(edge);
	if (edge->want.words != NULL)
		(void)sc_bitmap_remove(&edge->want, position);
	if (position == edge->next)
		edge->next = node_edge_next(edge, position + 1);
}

/* Send an edge its next chunk, if it is in a slot. */
static bool
send_next(struct sc_node *node, struct outbound *edge)
{
	uint32_t index = slot_to_send(node, edge);
	struct sc_action *action;
	struct slot *slot;

	if (index == SC_NONE)
		return false;
	slot = &node->slots[index];
	slot->sends++;
	node->sends_in_flight++;
	if (slot->charged == SC_NONE && !node_is_origin(node))
		edge->served_from_store++;
	note_sent(edge, slot->chunk / node->plan->subfiles);
	action = sc_actions_add(node->actions, SC_ACTION_SEND);
	action->slot = index;
	action->chunk = slot->chunk;
	action->peer = edge->peer;
	action->subfile = edge->subfile;
	if (edge->next == edge->total) {
		node_set_lagging(node, edge, false);
		if (edge->want.words != NULL)
			node_tell_sent(node, edge, SC_MESSAGE_SENT);
	}
	return true;
}

/* Can the edge's next chunk be sent now? */
static bool
can_send(const struct sc_node *node, const struct outbound *edge)
{
	return edge->open && edge->sent < edge->granted && edge->next < edge->total &&
	    edge->in_flight < SC_SENDS_AN_EDGE && slot_to_send(node, edge) != SC_NONE;
}

/* Who passes it on to others, and so can't wait. */
static bool
goes_on(const struct outbound *edge)
{
	return edge->kind == SC_EDGE_GROUP || edge->kind == SC_EDGE_DETOUR;
}

/* Torpid ones last; next groups first, as depth costs more than breadth; then
 * whoever has got least, and else in the order of the distribution list. */
static bool
goes_before(const struct sc_node *node, const struct outbound *edge, const struct outbound *best)
{
	bool torpid = sc_roster_torpid(&node->roster, edge->peer);

	if (torpid != sc_roster_torpid(&node->roster, best->peer))
		return !torpid;
	if (goes_on(edge) != goes_on(best))
		return goes_on(edge);
	return edge->next < best->next;
}

/*
 * A relay has few sends under way at one time.  If it began all that it could,
 * they would share its link, the one to the next group with all the others,
 * and each hop would cost as many chunk times as there are receivers.  An origin's detours
 * don't count: they have their share beside the distribution.
 */
static void
pump_relay(struct sc_node *node)
{
	bool origin = node_is_origin(node);

	while (origin || node->sends_in_flight < SC_SENDS_AT_ONCE) {
		struct outbound *best = NULL;

		for (uint32_t i = 0; i < node->outbound_count; i++) {
			struct outbound *edge = &node->outbound[i];

			if (origin && edge->kind == SC_EDGE_DISTRIBUTION &&
			    next_chunk(node, edge) >= node->send_next)
				continue; /* has its turn */
			if ((best == NULL || goes_before(node, edge, best)) && can_send(node, edge))
				best = edge;
		}
		if (best == NULL || !send_next(node, best))
			return;
	}
}

/* Go on to the next chunk; or back to where a relay is that was not waited for and is again. */
static void
next_turn(struct sc_node *node, struct outbound *edge)
{
	node->pass_over_ns = UINT64_MAX;
	node->send_next++;
	if (node->send_front < node->send_next)
		node->send_front = node->send_next;
	if (edge->passed_over > 0 && node_count_turn(edge) &&
	    next_chunk(node, edge) < node->send_next)
		node->send_next = next_chunk(node, edge);
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
		uint32_t subfile = node->send_next % node->plan->subfiles;
		struct outbound *edge = &node->outbound[node->spans[subfile].first];

		assert(edge->kind == SC_EDGE_DISTRIBUTION);
		if (edge->next == edge->total || next_chunk(node, edge) != node->send_next ||
		    sc_roster_torpid(&node->roster, edge->peer)) {
			next_turn(node, edge); /* its relay has it, or lags, or is no more */
			continue;
		}
		if (!edge->open || edge->sent == edge->granted) {
			if (node_pass_over(node, edge)) {
				next_turn(node, edge);
				continue;
			}
			break;
		}
		if (!send_next(node, edge))
			break;
	}
	node_end_turns(node);
	if (node->scattered)
		pump_relay(node);
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
	struct outbound *edge = node_find_outbound(node, peer, credit->subfile);

	if (edge == NULL || !edge->open || credit->granted > edge->sent + node->plan->slots)
		return -1;
	if (credit->granted > edge->granted)
		edge->granted = credit->granted;
	node_pump(node);
	return 0;
}

int
node_on_sent(struct sc_node *node, const struct sc_event *event)
{
	struct outbound *edge = node_find_outbound(node, event->peer, event->subfile);
	struct slot *slot = &node->slots[event->slot];

	assert(edge != NULL && edge->in_flight > 0 && slot->sends > 0);
	slot->sends--;
	edge->in_flight--;
	node->sends_in_flight--;
	if (edge->next == edge->total && edge->in_flight == 0 && !node_failed(node, event->peer)) {
		node_record(node, SC_RECORD_SEND_ENDED, edge->peer, edge->subfile, edge->sent);
		if (edge->served_from_store > 0)
			node_record(node, SC_RECORD_SERVED_FROM_STORE, edge->peer, edge->subfile,
			    edge->served_from_store);
	}
	node_pump(node);
	node_slot_settle(node, event->slot);
	return 0;
}
