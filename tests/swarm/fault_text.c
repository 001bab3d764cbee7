/*
 * Faults in words: see fault_text.h.
 */
#include "swarm/fault_text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

static const char *const names[] = {
	"crash",
	"hang",
	"cut",
	"cut pair",
	"slow link",
	"slow disk",
	"no copy",
	"full disk",
	"stuck disk",
	"bad loads",
	"bad commit",
	"damage",
};

_Static_assert(sizeof(names) / sizeof(names[0]) == SC_FAULT_KINDS, "a fault has no name");

/* A text under way; what doesn't fit is left out. */
struct text {
	char *bytes;
	size_t length;
};

static void
append(struct text *text, const char *format, ...)
{
	size_t left = SC_FAULT_TEXT_BYTES - text->length;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text->bytes + text->length, left, format, arguments);
	va_end(arguments);
	assert(length >= 0);
	text->length += (size_t)length < left ? (size_t)length : left - 1;
}

static void
append_moment(struct text *text, const struct sc_fault *fault)
{
	switch (fault->trigger) {
	case SC_FAULT_AT_TIME:
		append(text, " at %.6g s", (double)fault->at * 1e-9);
		break;
	case SC_FAULT_AT_STEP:
		append(text, " at step %" PRIu64, fault->at);
		if (fault->actions != SC_NONE)
			append(text, " after %u actions", fault->actions);
		break;
	case SC_FAULT_AT_STORED:
		append(text, " at %" PRIu64 " chunks", fault->at);
		break;
	}
}

const char *
sc_fault_format(const struct sc_fault *fault, char bytes[SC_FAULT_TEXT_BYTES])
{
	struct text text = {.bytes = bytes};

	append(&text, "%s of %u", names[fault->kind], fault->node);
	if (fault->kind == SC_FAULT_CUT_PAIR)
		append(&text, "-%u", fault->peer);
	if (fault->kind == SC_FAULT_DAMAGE || fault->kind == SC_FAULT_BAD_LOADS)
		append(&text, " times %u", fault->count);
	if (fault->kind == SC_FAULT_SLOW_LINK || fault->kind == SC_FAULT_SLOW_DISK)
		append(&text, " by %.3g", fault->factor);
	if (fault->kind != SC_FAULT_NO_COPY)
		append_moment(&text, fault);
	if (fault->kind == SC_FAULT_HANG || fault->kind == SC_FAULT_CUT ||
	    fault->kind == SC_FAULT_CUT_PAIR) {
		if (fault->duration_ns == SC_FAULT_FOR_EVER)
			append(&text, " for ever");
		else
			append(&text, " for %.6g s", (double)fault->duration_ns * 1e-9);
	}
	return bytes;
}
