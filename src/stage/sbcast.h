/*
 * Compatibility with sbcast: its option --jobid.  The other options of sbcast that stagecast does
 * not have are rows of the table in options.c that say what to do instead.
 */
#ifndef SC_STAGE_SBCAST_H
#define SC_STAGE_SBCAST_H

#include "base/error.h"

/* Rank 0: is job the Slurm job that this process is in?  0, or -1 with a sentence. */
int sc_sbcast_check_job(const char *job, struct sc_error *);

#endif
