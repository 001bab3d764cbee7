/*
 * Events: what happened to a node.  They carry all that the core ever learns
 * of the world, the time included.
 */
#ifndef SC_CORE_EVENT_H
#define SC_CORE_EVENT_H

#include "base/bitmap.h"
#include "core/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sc_event_what {
	SC_EVENT_STARTED,       /* the first one */
	SC_EVENT_TIME,          /* the deadline of sc_node_deadline_ns has come */
	SC_EVENT_CHUNK_LOADED,  /* slot, chunk */
	SC_EVENT_LOAD_FAILED,   /* slot, chunk, cause; of the source: also of finishing it */
	SC_EVENT_CHUNK_ARRIVED, /* peer, subfile, slot, intact, chunk (if intact) */
	/* peer, slot, subfile: the slot may be used again for this peer's part; also of a
	 * send to a peer that was forgotten */
	SC_EVENT_CHUNK_SENT,
	SC_EVENT_RECEIVE_ENDED, /* peer, slot: nothing will come, as asked by FORGET or WITHDRAW */
	SC_EVENT_STORE_OPENED, /* held: what an earlier run has left; once, if the store is awaited */
	SC_EVENT_CHUNK_STORED, /* slot, chunk */
	SC_EVENT_STORE_FAILED, /* slot (or SC_NONE), cause: the copy is lost, what is stored can be loaded */
	SC_EVENT_SOURCE_FINISHED, /* seal: read whole, and as it was at the start */
	SC_EVENT_COMMITTED,
	SC_EVENT_COMMIT_FAILED,   /* cause */
	SC_EVENT_CONTROL_ARRIVED, /* peer, bytes, length */
	SC_EVENT_PEER_FAILED,     /* peer: its process has ended; again is harmless */
	SC_EVENT_GIVE_UP, /* cause; at the origin: the user or the batch system ends the run */
};

struct sc_event {
	enum sc_event_what what;
	uint64_t now_ns; /* never decreases */
	uint32_t peer;   /* a node's number */
	uint32_t slot;
	uint32_t chunk;
	uint32_t subfile;
	bool intact; /* the checksum held */
	struct sc_seal seal;
	const struct sc_bitmap *held; /* borrowed for the step; NULL: no chunk */
	const char *cause;            /* borrowed for the step */
	const uint8_t *bytes;         /* borrowed for the step */
	size_t length;
};

#endif
