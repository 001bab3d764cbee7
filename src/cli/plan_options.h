/*
 * Options that stagecast and stagecast-sim share: those of the plan, and what
 * is said of an option that can't be taken.  For use with getopt_long; values
 * are taken from optarg.
 */
#ifndef SC_CLI_PLAN_OPTIONS_H
#define SC_CLI_PLAN_OPTIONS_H

#include "base/error.h"
#include "plan/plan.h"

#include <stdint.h>

/* Long options without a letter; a program's own begin at SC_OPTION_OWN. */
enum {
	SC_OPTION_MAX_CONNECTIONS = 256,
	SC_OPTION_MEMORY,
	SC_OPTION_STORE_AND_FORWARD,
	SC_OPTION_OWN,
};

#define SC_PLAN_SHORT_OPTIONS "s:k:m:b:w:"

/* Entries of an array of struct option. */
/* clang-format off */
#define SC_PLAN_LONG_OPTIONS \
	{"chunk-size", required_argument, NULL, 's'}, \
	{"group-size", required_argument, NULL, 'k'}, \
	{"tree-groups", required_argument, NULL, 'm'}, \
	{"branching", required_argument, NULL, 'b'}, \
	{"window", required_argument, NULL, 'w'}, \
	{"max-connections", required_argument, NULL, SC_OPTION_MAX_CONNECTIONS}, \
	{"memory", required_argument, NULL, SC_OPTION_MEMORY}, \
	{"store-and-forward", no_argument, NULL, SC_OPTION_STORE_AND_FORWARD}
/* clang-format on */

/* Take an option of the plan (no other).  0, or -1 with a sentence. */
int sc_plan_option_take(struct sc_plan_request *, int option, struct sc_error *);

/* A size from min to max; name is that of the option. */
int sc_option_bytes(const char *name, uint64_t min, uint64_t max, uint64_t *bytes,
    struct sc_error *);

/* A duration from min to max. */
int sc_option_duration(const char *name, uint64_t min_ns, uint64_t max_ns, uint64_t *ns,
    struct sc_error *);

/* A number from min to max. */
int sc_option_number(const char *name, uint32_t min, uint32_t max, uint32_t *number,
    struct sc_error *);

/* getopt_long returned ':' or '?': say what is wrong.  Always -1. */
int sc_option_refuse(int returned, const char *short_options, char **argv, struct sc_error *);

#endif
