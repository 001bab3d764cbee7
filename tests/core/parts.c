/*
 * Parts of a node: see parts.h.
 */
#include "core/parts.h"

#include "core/finish.h"
#include "core/pace.h"
#include "lib/suite.h"

#include <stdlib.h>

static void *
zeroed(size_t bytes)
{
	void *memory = calloc(1, bytes);

	CU_ASSERT_PTR_NOT_NULL_FATAL(memory);
	return memory;
}

static void
make_plan(struct parts *parts, const struct parts_config *config)
{
	struct sc_plan_shape shape = {
		.group_size = PARTS_SUBFILES,
		.tree_groups = 2,
		.branching = 1,
		.chunk_bytes = 4096,
		.window = config->window == 0 ? 2 : config->window,
		.store_and_forward = config->store_and_forward,
	};
	uint64_t chunks = (config->chunks == 0 ? 4 : config->chunks) * (uint64_t)PARTS_SUBFILES;

	CU_ASSERT_EQUAL_FATAL(sc_plan_make(&parts->plan, PARTS_NODES, chunks * shape.chunk_bytes,
				  &shape, 0, NULL),
	    0);
}

static void
make_lower(struct parts *parts, enum parts_level level, const struct parts_config *config)
{
	const struct sc_context *context = &parts->context;

	if (level >= PARTS_POOL) {
		parts->pool = zeroed(sizeof(*parts->pool));
		CU_ASSERT_EQUAL_FATAL(sc_pool_init(parts->pool, &parts->plan), 0);
	}
	if (level >= PARTS_STORE) {
		parts->store = zeroed(sizeof(*parts->store));
		CU_ASSERT_EQUAL_FATAL(sc_store_init(parts->store, context, parts->pool,
					  !config->keeps_none, config->opening),
		    0);
	}
	if (level >= PARTS_PEERS) {
		parts->peers = zeroed(sizeof(*parts->peers));
		sc_peers_init(parts->peers, context, config->buddy == 0 ? SC_NONE : config->buddy,
		    config->heartbeat_ns, config->timeout_ns);
	}
	if (level >= PARTS_CONTROL) {
		parts->control = zeroed(sizeof(*parts->control));
		sc_control_init(parts->control, context, parts->store, parts->peers,
		    config->progress_ns);
	}
}

static void
make_edges(struct parts *parts, enum parts_level level, const struct parts_config *config)
{
	const struct sc_context *context = &parts->context;

	if (level >= PARTS_OUT) {
		parts->out = zeroed(sizeof(*parts->out));
		CU_ASSERT_EQUAL_FATAL(sc_out_init(parts->out, context, parts->pool, parts->store,
					  parts->peers),
		    0);
	}
	if (level >= PARTS_IN) {
		parts->in = zeroed(sizeof(*parts->in));
		CU_ASSERT_EQUAL_FATAL(sc_in_init(parts->in, context, parts->pool, parts->store,
					  parts->out, parts->peers),
		    0);
	}
	if (level >= PARTS_SUPPLY) {
		parts->supply = zeroed(sizeof(*parts->supply));
		sc_supply_init(parts->supply, parts->in, parts->control);
	}
	if (level >= PARTS_TURNS) {
		parts->turns = zeroed(sizeof(*parts->turns));
		sc_turns_init(parts->turns, parts->out, config->chunk_ns);
	}
}

static void
make_upper(struct parts *parts, enum parts_level level)
{
	if (level >= PARTS_LOADS) {
		parts->loads = zeroed(sizeof(*parts->loads));
		*parts->loads = (struct sc_loads){.supply = parts->supply};
	}
	if (level >= PARTS_PACE) {
		parts->pace = zeroed(sizeof(*parts->pace));
		*parts->pace = (struct sc_pace){.control = parts->control, .turns = parts->turns};
	}
	if (level >= PARTS_FINISH) {
		parts->finish = parts->loads;
	}
}

struct parts *
parts_new(enum parts_level level, const struct parts_config *config)
{
	struct parts *parts = zeroed(sizeof(*parts));

	make_plan(parts, config);
	parts->context = (struct sc_context){
		.plan = &parts->plan,
		.self = config->self,
		.is_origin = config->self == SC_ORIGIN,
		.has_source = config->self == SC_ORIGIN || config->self == config->buddy,
		.actions = &parts->actions,
	};
	make_lower(parts, level, config);
	make_edges(parts, level, config);
	make_upper(parts, level);
	return parts;
}

static void
check(const struct parts *parts)
{
	if (parts->pool != NULL)
		sc_pool_check(parts->pool);
	if (parts->store != NULL)
		sc_store_check(parts->store);
	if (parts->peers != NULL)
		sc_peers_check(parts->peers);
	if (parts->control != NULL)
		sc_control_check(parts->control);
	if (parts->out != NULL)
		sc_out_check(parts->out);
	if (parts->in != NULL)
		sc_in_check(parts->in);
	if (parts->supply != NULL)
		sc_supply_check(parts->supply);
	if (parts->turns != NULL)
		sc_turns_check(parts->turns);
	if (parts->loads != NULL)
		sc_loads_check(parts->loads);
}

void
parts_free(struct parts *parts)
{
	check(parts);
	if (parts->supply != NULL)
		sc_supply_free(parts->supply);
	if (parts->in != NULL)
		sc_in_free(parts->in);
	if (parts->out != NULL)
		sc_out_free(parts->out);
	if (parts->control != NULL)
		sc_control_free(parts->control);
	if (parts->peers != NULL)
		sc_peers_free(parts->peers);
	if (parts->store != NULL)
		sc_store_free(parts->store);
	if (parts->pool != NULL)
		sc_pool_free(parts->pool);
	free(parts->pace);
	free(parts->loads);
	free(parts->turns);
	free(parts->supply);
	free(parts->in);
	free(parts->out);
	free(parts->control);
	free(parts->peers);
	free(parts->store);
	free(parts->pool);
	sc_actions_free(&parts->actions);
	sc_plan_free(&parts->plan);
	free(parts);
}

void
parts_at(struct parts *parts, uint64_t now_ns)
{
	sc_actions_clear(&parts->actions);
	parts->context.now_ns = now_ns;
}

void
parts_open(struct parts *parts, uint32_t subfiles)
{
	struct sc_bitmap held = {0};

	CU_ASSERT_EQUAL_FATAL(sc_bitmap_init(&held, parts->plan.chunks), 0);
	for (uint32_t chunk = 0; chunk < parts->plan.chunks; chunk++) {
		if ((subfiles >> sc_chunk_subfile(&parts->context, chunk) & 1) != 0)
			sc_bitmap_add(&held, chunk);
	}
	sc_store_open(parts->store, &held);
	sc_bitmap_free(&held);
}

uint32_t
parts_hold(struct parts *parts, uint32_t chunk, bool stored)
{
	bool is_origin = parts->context.is_origin;
	uint32_t subfile = sc_chunk_subfile(&parts->context, chunk);
	uint32_t slot = sc_pool_take(parts->pool, is_origin ? SC_NONE : subfile, SC_SLOT_HOLDING);

	CU_ASSERT_NOT_EQUAL_FATAL(slot, SC_NONE);
	sc_pool_assign(parts->pool, slot, chunk);
	if (is_origin) {
		sc_bitmap_add(&parts->store->here, chunk);
		if (parts->store->read <= chunk)
			parts->store->read = chunk + 1;
	} else {
		sc_store_add(parts->store, chunk);
	}
	if (stored) {
		sc_store_put(parts->store, slot);
		(void)sc_store_on_stored(parts->store, slot);
	}
	return slot;
}

void
parts_lose(struct parts *parts, uint32_t node)
{
	uint32_t first = parts->peers->roster.failed.count;

	sc_peers_fail(parts->peers, node, SC_FAILURE_ENDED);
	if (parts->control != NULL)
		sc_control_mend(parts->control, first);
}

void
parts_slow(struct parts *parts, uint32_t node)
{
	sc_peers_slow(parts->peers, node, SC_NONE);
}

uint32_t
parts_count(const struct parts *parts, enum sc_action_what what)
{
	uint32_t count = 0;

	for (size_t i = 0; i < parts->actions.count; i++)
		count += parts->actions.items[i].what == what;
	return count;
}

const struct sc_action *
parts_last(const struct parts *parts, enum sc_action_what what)
{
	for (size_t i = parts->actions.count; i-- > 0;) {
		if (parts->actions.items[i].what == what)
			return &parts->actions.items[i];
	}
	return NULL;
}

const char *
parts_report(const struct parts *parts)
{
	const struct sc_action *action = parts_last(parts, SC_ACTION_REPORT);

	return action == NULL ? "" : sc_action_text(&parts->actions, action);
}

static bool
is_message(const struct parts *parts, size_t i, uint32_t peer, enum sc_message_type type,
    struct sc_message *message)
{
	const struct sc_action *action = &parts->actions.items[i];

	if (action->what != SC_ACTION_CONTROL || (peer != SC_NONE && action->peer != peer))
		return false;
	CU_ASSERT_EQUAL_FATAL(sc_message_decode(sc_action_bytes(&parts->actions, action),
				  action->length, message),
	    0);
	return message->type == type;
}

uint32_t
parts_messages(const struct parts *parts, uint32_t peer, enum sc_message_type type)
{
	struct sc_message message;
	uint32_t count = 0;

	for (size_t i = 0; i < parts->actions.count; i++)
		count += is_message(parts, i, peer, type, &message);
	return count;
}

const struct sc_message *
parts_message(const struct parts *parts, uint32_t peer, enum sc_message_type type)
{
	static struct sc_message message;

	for (size_t i = parts->actions.count; i-- > 0;) {
		if (is_message(parts, i, peer, type, &message))
			return &message;
	}
	return NULL;
}

uint32_t
parts_records(const struct parts *parts, enum sc_record_what what)
{
	uint32_t count = 0;

	for (size_t i = 0; i < parts->actions.count; i++)
		count += parts->actions.items[i].what == SC_ACTION_RECORD &&
		    parts->actions.items[i].record.what == what;
	return count;
}
