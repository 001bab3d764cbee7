/*
 * Files that have several names: which entry of a manifest was the first of them.
 */
#ifndef SC_TREE_LINKS_H
#define SC_TREE_LINKS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct sc_hard_link {
	dev_t dev;
	ino_t ino;
	uint32_t entry;
	bool used;
};

/* A hash table; all-zero: empty. */
struct sc_hard_links {
	struct sc_hard_link *places; /* owned */
	uint32_t capacity;           /* a power of two, or 0 */
	uint32_t count;
};

/* Sets *found to the first entry of this file; to SC_NO_ENTRY if there is none, which makes `entry` the
 * first.  -1 without memory.  O(1). */
int sc_hard_links_find(struct sc_hard_links *, dev_t dev, ino_t ino, uint32_t entry,
    uint32_t *found);

void sc_hard_links_free(struct sc_hard_links *);

#endif
