/*
 * A set of small numbers: see bitmap.h.
 */
#include "base/bitmap.h"

#include <assert.h>
#include <stdlib.h>

int
sc_bitmap_init(struct sc_bitmap *set, uint32_t size)
{
	set->size = size;
	set->count = 0;
	set->words = calloc(size / 64 + 1, sizeof(*set->words));
	return set->words == NULL ? -1 : 0;
}

void
sc_bitmap_free(struct sc_bitmap *set)
{
	free(set->words);
	set->words = NULL;
	set->size = set->count = 0;
}

bool
sc_bitmap_has(const struct sc_bitmap *set, uint32_t member)
{
	assert(member < set->size);
	return (set->words[member / 64] >> (member % 64)) & 1;
}

bool
sc_bitmap_add(struct sc_bitmap *set, uint32_t member)
{
	uint64_t bit = UINT64_C(1) << (member % 64);

	assert(member < set->size);
	if (set->words[member / 64] & bit)
		return false;
	set->words[member / 64] |= bit;
	set->count++;
	assert(set->count <= set->size);
	return true;
}

bool
sc_bitmap_remove(struct sc_bitmap *set, uint32_t member)
{
	uint64_t bit = UINT64_C(1) << (member % 64);

	assert(member < set->size);
	if (!(set->words[member / 64] & bit))
		return false;
	set->words[member / 64] &= ~bit;
	set->count--;
	return true;
}

void
sc_bitmap_clear(struct sc_bitmap *set)
{
	for (uint32_t i = 0; i < (set->size + 63) / 64; i++)
		set->words[i] = 0;
	set->count = 0;
}

uint32_t
sc_bitmap_next(const struct sc_bitmap *set, uint32_t from)
{
	uint32_t words = (set->size + 63) / 64;
	uint32_t at = from / 64;
	uint64_t word;

	if (from >= set->size)
		return set->size;
	word = set->words[at] & ~UINT64_C(0) << (from % 64);
	while (word == 0) {
		if (++at == words)
			return set->size;
		word = set->words[at];
	}
	return at * 64 + (uint32_t)__builtin_ctzll(word);
}
