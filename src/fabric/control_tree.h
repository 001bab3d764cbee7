/*
 * Exchanges along the control tree before and after the run: each rank with its parent and its
 * children only.
 */
#ifndef SC_FABRIC_CONTROL_TREE_H
#define SC_FABRIC_CONTROL_TREE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One rank's place in the tree. */
struct sc_control_tree {
	uint32_t parent;          /* rank; UINT32_MAX: this is the root */
	const uint32_t *children; /* ranks */
	uint32_t child_count;
	bool odd; /* is the distance from the root odd? */
};

/*
 * Estimate what has to be added to this rank's sc_clock_now_ns to get that of the root, from the
 * fastest of a few round trips between each rank and its parent; 0 at the root.  The error is at
 * most half of these round trips, summed up along the way.  Waits for all of them, without a
 * limit: at this time no rank has failed yet.
 */
int sc_control_tree_clock_offset(const struct sc_control_tree *, int64_t *offset_ns,
    struct sc_error *);

/*
 * Send bytes up the tree.  At the root, *all is the bytes of all ranks, one after the other, its
 * own first (free it); elsewhere it is NULL.  A child that has failed, or is silent for
 * timeout_ns, is left out with all ranks below it: at the root that is no error.  -1 if the parent
 * has failed or is silent for as long.  When it returns, this rank may leave, as the parent has
 * received its bytes.  A process that fails or hangs costs the others timeout_ns once.
 */
int sc_control_tree_gather(const struct sc_control_tree *, const uint8_t *own, size_t own_bytes,
    uint64_t timeout_ns, uint8_t **all, size_t *all_bytes, struct sc_error *);

#endif
