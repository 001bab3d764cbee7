/*
 * What a heartbeat says: see beat.h.
 */
#include "core/beat.h"

#include <assert.h>

/* The steps of the algorithm that this node is in [0077]. */
static uint32_t
steps(const struct sc_in *in)
{
	static const uint32_t step_of[SC_EDGE_KINDS] = {
		[SC_EDGE_COLLECTION] = SC_STEP_COLLECTION,
		[SC_EDGE_GROUP] = SC_STEP_GROUP,
		[SC_EDGE_SECONDARY] = SC_STEP_SECONDARY,
		[SC_EDGE_RELIEF] = SC_STEP_COLLECTION,
		[SC_EDGE_DETOUR] = SC_STEP_DETOUR,
	};
	uint32_t now = 0;

	for (uint32_t i = 0; i < in->out->count; i++) {
		if (in->out->edges[i].next < in->out->edges[i].total)
			now |= step_of[in->out->edges[i].kind];
	}
	for (uint32_t i = 0; !in->context->is_origin && i < in->context->plan->subfiles; i++) {
		if (in->edges[i].peer == SC_ORIGIN && sc_store_lacks(in->store, i) > 0)
			now |= SC_STEP_DISTRIBUTION;
	}
	return now;
}

void
sc_beat_make(const struct sc_in *in, struct sc_beat *beat)
{
	const struct sc_context *context = in->context;
	uint32_t member;

	beat->torpid = sc_peers_torpid(in->peers, context->self);
	beat->copy_failed = in->store->copy == SC_COPY_FAILED;
	beat->steps = steps(in);
	beat->mark = in->peers->roster.mark;
	beat->tree = 0;
	beat->held_count = 0;
	beat->list_count = 0;
	if (!context->is_origin) {
		uint32_t group = sc_plan_group_of(context->plan, context->self, &member);

		beat->tree = context->plan->groups[group].tree;
		beat->held_count = context->plan->subfiles;
		assert(beat->held_count <= SC_GROUP_SIZE_MAX);
	}
	for (uint32_t i = 0; i < beat->held_count; i++)
		beat->held[i] = in->store->parts[i].stored;
	for (uint32_t i = 0; i < in->out->count && beat->list_count < SC_BEAT_LIST_MAX; i++) {
		if (in->out->edges[i].next < in->out->edges[i].total)
			beat->list[beat->list_count++] = in->out->edges[i].peer;
	}
}
