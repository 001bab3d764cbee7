/*
 * The rules that every node keeps: see rules.h.
 */
#include "sim/rules.h"

#include <stdlib.h>

void
sc_rules_init(struct sc_rules *rules, const struct sc_plan *plan)
{
	*rules = (struct sc_rules){.plan = plan};
	rules->slots = malloc((plan->slots + 1) * sizeof(*rules->slots));
	rules->posted = malloc((plan->subfiles + 1) * sizeof(*rules->posted));
	if (rules->slots == NULL || rules->posted == NULL ||
	    sc_bitmap_init(&rules->stored, plan->chunks) != 0)
		abort();
	for (uint32_t i = 0; i < plan->slots; i++)
		rules->slots[i] =
		    (struct sc_rules_slot){.content = SC_NONE, .peer = SC_NONE, .next = SC_NONE};
	for (uint32_t i = 0; i < plan->subfiles; i++)
		rules->posted[i] = (struct sc_rules_posted){SC_NONE, SC_NONE};
}

void
sc_rules_free(struct sc_rules *rules)
{
	free(rules->slots);
	free(rules->posted);
	sc_bitmap_free(&rules->stored);
}

static bool
is_busy(const struct sc_rules_slot *slot)
{
	return slot->sends > 0 || slot->peer != SC_NONE || slot->loading || slot->storing;
}

static const char *
begin_filling(struct sc_rules *rules, uint32_t slot)
{
	if (slot >= rules->plan->slots)
		return "uses a slot that the plan does not have";
	if (is_busy(&rules->slots[slot]))
		return "fills a slot that is in use";
	rules->slots[slot].content = SC_NONE;
	return NULL;
}

const char *
sc_rules_load(struct sc_rules *rules, uint32_t slot, uint32_t chunk, bool from_source)
{
	const char *broken = begin_filling(rules, slot);

	if (broken != NULL)
		return broken;
	if (chunk >= rules->plan->chunks)
		return "loads a chunk that the plan does not have";
	rules->slots[slot].loading = true;
	if (!from_source && !sc_bitmap_has(&rules->stored, chunk))
		return "loads a chunk that is not in its store";
	return NULL;
}

const char *
sc_rules_loaded(struct sc_rules *rules, uint32_t slot, uint32_t chunk, bool sound)
{
	if (!rules->slots[slot].loading)
		return "was given a load that it did not ask for";
	rules->slots[slot].loading = false;
	rules->slots[slot].content = sound ? chunk : SC_NONE;
	return NULL;
}

const char *
sc_rules_receive(struct sc_rules *rules, uint32_t slot, uint32_t peer, uint32_t subfile)
{
	const char *broken = begin_filling(rules, slot);
	struct sc_rules_posted *posted;

	if (broken != NULL)
		return broken;
	if (subfile >= rules->plan->subfiles || peer > rules->plan->recipients)
		return "posts a receive for a node or subfile that the plan does not have";
	posted = &rules->posted[subfile];
	rules->slots[slot].peer = peer;
	rules->slots[slot].ending = false;
	rules->slots[slot].next = SC_NONE;
	if (posted->first == SC_NONE)
		posted->first = slot;
	else
		rules->slots[posted->last].next = slot;
	posted->last = slot;
	return NULL;
}

/* Take the oldest receive that is posted for a peer's subfile out of the list: its slot, or
 * SC_NONE. */
static uint32_t
take_posted(struct sc_rules *rules, uint32_t peer, uint32_t subfile)
{
	struct sc_rules_posted *posted = &rules->posted[subfile];
	uint32_t before = SC_NONE;
	uint32_t at = posted->first;

	while (at != SC_NONE && rules->slots[at].peer != peer) {
		before = at;
		at = rules->slots[at].next;
	}
	if (at == SC_NONE)
		return SC_NONE;
	if (before == SC_NONE)
		posted->first = rules->slots[at].next;
	else
		rules->slots[before].next = rules->slots[at].next;
	if (posted->last == at)
		posted->last = before;
	return at;
}

const char *
sc_rules_arrived(struct sc_rules *rules, uint32_t peer, uint32_t subfile, uint32_t chunk,
    bool sound, uint32_t *slot)
{
	*slot = take_posted(rules, peer, subfile);
	if (*slot == SC_NONE)
		return "was sent a chunk that no receive is posted for (credits exceeded)";
	rules->slots[*slot].peer = SC_NONE;
	rules->slots[*slot].content = sound ? chunk : SC_NONE;
	return NULL;
}

uint32_t
sc_rules_end_receive(struct sc_rules *rules, uint32_t peer, uint32_t subfile)
{
	uint32_t slot = SC_NONE;

	for (uint32_t i = 0; i < rules->plan->subfiles && slot == SC_NONE; i++) {
		if (subfile == SC_NONE || subfile == i)
			slot = take_posted(rules, peer, i);
	}
	if (slot != SC_NONE)
		rules->slots[slot].ending = true;
	return slot;
}

void
sc_rules_ended(struct sc_rules *rules, uint32_t slot)
{
	rules->slots[slot].peer = SC_NONE;
}

const char *
sc_rules_send(struct sc_rules *rules, uint32_t slot, uint32_t chunk, uint32_t subfile)
{
	if (slot >= rules->plan->slots)
		return "uses a slot that the plan does not have";
	rules->slots[slot].sends++;
	if (rules->slots[slot].content == SC_NONE)
		return "sends a slot that holds no sound chunk";
	if (rules->slots[slot].content != chunk || chunk % rules->plan->subfiles != subfile)
		return "sends another chunk than it says";
	return NULL;
}

const char *
sc_rules_sent(struct sc_rules *rules, uint32_t slot)
{
	if (rules->slots[slot].sends == 0)
		return "was told of a send that it did not ask for";
	rules->slots[slot].sends--;
	return NULL;
}

const char *
sc_rules_store(struct sc_rules *rules, uint32_t slot, uint32_t chunk)
{
	if (slot >= rules->plan->slots)
		return "uses a slot that the plan does not have";
	if (rules->slots[slot].storing)
		return "stores a slot twice at a time";
	rules->slots[slot].storing = true;
	if (rules->slots[slot].content != chunk || chunk >= rules->plan->chunks)
		return "stores a chunk that is not, or not sound, in the slot";
	if (sc_bitmap_has(&rules->stored, chunk))
		return "stores a chunk twice";
	return NULL;
}

const char *
sc_rules_stored(struct sc_rules *rules, uint32_t slot, uint32_t chunk, bool kept)
{
	rules->slots[slot].storing = false;
	if (kept && !sc_bitmap_add(&rules->stored, chunk))
		return "stores a chunk twice";
	return NULL;
}

const char *
sc_rules_commit(struct sc_rules *rules)
{
	if (rules->committed)
		return "commits twice";
	rules->committed = true;
	rules->committing = true;
	if (rules->stored.count != rules->plan->chunks)
		return "commits before every chunk is stored";
	return NULL;
}

void
sc_rules_hold(struct sc_rules *rules, const struct sc_bitmap *held)
{
	for (uint32_t i = 0; i < held->size; i++) {
		if (sc_bitmap_has(held, i))
			sc_bitmap_add(&rules->stored, i);
	}
}

const char *
sc_rules_leave(const struct sc_rules *rules, const struct sc_rules_exit *exit)
{
	if (exit->cut_off)
		return NULL; /* what is under way may come to its end, or not */
	if (rules->committing)
		return "leaves while its copy is being committed";
	for (uint32_t i = 0; i < rules->plan->slots; i++) {
		const struct sc_rules_slot *slot = &rules->slots[i];

		if (slot->sends > 0 || slot->loading || slot->storing)
			return "leaves while one of its slots is in use";
		if (slot->peer != SC_NONE && !slot->ending && !exit->aborted)
			return "leaves while it still grants credits";
	}
	return NULL;
}
