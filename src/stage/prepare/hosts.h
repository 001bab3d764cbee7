/*
 * The names of the nodes' hosts, on every rank: any node may lead the run at its end, and then
 * names those that were lost.
 */
#ifndef SC_STAGE_PREPARE_HOSTS_H
#define SC_STAGE_PREPARE_HOSTS_H

#include "fabric/census.h"

struct sc_hosts {
	const char **names; /* by node; owned; each of them is in bytes */
	char *bytes;        /* owned */
};

/* Collective over the world.  entries: of all ranks, at rank 0; NULL elsewhere.  Free with
 * sc_hosts_free, which also takes an all-zero struct. */
int sc_hosts_share(struct sc_hosts *, const struct sc_census *,
    const struct sc_census_entry *entries, struct sc_error *);
void sc_hosts_free(struct sc_hosts *);

#endif
