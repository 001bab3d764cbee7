/*
 * The census: which hosts the ranks are on, which of them take part, and whether two of them are
 * about to write the same file.
 */
#ifndef SC_FABRIC_CENSUS_H
#define SC_FABRIC_CENSUS_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* What a rank says of itself.  Its bytes are sent as they are, within one job on one kind of
 * machine. */
struct sc_census_entry {
	char host[SC_HOST_BYTES];
	uint64_t dest_id[2]; /* equal if and only if the paths are, on one host */
};

enum sc_copies {
	SC_COPIES_NODE, /* one rank a host, the lowest; and rank 0 for its own */
	SC_COPIES_RANK, /* every rank */
};

struct sc_census {
	uint32_t world_size;
	uint32_t nodes;    /* that take part, the origin included */
	uint32_t *ranks;   /* of the nodes, by number: ascending, rank 0 first; owned */
	uint32_t *leaders; /* by rank: the one that takes part for it (itself if it does); owned */
};

/* This host's name, terminated. */
int sc_census_host(char host[SC_HOST_BYTES], struct sc_error *);

/*
 * Rank 0: decide from the entries of all ranks.  Fails, naming both ranks, if two that take part
 * have the same dest on the same host.  O(ranks log ranks).  Free with sc_census_free (also an
 * all-zero struct, and twice).
 */
int sc_census_decide(struct sc_census *, const struct sc_census_entry *, uint32_t world_size,
    enum sc_copies, struct sc_error *);
void sc_census_free(struct sc_census *);

/* The others: the same census from the leaders that rank 0 broadcast. */
int sc_census_from_leaders(struct sc_census *, const uint32_t *leaders, uint32_t world_size,
    struct sc_error *);

/* These (by rank, never rank 0) take no part after all: rank 0 becomes their leader, and that of
 * the ranks that they led.  To be called on every rank alike.  O(ranks). */
void sc_census_release(struct sc_census *, const bool *released);

#endif
