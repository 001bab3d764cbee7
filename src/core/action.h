/*
 * Actions: what a node wants done, in this order.
 */
#ifndef SC_CORE_ACTION_H
#define SC_CORE_ACTION_H

#include "core/record.h"
#include "core/wire.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum sc_action_what {
	SC_ACTION_LOAD,    /* slot, chunk: from the source or the part file */
	SC_ACTION_RECEIVE, /* slot, peer, subfile: post the receive for a credit */
	SC_ACTION_SEND,    /* slot, peer, subfile */
	/* peer, subfile: nothing more is under way from it; end the receives that are posted */
	SC_ACTION_WITHDRAW,
	/* peer: it has failed; end its receives and sends, take nothing more from it */
	SC_ACTION_FORGET,
	SC_ACTION_STORE,         /* slot, chunk */
	SC_ACTION_FINISH_SOURCE, /* after the loads asked for so far */
	SC_ACTION_COMMIT,        /* seal */
	SC_ACTION_CONTROL,       /* peer, text (bytes), length */
	SC_ACTION_RECORD,        /* record */
	SC_ACTION_REPORT,        /* at the leader: report, peer (a node), tally, text */
	SC_ACTION_LEAVE,         /* leave; the last one */
};

/* How a node leaves. */
enum sc_leave {
	SC_LEAVE_TOGETHER, /* no node has failed: all leave at the same time */
	SC_LEAVE_APART,    /* some node has: nothing that takes all will work */
	SC_LEAVE_CUT_OFF,  /* others go on without this node, or it can't reach them */
};

enum sc_report_what {
	SC_REPORT_PROGRESS,    /* tally */
	SC_REPORT_COPY_FAILED, /* peer: the node; text: the cause */
	SC_REPORT_NODE_LOST,   /* peer: the node; text: how that is known */
	SC_REPORT_NODE_TORPID, /* peer: the node, which is relieved of relaying */
	SC_REPORT_TAKEOVER, /* peer: the leader before; this node leads now and reports from here on */
	SC_REPORT_ABORTED, /* text: the cause */
	SC_REPORT_ENDED,   /* tally */
};

struct sc_action {
	enum sc_action_what what;
	enum sc_report_what report;
	enum sc_leave leave;
	uint32_t peer;
	uint32_t slot;
	uint32_t chunk;
	uint32_t subfile;
	struct sc_seal seal;
	struct sc_record record;
	struct sc_tally tally;
	size_t offset; /* of bytes or a terminated text in sc_actions.bytes */
	size_t length;
};

/* A list that is filled by a step and emptied by the caller before the next;
 * its memory is kept, so that a running node allocates nothing. */
struct sc_actions {
	struct sc_action *items;
	size_t count;
	size_t capacity;
	uint8_t *bytes;
	size_t bytes_used;
	size_t bytes_capacity;
	struct sc_message message; /* where a node puts one together: too large for each */
};

/* Start with an all-zero struct; free with sc_actions_free. */
void sc_actions_clear(struct sc_actions *);
void sc_actions_free(struct sc_actions *);

/* The bytes of a CONTROL, or the text of a REPORT; valid until the next step. */
const uint8_t *sc_action_bytes(const struct sc_actions *, const struct sc_action *);
const char *sc_action_text(const struct sc_actions *, const struct sc_action *);

/* For the core: make room, append an empty action of a kind, and copy bytes for the last one.
 * Memory that runs out ends the program: nothing could be said of it. */
void sc_actions_grow(struct sc_actions *);
void sc_actions_attach(struct sc_actions *, const void *bytes, size_t length);

static inline struct sc_action *
sc_actions_add(struct sc_actions *actions, enum sc_action_what what)
{
	struct sc_action *action;

	if (actions->count == actions->capacity)
		sc_actions_grow(actions);
	action = &actions->items[actions->count++];
	memset(action, 0, sizeof(*action));
	action->what = what;
	return action;
}

#endif
