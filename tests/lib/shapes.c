/*
 * Shapes of plans: see shapes.h.
 */
#include "lib/shapes.h"

struct sc_plan_shape
shape_of(uint32_t k, uint32_t m, uint32_t b)
{
	struct sc_plan_shape shape = {
		.group_size = k,
		.tree_groups = m,
		.branching = b,
		.chunk_bytes = 4096,
		.window = 2,
	};

	return shape;
}
