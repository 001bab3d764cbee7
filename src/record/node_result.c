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

/* The counters, in the order of their encoding. */
static const size_t counters[] = {
	offsetof(struct sc_node_result, bytes_received),
	offsetof(struct sc_node_result, bytes_sent),
	offsetof(struct sc_node_result, bytes_stored),
	offsetof(struct sc_node_result, first_chunk_ns),
	offsetof(struct sc_node_result, last_chunk_ns),
	offsetof(struct sc_node_result, stored_ns),
	offsetof(struct sc_node_result, committed_ns),
	offsetof(struct sc_node_result, network_stall_ns),
	offsetof(struct sc_node_result, storage_stall_ns),
	offsetof(struct sc_node_result, memory_peak_bytes),
	offsetof(struct sc_node_result, digest_low),
	offsetof(struct sc_node_result, digest_high),
};

enum {
	MAGIC = 0x52504353, /* "SCPR" */
	VERSION = 1,
	HEAD_BYTES = 4 + 4 + 8,
	COUNTERS = sizeof(counters) / sizeof(counters[0]),
	FIXED_BYTES = HEAD_BYTES + 3 * 4 + 8 + COUNTERS * 8 + 2 * 2 + 8 + 4,
	EVENT_BYTES = 8 + 8 + 3 * 4,
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

/* A number of at most max, or none (if allowed). */
static uint32_t
get_number(struct sc_bytes_reader *reader, uint32_t max, bool none_allowed)
{
	uint32_t value = (uint32_t)sc_bytes_get(reader, 4);

	if (value > max && !(none_allowed && value == SC_NONE))
		reader->bad = true;
	return value;
}

static void
put_result(struct sc_bytes_writer *writer, const struct sc_node_result *result, size_t host_length,
    size_t cause_length)
{
	sc_bytes_put(writer, MAGIC, 4);
	sc_bytes_put(writer, VERSION, 4);
	sc_bytes_put(writer, writer->capacity, 8);
	sc_bytes_put(writer, result->node, 4);
	sc_bytes_put(writer, result->rank, 4);
	sc_bytes_put(writer, result->state, 4);
	sc_bytes_put(writer, (uint64_t)result->clock_offset_ns, 8);
	for (size_t i = 0; i < COUNTERS; i++) {
		uint64_t value;

		memcpy(&value, (const char *)result + counters[i], sizeof(value));
		sc_bytes_put(writer, value, 8);
	}
	sc_bytes_put_text(writer, result->host, host_length);
	sc_bytes_put_text(writer, result->cause, cause_length);
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

	put_result(&writer, result, host_length, cause_length);
	sc_bytes_put(&writer, timeline->dropped, 8);
	sc_bytes_put(&writer, timeline->count, 4);
	for (uint32_t i = 0; i < timeline->count; i++) {
		const struct sc_timeline_event *event = &timeline->events[i];

		sc_bytes_put(&writer, event->time_ns, 8);
		sc_bytes_put(&writer, event->count, 8);
		sc_bytes_put(&writer, event->what, 4);
		sc_bytes_put(&writer, event->peer, 4);
		sc_bytes_put(&writer, event->subfile, 4);
	}
	assert(writer.used == writer.capacity);

	*bytes = writer.bytes;
	*length = writer.capacity;
	return 0;
}

static void
get_result(struct sc_bytes_reader *reader, struct sc_node_result *result)
{
	result->node = get_number(reader, SC_NODES_MAX, false);
	result->rank = get_number(reader, INT32_MAX, false);
	result->state = get_number(reader, SC_NODE_STATES - 1, false);
	result->clock_offset_ns = (int64_t)sc_bytes_get(reader, 8);
	for (size_t i = 0; i < COUNTERS; i++) {
		uint64_t value = sc_bytes_get(reader, 8);

		memcpy((char *)result + counters[i], &value, sizeof(value));
	}
	sc_bytes_get_text(reader, result->host, sizeof(result->host));
	sc_bytes_get_text(reader, result->cause, sizeof(result->cause));
}

/* The rest of the reader is the timeline, nothing less and nothing more. */
static void
get_timeline(struct sc_bytes_reader *reader, struct sc_timeline *timeline)
{
	uint32_t count;

	timeline->dropped = sc_bytes_get(reader, 8);
	count = get_number(reader, SC_TIMELINE_EVENTS_MAX, false);
	if (reader->bad || reader->left != (size_t)count * EVENT_BYTES) {
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
	for (; timeline->count < count; timeline->count++) {
		struct sc_timeline_event *event = &timeline->events[timeline->count];

		event->time_ns = sc_bytes_get(reader, 8);
		event->count = sc_bytes_get(reader, 8);
		event->what = get_number(reader, SC_RECORD_KINDS - 1, false);
		event->peer = get_number(reader, SC_NODES_MAX, true);
		event->subfile = get_number(reader, SC_GROUP_SIZE_MAX - 1, true);
	}
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

	get_result(&reader, result);
	get_timeline(&reader, timeline);
	if (reader.bad) {
		sc_timeline_free(timeline);
		return 0;
	}
	assert(reader.left == 0);
	return (size_t)taken;
}
