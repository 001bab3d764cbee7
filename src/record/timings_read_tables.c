/*
 * The tables of a timings file that is read: see timings_read_tables.h.
 */
#include "record/timings_read_tables.h"

#include "base/limits.h"
#include "core/record.h"
#include "record/h5_read.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(row, member, number_type) \
	{.name = #member, .offset = offsetof(struct row, member), .type = (number_type)}
#define OPTIONAL_FIELD(row, member, number_type) \
	{.name = #member, \
		.offset = offsetof(struct row, member), \
		.type = (number_type), \
		.optional = true}
#define TEXT_FIELD(row, member) \
	{.name = #member, \
		.offset = offsetof(struct row, member), \
		.text_bytes = sizeof(((struct row *)0)->member), \
		.optional = true}
#define NAME_FIELD(row, member, name_function, name_count) \
	{.name = #member, \
		.offset = offsetof(struct row, member), \
		.name_of = (name_function), \
		.names = (name_count)}
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* More than anybody can look at; later ones are left out. */
enum { DETOURS_MAX = 16 << 20 };

struct plan_row {
	int64_t node;
	int64_t group;
	int64_t member;
	int64_t tree;
	int64_t depth;
};

struct edge_row {
	int64_t from;
	int64_t to;
	int64_t subfile;
};

struct node_row {
	int64_t node;
	int64_t rank;
	char host[SC_HOST_BYTES];
	uint8_t state;
	double first_chunk_s;
	double last_chunk_s;
	double stored_s;
	double committed_s;
	double network_stall_s;
	double storage_stall_s;
	char cause[SC_CAUSE_BYTES];
};

struct event_row {
	double time_s;
	int64_t node;
	uint8_t what;
	int64_t peer;
	int64_t subfile;
	uint64_t count;
};

struct failure_row {
	int64_t node;
	double detected_s;
	int64_t detected_by;
	double detour_s;
	uint64_t detours;
	uint64_t bytes_supplied_again;
};

static const char *
node_state_name(unsigned value)
{
	return sc_node_state_name((enum sc_node_state)value);
}

static const char *
event_what_name(unsigned value)
{
	return sc_record_name((enum sc_record_what)value);
}

static int
wrong(struct sc_error *err, const char *table, const char *what, int64_t node)
{
	return sc_fail(err, 0, "%s, %s of node %" PRId64 ": it can't be: damaged", table, what,
	    node);
}

/* A moment or a duration that can be, or none. */
static bool
is_time(double time_s)
{
	return isnan(time_s) || (time_s >= -SC_PAST_S_MAX && time_s <= SC_PAST_S_MAX);
}

static bool
is_node(const struct sc_past_run *run, int64_t node)
{
	return node >= 0 && node <= (int64_t)run->recipients;
}

/* -1, and whatever else isn't a number of a node or the like, is none. */
static uint32_t
number_or_none(int64_t number)
{
	return number >= 0 && number < (int64_t)SC_NONE ? (uint32_t)number : SC_NONE;
}

static int
take_plan_node(void *context, const void *data, struct sc_error *err)
{
	struct sc_past_run *run = context;
	const struct plan_row *row = data;
	struct sc_past_node *node;

	if (!is_node(run, row->node))
		return wrong(err, "/plan/nodes", "the number", row->node);
	node = &run->nodes[row->node];
	node->group = number_or_none(row->group);
	node->member = number_or_none(row->member);
	node->tree = number_or_none(row->tree);
	node->depth = number_or_none(row->depth);
	if (row->node != SC_ORIGIN &&
	    (node->group >= run->groups || node->tree >= run->trees ||
		node->member >= run->subfiles || node->depth >= run->groups))
		return wrong(err, "/plan/nodes", "the place", row->node);
	return 0;
}

static int
take_edge(void *context, const void *data, struct sc_error *err)
{
	struct sc_past_run *run = context;
	const struct edge_row *row = data;

	if (!is_node(run, row->to) || !is_node(run, row->from) || row->to == SC_ORIGIN ||
	    row->subfile < 0 || row->subfile >= run->subfiles)
		return wrong(err, "/plan/edges", "an edge", row->to);
	sc_past_part(run, (uint32_t)row->to, (uint32_t)row->subfile)->supplier =
	    (uint32_t)row->from;
	return 0;
}

/* Texts and the mark that they are there go together: they are freed by it. */
static int
take_texts(struct sc_past_node *node, const struct node_row *row, struct sc_error *err)
{
	char *host = strdup(row->host);
	char *cause = strdup(row->cause);

	if (host == NULL || cause == NULL) {
		free(host);
		free(cause);
		return sc_fail(err, 0, "no memory for /nodes");
	}
	node->reported = true;
	node->host = host;
	node->cause = cause;
	return 0;
}

static int
take_node(void *context, const void *data, struct sc_error *err)
{
	struct sc_past_run *run = context;
	const struct node_row *row = data;
	struct sc_past_node *node;

	/* A place that was kept for a node that never reported. */
	if (row->node == -1)
		return 0;
	if (!is_node(run, row->node) || run->nodes[row->node].reported)
		return wrong(err, "/nodes", "the number", row->node);
	if (!is_time(row->first_chunk_s) || !is_time(row->last_chunk_s) ||
	    !is_time(row->stored_s) || !is_time(row->committed_s) ||
	    !is_time(row->network_stall_s) || !is_time(row->storage_stall_s))
		return wrong(err, "/nodes", "a time", row->node);
	node = &run->nodes[row->node];
	if (take_texts(node, row, err) != 0)
		return -1;
	node->rank = number_or_none(row->rank);
	node->state = row->state == SC_H5_NO_NAME ? SC_NODE_STATE_UNKNOWN : row->state;
	node->first_chunk_s = row->first_chunk_s;
	node->last_chunk_s = row->last_chunk_s;
	node->stored_s = row->stored_s;
	node->committed_s = row->committed_s;
	node->network_stall_s = row->network_stall_s;
	node->storage_stall_s = row->storage_stall_s;
	if (row->network_stall_s > 0 || row->storage_stall_s > 0)
		run->has_stalls = true;
	return 0;
}

/* What a node did with a subfile and a peer; the peer may be none. */
static void
note_part(struct sc_past_run *run, const struct event_row *row)
{
	uint32_t node = (uint32_t)row->node;
	struct sc_past_part *part;

	if (row->subfile < 0 || row->subfile >= run->subfiles)
		return;
	if (row->what == SC_RECORD_SERVED_FROM_STORE) {
		if (!is_node(run, row->peer))
			return;
		part = sc_past_part(run, (uint32_t)row->peer, (uint32_t)row->subfile);
		part->chunks_from_store =
		    row->count > run->chunks ? (uint32_t)run->chunks : (uint32_t)row->count;
		return;
	}
	part = sc_past_part(run, node, (uint32_t)row->subfile);
	if (row->what == SC_RECORD_FIRST_CHUNK)
		part->first_s = row->time_s;
	else
		part->held_s = row->time_s;
}

static int
note_detour(struct sc_past_run *run, const struct event_row *row, struct sc_error *err)
{
	struct sc_past_node *node = &run->nodes[row->node];

	if (run->detour_count == DETOURS_MAX)
		return 0;
	if (run->detour_count == run->detour_capacity) {
		uint32_t capacity = 2 * run->detour_capacity + 64;
		struct sc_past_detour *more = realloc(run->detours, capacity * sizeof(*more));

		if (more == NULL)
			return sc_fail(err, 0, "no memory for /events");
		run->detours = more;
		run->detour_capacity = capacity;
	}
	run->detours[run->detour_count] = (struct sc_past_detour){
		.subfile = number_or_none(row->subfile),
		.supplier = number_or_none(row->peer),
		.before = node->last_detour,
		.asked_s = row->time_s,
		/* A buddy that asks itself has the source at hand. */
		.in_place_s = row->peer == row->node ? row->time_s : (double)NAN,
	};
	node->last_detour = run->detour_count++;
	return 0;
}

/* Whoever was asked last for the subfile has agreed to send it, in the place of others. */
static void
note_detour_begun(struct sc_past_run *run, const struct event_row *row)
{
	uint32_t i = run->nodes[row->node].last_detour;

	if (row->subfile < 0 || row->subfile >= run->subfiles || !is_node(run, row->peer))
		return;
	sc_past_part(run, (uint32_t)row->node, (uint32_t)row->subfile)->supplier =
	    (uint32_t)row->peer;
	while (i != SC_NONE && run->detours[i].subfile != (uint64_t)row->subfile)
		i = run->detours[i].before;
	if (i != SC_NONE && isnan(run->detours[i].in_place_s))
		run->detours[i].in_place_s = row->time_s;
}

static void
note_takeover(struct sc_past_run *run, const struct event_row *row)
{
	run->leader = (uint32_t)row->node;
	run->leader_before = is_node(run, row->peer) ? (uint32_t)row->peer : SC_NONE;
	run->takeover_s = row->time_s;
}

static void
note_torpid(struct sc_past_run *run, const struct event_row *row)
{
	if (is_node(run, row->peer))
		run->nodes[row->peer].torpid_s = fmin(run->nodes[row->peer].torpid_s, row->time_s);
}

static int
note_event(struct sc_past_run *run, const struct event_row *row, struct sc_error *err)
{
	struct sc_past_node *node = &run->nodes[row->node];

	switch (row->what) {
	case SC_RECORD_SEND_BEGUN:
		node->send_begun_s = fmin(node->send_begun_s, row->time_s);
		break;
	case SC_RECORD_SEND_ENDED:
		node->send_ended_s = fmax(node->send_ended_s, row->time_s);
		break;
	case SC_RECORD_FIRST_CHUNK:
	case SC_RECORD_SUBFILE_HELD:
	case SC_RECORD_SERVED_FROM_STORE:
		note_part(run, row);
		break;
	case SC_RECORD_QUARTER_HELD:
	case SC_RECORD_HALF_HELD:
	case SC_RECORD_THREE_QUARTERS_HELD:
	case SC_RECORD_ALL_HELD:
		node->mark_s[row->what - SC_RECORD_QUARTER_HELD] = row->time_s;
		break;
	case SC_RECORD_COPY_FAILED:
	case SC_RECORD_ABORTED:
		node->failed_s = fmin(node->failed_s, row->time_s);
		break;
	case SC_RECORD_DETOUR:
		return note_detour(run, row, err);
	case SC_RECORD_DETOUR_BEGUN:
		note_detour_begun(run, row);
		break;
	case SC_RECORD_PEER_TORPID:
		note_torpid(run, row);
		break;
	case SC_RECORD_CHUNK_DAMAGED:
		run->chunks_damaged++;
		break;
	case SC_RECORD_TAKEOVER:
		note_takeover(run, row);
		break;
	case SC_RECORD_RESUMED:
		node->chunks_resumed = row->count < run->chunks ? row->count : run->chunks;
		break;
	default:
		break;
	}
	return 0;
}

static int
take_event(void *context, const void *data, struct sc_error *err)
{
	struct sc_past_run *run = context;
	const struct event_row *row = data;

	if (!is_node(run, row->node) || !is_time(row->time_s))
		return wrong(err, "/events", "an event", row->node);
	run->has_events = true;
	return note_event(run, row, err);
}

static int
take_failure(void *context, const void *data, struct sc_error *err)
{
	struct sc_past_run *run = context;
	const struct failure_row *row = data;

	struct sc_past_node *node;

	if (!is_node(run, row->node) || !is_time(row->detected_s) || !is_time(row->detour_s))
		return wrong(err, "/failures", "a failure", row->node);
	node = &run->nodes[row->node];
	if (!isnan(row->detected_s))
		node->failed_s = row->detected_s;
	node->detected_by = is_node(run, row->detected_by) ? (uint32_t)row->detected_by : SC_NONE;
	node->detour_s = row->detour_s;
	node->detours = row->detours < run->recipients ? (uint32_t)row->detours : run->recipients;
	node->bytes_supplied_again = row->bytes_supplied_again;
	return 0;
}

static int
take_plan(hid_t file, struct sc_past_run *run, struct sc_error *err)
{
	static const struct plan_row blank_node = {-1, -1, -1, -1, -1};
	static const struct edge_row blank_edge = {-1, -1, -1};
	const struct sc_h5_field node_fields[] = {
		FIELD(plan_row, node, H5T_NATIVE_INT64),
		FIELD(plan_row, group, H5T_NATIVE_INT64),
		FIELD(plan_row, member, H5T_NATIVE_INT64),
		FIELD(plan_row, tree, H5T_NATIVE_INT64),
		FIELD(plan_row, depth, H5T_NATIVE_INT64),
	};
	const struct sc_h5_field edge_fields[] = {
		FIELD(edge_row, from, H5T_NATIVE_INT64),
		FIELD(edge_row, to, H5T_NATIVE_INT64),
		FIELD(edge_row, subfile, H5T_NATIVE_INT64),
	};
	uint64_t nodes = (uint64_t)run->recipients + 1;
	uint64_t edges = (uint64_t)run->recipients * run->subfiles;
	const struct sc_h5_reading plan_nodes = {"/plan/nodes", node_fields, COUNT_OF(node_fields),
		sizeof(struct plan_row), &blank_node, nodes, nodes, take_plan_node, run};
	const struct sc_h5_reading plan_edges = {"/plan/edges", edge_fields, COUNT_OF(edge_fields),
		sizeof(struct edge_row), &blank_edge, edges, edges, take_edge, run};

	if (sc_h5_get_table(file, &plan_nodes, err) != 0)
		return -1;
	for (uint32_t i = 1; i <= run->recipients; i++) {
		/* The rows are as many as the nodes: then one of them is there twice. */
		if (run->nodes[i].group == SC_NONE)
			return wrong(err, "/plan/nodes", "no row", i);
	}
	run->has_edges = sc_h5_has(file, "/plan/edges");
	return run->has_edges ? sc_h5_get_table(file, &plan_edges, err) : 0;
}

static int
take_nodes(hid_t file, struct sc_past_run *run, struct sc_error *err)
{
	static const struct node_row blank = {-1, -1, "", SC_H5_NO_NAME, (double)NAN, (double)NAN,
		(double)NAN, (double)NAN, (double)NAN, (double)NAN, ""};
	const struct sc_h5_field fields[] = {
		FIELD(node_row, node, H5T_NATIVE_INT64),
		OPTIONAL_FIELD(node_row, rank, H5T_NATIVE_INT64),
		TEXT_FIELD(node_row, host),
		NAME_FIELD(node_row, state, node_state_name, SC_NODE_STATES),
		OPTIONAL_FIELD(node_row, first_chunk_s, H5T_NATIVE_DOUBLE),
		OPTIONAL_FIELD(node_row, last_chunk_s, H5T_NATIVE_DOUBLE),
		OPTIONAL_FIELD(node_row, stored_s, H5T_NATIVE_DOUBLE),
		FIELD(node_row, committed_s, H5T_NATIVE_DOUBLE),
		OPTIONAL_FIELD(node_row, network_stall_s, H5T_NATIVE_DOUBLE),
		OPTIONAL_FIELD(node_row, storage_stall_s, H5T_NATIVE_DOUBLE),
		TEXT_FIELD(node_row, cause),
	};
	const struct sc_h5_reading nodes = {"/nodes", fields, COUNT_OF(fields),
		sizeof(struct node_row), &blank, 0, (uint64_t)run->recipients + 1, take_node, run};

	return sc_h5_get_table(file, &nodes, err);
}

static int
take_events(hid_t file, struct sc_past_run *run, struct sc_error *err)
{
	static const struct event_row blank = {(double)NAN, -1, SC_H5_NO_NAME, -1, -1, 0};
	const struct sc_h5_field fields[] = {
		FIELD(event_row, time_s, H5T_NATIVE_DOUBLE),
		FIELD(event_row, node, H5T_NATIVE_INT64),
		NAME_FIELD(event_row, what, event_what_name, SC_RECORD_KINDS),
		FIELD(event_row, peer, H5T_NATIVE_INT64),
		FIELD(event_row, subfile, H5T_NATIVE_INT64),
		FIELD(event_row, count, H5T_NATIVE_UINT64),
	};
	const struct sc_h5_reading events = {"/events", fields, COUNT_OF(fields),
		sizeof(struct event_row), &blank, 0,
		((uint64_t)run->recipients + 1) * SC_TIMELINE_EVENTS_MAX, take_event, run};

	return sc_h5_has(file, "/events") ? sc_h5_get_table(file, &events, err) : 0;
}

static int
take_failures(hid_t file, struct sc_past_run *run, struct sc_error *err)
{
	static const struct failure_row blank = {-1, (double)NAN, -1, (double)NAN, 0, 0};
	const struct sc_h5_field fields[] = {
		FIELD(failure_row, node, H5T_NATIVE_INT64),
		FIELD(failure_row, detected_s, H5T_NATIVE_DOUBLE),
		OPTIONAL_FIELD(failure_row, detected_by, H5T_NATIVE_INT64),
		OPTIONAL_FIELD(failure_row, detour_s, H5T_NATIVE_DOUBLE),
		OPTIONAL_FIELD(failure_row, detours, H5T_NATIVE_UINT64),
		OPTIONAL_FIELD(failure_row, bytes_supplied_again, H5T_NATIVE_UINT64),
	};
	const struct sc_h5_reading failures = {"/failures", fields, COUNT_OF(fields),
		sizeof(struct failure_row), &blank, 0, (uint64_t)run->recipients + 1, take_failure,
		run};

	return sc_h5_has(file, "/failures") ? sc_h5_get_table(file, &failures, err) : 0;
}

int
sc_timings_take_tables(hid_t file, struct sc_past_run *run, struct sc_error *err)
{
	if (take_plan(file, run, err) != 0 || take_nodes(file, run, err) != 0 ||
	    take_events(file, run, err) != 0)
		return -1;
	return take_failures(file, run, err);
}
