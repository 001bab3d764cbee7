/*
 * Repeatable pseudo-random numbers: see random.h.
 */
#include "base/random.h"

#include <assert.h>

uint64_t
sc_random_next(struct sc_random *random)
{
	uint64_t mixed = random->state += UINT64_C(0x9e3779b97f4a7c15);

	mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
	return mixed ^ (mixed >> 31);
}

uint64_t
sc_random_below(struct sc_random *random, uint64_t bound)
{
	assert(bound > 0);
	return sc_random_next(random) % bound;
}
