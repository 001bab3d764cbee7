/*
 * stagecast-sim: the program.
 */
#include "base/log.h"
#include "config.h"
#include "record/timings.h"
#include "simulate/compare.h"
#include "simulate/files.h"
#include "simulate/options.h"
#include "simulate/print.h"
#include "simulate/search.h"

#include <stdio.h>
#include <stdlib.h>

enum { EXIT_GOOD = 0, EXIT_BAD = 1, EXIT_USAGE = 2 };

static int
print_result(const struct sc_sim_config *config, const struct sc_sim_result *result,
    struct sc_sim_summary *summary, struct sc_error *err)
{
	sc_sim_summarise(config->plan, config->machine, result, summary);
	sc_sim_print(stdout, config->plan, config->machine, result, summary);
	if (result->violations > 0)
		return sc_fail(err, 0, "%u rules were broken, the first one: %s",
		    result->violations, result->violation);
	return 0;
}

static int
run_plan(const struct sc_sim_options *options, const struct sc_plan *plan, int argc, char **argv,
    struct sc_error *err)
{
	struct sc_fault *faults = sc_sim_fails_resolve(&options->fails, plan);
	struct sc_sim_config config = sc_sim_options_config(options, plan, faults);
	struct sc_sim_files files = {0};
	struct sc_sim_result result = {0};
	struct sc_sim_comparison compared = {0};
	struct sc_sim_summary summary;
	int rc = faults == NULL ? sc_fail(err, 0, "no memory") : 0;

	if (rc == 0)
		rc = sc_sim_files_open(&files, options->trace, options->timings, &config, err);
	if (rc == 0) {
		sc_sim_run(&config, &result);
		rc = print_result(&config, &result, &summary, err);
	}
	if (rc == 0 && options->mode == SC_SIM_COMPARE)
		rc = sc_sim_compare(stdout, options, plan, &summary, &compared, err);
	if (rc == 0)
		rc = sc_sim_files_write(&files, &config, &result, &compared, argc, argv, err);
	rc = sc_sim_files_close(&files, rc, err);
	sc_sim_result_free(&result);
	free(faults);
	return rc;
}

/* One staging.  0, or the exit status with *err. */
static int
simulate(const struct sc_sim_options *options, int argc, char **argv, struct sc_error *err)
{
	struct sc_plan plan = {0};
	int rc;

	if (sc_cost_choose(&plan, options->nodes, options->size_bytes, &options->wishes,
		&options->machine.base, err) != 0)
		return EXIT_USAGE;
	if (options->mode == SC_SIM_SEARCH)
		rc = sc_sim_search(stdout, options, &plan, err);
	else
		rc = run_plan(options, &plan, argc, argv, err);
	sc_plan_free(&plan);
	return rc == 0 ? 0 : EXIT_BAD;
}

static void
print_version(void)
{
	printf("stagecast-sim %s\n%s\n", PACKAGE_VERSION, sc_timings_library());
}

int
main(int argc, char **argv)
{
	struct sc_sim_options options;
	struct sc_error err = {0};
	int status;

	if (sc_command_begin(&sc_sim_command, &options, argc, argv, print_version, &status))
		status = simulate(&options, argc, argv, &err);
	sc_sim_options_free(&options);
	if (status != EXIT_GOOD && err.text[0] != '\0')
		sc_log(SC_LOG_ERROR, "%s", err.text);
	if (fflush(stdout) != 0 && status == EXIT_GOOD)
		status = EXIT_BAD;
	return status;
}
