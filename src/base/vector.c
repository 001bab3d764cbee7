/*
 * Arrays that grow: see vector.h.
 */
#include "base/vector.h"

#include <assert.h>
#include <stdlib.h>

/* The first allocation has room for so many items: most arrays here stay short. */
enum { FIRST_ITEMS = 2 };

void *
sc_vector_grow(void *items, size_t needed, size_t *capacity, size_t item_bytes)
{
	size_t wanted;
	void *more;

	assert(item_bytes > 0);
	if (needed <= *capacity)
		return items;
	/* Several at once are all there will be, more often than not. */
	wanted = *capacity > SIZE_MAX / 2 ? SIZE_MAX : 2 * *capacity;
	if (wanted < FIRST_ITEMS)
		wanted = FIRST_ITEMS;
	if (wanted < needed)
		wanted = needed;
	if (wanted > SIZE_MAX / item_bytes)
		return NULL;
	more = realloc(items, wanted * item_bytes);
	if (more != NULL)
		*capacity = wanted;
	return more;
}

void *
sc_vector_must(void *items, size_t needed, size_t *capacity, size_t item_bytes)
{
	if (needed <= *capacity)
		return items;
	items = sc_vector_room(items, needed, capacity, item_bytes);
	if (items == NULL)
		abort();
	return items;
}

void *
sc_vector_must32(void *items, uint32_t needed, uint32_t *capacity, size_t item_bytes)
{
	size_t room = *capacity;

	items = sc_vector_must(items, needed, &room, item_bytes);
	assert(room <= UINT32_MAX);
	*capacity = (uint32_t)room;
	return items;
}
