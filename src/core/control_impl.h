/*
 * The inside of the control tree, shared by its two files: control.c calls control_failures.c.
 */
#ifndef SC_CORE_CONTROL_IMPL_H
#define SC_CORE_CONTROL_IMPL_H

#include "core/control.h"

/* Send a message to all children. */
void sc_control_tell_children(const struct sc_control *, const struct sc_message *);

/* ABORT with that cause (NULL: there was no memory for it). */
const struct sc_message *sc_control_abort_message(const struct sc_control *, const char *cause);

/* The state of the subtree of this node, itself included.  O(children). */
struct sc_tally sc_control_tally(const struct sc_control *);

/* A node's copy failed: keep it, and pass it on.  0, or -1 for a message that is not sound. */
int sc_control_on_failed(struct sc_control *, const struct sc_failed *);

/* To a new parent, or as the new leader: what the one before may have kept to itself.  The order
 * of one leader to give up is nothing that the next one can go on without. */
void sc_control_tell_failures_again(struct sc_control *);

/* This node gives up; leader: all do. */
void sc_control_abort_here(struct sc_control *, const char *cause);
void sc_control_abort_all(struct sc_control *, const char *cause);

#endif
