/*
 * The slots of a node: see pool.h.
 */
#include "core/pool.h"

#include <assert.h>
#include <stdlib.h>

int
sc_pool_init(struct sc_pool *pool, const struct sc_plan *plan)
{
	uint32_t buckets = 1;

	while (buckets < 2 * plan->slots)
		buckets *= 2;
	*pool = (struct sc_pool){
		.count = plan->slots,
		.subfiles = plan->subfiles,
		.window = plan->window,
		.bucket_mask = buckets - 1,
	};
	pool->slots = calloc(1,
	    plan->slots * sizeof(*pool->slots) + plan->subfiles * sizeof(*pool->accounts) +
		buckets * sizeof(*pool->buckets));
	if (pool->slots == NULL)
		return -1;
	pool->accounts = (struct sc_account *)(pool->slots + plan->slots);
	pool->buckets = (uint32_t *)(pool->accounts + plan->subfiles);
	for (uint32_t i = 0; i < buckets; i++)
		pool->buckets[i] = SC_NONE;
	for (uint32_t i = 0; i < pool->count; i++)
		pool->slots[i].next = i + 1 < pool->count ? i + 1 : SC_NONE;
	return 0;
}

void
sc_pool_free(struct sc_pool *pool)
{
	free(pool->slots);
	*pool = (struct sc_pool){0};
}

static void
charge(struct sc_pool *pool, uint32_t charged)
{
	if (charged == SC_NONE) {
		pool->loads_used++;
		return;
	}
	pool->accounts[charged].charged++;
	sc_pool_update_reserve(pool, &pool->accounts[charged]);
}

static void
discharge(struct sc_pool *pool, uint32_t charged)
{
	if (charged == SC_NONE) {
		assert(pool->loads_used > 0);
		pool->loads_used--;
		return;
	}
	assert(pool->accounts[charged].charged > 0);
	pool->accounts[charged].charged--;
	sc_pool_update_reserve(pool, &pool->accounts[charged]);
	sc_marks_add_one(&pool->freed, charged);
}

uint32_t
sc_pool_take(struct sc_pool *pool, uint32_t charged, enum sc_slot_state state)
{
	uint32_t index = pool->free;
	struct sc_slot *slot;

	assert(charged == SC_NONE || charged < pool->subfiles);
	if (index == SC_NONE)
		return SC_NONE;
	slot = &pool->slots[index];
	assert(slot->state == SC_SLOT_FREE && state != SC_SLOT_FREE);
	pool->free = slot->next;
	pool->used++;
	*slot = (struct sc_slot){
		.state = state,
		.charged = charged,
		.chunk = SC_NONE,
		.peer = SC_NONE,
		.next = SC_NONE,
	};
	charge(pool, charged);
	return index;
}

static void
unlink_chunk(struct sc_pool *pool, uint32_t index)
{
	struct sc_slot *slot = &pool->slots[index];
	uint32_t *link;

	if (slot->chunk == SC_NONE)
		return;
	link = &pool->buckets[slot->chunk & pool->bucket_mask];
	while (*link != index) {
		assert(*link != SC_NONE);
		link = &pool->slots[*link].next;
	}
	*link = slot->next;
}

void
sc_pool_release(struct sc_pool *pool, uint32_t index)
{
	struct sc_slot *slot = &pool->slots[index];

	assert(slot->state != SC_SLOT_FREE && slot->sends == 0 && !slot->storing);
	assert(slot->peer == SC_NONE && pool->used > 0);
	unlink_chunk(pool, index);
	slot->state = SC_SLOT_FREE;
	slot->chunk = SC_NONE;
	slot->next = pool->free;
	pool->free = index;
	pool->used--;
	discharge(pool, slot->charged);
}

void
sc_pool_charge_to_loads(struct sc_pool *pool, uint32_t index)
{
	struct sc_slot *slot = &pool->slots[index];

	assert(slot->state == SC_SLOT_HOLDING && slot->charged != SC_NONE);
	discharge(pool, slot->charged);
	slot->charged = SC_NONE;
	charge(pool, SC_NONE);
}

static void
check_slot(const struct sc_pool *pool, uint32_t index)
{
	const struct sc_slot *slot = &pool->slots[index];

	if (slot->state == SC_SLOT_FREE)
		return;
	assert(slot->state == SC_SLOT_HOLDING || (slot->sends == 0 && !slot->storing));
	assert(slot->state != SC_SLOT_RECEIVING || slot->chunk == SC_NONE);
	assert(slot->state == SC_SLOT_RECEIVING || sc_pool_find(pool, slot->chunk) == index);
	assert((slot->peer != SC_NONE) == (slot->state == SC_SLOT_RECEIVING));
	assert(!slot->storing || !slot->stored);
}

static void
check_accounts(const struct sc_pool *pool)
{
	uint32_t reserved = 0;

	for (uint32_t i = 0; i < pool->subfiles; i++) {
		uint32_t charged = 0;

		for (uint32_t j = 0; j < pool->count; j++)
			charged +=
			    pool->slots[j].state != SC_SLOT_FREE && pool->slots[j].charged == i;
		assert(charged == pool->accounts[i].charged);
		assert(pool->accounts[i].reserved == sc_pool_reserve_of(pool, &pool->accounts[i]));
		reserved += pool->accounts[i].reserved;
	}
	assert(reserved == pool->reserved);
}

void
sc_pool_check(const struct sc_pool *pool)
{
	uint32_t used = 0;
	uint32_t loads = 0;
	uint32_t unused = 0;

	for (uint32_t i = 0; i < pool->count; i++) {
		used += pool->slots[i].state != SC_SLOT_FREE;
		loads += pool->slots[i].state != SC_SLOT_FREE && pool->slots[i].charged == SC_NONE;
		check_slot(pool, i);
	}
	for (uint32_t i = pool->free; i != SC_NONE; i = pool->slots[i].next)
		unused++;
	assert(used == pool->used && loads == pool->loads_used && used + unused == pool->count);
	check_accounts(pool);
}
