/*
 * The cost model: when will the last node have the file, and which plan makes
 * that soonest?
 *
 * A pipeline takes the time that one link needs for the whole file, plus the
 * time until the last chunk has passed every relay before the last node: a
 * chunk's time and a latency for each hop.  Deep trees have more hops, branching takes
 * bandwidth, large chunks make hops longer and small ones cost more messages;
 * a secondary tree takes the file's time again.
 *
 * The terms, for k subfiles, chunks of b bytes and a link of B bytes/s:
 *
 *   a chunk on a link    t = b/B; sending one takes the processor's time for a
 *                        message at least
 *   a row of k chunks    the largest of: k*t; the k sends of a relay; reading and
 *                        writing k chunks; handling their messages; a credit's
 *                        round trip / window
 *   the file             rows; so S/B, but S/B*2 in groups of one with two next ones
 *   start                the distribution list and the first credits: two latencies,
 *                        once a tree (the lists run ahead of the chunks)
 *   a hop                latency, t for each send of the chunk up to its own, and for
 *                        those of other chunks that are under way (SC_SENDS_AT_ONCE)
 *   the last group       k-1 sends and a latency; for the subfile of a missing
 *                        member, the paths of the short groups before it
 *   a secondary tree     starts when its feeder holds its subfile, takes the
 *                        file's time again
 *   store and forward    a hop takes all sends of the whole subfile
 *
 * Not in it: commit, the digest of the whole, other traffic.
 */
#ifndef SC_PLAN_COST_H
#define SC_PLAN_COST_H

#include "plan/plan.h"

/* What the model knows of the machine.  Rates are above 0. */
struct sc_cost_machine {
	double link_bytes_per_s;   /* of a node, each way */
	double latency_s;          /* of a message, one way */
	double message_s;          /* processor time a message, at each end */
	double source_bytes_per_s; /* reading, at the origin */
	double disk_bytes_per_s;   /* writing, at a recipient */
};

/* A 10 Gbit/s Ethernet with local disks: the assumption before anything is
 * measured. */
extern const struct sc_cost_machine sc_cost_machine_default;

/*
 * The time from the first read to the last node's last chunk, stored, in
 * seconds.  Uses the plan's numbers only: an outline (sc_plan_outline) will do.  O(depth of
 * a tree, and number of trees on the way to the last).
 */
double sc_cost_predict(const struct sc_plan *, const struct sc_cost_machine *);

/* The most connections that a rank holds at once.  Uses the plan's numbers only. */
uint32_t sc_cost_connections(const struct sc_plan *);

/* The floor: the time in which one node alone could receive the file, in seconds. */
double sc_cost_floor(uint64_t size_bytes, const struct sc_cost_machine *);

/* The chunk sizes that are tried are the powers of two, and one and a half of each.  The
 * one after such a size. */
uint64_t sc_cost_chunk_bytes_after(uint64_t bytes);

/*
 * Choose every number that the request leaves open so that the predicted time
 * is least, within the request and the connection limit, and make that plan.
 * Among nearly equal ones (1 %) the one whose groups are nearest to eight wins, then
 * that with chunks nearest to 1 MiB, then that with fewer connections.
 * Fails, with a sentence for the user, if no plan satisfies the request
 * ("a group size of 40 needs 41 connections; the maximum is 30").
 * A request for two next groups excludes trees too small to have them, unless
 * tree_groups is requested, too.  A window that is not requested is 4, or up to
 * 16 for groups of one if so many chunks take less than 64 ms, and less if the memory
 * holds less.  A requested group size is an upper bound (groups are balanced below it).
 * Takes less than 100 ms.  Free the plan with sc_plan_free.
 */
int sc_cost_choose(struct sc_plan *, uint32_t recipients, uint64_t size_bytes,
    const struct sc_plan_request *, const struct sc_cost_machine *, struct sc_error *);

#endif
