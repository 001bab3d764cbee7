/*
 * The command line of stagecast-report: see report_options.h.
 */
#include "report/options.h"

#include "cli/plan_options.h"

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

enum { OPT_SVG = SC_OPTION_OWN };

static const char short_options[] = ":Vh";

static const struct option long_options[] = {
	{"svg", required_argument, NULL, OPT_SVG},
	{"version", no_argument, NULL, 'V'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

const char sc_report_options_help[] =
    "Usage: stagecast-report FILE.h5 [--svg=FILE.svg]\n"
    "Tell what happened in a run of stagecast (or stagecast-sim) whose --timings are in\n"
    "FILE.h5: what was staged, when the nodes had it, which one was the slowest and why,\n"
    "and which ones failed.\n"
    "\n"
    "      --svg=FILE.svg  also draw it: a lane a node over time\n"
    "  -V, --version\n"
    "  -h, --help          this text\n"
    "\n"
    "Exit status: 0 it was told; 1 FILE.h5 cannot be read, or FILE.svg not written;\n"
    "2 usage.\n";

/* Do both names lead to one file? */
static bool
is_same_file(const char *one, const char *other)
{
	struct stat a, b;

	return stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev &&
	    a.st_ino == b.st_ino;
}

static int
check(struct sc_report_options *options, int operands, char **operand, struct sc_error *err)
{
	if (options->errand != SC_REPORT_RUN)
		return 0;
	if (operands == 0)
		return sc_fail(err, 0, "FILE.h5 is missing");
	if (operands > 1)
		return sc_fail(err, 0, "one FILE.h5: '%s' is too much", operand[1]);
	options->file = operand[0];
	if (options->svg != NULL && options->svg[0] == '\0')
		return sc_fail(err, 0, "--svg= needs the name of a file");
	if (options->svg != NULL && is_same_file(options->file, options->svg))
		return sc_fail(err, 0, "--svg=%s would replace the timings themselves",
		    options->svg);
	return 0;
}

int
sc_report_options_parse(struct sc_report_options *options, int argc, char **argv,
    struct sc_error *err)
{
	int option;

	*options = (struct sc_report_options){.errand = SC_REPORT_RUN};
	optind = 1;
	while ((option = getopt_long(argc, argv, short_options, long_options, NULL)) != -1) {
		switch (option) {
		case OPT_SVG:
			options->svg = optarg;
			break;
		case 'V':
			options->errand = SC_REPORT_VERSION;
			break;
		case 'h':
			options->errand = SC_REPORT_HELP;
			break;
		default:
			return sc_option_refuse(option, short_options, argv, err);
		}
	}
	return check(options, argc - optind, argv + optind, err);
}
