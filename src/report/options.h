/*
 * The command line of stagecast-report.
 */
#ifndef SC_REPORT_OPTIONS_H
#define SC_REPORT_OPTIONS_H

#include "base/error.h"

enum sc_report_errand {
	SC_REPORT_RUN,
	SC_REPORT_HELP,
	SC_REPORT_VERSION,
};

/* Texts point into argv. */
struct sc_report_options {
	enum sc_report_errand errand;
	const char *file; /* of timings */
	const char *svg;  /* or NULL */
};

/* 0, or -1 with a sentence for the user (exit status 2). */
int sc_report_options_parse(struct sc_report_options *, int argc, char **argv, struct sc_error *);

/* The text of --help. */
extern const char sc_report_options_help[];

#endif
