/*
 * The plan: which node sends which subfile to which.
 *
 * n recipients (nodes 1..n; node 0 is the origin) are divided into groups of
 * at most k, the file into k subfiles; the groups form a primary multicast
 * tree of at most m groups, the rest secondary trees of at most m groups
 * [0046-0050].  Everything below is arithmetic on the few numbers in struct
 * sc_plan and one small record a group, so every rank computes the same plan
 * from the same numbers and none needs a list of edges.
 *
 * Groups differ in size by one at most: full ones have k members, short ones
 * k-1, and all the full ones come first.  A short group has no member for the
 * last subfile; its members pass that one on among themselves along a path,
 * each sending it once (twice at most where no other group follows), which
 * costs each of them just what it saves by having one member less to serve.
 * So no node in a chain sends more than the size of the file.
 *
 * The tree: a full group has up to `branching` next groups, a short one has
 * up to one.  With two, each member of a group would send S*(1+1/k) of a file of
 * S bytes, and each of a leaf S*(1-1/k).  So each group with two next groups is relieved by a
 * leaf of its own (there is one leaf more than such groups): member i of the leaf serves one of
 * the receivers of member i, and again no node sends more than S.  The source
 * text has no such edges; they take one connection more than its k = D-2 [0065].
 *
 * Tree t > 0 is fed by group t-1 (of all groups, in order): with
 * at most m secondary trees these are the groups of the primary tree, one
 * each [0058].
 */
#ifndef SC_PLAN_PLAN_H
#define SC_PLAN_PLAN_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	SC_ORIGIN = 0,
};
#define SC_NONE UINT32_MAX

/* What a user asks for; 0 leaves a number to the cost model. */
struct sc_plan_request {
	uint32_t group_size;      /* k: at most this many members a group */
	uint32_t tree_groups;     /* m: at most this many groups a tree */
	uint32_t branching;       /* 1 or 2 next groups */
	uint32_t max_connections; /* D; 0: SC_CONNECTIONS_DEFAULT */
	uint32_t window;          /* chunks in flight an edge */
	uint32_t chunk_bytes;
	uint64_t memory_bytes;  /* for the slots of one rank and the rest; 0: default */
	bool store_and_forward; /* the original FastReplica */
};

/* The parameters that, with n and the size, determine a plan. */
struct sc_plan_shape {
	uint32_t group_size;
	uint32_t tree_groups;
	uint32_t branching;
	uint32_t chunk_bytes;
	uint32_t window;
	bool store_and_forward;
};

struct sc_group {
	uint32_t first_node;             /* members are first_node .. first_node+size-1 */
	uint32_t size;                   /* k or k-1 */
	uint32_t tree;                   /* 0: the primary tree */
	uint32_t depth;                  /* groups before it in its tree */
	uint32_t parent;                 /* previous group or feeder; SC_NONE: the origin */
	uint32_t next[SC_BRANCHING_MAX]; /* next groups in the tree, or SC_NONE */
	uint32_t feeds;       /* first group of the secondary tree it feeds, or SC_NONE */
	uint32_t relieved_by; /* the leaf that has taken over a send of each member, or SC_NONE */
	uint32_t relieves;    /* the group whose sends this leaf has taken over, or SC_NONE */
};

struct sc_plan {
	uint64_t size_bytes;
	uint32_t recipients;  /* n; may be 0: only the origin's own copy */
	uint32_t subfiles;    /* k after balancing; 1 if there are no recipients */
	uint32_t tree_groups; /* m */
	uint32_t branching;
	uint32_t chunk_bytes;
	uint32_t chunks;     /* of the file; chunk c is of subfile c mod k */
	uint32_t window;     /* credits on each edge */
	uint32_t slots;      /* of every rank */
	uint32_t load_slots; /* of these, for chunks read back from the store */
	uint32_t group_count;
	uint32_t full_groups; /* groups 0 .. full_groups-1 have k members */
	uint32_t trees;       /* 0 if there are no recipients */
	bool store_and_forward;
	struct sc_group *groups; /* owned */
};

enum sc_edge_kind {
	SC_EDGE_DISTRIBUTION, /* from the origin to the first group [0039] */
	SC_EDGE_COLLECTION,   /* within a group [0042-0044] */
	SC_EDGE_GROUP,        /* to a next group of the same tree [0054-0056] */
	SC_EDGE_SECONDARY,    /* to the first group of a secondary tree [0058-0059] */
	SC_EDGE_RELIEF,       /* from a leaf to a member of a group with two next groups */
	SC_EDGE_DETOUR,       /* none of the plan's: from a stand-in for a supplier [0079-0098] */
	SC_EDGE_KINDS,
};

/* "distribution", ... */
const char *sc_edge_kind_name(enum sc_edge_kind kind);

struct sc_edge {
	uint32_t from;
	uint32_t to;
	uint32_t subfile;
	enum sc_edge_kind kind;
};

/*
 * Does the sender have to hold the whole subfile before it may send?  To a secondary tree it has;
 * under store and forward on every edge but the origin's.
 */
bool sc_edge_waits_for_whole(const struct sc_plan *, const struct sc_edge *);

/* Is every number in its range?  memory_bytes as in the request. */
int sc_plan_check(uint32_t recipients, const struct sc_plan_shape *, uint64_t memory_bytes,
    struct sc_error *);

/*
 * Make the plan of a given shape (every number set; see sc_cost_choose in cost.h).
 * Fails, with a sentence for the user, if a number is out of its range, the
 * memory can't hold the windows (memory_bytes as in the request), or there are
 * more than SC_CHUNKS_MAX chunks.  O(groups).  Free with sc_plan_free.
 */
int sc_plan_make(struct sc_plan *, uint32_t recipients, uint64_t size_bytes,
    const struct sc_plan_shape *, uint64_t memory_bytes, struct sc_error *);

/*
 * All numbers of that plan, but not its groups (groups is NULL): what the cost
 * model needs.  Nothing is allocated; edges can't be asked for.  O(1).
 */
int sc_plan_outline(struct sc_plan *, uint32_t recipients, uint64_t size_bytes,
    const struct sc_plan_shape *, uint64_t memory_bytes, struct sc_error *);

/* Also on an all-zero struct, and twice. */
void sc_plan_free(struct sc_plan *);

/* The group of a recipient (1..n), and its place there.  O(1). */
uint32_t sc_plan_group_of(const struct sc_plan *, uint32_t node, uint32_t *member);

/* The regular supplier of a subfile to a recipient.  O(1). */
struct sc_edge sc_plan_supplier(const struct sc_plan *, uint32_t node, uint32_t subfile);

/*
 * The distribution list: the nodes to which a node (the origin included) sends a subfile,
 * in the order in which it should serve them: next groups, then its own group (beginning
 * after itself, so that members don't all serve the same one first), then
 * the secondary tree, then relief.  Returns their number, 0 if the node doesn't relay that subfile.
 */
uint32_t sc_plan_receivers(const struct sc_plan *, uint32_t node, uint32_t subfile,
    struct sc_edge edges[SC_RECEIVERS_MAX]);

/*
 * The control tree, along edges that exist anyway: a recipient's parent is
 * the node that supplies the subfile of the recipient's own number.
 */
uint32_t sc_plan_parent(const struct sc_plan *, uint32_t node);
/* Its children: of a recipient its counterparts in the groups that follow, at
 * most SC_BRANCHING_MAX+1, of the origin the first group.  Returns their number. */
uint32_t sc_plan_children(const struct sc_plan *, uint32_t node,
    uint32_t children[SC_RECEIVERS_MAX]);

/* All nodes with which a node exchanges chunks at some time, in no order.  Returns
 * their number. */
uint32_t sc_plan_peers(const struct sc_plan *, uint32_t node, uint32_t peers[SC_PEERS_MAX]);

/* Chunks in a subfile, and bytes in a chunk. */
uint32_t sc_plan_subfile_chunks(const struct sc_plan *, uint32_t subfile);
uint32_t sc_plan_chunk_length(const struct sc_plan *, uint32_t chunk);

#endif
