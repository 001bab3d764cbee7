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

/* The part of a sc_error's text that a control message carries: the message has to fit into
 * SC_CONTROL_BYTES, and people don't read longer sentences. */
#define SC_CAUSE_BYTES 512

/* POSIX allows 255 bytes for a host name. */
#define SC_HOST_BYTES 256

/* The largest control message: a distribution list for the largest group and
 * two next groups, or the bits of SC_WANT_BITS_MAX chunks.  Each receive buffer for control messages
 * has this size. */
#define SC_CONTROL_BYTES 2048

/* Chunks that one message can ask for again: as many bits as fit into SC_CONTROL_BYTES. */
#define SC_WANT_BITS_MAX 14400

/* Failures that one message can tell of: their causes and numbers fit into SC_CONTROL_BYTES.  More
 * of them take several messages. */
#define SC_NOTICE_MAX 256

/* Receivers that a heartbeat names: as many as fit beside SC_GROUP_SIZE_MAX counts. */
#define SC_BEAT_LIST_MAX 200

/* Times that one supplier may send damaged chunks of a subfile before another is asked: one may be
 * chance, more come from the supplier or the way from it. */
#define SC_DAMAGES_MAX 3

/* Members of a group.  The source text speaks of 30 connections.  Beyond some
 * hundred, each has too small a share of a rank's link to be worth it. */
#define SC_GROUP_SIZE_MAX 256

/* Nodes: a million is more than any machine has, and nodes times subfiles still fits
 * into 32 bits. */
#define SC_NODES_MAX 1000000

/* A group passes a subfile on to at most two next groups [0065]. */
#define SC_BRANCHING_MAX 2

/* Edges on which one rank sends one subfile: the rest of its group, the next
 * groups, and the first group of a secondary tree. */
#define SC_RECEIVERS_MAX (SC_GROUP_SIZE_MAX - 1 + SC_BRANCHING_MAX + 1)

/* Nodes with which one node exchanges chunks: the rest of its group, two in each of
 * the groups that follow or feed its own, and two for relief. */
#define SC_PEERS_MAX (SC_GROUP_SIZE_MAX + 2 * (SC_BRANCHING_MAX + 2) + 2)

/* Below a page, headers and calls cost more than the payload.  Above 64 MiB, two chunks would be
 * all the memory that a rank may use by default. */
#define SC_CHUNK_BYTES_MIN 4096
#define SC_CHUNK_BYTES_MAX (64u << 20)

/* Chunk numbers have 32 bits.  The top bit stays free: SC_NONE is no chunk, and sums of two don't
 * overflow. */
#define SC_CHUNKS_MAX 0x7fffffffu

/* Chunks in flight on one edge.  A larger chunk hides more latency, and costs less, than a larger
 * window. */
#define SC_WINDOW_MAX 64

/* Chunks that a relay sends at one time, over all edges, and on one of them:
 * enough to keep the link busy, although a send is known to be over only a round trip later; few
 * enough for the next group to be served first (512 nodes of 100 Gbit/s in
 * groups of 16, 256 KiB, simulated: 1.13 times the floor without a limit,
 * 1.06 with it); and a receiver that stands still leaves room for others. */
#define SC_SENDS_AT_ONCE 4
#define SC_SENDS_AN_EDGE 2

/* Slots of a rank: with more, the scans over all slots would take noticeable time. */
#define SC_SLOTS_MAX 4096

/* Memory of a rank: the least holds a few of the smallest chunks.  The default is small beside what
 * a node has, and enough for groups of eight with chunks of 3 MiB. */
#define SC_MEMORY_BYTES_MIN (64u << 10)
#define SC_MEMORY_BYTES_DEFAULT (128u << 20)

/* The part of a rank's memory that is kept back for everything but slots: bitmaps,
 * requests, threads' stacks, the timeline. */
#define SC_MEMORY_OVERHEAD_BYTES (16u << 20)

/* Connections that a rank holds at once, by default: "typically 30 or less"
 * [0038]. */
#define SC_CONNECTIONS_DEFAULT 30

/* Events that one rank keeps in memory for the timings file: 2 MiB.  Later ones are
 * counted but not kept. */
#define SC_TIMELINE_EVENTS_MAX 65536

/* The output of a loader for one program: a line a library, for thousands of them. */
#define SC_LOADER_OUTPUT_BYTES_MAX (4u << 20)

/* Libraries that a user names besides those that a program needs: an array of fixed size, with more
 * room than users type. */
#define SC_LIBS_GIVEN_MAX 256

/* Symbolic links from a library's name to its file: "libx.so.1" to "libx.so.1.2" is one, and the
 * kernel follows 40. */
#define SC_LIBRARY_LINKS_MAX 40

#endif
