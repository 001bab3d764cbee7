/*
 * Options of sbcast that stagecast has no use for: taken where they ask for what it does anyway,
 * and refused with the reason and the remedy where they don't.  For use with getopt_long; values
 * are taken from optarg.
 */
#ifndef SC_STAGE_SBCAST_H
#define SC_STAGE_SBCAST_H

#include "base/error.h"

#include <stdbool.h>

/* A long option without a letter. */
enum { SC_HABIT_NODELIST = 512 };

#define SC_HABIT_SHORT_OPTIONS "C::F:j:Z"

/* Entries of an array of struct option. */
/* clang-format off */
#define SC_HABIT_LONG_OPTIONS \
	{"compress", optional_argument, NULL, 'C'}, \
	{"fanout", required_argument, NULL, 'F'}, \
	{"treewidth", required_argument, NULL, 'F'}, \
	{"jobid", required_argument, NULL, 'j'}, \
	{"nodelist", required_argument, NULL, SC_HABIT_NODELIST}, \
	{"no-allocation", no_argument, NULL, 'Z'}
/* clang-format on */

/* Is it one of those above? */
bool sc_is_habit(int option);

/* Take one of them: *job becomes the value of --jobid.  0, or -1 with a sentence. */
int sc_habit_take(int option, const char **job, struct sc_error *);

/* sbcast's -w is a list of nodes, here it is the window.  -1 with a sentence if its value is
 * the former. */
int sc_habit_check_window(struct sc_error *);

/* Rank 0: is job the Slurm job that this process is in?  0, or -1 with a sentence. */
int sc_habit_check_job(const char *job, struct sc_error *);

#endif
