/*
 * Detours: the plan's edges around nodes that failed or are torpid.
 *
 * Pure functions of the plan and of what is known of the nodes (roster.h).
 * As long as no node failed or is torpid they give the plan's own edges.
 *
 * For each recipient and subfile there is a list of suppliers.  The one in force
 * is the first on it that can relay and that the caller accepts:
 *
 *   1. The plan's own.  A relief edge counts only while no node in the groups
 *      from the relieved one down to the leaf has failed: the leaf gets the subfile
 *      by way of these, and a node may not wait for itself.
 *   2. For the member that gets the subfile from outside its group: the supplier of its
 *      supplier, N_i^{j-1} for N_i^j [0091], and so on up to the origin.  Above an initial
 *      node that is the buddy, or the origin where there is no buddy [0081, 0093-0096].
 *   3. For the other members: the subfile's own member, if a relief edge does not
 *      count; then their counterpart in the previous group, so that its k
 *      members share the load [0091]; then its other members; and so on up.
 *
 *      The first group has no previous one, and the text has the buddy send the
 *      subfile to each of its members [0079-0088].  That makes all of them later by up to
 *      (k-1)/k.  So here the buddy sends it once, to the member after the one that failed, and
 *      each passes it on to the next: a path.  This costs each just what it saves by having one
 *      member less to serve.  A buddy that is a member itself is the first on this path, or it
 *      would send the subfile twice.  Such a path also leads around a torpid member of any
 *      group, and the next group is supplied from its far end: one torpid node that is
 *      still there must not make others later.
 *   4. The buddy, then the origin.
 *
 * If a subfile comes late, when the others are nearly complete, other suppliers come before all of
 * these: the members between the subfile's own one and this node, as on such a path, the nearest
 * first.  Their links are free by then, while the own member would have to serve each of the group
 * in turn.
 *
 * Every supplier is nearer to the origin than its receiver, or nearer to the subfile's
 * own member or to the path's start in the same group, or a leaf in relief as above.  So there is
 * no circle, whichever nodes fail.  Torpid nodes are passed over like failed ones.  If no other
 * node is left, the list is searched again for torpid ones (as for a subfile that is not late).
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

/* May this node be the supplier?  Must answer the same for a node throughout one search, which may
 * ask twice. */
typedef bool sc_detour_accepts(const void *context, uint32_t supplier);

/*
 * The first supplier on the list of a recipient's subfile that accepts() takes; NULL: all do.
 * late: for a subfile that comes late.  Only a buddy can be its own supplier: it has the source.
 * SC_NONE: none is left.  O(nodes of the groups above) at worst; no memory is allocated.
 */
uint32_t sc_detour_first(const struct sc_plan *, const struct sc_roster *, uint32_t node,
    uint32_t subfile, bool late, sc_detour_accepts *, const void *context);

/* The same, accepting all, for a subfile that is not late.  O(1) while all nodes relay. */
uint32_t sc_detour_supplier(const struct sc_plan *, const struct sc_roster *, uint32_t node,
    uint32_t subfile);

/*
 * The control tree without the failed nodes.  A node's parent is the first of its ancestors
 * that is left.  The root is the leader (sc_roster_leader); its parent is SC_NONE.
 * Children: children->items are replaced and grow as they must (without memory the program
 * ends).  Torpid nodes keep their place: little is asked of them here.
 */
uint32_t sc_detour_parent(const struct sc_plan *, const struct sc_roster *, uint32_t node);
void sc_detour_children(const struct sc_plan *, const struct sc_roster *, uint32_t node,
    struct sc_detour_nodes *children);

#endif
