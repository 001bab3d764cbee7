/*
 * A cluster in one process: what the actions of its nodes lead to (see cluster.h).
 */
#include "lib/cluster_impl.h"

#include <stdlib.h>
#include <string.h>

bool
cluster_has_source(const struct cluster *cluster, uint32_t self)
{
	return self == SC_ORIGIN || self == cluster->faults->buddy;
}

static void
do_load(struct cluster *cluster, uint32_t self, const struct sc_action *action)
{
	struct delivery *delivery = cluster_push(cluster, cluster_route(ROUTE_READER, self, 0, 0),
	    self, SC_EVENT_CHUNK_LOADED);

	delivery->event.slot = action->slot;
	delivery->event.chunk = action->chunk;
	if (self == SC_ORIGIN && action->chunk == cluster->faults->source_fails_at) {
		delivery->event.what = SC_EVENT_LOAD_FAILED;
		delivery->event.cause = "the source shrank";
	}
	if (!cluster_has_source(cluster, self))
		cluster->result.loaded_back++;
	cluster_broken(cluster, self,
	    sc_rules_load(&cluster->members[self].rules, action->slot, action->chunk,
		cluster_has_source(cluster, self)));
}

static void
do_store(struct cluster *cluster, uint32_t self, const struct sc_action *action)
{
	struct delivery *delivery = cluster_push(cluster, cluster_route(ROUTE_WRITER, self, 0, 0),
	    self, SC_EVENT_CHUNK_STORED);

	delivery->event.slot = action->slot;
	delivery->event.chunk = action->chunk;
	cluster_broken(cluster, self,
	    sc_rules_store(&cluster->members[self].rules, action->slot, action->chunk));
}

static void
do_send(struct cluster *cluster, uint32_t self, const struct sc_action *action)
{
	struct member *member = &cluster->members[self];
	struct delivery *delivery;

	cluster_broken(cluster, self,
	    sc_rules_send(&member->rules, action->slot, action->chunk, action->subfile));
	if (cluster->members[action->peer].left && !cluster->disturbed)
		cluster_broken(cluster, self, "sends to a node that has left");
	if (sc_bitmap_has(&member->forgotten, action->peer))
		cluster_broken(cluster, self, "sends to a node that it has forgotten");
	member->sent++;
	delivery =
	    cluster_push(cluster, cluster_route(ROUTE_DATA, action->peer, self, action->subfile),
		action->peer, SC_EVENT_CHUNK_ARRIVED);
	delivery->event.peer = self;
	delivery->event.subfile = action->subfile;
	delivery->event.chunk = action->chunk;
	delivery = cluster_push(cluster, cluster_route(ROUTE_SENT, self, action->peer, 0), self,
	    SC_EVENT_CHUNK_SENT);
	delivery->event.peer = action->peer;
	delivery->event.subfile = action->subfile;
	delivery->event.slot = action->slot;
}

static void
do_commit(struct cluster *cluster, uint32_t self)
{
	cluster_broken(cluster, self, sc_rules_commit(&cluster->members[self].rules));
	cluster_push(cluster, cluster_route(ROUTE_WRITER, self, 0, 0), self, SC_EVENT_COMMITTED);
}

static void
do_receive(struct cluster *cluster, uint32_t self, const struct sc_action *action)
{
	struct member *member = &cluster->members[self];

	if (sc_bitmap_has(&member->forgotten, action->peer))
		cluster_broken(cluster, self, "posts a receive for a node that it has forgotten");
	cluster_broken(cluster, self,
	    sc_rules_receive(&member->rules, action->slot, action->peer, action->subfile));
}

/* Receives end in any order, at any time. */
static void
end_receives(struct cluster *cluster, uint32_t self, uint32_t peer, uint32_t subfile)
{
	uint32_t slot;

	while ((slot = sc_rules_end_receive(&cluster->members[self].rules, peer, subfile)) !=
	    SC_NONE) {
		struct delivery *delivery = cluster_push(cluster,
		    cluster_route(ROUTE_ENDED, self, peer, slot), self, SC_EVENT_RECEIVE_ENDED);

		delivery->event.peer = peer;
		delivery->event.slot = slot;
	}
}

static void
do_forget(struct cluster *cluster, uint32_t self, uint32_t peer)
{
	if (!sc_bitmap_add(&cluster->members[self].forgotten, peer))
		cluster_broken(cluster, self, "forgets a node twice");
	end_receives(cluster, self, peer, SC_NONE);
}

void
cluster_tell_of_end(struct cluster *cluster, uint32_t self)
{
	cluster->disturbed = true;
	for (uint32_t i = 0; i <= cluster->plan->recipients; i++) {
		if (i != self && !cluster->members[i].left && !cluster->members[i].crashed)
			cluster_push(cluster, cluster_route(ROUTE_FAILED, i, self, 0), i,
			    SC_EVENT_PEER_FAILED)
			    ->event.peer = self;
	}
}

static void
do_leave(struct cluster *cluster, uint32_t self, enum sc_leave leave)
{
	struct member *member = &cluster->members[self];
	struct sc_rules_exit exit = {
		.aborted = member->aborted, .cut_off = leave == SC_LEAVE_CUT_OFF};

	cluster_broken(cluster, self, sc_rules_leave(&member->rules, &exit));
	member->left = true;
	if (leave != SC_LEAVE_TOGETHER)
		cluster_tell_of_end(cluster, self);
	else if (sc_node_leader(member->node) == self)
		cluster->closed = true;
}

static void
do_report(struct cluster *cluster, uint32_t self, const struct sc_action *action)
{
	struct cluster_result *result = &cluster->result;
	struct member *member = &cluster->members[self];

	if (sc_node_leader(member->node) != self)
		cluster_broken(cluster, self, "reports though it does not lead");
	switch (action->report) {
	case SC_REPORT_COPY_FAILED:
		member->failures_named++;
		break;
	case SC_REPORT_NODE_LOST:
		member->lost_named++;
		break;
	case SC_REPORT_ABORTED:
		member->gave_up = result->aborted = true;
		break;
	case SC_REPORT_ENDED:
		result->leader = self;
		result->aborted = member->gave_up;
		result->failures_named = member->failures_named;
		result->lost_named = member->lost_named;
		result->committed = action->tally.committed;
		result->failed = action->tally.failed;
		break;
	default:
		break;
	}
}

static void
do_finish(struct cluster *cluster, uint32_t self)
{
	struct delivery *delivery = cluster_push(cluster, cluster_route(ROUTE_READER, self, 0, 0),
	    self, SC_EVENT_SOURCE_FINISHED);

	if (!cluster_has_source(cluster, self))
		cluster_broken(cluster, self, "finishes a source that it does not have");
	if (self == SC_ORIGIN && cluster->faults->source_fails_at == cluster->plan->chunks) {
		delivery->event.what = SC_EVENT_LOAD_FAILED;
		delivery->event.slot = SC_NONE;
		delivery->event.cause = "the source changed";
	}
}

static void
note_record(struct cluster *cluster, uint32_t self, const struct sc_action *action)
{
	const struct sc_plan *plan = cluster->plan;

	if (action->record.what == SC_RECORD_ABORTED)
		cluster->members[self].aborted = true;
	if (self == plan->recipients && action->record.what == SC_RECORD_FIRST_CHUNK &&
	    cluster->result.last_group_began == SC_NONE)
		cluster->result.last_group_began = cluster->members[1].rules.stored.count;
}

void
cluster_perform(struct cluster *cluster, uint32_t self, const struct sc_action *action)
{
	struct delivery *delivery;

	switch (action->what) {
	case SC_ACTION_LOAD:
		do_load(cluster, self, action);
		break;
	case SC_ACTION_RECEIVE:
		do_receive(cluster, self, action);
		break;
	case SC_ACTION_WITHDRAW:
		end_receives(cluster, self, action->peer, action->subfile);
		break;
	case SC_ACTION_FORGET:
		do_forget(cluster, self, action->peer);
		break;
	case SC_ACTION_SEND:
		do_send(cluster, self, action);
		break;
	case SC_ACTION_STORE:
		do_store(cluster, self, action);
		break;
	case SC_ACTION_FINISH_SOURCE:
		do_finish(cluster, self);
		break;
	case SC_ACTION_COMMIT:
		do_commit(cluster, self);
		break;
	case SC_ACTION_CONTROL:
		delivery =
		    cluster_push(cluster, cluster_route(ROUTE_CONTROL, action->peer, self, 0),
			action->peer, SC_EVENT_CONTROL_ARRIVED);
		delivery->event.peer = self;
		delivery->event.length = action->length;
		delivery->bytes = malloc(action->length + 1);
		if (delivery->bytes == NULL)
			abort();
		memcpy(delivery->bytes, sc_action_bytes(&cluster->actions, action), action->length);
		delivery->event.bytes = delivery->bytes;
		break;
	case SC_ACTION_RECORD:
		note_record(cluster, self, action);
		break;
	case SC_ACTION_REPORT:
		do_report(cluster, self, action);
		break;
	case SC_ACTION_LEAVE:
		do_leave(cluster, self, action->leave);
		break;
	}
}
