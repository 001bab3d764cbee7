/*
 * The command line.
 */
#ifndef SC_APP_OPTIONS_H
#define SC_APP_OPTIONS_H

#include "base/error.h"
#include "core/plan.h"
#include "fabric/census.h"

#include <stdbool.h>
#include <stdint.h>

enum sc_progress_mode {
	SC_PROGRESS_AUTO,
	SC_PROGRESS_ALWAYS,
	SC_PROGRESS_NEVER,
};

enum sc_errand {
	SC_ERRAND_STAGE,
	SC_ERRAND_PLAN,
	SC_ERRAND_HELP,
	SC_ERRAND_VERSION,
};

/* Texts point into argv. */
struct sc_options {
	enum sc_errand errand;
	bool force;
	bool preserve;
	bool verify;
	bool quiet;
	int verbose;
	enum sc_copies copies;
	enum sc_progress_mode progress;
	struct sc_plan_wishes wishes;
	const char *timings;      /* or NULL */
	const char *failed_hosts; /* or NULL */
	const char *trace;        /* or NULL: the beginning of each rank's file */
	const char *topology;     /* or NULL: the ranks of this job */
	uint64_t size_bytes;      /* --size, for a plan without a source */
	bool has_size;
	const char *source;
	const char *dest; /* a template: see dest.h */
};

/* 0, or -1 with a sentence for the user (exit status 2). */
int sc_options_parse(struct sc_options *, int argc, char **argv, struct sc_error *);

/* The text of --help. */
extern const char sc_options_help[];

#endif
