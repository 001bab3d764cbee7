/*
 * The inside of a node, shared by the files src/core/node*.c:
 *
 *   node.c          making one, and the step: which event goes where
 *   node_slots.c    the slots: who holds one, and when it is free again
 *   node_receive.c  inbound edges: distribution lists, credits, arrivals, stores
 *   node_send.c     outbound edges: what to send to whom, and loads for it
 *   node_finish.c   seal, commit, failures, the closing round, progress
 */
#ifndef SC_CORE_NODE_IMPL_H
#define SC_CORE_NODE_IMPL_H

#include "base/bitmap.h"
#include "core/node.h"

enum slot_state {
	SLOT_FREE,
	SLOT_RECEIVING, /* a receive is posted for it */
	SLOT_LOADING,
	SLOT_HOLDING, /* a checked chunk is in it */
};

struct slot {
	enum slot_state state;
	uint32_t chunk;
	uint32_t charged; /* the subfile whose window it counts in; SC_NONE: loads */
	uint32_t sends;   /* under way */
	bool storing;
	bool stored;   /* could be loaded again */
	uint32_t next; /* in its bucket or the free list */
};

/* "Somebody sends this subfile to me." */
struct inbound {
	uint32_t peer;    /* SC_NONE: nobody has offered it yet */
	uint32_t granted; /* credits in all */
	uint32_t arrived;
	uint32_t stored;
	uint32_t total; /* chunks of the subfile */
};

/* "I send this subfile to somebody." The wanted set is all of the subfile, in
 * order, so a count tells what is still wanted. */
struct outbound {
	uint32_t peer;
	uint32_t subfile;
	enum sc_edge_kind kind;
	bool open; /* its distribution list was sent */
	/* It may want a chunk that is in the store and no longer in a slot. */
	bool lagging;
	uint32_t granted;
	uint32_t sent;
	uint32_t in_flight;
	uint32_t total;
	uint32_t served_from_store;
};

/* The edges of one subfile stand side by side in node.outbound. */
struct span {
	uint32_t first;
	uint32_t count;
};

struct child {
	uint32_t node;
	bool done;
	struct sc_tally tally;
};

struct sc_node {
	const struct sc_plan *plan;
	uint32_t self;
	bool keeps_copy;
	uint64_t progress_interval_ns;

	/* The step under way. */
	struct sc_actions *actions;
	uint64_t now_ns;

	/* Slots. */
	struct slot *slots;
	uint32_t slot_count;
	uint32_t free_slots; /* head of a list through slot.next */
	uint32_t slots_used;
	uint32_t *buckets; /* chunk & bucket_mask -> slots that load or hold it */
	uint32_t bucket_mask;
	uint32_t load_quota; /* slots that loads may have */
	uint32_t loads_used;

	/* Edges. */
	struct inbound *inbound; /* by subfile */
	struct span *spans;      /* by subfile */
	struct outbound *outbound;
	uint32_t outbound_count;
	uint32_t outbound_capacity;
	uint32_t sends_in_flight;
	uint32_t lagging;     /* edges */
	uint32_t next_served; /* where the search for an edge to load for begins */

	/* The store. */
	struct sc_bitmap held; /* chunks that can be loaded; unused at the origin */
	uint32_t stored;       /* chunks in this node's own copy */
	uint32_t stores;       /* under way */
	uint32_t loads;        /* under way */
	uint32_t load_next;    /* origin: the next chunk to read */
	uint32_t send_next;    /* origin: the next chunk to send: strict order [design 8c] */
	bool finishing;        /* origin: FINISH_SOURCE was asked for */
	uint32_t milestones;   /* quarters of the file that were recorded */

	/* The end. */
	struct sc_seal seal;
	bool sealed;
	bool committing;
	bool committed;
	bool copy_failed;
	bool aborted;  /* here */
	bool aborting; /* origin: everybody was told */
	bool reported_done;
	bool left;
	struct child *children;
	uint32_t child_count;
	uint32_t parent;
	uint32_t copies_failed;     /* origin: nodes that said so */
	struct sc_tally last_tally; /* the last one reported */
	uint64_t next_progress_ns;
};

/* node.c */
static inline bool
node_is_origin(const struct sc_node *node)
{
	return node->self == SC_ORIGIN;
}
/* Does a chunk that came still have to go into this node's copy? */
static inline bool
node_stores(const struct sc_node *node)
{
	return node->keeps_copy && !node->copy_failed && !node->aborted;
}
void node_control(struct sc_node *, uint32_t peer, const struct sc_message *);
void node_record(struct sc_node *, enum sc_record_what, uint32_t peer, uint32_t subfile,
    uint64_t count);

/* node_slots.c */
int node_slots_init(struct sc_node *);
void node_slots_free(struct sc_node *);
/* A free slot, put into state; SC_NONE if there is none. */
uint32_t node_slot_take(struct sc_node *, uint32_t charged, enum slot_state);
/* Chunk is in (or on its way into) a slot from now on. */
void node_slot_assign(struct sc_node *, uint32_t slot, uint32_t chunk);
/* The slot that loads or holds a chunk, or SC_NONE. */
uint32_t node_slot_find(const struct sc_node *, uint32_t chunk);
/* Nothing more may be happening with the slot: give it back, and let whoever waits for one have it. */
void node_slot_release(struct sc_node *, uint32_t slot);
/* Release it if nobody needs it; if only those need it who don't keep up,
 * and others wait for a slot, release it as well: it will be loaded again. */
void node_slot_settle(struct sc_node *, uint32_t slot);
/* The same for a load's slot, to make room for another load. */
bool node_slot_evict_load(struct sc_node *);

/* node_receive.c */
int node_on_offer(struct sc_node *, uint32_t peer, const struct sc_offer *);
int node_on_arrived(struct sc_node *, const struct sc_event *);
int node_on_stored(struct sc_node *, const struct sc_event *);
/* Grant credits on a subfile's edge as far as its window allows. */
void node_grant(struct sc_node *, uint32_t subfile, uint32_t count);
/* Start storing a chunk that is in a slot, if this node keeps a copy. */
void node_store(struct sc_node *, uint32_t slot);

/* node_send.c */
int node_add_outbound(struct sc_node *, uint32_t subfile, const struct sc_receiver *,
    uint32_t count);
int node_on_credit(struct sc_node *, uint32_t peer, const struct sc_credit *);
int node_on_sent(struct sc_node *, const struct sc_event *);
int node_on_loaded(struct sc_node *, const struct sc_event *);
/* Open the edges of a subfile that may start now. */
void node_open_edges(struct sc_node *, uint32_t subfile);
/* Send what can be sent now. */
void node_pump(struct sc_node *);
/* A chunk leaves its slot: whoever still wants it lags from now on. */
void node_mark_lagging(struct sc_node *, uint32_t chunk);
/* Load what edges want that is only in the store, or (origin) the next of the source. */
void node_load(struct sc_node *);
/* Will an outbound edge that keeps up still send this slot's chunk? lagging: or one that doesn't? */
bool node_wanted(const struct sc_node *, uint32_t chunk, bool lagging);

/* node_finish.c */
int node_tree_init(struct sc_node *);
int node_on_message_up(struct sc_node *, uint32_t peer, const struct sc_message *);
int node_on_message_down(struct sc_node *, uint32_t peer, const struct sc_message *);
int node_on_finished(struct sc_node *, const struct sc_seal *);
int node_on_committed(struct sc_node *);
void node_on_copy_failed(struct sc_node *, const char *cause);
/* Something went wrong here that costs others their chunks. */
void node_on_fatal(struct sc_node *, const char *cause);
void node_on_peer_failed(struct sc_node *, uint32_t peer, const char *cause);
void node_on_time(struct sc_node *);
/* After every step: is it time to commit, to report, to leave? */
void node_advance(struct sc_node *);

#endif
