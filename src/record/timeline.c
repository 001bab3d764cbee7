/*
 * What happened on one rank, in memory: see timeline.h.
 */
#include "record/timeline.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Enough for the timeline of a small run: 2 KiB. */
enum { CAPACITY_FIRST = 64 };

static bool
grow(struct sc_timeline *timeline)
{
	uint32_t capacity = timeline->capacity == 0 ? CAPACITY_FIRST : 2 * timeline->capacity;
	struct sc_timeline_event *events;

	if (capacity > SC_TIMELINE_EVENTS_MAX)
		capacity = SC_TIMELINE_EVENTS_MAX;
	if (capacity <= timeline->capacity)
		return false;
	events = realloc(timeline->events, capacity * sizeof(*events));
	if (events == NULL)
		return false;
	timeline->events = events;
	timeline->capacity = capacity;
	return true;
}

void
sc_timeline_add(struct sc_timeline *timeline, uint64_t time_ns, const struct sc_record *record)
{
	assert(record->what < SC_RECORD_KINDS);
	assert(timeline->count <= timeline->capacity);

	/* After a gap the rest would tell a false story: once full, always full. */
	if (timeline->dropped > 0 || (timeline->count == timeline->capacity && !grow(timeline))) {
		timeline->dropped++;
		return;
	}
	timeline->events[timeline->count++] = (struct sc_timeline_event){
		.time_ns = time_ns,
		.what = record->what,
		.peer = record->peer,
		.subfile = record->subfile,
		.count = record->count,
	};
}

void
sc_timeline_free(struct sc_timeline *timeline)
{
	free(timeline->events);
	memset(timeline, 0, sizeof(*timeline));
}
