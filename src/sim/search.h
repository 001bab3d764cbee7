/*
 * The plans among which a search looks for the best: every sensible shape that
 * the request, the connections and the memory allow, not only those that the cost
 * model tries.
 */
#ifndef SC_SIM_SEARCH_H
#define SC_SIM_SEARCH_H

#include "plan/plan.h"
#include "sim/machine.h"

struct sc_candidate {
	struct sc_plan_shape shape; /* balanced: its numbers are the plan's */
	double predicted_s;         /* by the cost model */
	double least_s;             /* see bound.h */
};

/* Start with an all-zero struct. */
struct sc_candidates {
	struct sc_candidate *items; /* owned */
	uint32_t count;
	uint32_t capacity;
};

/*
 * List the candidates: each distinct balanced group size, trees of every number
 * of groups where there are few and of some where there are many, one and two next
 * groups, chunks of each power of two and of one and a half from 64 KiB (less where
 * the file is small or the choice has less) to 8 MiB, and the window that sc_cost_choose
 * takes for them.  A number that was asked for leaves only itself.
 * The choice, a plan that fulfils the request, is first, even if it is none of
 * these; the others follow as the model predicts them, the fastest one first.
 * Never fails: without memory the program ends.  Some microseconds a candidate and group.
 */
void sc_candidates_list(struct sc_candidates *, const struct sc_plan *choice,
    const struct sc_plan_request *, const struct sc_machine *);

void sc_candidates_free(struct sc_candidates *);

/* The shape that makes this plan again. */
struct sc_plan_shape sc_candidate_shape(const struct sc_plan *);

#endif
