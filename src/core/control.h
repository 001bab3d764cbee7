/*
 * The control tree: what goes from node to node beside the chunks, and the state of the run.
 *
 * Down go the seal (the digest of the source), the order to give up and the order to close; up go
 * progress, failed copies, and that a subtree is done.  Where a node has failed, its children are
 * taken over by the first of its ancestors that is left, and all is said once more: repeating any
 * of it does no harm.
 *
 * It owns the parent and the children of this node, the seal, what is known of failed copies, and
 * how far the run is.  It is told of messages, of failures and of what this node has done; it
 * answers whether this node leads, and whether all below it are done.
 *
 * What DONE says, for as long as the leader leads which it names: its sender, and every node that
 * is there and below it in that leader's tree, has nothing left to do for itself.  Failures of
 * others take nodes out of this tree and put no node below one that was not above it before
 * (plan/detour.h), so it stays true.  But a leader is the root, wherever the plan has put it: when
 * it fails, those below it move to its ancestors in the plan, which may have said DONE without
 * them.  So a DONE counts for one leader only, and each node says it anew to the next.
 *
 * CLOSE says that every node is done, and that stays so whichever node leads then.  So it is taken
 * whichever leader has begun it.  Should that leader fail, then a node that has CLOSE says it
 * upwards, too: the next leader has to know that nodes that leave have not failed, and that the
 * outcome was known, though not to it: it says nothing of that.
 */
#ifndef SC_CORE_CONTROL_H
#define SC_CORE_CONTROL_H

#include "core/peers.h"
#include "core/store.h"
#include "plan/detour.h"

#include <stdbool.h>
#include <stdint.h>

/* How far the run is, here; it only advances. */
enum sc_run {
	SC_RUN_ON,
	SC_RUN_ABORTED, /* nothing more is sent, taken or stored */
	SC_RUN_CLOSING, /* CLOSE was said: every node is done */
	SC_RUN_LEAVING, /* with the end of this step */
	SC_RUN_LEFT,
};

/* The digest of the source. */
enum sc_sealing {
	SC_SEAL_UNKNOWN,
	SC_SEAL_ASKED, /* FINISH_SOURCE is under way */
	SC_SEAL_KNOWN,
};

struct sc_child {
	uint32_t node;
	uint32_t done_for; /* the leader of its last DONE; SC_NONE: it has said none */
	struct sc_tally tally;
};

struct sc_control {
	const struct sc_context *context;
	struct sc_store *store;
	struct sc_peers *peers;
	enum sc_run run;
	enum sc_sealing sealing;
	struct sc_seal seal;
	bool is_aborted;    /* also once the run closes */
	char *abort_cause;  /* owned; NULL although aborted: no memory for it */
	bool all_were_told; /* leader: that the run is aborted */
	bool apart;         /* how to leave after CLOSE: sc_leave */
	enum sc_leave leave;
	uint32_t done_for; /* the leader to which this node has said DONE last; SC_NONE: none */
	uint32_t parent;   /* SC_NONE: this node leads */
	struct sc_child *children; /* owned, as all arrays here */
	uint32_t child_count;
	uint32_t child_capacity;
	struct sc_detour_nodes scratch; /* the children that are now in force */
	struct sc_failed *failures;     /* that nodes below have told of */
	uint32_t failure_count;
	uint32_t failure_capacity;
	struct sc_bitmap failed_copies; /* leader: nodes that said so; without memory: none did */
	struct sc_tally last_tally;     /* the last one that was told */
	uint64_t progress_interval_ns;
	uint64_t next_progress_ns;
};

/* Free with sc_control_free.  progress_interval_ns 0: no progress is told. */
void sc_control_init(struct sc_control *, const struct sc_context *, struct sc_store *,
    struct sc_peers *, uint64_t progress_interval_ns);
void sc_control_free(struct sc_control *);
void sc_control_start(struct sc_control *);

static inline bool
sc_control_leads(const struct sc_control *control)
{
	return control->peers->leader == control->context->self;
}
/* Is it done, and was that said, as far as the present leader is concerned? */
static inline bool
sc_control_is_done(const struct sc_control *control)
{
	return control->done_for == control->peers->leader;
}

/* Leader: say something to the user.  text is copied. */
void sc_control_report(const struct sc_control *, enum sc_report_what, uint32_t peer,
    const char *text);
void sc_control_report_tally(const struct sc_control *, enum sc_report_what);

/* After losses: which node is above, which are below?  Those that are new are told what they may
 * have missed.  The first loss that is new: for its report. */
void sc_control_mend(struct sc_control *, uint32_t first_loss);

/* Messages of the tree.  0, or -1 for one that no correct peer sends. */
int sc_control_on_up(struct sc_control *, uint32_t peer, const struct sc_message *);
int sc_control_on_down(struct sc_control *, uint32_t peer, const struct sc_message *);

/* FINISH_SOURCE has ended: well, or not (which ends the run). */
void sc_control_finish_source(struct sc_control *);
void sc_control_on_finished(struct sc_control *, const struct sc_seal *);

/* This node's copy is lost; the run goes on without it. */
void sc_control_copy_failed(struct sc_control *, const char *cause);

/* Something went wrong here that no node can make good: the run has to end. */
void sc_control_fatal(struct sc_control *, const char *cause);

/* Are all below done, as far as the present leader is concerned? */
bool sc_control_children_are_done(const struct sc_control *);

/* This node and all below it are done: say so. */
void sc_control_done(struct sc_control *);

/* Leader: all are done. */
void sc_control_close_run(struct sc_control *);

/* The step ends with LEAVE. */
void sc_control_leave(struct sc_control *, enum sc_leave);

/* This node is out, or alone (peers.h): leave. */
void sc_control_cut_off(struct sc_control *);

/* The time has come to tell of progress. */
void sc_control_on_time(struct sc_control *);

/* Asserts what must always hold.  O(children * peers). */
void sc_control_check(const struct sc_control *);

#endif
