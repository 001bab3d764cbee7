/*
 * stagecast-sim --fail: see sim_fail.h.
 */
#include "simulate/fail.h"

#include "base/units.h"
#include "base/vector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double whole = 1e6; /* in millionths */

/* The longest item that makes sense, and some more. */
enum { ITEM_BYTES = 64 };

/* "50%", or a time. */
static int
parse_when(struct sc_sim_fail *fail, const char *text)
{
	double percent;
	int length = 0;

	if (sscanf(text, "%lf%%%n", &percent, &length) == 1 && length > 0 && text[length] == '\0') {
		if (!(percent >= 0 && percent <= 100))
			return -1;
		fail->is_part = true;
		fail->fault.trigger = SC_FAULT_AT_STORED;
		fail->fault.at = (uint64_t)(percent / 100 * whole);
		return 0;
	}
	fail->fault.trigger = SC_FAULT_AT_TIME;
	return sc_parse_duration(text, &fail->fault.at);
}

/* "crash", "hang[=TIME]", "cut[=TIME]" or "slow=FACTOR" */
static int
parse_kind(struct sc_fault *fault, const char *text)
{
	size_t name = strcspn(text, "=");
	const char *value = text[name] == '=' ? text + name + 1 : NULL;
	char *end;

	if (strcmp(text, "crash") == 0) {
		fault->kind = SC_FAULT_CRASH;
		return 0;
	}
	if (strncmp(text, "slow=", 5) == 0) {
		fault->kind = SC_FAULT_SLOW_LINK;
		fault->factor = strtod(value, &end);
		return *end == '\0' && fault->factor >= 1e-6 && fault->factor <= 1 ? 0 : -1;
	}
	if (name == 4 && strncmp(text, "hang", 4) == 0)
		fault->kind = SC_FAULT_HANG;
	else if (name == 3 && strncmp(text, "cut", 3) == 0)
		fault->kind = SC_FAULT_CUT;
	else
		return -1;
	fault->duration_ns = SC_FAULT_FOR_EVER;
	return value == NULL ? 0 : sc_parse_duration(value, &fault->duration_ns);
}

/* NODE@WHEN[:KIND]; changes the text. */
static int
parse_item(struct sc_sim_fail *fail, char *text)
{
	char *at = strchr(text, '@');
	char *kind = strchr(text, ':');

	if (at == NULL)
		return -1;
	*at = '\0';
	if (kind != NULL)
		*kind = '\0';
	*fail = (struct sc_sim_fail){.fault = {.actions = SC_NONE}};
	if (sc_parse_count(text, 0, SC_NODES_MAX, &fail->fault.node) != 0 ||
	    parse_when(fail, at + 1) != 0)
		return -1;
	return parse_kind(&fail->fault, kind == NULL ? "crash" : kind + 1);
}

int
sc_sim_fails_read(struct sc_sim_fails *fails, const char *text, struct sc_error *err)
{
	for (;;) {
		size_t length = strcspn(text, ",");
		struct sc_sim_fail *items =
		    sc_vector_room(fails->items, fails->count + 1, &fails->room, sizeof(*items));
		char item[ITEM_BYTES];

		if (items == NULL)
			return sc_fail(err, 0, "no memory for --fail");
		fails->items = items;
		if (length >= sizeof(item))
			return 1;
		memcpy(item, text, length);
		item[length] = '\0';
		if (parse_item(&items[fails->count], item) != 0)
			return 1;
		fails->count++;
		if (text[length] == '\0')
			return 0;
		text += length + 1;
	}
}

void
sc_sim_fails_free(struct sc_sim_fails *fails)
{
	free(fails->items);
	*fails = (struct sc_sim_fails){0};
}

struct sc_fault *
sc_sim_fails_resolve(const struct sc_sim_fails *fails, const struct sc_plan *plan)
{
	struct sc_fault *faults = calloc(fails->count + 1, sizeof(*faults));

	for (uint32_t i = 0; faults != NULL && i < fails->count; i++) {
		faults[i] = fails->items[i].fault;
		if (fails->items[i].is_part)
			faults[i].at = (uint64_t)((double)faults[i].at / whole * plan->chunks);
	}
	return faults;
}
