/*
 * The schema of the timings file: see schema.h.  Attributes, columns and the values of
 * enumerations stand in the order in which they are written.
 */
#include "record/schema.h"

#include "core/record.h"
#include "plan/plan.h"
#include "record/node_result.h"
#include "record/timings.h"
#include "record/timings_read.h"

#define ATTRIBUTE(attribute, attribute_kind) \
	{#attribute, SC_ATTRIBUTE_##attribute_kind, offsetof(struct sc_past_run, attribute), 0, 0}
#define NEEDED_COUNT(attribute, attribute_kind, min, max) \
	{#attribute, SC_ATTRIBUTE_##attribute_kind, offsetof(struct sc_past_run, attribute), min, \
		max}

const struct sc_attribute sc_schema_attributes[SC_ATTRIBUTES] = {
	ATTRIBUTE(program_version, TEXT),
	ATTRIBUTE(mpi_version, TEXT),
	ATTRIBUTE(source, TEXT),
	ATTRIBUTE(source_digest, TEXT),
	ATTRIBUTE(outcome, TEXT),
	NEEDED_COUNT(recipients, COUNT32, 0, SC_NODES_MAX),
	NEEDED_COUNT(subfiles, COUNT32, 1, SC_GROUP_SIZE_MAX),
	NEEDED_COUNT(size_bytes, COUNT, 0, UINT64_C(1) << 62),
	NEEDED_COUNT(chunk_bytes, COUNT, 1, SC_CHUNK_BYTES_MAX),
	NEEDED_COUNT(chunks, COUNT, 0, SC_CHUNKS_MAX),
	NEEDED_COUNT(trees, COUNT, 0, SC_NODES_MAX),
	NEEDED_COUNT(groups, COUNT, 0, SC_NODES_MAX),
	ATTRIBUTE(tree_groups, COUNT),
	ATTRIBUTE(branching, COUNT),
	ATTRIBUTE(window, COUNT),
	ATTRIBUTE(slots, COUNT),
	ATTRIBUTE(store_and_forward, FLAG),
	ATTRIBUTE(exit_status, COUNT),
	ATTRIBUTE(origin_keeps_copy, FLAG),
	ATTRIBUTE(had_it_before, COUNT),
	ATTRIBUTE(events_dropped, COUNT),
	ATTRIBUTE(started_unix_s, SECONDS),
	ATTRIBUTE(elapsed_s, SECONDS),
	ATTRIBUTE(predicted_s, SECONDS),
};

static const char *
edge_kind_name(unsigned value)
{
	return sc_edge_kind_name((enum sc_edge_kind)value);
}

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

enum { EDGE_KIND, NODE_STATE, EVENT_WHAT };

const struct sc_h5_enum sc_schema_enums[SC_SCHEMA_ENUMS] = {
	[EDGE_KIND] = {"/types/edge_kind", SC_EDGE_KINDS, edge_kind_name},
	[NODE_STATE] = {"/types/node_state", SC_NODE_STATES, node_state_name},
	[EVENT_WHAT] = {"/types/event_what", SC_RECORD_KINDS, event_what_name},
};

/* Columns are called as the members of their row. */
#define PLACE(row, member) offsetof(struct row, member), sizeof(((struct row *)0)->member)
#define COLUMN(row, member, kind, use) \
	{#member, SC_H5_##kind, SC_H5_##use, PLACE(row, member), NULL}
#define ENUM(row, member, use, names) \
	{#member, SC_H5_ENUM, SC_H5_##use, PLACE(row, member), &sc_schema_enums[names]}

static const struct sc_h5_column plan_node_columns[] = {
	COLUMN(sc_plan_node_row, node, INT32, NEEDED),
	COLUMN(sc_plan_node_row, group, INT32, NEEDED),
	COLUMN(sc_plan_node_row, member, INT32, NEEDED),
	COLUMN(sc_plan_node_row, tree, INT32, NEEDED),
	COLUMN(sc_plan_node_row, depth, INT32, NEEDED),
	COLUMN(sc_plan_node_row, parent, INT32, NOT_READ),
};

static const struct sc_h5_column edge_columns[] = {
	COLUMN(sc_edge_row, from, INT32, NEEDED),
	COLUMN(sc_edge_row, to, INT32, NEEDED),
	COLUMN(sc_edge_row, subfile, INT32, NEEDED),
	ENUM(sc_edge_row, kind, NOT_READ, EDGE_KIND),
};

static const struct sc_h5_column node_columns[] = {
	COLUMN(sc_node_row, node, INT32, NEEDED),
	COLUMN(sc_node_row, rank, INT32, NOT_READ),
	COLUMN(sc_node_row, host, TEXT, OPTIONAL),
	ENUM(sc_node_row, state, NEEDED, NODE_STATE),
	COLUMN(sc_node_row, clock_offset_s, DOUBLE, NOT_READ),
	COLUMN(sc_node_row, bytes_received, UINT64, NOT_READ),
	COLUMN(sc_node_row, bytes_sent, UINT64, NOT_READ),
	COLUMN(sc_node_row, bytes_stored, UINT64, NOT_READ),
	COLUMN(sc_node_row, first_chunk_s, DOUBLE, OPTIONAL),
	COLUMN(sc_node_row, last_chunk_s, DOUBLE, OPTIONAL),
	COLUMN(sc_node_row, stored_s, DOUBLE, OPTIONAL),
	COLUMN(sc_node_row, committed_s, DOUBLE, NEEDED),
	COLUMN(sc_node_row, network_stall_s, DOUBLE, OPTIONAL),
	COLUMN(sc_node_row, storage_stall_s, DOUBLE, OPTIONAL),
	COLUMN(sc_node_row, memory_peak_bytes, UINT64, NOT_READ),
	COLUMN(sc_node_row, digest, FULL_TEXT, NOT_READ),
	COLUMN(sc_node_row, cause, TEXT, OPTIONAL),
};

static const struct sc_h5_column event_columns[] = {
	COLUMN(sc_event_row, time_s, DOUBLE, NEEDED),
	COLUMN(sc_event_row, rank, INT32, NOT_READ),
	COLUMN(sc_event_row, node, INT32, NEEDED),
	ENUM(sc_event_row, what, NEEDED, EVENT_WHAT),
	COLUMN(sc_event_row, peer, INT64, NEEDED),
	COLUMN(sc_event_row, subfile, INT32, NEEDED),
	COLUMN(sc_event_row, count, UINT64, NEEDED),
};

static const struct sc_h5_column failure_columns[] = {
	COLUMN(sc_failure_row, rank, INT32, NOT_READ),
	COLUMN(sc_failure_row, node, INT32, NEEDED),
	COLUMN(sc_failure_row, host, TEXT, NOT_READ),
	COLUMN(sc_failure_row, cause, TEXT, NOT_READ),
	COLUMN(sc_failure_row, detected_s, DOUBLE, NEEDED),
	COLUMN(sc_failure_row, detected_by, INT64, OPTIONAL),
	COLUMN(sc_failure_row, detour_s, DOUBLE, OPTIONAL),
	COLUMN(sc_failure_row, detours, UINT32, OPTIONAL),
	COLUMN(sc_failure_row, bytes_supplied_again, UINT64, OPTIONAL),
};

static const struct sc_h5_column strategy_columns[] = {
	COLUMN(sc_timings_strategy, name, TEXT, NOT_READ),
	COLUMN(sc_timings_strategy, last_s, DOUBLE, NOT_READ),
	COLUMN(sc_timings_strategy, floor_ratio, DOUBLE, NOT_READ),
	COLUMN(sc_timings_strategy, origin_bytes, UINT64, NOT_READ),
	COLUMN(sc_timings_strategy, relay_bytes, UINT64, NOT_READ),
};

#define TABLE(path, columns, row) \
	{path, columns, sizeof(columns) / sizeof((columns)[0]), sizeof(struct row)}

const struct sc_h5_table sc_schema_plan_nodes =
    TABLE("/plan/nodes", plan_node_columns, sc_plan_node_row);
const struct sc_h5_table sc_schema_plan_edges = TABLE("/plan/edges", edge_columns, sc_edge_row);
const struct sc_h5_table sc_schema_nodes = TABLE("/nodes", node_columns, sc_node_row);
const struct sc_h5_table sc_schema_events = TABLE("/events", event_columns, sc_event_row);
const struct sc_h5_table sc_schema_failures = TABLE("/failures", failure_columns, sc_failure_row);
const struct sc_h5_table sc_schema_strategies =
    TABLE("/strategies", strategy_columns, sc_timings_strategy);
