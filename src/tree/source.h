/*
 * A directory tree as a source: its manifest, and behind it the contents of its files, read as they
 * are asked for.
 */
#ifndef SC_TREE_SOURCE_H
#define SC_TREE_SOURCE_H

#include "base/error.h"
#include "file/source.h"
#include "tree/walk.h"

#include <stdbool.h>
#include <stddef.h>

/* What of all entries is told as zero, for directory trees that are compared. */
enum sc_dirtree_without {
	SC_DIRTREE_WITHOUT_HOLES = 1,
	SC_DIRTREE_WITHOUT_OWNER = 2,
	SC_DIRTREE_WITHOUT_MODES = 4,
	SC_DIRTREE_WITHOUT_TIMES = 8,
};

/*
 * Walk over the roots, in any order, and make a source of them.  The roots' names and paths are
 * copied.  *facts tells what the recipients need.  several: each root gets its name in a directory
 * that is there already; else there is one root, or all are within a virtual directory, and DEST is
 * its name.  without (of enum sc_dirtree_without, or 0) is left out of the manifest in the stream.
 *
 * The source fails if a file is not what it was when it was walked over (size, time of change), from
 * then on until the source is finished.
 *
 * Memory: the manifest, and its encoded bytes.  Open descriptors: 2.
 */
int sc_dirtree_source_open(struct sc_source **, const struct sc_root *roots, size_t count,
    bool several, const struct sc_walk_options *, unsigned without, struct sc_source_facts *facts,
    struct sc_error *);

#endif
