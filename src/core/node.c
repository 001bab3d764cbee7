/*
 * A node: making one, and the step (see node.h and node_impl.h).
 */
#include "core/node_impl.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static int
edges_init(struct sc_node *node)
{
	const struct sc_plan *plan = node->plan;
	uint32_t subfiles = plan->subfiles;

	node->inbound = calloc(subfiles, sizeof(*node->inbound));
	node->spans = calloc(subfiles, sizeof(*node->spans));
	if (node->inbound == NULL || node->spans == NULL)
		return -1;
	for (uint32_t i = 0; i < subfiles; i++) {
		node->inbound[i].peer = SC_NONE;
		node->inbound[i].total = sc_plan_subfile_chunks(plan, i);
	}
	return 0;
}

struct sc_node *
sc_node_new(const struct sc_node_config *config)
{
	struct sc_node *node;

	assert(config->self <= config->plan->recipients);
	assert(config->keeps_copy || config->self == SC_ORIGIN);
	node = calloc(1, sizeof(*node));
	if (node == NULL)
		return NULL;
	node->plan = config->plan;
	node->self = config->self;
	node->keeps_copy = config->keeps_copy;
	node->progress_interval_ns = config->progress_interval_ns;
	node->next_progress_ns = UINT64_MAX;
	if (edges_init(node) != 0 || node_slots_init(node) != 0 || node_tree_init(node) != 0 ||
	    sc_bitmap_init(&node->held, node_is_origin(node) ? 0 : config->plan->chunks) != 0) {
		sc_node_free(node);
		return NULL;
	}
	return node;
}

void
sc_node_free(struct sc_node *node)
{
	if (node == NULL)
		return;
	node_slots_free(node);
	sc_bitmap_free(&node->held);
	free(node->inbound);
	free(node->spans);
	free(node->outbound);
	free(node->children);
	free(node);
}

void
node_control(struct sc_node *node, uint32_t peer, const struct sc_message *message)
{
	uint8_t bytes[SC_CONTROL_BYTES];
	size_t length = sc_message_encode(message, bytes);

	assert(peer <= node->plan->recipients && peer != node->self);
	sc_actions_add(node->actions, SC_ACTION_CONTROL)->peer = peer;
	sc_actions_attach(node->actions, bytes, length);
}

void
node_record(struct sc_node *node, enum sc_record_what what, uint32_t peer, uint32_t subfile,
    uint64_t count)
{
	struct sc_action *action = sc_actions_add(node->actions, SC_ACTION_RECORD);

	action->record.what = what;
	action->record.peer = peer;
	action->record.subfile = subfile;
	action->record.count = count;
}

static int
on_started(struct sc_node *node)
{
	const struct sc_plan *plan = node->plan;

	node_record(node, SC_RECORD_STARTED, SC_NONE, SC_NONE, 0);
	if (node->progress_interval_ns != 0)
		node->next_progress_ns = node->now_ns + node->progress_interval_ns;
	if (!node_is_origin(node))
		return 0;

	for (uint32_t i = 0; plan->recipients > 0 && i < plan->subfiles; i++) {
		struct sc_edge edges[SC_RECEIVERS_MAX];
		struct sc_receiver receiver;
		uint32_t count = sc_plan_receivers(plan, SC_ORIGIN, i, edges);

		assert(count == 1);
		receiver.node = edges[0].to;
		receiver.kind = edges[0].kind;
		if (sc_plan_subfile_chunks(plan, i) > 0 &&
		    node_add_outbound(node, i, &receiver, 1) != 0)
			return -1;
	}
	node_load(node);
	return 0;
}

static int
on_control(struct sc_node *node, const struct sc_event *event)
{
	struct sc_message message;

	if (event->peer > node->plan->recipients || event->peer == node->self ||
	    sc_message_decode(event->bytes, event->length, &message) != 0)
		return -1;
	switch (message.type) {
	case SC_MESSAGE_OFFER:
		return node_on_offer(node, event->peer, &message.u.offer);
	case SC_MESSAGE_CREDIT:
		return node_on_credit(node, event->peer, &message.u.credit);
	case SC_MESSAGE_FAILED:
	case SC_MESSAGE_PROGRESS:
	case SC_MESSAGE_DONE:
		return node_on_message_up(node, event->peer, &message);
	case SC_MESSAGE_SEAL:
	case SC_MESSAGE_ABORT:
	case SC_MESSAGE_CLOSE:
		return node_on_message_down(node, event->peer, &message);
	}
	return -1;
}

/* A load or store ended badly; the slot is settled like after a good one. */
static int
on_io_failed(struct sc_node *node, const struct sc_event *event)
{
	struct slot *slot;

	if (event->what == SC_EVENT_STORE_FAILED) {
		if (event->slot != SC_NONE) {
			slot = &node->slots[event->slot];
			assert(slot->state == SLOT_HOLDING && slot->storing);
			slot->storing = false;
			node->stores--;
		}
		node_on_copy_failed(node, event->cause);
		if (event->slot != SC_NONE)
			node_slot_settle(node, event->slot);
		return 0;
	}
	if (event->slot != SC_NONE) {
		slot = &node->slots[event->slot];
		assert(slot->state == SLOT_LOADING);
		node->loads--;
		node_slot_release(node, event->slot);
	} else {
		node->finishing = false;
	}
	node_on_fatal(node, event->cause);
	return 0;
}

static int
dispatch(struct sc_node *node, const struct sc_event *event)
{
	switch (event->what) {
	case SC_EVENT_STARTED:
		return on_started(node);
	case SC_EVENT_TIME:
		node_on_time(node);
		return 0;
	case SC_EVENT_CHUNK_LOADED:
		return node_on_loaded(node, event);
	case SC_EVENT_CHUNK_ARRIVED:
		return node_on_arrived(node, event);
	case SC_EVENT_CHUNK_SENT:
		return node_on_sent(node, event);
	case SC_EVENT_CHUNK_STORED:
		return node_on_stored(node, event);
	case SC_EVENT_LOAD_FAILED:
	case SC_EVENT_STORE_FAILED:
		return on_io_failed(node, event);
	case SC_EVENT_SOURCE_FINISHED:
		return node_on_finished(node, &event->seal);
	case SC_EVENT_COMMITTED:
		return node_on_committed(node);
	case SC_EVENT_COMMIT_FAILED:
		node->committing = false;
		node_on_copy_failed(node, event->cause);
		return 0;
	case SC_EVENT_CONTROL_ARRIVED:
		return on_control(node, event);
	case SC_EVENT_PEER_FAILED:
		node_on_peer_failed(node, event->peer, event->cause);
		return 0;
	case SC_EVENT_GIVE_UP:
		node_on_fatal(node, event->cause);
		return 0;
	}
	return -1;
}

int
sc_node_step(struct sc_node *node, const struct sc_event *event, struct sc_actions *actions)
{
	int rc;

	assert(!node->left);
	assert(event->now_ns >= node->now_ns);
	node->actions = actions;
	node->now_ns = event->now_ns;
	rc = dispatch(node, event);
	if (!node->left)
		node_advance(node);
	node->actions = NULL;
	return rc;
}

uint64_t
sc_node_deadline_ns(const struct sc_node *node)
{
	return node->left ? UINT64_MAX : node->next_progress_ns;
}

uint32_t
sc_node_stored(const struct sc_node *node)
{
	return node->stored;
}

uint32_t
sc_node_slots_used(const struct sc_node *node)
{
	return node->slots_used;
}

bool
sc_node_left(const struct sc_node *node)
{
	return node->left;
}

bool
sc_node_waits_for_storage(const struct sc_node *node)
{
	return node->stores > 0 || node->loads > 0 || node->committing;
}
