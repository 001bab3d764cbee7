/*
 * The slots of a node: who holds one, and when it is free again.
 *
 * Each inbound edge may have `window` slots charged to it, whether a receive
 * is posted for them or a chunk of its sits in them; loads have a quota of
 * their own, so that neither can starve the other.  A slot is needed until its
 * chunk is stored and sent on every edge that keeps up.
 */
#include "core/node_impl.h"

#include <assert.h>

uint32_t
node_buckets(const struct sc_plan *plan)
{
	uint32_t buckets = 1;

	while (buckets < 2 * plan->slots)
		buckets *= 2;
	return buckets;
}

void
node_slots_init(struct sc_node *node)
{
	uint32_t buckets = node_buckets(node->plan);

	node->slot_count = node->plan->slots;
	node->bucket_mask = buckets - 1;
	for (uint32_t i = 0; i < buckets; i++)
		node->buckets[i] = SC_NONE;
	for (uint32_t i = 0; i < node->slot_count; i++)
		node->slots[i].next = i + 1 < node->slot_count ? i + 1 : SC_NONE;
	node->free_slots = 0;
	for (uint32_t i = 0; !node_is_origin(node) && i < node->plan->subfiles; i++)
		node_reserve(node, i);
}

void
node_reserve(struct sc_node *node, uint32_t subfile)
{
	struct inbound *edge = &node->inbound[subfile];
	uint32_t lacks = edge->peer == node->self ? 0 : inbound_lacks(edge);
	uint32_t posted = edge->granted - edge->got;
	uint32_t need = edge->charged + (lacks > posted ? lacks - posted : 0);

	if (need > node->plan->window)
		need = edge->charged > node->plan->window ? edge->charged : node->plan->window;
	node->reserved += need - edge->reserved;
	edge->reserved = need;
}

uint32_t
node_load_quota(const struct sc_node *node)
{
	return node->slot_count - node->reserved;
}

uint32_t
node_slot_take(struct sc_node *node, uint32_t charged, enum slot_state state)
{
	uint32_t index = node->free_slots;
	struct slot *slot;

	if (index == SC_NONE)
		return SC_NONE;
	slot = &node->slots[index];
	assert(slot->state == SLOT_FREE);
	node->free_slots = slot->next;
	node->slots_used++;
	*slot =
	    (struct slot){.state = state, .charged = charged, .chunk = SC_NONE, .next = SC_NONE};
	if (charged == SC_NONE)
		node->loads_used++;
	else
		node->inbound[charged].charged++;
	return index;
}

void
node_slot_assign(struct sc_node *node, uint32_t index, uint32_t chunk)
{
	uint32_t *bucket = &node->buckets[chunk & node->bucket_mask];

	assert(node->slots[index].chunk == SC_NONE);
	assert(node_slot_find(node, chunk) == SC_NONE);
	node->slots[index].chunk = chunk;
	node->slots[index].next = *bucket;
	*bucket = index;
}

uint32_t
node_slot_find(const struct sc_node *node, uint32_t chunk)
{
	uint32_t index = node->buckets[chunk & node->bucket_mask];

	while (index != SC_NONE && node->slots[index].chunk != chunk)
		index = node->slots[index].next;
	return index;
}

static void
unlink_chunk(struct sc_node *node, uint32_t index)
{
	struct slot *slot = &node->slots[index];
	uint32_t *link;

	if (slot->chunk == SC_NONE)
		return;
	link = &node->buckets[slot->chunk & node->bucket_mask];
	while (*link != index) {
		assert(*link != SC_NONE);
		link = &node->slots[*link].next;
	}
	*link = slot->next;
}

void
node_slot_release(struct sc_node *node, uint32_t index)
{
	struct slot *slot = &node->slots[index];
	uint32_t charged = slot->charged;

	assert(slot->state != SLOT_FREE);
	assert(slot->sends == 0 && !slot->storing);
	unlink_chunk(node, index);
	slot->state = SLOT_FREE;
	slot->chunk = SC_NONE;
	slot->next = node->free_slots;
	node->free_slots = index;
	assert(node->slots_used > 0);
	node->slots_used--;

	if (charged == SC_NONE) {
		node->loads_used--;
	} else {
		node->inbound[charged].charged--;
		node_reserve(node, charged);
		node_grant(node, charged);
	}
	if (node->short_of_slots && node->free_slots != SC_NONE) {
		node->short_of_slots = false;
		for (uint32_t i = 0; i < node->plan->subfiles; i++)
			node_grant(node, i);
	}
}

/* Could the chunk be dropped and loaded again later? */
static bool
evictable(const struct sc_node *node, const struct slot *slot)
{
	return slot->state == SLOT_HOLDING && slot->sends == 0 && !slot->storing &&
	    (slot->stored || node_is_origin(node));
}

/* Has the supplier of a subfile less than half of a window to go on with? */
static bool
is_short(const struct sc_node *node, uint32_t subfile)
{
	const struct inbound *edge = &node->inbound[subfile];
	uint32_t posted = edge->granted - edge->got;

	return 2 * posted < node->plan->window && posted < inbound_lacks(edge);
}

/* Every credit of a subfile's edge is used up by chunks that sit in slots:
 * its supplier stands still. */
static bool
starved(const struct sc_node *node, uint32_t subfile)
{
	const struct inbound *edge = &node->inbound[subfile];

	return edge->granted == edge->got && inbound_lacks(edge) > 0;
}

/* The slot counts among the loads from now on, as if its chunk had been loaded back. */
static void
charge_to_loads(struct sc_node *node, struct slot *slot)
{
	uint32_t subfile = slot->charged;

	slot->charged = SC_NONE;
	node->loads_used++;
	node->inbound[subfile].charged--;
	node_reserve(node, subfile);
	node_grant(node, subfile);
}

/*
 * A receiver that takes its chunks slowly must not take away the credits of this node's supplier,
 * and with it all other receivers: what only such ones want leaves its slot, and what is
 * under way to them counts among the loads.
 */
static void
relieve(struct sc_node *node, uint32_t subfile)
{
	for (uint32_t i = 0; i < node->slot_count && is_short(node, subfile); i++) {
		struct slot *slot = &node->slots[i];

		if (slot->charged != subfile || slot->state != SLOT_HOLDING || slot->storing ||
		    !slot->stored)
			continue;
		if (slot->sends == 0 &&
		    (starved(node, subfile) || !node_wanted(node, slot->chunk, 0))) {
			node_mark_lagging(node, slot->chunk);
			node_slot_release(node, i);
		} else if (slot->sends > 0 && node->loads_used < node_load_quota(node) &&
		    !node_wanted(node, slot->chunk, 0)) {
			charge_to_loads(node, slot);
		}
	}
}

void
node_slot_settle(struct sc_node *node, uint32_t index)
{
	struct slot *slot = &node->slots[index];
	uint32_t subfile = slot->charged;
	bool loaded_back = subfile == SC_NONE && !node_is_origin(node);
	uint32_t behind = 0;

	if (slot->state != SLOT_HOLDING || slot->sends > 0 || slot->storing)
		return;
	/* What was loaded once for somebody can be loaded again; what arrived stays for
	 * those who are a little behind, too, until its slot is needed. */
	if (!loaded_back)
		behind = evictable(node, slot) ? node->plan->window : SC_NONE;
	if (!node_wanted(node, slot->chunk, behind)) {
		node_mark_lagging(node, slot->chunk);
		node_slot_release(node, index);
	}
	if (!node_is_origin(node) && subfile != SC_NONE)
		relieve(node, subfile);
}

/*
 * Whoever asked again for an earlier chunk gets nothing of what follows before he has
 * it: so the earliest always finds room, even where all slots are full of later
 * ones that are wanted, too.
 */
bool
node_slot_evict_load(struct sc_node *node, uint32_t chunk)
{
	uint32_t last = SC_NONE;

	for (uint32_t i = 0; i < node->slot_count; i++) {
		struct slot *slot = &node->slots[i];

		if (slot->charged != SC_NONE || !evictable(node, slot))
			continue;
		if (!node_wanted(node, slot->chunk, 0)) {
			last = i;
			break;
		}
		if (slot->chunk > chunk &&
		    (last == SC_NONE || slot->chunk > node->slots[last].chunk))
			last = i;
	}
	if (last == SC_NONE)
		return false;
	node_mark_lagging(node, node->slots[last].chunk);
	node_slot_release(node, last);
	return true;
}
