/*
 * Every small plan, for checks that must hold of each: see for what in
 * tests/unit/test_plan*.c.
 */
#ifndef SC_TESTS_PLANS_H
#define SC_TESTS_PLANS_H

#include "plan/plan.h"

enum {
	N_MAX = 40, /* recipients */
	K_MAX = 12,
	M_MAX = 6,
};

/* A plan and what was found wrong with it. */
struct check {
	struct sc_plan plan;
	uint32_t violations;
};

typedef void check_function(struct check *);

/* Count a violation; the first few are printed. */
void violation(struct check *, const char *, ...) __attribute__((format(printf, 2, 3)));

/* Peers that a node exchanges data with at one time, at most, counted edge by edge.  The feed of a
 * secondary tree takes the place of the connection to the supplier [0058].  For plans of any size;
 * O(recipients). */
uint32_t count_connections(const struct sc_plan *, uint32_t node);

/* Run a check over every small plan, one CUnit assertion a plan. */
void for_every_plan(check_function *);

#endif
