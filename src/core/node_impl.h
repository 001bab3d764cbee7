/*
 * The inside of a node, shared by the files src/core/node*.c:
 *
 *   node.c          making one, and the step: which event goes where
 *   node_slots.c    the slots: who holds one, and when it is free again
 *   node_receive.c  inbound edges: distribution lists, credits, arrivals, stores
 *   node_supply.c   who supplies what: asking, being refused, detours
 *   node_send.c     outbound edges: what to send to whom
 *   node_serve.c    outbound edges that others ask for, and what they want
 *   node_load.c     chunks that are read, from the source or back from the store
 *   node_peers.c    who is there: heartbeats, failures, and telling of them
 *   node_torpid.c   who is much slower than its peers
 *   node_tree.c     the control tree: seal, reports, failed copies, giving up
 *   node_finish.c   commit, the closing round, taking over from the origin
 */
#ifndef SC_CORE_NODE_IMPL_H
#define SC_CORE_NODE_IMPL_H

#include "base/bitmap.h"
#include "core/node.h"
#include "plan/detour.h"
#include "plan/roster.h"

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
	uint32_t peer;    /* of a receive */
	uint32_t sends;   /* under way */
	bool storing;
	bool stored;   /* could be loaded again */
	uint32_t next; /* in its bucket or the free list */
};

/* "Somebody sends this subfile to me."  One cache line: a simulation of many nodes waits
 * for memory most of its time. */
struct inbound {
	uint32_t peer;          /* the supplier in force; SC_NONE: none has offered or been asked */
	bool offered : 1;       /* it has said OFFER, and may be given credits */
	bool listed : 1;        /* whom to pass it on to is known */
	bool elsewhere : 1;     /* chunks that it was asked for came another way, or may */
	bool begun : 1;         /* somebody has offered or was asked at some time */
	uint32_t untold : 5;    /* of granted, those that the supplier does not know of */
	uint32_t damages : 3;   /* since the supplier is in force */
	uint32_t refusals : 20; /* suppliers of the list that are passed over */
	uint32_t granted;       /* credits since that OFFER, or since the supplier was asked */
	uint32_t got;           /* of these, used up */
	uint32_t coming;        /* chunks that it sends in all since then; SC_NONE: not known yet */
	uint32_t wants;         /* messages that added to what it was asked for */
	uint32_t expected;      /* the position that it will send next, most likely */
	uint32_t charged;       /* slots */
	uint32_t reserved;      /* slots that loads must leave alone */
	uint32_t arrived;       /* chunks that are here or were, from whomever */
	uint32_t stored;
	uint32_t total; /* chunks of the subfile */
	uint32_t refusal_capacity;
	bool late; /* it is asked of who has got it before this node, and not of its own member */
	uint32_t *refusers; /* owned */
};

/* A supplier that is still there but no longer in force, and whose last chunks are
 * under way. */
struct former {
	uint32_t peer;
	uint32_t subfile;
	uint32_t got;
	uint32_t sent;    /* that many will have come; SC_NONE: it has not said */
	uint32_t posted;  /* receives that have not ended */
	uint32_t answers; /* REFUSEs to come, one for each time that it was declined */
	bool withdrawn;
};

/* "I send this subfile to somebody."  Positions are those in the subfile.  One cache line. */
struct outbound {
	uint32_t peer;
	uint32_t subfile;
	enum sc_edge_kind kind : 8;
	bool open : 1;    /* its distribution list was sent */
	bool refused : 1; /* REFUSE was said, and nothing was asked since */
	/* It may want a chunk that is in the store and no longer in a slot. */
	bool lagging : 1;
	/* Origin: it is not waited for; after so many turns it is seen whether it keeps pace. */
	uint32_t passed_over : 8;
	uint32_t sent_before : 8; /* these turns, of `sent` the lowest bits */
	uint32_t late_beats : 4;  /* in a row, at which it was not waited for; up to what counts */
	uint32_t granted;         /* credits since it began, or asked anew */
	uint32_t sent;
	uint32_t next; /* the first position that it still wants; total: none */
	uint32_t total;
	uint32_t in_flight;
	uint32_t sibling;      /* the next edge of the subfile, or SC_NONE */
	struct sc_bitmap want; /* from next on; without memory: all of them */
	uint32_t wants;        /* messages that added to the list */
	uint32_t served_from_store;
};

/* The edges of one subfile, in the order of the distribution list, then detours. */
struct span {
	uint32_t first;
	uint32_t last;
};

struct child {
	uint32_t node;
	uint32_t done_for; /* the leader of its last DONE; SC_NONE: it has said none */
	bool gone;         /* after CLOSE: has left */
	struct sc_tally tally;
};

/* Somebody with whom this node exchanges anything. */
struct peer {
	uint32_t node;
	uint64_t heard_ns;
	/* At its last heartbeat: chunks that it held, and that this node did. */
	uint64_t judged_ns;
	uint32_t held;
	uint32_t own;
	uint64_t slow_ns; /* since when it is slow; 0: it is not */
};

struct sc_node {
	/* What nearly every step looks at comes first, for the same reason.  The arrays by
	 * subfile and by slot are behind the struct, in its own memory. */
	const struct sc_plan *plan;
	uint32_t self;
	bool keeps_copy;
	bool has_source;
	bool awaits_store;
	bool copy_failed;
	bool finishing; /* FINISH_SOURCE was asked for */
	bool sealed;
	bool committing;
	bool committed;
	bool aborted;  /* here */
	bool aborting; /* leader: everybody was told */
	bool closing;  /* CLOSE was said */
	bool leaving;  /* as soon as this step is over */
	bool left;
	bool scattered;      /* chunks don't come in order: after a resume or a repair */
	bool short_of_slots; /* a credit could not be granted for want of a slot */
	uint32_t done_for;   /* the leader for whom this node was done last; SC_NONE: none */
	uint32_t stored;     /* chunks in this node's own copy */
	uint64_t now_ns;
	struct sc_actions *actions; /* of the step under way */
	uint64_t next_beat_ns;
	uint64_t next_progress_ns;
	uint64_t pass_over_ns; /* origin: when it goes on without whom it waits for */

	/* Slots and edges. */
	struct slot *slots;
	uint32_t *buckets;       /* chunk & bucket_mask -> slots that load or hold it */
	struct inbound *inbound; /* by subfile */
	struct span *spans;      /* by subfile */
	struct outbound *outbound;
	uint32_t slot_count;
	uint32_t free_slots; /* head of a list through slot.next */
	uint32_t slots_used;
	uint32_t bucket_mask;
	uint32_t reserved; /* slots that loads must leave alone, of all subfiles */
	uint32_t loads_used;
	uint32_t outbound_count;
	uint32_t sends_in_flight;
	uint32_t lagging;     /* edges */
	uint32_t next_served; /* where the search for an edge to load for begins */
	uint32_t outbound_capacity;

	/* The store. */
	struct sc_bitmap here; /* chunks that have arrived; unused at the origin */
	struct sc_bitmap held; /* of these, those that can be loaded; the same */
	uint32_t stores;       /* under way */
	uint32_t loads;        /* under way */
	uint32_t load_next;    /* origin: the next chunk to read */
	uint32_t send_next;    /* origin: the next chunk to send: strict order [design 8c] */
	uint32_t send_front;   /* origin: the highest that send_next was */
	uint32_t milestones;   /* quarters of the file that were recorded */
	struct former *formers;
	uint32_t former_count;
	uint32_t former_capacity;

	/* The others. */
	struct sc_roster roster;
	uint64_t heartbeat_ns;
	uint64_t timeout_ns;
	uint64_t chunk_ns;
	uint32_t leader;
	struct peer *peers;
	uint32_t peer_count;
	uint32_t peer_capacity;
	uint32_t told;            /* of the roster's losses, those that followed up */
	uint64_t beat_ns;         /* the last one */
	uint64_t heard_ns;        /* anything, of anybody */
	uint32_t overtaxed_beats; /* in a row */

	/* The end. */
	struct sc_seal seal;
	char *copy_cause;  /* once copy_failed; NULL: no memory */
	char *abort_cause; /* once aborted; the same */
	bool apart;        /* how to leave after CLOSE */
	enum sc_leave leave;
	struct child *children;
	uint32_t child_count;
	uint32_t child_capacity;
	struct sc_detour_nodes scratch; /* for the children that are now in force */
	uint32_t parent;
	struct sc_failed *failures; /* that others below have told */
	uint32_t failure_count;
	uint32_t failure_capacity;
	struct sc_bitmap failed_copies; /* leader: nodes that said so; without memory: none did */
	struct sc_tally last_tally;     /* the last one reported */
	uint64_t progress_interval_ns;
};

static inline bool
node_is_origin(const struct sc_node *node)
{
	return node->self == SC_ORIGIN;
}
static inline bool
node_leads(const struct sc_node *node)
{
	return node->leader == node->self;
}
/* Is it done, and was that said, as far as the present leader is concerned (node_finish.c)? */
static inline bool
node_is_done(const struct sc_node *node)
{
	return node->done_for == node->leader;
}
/* Does a chunk that came still have to go into this node's copy? */
static inline bool
node_stores(const struct sc_node *node)
{
	return node->keeps_copy && !node->copy_failed && !node->aborted;
}
static inline bool
node_failed(const struct sc_node *node, uint32_t peer)
{
	return sc_roster_failed(&node->roster, peer);
}
/* Chunks of a subfile that have not arrived. */
static inline uint32_t
inbound_lacks(const struct inbound *edge)
{
	return edge->total - edge->arrived;
}

/* node.c */
void node_control(struct sc_node *, uint32_t peer, const struct sc_message *);
void node_record(struct sc_node *, enum sc_record_what, uint32_t peer, uint32_t subfile,
    uint64_t count);
/* Room for one more item in an array; without memory the program ends. */
void *node_grown(void *items, uint32_t count, uint32_t *capacity, size_t item_bytes);

/* node_slots.c */
/* Items that node.buckets has. */
uint32_t node_buckets(const struct sc_plan *);
void node_slots_init(struct sc_node *);
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
/* Release a load's slot that nobody needs who keeps up, or that holds a later chunk than
 * the one that is to be loaded. */
bool node_slot_evict_load(struct sc_node *, uint32_t chunk);
/* How many slots loads may have. */
uint32_t node_load_quota(const struct sc_node *);
/* What an inbound edge still needs has changed. */
void node_reserve(struct sc_node *, uint32_t subfile);

/* node_receive.c */
int node_on_offer(struct sc_node *, uint32_t peer, const struct sc_offer *);
int node_on_arrived(struct sc_node *, const struct sc_event *);
int node_on_receive_ended(struct sc_node *, const struct sc_event *);
int node_on_stored(struct sc_node *, const struct sc_event *);
int node_on_opened(struct sc_node *, const struct sc_bitmap *held);
/* Grant credits on a subfile's edge as far as its window allows. */
void node_grant(struct sc_node *, uint32_t subfile);
/* A chunk has come, and is in a slot: note it, pass it on, store it. */
void node_take_chunk(struct sc_node *, uint32_t slot, uint32_t chunk, bool from_supplier);
/* Start storing a chunk that is in a slot, if this node keeps a copy. */
void node_store(struct sc_node *, uint32_t slot);

/* node_supply.c */
/* Who is the first on the list that has not refused?  SC_NONE: nobody. */
uint32_t node_supplier(const struct sc_node *, uint32_t subfile);
/* See who has to supply a subfile now; ask if that is somebody else than before. */
void node_resupply(struct sc_node *, uint32_t subfile);
/* Tell a supplier which chunks of a subfile are lacking. */
void node_tell_wants(struct sc_node *, uint32_t peer, uint32_t subfile, uint32_t flags);
/* Tell a supplier that nothing is wanted of it. */
void node_decline(struct sc_node *, uint32_t peer, uint32_t subfile);
/* The supplier in force gives no more; sent: as in struct former. */
void node_on_refused(struct sc_node *, uint32_t subfile, uint32_t sent);
/* Somebody asks this node to stand in: it may not wait for those who wait for it. */
void node_do_without_relief(struct sc_node *, uint32_t subfile);
/* Ask the supplier in force, who has offered, for one position once more. */
void node_ask_again(struct sc_node *, uint32_t subfile, uint32_t position);
/* A damaged chunk came from the supplier in force. */
void node_on_damage(struct sc_node *, uint32_t subfile);
/* A subfile is complete: a supplier that doesn't know it has to. */
void node_on_complete(struct sc_node *, uint32_t subfile);
/* All that the supplier sends has come; is anything lacking nevertheless? */
void node_check_used_up(struct sc_node *, uint32_t subfile);
int node_on_all_sent(struct sc_node *, uint32_t peer, const struct sc_refusal *);
int node_on_refuse(struct sc_node *, uint32_t peer, const struct sc_refusal *);
/* A chunk, or the end of a receive, of a supplier that is not in force. */
void node_former_got(struct sc_node *, uint32_t peer, uint32_t subfile, bool chunk);
bool node_former_is(const struct sc_node *, uint32_t peer, uint32_t subfile);
void node_forget_supplier(struct sc_node *, uint32_t peer);

/* node_send.c */
int node_add_outbound(struct sc_node *, uint32_t subfile, const struct sc_receiver *,
    uint32_t count);
struct outbound *node_find_outbound(struct sc_node *, uint32_t peer, uint32_t subfile);
int node_on_credit(struct sc_node *, uint32_t peer, const struct sc_credit *);
int node_on_sent(struct sc_node *, const struct sc_event *);
/* Make the edges of a subfile that the plan has, if they don't exist yet. */
void node_make_edges(struct sc_node *, uint32_t subfile);
/* Open the edges of a subfile that may start now. */
void node_open_edges(struct sc_node *, uint32_t subfile);
void node_open_edge(struct sc_node *, struct outbound *);
/* REFUSE or SENT: how many chunks were sent. */
void node_tell_sent(struct sc_node *, const struct outbound *, enum sc_message_type);
/* Nothing more is sent on it. */
void node_end_edge(struct sc_node *, struct outbound *);
void node_forget_receiver(struct sc_node *, uint32_t peer);
/* Send what can be sent now. */
void node_pump(struct sc_node *);
/* The edge's list of wants as a set that can be changed. */
void node_list_wants(struct outbound *);
/* Does it want this position, and the one after from? */
bool node_edge_wants(const struct outbound *, uint32_t position);
uint32_t node_edge_next(const struct outbound *, uint32_t from);
/* Will an outbound edge still send this chunk that keeps up, or is less than so many chunks
 * behind (SC_NONE: any)?  One that keeps up but waits for an earlier chunk, which is not here,
 * does not count as that. */
bool node_wanted(const struct sc_node *, uint32_t chunk, uint32_t behind);
/* A chunk leaves its slot: whoever still wants it lags from now on. */
void node_mark_lagging(struct sc_node *, uint32_t chunk);
void node_set_lagging(struct sc_node *, struct outbound *, bool lagging);
/* From now on chunks come in any order, and any edge may want one that is only in the store. */
void node_scatter(struct sc_node *);

/* node_serve.c */
int node_on_want(struct sc_node *, uint32_t peer, const struct sc_want *);
/* A chunk can't be had here any more: whoever wants it has to ask another. */
void node_refuse_chunk(struct sc_node *, uint32_t chunk);

/* node_load.c */
/* Load what edges want that is only in the store, or (origin) the next of the source. */
void node_load(struct sc_node *);
/* Can this chunk be loaded for the edge, now? */
bool node_is_loadable(const struct sc_node *, const struct outbound *, uint32_t chunk);
int node_on_loaded(struct sc_node *, const struct sc_event *);
int node_on_load_failed(struct sc_node *, const struct sc_event *);

/* node_peers.c */
void node_peers_init(struct sc_node *);
void node_add_peer(struct sc_node *, uint32_t peer);
void node_heard(struct sc_node *, uint32_t peer);
void node_on_peer_failed(struct sc_node *, uint32_t peer);
int node_on_notice(struct sc_node *, uint32_t peer, const struct sc_notice *);
int node_on_beat(struct sc_node *, uint32_t peer, const struct sc_beat *);
/* Tell a peer of the losses from the given one on, and of all who are torpid. */
void node_tell_losses(struct sc_node *, uint32_t peer, uint32_t first);
/* A message of somebody who is out: tell him. */
void node_tell_out(struct sc_node *, uint32_t peer);
void node_on_beat_time(struct sc_node *);
/* Tell all that somebody is torpid. */
void node_declare_torpid(struct sc_node *, uint32_t peer);

/* node_torpid.c */
/* Origin: is the relay, which has no credit when it is its turn, not to be waited for? */
bool node_pass_over(struct sc_node *, struct outbound *);
/* Origin: a turn of a relay that is not waited for is over.  Is it to be waited for again? */
bool node_count_turn(struct outbound *);
/* Origin: has it waited for long enough? */
void node_on_pass_over_time(struct sc_node *);
/* Origin: if all but those whom it did not wait for have been sent everything, are these torpid? */
void node_end_turns(struct sc_node *);
void node_judge_pace(struct sc_node *, struct peer *, const struct sc_beat *);
void node_look_for_torpid(struct sc_node *);

/* node_tree.c */
int node_tree_init(struct sc_node *);
/* Who is above and below now that somebody has failed? */
void node_tree_mend(struct sc_node *);
int node_on_message_up(struct sc_node *, uint32_t peer, const struct sc_message *);
int node_on_message_down(struct sc_node *, uint32_t peer, const struct sc_message *);
void node_tell_children(struct sc_node *, const struct sc_message *);
void node_report(struct sc_node *, enum sc_report_what, uint32_t peer, const char *text);
void node_report_tally(struct sc_node *, enum sc_report_what);
void node_report_loss(struct sc_node *, const struct sc_loss *);
void node_tell_done(struct sc_node *);
void node_on_copy_failed(struct sc_node *, const char *cause);
/* Say again to whoever is above, or leads, that it did, or that this node has given up. */
void node_tell_troubles(struct sc_node *);
/* Are all below done, as far as the present leader is concerned? */
bool node_children_are_done(const struct sc_node *);
/* Is it a child that has said BYE? */
bool node_has_left(const struct sc_node *, uint32_t peer);
/* Something went wrong here that nobody can make good. */
void node_on_fatal(struct sc_node *, const char *cause);
void node_abort_all(struct sc_node *, const char *cause);
void node_abort_here(struct sc_node *, const char *cause);
void node_on_progress_time(struct sc_node *);

/* node_finish.c */
int node_on_finished(struct sc_node *, const struct sc_seal *);
int node_on_committed(struct sc_node *);
void node_take_over(struct sc_node *, uint32_t from);
/* Leave when this step is over: what it has begun comes first. */
void node_leave(struct sc_node *, enum sc_leave);
/* CLOSE has come, or (leader) is to be said. */
int node_close(struct sc_node *, bool apart, bool from_below);
/* After every step: is it time to commit, to report, to leave? */
void node_advance(struct sc_node *);

#endif
