/*
 * One rank of stagecast: stage a file, or (--plan) say how it would be done.
 */
#ifndef SC_STAGE_STAGE_H
#define SC_STAGE_STAGE_H

#include "fabric/world.h"
#include "stage/options.h"

#include <signal.h>

/*
 * From the start of MPI, which is the caller's, to its end, which is not: the way out depends on
 * what happened.  Returns the exit status of this process; what went wrong was said.
 */
int sc_stage(const struct sc_world *, const struct sc_options *, int argc, char *const *argv,
    volatile sig_atomic_t *stop_signal);

#endif
