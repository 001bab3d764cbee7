/*
 * Options of sbcast: see habits.h.
 */
#include "stage/sbcast.h"

#include <assert.h>
#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
sc_is_habit(int option)
{
	return option == 'C' || option == 'F' || option == 'j' || option == 'Z' ||
	    option == SC_HABIT_NODELIST;
}

int
sc_habit_take(int option, const char **job, struct sc_error *err)
{
	switch (option) {
	case 'C':
		if (optarg != NULL && strcmp(optarg, "none") == 0)
			return 0;
		return sc_fail(err, 0,
		    "--compress: nothing is compressed on the way; leave it out, or compress "
		    "SOURCE itself");
	case 'F':
		return sc_fail(err, 0,
		    "--fanout=%s: the tree follows from a cost model; leave it out, or limit whom a "
		    "node talks to by --max-connections",
		    optarg);
	case 'j':
		*job = optarg;
		return 0;
	case 'Z':
		return sc_fail(err, 0,
		    "--no-allocation: no batch job is needed; leave it out, and name the nodes by "
		    "--hosts of stagecast-run");
	default:
		assert(option == SC_HABIT_NODELIST);
		return sc_fail(err, 0,
		    "--nodelist=%s: the nodes are those that it is started on; name them by "
		    "--hosts of stagecast-run, or to mpirun",
		    optarg);
	}
}

int
sc_habit_check_window(struct sc_error *err)
{
	if (!isalpha((unsigned char)optarg[0]) || strcmp(optarg, "auto") == 0)
		return 0;
	return sc_fail(err, 0,
	    "--window=%s: it takes a number of chunks; for the nodes, as sbcast's -w, use --hosts "
	    "of stagecast-run",
	    optarg);
}

int
sc_habit_check_job(const char *job, struct sc_error *err)
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
	    "--jobid=%s: the nodes are those that it is started on, here in %s%s; start it within "
	    "that job",
	    job, own == NULL ? "no Slurm job" : "job ", own == NULL ? "" : own);
}
