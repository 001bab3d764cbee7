/*
 * The timeline: what happened on one rank and when, in memory, bounded; and the detours that it
 * shows around nodes that failed.
 */
#ifndef SC_RECORD_TIMELINE_H
#define SC_RECORD_TIMELINE_H

#include "base/limits.h"
#include "core/record.h"
#include "plan/plan.h"

#include <stddef.h>
#include <stdint.h>

struct sc_timeline_event {
	uint64_t time_ns; /* of this rank's clock */
	uint32_t what;    /* enum sc_record_what */
	uint32_t peer;    /* node, or SC_NONE */
	uint32_t subfile; /* or SC_NONE */
	uint64_t count;
};

/* Start with an all-zero struct. */
struct sc_timeline {
	struct sc_timeline_event *events; /* owned, in the order in which they were added */
	uint32_t count;
	size_t capacity;
	uint64_t dropped; /* events beyond SC_TIMELINE_EVENTS_MAX, or of the memory there was */
};

/* Add an entry, or count it as dropped; never fails.  O(1), amortised. */
void sc_timeline_add(struct sc_timeline *, uint64_t time_ns, const struct sc_record *);

/* Also on an all-zero struct, and twice. */
void sc_timeline_free(struct sc_timeline *);

/* A part of the file that a node had to ask other nodes for, as its supplier had failed. */
struct sc_timeline_detour {
	uint32_t around; /* the node that had failed */
	uint32_t subfile;
	uint64_t chunks;      /* of it that were lacking then */
	uint64_t in_place_ns; /* when another supplier agreed to send them; 0: none did */
};

/*
 * The detours of a node (self), in the order in which it asked.  If a stand-in fails or refuses,
 * the next one that agrees puts in place all that is still open: so a subfile may be in several
 * detours.  Returns an array (free it), or NULL without memory.  What the timeline says is not
 * trusted.
 */
struct sc_timeline_detour *sc_timeline_detours(const struct sc_timeline *, const struct sc_plan *,
    uint32_t self, uint32_t *count);

#endif
