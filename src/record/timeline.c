/*
 * What happened on one rank, in memory: see timeline.h.
 *
 * Detours are found by following who supplied each subfile: at first whom the
 * plan says, then whoever was asked or began to send.
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

/* What is known of one node's suppliers, at some point of its timeline. */
struct supply {
	const struct sc_plan *plan;
	uint32_t supplier[SC_GROUP_SIZE_MAX]; /* of each subfile */
	bool failed[SC_GROUP_SIZE_MAX];       /* that supplier, and nobody was asked since */
	uint32_t lost;                        /* who failed last, and when */
	uint64_t lost_ns;
	struct sc_timeline_detour *detours;
	uint32_t count;
	uint32_t capacity;
};

static void
note_failure(struct supply *supply, const struct sc_timeline_event *event)
{
	supply->lost = event->peer;
	supply->lost_ns = event->time_ns;
	for (uint32_t i = 0; i < supply->plan->subfiles; i++)
		supply->failed[i] |= supply->supplier[i] == event->peer;
}

static int
add_detour(struct supply *supply, uint32_t around, const struct sc_timeline_event *event)
{
	if (supply->count == supply->capacity) {
		uint32_t capacity = 2 * supply->capacity + 8;
		struct sc_timeline_detour *more =
		    realloc(supply->detours, capacity * sizeof(*more));

		if (more == NULL)
			return -1;
		supply->detours = more;
		supply->capacity = capacity;
	}
	supply->detours[supply->count++] = (struct sc_timeline_detour){
		.around = around,
		.subfile = event->subfile,
		.chunks = event->count,
	};
	return 0;
}

static bool
is_open(const struct supply *supply, uint32_t subfile)
{
	for (uint32_t i = 0; i < supply->count; i++) {
		if (supply->detours[i].subfile == subfile && supply->detours[i].in_place_ns == 0)
			return true;
	}
	return false;
}

/*
 * Whom is the detour around?  A supplier that failed; or, as a relief edge is void when others
 * than its two ends fail, whoever failed at that very moment.  Else it has other reasons,
 * such as a torpid supplier or damaged chunks.
 */
static int
note_asked(struct supply *supply, const struct sc_timeline_event *event)
{
	uint32_t subfile = event->subfile;
	uint32_t around = SC_NONE;

	if (supply->failed[subfile])
		around = supply->supplier[subfile];
	else if (event->time_ns == supply->lost_ns && !is_open(supply, subfile))
		around = supply->lost;
	supply->supplier[subfile] = event->peer;
	supply->failed[subfile] = false;
	return around == SC_NONE ? 0 : add_detour(supply, around, event);
}

static void
note_agreed(struct supply *supply, const struct sc_timeline_event *event)
{
	supply->supplier[event->subfile] = event->peer;
	supply->failed[event->subfile] = false;
	for (uint32_t i = 0; i < supply->count; i++) {
		struct sc_timeline_detour *detour = &supply->detours[i];

		if (detour->subfile == event->subfile && detour->in_place_ns == 0)
			detour->in_place_ns = event->time_ns;
	}
}

struct sc_timeline_detour *
sc_timeline_detours(const struct sc_timeline *timeline, const struct sc_plan *plan, uint32_t self,
    uint32_t *count)
{
	struct supply supply = {.plan = plan, .lost = SC_NONE};
	int rc = 0;

	*count = 0;
	supply.detours = malloc(sizeof(*supply.detours));
	supply.capacity = 1;
	if (supply.detours == NULL || self == SC_ORIGIN || self > plan->recipients)
		return supply.detours;
	for (uint32_t i = 0; i < plan->subfiles; i++)
		supply.supplier[i] = sc_plan_supplier(plan, self, i).from;
	for (uint32_t i = 0; i < timeline->count && rc == 0; i++) {
		const struct sc_timeline_event *event = &timeline->events[i];

		if (event->what == SC_RECORD_PEER_FAILED)
			note_failure(&supply, event);
		else if (event->subfile >= plan->subfiles)
			continue;
		else if (event->what == SC_RECORD_DETOUR)
			rc = note_asked(&supply, event);
		/* A buddy that asks itself has the source at hand. */
		if (event->what == SC_RECORD_RECEIVE_BEGUN ||
		    event->what == SC_RECORD_DETOUR_BEGUN ||
		    (event->what == SC_RECORD_DETOUR && event->peer == self))
			note_agreed(&supply, event);
	}
	if (rc != 0) {
		free(supply.detours);
		return NULL;
	}
	*count = supply.count;
	return supply.detours;
}
