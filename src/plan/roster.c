/*
 * The roster: see roster.h.
 */
#include "plan/roster.h"

#include "base/vector.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const char *
sc_failure_cause_text(enum sc_failure_cause cause)
{
	return cause == SC_FAILURE_ENDED ? "its process has ended" : "nothing was heard of it";
}

void
sc_roster_init(struct sc_roster *roster, const struct sc_plan *plan, uint32_t buddy)
{
	assert(buddy == SC_NONE || (buddy != SC_ORIGIN && buddy <= plan->recipients));
	memset(roster, 0, sizeof(*roster));
	roster->nodes = plan->recipients + 1;
	roster->buddy = buddy;
}

void
sc_roster_free(struct sc_roster *roster)
{
	sc_bitmap_free(&roster->failed);
	sc_bitmap_free(&roster->torpid);
	free(roster->losses);
	memset(roster, 0, sizeof(*roster));
}

static bool
has(const struct sc_bitmap *set, uint32_t node)
{
	return set->count > 0 && sc_bitmap_has(set, node);
}

bool
sc_roster_failed(const struct sc_roster *roster, uint32_t node)
{
	return has(&roster->failed, node);
}

bool
sc_roster_torpid(const struct sc_roster *roster, uint32_t node)
{
	return has(&roster->torpid, node);
}

bool
sc_roster_relays(const struct sc_roster *roster, uint32_t node)
{
	return !has(&roster->failed, node) && !has(&roster->torpid, node);
}

static bool
add(struct sc_bitmap *set, uint32_t node, uint32_t nodes)
{
	assert(node < nodes);
	if (set->words == NULL && sc_bitmap_init(set, nodes) != 0)
		abort();
	return sc_bitmap_add(set, node);
}

/* A sum of these tells sets apart, whatever the order of what was added.  Odd, so that none is 0. */
static uint32_t
mark_of(uint32_t node, uint32_t what)
{
	uint32_t x = node * 2654435761u + what * 2246822519u;

	x ^= x >> 15;
	x *= 2246822519u;
	x ^= x >> 13;
	return x | 1;
}

bool
sc_roster_fail(struct sc_roster *roster, uint32_t node, enum sc_failure_cause cause)
{
	if (!add(&roster->failed, node, roster->nodes))
		return false;
	roster->losses = sc_vector_must32(roster->losses, roster->failed.count,
	    &roster->losses_capacity, sizeof(*roster->losses));
	roster->losses[roster->failed.count - 1] = (struct sc_loss){node, cause};
	roster->mark += mark_of(node, 1);
	return true;
}

bool
sc_roster_slow(struct sc_roster *roster, uint32_t node)
{
	/* The origin is never torpid: it is the last on every list of suppliers. */
	if (node == SC_ORIGIN || !add(&roster->torpid, node, roster->nodes))
		return false;
	roster->mark += mark_of(node, 2);
	return true;
}

bool
sc_roster_is_whole(const struct sc_roster *roster)
{
	return roster->failed.count == 0 && roster->torpid.count == 0;
}

uint32_t
sc_roster_leader(const struct sc_roster *roster)
{
	if (!sc_roster_failed(roster, SC_ORIGIN))
		return SC_ORIGIN;
	if (roster->buddy != SC_NONE && !sc_roster_failed(roster, roster->buddy))
		return roster->buddy;
	for (uint32_t node = 1; node < roster->nodes; node++) {
		if (!sc_roster_failed(roster, node))
			return node;
	}
	return SC_NONE;
}
