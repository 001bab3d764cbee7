/*
 * Chunks that a node reads: see load.h.
 */
#include "core/load.h"

#include "core/retain.h"
#include "core/serve.h"

#include <assert.h>

static void
load(struct sc_loads *loads, uint32_t chunk)
{
	uint32_t index = sc_pool_take(loads->supply->in->pool, SC_NONE, SC_SLOT_LOADING);
	struct sc_action *action =
	    sc_context_act(loads->supply->in->store->context, SC_ACTION_LOAD);

	assert(index != SC_NONE); /* the quota was asked before */
	assert(chunk < loads->supply->in->store->context->plan->chunks);
	sc_pool_assign(loads->supply->in->pool, index, chunk);
	loads->under_way++;
	action->slot = index;
	action->chunk = chunk;
}

static bool
may_load(const struct sc_loads *loads)
{
	return loads->supply->in->pool->free != SC_NONE &&
	    loads->supply->in->pool->loads_used < sc_pool_load_quota(loads->supply->in->pool);
}

/* The origin reads its source once, in order, as far ahead as it has slots; some are
 * left for detours. */
static void
load_source(struct sc_loads *loads)
{
	struct sc_store *store = loads->supply->in->store;
	uint32_t chunks = store->context->plan->chunks;
	uint32_t quota = loads->supply->in->pool->count;

	if (loads->supply->in->out->scattered)
		quota -= store->context->plan->load_slots;
	/* What only edges want that lag must not keep it from reading on. */
	while (store->read < chunks &&
	    (loads->supply->in->pool->loads_used < quota ||
		(loads->supply->in->out->scattered &&
		    sc_retain_evict(loads->supply->in->out, store->read)))) {
		uint32_t chunk = store->read++;

		if (sc_pool_find(loads->supply->in->pool, chunk) == SC_NONE)
			load(loads, chunk);
	}
	if (store->read == chunks && loads->supply->control->sealing == SC_SEAL_UNKNOWN)
		sc_control_finish_source(loads->supply->control);
}

/* Load for an edge that lags what it has credits for and what isn't in a slot.
 * False if there is no slot for more. */
static bool
load_for(struct sc_loads *loads, struct sc_outbound *edge)
{
	const struct sc_context *context = loads->supply->in->store->context;
	uint32_t most = context->plan->load_slots;
	uint32_t position = edge->next;

	for (uint32_t ahead = 0;
	    edge->sent + ahead < edge->granted && ahead < most && position < edge->total;
	    ahead++, position = sc_out_next_want(edge, position + 1)) {
		uint32_t chunk = sc_chunk_at(context, edge->subfile, position);

		if (sc_pool_find(loads->supply->in->pool, chunk) != SC_NONE)
			continue;
		if (!sc_store_can_load(loads->supply->in->store, chunk,
			edge->kind == SC_EDGE_DETOUR)) {
			/* It will arrive, and with it what follows, if all comes in order. */
			if (!loads->supply->in->out->scattered)
				sc_out_set_lagging(loads->supply->in->out, edge, false);
			break;
		}
		if (!may_load(loads) &&
		    !(sc_retain_evict(loads->supply->in->out, chunk) && may_load(loads)))
			return false;
		load(loads, chunk);
	}
	return true;
}

/* A buddy that has no node left to ask takes what it lacks from its own source. */
static void
load_for_itself(struct sc_loads *loads, uint32_t subfile)
{
	struct sc_inbound *edge = &loads->supply->in->edges[subfile];

	while (edge->expected < loads->supply->in->store->parts[subfile].total && may_load(loads)) {
		uint32_t chunk =
		    sc_chunk_at(loads->supply->in->store->context, subfile, edge->expected++);

		if (!sc_store_has(loads->supply->in->store, chunk) &&
		    sc_pool_find(loads->supply->in->pool, chunk) == SC_NONE)
			load(loads, chunk);
	}
}

static void
load_for_edges(struct sc_loads *loads)
{
	struct sc_out *out = loads->supply->in->out;
	uint32_t first_short = SC_NONE;

	for (uint32_t i = 0; out->lagging > 0 && i < out->count; i++) {
		uint32_t at = (loads->next_served + i) % out->count;
		struct sc_outbound *edge = &out->edges[at];

		/* Where this one finds no slot, one that wants an earlier chunk still may. */
		if (edge->lagging && edge->sent < edge->granted && !load_for(loads, edge) &&
		    first_short == SC_NONE)
			first_short = at;
	}
	if (first_short != SC_NONE)
		loads->next_served = first_short;
}

void
sc_loads_settle(struct sc_loads *loads)
{
	const struct sc_context *context = loads->supply->in->store->context;

	if (loads->supply->in->store->copy == SC_COPY_OPENING)
		return;
	if (context->is_origin)
		load_source(loads);
	else if (context->has_source && loads->supply->in->out->scattered) {
		for (uint32_t i = 0; i < context->plan->subfiles; i++) {
			if (loads->supply->in->edges[i].peer == context->self)
				load_for_itself(loads, i);
		}
	}
	load_for_edges(loads);
}

void
sc_loads_on_loaded(struct sc_loads *loads, const struct sc_event *event)
{
	struct sc_slot *slot = &loads->supply->in->pool->slots[event->slot];
	bool was_here = sc_store_has(loads->supply->in->store, event->chunk);

	assert(slot->state == SC_SLOT_LOADING && slot->chunk == event->chunk);
	assert(loads->under_way > 0);
	loads->under_way--;
	slot->state = SC_SLOT_HOLDING;
	sc_pool_touch(loads->supply->in->pool, event->slot);
	loads->supply->in->out->due = true;
	if (was_here) {
		slot->stored = true;
	} else if (loads->supply->in->store->context->is_origin) {
		(void)sc_bitmap_add(&loads->supply->in->store->here, event->chunk);
		sc_store_put(loads->supply->in->store, event->slot);
	} else {
		/* A buddy's, from its source. */
		sc_in_accept(loads->supply->in, event->slot, event->chunk, false);
	}
}

/* The node or its supplier has to find the chunk elsewhere. */
static void
replace(struct sc_loads *loads, uint32_t chunk)
{
	const struct sc_context *context = loads->supply->in->store->context;
	uint32_t subfile = sc_chunk_subfile(context, chunk);
	struct sc_inbound *edge = &loads->supply->in->edges[subfile];

	if (edge->peer == context->self)
		sc_supply_pass_over(loads->supply, subfile, 0);
	else if (edge->offered &&
	    !sc_store_has(loads->supply->in->store, chunk)) /* it may have come meanwhile */
		sc_in_ask_again(loads->supply->in, subfile, sc_chunk_position(context, chunk));
}

/*
 * The origin's source can't be read any more: then no node gets it.  A recipient's store
 * that does not give back what was written is a failed copy; a buddy reads the source
 * instead, and its copy is as good as before.  Receivers that want the chunk have to ask another.
 */
void
sc_loads_on_failed(struct sc_loads *loads, const struct sc_event *event)
{
	struct sc_store *store = loads->supply->in->store;
	uint32_t chunk;

	if (event->slot == SC_NONE) {
		loads->supply->control->sealing = SC_SEAL_UNKNOWN;
		sc_control_fatal(loads->supply->control, event->cause);
		return;
	}
	chunk = loads->supply->in->pool->slots[event->slot].chunk;
	assert(loads->supply->in->pool->slots[event->slot].state == SC_SLOT_LOADING &&
	    loads->under_way > 0);
	loads->under_way--;
	sc_pool_release(loads->supply->in->pool, event->slot);
	if (store->context->is_origin) {
		sc_control_fatal(loads->supply->control, event->cause);
		return;
	}
	sc_store_forget(store, chunk);
	/* A commit under way, or done, has its own word on the copy. */
	if (store->copy == SC_COPY_GROWING && !store->context->has_source) {
		sc_control_copy_failed(loads->supply->control, event->cause);
		sc_out_open_all(loads->supply->in->out);
	}
	if (loads->supply->control->is_aborted)
		return;
	sc_serve_refuse_chunk(loads->supply->in->out, chunk);
	replace(loads, chunk);
}

void
sc_loads_check(const struct sc_loads *loads)
{
	uint32_t loading = 0;

	for (uint32_t i = 0; i < loads->supply->in->pool->count; i++)
		loading += loads->supply->in->pool->slots[i].state == SC_SLOT_LOADING;
	assert(loading == loads->under_way);
}
