/*
 * Compatibility with sbcast: see sbcast.h.
 */
#include "stage/sbcast.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
sc_sbcast_check_job(const char *job, struct sc_error *err)
{
	const char *own = getenv("SLURM_JOB_ID");
	const char *array = getenv("SLURM_ARRAY_JOB_ID");
	const char *task = getenv("SLURM_ARRAY_TASK_ID");
	char element[64] = "";

	if (array != NULL && task != NULL)
		snprintf(element, sizeof(element), "%s_%s", array, task);
	if (own != NULL && (strcmp(job, own) == 0 || strcmp(job, element) == 0))
		return 0;
	return sc_fail(err, 0,
	    "--jobid=%s: the nodes are those that stagecast is started on, here in %s%s; start it "
	    "within that job",
	    job, own == NULL ? "no Slurm job" : "job ", own == NULL ? "" : own);
}
