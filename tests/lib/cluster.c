/*
 * A cluster in one process: see cluster.h.
 */
#include "lib/cluster.h"

#include "base/vector.h"
#include "lib/cluster_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct cluster_faults cluster_no_faults = {
	.sink_fails_node = SC_NONE,
	.source_fails_at = SC_NONE,
	.damaged_node = SC_NONE,
	.buddy = SC_NONE,
};

void
cluster_broken(struct cluster *cluster, uint32_t node, const char *rule)
{
	if (rule != NULL && cluster->result.violations++ < 5)
		fprintf(stderr, "node %u: %s (n=%u k=%u groups=%u chunks=%u window=%u)\n", node,
		    rule, cluster->plan->recipients, cluster->plan->subfiles,
		    cluster->plan->group_count, cluster->plan->chunks, cluster->plan->window);
}

uint64_t
cluster_route(uint64_t kind, uint64_t to, uint64_t from, uint64_t tag)
{
	return kind << 60 | to << 40 | from << 20 | tag;
}

struct delivery *
cluster_push(struct cluster *cluster, uint64_t on, uint32_t node, enum sc_event_what what)
{
	struct delivery *delivery;

	cluster->queue = sc_vector_must(cluster->queue, cluster->count + 1, &cluster->capacity,
	    sizeof(*cluster->queue));
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
crash_if_due(struct cluster *cluster, uint32_t self)
{
	const struct cluster_faults *faults = cluster->faults;
	struct member *member = &cluster->members[self];

	for (uint32_t i = 0; i < faults->crash_count; i++) {
		if (faults->crashes[i].node == self && member->steps >= faults->crashes[i].after &&
		    !member->left && !member->crashed) {
			member->crashed = true;
			cluster->result.crashed++;
			cluster_tell_of_end(cluster, self);
		}
	}
}

static void
step(struct cluster *cluster, uint32_t self, struct sc_event *event)
{
	struct member *member = &cluster->members[self];

	if (member->left) {
		/* After an abort or a failure no node waits for what is in the network. */
		if (!cluster->disturbed &&
		    (!cluster->result.aborted ||
			(event->what != SC_EVENT_CHUNK_ARRIVED &&
			    event->what != SC_EVENT_CONTROL_ARRIVED)))
			cluster_broken(cluster, self, "something was under way to it when it left");
		return;
	}
	event->now_ns = cluster->now_ns++;
	sc_actions_clear(&cluster->actions);
	if (sc_node_step(member->node, event, &cluster->actions) != 0)
		cluster_broken(cluster, self, "refused an event");
	sc_node_check(member->node);
	cluster->result.steps++;
	if (sc_node_slots_used(member->node) > cluster->result.most_slots)
		cluster->result.most_slots = sc_node_slots_used(member->node);
	for (size_t i = 0; i < cluster->actions.count; i++) {
		struct sc_action action = cluster->actions.items[i];

		cluster_perform(cluster, self, &action);
	}
	member->steps++;
	crash_if_due(cluster, self);
}

/* A chunk is in the store now, or the store has failed. */
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

static const char *
end_arrival(struct cluster *cluster, struct member *member, struct delivery *delivery)
{
	const struct cluster_faults *faults = cluster->faults;
	struct sc_event *event = &delivery->event;
	uint32_t chunk = event->chunk;

	event->intact = delivery->node != faults->damaged_node || chunk != faults->damaged_chunk ||
	    cluster->result.damages >= faults->damaged_times;
	if (!event->intact) {
		event->chunk = SC_NONE;
		cluster->result.damages++;
	}
	return sc_rules_arrived(&member->rules, event->peer, event->subfile, chunk, event->intact,
	    &event->slot);
}

/* What happens to the slots when something is no longer under way. */
static const char *
end(struct cluster *cluster, struct member *member, struct delivery *delivery)
{
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
		return end_arrival(cluster, member, delivery);
	case SC_EVENT_RECEIVE_ENDED:
		sc_rules_ended(&member->rules, event->slot);
		return NULL;
	case SC_EVENT_COMMITTED:
		member->rules.committing = false;
		cluster->result.commits++;
		return NULL;
	default:
		return NULL;
	}
}

static void
deliver(struct cluster *cluster, struct delivery *delivery)
{
	struct member *member = &cluster->members[delivery->node];
	const char *rule;

	/* A process that has ended takes nothing, and chunks of a forgotten node are ignored. */
	if (member->crashed ||
	    (delivery->event.what == SC_EVENT_CHUNK_ARRIVED &&
		sc_bitmap_has(&member->forgotten, delivery->event.peer)))
		return;
	rule = member->left ? NULL : end(cluster, member, delivery);
	cluster_broken(cluster, delivery->node, rule);
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
			.has_source = i != SC_ORIGIN && cluster_has_source(cluster, i),
			.buddy = cluster->faults->buddy,
			.progress_interval_ns = 200,
		};

		member->node = sc_node_new(&config);
		if (member->node == NULL ||
		    sc_bitmap_init(&member->forgotten, plan->recipients + 1) != 0)
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
			struct delivery *delivery = cluster_push(cluster,
			    cluster_route(ROUTE_WRITER, i, 0, 0), i, SC_EVENT_STORE_FAILED);

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

		if (!member->left && !member->crashed &&
		    sc_node_deadline_ns(member->node) <= cluster->now_ns) {
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

		/* A crash after that leaves those below it waiting, until the shell ends them. */
		if (!member->left && !member->crashed && !(cluster->closed && cluster->disturbed))
			result->ended = false;
		if (i == SC_ORIGIN)
			result->origin_sent = member->sent;
		else if (member->sent > result->most_sent)
			result->most_sent = member->sent;
		sc_node_free(member->node);
		sc_rules_free(&member->rules);
		sc_bitmap_free(&member->forgotten);
	}
	if (!result->ended)
		cluster_broken(cluster, 0, "the run came to a standstill");
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
