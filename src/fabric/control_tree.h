/*
 * Before and after the staging: exchanges along the control tree, each rank with its
 * parent and its children only.
 */
#ifndef SC_FABRIC_CONTROL_TREE_H
#define SC_FABRIC_CONTROL_TREE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sc_tree {
	uint32_t parent;          /* rank; UINT32_MAX: this is the root */
	const uint32_t *children; /* ranks */
	uint32_t child_count;
	bool odd; /* is the distance from the root odd? */
};

/*
 * Estimate what has to be added to this rank's sc_clock_now_ns to get that of the
 * root, from the fastest of a few round trips between each rank and its parent; 0 at
 * the root.  The error is at most half of these round trips, summed up along the way.
 * Waits for all of them: nobody has failed yet.
 */
int sc_tree_clock_offset(const struct sc_tree *, int64_t *offset_ns, struct sc_error *);

/*
 * Hand bytes up the tree: at the root, *all is everybody's, one after the
 * other, the root's own first (free it); elsewhere it is NULL.  A child that has failed,
 * or says nothing for timeout_ns, is passed over with all below it: at the root that is
 * no error.  -1 if the parent has failed or says nothing for as long.  When it returns, this
 * rank may leave: what it had to say has come.  A process that fails or hangs costs
 * the others timeout_ns once.
 */
int sc_tree_gather(const struct sc_tree *, const uint8_t *own, size_t own_bytes,
    uint64_t timeout_ns, uint8_t **all, size_t *all_bytes, struct sc_error *);

#endif
