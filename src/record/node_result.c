/*
 * Results as bytes: see node_result.h.
 *
 * Numbers are little-endian and of fixed width, texts are preceded by their
 * length and have no end mark:
 *
 *     magic 4, version 4, length of all of it 8
 *     node 4, rank 4, state 4, clock offset 8, twelve counters of 8
 *     host 2 + text, cause 2 + text
 *     dropped 8, number of events 4, and for each: time 8, count 8, what 4, peer 4, subfile 4
 */
#include "record/node_result.h"

#include "base/bytes.h"
#include "plan/plan.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A number of 4 or 8 bytes, in the struct and in the encoding. */
struct field {
	size_t offset;
	size_t bytes;
	uint32_t max;      /* of 4 bytes */
	bool none_allowed; /* SC_NONE, too */
};

#define SMALL(row, member, max, none) {offsetof(struct row, member), 4, max, none}
#define LARGE(row, member) {offsetof(struct row, member), 8, 0, false}

static const struct field result_fields[] = {
	SMALL(sc_node_result, node, SC_NODES_MAX, false),
	SMALL(sc_node_result, rank, INT32_MAX, false),
	SMALL(sc_node_result, state, SC_NODE_STATES - 1, false),
	LARGE(sc_node_result, clock_offset_ns),
	LARGE(sc_node_result, bytes_received),
	LARGE(sc_node_result, bytes_sent),
	LARGE(sc_node_result, bytes_stored),
	LARGE(sc_node_result, first_chunk_ns),
	LARGE(sc_node_result, last_chunk_ns),
	LARGE(sc_node_result, stored_ns),
	LARGE(sc_node_result, committed_ns),
	LARGE(sc_node_result, network_stall_ns),
	LARGE(sc_node_result, storage_stall_ns),
	LARGE(sc_node_result, memory_peak_bytes),
	LARGE(sc_node_result, digest_low),
	LARGE(sc_node_result, digest_high),
};

static const struct field event_fields[] = {
	LARGE(sc_timeline_event, time_ns),
	LARGE(sc_timeline_event, count),
	SMALL(sc_timeline_event, what, SC_RECORD_KINDS - 1, false),
	SMALL(sc_timeline_event, peer, SC_NODES_MAX, true),
	SMALL(sc_timeline_event, subfile, SC_GROUP_SIZE_MAX - 1, true),
};

enum {
	MAGIC = 0x52504353, /* "SCPR" */
	VERSION = 1,
	RESULT_FIELDS = sizeof(result_fields) / sizeof(result_fields[0]),
	EVENT_FIELDS = sizeof(event_fields) / sizeof(event_fields[0]),
	HEAD_BYTES = 4 + 4 + 8,
	FIXED_BYTES = HEAD_BYTES + 3 * 4 + (RESULT_FIELDS - 3) * 8 + 2 * 2 + 8 + 4,
	EVENT_BYTES = 2 * 8 + (EVENT_FIELDS - 2) * 4,
};

static_assert(FIXED_BYTES + SC_HOST_BYTES + SC_CAUSE_BYTES <= 1024, "SC_NODE_RESULT_BYTES_MAX");
static_assert(EVENT_BYTES == 28, "SC_NODE_RESULT_BYTES_MAX");

const char *
sc_node_state_name(enum sc_node_state state)
{
	static const char *const names[SC_NODE_STATES] = {
		[SC_NODE_COMMITTED] = "committed",
		[SC_NODE_FAILED] = "failed",
		[SC_NODE_LOST] = "lost",
		[SC_NODE_NO_COPY] = "no_copy",
	};

	assert(state < SC_NODE_STATES);
	return names[state];
}

static void
put_fields(struct sc_bytes_writer *writer, const struct field *fields, size_t count,
    const void *values)
{
	for (size_t i = 0; i < count; i++) {
		const void *value = (const char *)values + fields[i].offset;

		sc_bytes_put(writer,
		    fields[i].bytes == 4 ? *(const uint32_t *)value : *(const uint64_t *)value,
		    fields[i].bytes);
	}
}

static void
get_fields(struct sc_bytes_reader *reader, const struct field *fields, size_t count, void *values)
{
	for (size_t i = 0; i < count; i++) {
		void *value = (char *)values + fields[i].offset;
		uint64_t number = sc_bytes_get(reader, fields[i].bytes);

		if (fields[i].bytes == 8) {
			*(uint64_t *)value = number;
			continue;
		}
		if (number > fields[i].max && !(fields[i].none_allowed && number == SC_NONE))
			reader->bad = true;
		*(uint32_t *)value = (uint32_t)number;
	}
}

int
sc_node_result_encode(const struct sc_node_result *result, const struct sc_timeline *timeline,
    uint8_t **bytes, size_t *length)
{
	size_t host_length = strnlen(result->host, sizeof(result->host) - 1);
	size_t cause_length = strnlen(result->cause, sizeof(result->cause) - 1);
	struct sc_bytes_writer writer = {0};

	assert(result->node <= SC_NODES_MAX && result->rank <= INT32_MAX);
	assert(result->state < SC_NODE_STATES);
	assert(timeline->count <= SC_TIMELINE_EVENTS_MAX);

	writer.capacity =
	    FIXED_BYTES + host_length + cause_length + (size_t)timeline->count * EVENT_BYTES;
	assert(writer.capacity <= SC_NODE_RESULT_BYTES_MAX);
	writer.bytes = malloc(writer.capacity);
	if (writer.bytes == NULL)
		return -1;

	sc_bytes_put(&writer, MAGIC, 4);
	sc_bytes_put(&writer, VERSION, 4);
	sc_bytes_put(&writer, writer.capacity, 8);
	put_fields(&writer, result_fields, RESULT_FIELDS, result);
	sc_bytes_put_text(&writer, result->host, host_length);
	sc_bytes_put_text(&writer, result->cause, cause_length);
	sc_bytes_put(&writer, timeline->dropped, 8);
	sc_bytes_put(&writer, timeline->count, 4);
	for (uint32_t i = 0; i < timeline->count; i++)
		put_fields(&writer, event_fields, EVENT_FIELDS, &timeline->events[i]);
	assert(writer.used == writer.capacity);

	*bytes = writer.bytes;
	*length = writer.capacity;
	return 0;
}

/* The rest of the reader is the timeline, nothing less and nothing more. */
static void
get_timeline(struct sc_bytes_reader *reader, struct sc_timeline *timeline)
{
	uint32_t count;

	timeline->dropped = sc_bytes_get(reader, 8);
	count = (uint32_t)sc_bytes_get(reader, 4);
	if (reader->bad || count > SC_TIMELINE_EVENTS_MAX ||
	    reader->left != (size_t)count * EVENT_BYTES) {
		reader->bad = true;
		return;
	}
	if (count == 0)
		return;
	timeline->events = malloc(count * sizeof(*timeline->events));
	if (timeline->events == NULL) {
		reader->bad = true;
		return;
	}
	timeline->capacity = count;
	for (; timeline->count < count; timeline->count++)
		get_fields(reader, event_fields, EVENT_FIELDS, &timeline->events[timeline->count]);
}

size_t
sc_node_result_decode(const uint8_t *bytes, size_t length, struct sc_node_result *result,
    struct sc_timeline *timeline)
{
	struct sc_bytes_reader reader = {.bytes = bytes, .left = length};
	uint64_t magic, version, taken;

	memset(result, 0, sizeof(*result));
	memset(timeline, 0, sizeof(*timeline));
	magic = sc_bytes_get(&reader, 4);
	version = sc_bytes_get(&reader, 4);
	taken = sc_bytes_get(&reader, 8);
	if (reader.bad || magic != MAGIC || version != VERSION)
		return 0;
	if (taken < FIXED_BYTES || taken > length)
		return 0;
	reader.left = (size_t)taken - HEAD_BYTES;

	get_fields(&reader, result_fields, RESULT_FIELDS, result);
	sc_bytes_get_text(&reader, result->host, sizeof(result->host));
	sc_bytes_get_text(&reader, result->cause, sizeof(result->cause));
	get_timeline(&reader, timeline);
	if (reader.bad) {
		sc_timeline_free(timeline);
		return 0;
	}
	assert(reader.left == 0);
	return (size_t)taken;
}
