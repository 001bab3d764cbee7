/*
 * Arrays that grow by doubling.  An array is three fields of its owner: the items, how many
 * there are, and for how many there is room.
 *
 * Where memory may run out without the program ending, the result goes into a variable of its
 * own first: the old array would be lost otherwise.
 */
#ifndef SC_BASE_VECTOR_H
#define SC_BASE_VECTOR_H

#include <stddef.h>
#include <stdint.h>

/*
 * Room for at least `needed` items of item_bytes each.  Returns the array, which may have moved,
 * and sets *capacity.  NULL without memory, or if the size can't be expressed: then the old array
 * and *capacity are as before.  NULL items with *capacity 0 is an empty array.  Free with free().
 * Amortized O(1) an item.
 */
void *sc_vector_grow(void *items, size_t needed, size_t *capacity, size_t item_bytes);

static inline void *
sc_vector_room(void *items, size_t needed, size_t *capacity, size_t item_bytes)
{
	return needed <= *capacity ? items : sc_vector_grow(items, needed, capacity, item_bytes);
}

/* The same; without memory the program ends (abort). */
void *sc_vector_must(void *items, size_t needed, size_t *capacity, size_t item_bytes);

/* The same for arrays whose capacity is kept in 32 bits. */
void *sc_vector_must32(void *items, uint32_t needed, uint32_t *capacity, size_t item_bytes);

#endif
