/*
 * The picture of a run: a lane a node over time.
 */
#ifndef SC_REPORT_PICTURE_H
#define SC_REPORT_PICTURE_H

#include "report/diagnosis.h"

#include <stdio.h>

/* Draw the run as SVG, the same bytes for the same run.  0, or -1 without memory; errors of the
 * stream stay with it. */
int sc_picture_draw(FILE *, const struct sc_diagnosis *);

#endif
