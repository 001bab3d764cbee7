/*
 * The last steps before a rule broke: see tail.h.
 */
#include "swarm/tail.h"

#include "record/trace_line.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void
add(struct sc_tail *tail, const struct sc_trace_line *line)
{
	char *kept = tail->lines[tail->count % SC_TAIL_LINES];
	int length = snprintf(kept, SC_TAIL_LINE_BYTES, "    %s", line->text);

	if (length >= SC_TAIL_LINE_BYTES)
		memcpy(kept + SC_TAIL_LINE_BYTES - 4, "...", 4);
	tail->count++;
}

static void
on_step(void *context, uint32_t node, const struct sc_event *event,
    const struct sc_actions *actions)
{
	struct sc_tail *tail = context;
	struct sc_trace_line line;

	if (tail->result->violations == 0) {
		sc_trace_event_line(&line, node, event);
		add(tail, &line);
		for (size_t i = 0; i < actions->count; i++) {
			sc_trace_action_line(&line, node, actions, &actions->items[i]);
			add(tail, &line);
		}
	}
	if (tail->next.step != NULL)
		tail->next.step(tail->next.context, node, event, actions);
}

static void
on_record(void *context, uint32_t node, uint64_t time_ns, const struct sc_record *record)
{
	struct sc_tail *tail = context;

	if (tail->next.record != NULL)
		tail->next.record(tail->next.context, node, time_ns, record);
}

void
sc_tail_follow(struct sc_tail *tail, struct sc_sim_config *config,
    const struct sc_sim_result *result)
{
	tail->result = result;
	tail->next = config->listener;
	config->listener =
	    (struct sc_sim_listener){.context = tail, .record = on_record, .step = on_step};
}

static int
write_all(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		ssize_t written = write(fd, text, left);

		if (written < 0)
			return -1;
		text += written;
		left -= (size_t)written;
	}
	return 0;
}

int
sc_tail_write(const struct sc_tail *tail, int fd)
{
	uint64_t first = tail->count > SC_TAIL_LINES ? tail->count - SC_TAIL_LINES : 0;

	if (tail->count == 0)
		return 0;
	if (write_all(fd,
		"  the last events (E) and actions (A) before, as --trace writes them:\n") != 0)
		return -1;
	for (uint64_t i = first; i < tail->count; i++) {
		if (write_all(fd, tail->lines[i % SC_TAIL_LINES]) != 0 || write_all(fd, "\n") != 0)
			return -1;
	}
	return 0;
}
