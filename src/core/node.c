/*
 * A node: making one, and what can be asked of it (see node.h).  The step is in step.c.
 */
#include "core/node_impl.h"

#include <assert.h>
#include <stdlib.h>

/* The parts that own nothing but a few numbers. */
static void
init_small_parts(struct sc_node *node, const struct sc_node_config *config)
{
	sc_turns_init(&node->turns, &node->out, config->chunk_ns);
	node->loads = (struct sc_loads){.supply = &node->supply};
	node->pace = (struct sc_pace){.control = &node->control, .turns = &node->turns};
}

static int
init_parts(struct sc_node *node, const struct sc_node_config *config)
{
	struct sc_context *context = &node->context;

	sc_peers_init(&node->peers, context, config->buddy, config->heartbeat_ns,
	    config->timeout_ns);
	sc_control_init(&node->control, context, &node->store, &node->peers,
	    config->progress_interval_ns);
	init_small_parts(node, config);
	if (sc_pool_init(&node->pool, context->plan) != 0 ||
	    sc_store_init(&node->store, context, &node->pool, config->keeps_copy,
		config->awaits_store) != 0 ||
	    sc_out_init(&node->out, context, &node->pool, &node->store, &node->peers) != 0 ||
	    sc_in_init(&node->in, context, &node->pool, &node->store, &node->out, &node->peers) !=
		0)
		return -1;
	sc_supply_init(&node->supply, &node->in, &node->control);
	return 0;
}

struct sc_node *
sc_node_new(const struct sc_node_config *config)
{
	struct sc_node *node = calloc(1, sizeof(*node));

	assert(config->self <= config->plan->recipients);
	assert(config->keeps_copy || config->self == SC_ORIGIN);
	if (node == NULL)
		return NULL;
	node->context = (struct sc_context){
		.plan = config->plan,
		.self = config->self,
		.is_origin = config->self == SC_ORIGIN,
		.has_source = config->has_source || config->self == SC_ORIGIN,
	};
	if (init_parts(node, config) != 0) {
		sc_node_free(node);
		return NULL;
	}
	return node;
}

void
sc_node_free(struct sc_node *node)
{
	if (node == NULL)
		return;
	sc_supply_free(&node->supply);
	sc_in_free(&node->in);
	sc_out_free(&node->out);
	sc_store_free(&node->store);
	sc_pool_free(&node->pool);
	sc_control_free(&node->control);
	sc_peers_free(&node->peers);
	free(node);
}

uint64_t
sc_node_deadline_ns(const struct sc_node *node)
{
	uint64_t deadline_ns = node->peers.next_beat_ns;

	if (node->control.run == SC_RUN_LEFT)
		return UINT64_MAX;
	if (node->turns.pass_over_ns < deadline_ns)
		deadline_ns = node->turns.pass_over_ns;
	return node->control.next_progress_ns < deadline_ns ? node->control.next_progress_ns
							    : deadline_ns;
}

uint32_t
sc_node_leader(const struct sc_node *node)
{
	return node->peers.leader;
}

const struct sc_roster *
sc_node_roster(const struct sc_node *node)
{
	return &node->peers.roster;
}

uint32_t
sc_node_slots_used(const struct sc_node *node)
{
	return node->pool.used;
}

bool
sc_node_left(const struct sc_node *node)
{
	return node->control.run == SC_RUN_LEFT;
}

bool
sc_node_waits_for_storage(const struct sc_node *node)
{
	return node->store.stores > 0 || node->loads.under_way > 0 ||
	    node->store.copy == SC_COPY_COMMITTING;
}

void
sc_node_check(const struct sc_node *node)
{
	assert(node->out.closed == node->in.closed);
	assert(!node->out.closed || node->control.is_aborted);
	if (node->control.run == SC_RUN_LEFT)
		return; /* what was begun is the caller's to drop */
	sc_pool_check(&node->pool);
	sc_store_check(&node->store);
	sc_peers_check(&node->peers);
	sc_control_check(&node->control);
	sc_out_check(&node->out);
	sc_in_check(&node->in);
	sc_supply_check(&node->supply);
	sc_turns_check(&node->turns);
	sc_loads_check(&node->loads);
}
