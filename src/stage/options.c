/*
 * The command line: see options.h.
 */
#include "stage/options.h"

#include "base/units.h"
#include "cli/plan_options.h"
#include "stage/prepare/dest.h"
#include "stage/prepare/libs.h"
#include "stage/sbcast.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum {
	OPT_COPIES = SC_OPTION_OWN,
	OPT_ON_UNREADABLE,
	OPT_VERIFY,
	OPT_NO_RESUME,
	OPT_UNPACK,
	OPT_BUDDY,
	OPT_HEARTBEAT,
	OPT_PLAN,
	OPT_TOPOLOGY,
	OPT_SIZE,
	OPT_TIMINGS,
	OPT_FAILED_HOSTS,
	OPT_STATUS_FILE,
	OPT_TRACE,
	OPT_PROGRESS,
	OPT_JSON,
	OPT_SEND_LIBS,
	OPT_EXCLUDE,
	OPT_LIB,
};

/* More heartbeats are a load, fewer tell nobody anything. */
static const uint64_t heartbeat_ns_min = UINT64_C(10) * 1000 * 1000;
static const uint64_t heartbeat_ns_max = UINT64_C(600) * 1000 * 1000 * 1000;

/* Below that a busy machine looks dead; above, no job waits for so long. */
static const uint64_t timeout_ns_min = UINT64_C(100) * 1000 * 1000;
static const uint64_t timeout_ns_max = UINT64_C(86400) * 1000 * 1000 * 1000;

static const char short_options[] = ":fpr" SC_PLAN_SHORT_OPTIONS "t:" SC_HABIT_SHORT_OPTIONS "qvVh";

static const struct option long_options[] = {
	{"force", no_argument, NULL, 'f'},
	{"preserve", no_argument, NULL, 'p'},
	{"recursive", no_argument, NULL, 'r'},
	{"on-unreadable", required_argument, NULL, OPT_ON_UNREADABLE},
	{"send-libs", optional_argument, NULL, OPT_SEND_LIBS},
	{"exclude", required_argument, NULL, OPT_EXCLUDE},
	{"lib", required_argument, NULL, OPT_LIB},
	SC_PLAN_LONG_OPTIONS,
	{"copies", required_argument, NULL, OPT_COPIES},
	{"verify", no_argument, NULL, OPT_VERIFY},
	{"no-resume", no_argument, NULL, OPT_NO_RESUME},
	{"unpack", no_argument, NULL, OPT_UNPACK},
	{"buddy", required_argument, NULL, OPT_BUDDY},
	{"heartbeat", required_argument, NULL, OPT_HEARTBEAT},
	{"timeout", required_argument, NULL, 't'},
	{"plan", no_argument, NULL, OPT_PLAN},
	{"topology", required_argument, NULL, OPT_TOPOLOGY},
	{"size", required_argument, NULL, OPT_SIZE},
	{"timings", required_argument, NULL, OPT_TIMINGS},
	{"failed-hosts", required_argument, NULL, OPT_FAILED_HOSTS},
	{"status-file", required_argument, NULL, OPT_STATUS_FILE},
	{"trace", required_argument, NULL, OPT_TRACE},
	{"progress", required_argument, NULL, OPT_PROGRESS},
	{"json", no_argument, NULL, OPT_JSON},
	{"quiet", no_argument, NULL, 'q'},
	{"verbose", no_argument, NULL, 'v'},
	{"version", no_argument, NULL, 'V'},
	{"help", no_argument, NULL, 'h'},
	SC_HABIT_LONG_OPTIONS,
	{NULL, 0, NULL, 0},
};

/* Which of the words is it?  -1 with *err if none. */
static int
parse_word(const char *name, const char *const *words, struct sc_error *err)
{
	for (int i = 0; words[i] != NULL; i++) {
		if (strcmp(optarg, words[i]) == 0)
			return i;
	}
	if (words[2] == NULL)
		return sc_fail(err, 0, "--%s=%s: it takes %s or %s", name, optarg, words[0],
		    words[1]);
	return sc_fail(err, 0, "--%s=%s: it takes %s, %s or %s", name, optarg, words[0], words[1],
	    words[2]);
}

static int
take_word_option(struct sc_options *options, int option, struct sc_error *err)
{
	static const char *const copies[] = {"node", "rank", NULL};
	static const char *const progress[] = {"auto", "always", "never", NULL};
	static const char *const on_unreadable[] = {"fail", "skip", NULL};
	int word;

	if (option == OPT_COPIES) {
		word = parse_word("copies", copies, err);
		options->copies = word == 1 ? SC_COPIES_RANK : SC_COPIES_NODE;
	} else if (option == OPT_ON_UNREADABLE) {
		word = parse_word("on-unreadable", on_unreadable, err);
		options->on_unreadable = word == 1 ? SC_UNREADABLE_SKIP : SC_UNREADABLE_FAIL;
	} else {
		word = parse_word("progress", progress, err);
		options->progress = word == 1 ? SC_PROGRESS_ALWAYS
		    : word == 2               ? SC_PROGRESS_NEVER
					      : SC_PROGRESS_AUTO;
	}
	return word < 0 ? -1 : 0;
}

static int
take_buddy(struct sc_options *options, struct sc_error *err)
{
	options->buddy = SC_BUDDY_RANK;
	if (strcmp(optarg, "auto") == 0)
		options->buddy = SC_BUDDY_AUTO;
	else if (strcmp(optarg, "none") == 0)
		options->buddy = SC_BUDDY_NONE;
	else if (strcmp(optarg, "0") == 0)
		return sc_fail(err, 0, "--buddy=0: rank 0 is the origin itself");
	else if (sc_parse_count(optarg, 1, UINT32_MAX - 1, &options->buddy_rank) != 0)
		return sc_fail(err, 0, "--buddy=%s: it takes a rank, auto or none", optarg);
	return 0;
}

/* An option for what happens when somebody is lost. */
static int
take_fault_option(struct sc_options *options, int option, struct sc_error *err)
{
	switch (option) {
	case OPT_BUDDY:
		return take_buddy(options, err);
	case OPT_HEARTBEAT:
		return sc_option_duration("heartbeat", heartbeat_ns_min, heartbeat_ns_max,
		    &options->heartbeat_ns, err);
	default:
		return sc_option_duration("timeout", timeout_ns_min, timeout_ns_max,
		    &options->timeout_ns, err);
	}
}

/* An option of a program with its libraries. */
static int
take_libs_option(struct sc_options *options, int option, struct sc_error *err)
{
	switch (option) {
	case OPT_SEND_LIBS:
		options->send_libs = optarg == NULL || strcmp(optarg, "yes") == 0;
		if (!options->send_libs && strcmp(optarg, "no") != 0)
			return sc_fail(err, 0, "--send-libs=%s: it takes yes or no", optarg);
		return 0;
	case OPT_EXCLUDE:
		options->libs_exclude = optarg;
		return sc_libs_check_exclude(optarg, err);
	default:
		if (options->lib_count == SC_LIBS_GIVEN_MAX)
			return sc_fail(err, 0, "--lib=%s: %d are taken at most", optarg,
			    SC_LIBS_GIVEN_MAX);
		if (optarg[0] == '\0')
			return sc_fail(err, 0, "--lib= needs the name of a file");
		options->libs[options->lib_count++] = optarg;
		return 0;
	}
}

/* An option that says what to do or tell. */
static int
take_option(struct sc_options *options, int option, struct sc_error *err)
{
	switch (option) {
	case 'f':
		options->force = true;
		return 0;
	case 'p':
		options->preserve = true;
		return 0;
	case 'r':
		options->recursive = true;
		return 0;
	case 'q':
		options->quiet = true;
		return 0;
	case 'v':
		options->verbose++;
		return 0;
	case 'V':
		options->errand = SC_ERRAND_VERSION;
		return 0;
	case 'h':
		options->errand = SC_ERRAND_HELP;
		return 0;
	case OPT_VERIFY:
		options->verify = true;
		return 0;
	case OPT_NO_RESUME:
		options->resume = false;
		return 0;
	case OPT_UNPACK:
		options->unpack = true;
		return 0;
	case OPT_BUDDY:
	case OPT_HEARTBEAT:
	case 't':
		return take_fault_option(options, option, err);
	case OPT_PLAN:
		if (options->errand == SC_ERRAND_STAGE)
			options->errand = SC_ERRAND_PLAN;
		return 0;
	case OPT_TOPOLOGY:
		options->topology = optarg;
		return 0;
	case OPT_SIZE:
		options->has_size = true;
		return sc_option_bytes("size", 0, UINT64_C(1) << 60, &options->size_bytes, err);
	case OPT_JSON:
		options->json = true;
		return 0;
	case OPT_TIMINGS:
		options->timings = optarg;
		return 0;
	case OPT_FAILED_HOSTS:
		options->failed_hosts = optarg;
		return 0;
	case OPT_STATUS_FILE:
		options->status_file = optarg;
		return 0;
	case OPT_TRACE:
		options->trace = optarg;
		return 0;
	case OPT_SEND_LIBS:
	case OPT_EXCLUDE:
	case OPT_LIB:
		return take_libs_option(options, option, err);
	case OPT_COPIES:
	case OPT_ON_UNREADABLE:
	case OPT_PROGRESS:
		return take_word_option(options, option, err);
	default:
		if (sc_is_habit(option))
			return sc_habit_take(option, &options->job, err);
		if (option == 'w' && sc_habit_check_window(err) != 0)
			return -1;
		return sc_plan_option_take(&options->wishes, option, err);
	}
}

static int
check_timeout(const struct sc_options *options, struct sc_error *err)
{
	char heartbeat[SC_UNIT_TEXT_BYTES];
	char timeout[SC_UNIT_TEXT_BYTES];

	if (options->heartbeat_ns == 0 || options->timeout_ns == 0 ||
	    options->timeout_ns > 2 * options->heartbeat_ns)
		return 0;
	return sc_fail(err, 0,
	    "--timeout is %s: it must be more than two heartbeats (--heartbeat) of %s",
	    sc_format_duration((double)options->timeout_ns * 1e-9, timeout),
	    sc_format_duration((double)options->heartbeat_ns * 1e-9, heartbeat));
}

/* Without a plan to be made for a size, --size is what it is with sbcast and dbcast. */
static int
take_size_for_chunks(struct sc_options *options, struct sc_error *err)
{
	char low[SC_UNIT_TEXT_BYTES];
	char high[SC_UNIT_TEXT_BYTES];

	if (options->size_bytes < SC_CHUNK_BYTES_MIN || options->size_bytes > SC_CHUNK_BYTES_MAX)
		return sc_fail(err, 0,
		    "--size: that of a chunk can be from %s to %s; that of a file is for --plan",
		    sc_format_size((double)SC_CHUNK_BYTES_MIN, low),
		    sc_format_size((double)SC_CHUNK_BYTES_MAX, high));
	options->wishes.chunk_bytes = (uint32_t)options->size_bytes;
	return 0;
}

static int
check_libs(struct sc_options *options, struct sc_error *err)
{
	if (!options->send_libs && (options->libs_exclude != NULL || options->lib_count > 0))
		return sc_fail(err, 0, "--%s is for --send-libs",
		    options->libs_exclude != NULL ? "exclude" : "lib");
	if (!options->send_libs)
		return 0;
	if (options->libs_exclude == NULL)
		options->libs_exclude = SC_LIBS_EXCLUDE_DEFAULT;
	if (options->source_count > 1)
		return sc_fail(err, 0, "--send-libs: one program at a time; '%s' is too much",
		    options->sources[1]);
	/* What LD_LIBRARY_PATH would take for an end. */
	if (options->dest != NULL && strpbrk(options->dest, ":;") != NULL)
		return sc_fail(err, 0, "--send-libs: a DEST with '%c' can't be in LD_LIBRARY_PATH",
		    *strpbrk(options->dest, ":;"));
	return 0;
}

static int
take_operands(struct sc_options *options, int count, char **operands, struct sc_error *err)
{
	bool plan = options->errand == SC_ERRAND_PLAN;
	int needed = plan ? (options->has_size ? 0 : 1) : 2;

	if (count < needed)
		return sc_fail(err, 0, "%s is missing", count == 0 ? "SOURCE" : "DEST");
	if (!plan && options->topology != NULL)
		return sc_fail(err, 0, "--topology is for --plan");
	if (!plan && options->has_size && take_size_for_chunks(options, err) != 0)
		return -1;
	if (plan && options->has_size && count > 0)
		return sc_fail(err, 0, "--size is for a plan without SOURCE");
	options->source = count > 0 ? operands[0] : NULL;
	options->sources = operands;
	options->source_count = count > 1 ? (size_t)count - 1 : (size_t)count;
	options->dest = count > 1 ? operands[count - 1] : NULL;
	for (size_t i = 0; i < options->source_count; i++) {
		if (operands[i][0] == '\0')
			return sc_fail(err, 0, "SOURCE is empty");
	}
	if (options->unpack && (options->source_count > 1 || options->recursive))
		return sc_fail(err, 0, "--unpack takes one SOURCE, an archive%s",
		    options->recursive ? ": no directories, -r" : "");
	if (options->dest != NULL && sc_dest_check(options->dest, err) != 0)
		return -1;
	return check_libs(options, err);
}

int
sc_options_parse(struct sc_options *options, int argc, char **argv, struct sc_error *err)
{
	int option;

	memset(options, 0, sizeof(*options));
	options->resume = true;
	optind = 1;
	while ((option = getopt_long(argc, argv, short_options, long_options, NULL)) != -1) {
		if (option == ':' || option == '?')
			return sc_option_refuse(option, short_options, argv, err);
		if (take_option(options, option, err) != 0)
			return -1;
	}
	if (options->errand == SC_ERRAND_HELP || options->errand == SC_ERRAND_VERSION)
		return 0;
	if (check_timeout(options, err) != 0)
		return -1;
	return take_operands(options, argc - optind, argv + optind, err);
}
