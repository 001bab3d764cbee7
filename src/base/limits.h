/*
 * Every limit of the program, with its reason.
 */
#ifndef SC_BASE_LIMITS_H
#define SC_BASE_LIMITS_H

#include <stddef.h>
#include <stdint.h>

/* A sentence with a path: the longest name of a file, a good part of its
 * directory, and the cause. */
#define SC_ERROR_TEXT_BYTES 1024

/* What a control message carries of a sc_error: the message has to fit into
 * SC_CONTROL_BYTES, and a sentence longer than this is not read. */
#define SC_CAUSE_BYTES 512

/* POSIX allows 255 bytes for a host name. */
#define SC_HOST_BYTES 256

/* The largest control message: a distribution list for the largest group and
 * two next groups, or a cause.  One receive buffer has this size. */
#define SC_CONTROL_BYTES 2048

/* Chunks that one message can ask for again: what fits into SC_CONTROL_BYTES. */
#define SC_WANT_BITS_MAX 14400

/* Failures that one message can tell of; more take several messages. */
#define SC_NOTICE_MAX 256

/* Receivers that a heartbeat names: what fits beside SC_GROUP_SIZE_MAX counts. */
#define SC_BEAT_LIST_MAX 200

/* Times that one supplier may send damaged chunks of a subfile before another is asked. */
#define SC_DAMAGES_MAX 3

/* Members of a group.  The source text speaks of 30 connections; beyond some
 * hundred a rank's link is cut into shares too small to be worth one. */
#define SC_GROUP_SIZE_MAX 256

/* Nodes: node numbers fit into 32 bits many times over; a million is more
 * than any machine has, and keeps sums of nodes times subfiles in 32 bits. */
#define SC_NODES_MAX 1000000

/* A group passes a subfile on to at most two next groups [0065]. */
#define SC_BRANCHING_MAX 2

/* Edges on which one rank sends one subfile: the rest of its group, the next
 * groups, and the first group of a secondary tree. */
#define SC_RECEIVERS_MAX (SC_GROUP_SIZE_MAX - 1 + SC_BRANCHING_MAX + 1)

/* Nodes with which one exchanges chunks: the rest of its group, two for each of
 * the groups that follow or feed it, and two for relief. */
#define SC_PEERS_MAX (SC_GROUP_SIZE_MAX + 2 * (SC_BRANCHING_MAX + 2) + 2)

/* Below a page a chunk is mostly header; above 64 MiB two of them would be
 * all the memory that a rank may use by default. */
#define SC_CHUNK_BYTES_MIN 4096
#define SC_CHUNK_BYTES_MAX (64u << 20)

/* Chunk numbers are 32 bits wide; the top bit stays free. */
#define SC_CHUNKS_MAX 0x7fffffffu

/* Chunks in flight on one edge.  More than this hides no latency that a
 * larger chunk would not hide better. */
#define SC_WINDOW_MAX 64

/* Chunks that a relay sends at one time, over all edges, and on one of them:
 * enough to hide that a send is known to be over only a round trip later, few
 * enough for the next group to be served first (512 nodes of 100 Gbit/s in
 * groups of 16, 256 KiB, simulated: 1.13 times the floor without a limit,
 * 1.06 with it); and a receiver that stands still leaves room for others. */
#define SC_SENDS_AT_ONCE 4
#define SC_SENDS_AN_EDGE 2

/* Slots of a rank: more would make the scans over them visible. */
#define SC_SLOTS_MAX 4096

/* Memory for slots that is sane to ask for. */
#define SC_MEMORY_BYTES_MIN (64u << 10)
#define SC_MEMORY_BYTES_DEFAULT (128u << 20)

/* Of --memory, what is kept back for everything that is not a slot: bitmaps,
 * requests, threads' stacks, the timeline. */
#define SC_MEMORY_OVERHEAD_BYTES (16u << 20)

/* Connections that a rank holds at once, by default: "typically 30 or less"
 * [0038]. */
#define SC_CONNECTIONS_DEFAULT 30

/* Events that one rank keeps in memory for the timings file; later ones are
 * counted but not kept. */
#define SC_TIMELINE_EVENTS_MAX 65536

/* What a loader may say of one program: a line a library, for thousands of them. */
#define SC_LOADER_OUTPUT_BYTES_MAX (4u << 20)

/* Libraries that a command line names besides those that a program needs. */
#define SC_LIBS_GIVEN_MAX 256

/* Symbolic links from a library's name to its file: "libx.so.1" to "libx.so.1.2" is one, and the
 * kernel follows 40. */
#define SC_LIBRARY_LINKS_MAX 40

#endif
