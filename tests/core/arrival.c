/*
 * The functions of the core that the arrival of one chunk enters: a relay in the middle of a run,
 * of which src/core was compiled with -finstrument-functions.  Prints the address of each function
 * in the order in which they are entered; tests/checks/arrival.sh makes names of them.
 *
 * The relay is node 1 of a group of two (a window of 8).  Of its own subfile, which it gets from the
 * origin and sends to node 2, some chunks have come, are stored and were sent; then one more
 * arrives, as node 2 has credits for it.  One receiver, as what is done for each is a loop.
 */
#include "core/node.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHUNKS_BEFORE = 8, ENTRIES_MAX = 4096 };

static void *entries[ENTRIES_MAX];
static uint32_t entry_count;
static bool is_recording;

void __cyg_profile_func_enter(void *function, void *caller);
void __cyg_profile_func_exit(void *function, void *caller);

void
__cyg_profile_func_enter(void *function, void *caller)
{
	(void)caller;
	if (!is_recording)
		return;
	if (entry_count == ENTRIES_MAX)
		abort();
	entries[entry_count++] = function;
}

void
__cyg_profile_func_exit(void *function, void *caller)
{
	(void)function;
	(void)caller;
}

struct relay {
	struct sc_plan plan;
	struct sc_node *node;
	struct sc_actions actions;
	uint64_t now_ns;
	/* Receives that are posted for subfile 0, in order. */
	uint32_t posted[256];
	uint32_t first;
	uint32_t end;
};

static void
fail(const char *what)
{
	fprintf(stderr, "arrival: %s\n", what);
	exit(1);
}

/* A step; what it asks for is left in the list. */
static void
step(struct relay *relay, struct sc_event *event, bool record)
{
	int rc;

	sc_actions_clear(&relay->actions);
	relay->now_ns += 1000;
	event->now_ns = relay->now_ns;
	is_recording = record;
	rc = sc_node_step(relay->node, event, &relay->actions);
	is_recording = false;
	if (rc != 0)
		fail("a step was refused");
	for (size_t i = 0; i < relay->actions.count; i++) {
		const struct sc_action *action = &relay->actions.items[i];

		if (action->what == SC_ACTION_RECEIVE && action->subfile == 0)
			relay->posted[relay->end++] = action->slot;
	}
}

static void
tell(struct relay *relay, uint32_t peer, const struct sc_message *message)
{
	uint8_t bytes[SC_CONTROL_BYTES];
	struct sc_event event = {.what = SC_EVENT_CONTROL_ARRIVED, .peer = peer, .bytes = bytes};

	event.length = sc_message_encode(message, bytes);
	step(relay, &event, false);
}

static struct sc_event
next_arrival(struct relay *relay)
{
	if (relay->first == relay->end)
		fail("no receive is posted");
	return (struct sc_event){
		.what = SC_EVENT_CHUNK_ARRIVED,
		.peer = SC_ORIGIN,
		.subfile = 0,
		.slot = relay->posted[relay->first],
		.chunk = relay->first++ * relay->plan.subfiles,
		.intact = true,
	};
}

/* All that was asked for is done, and what follows from it. */
static void
finish(struct relay *relay)
{
	struct sc_event todo[64];
	uint32_t count = 0;

	for (;;) {
		for (size_t i = 0; i < relay->actions.count; i++) {
			const struct sc_action *action = &relay->actions.items[i];
			struct sc_event event = {
				.what = action->what == SC_ACTION_STORE ? SC_EVENT_CHUNK_STORED
									: SC_EVENT_CHUNK_SENT,
				.slot = action->slot,
				.chunk = action->chunk,
				.peer = action->peer,
				.subfile = action->subfile,
			};

			if (action->what == SC_ACTION_STORE || action->what == SC_ACTION_SEND)
				todo[count++] = event;
		}
		if (count == 0)
			return;
		step(relay, &todo[--count], false);
	}
}

static void
begin(struct relay *relay)
{
	static const struct sc_plan_shape shape = {
		.group_size = 2,
		.tree_groups = 1,
		.branching = 1,
		.chunk_bytes = 4096,
		.window = 8,
	};
	static struct sc_message offer = {.type = SC_MESSAGE_OFFER};
	struct sc_event started = {.what = SC_EVENT_STARTED};
	struct sc_node_config config = {
		.plan = &relay->plan,
		.self = 1,
		.keeps_copy = true,
		.buddy = SC_NONE,
		.heartbeat_ns = UINT64_C(1000000000),
		.timeout_ns = UINT64_C(10000000000),
	};
	struct sc_edge edges[SC_RECEIVERS_MAX];

	if (sc_plan_make(&relay->plan, 2, UINT64_C(64) * 2 * 4096, &shape, 0, NULL) != 0)
		fail("no plan");
	relay->node = sc_node_new(&config);
	if (relay->node == NULL)
		fail("no node");
	step(relay, &started, false);
	offer.u.offer.count = sc_plan_receivers(&relay->plan, config.self, 0, edges);
	for (uint32_t i = 0; i < offer.u.offer.count; i++)
		offer.u.offer.receivers[i] = (struct sc_receiver){edges[i].to, edges[i].kind};
	tell(relay, SC_ORIGIN, &offer);
	for (uint32_t i = 0; i < offer.u.offer.count; i++) {
		struct sc_message credit = {
			.type = SC_MESSAGE_CREDIT,
			.u.credit = {.granted = CHUNKS_BEFORE + 8},
		};

		tell(relay, edges[i].to, &credit);
	}
}

/* It was stored, and sent on. */
static void
check_actions(const struct relay *relay)
{
	uint32_t stores = 0;
	uint32_t sends = 0;

	for (size_t i = 0; i < relay->actions.count; i++) {
		stores += relay->actions.items[i].what == SC_ACTION_STORE;
		sends += relay->actions.items[i].what == SC_ACTION_SEND;
	}
	if (stores != 1 || sends != 1)
		fail("the chunk was not stored and sent on");
}

int
main(void)
{
	static struct relay relay;
	struct sc_event event;

	begin(&relay);
	for (uint32_t i = 0; i < CHUNKS_BEFORE; i++) {
		event = next_arrival(&relay);
		step(&relay, &event, false);
		finish(&relay);
	}
	event = next_arrival(&relay);
	step(&relay, &event, true);
	check_actions(&relay);
	for (uint32_t i = 0; i < entry_count; i++)
		printf("%" PRIxPTR "\n", (uintptr_t)entries[i]);
	sc_node_free(relay.node);
	sc_actions_free(&relay.actions);
	sc_plan_free(&relay.plan);
	return 0;
}
