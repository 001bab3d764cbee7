/*
 * The links of a simulated network: which pairs of nodes exchange messages, and what is on its
 * way between them.
 */
#ifndef SC_SIM_LINKS_H
#define SC_SIM_LINKS_H

#include <stddef.h>
#include <stdint.h>

#define SC_LINK_NOTHING UINT32_MAX

/* What serves a message on its way: the two nodes' interfaces and, between racks, the two
 * uplinks. */
enum sc_stage { SC_STAGE_OUT, SC_STAGE_IN, SC_STAGE_UP, SC_STAGE_DOWN, SC_STAGES };

/* The messages of a pair of nodes that wait for one server. */
struct sc_flow {
	double finish; /* of the head, in the server's virtual time */
	uint32_t head; /* messages, or SC_LINK_NOTHING */
	uint32_t tail;
};

struct sc_link {
	uint32_t from;
	uint32_t to;
	struct sc_flow flows[2]; /* SC_STAGE_OUT, SC_STAGE_IN */
	uint64_t arrived_ns;     /* the last chunk */
	uint64_t control_ns;     /* the last control message */
	uint32_t uplink;         /* its other two flows, or SC_LINK_NOTHING */
};

struct sc_links_peers; /* opaque */

struct sc_links {
	uint32_t nodes;
	uint32_t rack_nodes; /* 0: no racks */
	struct sc_links_peers *peers;
	struct sc_link *links;
	uint32_t count;
	uint32_t capacity;
	struct sc_flow (*uplinks)[2];
	uint32_t uplink_count;
	uint32_t uplink_capacity;
};

/* Never fails: without memory the program ends. */
void sc_links_init(struct sc_links *, uint32_t nodes, uint32_t rack_nodes);
void sc_links_free(struct sc_links *);

/* The number of the link from a node to another, made if it is new: then
 * earlier pointers to links are void. */
uint32_t sc_links_between(struct sc_links *, uint32_t from, uint32_t to);

/* UP and DOWN exist on links between racks only. */
static inline struct sc_flow *
sc_links_flow(struct sc_links *links, struct sc_link *link, enum sc_stage stage)
{
	if (stage <= SC_STAGE_IN)
		return &link->flows[stage];
	return &links->uplinks[link->uplink][stage - SC_STAGE_UP];
}

#endif
