/*
 * What the core has recorded in the timeline: the kinds of entries of
 * /events.
 */
#ifndef SC_CORE_RECORD_H
#define SC_CORE_RECORD_H

#include <stdint.h>

enum sc_record_what {
	SC_RECORD_STARTED = 0,
	SC_RECORD_SEND_BEGUN = 1, /* peer, subfile: a distribution list was sent */
	SC_RECORD_SEND_ENDED = 2, /* peer, subfile, chunks */
	SC_RECORD_RECEIVE_BEGUN =
	    3,                      /* peer, subfile: a distribution list came; count: its length */
	SC_RECORD_FIRST_CHUNK = 4,  /* peer, subfile: the first chunk of a subfile */
	SC_RECORD_SUBFILE_HELD = 5, /* subfile, chunks: all of it is stored */
	SC_RECORD_QUARTER_HELD = 6, /* chunks stored, of all subfiles */
	SC_RECORD_HALF_HELD = 7,
	SC_RECORD_THREE_QUARTERS_HELD = 8,
	SC_RECORD_ALL_HELD = 9,
	SC_RECORD_SEALED = 10, /* the digest of the whole is known */
	SC_RECORD_COMMITTED = 11,
	SC_RECORD_COPY_FAILED = 12, /* this node's own copy */
	SC_RECORD_ABORTED = 13,
	SC_RECORD_PEER_FAILED = 14,       /* peer, count: how it is known (sc_failure_cause) */
	SC_RECORD_SERVED_FROM_STORE = 15, /* peer, subfile, count: chunks read back for it */
	SC_RECORD_DETOUR = 16,        /* peer, subfile, count: it was asked for so many chunks */
	SC_RECORD_DETOUR_BEGUN = 17,  /* peer, subfile: it has agreed: the detour is in place */
	SC_RECORD_PEER_TORPID = 18,   /* peer */
	SC_RECORD_CHUNK_DAMAGED = 19, /* peer, subfile: what it sent did not pass its checksum */
	SC_RECORD_TAKEOVER = 20,      /* peer: the leader before this node */
	SC_RECORD_CUT_OFF = 21,       /* peer: the node that said so, or none: by itself */
	SC_RECORD_RESUMED = 22,       /* count: chunks that an earlier run left */
	SC_RECORD_KINDS = 23
};

/* "started", ...: the names in the timings file. */
const char *sc_record_name(enum sc_record_what);

struct sc_record {
	enum sc_record_what what;
	uint32_t peer;    /* node, or SC_NONE */
	uint32_t subfile; /* or SC_NONE */
	uint64_t count;
};

#endif
