/*
 * The summary of a run that stagecast-report prints.
 */
#ifndef SC_REPORT_TEXT_H
#define SC_REPORT_TEXT_H

#include "report/why.h"

#include <stdio.h>

/* Print all of it.  What the file doesn't tell is said to be missing. */
void sc_report_print(FILE *, const struct sc_report_facts *, const struct sc_report_why *);

/* The name of the file that was staged, without folders; "" if there was none,
 * as in a simulation.  Points into the run. */
const char *sc_report_source_name(const struct sc_past_run *);

/* Was it simulated? */
bool sc_report_is_simulated(const struct sc_past_run *);

#endif
