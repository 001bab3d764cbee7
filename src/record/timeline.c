/*
 * What happened on one rank, in memory: see timeline.h.
 *
 * Detours are found by following which node supplied each subfile: at first the one of the plan,
 * then the one that was asked last or began to send.
 */
#include "record/timeline.h"

#include "base/vector.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Room for one more event, if there may be more. */
static bool
grow(struct sc_timeline *timeline)
{
	struct sc_timeline_event *events;

	if (timeline->count == SC_TIMELINE_EVENTS_MAX)
		return false;
	events = sc_vector_room(timeline->events, (size_t)timeline->count + 1, &timeline->capacity,
	    sizeof(*events));
	if (events == NULL)
		return false;
	timeline->events = events;
	return true;
}

void
sc_timeline_add(struct sc_timeline *timeline, uint64_t time_ns, const struct sc_record *record)
{
	assert(record->what < SC_RECORD_KINDS);
	assert(timeline->count <= timeline->capacity);

	/* After a gap the rest would tell a false story: once full, always full. */
	if (timeline->dropped > 0 || !grow(timeline)) {
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
	bool failed[SC_GROUP_SIZE_MAX];       /* that supplier, and no other was asked since */
	uint32_t lost;                        /* the node that failed last, and when */
	uint64_t lost_ns;
	struct sc_timeline_detour *detours;
	uint32_t count;
	size_t capacity;
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
	struct sc_timeline_detour *detours = sc_vector_room(supply->detours,
	    (size_t)supply->count + 1, &supply->capacity, sizeof(*detours));

	if (detours == NULL)
		return -1;
	supply->detours = detours;
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
 * Which node is the detour around?  The supplier, if it failed.  Or the node that failed at this
 * very moment: a relief edge is void when nodes other than its two ends fail.  Else the detour has
 * other reasons, such as a torpid supplier or damaged chunks.
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
