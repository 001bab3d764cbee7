/*
 * The names of hosts, on every rank: whoever leads the run at its end names
 * those that were lost.
 */
#ifndef SC_STAGE_PREPARE_HOSTS_H
#define SC_STAGE_PREPARE_HOSTS_H

#include "fabric/census.h"
#include "fabric/world.h"

#include <stdint.h>

struct sc_hosts {
	uint32_t count;
	const char **names; /* owned; each of them is in bytes */
	char *bytes;        /* owned */
};

/*
 * Collective over the world: the names of the hosts of these ranks, in this
 * order.  Rank 0 says which (ranks and entries, of all ranks, are used
 * there only); everybody knows how many.  Free with sc_hosts_free, which also takes an
 * all-zero struct.
 */
int sc_hosts_share(struct sc_hosts *, const struct sc_world *,
    const struct sc_census_entry *entries, const uint32_t *ranks, uint32_t count,
    struct sc_error *);
void sc_hosts_free(struct sc_hosts *);

#endif
