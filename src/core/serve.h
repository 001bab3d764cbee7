/*
 * Serving: what peers ask of this node.  Receivers of its own edges that hold a part of the file
 * already say what they lack; nodes in need ask it to stand in for another (a detour); and either
 * may decline.
 *
 * It owns nothing: it works on the edges of out.h, and asks supply.h whether this node itself waits
 * for the peer that asks.
 */
#ifndef SC_CORE_SERVE_H
#define SC_CORE_SERVE_H

#include "core/out.h"
#include "core/supply.h"

/* 0, or -1 for a message that no correct peer sends. */
int sc_serve_on_want(struct sc_out *, struct sc_supply *, uint32_t peer, const struct sc_want *);
int sc_serve_on_decline(struct sc_out *, uint32_t peer, const struct sc_decline *);

/* A chunk can't be had here any more: receivers that want it have to ask another node. */
void sc_serve_refuse_chunk(struct sc_out *, uint32_t chunk);

#endif
