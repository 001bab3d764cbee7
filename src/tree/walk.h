/*
 * The walk over what is to be staged: from roots to a manifest.
 */
#ifndef SC_TREE_WALK_H
#define SC_TREE_WALK_H

#include "base/error.h"
#include "tree/manifest.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Something to be staged, and the name that it gets in DEST: one component.  Both are borrowed. */
struct sc_root {
	const char *path;
	const char *name;
	bool keep_link; /* a symbolic link is staged itself, and not what it leads to */
	bool within;    /* of all roots or of none: they are in a virtual directory, see sc_walk */
};

/* What is done with an entry that can't be staged: a socket, a device, a named pipe, or what
 * may not be read. */
enum sc_on_unreadable {
	SC_UNREADABLE_FAIL,
	SC_UNREADABLE_SKIP, /* leave it out, and say so */
};

/* Called for an entry that is left out: "PATH is a socket". */
typedef void sc_walk_tell(void *context, const char *sentence);

struct sc_walk_options {
	enum sc_on_unreadable on_unreadable;
	bool preserve;      /* take extended attributes along, ACLs among them */
	sc_walk_tell *tell; /* NULL: leave out silently */
	void *context;
};

/* Bring roots into the order that a walk needs: that of their names. */
void sc_walk_sort(struct sc_root *roots, size_t count);

/*
 * Fill a manifest (sc_manifest_free it, also after a failure) with the roots and all that is in
 * them: directories in the order in which they are found, the names in each one sorted.  So two
 * walks over the same directory tree give the same manifest.  No symbolic link is followed but a
 * root, unless it says keep_link.  Files of several names within the roots stay one file; holes are
 * noted.
 *
 * The roots are in order (sc_walk_sort), and the first entries of the manifest.  Roots that are
 * `within` are in the first entry instead: a virtual directory, which is on no disk, with mode 0755,
 * the time of the newest root and the owner of the first.
 *
 * *allocated_bytes is what the files take on their disk.  Fails, naming path and cause, if a root
 * is missing, two roots have one name, or something can't be staged and is not to be left out.
 * Open descriptors: 2.  Memory: the manifest, 24 bytes for each file of several names, and up to
 * 4 MiB.
 */
int sc_walk(struct sc_manifest *, const struct sc_root *roots, size_t count,
    const struct sc_walk_options *, uint64_t *allocated_bytes, struct sc_error *);

/* The root that is an entry, or NULL if it is none. */
const struct sc_root *sc_walk_root(const struct sc_manifest *, const struct sc_root *roots,
    uint32_t entry);

/* The path of an entry as it was walked over; the virtual directory has none.  -1: it doesn't fit. */
int sc_walk_path(const struct sc_manifest *, const struct sc_root *roots, uint32_t entry,
    char *path, size_t capacity);

#endif
