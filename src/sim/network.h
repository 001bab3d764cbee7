/*
 * The network of a simulation: every node has an interface with a rate each
 * way, every rack may have an uplink.
 *
 * Messages of a pair of nodes are a flow.  An interface serves all flows that
 * have something for it at equal rates (generalised processor sharing), and
 * the messages of a flow one after the other.  A message is served by all
 * interfaces on its way at the same time and has arrived a latency after the last of
 * them was done: so a packet-switched network treats a whole message.
 *
 * Control messages are small: they take their share at once, without
 * queueing, and their bytes are charged to the next chunk on the interface.
 * They overtake chunks, never each other on their way between two nodes.
 *
 * What a network protocol sends back for a chunk (acknowledgements) is charged in the same
 * way, but only to interfaces that are busy then: an idle one has room for it.
 */
#ifndef SC_SIM_NETWORK_H
#define SC_SIM_NETWORK_H

#include "base/random.h"
#include "sim/agenda.h"
#include "sim/machine.h"

#include <stdbool.h>
#include <stdint.h>

/* A message on its way.  The last three fields are the sender's. */
struct sc_message_flight {
	uint32_t from;
	uint32_t to;
	double bytes;
	uint32_t link;
	uint32_t stages;  /* that still serve it */
	uint32_t next[4]; /* in the queue of each stage */
	uint32_t slot;
	uint32_t chunk;
	uint32_t subfile;
};

struct sc_network; /* opaque */

/* sent: the sender's interface has served a message.  arrived: it is at its receiver, and gone
 * afterwards. */
struct sc_network_listener {
	void *context;
	void (*sent)(void *context, const struct sc_message_flight *);
	void (*arrived)(void *context, const struct sc_message_flight *);
};

/* Never fails: without memory the program ends.  All that is given is
 * borrowed.  Nodes are 0 .. nodes-1. */
struct sc_network *sc_network_new(struct sc_agenda *, struct sc_random *, const struct sc_machine *,
    uint32_t nodes, const struct sc_network_listener *);
void sc_network_free(struct sc_network *);

/* Send a message, of which the first three and the last three fields are set, at a time that is
 * not before now. */
void sc_network_send(struct sc_network *, const struct sc_message_flight *, uint64_t time_ns);

/* When a control message that is sent at time_ns will have arrived. */
uint64_t sc_network_control(struct sc_network *, uint32_t from, uint32_t to, double bytes,
    uint64_t time_ns);

/* From now on a node's interface has this part of the machine's rate, both ways. */
void sc_network_slow(struct sc_network *, uint32_t node, double factor);

/* Take a SERVER, START or ARRIVE that has come out of the agenda. */
void sc_network_happen(struct sc_network *, struct sc_agenda_entry);

/* Such an entry will come soon: fetch what it needs (see foresee.h). */
void sc_network_foresee(struct sc_network *, struct sc_agenda_entry, enum sc_agenda_nearness);

/* The node whose core such an entry leads to, if it is near; or UINT32_MAX. */
uint32_t sc_network_concerns(const struct sc_network *, struct sc_agenda_entry);

/* A random factor of about 1, within the machine's jitter. */
double sc_jitter(struct sc_random *, const struct sc_machine *);

#endif
