/*
 * The summary of a run that stagecast-report prints.
 */
#ifndef SC_REPORT_SUMMARY_H
#define SC_REPORT_SUMMARY_H

#include "report/diagnosis.h"

#include <stdio.h>

/* Print all of it.  What the file doesn't tell is said to be missing. */
void sc_summary_print(FILE *, const struct sc_diagnosis *);

#endif
