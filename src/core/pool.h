/*
 * The pool: the slots of a node, each a buffer for one chunk.
 *
 * It owns the slots and the account of each subfile: how many slots its inbound edge has, and how
 * many it will still need.  It is told of each slot that is taken, filled and given back, and of
 * the receives that a subfile still needs; it answers which slot holds a chunk, and how many slots
 * loads may have.
 *
 * A subfile's edge may have `window` slots charged to it, whether a receive is posted for them
 * or a chunk of the subfile sits in them.  Loads have what no subfile needs, so that neither can
 * starve the other.
 */
#ifndef SC_CORE_POOL_H
#define SC_CORE_POOL_H

#include "core/marks.h"
#include "plan/plan.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

enum sc_slot_state {
	SC_SLOT_FREE,
	SC_SLOT_RECEIVING, /* a receive is posted for it */
	SC_SLOT_LOADING,
	SC_SLOT_HOLDING, /* a checked chunk is in it */
};

struct sc_slot {
	enum sc_slot_state state;
	uint32_t chunk;   /* SC_NONE while it is not known */
	uint32_t charged; /* the subfile in whose window it counts; SC_NONE: loads */
	uint32_t peer;    /* of a receive that is posted; else SC_NONE */
	uint32_t sends;   /* under way */
	bool storing;
	bool stored;   /* could be loaded again */
	uint32_t next; /* in its bucket or the free list */
};

/* The slots of one subfile's inbound edge. */
struct sc_account {
	uint32_t charged;
	uint32_t open;     /* receives that are still to be posted for it */
	uint32_t reserved; /* slots that loads must leave alone: those charged, and for `open` */
};

struct sc_pool {
	struct sc_slot *slots;       /* owned: one block with the two arrays below */
	struct sc_account *accounts; /* by subfile */
	uint32_t *buckets;           /* chunk & bucket_mask -> slots that load or hold it */
	uint32_t count;
	uint32_t subfiles;
	uint32_t window;
	uint32_t bucket_mask;
	uint32_t free; /* head of a list through sc_slot.next */
	uint32_t used;
	uint32_t loads_used;     /* charged to loads */
	uint32_t reserved;       /* by all subfiles */
	struct sc_marks touched; /* slots: something that needed the chunk may do so no longer */
	struct sc_marks freed;   /* subfiles that may be granted more */
};

/* 0, or -1 without memory.  Free with sc_pool_free, also after a failure. */
int sc_pool_init(struct sc_pool *, const struct sc_plan *);
void sc_pool_free(struct sc_pool *);

/* A free slot, put into that state; SC_NONE if there is none.  O(1). */
uint32_t sc_pool_take(struct sc_pool *, uint32_t charged, enum sc_slot_state);

/* Give a slot back with which nothing is under way. */
void sc_pool_release(struct sc_pool *, uint32_t slot);

/* The slot counts among the loads from now on, as if its chunk had been loaded back. */
void sc_pool_charge_to_loads(struct sc_pool *, uint32_t slot);

/*
 * Below is what nearly every step does, which is a few instructions each.
 */

/* The slot that loads or holds a chunk, or SC_NONE.  O(1) on average. */
static inline uint32_t
sc_pool_find(const struct sc_pool *pool, uint32_t chunk)
{
	uint32_t index = pool->buckets[chunk & pool->bucket_mask];

	while (index != SC_NONE && pool->slots[index].chunk != chunk)
		index = pool->slots[index].next;
	return index;
}

/* That chunk is in the slot, or on its way into it.  No other slot may have it. */
static inline void
sc_pool_assign(struct sc_pool *pool, uint32_t index, uint32_t chunk)
{
	uint32_t *bucket = &pool->buckets[chunk & pool->bucket_mask];

	assert(pool->slots[index].state != SC_SLOT_FREE && pool->slots[index].chunk == SC_NONE);
	assert(sc_pool_find(pool, chunk) == SC_NONE);
	pool->slots[index].chunk = chunk;
	pool->slots[index].next = *bucket;
	*bucket = index;
}

/* Slots that loads must leave alone for a subfile. */
static inline uint32_t
sc_pool_reserve_of(const struct sc_pool *pool, const struct sc_account *account)
{
	uint32_t needed = account->charged + account->open;

	if (needed <= pool->window)
		return needed;
	return account->charged > pool->window ? account->charged : pool->window;
}

static inline void
sc_pool_update_reserve(struct sc_pool *pool, struct sc_account *account)
{
	uint32_t reserved = sc_pool_reserve_of(pool, account);

	pool->reserved += reserved - account->reserved;
	account->reserved = reserved;
}

/* So many receives are still to be posted for a subfile. */
static inline void
sc_pool_expect(struct sc_pool *pool, uint32_t subfile, uint32_t open)
{
	assert(subfile < pool->subfiles);
	pool->accounts[subfile].open = open;
	sc_pool_update_reserve(pool, &pool->accounts[subfile]);
}

/* Slots that loads may have in all. */
static inline uint32_t
sc_pool_load_quota(const struct sc_pool *pool)
{
	return pool->reserved < pool->count ? pool->count - pool->reserved : 0;
}

/* Look at a slot, or at all, when the step settles. */
static inline void
sc_pool_touch(struct sc_pool *pool, uint32_t slot)
{
	assert(slot < pool->count);
	sc_marks_add_one(&pool->touched, slot);
}

static inline void
sc_pool_touch_all(struct sc_pool *pool)
{
	sc_marks_add(&pool->touched, 0, pool->count);
}

/* Asserts what must always hold.  O(slots + subfiles). */
void sc_pool_check(const struct sc_pool *);

#endif
