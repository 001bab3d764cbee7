/*
 * The store: which chunks a node has, and the state of its own copy.
 *
 * It owns the sets of chunks that are here, the counts of each subfile, and the copy's state.  It
 * is told of each chunk that arrives or is stored, of the end of a commit, and of what fails; it
 * answers what is lacking and what can be loaded.
 *
 * Origin and recipient differ only in what their store holds when they start: the origin's holds
 * every chunk (it can read its source), a recipient's none, or what an earlier run left.
 */
#ifndef SC_CORE_STORE_H
#define SC_CORE_STORE_H

#include "base/bitmap.h"
#include "core/context.h"
#include "core/pool.h"

#include <stdbool.h>
#include <stdint.h>

enum sc_copy {
	SC_COPY_NONE,    /* an origin whose DEST is the source itself */
	SC_COPY_OPENING, /* what an earlier run left is not known yet: nothing is asked for */
	SC_COPY_GROWING,
	SC_COPY_COMMITTING, /* COMMIT was asked for */
	SC_COPY_COMMITTED,
	SC_COPY_FAILED,    /* this node goes on relaying */
	SC_COPY_ABANDONED, /* the run was aborted */
};

/* What is here of a subfile. */
struct sc_part {
	uint32_t total;   /* chunks of the subfile */
	uint32_t arrived; /* here, now or before; not counted at the origin */
	uint32_t stored;
};

struct sc_store {
	const struct sc_context *context;
	struct sc_pool *pool;
	enum sc_copy copy;
	struct sc_part *parts; /* by subfile; owned */
	struct sc_bitmap here; /* chunks that have arrived; at the origin those that were loaded */
	struct sc_bitmap held; /* of these, those that can be loaded; empty at the origin */
	uint32_t stored;       /* chunks in this node's own copy */
	uint32_t stores;       /* under way */
	uint32_t read;         /* origin: chunks of the source for which a load was asked */
	uint32_t milestones;   /* quarters of the file that were recorded */
	char *cause;           /* of SC_COPY_FAILED, owned; NULL: no memory for it */
};

/* 0, or -1 without memory.  Free with sc_store_free, also after a failure. */
int sc_store_init(struct sc_store *, const struct sc_context *, struct sc_pool *, bool keeps_copy,
    bool opening);
void sc_store_free(struct sc_store *);

/* Chunks of a subfile that have not arrived. */
static inline uint32_t
sc_store_lacks(const struct sc_store *store, uint32_t subfile)
{
	return store->parts[subfile].total - store->parts[subfile].arrived;
}
static inline bool
sc_store_has(const struct sc_store *store, uint32_t chunk)
{
	return sc_bitmap_has(&store->here, chunk);
}
static inline bool
sc_store_keeps_copy(const struct sc_store *store)
{
	return store->copy != SC_COPY_NONE;
}

/* Did every chunk arrive?  A node whose copy failed still takes them all, so that nothing
 * is under way to it when the run is closed.  O(subfiles). */
bool sc_store_is_full(const struct sc_store *);

/* Can this chunk be loaded, now?  for_detour: for an edge that was asked for by a node in need: a
 * buddy then reads its own view of the source, too. */
bool sc_store_can_load(const struct sc_store *, uint32_t chunk, bool for_detour);

/* A recipient has a chunk that it had not. */
void sc_store_add(struct sc_store *, uint32_t chunk);

/* The chunk in a slot: store it, if a copy grows here. */
void sc_store_put(struct sc_store *, uint32_t slot);

/* That ended, well or not; well: true if the subfile is now stored as a whole. */
bool sc_store_on_stored(struct sc_store *, uint32_t slot);
void sc_store_on_store_failed(struct sc_store *, uint32_t slot);

/* What was stored can't be read back. */
void sc_store_forget(struct sc_store *, uint32_t chunk);

/* An earlier run left these chunks (NULL: none). */
void sc_store_open(struct sc_store *, const struct sc_bitmap *held);

/* The copy is lost.  False if that changes nothing, as it has ended one way or the other. */
bool sc_store_fail(struct sc_store *, const char *cause);

/* The run is aborted: a copy that is not being committed is given up. */
void sc_store_abandon(struct sc_store *);

/* Asserts what must always hold.  O(chunks / 64 + slots + subfiles). */
void sc_store_check(const struct sc_store *);

#endif
