/*
 * A set of small numbers of a fixed range, such as the chunks that are held.
 */
#ifndef SC_BASE_BITMAP_H
#define SC_BASE_BITMAP_H

#include <stdbool.h>
#include <stdint.h>

struct sc_bitmap {
	uint64_t *words;
	uint32_t size;  /* members are 0 .. size-1 */
	uint32_t count; /* members now */
};

/* Make an empty set.  0, or -1 without memory.  Free with sc_bitmap_free. */
int sc_bitmap_init(struct sc_bitmap *, uint32_t size);

/* Also on an all-zero struct, and twice. */
void sc_bitmap_free(struct sc_bitmap *);

bool sc_bitmap_has(const struct sc_bitmap *, uint32_t member);

/* Add a member.  False if it was in the set already. */
bool sc_bitmap_add(struct sc_bitmap *, uint32_t member);

/* Take a member out.  False if it was not in the set. */
bool sc_bitmap_remove(struct sc_bitmap *, uint32_t member);

/* Make it empty. */
void sc_bitmap_clear(struct sc_bitmap *);

/* The first member that is not less than `from`; size if there is none.  O(size / 64). */
uint32_t sc_bitmap_next(const struct sc_bitmap *, uint32_t from);

#endif
