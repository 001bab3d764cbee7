/*
 * What all parts of a node share: which node it is, the plan, the time of the step, and the list
 * to which a step adds its actions.  A part keeps a pointer to it; sc_node_step sets it.
 */
#ifndef SC_CORE_CONTEXT_H
#define SC_CORE_CONTEXT_H

#include "core/action.h"
#include "plan/plan.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

struct sc_context {
	const struct sc_plan *plan; /* borrowed */
	uint32_t self;
	bool is_origin;
	bool has_source; /* it can read every chunk: the origin, and a buddy */
	uint64_t now_ns;
	struct sc_actions *actions; /* of the step under way; NULL between steps */
};

/* Subfiles are striped: chunk c is at position c / k of subfile c mod k. */
static inline uint32_t
sc_chunk_at(const struct sc_context *context, uint32_t subfile, uint32_t position)
{
	return position * context->plan->subfiles + subfile;
}
static inline uint32_t
sc_chunk_subfile(const struct sc_context *context, uint32_t chunk)
{
	return chunk % context->plan->subfiles;
}
static inline uint32_t
sc_chunk_position(const struct sc_context *context, uint32_t chunk)
{
	return chunk / context->plan->subfiles;
}

/* An empty action at the end of the list, to be filled; valid until the next one is added. */
static inline struct sc_action *
sc_context_act(const struct sc_context *context, enum sc_action_what what)
{
	assert(context->actions != NULL);
	return sc_actions_add(context->actions, what);
}

/* A message to be filled and sent at once: there is one for all parts, as it is large. */
struct sc_message *sc_context_message(const struct sc_context *, enum sc_message_type);

/* Send a message to another node.  It is encoded here: the caller may change it and send it again. */
void sc_context_send(const struct sc_context *, uint32_t peer, const struct sc_message *);

/* Note something for the timings.  peer and subfile may be SC_NONE. */
void sc_context_record(const struct sc_context *, enum sc_record_what, uint32_t peer,
    uint32_t subfile, uint64_t count);

/* A copy of a text, or NULL without memory; free it. */
char *sc_copy_text(const char *text);

#endif
