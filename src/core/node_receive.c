/*
 * Inbound edges of a node: distribution lists, credits, arrivals, stores.
 */
#include "core/node_impl.h"

#include <assert.h>

void
node_grant(struct sc_node *node, uint32_t subfile, uint32_t count)
{
	struct inbound *edge = &node->inbound[subfile];
	struct sc_message message = {.type = SC_MESSAGE_CREDIT};

	if (node->aborted)
		return;
	if (count > edge->total - edge->granted)
		count = edge->total - edge->granted;
	if (count == 0)
		return;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t slot = node_slot_take(node, subfile, SLOT_RECEIVING);
		struct sc_action *action = sc_actions_add(node->actions, SC_ACTION_RECEIVE);

		assert(slot != SC_NONE); /* the plan has window slots for each subfile */
		action->slot = slot;
		action->peer = edge->peer;
		action->subfile = subfile;
	}
	edge->granted += count;
	message.u.credit.subfile = subfile;
	message.u.credit.granted = edge->granted;
	node_control(node, edge->peer, &message);
}

int
node_on_offer(struct sc_node *node, uint32_t peer, const struct sc_offer *offer)
{
	struct inbound *edge;

	if (node_is_origin(node) || offer->subfile >= node->plan->subfiles)
		return -1;
	edge = &node->inbound[offer->subfile];
	if (edge->peer != SC_NONE || edge->total == 0)
		return -1;
	for (uint32_t i = 0; i < offer->count; i++) {
		uint32_t receiver = offer->receivers[i].node;

		if (receiver == SC_ORIGIN || receiver > node->plan->recipients ||
		    receiver == node->self || receiver == peer)
			return -1;
	}
	if (node->aborted)
		return 0;
	edge->peer = peer;
	node_record(node, SC_RECORD_RECEIVE_BEGUN, peer, offer->subfile, offer->count);
	node_grant(node, offer->subfile, node->plan->window);
	return node_add_outbound(node, offer->subfile, offer->receivers, offer->count);
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

/* Is this a chunk that the peer may have sent, and that isn't here yet? */
static bool
is_expected(const struct sc_node *node, const struct sc_event *event)
{
	return event->chunk < node->plan->chunks &&
	    event->chunk % node->plan->subfiles == event->subfile &&
	    !sc_bitmap_has(&node->held, event->chunk) &&
	    node_slot_find(node, event->chunk) == SC_NONE;
}

int
node_on_arrived(struct sc_node *node, const struct sc_event *event)
{
	struct inbound *edge;
	struct slot *slot;

	assert(event->subfile < node->plan->subfiles && event->slot < node->slot_count);
	edge = &node->inbound[event->subfile];
	slot = &node->slots[event->slot];
	assert(slot->state == SLOT_RECEIVING && slot->charged == event->subfile);
	assert(edge->peer == event->peer && edge->arrived < edge->granted);

	if (node->aborted || !event->intact || !is_expected(node, event)) {
		if (!node->aborted)
			node_on_fatal(node, "a chunk arrived damaged (its checksum does not hold)");
		node_slot_release(node, event->slot);
		return 0;
	}
	if (edge->arrived++ == 0)
		node_record(node, SC_RECORD_FIRST_CHUNK, edge->peer, event->subfile, event->chunk);
	slot->state = SLOT_HOLDING;
	node_slot_assign(node, event->slot, event->chunk);
	node_pump(node);
	node_store(node, event->slot);
	node_slot_settle(node, event->slot);
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

int
node_on_stored(struct sc_node *node, const struct sc_event *event)
{
	struct slot *slot = &node->slots[event->slot];
	uint32_t subfile = event->chunk % node->plan->subfiles;

	assert(slot->state == SLOT_HOLDING && slot->storing && slot->chunk == event->chunk);
	slot->storing = false;
	slot->stored = true;
	node->stores--;
	node->stored++;
	record_milestones(node);
	if (!node_is_origin(node)) {
		struct inbound *edge = &node->inbound[subfile];
		bool added = sc_bitmap_add(&node->held, event->chunk);

		assert(added); /* a chunk is stored once */
		(void)added;
		if (++edge->stored == edge->total) {
			node_record(node, SC_RECORD_SUBFILE_HELD, SC_NONE, subfile, edge->total);
			node_open_edges(node, subfile);
		}
	}
	node_slot_settle(node, event->slot);
	return 0;
}
