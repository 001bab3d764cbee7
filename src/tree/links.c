/*
 * Files that have several names: see links.h.
 */
#include "tree/links.h"

#include "tree/manifest.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

enum { CAPACITY_MIN = 256 };

/* The place of a file, or the free one where it would be. */
static struct sc_hard_link *
place_of(const struct sc_hard_links *links, dev_t dev, ino_t ino)
{
	uint64_t hash = ((uint64_t)ino ^ (uint64_t)dev << 32) * UINT64_C(0x9e3779b97f4a7c15);
	uint32_t at = (uint32_t)(hash >> 32) & (links->capacity - 1);

	while (links->places[at].used &&
	    (links->places[at].dev != dev || links->places[at].ino != ino))
		at = (at + 1) & (links->capacity - 1);
	return &links->places[at];
}

static int
grow(struct sc_hard_links *links)
{
	struct sc_hard_links more = {.count = links->count};

	more.capacity = links->capacity == 0 ? CAPACITY_MIN : 2 * links->capacity;
	more.places = calloc(more.capacity, sizeof(*more.places));
	if (more.places == NULL)
		return -1;
	for (uint32_t i = 0; i < links->capacity; i++) {
		const struct sc_hard_link *link = &links->places[i];

		if (link->used)
			*place_of(&more, link->dev, link->ino) = *link;
	}
	free(links->places);
	*links = more;
	return 0;
}

int
sc_hard_links_find(struct sc_hard_links *links, dev_t dev, ino_t ino, uint32_t entry,
    uint32_t *found)
{
	struct sc_hard_link *place;

	if (links->count >= links->capacity / 2 && grow(links) != 0)
		return -1;
	/* There is always a free place, or the search for one would not end. */
	assert(links->count < links->capacity);
	place = place_of(links, dev, ino);
	*found = place->used ? place->entry : SC_NO_ENTRY;
	if (!place->used) {
		*place =
		    (struct sc_hard_link){.dev = dev, .ino = ino, .entry = entry, .used = true};
		links->count++;
	}
	return 0;
}

void
sc_hard_links_free(struct sc_hard_links *links)
{
	free(links->places);
	*links = (struct sc_hard_links){0};
}
