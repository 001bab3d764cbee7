/*
 * Reading a timings file back: a run that is over, as its file tells it.  The
 * schema is stagecast-timings(5); columns and values are picked by their
 * names, and what isn't known here is left alone.
 */
#ifndef SC_RECORD_TIMINGS_READ_H
#define SC_RECORD_TIMINGS_READ_H

#include "base/error.h"
#include "plan/plan.h"
#include "record/node_result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No run is longer, and no moment later: thirty years. */
#define SC_PAST_S_MAX 1e9

/* A state that a later release has added. */
enum { SC_NODE_STATE_UNKNOWN = SC_NODE_STATES };

/* Marks on a node's way: how much of the file it holds. */
enum sc_past_mark {
	SC_PAST_QUARTER,
	SC_PAST_HALF,
	SC_PAST_THREE_QUARTERS,
	SC_PAST_ALL,
	SC_PAST_MARKS
};

/* Moments are seconds since the start of the run; NaN: never, or not told.
 * Numbers that don't apply are SC_NONE.  No text is NULL. */
struct sc_past_node {
	bool reported;  /* else only what the plan says is set */
	unsigned state; /* enum sc_node_state, or SC_NODE_STATE_UNKNOWN */
	const char *host;
	const char *cause;

	uint32_t group;
	uint32_t member;
	uint32_t tree;
	uint32_t depth;

	double first_chunk_s;
	double last_chunk_s;
	double stored_s;
	double committed_s;
	double network_stall_s;
	double storage_stall_s;

	/* From the events and failures. */
	double mark_s[SC_PAST_MARKS];
	double send_begun_s; /* the first one */
	double send_ended_s; /* the last one */
	double failed_s;     /* when its failure was noticed */

	/* Of a node that was lost. */
	uint32_t detected_by;
	uint32_t detours; /* nodes that took one around it */
	double detour_s;  /* when the last of these was in place */
	uint64_t bytes_supplied_again;

	double torpid_s;         /* when other nodes found it too slow to relay */
	uint64_t chunks_resumed; /* that an earlier run had left */
	uint32_t last_detour;    /* that it took itself, in sc_past_run */
};

/* A node asked another supplier than before for what it lacked of a subfile. */
struct sc_past_detour {
	uint32_t subfile;
	uint32_t supplier; /* the one that was asked */
	uint32_t before;   /* the one that the same node took before, or SC_NONE */
	double asked_s;
	double in_place_s; /* the supplier agreed */
};

/* One recipient and one subfile. */
struct sc_past_part {
	uint32_t supplier;          /* as planned, or the last one that stood in for it */
	double held_s;              /* all of it was stored */
	uint32_t chunks_from_store; /* that the supplier had to read back for it */
};

struct sc_past_run {
	/* The attributes of sc_schema_attributes. */
	const char *program_version; /* "" if not told, as the other texts */
	const char *mpi_version;
	const char *source;
	const char *source_digest;
	const char *outcome;

	uint64_t size_bytes;
	uint64_t chunk_bytes;
	uint64_t chunks;
	uint32_t recipients;
	uint32_t subfiles;
	uint64_t tree_groups;
	uint64_t branching;
	uint64_t trees;
	uint64_t groups;
	uint64_t window;
	uint64_t slots;
	uint64_t exit_status;
	uint64_t events_dropped;
	bool store_and_forward;
	bool origin_keeps_copy; /* true if not told */
	uint64_t had_it_before; /* further nodes that took no part */
	double started_unix_s;  /* NaN if not told; 0 of a simulated run */
	double elapsed_s;
	double predicted_s;

	char **argv;
	size_t argc;

	bool has_edges;  /* suppliers are known */
	bool has_events; /* there is at least one */
	bool has_stalls; /* a node was stalled at all: simulated runs don't tell */

	uint32_t leader; /* the node that took over last; SC_NONE: none had to */
	uint32_t leader_before;
	double takeover_s;
	uint64_t chunks_damaged; /* that did not pass their checksum on arrival */

	struct sc_past_detour *detours; /* of all nodes, by asked_s */
	uint32_t detour_count;
	size_t detour_capacity;

	struct sc_past_node *nodes; /* recipients + 1 of them, by node; 0 is the origin */
	struct sc_past_part *parts; /* nodes times subfiles of them, by node; see sc_past_part */
};

/*
 * Read a file.  On failure one sentence that names path; nothing is allocated
 * then.  Otherwise free it with sc_past_run_free.  A file that is damaged is
 * refused as far as that shows: the format has no checksums.  Takes the memory
 * of the file twice, and that of nodes times subfiles.  One thread at a time.
 */
int sc_timings_read(const char *path, struct sc_past_run *, struct sc_error *);

/* Also on an all-zero struct. */
void sc_past_run_free(struct sc_past_run *);

struct sc_past_part *sc_past_part(const struct sc_past_run *, uint32_t node, uint32_t subfile);

#endif
