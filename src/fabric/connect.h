/*
 * The last thing before the run: every node opens the connections to its peers.
 *
 * MPI opens a connection with the first message.  Both sides then ask the launcher, over the
 * network, for the other's address, and wait for the answer.  Once chunks fill the links such an
 * answer takes a tenth of a second, in which the rank does nothing else and holds up all others.
 * So it has to be over before the first chunk.
 */
#ifndef SC_FABRIC_CONNECT_H
#define SC_FABRIC_CONNECT_H

#include "base/error.h"

#include <signal.h>
#include <stdint.h>

struct sc_connect {
	const uint32_t *ranks; /* of the nodes, by number; the first is rank 0's */
	uint32_t nodes;
	uint32_t self;
	const uint32_t *peers; /* nodes; each has this one among its own peers */
	uint32_t peer_count;
	/* How long a node that doesn't come is waited for: clearly less than the silence after
	 * which a peer is given up, as a node that still waits here is silent for the others. */
	uint64_t timeout_ns;
	const volatile sig_atomic_t *stop_signal; /* not 0: wait no longer */
};

/*
 * For all nodes.  Returns when there is a connection to each of the peers; at the origin when that
 * is so for all nodes.  Then every node knows all that was broadcast before, and if the origin
 * fails from now on, the others can go on.  A node that has failed, or does not come, is no error:
 * the run will find out.  Feeds the dead-man timer.
 */
int sc_connect_peers(const struct sc_connect *, struct sc_error *);

#endif
