/*
 * The last steps of a simulated run before a rule broke, as lines of a trace
 * (record/trace.h): they are printed of a seed that failed.
 */
#ifndef SC_SIMULATE_TAIL_H
#define SC_SIMULATE_TAIL_H

#include "sim/sim.h"

#include <stddef.h>
#include <stdint.h>

/* Of a longer line, which has a long control message, only the beginning is kept. */
enum { SC_TAIL_LINES = 40, SC_TAIL_LINE_BYTES = 160 };

/* Start with an all-zero struct. */
struct sc_tail {
	char lines[SC_TAIL_LINES][SC_TAIL_LINE_BYTES]; /* a ring */
	uint64_t count;                                /* of all that there were */
	const struct sc_sim_result *result;
	struct sc_sim_listener next;
};

/* Have config's listener fill the tail until a rule is broken in result, which is that of the run.
 * The listener that was there before is called, too. */
void sc_tail_follow(struct sc_tail *, struct sc_sim_config *, const struct sc_sim_result *);

/* Write the lines to a descriptor.  May be called in a signal handler during the run.  0, or -1
 * with errno. */
int sc_tail_write(const struct sc_tail *, int fd);

#endif
