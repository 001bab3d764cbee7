/*
 * The last thing before the run: the nodes meet.
 *
 * MPI opens a connection with the first message, and both sides then ask the launcher, over the
 * network, for the other's address, and wait for the answer.  Once chunks fill the links such an
 * answer takes a tenth of a second, in which the rank does nothing else and holds up
 * all others: so that has to be over before the first chunk.
 */
#ifndef SC_FABRIC_MEET_H
#define SC_FABRIC_MEET_H

#include "base/error.h"

#include <signal.h>
#include <stdint.h>

struct sc_meeting {
	const uint32_t *ranks; /* of the nodes, by number; the first is rank 0's */
	uint32_t nodes;
	uint32_t self;
	const uint32_t *peers; /* nodes; each has this one among its own peers */
	uint32_t peer_count;
	/* How long those who don't come are waited for: clearly less than the silence that is
	 * taken for death, as whoever still waits is not heard by those who don't. */
	uint64_t timeout_ns;
	const volatile sig_atomic_t *stop_signal; /* not 0: nobody is waited for any more */
};

/*
 * For all nodes.  Returns when there is a connection to each of the peers; at the origin when that
 * is so for all nodes, so that everybody knows all that was broadcast before: if the
 * origin fails from now on, the others can go on.  That somebody has failed, or does not come,
 * is no error: the run will find out.  Feeds the dead-man timer.
 */
int sc_meet(const struct sc_meeting *, struct sc_error *);

#endif
