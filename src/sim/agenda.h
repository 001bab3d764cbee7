/*
 * The agenda of a simulation: what will happen when.  One heap, ordered by
 * time and then by the order in which entries were posted, so that a run is the same every time.
 */
#ifndef SC_SIM_AGENDA_H
#define SC_SIM_AGENDA_H

#include "base/heap.h"

#include <stdbool.h>
#include <stdint.h>

/* An entry has a kind, and a number that its kind gives a meaning to. */
enum sc_agenda_kind {
	SC_AGENDA_SERVER,  /* a network interface has served something; id: server */
	SC_AGENDA_START,   /* a chunk enters the network; id: message */
	SC_AGENDA_ARRIVE,  /* a chunk leaves it; id: message */
	SC_AGENDA_CONTROL, /* a control message arrives; id: message */
	SC_AGENDA_DISK,    /* a disk or source has done something; id: queue */
	SC_AGENDA_TIMER,   /* a node's deadline; id: node */
	SC_AGENDA_LATER,   /* something rarer; id: event */
};

struct sc_agenda {
	struct sc_heap heap;
	uint64_t now_ns;
	uint64_t sequence;
};

struct sc_agenda_entry {
	enum sc_agenda_kind kind;
	uint32_t id;
};

enum { SC_AGENDA_ID_BITS = 27, SC_AGENDA_KIND_BITS = 3 };

/* Start with an all-zero struct, free with this. */
void sc_agenda_free(struct sc_agenda *);

/* time_ns is not before now.  Without memory the program ends. */
void sc_agenda_post(struct sc_agenda *, uint64_t time_ns, enum sc_agenda_kind, uint32_t id);

/* Let the time pass to the next entry and take it out; there must be one. */
struct sc_agenda_entry sc_agenda_next(struct sc_agenda *);

/* How soon an entry comes.  The nearer it is, the further its pointers can be followed: the memory
 * that they are in was asked for when it was farther. */
enum sc_agenda_nearness {
	SC_AGENDA_FAR,
	SC_AGENDA_NEAR,
	SC_AGENDA_NEXT,
};

enum { SC_AGENDA_FORESEEN = 7 };

/* One of the entries that are likely to come soon, by its place below SC_AGENDA_FORESEEN.  False
 * if there is none. */
bool sc_agenda_peek(const struct sc_agenda *, uint32_t place, struct sc_agenda_entry *,
    enum sc_agenda_nearness *);

#endif
