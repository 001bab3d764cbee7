/*
 * Taking the events of a trace again: see trace_replay.h.
 *
 * What the new nodes ask for is written as lines, too, and these are compared
 * with the trace's: so only events have to be read.
 */
#include "lib/trace_replay.h"

#include "core/names.h"
#include "core/node.h"
#include "record/trace_line.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct replay {
	FILE *file;
	struct sc_trace_line line; /* the one that was read last */
	uint64_t number;           /* of it */
	struct sc_plan plan;
	struct sc_node **nodes;
	struct sc_actions actions;
	size_t next_action; /* that the trace has to have next */
	uint32_t node;      /* that asked for these actions */
	char cause[SC_CAUSE_BYTES + 1];
	uint8_t bytes[SC_CONTROL_BYTES];
	struct sc_bitmap held; /* of the event that comes next */
	struct sc_trace_counts *counts;
	struct sc_error *err;
};

static int
bad(const struct replay *replay, const char *what)
{
	return sc_fail(replay->err, 0, "line %" PRIu64 ": %s", replay->number, what);
}

/* False at the end of the file. */
static bool
read_line(struct replay *replay)
{
	struct sc_trace_line *line = &replay->line;

	if (fgets(line->text, sizeof(line->text), replay->file) == NULL)
		return false;
	line->length = strcspn(line->text, "\n");
	line->text[line->length] = '\0';
	replay->number++;
	return true;
}

static int
read_plan(struct replay *replay)
{
	struct sc_plan_shape shape;
	uint32_t recipients;
	uint64_t size_bytes;
	int store_and_forward;
	uint32_t slots;
	struct sc_error err;

	if (!read_line(replay) || strcmp(replay->line.text, "trace 4") != 0)
		return bad(replay, "this is no trace");
	if (!read_line(replay) ||
	    sscanf(replay->line.text,
		"plan %" SCNu32 " %" SCNu64 " %" SCNu32 " %" SCNu32 " %" SCNu32 " %" SCNu32
		" %" SCNu32 " %d %" SCNu32,
		&recipients, &size_bytes, &shape.group_size, &shape.tree_groups, &shape.branching,
		&shape.chunk_bytes, &shape.window, &store_and_forward, &slots) != 9)
		return bad(replay, "a plan is missing");
	shape.store_and_forward = store_and_forward != 0;
	/* The limit of memory was looked at when the plan was made for the run. */
	if (sc_plan_make(&replay->plan, recipients, size_bytes, &shape, UINT64_C(1) << 40, &err) !=
	    0)
		return bad(replay, err.text);
	if (replay->plan.slots != slots || replay->plan.subfiles != shape.group_size)
		return bad(replay, "the plan is another one here");
	replay->nodes = calloc(recipients + 1, sizeof(struct sc_node *));
	return replay->nodes == NULL ? bad(replay, "no memory") : 0;
}

static int
add_node(struct replay *replay)
{
	struct sc_node_config config = {.plan = &replay->plan};
	uint32_t recipients = replay->plan.recipients;
	int keeps_copy;
	int has_source;
	int awaits_store;

	if (sscanf(replay->line.text,
		"node %" SCNu32 " %d %d %d %" SCNu32 " %" SCNu64 " %" SCNu64 " %" SCNu64
		" %" SCNu64,
		&config.self, &keeps_copy, &has_source, &awaits_store, &config.buddy,
		&config.heartbeat_ns, &config.timeout_ns, &config.progress_interval_ns,
		&config.chunk_ns) != 9 ||
	    config.self > recipients || replay->nodes[config.self] != NULL ||
	    (keeps_copy == 0 && config.self != SC_ORIGIN) ||
	    (config.buddy != SC_NONE && (config.buddy == SC_ORIGIN || config.buddy > recipients)) ||
	    (config.heartbeat_ns != 0 && config.timeout_ns / 2 <= config.heartbeat_ns))
		return bad(replay, "no such node");
	config.keeps_copy = keeps_copy != 0;
	config.has_source = has_source != 0;
	config.awaits_store = awaits_store != 0;
	replay->nodes[config.self] = sc_node_new(&config);
	if (replay->nodes[config.self] == NULL)
		return bad(replay, "no memory");
	replay->counts->nodes++;
	return 0;
}

/* Take a word of hexadecimal digits (or "-") off a text.  -1 if there is none. */
static int
take_hex(char **text, uint8_t *bytes, size_t capacity, size_t *length)
{
	size_t digits = strspn(*text, "0123456789abcdef");

	*length = digits / 2;
	if (**text == '-') {
		*text += 1;
	} else {
		if (digits == 0 || digits % 2 != 0 || *length > capacity)
			return -1;
		for (size_t i = 0; i < *length; i++) {
			char pair[3] = {(*text)[2 * i], (*text)[2 * i + 1], '\0'};

			bytes[i] = (uint8_t)strtoul(pair, NULL, 16);
		}
		*text += digits;
	}
	if (**text == ' ')
		*text += 1;
	return 0;
}

static int
take_held(struct replay *replay)
{
	uint32_t chunks = replay->plan.chunks;
	uint32_t node;
	uint32_t first;
	size_t length;
	int at = 0;
	char *rest;

	if (sscanf(replay->line.text, "H %" SCNu32 " %" SCNu32 " %n", &node, &first, &at) != 2 ||
	    at == 0)
		return bad(replay, "no chunks that are held");
	rest = replay->line.text + at;
	if (take_hex(&rest, replay->bytes, sizeof(replay->bytes), &length) != 0 || first >= chunks)
		return bad(replay, "no chunks that are held");
	if (replay->held.words == NULL && sc_bitmap_init(&replay->held, chunks) != 0)
		return bad(replay, "no memory");
	for (uint32_t i = 0; i < 8 * length && i < chunks - first; i++) {
		if ((replay->bytes[i / 8] >> (i % 8) & 1) != 0)
			sc_bitmap_add(&replay->held, first + i);
	}
	return 0;
}

/* The event of that name.  -1 if there is none. */
static int
find_event(const char *name, enum sc_event_what *what)
{
	const char *known;

	for (int i = 0; (known = sc_event_name((enum sc_event_what)i)) != NULL; i++) {
		if (strcmp(known, name) == 0) {
			*what = (enum sc_event_what)i;
			return 0;
		}
	}
	return -1;
}

static int
parse_event(struct replay *replay, struct sc_event *event)
{
	size_t cause_length;
	char name[32];
	int intact;
	int at = 0;
	char *rest;
	char *equals;

	if (sscanf(replay->line.text,
		"E %" SCNu32 " %" SCNu64 " %31s %" SCNu32 " %" SCNu32 " %" SCNu32 " %" SCNu32
		" %d %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %n",
		&replay->node, &event->now_ns, name, &event->peer, &event->slot, &event->chunk,
		&event->subfile, &intact, &event->seal.sum.low, &event->seal.sum.high,
		&event->seal.whole.low, &event->seal.whole.high, &at) != 12 ||
	    at == 0 || find_event(name, &event->what) != 0)
		return bad(replay, "no event");
	event->intact = intact != 0;
	rest = replay->line.text + at;
	if (take_hex(&rest, (uint8_t *)replay->cause, SC_CAUSE_BYTES, &cause_length) != 0)
		return bad(replay, "no event");
	/* The type of a message is in its bytes, too. */
	equals = strchr(rest, '=');
	if (equals != NULL)
		rest = equals + 1;
	if (take_hex(&rest, replay->bytes, sizeof(replay->bytes), &event->length) != 0)
		return bad(replay, "no event");
	replay->cause[cause_length] = '\0';
	event->cause = replay->cause;
	event->bytes = replay->bytes;
	event->held = replay->held.words == NULL ? NULL : &replay->held;
	return 0;
}

static int
expect_no_more(const struct replay *replay)
{
	if (replay->next_action < replay->actions.count)
		return bad(replay, "here the node asks for more than in the trace");
	return 0;
}

static int
take_event(struct replay *replay)
{
	struct sc_event event = {0};

	if (expect_no_more(replay) != 0 || parse_event(replay, &event) != 0)
		return -1;
	if (replay->node > replay->plan.recipients || replay->nodes[replay->node] == NULL)
		return bad(replay, "no such node");
	if (sc_node_left(replay->nodes[replay->node]))
		return bad(replay, "here the node has left before");
	sc_actions_clear(&replay->actions);
	replay->next_action = 0;
	/* An event that was refused was refused in the run, too. */
	(void)sc_node_step(replay->nodes[replay->node], &event, &replay->actions);
	replay->counts->events++;
	sc_bitmap_free(&replay->held);
	return 0;
}

static int
compare_action(struct replay *replay)
{
	struct sc_trace_line here;

	if (replay->next_action >= replay->actions.count)
		return bad(replay, "here the node does not ask for this");
	sc_trace_action_line(&here, replay->node, &replay->actions,
	    &replay->actions.items[replay->next_action]);
	replay->next_action++;
	replay->counts->actions++;
	if (strcmp(here.text, replay->line.text) != 0)
		return sc_fail(replay->err, 0, "line %" PRIu64 ": '%.200s' is '%.200s' here",
		    replay->number, replay->line.text, here.text);
	return 0;
}

static int
take_lines(struct replay *replay)
{
	while (read_line(replay)) {
		int rc;

		if (replay->line.text[0] == 'A')
			rc = compare_action(replay);
		else if (replay->line.text[0] == 'E')
			rc = take_event(replay);
		else if (replay->line.text[0] == 'H')
			rc = take_held(replay);
		else
			rc = add_node(replay);
		if (rc != 0)
			return -1;
	}
	if (ferror(replay->file))
		return bad(replay, "the trace can't be read");
	return expect_no_more(replay);
}

int
sc_trace_replay(FILE *file, struct sc_trace_counts *counts, struct sc_error *err)
{
	struct replay *replay = calloc(1, sizeof(*replay));
	int rc;

	*counts = (struct sc_trace_counts){0};
	if (replay == NULL)
		return sc_fail(err, 0, "no memory");
	replay->file = file;
	replay->counts = counts;
	replay->err = err;
	rc = read_plan(replay);
	if (rc == 0)
		rc = take_lines(replay);
	for (uint32_t i = 0; replay->nodes != NULL && i <= replay->plan.recipients; i++)
		sc_node_free(replay->nodes[i]);
	free(replay->nodes);
	sc_bitmap_free(&replay->held);
	sc_plan_free(&replay->plan);
	sc_actions_free(&replay->actions);
	free(replay);
	return rc;
}
