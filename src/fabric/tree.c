/*
 * Exchanges along the control tree: see tree.h.
 */
#include "fabric/tree.h"

#include "base/clock.h"
#include "fabric/mpi_error.h"
#include "fabric/tags.h"

#include <limits.h>
#include <mpi.h>
#include <stdlib.h>
#include <string.h>

/* Round trips to take the fastest of: the first ones set up the connection. */
enum { CLOCK_ROUNDS = 8 };

static int
ask_parent(const struct sc_tree *tree, int64_t *offset_ns, struct sc_error *err)
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
answer_children(const struct sc_tree *tree, struct sc_error *err)
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

int
sc_tree_clock_offset(const struct sc_tree *tree, int64_t *offset_ns, struct sc_error *err)
{
	bool root = tree->parent == UINT32_MAX;

	*offset_ns = 0;
	/* Ranks at odd distances ask first and then answer, the others the other
	 * way round: so all pairs of two levels work at the same time. */
	if (tree->odd && ask_parent(tree, offset_ns, err) != 0)
		return -1;
	if (answer_children(tree, err) != 0)
		return -1;
	if (!tree->odd && !root && ask_parent(tree, offset_ns, err) != 0)
		return -1;
	return 0;
}

static int
append_child(int child, uint8_t **bytes, size_t *used, struct sc_error *err)
{
	MPI_Status status;
	int length = 0;
	uint8_t *more;

	if (sc_mpi_check(MPI_Probe(child, SC_TAG_REPORT, MPI_COMM_WORLD, &status), "MPI_Probe",
		err) != 0 ||
	    sc_mpi_check(MPI_Get_count(&status, MPI_BYTE, &length), "MPI_Get_count", err) != 0)
		return -1;
	more = realloc(*bytes, *used + (size_t)length + 1);
	if (more == NULL)
		return sc_fail(err, 0, "no memory for %d bytes of reports", length);
	*bytes = more;
	if (sc_mpi_check(MPI_Recv(more + *used, length, MPI_BYTE, child, SC_TAG_REPORT,
			     MPI_COMM_WORLD, MPI_STATUS_IGNORE),
		"MPI_Recv", err) != 0)
		return -1;
	*used += (size_t)length;
	return 0;
}

int
sc_tree_gather(const struct sc_tree *tree, const uint8_t *own, size_t own_bytes, uint8_t **all,
    size_t *all_bytes, struct sc_error *err)
{
	uint8_t *bytes = malloc(own_bytes + 1);
	size_t used = own_bytes;
	int rc = -1;

	*all = NULL;
	*all_bytes = 0;
	if (bytes == NULL) {
		sc_fail(err, 0, "no memory for reports");
		goto out;
	}
	memcpy(bytes, own, own_bytes);
	for (uint32_t i = 0; i < tree->child_count; i++) {
		if (append_child((int)tree->children[i], &bytes, &used, err) != 0)
			goto out;
	}
	if (tree->parent == UINT32_MAX) {
		*all = bytes;
		*all_bytes = used;
		return 0;
	}
	if (used > INT_MAX) {
		sc_fail(err, 0, "%zu bytes of reports are too many for one message", used);
		goto out;
	}
	rc = sc_mpi_check(MPI_Send(bytes, (int)used, MPI_BYTE, (int)tree->parent, SC_TAG_REPORT,
			      MPI_COMM_WORLD),
	    "MPI_Send", err);
out:
	free(bytes);
	return rc;
}
