/*
 * The timeline: what happened on one rank and when, in memory, bounded.
 */
#ifndef SC_RECORD_TIMELINE_H
#define SC_RECORD_TIMELINE_H

#include "base/limits.h"
#include "core/record.h"

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
	uint32_t capacity;
	uint64_t dropped; /* events beyond SC_TIMELINE_EVENTS_MAX, or of the memory there was */
};

/* Add an entry, or count it as dropped; never fails.  O(1), amortised. */
void sc_timeline_add(struct sc_timeline *, uint64_t time_ns, const struct sc_record *);

/* Also on an all-zero struct, and twice. */
void sc_timeline_free(struct sc_timeline *);

#endif
