/*
 * A node: making one, and the step (see node.h and node_impl.h).
 */
#include "core/node_impl.h"

#include "base/foresee.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* What is in the memory behind a node; sizes are multiples of a cache line. */
enum { LINE_BYTES = 64 };

struct layout {
	size_t inbound;
	size_t spans;
	size_t slots;
	size_t buckets;
	size_t bytes;
};

static size_t
place(struct layout *layout, size_t count, size_t item_bytes)
{
	size_t at = layout->bytes;

	layout->bytes += (count * item_bytes + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
	return at;
}

static void
edges_init(struct sc_node *node)
{
	const struct sc_plan *plan = node->plan;

	for (uint32_t i = 0; i < plan->subfiles; i++) {
		node->inbound[i].peer = SC_NONE;
		node->inbound[i].total = sc_plan_subfile_chunks(plan, i);
		node->spans[i] = (struct span){SC_NONE, SC_NONE};
	}
}

static struct sc_node *
allocate(const struct sc_plan *plan)
{
	struct layout layout = {0};
	struct sc_node *node;
	uint32_t buckets = node_buckets(plan);
	char *memory;

	(void)place(&layout, 1, sizeof(*node));
	layout.inbound = place(&layout, plan->subfiles, sizeof(*node->inbound));
	layout.spans = place(&layout, plan->subfiles, sizeof(*node->spans));
	layout.slots = place(&layout, plan->slots, sizeof(*node->slots));
	layout.buckets = place(&layout, buckets, sizeof(*node->buckets));
	memory = aligned_alloc(LINE_BYTES, layout.bytes);
	if (memory == NULL)
		return NULL;
	memset(memory, 0, layout.bytes);
	node = (struct sc_node *)(void *)memory;
	node->plan = plan;
	node->inbound = (struct inbound *)(void *)(memory + layout.inbound);
	node->spans = (struct span *)(void *)(memory + layout.spans);
	node->slots = (struct slot *)(void *)(memory + layout.slots);
	node->buckets = (uint32_t *)(void *)(memory + layout.buckets);
	return node;
}

struct sc_node *
sc_node_new(const struct sc_node_config *config)
{
	struct sc_node *node;

	assert(config->self <= config->plan->recipients);
	assert(config->keeps_copy || config->self == SC_ORIGIN);
	assert(config->heartbeat_ns == 0 || config->timeout_ns > 2 * config->heartbeat_ns);
	node = allocate(config->plan);
	if (node == NULL)
		return NULL;
	node->self = config->self;
	node->keeps_copy = config->keeps_copy;
	node->has_source = config->has_source || config->self == SC_ORIGIN;
	node->awaits_store = config->awaits_store;
	node->heartbeat_ns = config->heartbeat_ns;
	node->timeout_ns = config->timeout_ns;
	node->progress_interval_ns = config->progress_interval_ns;
	node->chunk_ns = config->chunk_ns;
	node->apart = config->apart;
	node->done_for = SC_NONE;
	node->next_progress_ns = node->next_beat_ns = node->pass_over_ns = UINT64_MAX;
	sc_roster_init(&node->roster, config->plan, config->buddy);
	edges_init(node);
	node_slots_init(node);
	if (node_tree_init(node) != 0 || sc_bitmap_init(&node->here, config->plan->chunks) != 0 ||
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
	for (uint32_t i = 0; i < node->outbound_count; i++)
		sc_bitmap_free(&node->outbound[i].want);
	sc_roster_free(&node->roster);
	sc_bitmap_free(&node->here);
	sc_bitmap_free(&node->held);
	sc_bitmap_free(&node->failed_copies);
	for (uint32_t i = 0; i < node->plan->subfiles; i++)
		free(node->inbound[i].refusers);
	free(node->copy_cause);
	free(node->abort_cause);
	free(node->formers);
	free(node->outbound);
	free(node->peers);
	free(node->children);
	free(node->failures);
	free(node->scratch.items);
	free(node);
}

void *
node_grown(void *items, uint32_t count, uint32_t *capacity, size_t item_bytes)
{
	if (count < *capacity)
		return items;
	*capacity = 2 * count + 2;
	items = realloc(items, *capacity * item_bytes);
	if (items == NULL)
		abort();
	return items;
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
	node_peers_init(node);
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
	if (node_failed(node, event->peer)) {
		if (message.type == SC_MESSAGE_BEAT)
			node_tell_out(node, event->peer);
		return 0;
	}
	node_heard(node, event->peer);
	switch (message.type) {
	case SC_MESSAGE_OFFER:
		return node_on_offer(node, event->peer, &message.u.offer);
	case SC_MESSAGE_CREDIT:
		return node_on_credit(node, event->peer, &message.u.credit);
	case SC_MESSAGE_WANT:
		return node_on_want(node, event->peer, &message.u.want);
	case SC_MESSAGE_REFUSE:
		return node_on_refuse(node, event->peer, &message.u.refusal);
	case SC_MESSAGE_SENT:
		return node_on_all_sent(node, event->peer, &message.u.refusal);
	case SC_MESSAGE_NOTICE:
		return node_on_notice(node, event->peer, &message.u.notice);
	case SC_MESSAGE_BEAT:
		return node_on_beat(node, event->peer, &message.u.beat);
	case SC_MESSAGE_FAILED:
	case SC_MESSAGE_PROGRESS:
	case SC_MESSAGE_DONE:
	case SC_MESSAGE_BYE:
		return node_on_message_up(node, event->peer, &message);
	case SC_MESSAGE_SEAL:
	case SC_MESSAGE_ABORT:
	case SC_MESSAGE_CLOSE:
		return node_on_message_down(node, event->peer, &message);
	}
	return -1;
}

/* A store that ended badly; the slot is settled like after a good one. */
static int
on_store_failed(struct sc_node *node, const struct sc_event *event)
{
	if (event->slot != SC_NONE) {
		struct slot *slot = &node->slots[event->slot];

		assert(slot->state == SLOT_HOLDING && slot->storing);
		slot->storing = false;
		node->stores--;
	}
	node_on_copy_failed(node, event->cause);
	if (event->slot != SC_NONE)
		node_slot_settle(node, event->slot);
	return 0;
}

static int
on_time(struct sc_node *node)
{
	node_on_progress_time(node);
	node_on_beat_time(node);
	node_on_pass_over_time(node);
	return 0;
}

static int
dispatch(struct sc_node *node, const struct sc_event *event)
{
	switch (event->what) {
	case SC_EVENT_STARTED:
		return on_started(node);
	case SC_EVENT_TIME:
		return on_time(node);
	case SC_EVENT_CHUNK_LOADED:
		return node_on_loaded(node, event);
	case SC_EVENT_LOAD_FAILED:
		return node_on_load_failed(node, event);
	case SC_EVENT_CHUNK_ARRIVED:
		node_heard(node, event->peer);
		return node_on_arrived(node, event);
	case SC_EVENT_RECEIVE_ENDED:
		return node_on_receive_ended(node, event);
	case SC_EVENT_STORE_OPENED:
		return node_on_opened(node, event->held);
	case SC_EVENT_CHUNK_SENT:
		return node_on_sent(node, event);
	case SC_EVENT_CHUNK_STORED:
		return node_on_stored(node, event);
	case SC_EVENT_STORE_FAILED:
		return on_store_failed(node, event);
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
		node_on_peer_failed(node, event->peer);
		return 0;
	case SC_EVENT_GIVE_UP:
		node_on_fatal(node, event->cause);
		return 0;
	}
	return -1;
}

/* What an event will need last is asked for first. */
static void
foresee(const struct sc_node *node, const struct sc_event *event)
{
	if (event->what != SC_EVENT_CHUNK_ARRIVED && event->what != SC_EVENT_CHUNK_STORED &&
	    event->what != SC_EVENT_CHUNK_SENT && event->what != SC_EVENT_CONTROL_ARRIVED)
		return;
	sc_foresee(node->outbound, node->outbound_count * sizeof(*node->outbound));
	if (event->what == SC_EVENT_CHUNK_ARRIVED && event->chunk < node->here.size)
		sc_foresee(&node->here.words[event->chunk / 64], 1);
	if (event->what == SC_EVENT_CHUNK_STORED && event->chunk < node->held.size)
		sc_foresee(&node->held.words[event->chunk / 64], 1);
}

int
sc_node_step(struct sc_node *node, const struct sc_event *event, struct sc_actions *actions)
{
	int rc;

	assert(!node->left);
	assert(event->now_ns >= node->now_ns);
	foresee(node, event);
	node->actions = actions;
	node->now_ns = event->now_ns;
	rc = dispatch(node, event);
	node_advance(node);
	if (node->leaving) {
		node->left = true;
		sc_actions_add(actions, SC_ACTION_LEAVE)->leave = node->leave;
	}
	node->actions = NULL;
	return rc;
}

uint64_t
sc_node_deadline_ns(const struct sc_node *node)
{
	uint64_t deadline_ns = node->next_beat_ns;

	if (node->left)
		return UINT64_MAX;
	if (node->pass_over_ns < deadline_ns)
		deadline_ns = node->pass_over_ns;
	return node->next_progress_ns < deadline_ns ? node->next_progress_ns : deadline_ns;
}

uint32_t
sc_node_leader(const struct sc_node *node)
{
	return node->leader;
}

const struct sc_roster *
sc_node_roster(const struct sc_node *node)
{
	return &node->roster;
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
