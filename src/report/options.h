/*
 * The command line of stagecast-report.
 */
#ifndef SC_REPORT_OPTIONS_H
#define SC_REPORT_OPTIONS_H

#include "cli/command.h"

/* Texts point into argv. */
struct sc_report_options {
	const char *file; /* of timings */
	const char *svg;  /* or NULL */
};

/* For sc_command_begin, with a struct sc_report_options. */
extern const struct sc_command sc_report_command;

#endif
