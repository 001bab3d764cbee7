/*
 * The clocks along the control tree: see control_tree.h.
 */
#include "fabric/control_tree.h"

#include "base/clock.h"
#include "fabric/mpi_error.h"
#include "fabric/tags.h"

#include <mpi.h>

/* Round trips to take the fastest of: the first ones set up the connection. */
enum { CLOCK_ROUNDS = 8 };

static int
ask_parent(const struct sc_control_tree *tree, int64_t *offset_ns, struct sc_error *err)
{
	uint64_t best_ns = UINT64_MAX;
	int parent = (int)tree->parent;

	for (int i = 0; i < CLOCK_ROUNDS; i++) {
		uint64_t theirs_ns = 0;
		uint64_t asked_ns = sc_clock_now_ns();
		uint64_t took_ns;

		if (sc_mpi_check(MPI_Sendrecv(NULL, 0, MPI_BYTE, parent, SC_TAG_CLOCK, &theirs_ns,
				     sizeof(theirs_ns), MPI_BYTE, parent, SC_TAG_CLOCK,
				     MPI_COMM_WORLD, MPI_STATUS_IGNORE),
			"MPI_Sendrecv", err) != 0)
			return -1;
		took_ns = sc_clock_now_ns() - asked_ns;
		if (took_ns < best_ns) {
			best_ns = took_ns;
			*offset_ns = (int64_t)(theirs_ns - (asked_ns + took_ns / 2));
		}
	}
	return 0;
}

static int
answer_children(const struct sc_control_tree *tree, struct sc_error *err)
{
	for (uint32_t i = 0; i < tree->child_count; i++) {
		int child = (int)tree->children[i];

		for (int j = 0; j < CLOCK_ROUNDS; j++) {
			uint64_t now_ns;

			if (sc_mpi_check(MPI_Recv(NULL, 0, MPI_BYTE, child, SC_TAG_CLOCK,
					     MPI_COMM_WORLD, MPI_STATUS_IGNORE),
				"MPI_Recv", err) != 0)
				return -1;
			now_ns = sc_clock_now_ns();
			if (sc_mpi_check(MPI_Send(&now_ns, sizeof(now_ns), MPI_BYTE, child,
					     SC_TAG_CLOCK, MPI_COMM_WORLD),
				"MPI_Send", err) != 0)
				return -1;
		}
	}
	return 0;
}

/* A parent's own offset to the root is added to that of its children, down the tree. */
static int
add_parents(const struct sc_control_tree *tree, int64_t *offset_ns, struct sc_error *err)
{
	int64_t parents_ns = 0;

	if (tree->parent != UINT32_MAX &&
	    sc_mpi_check(MPI_Recv(&parents_ns, sizeof(parents_ns), MPI_BYTE, (int)tree->parent,
			     SC_TAG_CLOCK, MPI_COMM_WORLD, MPI_STATUS_IGNORE),
		"MPI_Recv", err) != 0)
		return -1;
	*offset_ns += parents_ns;
	for (uint32_t i = 0; i < tree->child_count; i++) {
		if (sc_mpi_check(MPI_Send(offset_ns, sizeof(*offset_ns), MPI_BYTE,
				     (int)tree->children[i], SC_TAG_CLOCK, MPI_COMM_WORLD),
			"MPI_Send", err) != 0)
			return -1;
	}
	return 0;
}

int
sc_control_tree_clock_offset(const struct sc_control_tree *tree, int64_t *offset_ns,
    struct sc_error *err)
{
	bool root = tree->parent == UINT32_MAX;

	*offset_ns = 0;
	/* Ranks at odd distances ask first and then answer, the others the other way round: so all
	 * pairs of two levels measure at the same time. */
	if (tree->odd && ask_parent(tree, offset_ns, err) != 0)
		return -1;
	if (answer_children(tree, err) != 0)
		return -1;
	if (!tree->odd && !root && ask_parent(tree, offset_ns, err) != 0)
		return -1;
	return add_parents(tree, offset_ns, err);
}
