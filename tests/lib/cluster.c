/*
 * A cluster in one process: see cluster.h.
 */
#include "lib/cluster.h"

#include "base/random.h"
#include "core/node.h"
#include "sim/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUTE_READER, ROUTE_WRITER, ROUTE_CONTROL, ROUTE_DATA, ROUTE_SENT };

/* Something under way: it becomes an event of a node. */
struct delivery {
	uint64_t route; /* deliveries of one route keep their order */
	uint32_t node;
	struct sc_event event;
	uint8_t *bytes;
};

struct member {
	struct sc_node *node;
	struct sc_rules rules;
	uint64_t sent;
	bool sink_failed;
	bool aborted;
	bool left;
};

struct cluster {
	const struct sc_plan *plan;
	const struct cluster_faults *faults;
	struct sc_random random;
	struct member *members;
	struct delivery *queue;
	size_t count;
	size_t capacity;
	uint64_t now_ns;
	struct sc_actions actions;
	struct cluster_result result;
};

const struct cluster_faults cluster_no_faults = {
	.sink_fails_node = SC_NONE,
	.source_fails_at = SC_NONE,
	.damaged_node = SC_NONE,
};

static void
broken(struct cluster *cluster, uint32_t node, const char *rule)
{
	if (rule != NULL && cluster->result.violations++ < 5)
		fprintf(stderr, "node %u: %s (n=%u k=%u groups=%u chunks=%u window=%u)\n", node,
		    rule, cluster->plan->recipients, cluster->plan->subfiles,
		    cluster->plan->group_count, cluster->plan->chunks, cluster->plan->window);
}

static uint64_t
route(uint64_t kind, uint64_t to, uint64_t from, uint64_t tag)
{
	return kind << 60 | to << 40 | from << 20 | tag;
}

static struct delivery *
push(struct cluster *cluster, uint64_t on, uint32_t node, enum sc_event_what what)
{
	struct delivery *delivery;

	if (cluster->count == cluster->capacity) {
		cluster->capacity = cluster->capacity == 0 ? 256 : 2 * cluster->capacity;
		cluster->queue =
		    realloc(cluster->queue, cluster->capacity * sizeof(*cluster->queue));
		if (cluster->queue == NULL)
			abort();
	}
	delivery = &cluster->queue[cluster->count++];
	*delivery = (struct delivery){.route = on, .node = node, .event = {.what = what}};
	return delivery;
}

/* Take one at random; of its route, the oldest. */
static struct delivery
pop(struct cluster *cluster)
{
	size_t at = (size_t)sc_random_below(&cluster->random, cluster->count);
	struct delivery delivery;

	for (size_t i = 0; i < at; i++) {
		if (cluster->queue[i].route == cluster->queue[at].route) {
			at = i;
			break;
		}
	}
	delivery = cluster->queue[at];
	memmove(&cluster->queue[at], &cluster->queue[at + 1],
	    (cluster->count - at - 1) * sizeof(*cluster->queue));
	cluster->count--;
	return delivery;
}

static void
do_load(struct cluster *cluster, uint32_t self, const struct sc_action *action)
{
	struct delivery *delivery =
	    push(cluster, route(ROUTE_READER, self, 0, 0), self, SC_EVENT_CHUNK_LOADED);

	delivery->event.slot = action->slot;
	delivery->event.chunk = action->chunk;
	if (self == SC_ORIGIN && action->chunk == cluster->faults->source_fails_at) {
		delivery->event.what = SC_EVENT_LOAD_FAILED;
		delivery->event.cause = "the source shrank";
	}
	if (self != SC_ORIGIN)
		cluster->result.loaded_back++;
	broken(cluster, self,
	    sc_rules_load(&cluster->members[self].rules, action->slot, action->chunk,
		self == SC_ORIGIN));
}

static void
do_store(struct cluster *cluster, uint32_t self, const struct sc_action *action)
{
	struct delivery *delivery =
	    push(cluster, route(ROUTE_WRITER, self, 0, 0), self, SC_EVENT_CHUNK_STORED);

	delivery->event.slot = action->slot;
	delivery->event.chunk = action->chunk;
	broken(cluster, self,
	    sc_rules_store(&cluster->members[self].rules, action->slot, action->chunk));
}

static void
do_send(struct cluster *cluster, uint32_t self, const struct sc_action *action)
{
	struct member *member = &cluster->members[self];
	struct delivery *delivery;

	broken(cluster, self,
	    sc_rules_send(&member->rules, action->slot, action->chunk, action->subfile));
	if (cluster->members[action->peer].left)
		broken(cluster, self, "sends to a node that has left");
	member->sent++;
	delivery = push(cluster, route(ROUTE_DATA, action->peer, self, action->subfile),
	    action->peer, SC_EVENT_CHUNK_ARRIVED);
	delivery->event.peer = self;
	delivery->event.subfile = action->subfile;
	delivery->event.chunk = action->chunk;
	delivery =
	    push(cluster, route(ROUTE_SENT, self, action->peer, 0), self, SC_EVENT_CHUNK_SENT);
	delivery->event.peer = action->peer;
	delivery->event.subfile = action->subfile;
	delivery->event.slot = action->slot;
}

static void
do_commit(struct cluster *cluster, uint32_t self)
{
	broken(cluster, self, sc_rules_commit(&cluster->members[self].rules));
	push(cluster, route(ROUTE_WRITER, self, 0, 0), self, SC_EVENT_COMMITTED);
	cluster->result.commits++;
}

static void
do_leave(struct cluster *cluster, uint32_t self)
{
	struct member *member = &cluster->members[self];

	broken(cluster, self, sc_rules_leave(&member->rules, member->aborted));
	member->left = true;
}

static void
do_report(struct cluster *cluster, const struct sc_action *action)
{
	struct cluster_result *result = &cluster->result;

	switch (action->report) {
	case SC_REPORT_PROGRESS:
		break;
	case SC_REPORT_COPY_FAILED:
		result->failures_named++;
		break;
	case SC_REPORT_ABORTED:
		result->aborted = true;
		break;
	case SC_REPORT_ENDED:
		result->committed = action->tally.committed;
		result->failed = action->tally.failed;
		break;
	}
}

static void
do_finish(struct cluster *cluster)
{
	struct delivery *delivery = push(cluster, route(ROUTE_READER, SC_ORIGIN, 0, 0), SC_ORIGIN,
	    SC_EVENT_SOURCE_FINISHED);

	if (cluster->faults->source_fails_at == cluster->plan->chunks) {
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

static void
perform(struct cluster *cluster, uint32_t self, const struct sc_action *action)
{
	struct delivery *delivery;

	switch (action->what) {
	case SC_ACTION_LOAD:
		do_load(cluster, self, action);
		break;
	case SC_ACTION_RECEIVE:
		broken(cluster, self,
		    sc_rules_receive(&cluster->members[self].rules, action->slot, action->peer,
			action->subfile));
		break;
	case SC_ACTION_SEND:
		do_send(cluster, self, action);
		break;
	case SC_ACTION_STORE:
		do_store(cluster, self, action);
		break;
	case SC_ACTION_FINISH_SOURCE:
		do_finish(cluster);
		break;
	case SC_ACTION_COMMIT:
		do_commit(cluster, self);
		break;
	case SC_ACTION_CONTROL:
		delivery = push(cluster, route(ROUTE_CONTROL, action->peer, self, 0), action->peer,
		    SC_EVENT_CONTROL_ARRIVED);
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
		do_report(cluster, action);
		break;
	case SC_ACTION_LEAVE:
		do_leave(cluster, self);
		break;
	}
}

static void
step(struct cluster *cluster, uint32_t self, struct sc_event *event)
{
	struct member *member = &cluster->members[self];

	if (member->left) {
		/* After an abort nobody waits for what is still in the network. */
		if (!cluster->result.aborted ||
		    (event->what != SC_EVENT_CHUNK_ARRIVED &&
			event->what != SC_EVENT_CONTROL_ARRIVED))
			broken(cluster, self, "something was under way to it when it left");
		return;
	}
	event->now_ns = cluster->now_ns++;
	sc_actions_clear(&cluster->actions);
	if (sc_node_step(member->node, event, &cluster->actions) != 0)
		broken(cluster, self, "refused an event");
	cluster->result.steps++;
	if (sc_node_slots_used(member->node) > cluster->result.most_slots)
		cluster->result.most_slots = sc_node_slots_used(member->node);
	for (size_t i = 0; i < cluster->actions.count; i++) {
		struct sc_action action = cluster->actions.items[i];

		perform(cluster, self, &action);
	}
}

/* What is in the store now, or was the one chunk too many. */
static const char *
end_store(struct cluster *cluster, struct member *member, struct delivery *delivery)
{
	const struct cluster_faults *faults = cluster->faults;
	struct sc_event *event = &delivery->event;

	if (faults->sink_fails_node == delivery->node &&
	    member->rules.stored.count >= faults->sink_fails_after)
		member->sink_failed = true;
	if (member->sink_failed) {
		event->what = SC_EVENT_STORE_FAILED;
		event->cause = "no space left";
	}
	return sc_rules_stored(&member->rules, event->slot, event->chunk, !member->sink_failed);
}

/* What happens to the slots when something is no longer under way. */
static const char *
end(struct cluster *cluster, struct member *member, struct delivery *delivery)
{
	const struct cluster_faults *faults = cluster->faults;
	struct sc_event *event = &delivery->event;

	switch (event->what) {
	case SC_EVENT_CHUNK_LOADED:
		return sc_rules_loaded(&member->rules, event->slot, event->chunk, true);
	case SC_EVENT_LOAD_FAILED:
		return event->slot == SC_NONE
		    ? NULL
		    : sc_rules_loaded(&member->rules, event->slot, event->chunk, false);
	case SC_EVENT_CHUNK_STORED:
		return end_store(cluster, member, delivery);
	case SC_EVENT_CHUNK_SENT:
		return sc_rules_sent(&member->rules, event->slot);
	case SC_EVENT_CHUNK_ARRIVED:
		event->intact = !(delivery->node == faults->damaged_node &&
		    event->chunk == faults->damaged_chunk);
		return sc_rules_arrived(&member->rules, event->peer, event->subfile, event->chunk,
		    event->intact, &event->slot);
	default:
		return NULL;
	}
}

static void
deliver(struct cluster *cluster, struct delivery *delivery)
{
	struct member *member = &cluster->members[delivery->node];
	const char *rule = member->left ? NULL : end(cluster, member, delivery);

	broken(cluster, delivery->node, rule);
	if (rule == NULL)
		step(cluster, delivery->node, &delivery->event);
}

static void
start(struct cluster *cluster)
{
	const struct sc_plan *plan = cluster->plan;

	for (uint32_t i = 0; i <= plan->recipients; i++) {
		struct member *member = &cluster->members[i];
		struct sc_node_config config = {
			.plan = plan,
			.self = i,
			.keeps_copy = i != SC_ORIGIN || !cluster->faults->origin_keeps_no_copy,
			.progress_interval_ns = 200,
		};

		member->node = sc_node_new(&config);
		if (member->node == NULL)
			abort();
		sc_rules_init(&member->rules, plan);
		member->sink_failed = cluster->faults->all_sinks_fail;
	}
	for (uint32_t i = 0; i <= plan->recipients; i++) {
		struct sc_event event = {.what = SC_EVENT_STARTED};

		step(cluster, i, &event);
	}
	if (cluster->faults->all_sinks_fail) {
		for (uint32_t i = 0; i <= plan->recipients; i++) {
			struct delivery *delivery =
			    push(cluster, route(ROUTE_WRITER, i, 0, 0), i, SC_EVENT_STORE_FAILED);

			delivery->event.slot = SC_NONE;
			delivery->event.cause = "no such directory";
		}
	}
}

static void
fire_deadlines(struct cluster *cluster)
{
	for (uint32_t i = 0; i <= cluster->plan->recipients; i++) {
		struct member *member = &cluster->members[i];

		if (!member->left && sc_node_deadline_ns(member->node) <= cluster->now_ns) {
			struct sc_event event = {.what = SC_EVENT_TIME};

			step(cluster, i, &event);
		}
	}
}

static void
finish(struct cluster *cluster)
{
	struct cluster_result *result = &cluster->result;

	result->ended = true;
	for (uint32_t i = 0; i <= cluster->plan->recipients; i++) {
		struct member *member = &cluster->members[i];

		if (!member->left)
			result->ended = false;
		if (i == SC_ORIGIN)
			result->origin_sent = member->sent;
		else if (member->sent > result->most_sent)
			result->most_sent = member->sent;
		sc_node_free(member->node);
		sc_rules_free(&member->rules);
	}
	if (!result->ended)
		broken(cluster, 0, "the run came to a standstill");
	sc_actions_free(&cluster->actions);
	free(cluster->queue);
	free(cluster->members);
}

struct cluster_result
cluster_run(const struct sc_plan *plan, uint64_t seed, const struct cluster_faults *faults)
{
	struct cluster cluster = {
		.plan = plan,
		.faults = faults,
		.random = {.state = seed},
		.result = {.last_group_began = SC_NONE},
	};

	cluster.members = calloc(plan->recipients + 1, sizeof(*cluster.members));
	if (cluster.members == NULL)
		abort();
	start(&cluster);
	while (cluster.count > 0) {
		struct delivery delivery = pop(&cluster);

		deliver(&cluster, &delivery);
		free(delivery.bytes);
		fire_deadlines(&cluster);
	}
	finish(&cluster);
	return cluster.result;
}
