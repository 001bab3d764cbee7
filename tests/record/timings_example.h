/*
 * An example of a timings file: that of a staging run to seven recipients, of
 * which one fails.
 */
#ifndef SC_TESTS_TIMINGS_EXAMPLE_H
#define SC_TESTS_TIMINGS_EXAMPLE_H

#include "plan/plan.h"
#include "record/timings.h"

#include <hdf5.h>
#include <stdint.h>

enum {
	EXAMPLE_RECIPIENTS = 7,
	EXAMPLE_NODES = EXAMPLE_RECIPIENTS + 1,
	EXAMPLE_FAILED_NODE = 5,
	EXAMPLE_ARGUMENTS = 4,
};

extern char *const example_argv[EXAMPLE_ARGUMENTS];

/* The moment, of the origin's clock, at which everything began. */
extern const uint64_t example_started_ns;

struct example {
	char dir[64];
	char path[96]; /* in dir */
	struct sc_plan plan;
	struct sc_timings_run run;
	struct sc_timings_node nodes[EXAMPLE_NODES];
};

/* Make a folder for it, and all that the file is made of; take all away again.
 * A folder in which more than the file is left is a failed assertion. */
void example_open(struct example *);
void example_close(struct example *);

/* Write the file to path, as sc_timings_write does. */
int example_write(const struct example *, const char *path, struct sc_error *);

/* Write it to its own path, and open that. */
hid_t example_write_and_open(const struct example *);

#endif
