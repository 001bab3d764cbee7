/*
 * The inside of a cluster, shared by cluster.c (what happens to nodes, in which order)
 * and cluster_perform.c (what their actions lead to).
 */
#ifndef SC_TESTS_CLUSTER_IMPL_H
#define SC_TESTS_CLUSTER_IMPL_H

#include "base/random.h"
#include "core/node.h"
#include "lib/cluster.h"
#include "sim/rules.h"

#include <stddef.h>

enum {
	ROUTE_READER,
	ROUTE_WRITER,
	ROUTE_CONTROL,
	ROUTE_DATA,
	ROUTE_SENT,
	ROUTE_ENDED,
	ROUTE_FAILED,
};

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
	struct sc_bitmap forgotten; /* peers */
	uint64_t sent;
	uint32_t steps;
	uint32_t failures_named; /* by it, as the leader */
	uint32_t lost_named;
	bool gave_up; /* as the leader */
	bool sink_failed;
	bool aborted;
	bool left;
	bool crashed;
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
	bool disturbed; /* a node has failed */
	bool closed;    /* the leader has left, together with all others, as far as it knows */
	struct sc_actions actions;
	struct cluster_result result;
};

/* cluster.c */
void cluster_broken(struct cluster *, uint32_t node, const char *rule);
uint64_t cluster_route(uint64_t kind, uint64_t to, uint64_t from, uint64_t tag);
/* Put something under way; the pointer holds until the next one. */
struct delivery *cluster_push(struct cluster *, uint64_t route, uint32_t node, enum sc_event_what);

/* cluster_perform.c */
bool cluster_has_source(const struct cluster *, uint32_t self);
/* A process has ended: all others learn of it, each at some time. */
void cluster_tell_of_end(struct cluster *, uint32_t self);
void cluster_perform(struct cluster *, uint32_t self, const struct sc_action *);

#endif
