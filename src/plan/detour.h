/*
 * Detours: the plan's edges around those who failed or are torpid.
 *
 * Pure functions of the plan and of what is known of the others (roster.h).
 * With nobody failed they give the plan's own edges.
 *
 * For each recipient and subfile there is a list of suppliers; the one in force
 * is the first on it that can relay:
 *
 *   1. the plan's own.  A relief edge counts only as long as nobody in the
 *      groups from the relieved one down to the leaf has failed: the leaf has
 *      the subfile by way of these, and nobody may wait for himself.
 *   2. for the member that gets the subfile from outside its group: whoever
 *      was to supply the one that failed, N_i^{j-1} for N_i^j [0091], and so on up to
 *      the origin.  Above an initial node that is the buddy, the origin
 *      itself where there is none [0081, 0093-0096].
 *   3. for the other members: the own member of the subfile if a relief edge is
 *      void; then their counterpart in the previous group, so that its k
 *      members share the load [0091]; then its other members, and so on up.
 *
 *      In the first group there is no previous one, and the text has the buddy send the
 *      subfile to each of the group [0079-0088].  That makes everybody later by up to (k-1)/k, so
 *      here the buddy sends it once, to the member after the one that failed, and each
 *      passes it on to the next.  This costs each just what it saves by having one member less to
 *      serve.  A buddy that is a member itself is the first on this path, or it would send
 *      the subfile twice.  The same way leads around a torpid member of any group, and at its far
 *      end to the next group: others must not be later because of one that is still there.
 *   4. the buddy, then the origin.
 *
 * Before all of these, for a subfile that comes late, when the others are nearly here: the members
 * between its own one and this node, as on such a path.  Their links are free by now, and the own
 * member's would be needed for each of the group in turn.
 *
 * Every supplier is nearer to the origin than whom it supplies, or nearer to the subfile's
 * own member or the path's start in the same group, or a leaf in relief as above: so there is no
 * circle, whoever fails.  Torpid nodes are passed over like failed ones, and taken only where
 * nobody else is left.
 */
#ifndef SC_PLAN_DETOUR_H
#define SC_PLAN_DETOUR_H

#include "plan/plan.h"
#include "plan/roster.h"

#include <stdint.h>

/* A list of nodes.  Start with an all-zero struct; free items. */
struct sc_detour_nodes {
	uint32_t *items;
	uint32_t count;
	uint32_t capacity;
};

/* A walk along the list of suppliers of a recipient's subfile, live ones only. */
struct sc_detour {
	const struct sc_plan *plan;
	const struct sc_roster *roster;
	uint32_t node;
	uint32_t subfile;
	/* Where the walk is. */
	int stage;
	uint32_t at;     /* a node of a chain, or a group */
	uint32_t group;  /* whose path is walked from its far end */
	uint32_t member; /* of a group, a distance from counterpart, own member or path's start */
	bool torpid;     /* second walk, over the torpid ones */
};

/* Start it; then each call gives the next supplier on the list, SC_NONE at
 * its end.  Nobody comes twice but torpid ones, the buddy and the origin. */
void sc_detour_begin(struct sc_detour *, const struct sc_plan *, const struct sc_roster *,
    uint32_t node, uint32_t subfile);

/* The same for a subfile that is late: where its own member relays, those between that one and
 * this node come first, the nearest before all, without the buddy, and for the buddy itself the
 * source (and then all of them again in their place). */
void sc_detour_begin_late(struct sc_detour *, const struct sc_plan *, const struct sc_roster *,
    uint32_t node, uint32_t subfile);
uint32_t sc_detour_next(struct sc_detour *);

/* The supplier in force: the first on the list.  SC_NONE: nobody is left who could have it. */
uint32_t sc_detour_supplier(const struct sc_plan *, const struct sc_roster *, uint32_t node,
    uint32_t subfile);

/*
 * The control tree without those who failed: a node's parent is the first of
 * its ancestors that is left, the root is the leader (sc_roster_leader), whose parent is SC_NONE.
 * Children: children->items are replaced and grow as they must (without memory the program
 * ends).  Torpid nodes keep their place: little is asked of them here.
 */
uint32_t sc_detour_parent(const struct sc_plan *, const struct sc_roster *, uint32_t node);
void sc_detour_children(const struct sc_plan *, const struct sc_roster *, uint32_t node,
    struct sc_detour_nodes *children);

#endif
