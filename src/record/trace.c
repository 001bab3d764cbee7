/*
 * Traces: writing them (see trace.h).
 */
#include "record/trace.h"

#include "core/names.h"
#include "record/trace_line.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

int
sc_trace_begin(FILE *file, const struct sc_plan *plan)
{
	int rc = fprintf(file, "trace 4\nplan %u %" PRIu64 " %u %u %u %u %u %d %u\n",
	    plan->recipients, plan->size_bytes, plan->subfiles, plan->tree_groups, plan->branching,
	    plan->chunk_bytes, plan->window, plan->store_and_forward, plan->slots);

	return rc < 0 ? -1 : 0;
}

int
sc_trace_node(FILE *file, const struct sc_node_config *config)
{
	int rc =
	    fprintf(file, "node %u %d %d %d %u %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
		config->self, config->keeps_copy, config->has_source, config->awaits_store,
		config->buddy, config->heartbeat_ns, config->timeout_ns,
		config->progress_interval_ns, config->chunk_ns);

	return rc < 0 ? -1 : 0;
}

static void
append(struct sc_trace_line *line, const char *format, ...)
{
	size_t left = sizeof(line->text) - line->length;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line->text + line->length, left, format, arguments);
	va_end(arguments);
	assert(length >= 0 && (size_t)length < left);
	line->length += (size_t)length;
}

static void
append_digits(struct sc_trace_line *line, const uint8_t *byte, size_t length)
{
	static const char digits[] = "0123456789abcdef";

	assert(2 * length + 1 < sizeof(line->text) - line->length);
	for (size_t i = 0; i < length; i++) {
		line->text[line->length++] = digits[byte[i] >> 4];
		line->text[line->length++] = digits[byte[i] & 15];
	}
	line->text[line->length] = '\0';
}

static void
append_hex(struct sc_trace_line *line, const void *bytes, size_t length)
{
	append(line, length == 0 ? " -" : " ");
	append_digits(line, bytes, length);
}

static void
append_name(struct sc_trace_line *line, const char *name)
{
	assert(name != NULL);
	append(line, " %s", name);
}

/* Its type, which is its second byte, and all of its bytes. */
static void
append_message(struct sc_trace_line *line, const uint8_t *bytes, size_t length)
{
	const char *name = length < 2 ? NULL : sc_message_name(bytes[1]);

	append(line, " %s=", name == NULL ? "unknown" : name);
	append_digits(line, bytes, length);
}

static void
append_seal(struct sc_trace_line *line, const struct sc_seal *seal)
{
	append(line, " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64, seal->sum.low, seal->sum.high,
	    seal->whole.low, seal->whole.high);
}

void
sc_trace_event_line(struct sc_trace_line *line, uint32_t node, const struct sc_event *event)
{
	size_t cause = event->cause == NULL ? 0 : strlen(event->cause);

	line->length = 0;
	append(line, "E %u %" PRIu64, node, event->now_ns);
	append_name(line, sc_event_name(event->what));
	append(line, " %u %u %u %u %d", event->peer, event->slot, event->chunk, event->subfile,
	    event->intact);
	append_seal(line, &event->seal);
	append_hex(line, event->cause, cause < SC_CAUSE_BYTES ? cause : SC_CAUSE_BYTES);
	if (event->what == SC_EVENT_CONTROL_ARRIVED)
		append_message(line, event->bytes, event->length);
	else
		append_hex(line, event->bytes, event->length);
}

void
sc_trace_action_line(struct sc_trace_line *line, uint32_t node, const struct sc_actions *actions,
    const struct sc_action *action)
{
	line->length = 0;
	append(line, "A %u", node);
	append_name(line, sc_action_name(action->what));
	append(line, " %u %u %u %u", action->peer, action->slot, action->chunk, action->subfile);
	switch (action->what) {
	case SC_ACTION_COMMIT:
		append_seal(line, &action->seal);
		break;
	case SC_ACTION_CONTROL:
		append_message(line, sc_action_bytes(actions, action), action->length);
		break;
	case SC_ACTION_RECORD:
		append_name(line, sc_record_name(action->record.what));
		append(line, " %u %u %" PRIu64, action->record.peer, action->record.subfile,
		    action->record.count);
		break;
	case SC_ACTION_REPORT:
		append_name(line, sc_report_name(action->report));
		append(line, " %u %u %u", action->tally.committed, action->tally.failed,
		    action->tally.least);
		append_hex(line, sc_action_bytes(actions, action), action->length);
		break;
	case SC_ACTION_LEAVE:
		append_name(line, sc_leave_name(action->leave));
		break;
	default:
		break;
	}
}

/* Pieces of the set without a chunk are left out. */
static int
write_held(FILE *file, uint32_t node, const struct sc_bitmap *held)
{
	struct sc_trace_line line;
	uint8_t bits[SC_TRACE_HELD_CHUNKS / 8];
	uint32_t first = sc_bitmap_next(held, 0);

	while (first < held->size) {
		first -= first % SC_TRACE_HELD_CHUNKS;
		memset(bits, 0, sizeof(bits));
		for (uint32_t i = 0; i < SC_TRACE_HELD_CHUNKS && first + i < held->size; i++) {
			if (sc_bitmap_has(held, first + i))
				bits[i / 8] |= (uint8_t)(1u << (i % 8));
		}
		line.length = 0;
		append(&line, "H %u %u", node, first);
		append_hex(&line, bits, sizeof(bits));
		if (fprintf(file, "%s\n", line.text) < 0)
			return -1;
		if (held->size - first <= SC_TRACE_HELD_CHUNKS)
			break;
		first = sc_bitmap_next(held, first + SC_TRACE_HELD_CHUNKS);
	}
	return 0;
}

int
sc_trace_step(FILE *file, uint32_t node, const struct sc_event *event,
    const struct sc_actions *actions)
{
	struct sc_trace_line line;

	if (event->held != NULL && write_held(file, node, event->held) != 0)
		return -1;
	sc_trace_event_line(&line, node, event);
	if (fprintf(file, "%s\n", line.text) < 0)
		return -1;
	for (size_t i = 0; i < actions->count; i++) {
		sc_trace_action_line(&line, node, actions, &actions->items[i]);
		if (fprintf(file, "%s\n", line.text) < 0)
			return -1;
	}
	return 0;
}
