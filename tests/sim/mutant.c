/*
 * Run seeds of the swarm until one breaks a rule: exit status 1 then, 0 if
 * none does.  For mutations.sh, with a core that has a bug.
 */
#include "swarm/swarm.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

int
main(int argc, char **argv)
{
	uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;

	for (uint64_t seed = 1; seed <= count; seed++) {
		struct sc_swarm_verdict verdict;

		/* What ends the program should be known, too. */
		printf("\rseed %" PRIu64, seed);
		fflush(stdout);
		sc_swarm_run(seed, NULL, NULL, &verdict);
		if (verdict.broken != 0) {
			printf(": %s\n", verdict.text);
			return 1;
		}
	}
	printf(": no rule is broken\n");
	return 0;
}
