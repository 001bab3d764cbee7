/*
 * Repeatable pseudo-random numbers (splitmix64): the same seed gives the same
 * sequence on every machine.  Not for secrets.
 */
#ifndef SC_BASE_RANDOM_H
#define SC_BASE_RANDOM_H

#include <stdint.h>

struct sc_random {
	uint64_t state;
};

/* The next 64 bits.  Any state is a good seed. */
uint64_t sc_random_next(struct sc_random *);

/* A number of 0 .. bound-1; bound > 0.  The bias is below bound / 2^64. */
uint64_t sc_random_below(struct sc_random *, uint64_t bound);

#endif
