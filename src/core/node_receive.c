/*
 * Inbound edges of a node: distribution lists, credits, arrivals, stores.
 */
#include "core/node_impl.h"

#include <assert.h>

/*
 * Has the edge a slot for one more receive?  It has its window, and whatever edges that are
 * complete have left: a subfile that comes late, by a detour, is the last under way, and
 * a window of it alone would leave the link idle between two round trips.
 */
static bool
has_room(struct sc_node *node, uint32_t subfile)
{
	if (node->inbound[subfile].charged < node->plan->window)
		return true;
	node_reserve(node, subfile);
	return node->loads_used + node->plan->load_slots < node_load_quota(node);
}

/* Post receives as far as the window allows; returns their number. */
static uint32_t
post_receives(struct sc_node *node, uint32_t subfile)
{
	struct inbound *edge = &node->inbound[subfile];
	uint32_t count = 0;

	if (node->aborted || node->awaits_store || !edge->offered || edge->peer == node->self)
		return 0;
	while (edge->granted - edge->got < inbound_lacks(edge) && has_room(node, subfile)) {
		uint32_t slot = node_slot_take(node, subfile, SLOT_RECEIVING);
		struct sc_action *action;

		if (slot == SC_NONE) {
			node->short_of_slots = true;
			break;
		}
		node->slots[slot].peer = edge->peer;
		action = sc_actions_add(node->actions, SC_ACTION_RECEIVE);
		action->slot = slot;
		action->peer = edge->peer;
		action->subfile = subfile;
		edge->granted++;
		count++;
	}
	if (count > 0)
		node_reserve(node, subfile);
	return count;
}

static void
tell_credit(struct sc_node *node, uint32_t subfile)
{
	struct inbound *edge = &node->inbound[subfile];

	edge->untold = 0;
	node->actions->message.type = SC_MESSAGE_CREDIT;
	node->actions->message.u.credit.subfile = subfile;
	node->actions->message.u.credit.granted = edge->granted;
	node_control(node, edge->peer, &node->actions->message);
}

/*
 * Each message costs: the supplier is told of new credits when they are half a window, when it
 * has less than that left, or when there will be no more.
 */
static void
tell_credits_if_due(struct sc_node *node, uint32_t subfile, uint32_t added)
{
	struct inbound *edge = &node->inbound[subfile];
	uint32_t untold = edge->untold + added;
	uint32_t posted = edge->granted - edge->got;
	uint32_t window = node->plan->window;

	if (untold == 0 || node->aborted || !edge->offered)
		return;
	if (2 * untold >= window || 2 * posted < window + 2 * untold ||
	    posted == inbound_lacks(edge))
		tell_credit(node, subfile);
	else
		edge->untold = untold & 31; /* less than half of the largest window */
}

void
node_grant(struct sc_node *node, uint32_t subfile)
{
	tell_credits_if_due(node, subfile, post_receives(node, subfile));
}

static bool
is_sound_list(const struct sc_node *node, const struct sc_offer *offer)
{
	for (uint32_t i = 0; i < offer->count; i++) {
		uint32_t receiver = offer->receivers[i].node;

		if (receiver == SC_ORIGIN || receiver > node->plan->recipients ||
		    receiver == node->self)
			return false;
	}
	return true;
}

/* The peer will send the subfile: tell it what is lacking, and let it begin. */
static void
begin_receiving(struct sc_node *node, uint32_t peer, uint32_t subfile, bool was_asked)
{
	struct inbound *edge = &node->inbound[subfile];

	/* Receives that are still posted serve the new beginning, too. */
	edge->granted -= edge->got;
	edge->got = 0;
	edge->coming = SC_NONE;
	edge->offered = true;
	if (node->awaits_store)
		return;
	if (!was_asked)
		edge->elsewhere = false;
	if (!was_asked && edge->arrived > 0)
		node_tell_wants(node, peer, subfile, SC_WANT_BEGIN);
	node_reserve(node, subfile);
	(void)post_receives(node, subfile);
	if (edge->granted > 0)
		tell_credit(node, subfile);
}

int
node_on_offer(struct sc_node *node, uint32_t peer, const struct sc_offer *offer)
{
	struct inbound *edge;
	bool was_asked;

	if (node_is_origin(node) || offer->subfile >= node->plan->subfiles)
		return -1;
	edge = &node->inbound[offer->subfile];
	if (edge->total == 0 || !is_sound_list(node, offer))
		return -1;
	if (node->aborted)
		return 0;
	if (!edge->listed) {
		edge->listed = true;
		node_add_outbound(node, offer->subfile, offer->receivers, offer->count);
	}
	was_asked = edge->peer == peer;
	if (edge->peer == SC_NONE && node_supplier(node, offer->subfile) == peer &&
	    !node_former_is(node, peer, offer->subfile)) {
		edge->peer = peer;
		edge->begun = true;
	}
	if (edge->peer != peer || (inbound_lacks(edge) == 0 && !node->awaits_store)) {
		node_decline(node, peer, offer->subfile);
		return 0;
	}
	node_record(node, was_asked ? SC_RECORD_DETOUR_BEGUN : SC_RECORD_RECEIVE_BEGUN, peer,
	    offer->subfile, was_asked ? inbound_lacks(edge) : offer->count);
	begin_receiving(node, peer, offer->subfile, was_asked);
	return 0;
}

void
node_store(struct sc_node *node, uint32_t index)
{
	struct sc_action *action;

	if (!node_stores(node))
		return;
	assert(!node->slots[index].storing && !node->slots[index].stored);
	node->slots[index].storing = true;
	node->stores++;
	action = sc_actions_add(node->actions, SC_ACTION_STORE);
	action->slot = index;
	action->chunk = node->slots[index].chunk;
}

void
node_take_chunk(struct sc_node *node, uint32_t index, uint32_t chunk, bool from_supplier)
{
	struct inbound *edge = &node->inbound[chunk % node->plan->subfiles];
	bool added = sc_bitmap_add(&node->here, chunk);

	assert(added);
	(void)added;
	edge->arrived++;
	edge->elsewhere |= !from_supplier;
	node->slots[index].state = SLOT_HOLDING;
	node_pump(node);
	node_store(node, index);
	node_reserve(node, chunk % node->plan->subfiles);
	if (inbound_lacks(edge) == 0)
		node_on_complete(node, chunk % node->plan->subfiles);
}

/* Is this a chunk that may have been meant? */
static bool
is_sound(const struct sc_node *node, const struct sc_event *event)
{
	return event->intact && event->chunk < node->plan->chunks &&
	    event->chunk % node->plan->subfiles == event->subfile;
}

/* Chunks come in order, but from a supplier that does not get or keep them so. */
static void
note_order(struct sc_node *node, struct inbound *edge, uint32_t position)
{
	uint32_t subfile = (uint32_t)(edge - node->inbound);

	while (edge->expected < position &&
	    sc_bitmap_has(&node->here, edge->expected * node->plan->subfiles + subfile))
		edge->expected++;
	if (edge->expected != position)
		node_scatter(node);
	edge->expected = position + 1;
}

int
node_on_arrived(struct sc_node *node, const struct sc_event *event)
{
	struct inbound *edge;
	struct slot *slot;
	bool current;

	assert(event->subfile < node->plan->subfiles && event->slot < node->slot_count);
	edge = &node->inbound[event->subfile];
	slot = &node->slots[event->slot];
	assert(slot->state == SLOT_RECEIVING && slot->charged == event->subfile);
	assert(slot->peer == event->peer);
	slot->peer = SC_NONE; /* the receive is over */
	current = edge->peer == event->peer && edge->got < edge->granted;
	if (current)
		edge->got++;
	else
		node_former_got(node, event->peer, event->subfile, true);
	if (node->aborted || node_failed(node, event->peer)) {
		node_slot_release(node, event->slot);
		return 0;
	}
	if (!is_sound(node, event)) {
		node_record(node, SC_RECORD_CHUNK_DAMAGED, event->peer, event->subfile, 0);
		if (current)
			node_on_damage(node, event->subfile);
		node_slot_release(node, event->slot);
	} else if (sc_bitmap_has(&node->here, event->chunk) ||
	    node_slot_find(node, event->chunk) != SC_NONE) {
		node_slot_release(node, event->slot); /* it comes by another way, too */
	} else {
		if (edge->arrived == 0)
			node_record(node, SC_RECORD_FIRST_CHUNK, event->peer, event->subfile,
			    event->chunk);
		if (current)
			note_order(node, edge, event->chunk / node->plan->subfiles);
		node_slot_assign(node, event->slot, event->chunk);
		node_take_chunk(node, event->slot, event->chunk, current);
		node_slot_settle(node, event->slot);
	}
	tell_credits_if_due(node, event->subfile, 0);
	node_check_used_up(node, event->subfile);
	return 0;
}

int
node_on_receive_ended(struct sc_node *node, const struct sc_event *event)
{
	struct slot *slot = &node->slots[event->slot];
	uint32_t subfile = slot->charged;

	assert(slot->state == SLOT_RECEIVING && slot->peer == event->peer);
	slot->peer = SC_NONE;
	node_former_got(node, event->peer, subfile, false);
	node_slot_release(node, event->slot);
	return 0;
}

static void
record_milestones(struct sc_node *node)
{
	uint64_t quarters = (uint64_t)node->stored * 4 / node->plan->chunks;

	while (node->milestones < quarters) {
		node->milestones++;
		node_record(node,
		    (enum sc_record_what)(SC_RECORD_QUARTER_HELD + node->milestones - 1), SC_NONE,
		    SC_NONE, node->stored);
	}
}

/* One more chunk of a subfile is in the store. */
static void
note_stored(struct sc_node *node, uint32_t chunk)
{
	uint32_t subfile = chunk % node->plan->subfiles;
	struct inbound *edge = &node->inbound[subfile];
	bool added = sc_bitmap_add(&node->held, chunk);

	assert(added); /* a chunk is stored once */
	(void)added;
	if (++edge->stored == edge->total) {
		node_record(node, SC_RECORD_SUBFILE_HELD, SC_NONE, subfile, edge->total);
		node_open_edges(node, subfile);
	}
}

int
node_on_stored(struct sc_node *node, const struct sc_event *event)
{
	struct slot *slot = &node->slots[event->slot];

	assert(slot->state == SLOT_HOLDING && slot->storing && slot->chunk == event->chunk);
	slot->storing = false;
	slot->stored = true;
	node->stores--;
	node->stored++;
	record_milestones(node);
	if (!node_is_origin(node))
		note_stored(node, event->chunk);
	node_slot_settle(node, event->slot);
	return 0;
}

/* What an earlier run left in the store of this one counts as received. */
static void
take_held(struct sc_node *node, const struct sc_bitmap *held)
{
	bool origin = node_is_origin(node);

	assert(held->size == node->plan->chunks);
	for (uint32_t chunk = sc_bitmap_next(held, 0); chunk < held->size;
	    chunk = sc_bitmap_next(held, chunk + 1)) {
		sc_bitmap_add(&node->here, chunk);
		node->stored++;
		if (origin)
			continue;
		node->inbound[chunk % node->plan->subfiles].arrived++;
		note_stored(node, chunk);
	}
	if (held->count == 0)
		return;
	if (!origin)
		node_scatter(node);
	node_record(node, SC_RECORD_RESUMED, SC_NONE, SC_NONE, held->count);
	record_milestones(node);
}

int
node_on_opened(struct sc_node *node, const struct sc_bitmap *held)
{
	if (!node->awaits_store)
		return -1;
	node->awaits_store = false;
	if (node->aborted)
		return 0;
	if (held != NULL)
		take_held(node, held);
	for (uint32_t i = 0; !node_is_origin(node) && i < node->plan->subfiles; i++) {
		struct inbound *edge = &node->inbound[i];

		node_reserve(node, i);
		if (inbound_lacks(edge) == 0)
			node_make_edges(node, i);
		if (edge->offered && inbound_lacks(edge) == 0) {
			node_decline(node, edge->peer, i);
			edge->offered = false;
		} else if (edge->offered) {
			begin_receiving(node, edge->peer, i, false);
		} else {
			node_resupply(node, i);
		}
	}
	return 0;
}
