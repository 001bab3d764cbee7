/*
 * What all parts of a node share: see context.h.
 */
#include "core/context.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct sc_message *
sc_context_message(const struct sc_context *context, enum sc_message_type type)
{
	assert(context->actions != NULL);
	context->actions->message.type = type;
	return &context->actions->message;
}

void
sc_context_send(const struct sc_context *context, uint32_t peer, const struct sc_message *message)
{
	uint8_t bytes[SC_CONTROL_BYTES];
	size_t length = sc_message_encode(message, bytes);

	assert(peer <= context->plan->recipients && peer != context->self);
	sc_context_act(context, SC_ACTION_CONTROL)->peer = peer;
	sc_actions_attach(context->actions, bytes, length);
}

void
sc_context_record(const struct sc_context *context, enum sc_record_what what, uint32_t peer,
    uint32_t subfile, uint64_t count)
{
	struct sc_action *action = sc_context_act(context, SC_ACTION_RECORD);

	action->record = (struct sc_record){what, peer, subfile, count};
}

char *
sc_copy_text(const char *text)
{
	size_t bytes = strlen(text) + 1;
	char *copy = malloc(bytes);

	if (copy != NULL)
		memcpy(copy, text, bytes);
	return copy;
}
