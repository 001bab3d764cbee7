/*
 * A line of a trace, for trace.c and for the tests that read or compare traces.
 */
#ifndef SC_RECORD_TRACE_LINE_H
#define SC_RECORD_TRACE_LINE_H

#include "core/action.h"
#include "core/event.h"

#include <stddef.h>
#include <stdint.h>

/* A control message and a cause in hexadecimal, and a dozen numbers. */
enum { SC_TRACE_LINE_BYTES = 2 * (SC_CONTROL_BYTES + SC_CAUSE_BYTES) + 512 };

/* Chunks of an H line. */
enum { SC_TRACE_HELD_CHUNKS = 8192 };
_Static_assert(SC_TRACE_HELD_CHUNKS / 8 <= SC_CONTROL_BYTES, "an H line is too long");

struct sc_trace_line {
	char text[SC_TRACE_LINE_BYTES]; /* without a newline */
	size_t length;
};

void sc_trace_event_line(struct sc_trace_line *, uint32_t node, const struct sc_event *);
void sc_trace_action_line(struct sc_trace_line *, uint32_t node, const struct sc_actions *,
    const struct sc_action *);

#endif
