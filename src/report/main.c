/*
 * stagecast-report: the program.
 */
#include "beneath/put.h"
#include "config.h"
#include "record/timings.h"
#include "record/timings_read.h"
#include "report/options.h"
#include "report/picture.h"
#include "report/summary.h"

#include <stdio.h>
#include <stdlib.h>

enum { EXIT_GOOD = 0, EXIT_BAD = 1 };

/* Made in memory, so that the file is whole or absent. */
static int
write_picture(const char *path, const struct sc_diagnosis *diagnosis, struct sc_error *err)
{
	struct sc_error cause = {.text = "no memory for the picture"};
	char *bytes = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&bytes, &length);
	int rc = -1;

	if (out != NULL) {
		rc = sc_picture_draw(out, diagnosis);
		if (ferror(out) != 0)
			rc = -1;
		if (fclose(out) != 0)
			rc = -1;
	}
	if (rc == 0)
		rc = sc_put_file(path, bytes, length, &cause);
	free(bytes);
	return rc == 0 ? 0 : sc_fail(err, 0, "%s: %s", path, cause.text);
}

static int
report(const struct sc_report_options *options, struct sc_error *err)
{
	struct sc_past_run run;
	struct sc_statistics statistics;
	struct sc_diagnosis diagnosis;
	int rc;

	if (sc_timings_read(options->file, &run, err) != 0)
		return -1;
	rc = sc_statistics_find(&statistics, &run);
	if (rc == 0)
		rc = sc_diagnosis_find(&diagnosis, &statistics);
	if (rc != 0)
		(void)sc_fail(err, 0, "%s: no memory for %u nodes", options->file, run.recipients);
	if (rc == 0 && options->svg != NULL)
		rc = write_picture(options->svg, &diagnosis, err);
	if (rc == 0)
		sc_summary_print(stdout, &diagnosis);
	sc_statistics_free(&statistics);
	sc_past_run_free(&run);
	return rc;
}

static void
print_version(void)
{
	printf("stagecast-report %s\n%s\n", PACKAGE_VERSION, sc_timings_library());
}

int
main(int argc, char **argv)
{
	struct sc_report_options options;
	struct sc_error err;
	int status;

	if (!sc_command_begin(&sc_report_command, &options, argc, argv, print_version, &status))
		return status;
	if (report(&options, &err) != 0) {
		fprintf(stderr, "stagecast-report: %s\n", err.text);
		return EXIT_BAD;
	}
	if (fflush(stdout) != 0 || ferror(stdout) != 0) {
		fprintf(stderr, "stagecast-report: standard output cannot be written\n");
		return EXIT_BAD;
	}
	return EXIT_GOOD;
}
