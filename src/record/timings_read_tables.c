/*
 * The tables of a timings file that is read: see timings_read_tables.h.
 */
#include "record/timings_read_tables.h"

#include "base/limits.h"
#include "base/vector.h"
#include "core/record.h"
#include "record/h5_read.h"
#include "record/schema.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* More than a picture can show; later ones are left out. */
enum { DETOURS_MAX = 16 << 20 };

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

/* -1, and what else isn't a number of a node or the like, is none. */
static uint32_t
number_or_none(int64_t number)
{
	return number >= 0 && number < (int64_t)SC_NONE ? (uint32_t)number : SC_NONE;
}

static int
use_plan_node(void *context, const void *data, struct sc_error *err)
{
	struct sc_past_run *run = context;
	const struct sc_plan_node_row *row = data;
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
use_edge(void *context, const void *data, struct sc_error *err)
{
	struct sc_past_run *run = context;
	const struct sc_edge_row *row = data;

	if (!is_node(run, row->to) || !is_node(run, row->from) || row->to == SC_ORIGIN ||
	    row->subfile < 0 || row->subfile >= (int64_t)run->subfiles)
		return wrong(err, "/plan/edges", "an edge", row->to);
	sc_past_part(run, (uint32_t)row->to, (uint32_t)row->subfile)->supplier =
	    (uint32_t)row->from;
	return 0;
}

/* `reported` says that the texts are there, and to be freed. */
static int
keep_texts(struct sc_past_node *node, const struct sc_node_row *row, struct sc_error *err)
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
use_node(void *context, const void *data, struct sc_error *err)
{
	struct sc_past_run *run = context;
	const struct sc_node_row *row = data;
	struct sc_past_node *node;

	/* Kept free for a node whose result never came. */
	if (row->node == -1)
		return 0;
	if (!is_node(run, row->node) || run->nodes[row->node].reported)
		return wrong(err, "/nodes", "the number", row->node);
	if (!is_time(row->first_chunk_s) || !is_time(row->last_chunk_s) ||
	    !is_time(row->stored_s) || !is_time(row->committed_s) ||
	    !is_time(row->network_stall_s) || !is_time(row->storage_stall_s))
		return wrong(err, "/nodes", "a time", row->node);
	node = &run->nodes[row->node];
	if (keep_texts(node, row, err) != 0)
		return -1;
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
note_part(struct sc_past_run *run, const struct sc_event_row *row)
{
	struct sc_past_part *part;

	if (row->subfile < 0 || row->subfile >= (int64_t)run->subfiles)
		return;
	if (row->what == SC_RECORD_SERVED_FROM_STORE) {
		if (!is_node(run, row->peer))
			return;
		part = sc_past_part(run, (uint32_t)row->peer, (uint32_t)row->subfile);
		part->chunks_from_store =
		    row->count > run->chunks ? (uint32_t)run->chunks : (uint32_t)row->count;
		return;
	}
	sc_past_part(run, (uint32_t)row->node, (uint32_t)row->subfile)->held_s = row->time_s;
}

static int
note_detour(struct sc_past_run *run, const struct sc_event_row *row, struct sc_error *err)
{
	struct sc_past_node *node = &run->nodes[row->node];
	struct sc_past_detour *detours;

	if (run->detour_count == DETOURS_MAX)
		return 0;
	detours = sc_vector_room(run->detours, (size_t)run->detour_count + 1, &run->detour_capacity,
	    sizeof(*detours));
	if (detours == NULL)
		return sc_fail(err, 0, "no memory for /events");
	run->detours = detours;
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

/* The supplier that was asked last for the subfile has agreed to send it, in place of others. */
static void
note_detour_begun(struct sc_past_run *run, const struct sc_event_row *row)
{
	uint32_t i = run->nodes[row->node].last_detour;

	if (row->subfile < 0 || row->subfile >= (int64_t)run->subfiles || !is_node(run, row->peer))
		return;
	sc_past_part(run, (uint32_t)row->node, (uint32_t)row->subfile)->supplier =
	    (uint32_t)row->peer;
	while (i != SC_NONE && run->detours[i].subfile != (uint64_t)row->subfile)
		i = run->detours[i].before;
	if (i != SC_NONE && isnan(run->detours[i].in_place_s))
		run->detours[i].in_place_s = row->time_s;
}

static void
note_takeover(struct sc_past_run *run, const struct sc_event_row *row)
{
	run->leader = (uint32_t)row->node;
	run->leader_before = is_node(run, row->peer) ? (uint32_t)row->peer : SC_NONE;
	run->takeover_s = row->time_s;
}

static void
note_torpid(struct sc_past_run *run, const struct sc_event_row *row)
{
	if (is_node(run, row->peer))
		run->nodes[row->peer].torpid_s = fmin(run->nodes[row->peer].torpid_s, row->time_s);
}

static int
note_event(struct sc_past_run *run, const struct sc_event_row *row, struct sc_error *err)
{
	struct sc_past_node *node = &run->nodes[row->node];

	switch (row->what) {
	case SC_RECORD_SEND_BEGUN:
		node->send_begun_s = fmin(node->send_begun_s, row->time_s);
		break;
	case SC_RECORD_SEND_ENDED:
		node->send_ended_s = fmax(node->send_ended_s, row->time_s);
		break;
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
use_event(void *context, const void *data, struct sc_error *err)
{
	struct sc_past_run *run = context;
	const struct sc_event_row *row = data;

	if (!is_node(run, row->node) || !is_time(row->time_s))
		return wrong(err, "/events", "an event", row->node);
	run->has_events = true;
	return note_event(run, row, err);
}

static int
use_failure(void *context, const void *data, struct sc_error *err)
{
	struct sc_past_run *run = context;
	const struct sc_failure_row *row = data;

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
read_plan(hid_t file, struct sc_past_run *run, struct sc_error *err)
{
	uint64_t nodes = (uint64_t)run->recipients + 1;
	uint64_t edges = (uint64_t)run->recipients * run->subfiles;

	if (sc_h5_get_table(file, &sc_schema_plan_nodes, nodes, nodes, use_plan_node, run, err) !=
	    0)
		return -1;
	for (uint32_t i = 1; i <= run->recipients; i++) {
		/* There are as many rows as nodes: so another node has two. */
		if (run->nodes[i].group == SC_NONE)
			return wrong(err, "/plan/nodes", "no row", i);
	}
	run->has_edges = sc_h5_has(file, sc_schema_plan_edges.path);
	return run->has_edges
	    ? sc_h5_get_table(file, &sc_schema_plan_edges, edges, edges, use_edge, run, err)
	    : 0;
}

int
sc_timings_read_tables(hid_t file, struct sc_past_run *run, struct sc_error *err)
{
	uint64_t nodes = (uint64_t)run->recipients + 1;
	uint64_t events = nodes * SC_TIMELINE_EVENTS_MAX;

	if (read_plan(file, run, err) != 0 ||
	    sc_h5_get_table(file, &sc_schema_nodes, 0, nodes, use_node, run, err) != 0)
		return -1;
	if (sc_h5_has(file, sc_schema_events.path) &&
	    sc_h5_get_table(file, &sc_schema_events, 0, events, use_event, run, err) != 0)
		return -1;
	if (sc_h5_has(file, sc_schema_failures.path))
		return sc_h5_get_table(file, &sc_schema_failures, 0, nodes, use_failure, run, err);
	return 0;
}
