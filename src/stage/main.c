/*
 * stagecast: the program.
 */
#include "base/log.h"
#include "config.h"
#include "fabric/world.h"
#include "file/digest.h"
#include "record/timings.h"
#include "stage/options.h"
#include "stage/outcome/status.h"
#include "stage/plan_print.h"
#include "stage/stage.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

static volatile sig_atomic_t stop_signal;

static void
on_signal(int number)
{
	stop_signal = number;
}

/* mpirun passes SIGTERM on when the user or the batch system ends the job: there is time to remove
 * the part file. */
static int
catch_signals(struct sc_error *err)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
	struct sigaction action = {.sa_handler = on_signal};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		if (sigaction(signals[i], &action, NULL) != 0)
			return sc_fail(err, errno, "signal %d can't be caught", signals[i]);
	}
	return 0;
}

static void
print_version(void)
{
	char mpi[512];

	sc_world_library(mpi, sizeof(mpi));
	printf("stagecast %s\n%s: %s\n%s, %s\n", PACKAGE_VERSION, mpi,
	    sc_world_survives_faults() ? "has process faults reported (ULFM)"
				       : "process faults are not survived (no ULFM)",
	    sc_timings_library(), sc_digest_library());
}

static void
set_log_level(const struct sc_options *options)
{
	if (options->quiet)
		sc_log_set_level(SC_LOG_ERROR);
	else if (options->verbose == 1)
		sc_log_set_level(SC_LOG_INFO);
	else if (options->verbose > 1)
		sc_log_set_level(SC_LOG_DEBUG);
}

int
main(int argc, char **argv)
{
	struct sc_options options;
	struct sc_world world;
	struct sc_error err;
	/* One rank speaks and fails; if the others failed too, mpirun might end the one that speaks
	 * before it has. */
	bool speaks = sc_world_rank_hint() == 0;
	int status;

	if (!sc_command_begin(&sc_stage_command, &options, argc, argv,
		speaks ? print_version : NULL, &status))
		return status;
	set_log_level(&options);
	if (options.topology != NULL)
		return speaks ? sc_stage_plan(&options) : 0;
	if (sc_world_start(&world, &argc, &argv, &err) != 0 || catch_signals(&err) != 0) {
		sc_log(SC_LOG_ERROR, "%s", err.text);
		return SC_EXIT_NOTHING;
	}
	return sc_stage(&world, &options, argc, argv, &stop_signal);
}
