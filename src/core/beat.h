/*
 * What a heartbeat says of this node [0076, Table 1].
 */
#ifndef SC_CORE_BEAT_H
#define SC_CORE_BEAT_H

#include "core/in.h"

/* Fill in a heartbeat.  O(subfiles + edges). */
void sc_beat_make(const struct sc_in *, struct sc_beat *);

#endif
