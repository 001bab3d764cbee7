/*
 * The end of a node's work: commit, the closing round, leaving.
 *
 * A node is done when its own copy is complete (or lost), it has sent all that others want of it,
 * nothing is under way, and all its children in the control tree are done; it then tells its
 * parent (control.h).  When the leader is done, so is every node, and CLOSE goes down the tree.  If
 * no node has failed, all leave then together.  Else a node that leaves looks like one that has
 * failed: so those at the bottom leave first, each says BYE to its parent, and the leader goes
 * last.
 *
 * It owns nothing: it works on the loads and by way of them on the parts below.
 */
#ifndef SC_CORE_FINISH_H
#define SC_CORE_FINISH_H

#include "core/load.h"

/* COMMIT has ended well. */
void sc_finish_on_committed(struct sc_loads *);

/* Is it time to commit, to say that all is done, to leave? */
void sc_finish_settle(struct sc_loads *);

#endif
