/*
 * The links of a simulated network: see links.h.
 */
#include "sim/links.h"

#include "base/vector.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct peer {
	uint32_t node;
	uint32_t link; /* SC_LINK_NOTHING: a free place */
};

/* The links of a node by their peers: a hash table with open addressing. */
struct sc_links_peers {
	struct peer *places;
	uint32_t mask;
	uint32_t count;
};

void
sc_links_init(struct sc_links *links, uint32_t nodes, uint32_t rack_nodes)
{
	*links = (struct sc_links){.nodes = nodes, .rack_nodes = rack_nodes};
	links->peers = calloc(nodes + 1, sizeof(*links->peers));
	if (links->peers == NULL)
		abort();
}

void
sc_links_free(struct sc_links *links)
{
	for (uint32_t i = 0; i < links->nodes; i++)
		free(links->peers[i].places);
	free(links->peers);
	free(links->links);
	free(links->uplinks);
}

static uint32_t
add_link(struct sc_links *links, uint32_t from, uint32_t to)
{
	static const struct sc_flow empty = {.head = SC_LINK_NOTHING, .tail = SC_LINK_NOTHING};
	uint32_t rack = links->rack_nodes;
	struct sc_link *link;

	links->links =
	    sc_vector_must32(links->links, links->count + 1, &links->capacity, sizeof(*link));
	link = &links->links[links->count];
	*link = (struct sc_link){
		.from = from, .to = to, .flows = {empty, empty}, .uplink = SC_LINK_NOTHING};
	if (rack != 0 && from / rack != to / rack) {
		links->uplinks = sc_vector_must32(links->uplinks, links->uplink_count + 1,
		    &links->uplink_capacity, sizeof(*links->uplinks));
		links->uplinks[links->uplink_count][0] = empty;
		links->uplinks[links->uplink_count][1] = empty;
		link->uplink = links->uplink_count++;
	}
	return links->count++;
}

/* The place of a peer in the table: taken by it, or free. */
static struct peer *
peer_place(const struct sc_links_peers *peers, uint32_t node)
{
	uint32_t at = (node * UINT32_C(2654435761) >> 8) & peers->mask;

	while (peers->places[at].link != SC_LINK_NOTHING && peers->places[at].node != node)
		at = (at + 1) & peers->mask;
	return &peers->places[at];
}

static void
grow_peers(struct sc_links_peers *peers)
{
	uint32_t old_size = peers->places == NULL ? 0 : peers->mask + 1;
	uint32_t size = old_size == 0 ? 8 : 2 * old_size;
	struct sc_links_peers larger = {.mask = size - 1, .count = peers->count};

	larger.places = malloc(size * sizeof(*larger.places));
	if (larger.places == NULL)
		abort();
	memset(larger.places, 0xff, size * sizeof(*larger.places));
	for (uint32_t i = 0; i < old_size; i++) {
		if (peers->places[i].link != SC_LINK_NOTHING)
			*peer_place(&larger, peers->places[i].node) = peers->places[i];
	}
	free(peers->places);
	*peers = larger;
}

uint32_t
sc_links_between(struct sc_links *links, uint32_t from, uint32_t to)
{
	struct sc_links_peers *peers = &links->peers[from];
	struct peer *place;

	assert(from < links->nodes && to < links->nodes && from != to);
	if (peers->places == NULL)
		grow_peers(peers);
	place = peer_place(peers, to);
	if (place->link == SC_LINK_NOTHING) {
		if (2 * ++peers->count > peers->mask) {
			grow_peers(peers);
			place = peer_place(peers, to);
		}
		*place = (struct peer){to, add_link(links, from, to)};
	}
	return place->link;
}
