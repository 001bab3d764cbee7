/*
 * Lists of actions: see action.h.
 */
#include "core/action.h"

#include "base/vector.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void
sc_actions_clear(struct sc_actions *actions)
{
	actions->count = 0;
	actions->bytes_used = 0;
}

void
sc_actions_free(struct sc_actions *actions)
{
	free(actions->items);
	free(actions->bytes);
	memset(actions, 0, sizeof(*actions));
}

const uint8_t *
sc_action_bytes(const struct sc_actions *actions, const struct sc_action *action)
{
	assert(action->offset + action->length <= actions->bytes_used);
	return actions->bytes + action->offset;
}

const char *
sc_action_text(const struct sc_actions *actions, const struct sc_action *action)
{
	const char *text = (const char *)sc_action_bytes(actions, action);

	assert(action->length > 0 && text[action->length - 1] == '\0');
	return text;
}

void
sc_actions_grow(struct sc_actions *actions)
{
	actions->items = sc_vector_must(actions->items, actions->count + 1, &actions->capacity,
	    sizeof(*actions->items));
}

void
sc_actions_attach(struct sc_actions *actions, const void *bytes, size_t length)
{
	struct sc_action *action;

	assert(actions->count > 0);
	action = &actions->items[actions->count - 1];
	actions->bytes = sc_vector_must(actions->bytes, actions->bytes_used + length,
	    &actions->bytes_capacity, 1);
	action->offset = actions->bytes_used;
	action->length = length;
	if (length > 0)
		memcpy(actions->bytes + actions->bytes_used, bytes, length);
	actions->bytes_used += length;
}
