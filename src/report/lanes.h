/*
 * The lanes of the picture of a run: which nodes have one, in which order, and
 * where it is.
 */
#ifndef SC_REPORT_LANES_H
#define SC_REPORT_LANES_H

#include "report/why.h"

#include <stdbool.h>
#include <stdint.h>

struct sc_report_lane {
	uint32_t node;
	double y;         /* of its upper edge, from the top of the first lane */
	bool begins_tree; /* a heading stands above it */
	bool begins_group;
	uint32_t group_lanes; /* if it begins one: lanes of its group from here on */
};

struct sc_report_lanes {
	struct sc_report_lane *lanes; /* owned; the origin's is the first one */
	uint32_t count;
	uint32_t hidden; /* nodes without a lane */
	double height;   /* of a lane */
	double total;    /* height of all of them */
	bool has_headings;
};

/* Of more nodes than these, only some have a lane: those with something to see,
 * and others at even distances in the plan. */
enum { SC_REPORT_LANES_MAX = 240, SC_REPORT_LANES_CHOSEN = 64 };

/* Above the first lane of a tree. */
#define SC_REPORT_HEADING_HEIGHT 20.0

/* 0, or -1 without memory.  Free in both cases. */
int sc_report_lanes_lay(struct sc_report_lanes *, const struct sc_report_facts *,
    const struct sc_report_why *);
void sc_report_lanes_free(struct sc_report_lanes *);

#endif
