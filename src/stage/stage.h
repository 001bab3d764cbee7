/*
 * The errand: stage a file, or (--plan) say how it would be done, as one rank
 * of a world of MPI processes.
 */
#ifndef SC_STAGE_STAGE_H
#define SC_STAGE_STAGE_H

#include "fabric/world.h"
#include "stage/options.h"

#include <signal.h>

/*
 * Between the start of MPI and its end, which is sc_stage's as well: the way out depends
 * on what happened.  Returns the exit status of this process; what went wrong was said.
 */
int sc_stage(const struct sc_world *, const struct sc_options *, int argc, char *const *argv,
    volatile sig_atomic_t *stop_signal);

/* --plan with --topology: needs no MPI. */
int sc_stage_plan(const struct sc_options *);

#endif
