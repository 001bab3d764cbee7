/*
 * The command line of stagecast-report: see options.h.
 */
#include "report/options.h"

#include <sys/stat.h>

#define SC_OPTIONS struct sc_report_options

static const struct sc_option options_of_report[] = {
	SC_HEADING("Options:"),
	{"svg", 0, SC_FILE("FILE.svg", svg), "also draw it: a lane a node over time"},
	SC_OPTIONS_END,
};

/* Do both names lead to one file? */
static bool
is_same_file(const char *one, const char *other)
{
	struct stat a, b;

	return stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev &&
	    a.st_ino == b.st_ino;
}

static int
check(void *context, int count, char **operands, struct sc_error *err)
{
	struct sc_report_options *options = context;

	if (count == 0)
		return sc_fail(err, 0, "FILE.h5 is missing");
	if (count > 1)
		return sc_fail(err, 0, "one FILE.h5: '%s' is too much", operands[1]);
	options->file = operands[0];
	if (options->svg != NULL && is_same_file(options->file, options->svg))
		return sc_fail(err, 0, "--svg=%s would replace the timings themselves",
		    options->svg);
	return 0;
}

const struct sc_command sc_report_command = {
	.name = "stagecast-report",
	.intro = "Usage: stagecast-report FILE.h5 [--svg=FILE.svg]\n"
		 "Tell what happened in a run of stagecast (or stagecast-sim) whose --timings are\n"
		 "in FILE.h5: what was staged, when the nodes had it, which one was the slowest\n"
		 "and why, and which ones failed.\n",
	.outro = "\n"
		 "Exit status: 0 it was told; 1 FILE.h5 cannot be read, or FILE.svg not written;\n"
		 "2 usage.\n",
	.options = options_of_report,
	.bytes = sizeof(struct sc_report_options),
	.check = check,
};
