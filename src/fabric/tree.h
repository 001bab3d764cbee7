/*
 * Before and after the staging: exchanges along the control tree, blocking,
 * each rank with its parent and its children only.
 */
#ifndef SC_FABRIC_TREE_H
#define SC_FABRIC_TREE_H

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
 * Estimate what has to be added to this rank's sc_clock_now_ns to get its
 * parent's, from the fastest of a few round trips; 0 at the root.  The error
 * is at most half that round trip.
 */
int sc_tree_clock_offset(const struct sc_tree *, int64_t *offset_ns, struct sc_error *);

/*
 * Hand bytes up the tree: at the root, *all is everybody's, one after the
 * other, the root's own first (free it); elsewhere it is NULL.
 */
int sc_tree_gather(const struct sc_tree *, const uint8_t *own, size_t own_bytes, uint8_t **all,
    size_t *all_bytes, struct sc_error *);

#endif
