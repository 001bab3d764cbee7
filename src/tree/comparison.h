/*
 * A directory tree to be compared with others: as a stream of bytes.  Trees that are the same have
 * the same stream.
 */
#ifndef SC_TREE_COMPARISON_H
#define SC_TREE_COMPARISON_H

#include "base/error.h"
#include "file/digest.h"
#include "file/source.h"
#include "tree/walk.h"

#include <stdbool.h>
#include <stdint.h>

/* A directory tree that was walked over, but not read yet. */
struct sc_comparison {
	struct sc_source *source; /* NULL: none, or closed */
	uint64_t entries;
	uint64_t content_bytes;
};

/* What counts besides names, kinds, targets of symbolic links, which names are of one file, and
 * contents. */
enum sc_comparison_of {
	SC_COMPARISON_OF_CONTENTS, /* nothing */
	SC_COMPARISON_OF_TIMES,
	SC_COMPARISON_OF_ALL, /* times, modes, extended attributes; owners too, as root */
};

/*
 * Walk over the tree at path, a directory, and no link to one unless follow.  Fails, naming path
 * and cause, if it can't be read.  Memory as for a tree that is staged.
 */
int sc_comparison_open(struct sc_comparison *, const char *path, bool follow, enum sc_comparison_of,
    enum sc_on_unreadable, struct sc_error *);

/* Read the tree; trees with the same digest are the same.  Fails also if it changes meanwhile. */
int sc_comparison_digest(struct sc_comparison *, struct sc_digest *, struct sc_error *);

/* Also an all-zero struct, and twice. */
void sc_comparison_close(struct sc_comparison *);

#endif
