/*
 * The agenda of a simulation: see agenda.h.
 */
#include "sim/agenda.h"

#include <assert.h>
#include <stdlib.h>

void
sc_agenda_free(struct sc_agenda *agenda)
{
	sc_heap_free(&agenda->heap);
}

void
sc_agenda_post(struct sc_agenda *agenda, uint64_t time_ns, enum sc_agenda_kind kind, uint32_t id)
{
	struct sc_heap_item item = {.key = time_ns};

	assert(time_ns >= agenda->now_ns);
	assert(id < 1u << SC_AGENDA_ID_BITS);
	item.order = agenda->sequence++ << (SC_AGENDA_ID_BITS + SC_AGENDA_KIND_BITS) |
	    (uint64_t)kind << SC_AGENDA_ID_BITS | id;
	if (sc_heap_push(&agenda->heap, item) != 0)
		abort();
}

static struct sc_agenda_entry
entry_of(uint64_t order)
{
	struct sc_agenda_entry entry;

	entry.id = (uint32_t)(order & ((1u << SC_AGENDA_ID_BITS) - 1));
	entry.kind =
	    (enum sc_agenda_kind)(order >> SC_AGENDA_ID_BITS & ((1u << SC_AGENDA_KIND_BITS) - 1));
	return entry;
}

bool
sc_agenda_peek(const struct sc_agenda *agenda, uint32_t place, struct sc_agenda_entry *entry,
    enum sc_agenda_nearness *nearness)
{
	if (place >= agenda->heap.count)
		return false;
	*entry = entry_of(agenda->heap.items[place].order);
	*nearness = place == 0 ? SC_AGENDA_NEXT : place <= 2 ? SC_AGENDA_NEAR : SC_AGENDA_FAR;
	return true;
}

struct sc_agenda_entry
sc_agenda_next(struct sc_agenda *agenda)
{
	struct sc_heap_item item = sc_heap_pop(&agenda->heap);

	assert(item.key >= agenda->now_ns);
	agenda->now_ns = item.key;
	return entry_of(item.order);
}
