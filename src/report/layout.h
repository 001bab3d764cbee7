/*
 * The layout of the picture: which nodes have a lane, in which order, and where it is.
 */
#ifndef SC_REPORT_LAYOUT_H
#define SC_REPORT_LAYOUT_H

#include "report/diagnosis.h"

#include <stdbool.h>
#include <stdint.h>

struct sc_lane {
	uint32_t node;
	double y;         /* of its upper edge, from the top of the first lane */
	bool begins_tree; /* a heading stands above it */
	bool begins_group;
	uint32_t group_lanes; /* if it begins one: lanes of its group from here on */
};

struct sc_layout {
	struct sc_lane *lanes; /* owned; the origin's is the first one */
	uint32_t count;
	uint32_t hidden; /* nodes without a lane */
	double height;   /* of a lane */
	double total;    /* height of all of them */
	bool has_headings;
};

/* 0, or -1 without memory.  Free in both cases. */
int sc_layout_make(struct sc_layout *, const struct sc_diagnosis *);
void sc_layout_free(struct sc_layout *);

/* Are the lanes thick enough for marks, and for names beside them? */
bool sc_layout_has_marks(const struct sc_layout *);
bool sc_layout_has_names(const struct sc_layout *);

#endif
