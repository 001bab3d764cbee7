/*
 * The files that say which nodes lack the file: --failed-hosts and --status-file.
 */
#ifndef SC_STAGE_OUTCOME_LISTS_H
#define SC_STAGE_OUTCOME_LISTS_H

#include "stage/outcome/outcome.h"

/* Write --failed-hosts: a host a line; an empty file if there is none. */
int sc_lists_write_failed_hosts(const struct sc_outcome *, struct sc_error *);

/* Write --status-file, for a program that started this one and can't trust mpirun's exit status:
 * "status=3 staged=7/8", then "failed HOST" for each host that doesn't have the file. */
int sc_lists_write_status(const struct sc_outcome *, struct sc_error *);

/* The same for a job that doesn't go on (SOURCE is missing, two ranks would write one file):
 * "status=1 staged=0/0". */
int sc_lists_write_refusal(const char *path, enum sc_exit_status, struct sc_error *);

/*
 * Has an earlier leader of this run written one of these files already, and named no more hosts
 * than this one would?  Then its result holds: of two leaders, the one that could reach fewer nodes
 * takes the others for lost.  Files of an earlier run are removed at the start.
 */
bool sc_lists_are_written(const struct sc_outcome *);

#endif
