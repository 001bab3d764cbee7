/*
 * What the parts of the picture of a run share; only for picture*.c.
 */
#ifndef SC_REPORT_PICTURE_PARTS_H
#define SC_REPORT_PICTURE_PARTS_H

#include "report/diagnosis.h"
#include "report/layout.h"
#include "report/symbols.h"

#include <stdbool.h>
#include <stdio.h>

enum { SC_PICTURE_WIDTH = 1200, SC_PICTURE_MARGIN = 20 };

/* A part of the picture with a time axis of its own. */
struct sc_panel {
	double x;
	double width; /* 0: it isn't drawn */
	double from_s;
	double to_s;
};

struct sc_picture {
	FILE *out;
	const struct sc_past_run *run;
	const struct sc_statistics *statistics;
	const struct sc_diagnosis *diagnosis;
	struct sc_layout layout;
	double top;              /* of the lanes */
	struct sc_panel whole;   /* all of the run */
	struct sc_panel end;     /* its last part, enlarged */
	struct sc_panel stalled; /* how long, not when */
	bool seen[SC_SYMBOLS];   /* what was drawn, and so is explained */
};

/* Is a moment within the panel?  False for NaN. */
bool sc_panel_shows(const struct sc_panel *, double time_s);

/* The place of a moment, which is moved to the panel's edge if it is outside of it. */
double sc_panel_x(const struct sc_panel *, double time_s);

/* A line of one of the symbols. */
void sc_picture_draw_line(struct sc_picture *, enum sc_symbol, double x1, double y1, double x2,
    double y2);

/* All that is in the lanes, and the names beside them. */
void sc_picture_draw_lanes(struct sc_picture *);

/* The legend, and what else is to be known.  Returns the y of the lower edge. */
double sc_picture_draw_legend(struct sc_picture *, double y);

/* A long text in lines, broken between words.  Returns the next line's y. */
double sc_picture_draw_paragraph(struct sc_picture *, double y, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
