/*
 * Shapes of plans as tests write them: three numbers.
 */
#ifndef SC_TESTS_SHAPES_H
#define SC_TESTS_SHAPES_H

#include "plan/plan.h"

/* Groups of k, trees of m groups with b next ones; chunks of 4 KiB, a window of 2. */
struct sc_plan_shape shape_of(uint32_t k, uint32_t m, uint32_t b);

#endif
