/*
 * Which chunks a node has: see store.h.
 */
#include "core/store.h"

#include <assert.h>
#include <stdlib.h>

int
sc_store_init(struct sc_store *store, const struct sc_context *context, struct sc_pool *pool,
    bool keeps_copy, bool opening)
{
	const struct sc_plan *plan = context->plan;

	assert(keeps_copy || !opening);
	*store = (struct sc_store){.context = context, .pool = pool};
	if (keeps_copy)
		store->copy = opening ? SC_COPY_OPENING : SC_COPY_GROWING;
	store->parts = calloc(plan->subfiles, sizeof(*store->parts));
	if (store->parts == NULL || sc_bitmap_init(&store->here, plan->chunks) != 0 ||
	    sc_bitmap_init(&store->held, context->is_origin ? 0 : plan->chunks) != 0)
		return -1;
	for (uint32_t i = 0; i < plan->subfiles; i++)
		store->parts[i].total = sc_plan_subfile_chunks(plan, i);
	return 0;
}

void
sc_store_free(struct sc_store *store)
{
	sc_bitmap_free(&store->here);
	sc_bitmap_free(&store->held);
	free(store->parts);
	free(store->cause);
	*store = (struct sc_store){0};
}

bool
sc_store_is_full(const struct sc_store *store)
{
	for (uint32_t i = 0; !store->context->is_origin && i < store->context->plan->subfiles;
	    i++) {
		if (sc_store_lacks(store, i) > 0)
			return false;
	}
	return true;
}

bool
sc_store_can_load(const struct sc_store *store, uint32_t chunk, bool for_detour)
{
	if (store->context->is_origin)
		return chunk < store->read;
	return sc_bitmap_has(&store->held, chunk) ||
	    (store->context->has_source && (for_detour || sc_store_has(store, chunk)));
}

void
sc_store_add(struct sc_store *store, uint32_t chunk)
{
	bool added = sc_bitmap_add(&store->here, chunk);

	assert(added && !store->context->is_origin);
	(void)added;
	store->parts[sc_chunk_subfile(store->context, chunk)].arrived++;
}

void
sc_store_put(struct sc_store *store, uint32_t index)
{
	struct sc_slot *slot = &store->pool->slots[index];
	struct sc_action *action;

	if (store->copy != SC_COPY_GROWING)
		return;
	assert(slot->state == SC_SLOT_HOLDING && !slot->storing && !slot->stored);
	slot->storing = true;
	store->stores++;
	action = sc_context_act(store->context, SC_ACTION_STORE);
	action->slot = index;
	action->chunk = slot->chunk;
}

static void
record_milestones(struct sc_store *store)
{
	uint64_t quarters = (uint64_t)store->stored * 4 / store->context->plan->chunks;

	while (store->milestones < quarters) {
		store->milestones++;
		sc_context_record(store->context,
		    (enum sc_record_what)(SC_RECORD_QUARTER_HELD + store->milestones - 1), SC_NONE,
		    SC_NONE, store->stored);
	}
}

/* One more chunk can be loaded.  Is its subfile stored as a whole? */
static bool
note_held(struct sc_store *store, uint32_t chunk)
{
	uint32_t subfile = sc_chunk_subfile(store->context, chunk);
	struct sc_part *part = &store->parts[subfile];
	bool added = sc_bitmap_add(&store->held, chunk);

	assert(added); /* a chunk is stored once */
	(void)added;
	if (++part->stored < part->total)
		return false;
	sc_context_record(store->context, SC_RECORD_SUBFILE_HELD, SC_NONE, subfile, part->total);
	return true;
}

static void
end_store(struct sc_store *store, uint32_t index)
{
	struct sc_slot *slot = &store->pool->slots[index];

	assert(slot->state == SC_SLOT_HOLDING && slot->storing && store->stores > 0);
	slot->storing = false;
	store->stores--;
	sc_pool_touch(store->pool, index);
}

bool
sc_store_on_stored(struct sc_store *store, uint32_t index)
{
	end_store(store, index);
	store->pool->slots[index].stored = true;
	store->stored++;
	record_milestones(store);
	return !store->context->is_origin && note_held(store, store->pool->slots[index].chunk);
}

void
sc_store_on_store_failed(struct sc_store *store, uint32_t index)
{
	end_store(store, index);
}

void
sc_store_forget(struct sc_store *store, uint32_t chunk)
{
	(void)sc_bitmap_remove(&store->held, chunk);
}

void
sc_store_open(struct sc_store *store, const struct sc_bitmap *held)
{
	assert(store->copy == SC_COPY_OPENING);
	store->copy = SC_COPY_GROWING;
	if (held == NULL || held->count == 0)
		return;
	assert(held->size == store->context->plan->chunks);
	for (uint32_t chunk = sc_bitmap_next(held, 0); chunk < held->size;
	    chunk = sc_bitmap_next(held, chunk + 1)) {
		store->stored++;
		if (store->context->is_origin) {
			(void)sc_bitmap_add(&store->here, chunk);
		} else {
			sc_store_add(store, chunk);
			(void)note_held(store, chunk);
		}
	}
	sc_context_record(store->context, SC_RECORD_RESUMED, SC_NONE, SC_NONE, held->count);
	record_milestones(store);
}

bool
sc_store_fail(struct sc_store *store, const char *cause)
{
	if (store->copy == SC_COPY_NONE || store->copy == SC_COPY_FAILED ||
	    store->copy == SC_COPY_ABANDONED || store->copy == SC_COPY_COMMITTED)
		return false;
	store->copy = SC_COPY_FAILED;
	store->cause = sc_copy_text(cause);
	sc_context_record(store->context, SC_RECORD_COPY_FAILED, SC_NONE, SC_NONE, store->stored);
	return true;
}

void
sc_store_abandon(struct sc_store *store)
{
	if (store->copy == SC_COPY_OPENING || store->copy == SC_COPY_GROWING)
		store->copy = SC_COPY_ABANDONED;
}

void
sc_store_check(const struct sc_store *store)
{
	uint32_t arrived = 0;
	uint32_t stored = 0;
	uint32_t storing = 0;

	for (uint32_t i = 0; i < store->context->plan->subfiles; i++) {
		assert(store->parts[i].stored <= store->parts[i].arrived);
		assert(store->parts[i].arrived <= store->parts[i].total);
		arrived += store->parts[i].arrived;
		stored += store->parts[i].stored;
	}
	for (uint32_t i = 0; i < store->pool->count; i++)
		storing += store->pool->slots[i].storing;
	assert(storing == store->stores);
	assert(store->context->is_origin || arrived == store->here.count);
	assert(store->context->is_origin || stored == store->stored);
	assert(store->stored <= store->here.count);
	assert(store->held.count <= stored);
	assert(store->copy != SC_COPY_COMMITTED || store->stored == store->context->plan->chunks);
	assert(store->copy != SC_COPY_OPENING || store->stored == 0);
}
