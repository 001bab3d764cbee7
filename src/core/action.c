/*
 * Lists of actions: see action.h.
 */
#include "core/action.h"

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

/* Room for one more and needed bytes in all; keeps what is there. */
static void *
grown(void *memory, size_t *capacity, size_t needed, size_t width)
{
	size_t wanted = *capacity == 0 ? 64 : *capacity;

	while (wanted < needed)
		wanted *= 2;
	if (wanted == *capacity)
		return memory;
	memory = realloc(memory, wanted * width);
	if (memory == NULL)
		abort();
	*capacity = wanted;
	return memory;
}

struct sc_action *
sc_actions_add(struct sc_actions *actions, enum sc_action_what what)
{
	struct sc_action *action;

	actions->items =
	    grown(actions->items, &actions->capacity, actions->count + 1, sizeof(*actions->items));
	action = &actions->items[actions->count++];
	memset(action, 0, sizeof(*action));
	action->what = what;
	return action;
}

void
sc_actions_attach(struct sc_actions *actions, const void *bytes, size_t length)
{
	struct sc_action *action;

	assert(actions->count > 0);
	action = &actions->items[actions->count - 1];
	actions->bytes =
	    grown(actions->bytes, &actions->bytes_capacity, actions->bytes_used + length, 1);
	action->offset = actions->bytes_used;
	action->length = length;
	if (length > 0)
		memcpy(actions->bytes + actions->bytes_used, bytes, length);
	actions->bytes_used += length;
}
