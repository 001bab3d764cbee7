/*
 * How long a chunk stays in its slot: see retain.h.
 */
#include "core/retain.h"

#include <assert.h>

/* Could the chunk be dropped and loaded again later? */
static bool
can_evict(const struct sc_out *out, const struct sc_slot *slot)
{
	return slot->state == SC_SLOT_HOLDING && slot->sends == 0 && !slot->storing &&
	    (slot->stored || out->context->is_origin);
}

static void
evict(struct sc_out *out, uint32_t index)
{
	assert(out->pool->slots[index].state == SC_SLOT_HOLDING);
	sc_out_mark_lagging(out, out->pool->slots[index].chunk);
	sc_pool_release(out->pool, index);
}

/* Has the supplier of a subfile less than half of a window to go on with? */
static bool
is_short(const struct sc_in *in, uint32_t subfile)
{
	uint32_t credits = sc_in_outlook(in, subfile);

	return 2 * credits < in->context->plan->window &&
	    credits < sc_store_lacks(in->store, subfile);
}

/*
 * A receiver that takes its chunks slowly must not take away the credits of this node's supplier,
 * and with it all other receivers: what only such receivers want leaves its slot, and what is
 * under way to them counts among the loads.  Where all credits are used up by chunks that sit in
 * slots, what keeps up has to leave, too: the supplier stands still.
 */
static void
relieve(struct sc_in *in, struct sc_out *out, uint32_t subfile)
{
	struct sc_pool *pool = in->pool;

	for (uint32_t i = 0; i < pool->count && is_short(in, subfile); i++) {
		const struct sc_slot *slot = &pool->slots[i];

		if (slot->charged != subfile || slot->state != SC_SLOT_HOLDING || slot->storing ||
		    !slot->stored)
			continue;
		if (slot->sends == 0 &&
		    (sc_in_outlook(in, subfile) == 0 || !sc_out_needs(out, slot->chunk, 0)))
			evict(out, i);
		else if (slot->sends > 0 && pool->loads_used < sc_pool_load_quota(pool) &&
		    !sc_out_needs(out, slot->chunk, 0))
			sc_pool_charge_to_loads(pool, i);
	}
}

static void
settle(struct sc_in *in, struct sc_out *out, uint32_t index)
{
	const struct sc_slot *slot = &in->pool->slots[index];
	uint32_t subfile = slot->charged;
	bool loaded_back = subfile == SC_NONE && !out->context->is_origin;
	uint32_t behind = 0;

	if (slot->state != SC_SLOT_HOLDING || slot->sends > 0 || slot->storing)
		return;
	/* What was loaded once for an edge can be loaded again; what arrived stays for
	 * edges that are a little behind, too, until its slot is needed. */
	if (!loaded_back)
		behind = can_evict(out, slot) ? in->context->plan->window : SC_NONE;
	if (!sc_out_needs(out, slot->chunk, behind))
		evict(out, index);
	if (subfile != SC_NONE)
		relieve(in, out, subfile);
}

void
sc_retain_settle(struct sc_in *in, struct sc_out *out)
{
	struct sc_marks marks = sc_marks_take(&in->pool->touched);

	for (uint32_t i = marks.first; i < marks.end; i++)
		settle(in, out, i);
}

/*
 * A node that asked again for an earlier chunk gets nothing of what follows before it has
 * that one: so the earliest always finds room, even where all slots are full of later
 * ones that are wanted, too.
 */
bool
sc_retain_evict(struct sc_out *out, uint32_t chunk)
{
	struct sc_pool *pool = out->pool;
	uint32_t last = SC_NONE;

	for (uint32_t i = 0; i < pool->count; i++) {
		const struct sc_slot *slot = &pool->slots[i];

		if (slot->charged != SC_NONE || !can_evict(out, slot))
			continue;
		if (!sc_out_needs(out, slot->chunk, 0)) {
			last = i;
			break;
		}
		if (slot->chunk > chunk &&
		    (last == SC_NONE || slot->chunk > pool->slots[last].chunk))
			last = i;
	}
	if (last != SC_NONE)
		evict(out, last);
	return last != SC_NONE;
}
