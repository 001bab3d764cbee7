/*
 * Removing a directory with all that is in it, or a file.
 */
#ifndef SC_BENEATH_REMOVE_H
#define SC_BENEATH_REMOVE_H

#include "base/error.h"

#include <stdatomic.h>
#include <stdint.h>

/*
 * Remove what has this name (one component) in a directory, with all that is in it.  No link is
 * followed, no other file system entered.  Directories of this user that may not be read or written
 * are made so.  What can't be removed doesn't keep the rest from being removed; the first such
 * thing is told then.  Nothing of that name is no error.
 *
 * Memory and descriptors are bounded however deep it is: what lies deeper than some levels is
 * moved up first.  shown: what it is called in messages.  *alive_ns (may be NULL) is set to the
 * time again and again meanwhile.
 */
int sc_remove_tree(int dir_fd, const char *name, const char *shown, atomic_uint_fast64_t *alive_ns,
    struct sc_error *);

#endif
