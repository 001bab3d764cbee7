/*
 * Parts of a node for the tests of one: the plan, the list of actions, and the parts below, joined
 * as src/core/node.c joins them.
 *
 * The parts are pointers to types that are not complete here, so that a test sees only those that
 * the header of its own part shows.
 */
#ifndef SC_TESTS_PARTS_H
#define SC_TESTS_PARTS_H

#include "core/context.h"

/* In the order of src/core/node.c; those that own nothing are not here. */
enum parts_level {
	PARTS_CONTEXT,
	PARTS_POOL,
	PARTS_STORE,
	PARTS_PEERS,
	PARTS_CONTROL,
	PARTS_OUT,
	PARTS_IN,
	PARTS_SUPPLY,
	PARTS_TURNS,
	PARTS_LOADS,
	PARTS_PACE,
	PARTS_FINISH,
};

/*
 * The plan: two groups of four, 1-4 and 5-8, in a chain, and four subfiles.  Of subfile 0 node 1
 * gets all from the origin and sends it to 5, 2, 3 and 4 in this order; 5 sends it to 6, 7 and 8.
 */
enum { PARTS_NODES = 8, PARTS_SUBFILES = 4 };

struct parts_config {
	uint32_t self;
	uint32_t chunks; /* of each subfile; 0: four */
	uint32_t window; /* 0: two */
	uint32_t buddy;  /* 0: none; it has the source */
	bool store_and_forward;
	bool opening;    /* the store is not open yet */
	bool keeps_none; /* the origin's DEST is its source */
	uint64_t heartbeat_ns;
	uint64_t timeout_ns;
	uint64_t progress_ns;
	uint64_t chunk_ns;
};

struct parts {
	struct sc_plan plan;
	struct sc_actions actions;
	struct sc_context context;
	/* NULL above the level that was asked for. */
	struct sc_pool *pool;
	struct sc_store *store;
	struct sc_peers *peers;
	struct sc_control *control;
	struct sc_out *out;
	struct sc_in *in;
	struct sc_supply *supply;
	struct sc_turns *turns;
	struct sc_loads *loads;
	struct sc_pace *pace;
	struct sc_loads *finish; /* the loads, on which it works */
};

/* All parts up to a level.  Without memory the test ends.  Free with parts_free. */
struct parts *parts_new(enum parts_level, const struct parts_config *);
/* Checks the invariants of all parts first. */
void parts_free(struct parts *);

/* Nothing is asked for yet, and it is so late. */
void parts_at(struct parts *, uint64_t now_ns);

/* The store opens, and holds these subfiles (bits) of an earlier run. */
void parts_open(struct parts *, uint32_t subfiles);

/* A chunk that was not here is in a slot: one that came, at the origin one that was loaded.  stored:
 * also in the copy.  Returns the slot. */
uint32_t parts_hold(struct parts *, uint32_t chunk, bool stored);

/* How many actions of a kind there are, and the last of them (NULL: none), valid until the next
 * call to the core. */
uint32_t parts_count(const struct parts *, enum sc_action_what);
const struct sc_action *parts_last(const struct parts *, enum sc_action_what);

/* A node has failed (edges still have to forget it), or is torpid. */
void parts_lose(struct parts *, uint32_t node);
void parts_slow(struct parts *, uint32_t node);

/* The last REPORT's text, "" without one. */
const char *parts_report(const struct parts *);

/* How many messages of a type were sent to a node (SC_NONE: to any), and the last of them, valid
 * until the next call of this; NULL: none. */
uint32_t parts_messages(const struct parts *, uint32_t peer, enum sc_message_type);
const struct sc_message *parts_message(const struct parts *, uint32_t peer, enum sc_message_type);

/* How often something was recorded. */
uint32_t parts_records(const struct parts *, enum sc_record_what);

#endif
