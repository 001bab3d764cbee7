/*
 * The schema of the timings file as data, for its writer and its reader: the root attributes, the
 * named enumerations, and the tables with their rows.  stagecast-timings(5) tells what it means.
 *
 * Moments are seconds since the start of the run; NaN: never, or not known.  A number of a node,
 * subfile and the like is -1 where there is none.
 */
#ifndef SC_RECORD_SCHEMA_H
#define SC_RECORD_SCHEMA_H

#include "base/limits.h"
#include "record/h5.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Changes whenever something is removed, renamed, or means something else. */
enum { SC_SCHEMA_VERSION = 1 };

enum sc_attribute_kind {
	SC_ATTRIBUTE_TEXT,    /* const char * */
	SC_ATTRIBUTE_COUNT,   /* uint64_t */
	SC_ATTRIBUTE_COUNT32, /* uint32_t */
	SC_ATTRIBUTE_FLAG,    /* bool */
	SC_ATTRIBUTE_SECONDS, /* double */
};

/* An attribute that is a member of struct sc_past_run.  A count whose max is not 0 has to be there,
 * and in its range; others may be missing. */
struct sc_attribute {
	const char *name;
	enum sc_attribute_kind kind;
	size_t offset;
	uint64_t min;
	uint64_t max;
};

enum { SC_ATTRIBUTES = 24 };
extern const struct sc_attribute sc_schema_attributes[SC_ATTRIBUTES];

enum { SC_SCHEMA_ENUMS = 3 };
extern const struct sc_h5_enum sc_schema_enums[SC_SCHEMA_ENUMS];

struct sc_plan_node_row {
	int32_t node;
	int32_t group;
	int32_t member;
	int32_t tree;
	int32_t depth;
	int32_t parent;
};

struct sc_edge_row {
	int32_t from;
	int32_t to;
	int32_t subfile;
	uint8_t kind;
};

struct sc_node_row {
	int32_t node;
	int32_t rank;
	char host[SC_HOST_BYTES];
	uint8_t state;
	double clock_offset_s;
	uint64_t bytes_received;
	uint64_t bytes_sent;
	uint64_t bytes_stored;
	double first_chunk_s;
	double last_chunk_s;
	double stored_s;
	double committed_s;
	double network_stall_s;
	double storage_stall_s;
	uint64_t memory_peak_bytes;
	char digest[33];
	char cause[SC_CAUSE_BYTES];
};

struct sc_event_row {
	double time_s;
	int32_t rank;
	int32_t node;
	uint8_t what;
	int64_t peer;
	int32_t subfile;
	uint64_t count;
};

struct sc_failure_row {
	int32_t rank;
	int32_t node;
	char host[SC_HOST_BYTES];
	char cause[SC_CAUSE_BYTES];
	double detected_s;
	int64_t detected_by;
	double detour_s;
	uint32_t detours;
	uint64_t bytes_supplied_again;
};

extern const struct sc_h5_table sc_schema_plan_nodes, sc_schema_plan_edges, sc_schema_nodes,
    sc_schema_events, sc_schema_failures;

/* Of struct sc_timings_strategy; only written. */
extern const struct sc_h5_table sc_schema_strategies;

#endif
