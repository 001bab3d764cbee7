/*
 * Values of checksums.  How they are computed is file/digest.h's; others only carry and compare
 * them.
 */
#ifndef SC_BASE_DIGEST_H
#define SC_BASE_DIGEST_H

#include <stdbool.h>
#include <stdint.h>

/* 128 bits. */
struct sc_digest {
	uint64_t low;
	uint64_t high;
};

/* What a whole source is known by. */
struct sc_seal {
	struct sc_digest sum;   /* of the set of all its chunks (sc_digest_sum_add) */
	struct sc_digest whole; /* of its bytes as one stream (XXH3-128) */
};

static inline bool
sc_digest_equal(struct sc_digest a, struct sc_digest b)
{
	return a.low == b.low && a.high == b.high;
}

#endif
