/*
 * The pace: which nodes are much slower than their peers (torpid).  Slow is not dead: such a node
 * is relieved of passing things on, by the same detours that go around a failed node, but is
 * still served.
 *
 * Heartbeats tell how much a node holds.  One that got on by less than three quarters of what
 * this node did, from one heartbeat to the next, for the time of eight of them, and is far behind
 * by now, is torpid.  That compares whole files, not subfiles: a single subfile that lags is
 * its relay's fault.  And a node that has the chunks, but of whose own receivers none keeps up,
 * takes itself for torpid: then it is its uplink.  At the origin a relay is torpid that is far
 * behind when the others have been sent everything.
 *
 * It owns the count of heartbeats at which no receiver kept up.  What it finds it tells peers.h.
 */
#ifndef SC_CORE_PACE_H
#define SC_CORE_PACE_H

#include "core/control.h"
#include "core/turns.h"

#include <stdint.h>

struct sc_pace {
	const struct sc_control *control; /* and by way of it peers and store */
	const struct sc_turns *turns;     /* and by way of it the outbound edges */
	uint32_t overtaxed_beats;         /* in a row */
};

/* A peer has told how much it holds. */
void sc_pace_on_beat(struct sc_pace *, uint32_t peer, const struct sc_beat *);

/* This node's own heartbeat: do its receivers keep up? */
void sc_pace_on_own_beat(struct sc_pace *);

/* Origin: if all but the relays that it passed over have been sent everything, are these torpid? */
void sc_pace_settle(struct sc_pace *);

#endif
