/*
 * What the parts of the picture of a run share; only for report_svg*.c.
 */
#ifndef SC_REPORT_DRAW_H
#define SC_REPORT_DRAW_H

#include "report/lanes.h"
#include "report/why.h"

#include <stdbool.h>
#include <stdio.h>

/* Colours are those of Okabe and Ito, which people with any sight tell apart.
 * What means something also has a form or a pattern of its own, for print
 * without colours. */
#define SC_DRAW_INK "#222222"
#define SC_DRAW_FAINT "#8a8a8a"
#define SC_DRAW_BLUE "#0072B2"
#define SC_DRAW_GREEN "#009E73"
#define SC_DRAW_ORANGE "#E69F00"
#define SC_DRAW_RED "#D55E00"
#define SC_DRAW_PURPLE "#AA4499"

enum { SC_DRAW_WIDTH = 1200, SC_DRAW_MARGIN = 20 };

/* A part of the picture with a time axis of its own. */
struct sc_panel {
	double x;
	double width; /* 0: it isn't drawn */
	double from_s;
	double to_s;
};

struct sc_picture {
	FILE *out;
	const struct sc_report_facts *facts;
	const struct sc_report_why *why;
	struct sc_report_lanes lanes;
	double top;              /* of the lanes */
	struct sc_panel whole;   /* all of the run */
	struct sc_panel end;     /* its last part, enlarged */
	struct sc_panel stalled; /* how long, not when */

	/* What was drawn, and so is explained. */
	bool has_quarters, has_receiving, has_storing, has_failed, has_after_failure, has_sending;
	bool has_first, has_last, has_stored, has_waiting, has_lost, has_untold, has_detour;
};

/* The place of a moment, which is moved to the panel's edge if it is outside of it. */
double sc_panel_x(const struct sc_panel *, double time_s);

/* Is a lane thick enough for marks, and for a name beside it? */
bool sc_draw_has_marks(const struct sc_picture *);
bool sc_draw_has_names(const struct sc_picture *);

/* All that is in the lanes, and the names beside them. */
void sc_draw_lanes(struct sc_picture *);

/* The legend, and what else is to be known.  Returns the y of the lower edge. */
double sc_draw_legend(const struct sc_picture *, double y);

/* A long text in lines, broken between words.  Returns the next line's y. */
double sc_draw_paragraph(FILE *, double y, const char *text);

/* The marks, each around a point, in a lane of that height; also for the legend. */
void sc_draw_first(FILE *, double x, double y, double height);
void sc_draw_last(FILE *, double x, double y, double height);
void sc_draw_stored(FILE *, double x, double y, double height);
void sc_draw_committed(FILE *, double x, double y, double height);
void sc_draw_failed(FILE *, double x, double y, double height);
void sc_draw_lost(FILE *, double x, double y, double height);
void sc_draw_detour(FILE *, double x, double y, double height);

/* The attributes of the bars while a quarter (0 to 3) of the file is stored, and of the others. */
extern const char *const sc_draw_quarters[4];
extern const char sc_draw_receiving[], sc_draw_storing[], sc_draw_after_failure[],
    sc_draw_waiting[], sc_draw_untold[], sc_draw_network[], sc_draw_storage[], sc_draw_sending[],
    sc_draw_takeover[];

#endif
