/*
 * The picture of a run: a lane a node over time.
 */
#ifndef SC_REPORT_PICTURE_H
#define SC_REPORT_PICTURE_H

#include "base/error.h"
#include "report/why.h"

#include <stdio.h>

/* Draw the run as SVG, the same bytes for the same run.  0, or -1 with a
 * sentence if there is no memory; errors of the stream stay with it. */
int sc_report_draw(FILE *, const struct sc_report_facts *, const struct sc_report_why *,
    struct sc_error *);

#endif
