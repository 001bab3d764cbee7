/*
 * Chunks that a node reads: the origin its source, once and in order; everybody
 * what others want that is in the store and no longer in a slot; and a buddy from
 * its own view of the source what nobody else can give.
 */
#include "core/node_impl.h"

#include <assert.h>

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

static bool
may_load(struct sc_node *node)
{
	return node->free_slots != SC_NONE && node->loads_used < node_load_quota(node);
}

static void
finish_source(struct sc_node *node)
{
	node->finishing = true;
	sc_actions_add(node->actions, SC_ACTION_FINISH_SOURCE);
}

/* The origin reads its source once, in order, as far ahead as it has slots; some are
 * left for detours. */
static void
load_source(struct sc_node *node)
{
	uint32_t quota = node->slot_count;

	if (node->scattered)
		quota -= node->plan->load_slots;
	/* What only those want who lag must not keep it from reading on. */
	while (node->load_next < node->plan->chunks &&
	    (node->loads_used < quota ||
		(node->scattered && node_slot_evict_load(node, node->load_next)))) {
		uint32_t chunk = node->load_next++;

		if (node_slot_find(node, chunk) == SC_NONE)
			load(node, chunk);
	}
	if (node->load_next == node->plan->chunks && !node->finishing && !node->sealed)
		finish_source(node);
}

bool
node_is_loadable(const struct sc_node *node, const struct outbound *edge, uint32_t chunk)
{
	if (node_is_origin(node))
		return chunk < node->load_next;
	return sc_bitmap_has(&node->held, chunk) ||
	    (node->has_source &&
		(edge->kind == SC_EDGE_DETOUR || sc_bitmap_has(&node->here, chunk)));
}

/* Load for an edge that lags what it has credits for and what isn't in a slot.
 * False if there is no slot for more. */
static bool
load_for(struct sc_node *node, struct outbound *edge)
{
	uint32_t most = node->plan->load_slots;
	uint32_t position = edge->next;

	for (uint32_t ahead = 0;
	    edge->sent + ahead < edge->granted && ahead < most && position < edge->total;
	    ahead++, position = node_edge_next(edge, position + 1)) {
		uint32_t chunk = position * node->plan->subfiles + edge->subfile;

		if (node_slot_find(node, chunk) != SC_NONE)
			continue;
		if (!node_is_loadable(node, edge, chunk)) {
			/* It will arrive, and with it whatever follows, if all comes in order. */
			if (!node->scattered)
				node_set_lagging(node, edge, false);
			break;
		}
		if (!may_load(node) && !(node_slot_evict_load(node, chunk) && may_load(node)))
			return false;
		load(node, chunk);
	}
	return true;
}

/* A buddy that has nobody left to ask takes what it lacks from its own source. */
static void
load_for_itself(struct sc_node *node, uint32_t subfile)
{
	struct inbound *edge = &node->inbound[subfile];

	while (edge->expected < edge->total && may_load(node)) {
		uint32_t chunk = edge->expected++ * node->plan->subfiles + subfile;

		if (!sc_bitmap_has(&node->here, chunk) && node_slot_find(node, chunk) == SC_NONE)
			load(node, chunk);
	}
}

void
node_load(struct sc_node *node)
{
	uint32_t first_short = SC_NONE;

	if (node->aborted || node->awaits_store)
		return;
	if (node_is_origin(node))
		load_source(node);
	for (uint32_t i = 0; node->has_source && node->scattered && i < node->plan->subfiles; i++) {
		if (!node_is_origin(node) && node->inbound[i].peer == node->self)
			load_for_itself(node, i);
	}
	for (uint32_t i = 0; node->lagging > 0 && i < node->outbound_count; i++) {
		uint32_t at = (node->next_served + i) % node->outbound_count;
		struct outbound *edge = &node->outbound[at];

		/* Where this one finds no slot, one that wants an earlier chunk still may. */
		if (edge->lagging && edge->sent < edge->granted && !load_for(node, edge) &&
		    first_short == SC_NONE)
			first_short = at;
	}
	if (first_short != SC_NONE)
		node->next_served = first_short;
}

int
node_on_loaded(struct sc_node *node, const struct sc_event *event)
{
	struct slot *slot = &node->slots[event->slot];

	assert(slot->state == SLOT_LOADING && slot->chunk == event->chunk);
	node->loads--;
	slot->state = SLOT_HOLDING;
	if (node_is_origin(node)) {
		if (!sc_bitmap_has(&node->here, event->chunk)) {
			sc_bitmap_add(&node->here, event->chunk);
			node_store(node, event->slot);
		} else {
			slot->stored = true;
		}
	} else if (!sc_bitmap_has(&node->here, event->chunk)) {
		node_take_chunk(node, event->slot, event->chunk,
		    false); /* a buddy's, from its source */
	} else {
		slot->stored = true;
	}
	node_pump(node);
	node_slot_settle(node, event->slot);
	return 0;
}

/*
 * The origin's source can't be read any more: then nobody gets it.  A recipient's store
 * that does not give back what was written is a failed copy; a buddy reads the source
 * instead, and its copy is as good as before.  Whoever wanted the chunk has to ask another.
 */
int
node_on_load_failed(struct sc_node *node, const struct sc_event *event)
{
	struct inbound *edge;
	uint32_t chunk;

	if (event->slot == SC_NONE) {
		node->finishing = false;
		node_on_fatal(node, event->cause);
		return 0;
	}
	chunk = node->slots[event->slot].chunk;
	assert(node->slots[event->slot].state == SLOT_LOADING);
	node->loads--;
	node_slot_release(node, event->slot);
	if (node_is_origin(node)) {
		node_on_fatal(node, event->cause);
		return 0;
	}
	if (sc_bitmap_has(&node->held, chunk))
		(void)sc_bitmap_remove(&node->held, chunk);
	/* A commit under way, or done, has its own word on the copy. */
	if (!node->committing && !node->has_source)
		node_on_copy_failed(node, event->cause);
	node_refuse_chunk(node, chunk);
	edge = &node->inbound[chunk % node->plan->subfiles];
	if (edge->peer == node->self)
		node_on_refused(node, chunk % node->plan->subfiles, 0);
	else if (edge->offered &&
	    !sc_bitmap_has(&node->here, chunk)) /* it may have come meanwhile */
		node_ask_again(node, chunk % node->plan->subfiles, chunk / node->plan->subfiles);
	return 0;
}
