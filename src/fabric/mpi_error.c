/*
 * MPI's return codes: see mpi_error.h.
 */
#include "fabric/mpi_error.h"

#include "config.h"

#include <mpi.h>
#ifdef HAVE_ULFM
#include <mpi-ext.h>
#endif
#include <stdio.h>

int
sc_mpi_check(int code, const char *call, struct sc_error *err)
{
	char text[MPI_MAX_ERROR_STRING];
	int length = 0;

	if (code == MPI_SUCCESS)
		return 0;
	if (MPI_Error_string(code, text, &length) != MPI_SUCCESS)
		snprintf(text, sizeof(text), "MPI error %d", code);
	return sc_fail(err, 0, "%s: %s", call, text);
}

bool
sc_mpi_is_process_failure(int code)
{
#ifdef HAVE_ULFM
	int class = MPI_SUCCESS;

	if (code == MPI_SUCCESS || MPI_Error_class(code, &class) != MPI_SUCCESS)
		return false;
	return class == MPIX_ERR_PROC_FAILED || class == MPIX_ERR_PROC_FAILED_PENDING ||
	    class == MPIX_ERR_REVOKED;
#else
	(void)code;
	return false;
#endif
}
