/*
 * Which ranks have failed: see failures.h.
 */
#include "fabric/failures.h"

#include "config.h"
#include "fabric/mpi_error.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#ifdef HAVE_ULFM
#include <mpi-ext.h>
#endif

int
sc_failures_init(struct sc_failures *failures, MPI_Comm comm, uint32_t size, struct sc_error *err)
{
	*failures = (struct sc_failures){.comm = comm};
	failures->ranks = malloc(size * sizeof(*failures->ranks));
	failures->failed = calloc(size, sizeof(*failures->failed));
	if (failures->ranks == NULL || failures->failed == NULL) {
		sc_failures_free(failures);
		return sc_fail(err, 0, "no memory for %u ranks", size);
	}
	return 0;
}

void
sc_failures_free(struct sc_failures *failures)
{
	free(failures->ranks);
	free(failures->failed);
	memset(failures, 0, sizeof(*failures));
}

/* The failed ranks that MPI knows of, acknowledged, and all ranks; to be given back by
 * put_groups. */
static int
get_groups(MPI_Comm comm, MPI_Group *failed, MPI_Group *all, struct sc_error *err)
{
	*failed = MPI_GROUP_EMPTY;
	*all = MPI_GROUP_NULL;
#ifdef HAVE_ULFM
	if (sc_mpi_check(MPIX_Comm_failure_ack(comm), "MPIX_Comm_failure_ack", err) != 0 ||
	    sc_mpi_check(MPIX_Comm_failure_get_acked(comm, failed), "MPIX_Comm_failure_get_acked",
		err) != 0)
		return -1;
#endif
	return sc_mpi_check(MPI_Comm_group(comm, all), "MPI_Comm_group", err);
}

static int
put_groups(MPI_Group *failed, MPI_Group *all, struct sc_error *err)
{
	int rc = 0;

	if (*failed != MPI_GROUP_EMPTY)
		rc = sc_mpi_check(MPI_Group_free(failed), "MPI_Group_free", err);
	if (*all != MPI_GROUP_NULL && sc_mpi_check(MPI_Group_free(all), "MPI_Group_free", err) != 0)
		rc = -1;
	return rc;
}

/* Append those of a group that are new. */
static int
append_new(struct sc_failures *failures, MPI_Group failed, MPI_Group all, struct sc_error *err)
{
	int size = 0;

	if (sc_mpi_check(MPI_Group_size(failed, &size), "MPI_Group_size", err) != 0)
		return -1;
	if ((uint32_t)size == failures->count)
		return 0; /* it only grows */
	for (int i = 0; i < size; i++) {
		int rank = MPI_UNDEFINED;

		if (sc_mpi_check(MPI_Group_translate_ranks(failed, 1, &i, all, &rank),
			"MPI_Group_translate_ranks", err) != 0)
			return -1;
		assert(rank >= 0);
		if (failures->failed[rank])
			continue;
		failures->failed[rank] = true;
		failures->ranks[failures->count++] = (uint32_t)rank;
	}
	return 0;
}

int
sc_failures_update(struct sc_failures *failures, struct sc_error *err)
{
	MPI_Group failed;
	MPI_Group all;
	int rc = get_groups(failures->comm, &failed, &all, err);

	if (rc == 0)
		rc = append_new(failures, failed, all, err);
	if (put_groups(&failed, &all, err) != 0)
		rc = -1;
	return rc;
}

int
sc_failures_include(MPI_Comm comm, uint32_t rank, bool *included, struct sc_error *err)
{
	MPI_Group failed;
	MPI_Group all;
	int in_all = (int)rank;
	int in_failed = MPI_UNDEFINED;
	int rc = get_groups(comm, &failed, &all, err);

	if (rc == 0)
		rc = sc_mpi_check(MPI_Group_translate_ranks(all, 1, &in_all, failed, &in_failed),
		    "MPI_Group_translate_ranks", err);
	if (put_groups(&failed, &all, err) != 0)
		rc = -1;
	*included = in_failed != MPI_UNDEFINED;
	return rc;
}
