/*
 * The result of a node: what its rank says of its part of the run when all is over.  It goes to the
 * node that leads as bytes, together with the rank's timeline, and becomes a row of /nodes in the
 * timings file.
 */
#ifndef SC_RECORD_NODE_RESULT_H
#define SC_RECORD_NODE_RESULT_H

#include "base/limits.h"
#include "record/timeline.h"

#include <stddef.h>
#include <stdint.h>

enum sc_node_state {
	SC_NODE_COMMITTED = 0,
	SC_NODE_FAILED = 1,  /* its copy: it went on relaying */
	SC_NODE_LOST = 2,    /* the node itself */
	SC_NODE_NO_COPY = 3, /* keeps none: an origin whose DEST is the source */
	SC_NODE_STATES = 4
};

/* "committed", ...: the names in the timings file. */
const char *sc_node_state_name(enum sc_node_state);

/* Moments are nanoseconds of the rank's clock; 0: never. */
struct sc_node_result {
	uint32_t node;
	uint32_t rank;
	char host[SC_HOST_BYTES];
	char cause[SC_CAUSE_BYTES]; /* of a failure, or "" */
	uint32_t state;             /* enum sc_node_state */
	int64_t clock_offset_ns;    /* add it to get the origin's clock */
	uint64_t bytes_received;
	uint64_t bytes_sent;
	uint64_t bytes_stored;
	uint64_t first_chunk_ns;
	uint64_t last_chunk_ns;
	uint64_t stored_ns;
	uint64_t committed_ns;
	uint64_t network_stall_ns;  /* nothing to do but wait for the network */
	uint64_t storage_stall_ns;  /* nothing to do but wait for the disk */
	uint64_t memory_peak_bytes; /* of the process */
	uint64_t digest_low;        /* the sum over all chunks of what was stored */
	uint64_t digest_high;
};

/*
 * A result and its timeline as bytes.  0, with *bytes allocated (free it), or
 * -1 without memory.  At most SC_NODE_RESULT_BYTES_MAX.
 */
int sc_node_result_encode(const struct sc_node_result *, const struct sc_timeline *,
    uint8_t **bytes, size_t *length);

/* The longest encoding: a full timeline, of 28 bytes an entry. */
#define SC_NODE_RESULT_BYTES_MAX (1024 + SC_TIMELINE_EVENTS_MAX * 28)

/*
 * Take one result off the front of bytes, and return how many bytes it took,
 * or 0 if they don't begin with a whole and sound one (nothing is trusted) or
 * there is no memory for it.  *timeline is overwritten, not freed, and empty
 * if 0 is returned; the caller frees it otherwise.
 */
size_t sc_node_result_decode(const uint8_t *bytes, size_t length, struct sc_node_result *,
    struct sc_timeline *);

#endif
