/*
 * The command line: see options.h.
 */
#include "app/options.h"

#include "app/dest.h"
#include "base/units.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum {
	OPT_MAX_CONNECTIONS = 256,
	OPT_MEMORY,
	OPT_STORE_AND_FORWARD,
	OPT_COPIES,
	OPT_VERIFY,
	OPT_PLAN,
	OPT_TOPOLOGY,
	OPT_SIZE,
	OPT_TIMINGS,
	OPT_FAILED_HOSTS,
	OPT_TRACE,
	OPT_PROGRESS,
};

static const char short_options[] = ":fps:k:m:b:w:qvVh";

static const struct option long_options[] = {
	{"force", no_argument, NULL, 'f'},
	{"preserve", no_argument, NULL, 'p'},
	{"chunk-size", required_argument, NULL, 's'},
	{"group-size", required_argument, NULL, 'k'},
	{"tree-groups", required_argument, NULL, 'm'},
	{"branching", required_argument, NULL, 'b'},
	{"window", required_argument, NULL, 'w'},
	{"max-connections", required_argument, NULL, OPT_MAX_CONNECTIONS},
	{"memory", required_argument, NULL, OPT_MEMORY},
	{"store-and-forward", no_argument, NULL, OPT_STORE_AND_FORWARD},
	{"copies", required_argument, NULL, OPT_COPIES},
	{"verify", no_argument, NULL, OPT_VERIFY},
	{"plan", no_argument, NULL, OPT_PLAN},
	{"topology", required_argument, NULL, OPT_TOPOLOGY},
	{"size", required_argument, NULL, OPT_SIZE},
	{"timings", required_argument, NULL, OPT_TIMINGS},
	{"failed-hosts", required_argument, NULL, OPT_FAILED_HOSTS},
	{"trace", required_argument, NULL, OPT_TRACE},
	{"progress", required_argument, NULL, OPT_PROGRESS},
	{"quiet", no_argument, NULL, 'q'},
	{"verbose", no_argument, NULL, 'v'},
	{"version", no_argument, NULL, 'V'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* A count, or 0 for "auto". */
static int
parse_wish(const char *name, uint32_t min, uint32_t max, uint32_t *wish, struct sc_error *err)
{
	if (strcmp(optarg, "auto") == 0) {
		*wish = 0;
		return 0;
	}
	if (sc_parse_count(optarg, min, max, wish) != 0)
		return sc_fail(err, 0, "--%s=%s: it takes a number from %u to %u", name, optarg,
		    min, max);
	return 0;
}

static int
parse_bytes(const char *name, uint64_t min, uint64_t max, uint64_t *bytes, struct sc_error *err)
{
	char low[SC_UNIT_TEXT_BYTES];
	char high[SC_UNIT_TEXT_BYTES];

	if (sc_parse_size(optarg, bytes) != 0)
		return sc_fail(err, 0, "--%s=%s: it takes a size such as 4096, 64KiB or 1G", name,
		    optarg);
	if (*bytes < min || *bytes > max)
		return sc_fail(err, 0, "--%s=%s: it takes a size from %s to %s", name, optarg,
		    sc_format_size((double)min, low), sc_format_size((double)max, high));
	return 0;
}

static int
parse_chunk_size(uint32_t *chunk_bytes, struct sc_error *err)
{
	uint64_t bytes;

	if (strcmp(optarg, "auto") == 0) {
		*chunk_bytes = 0;
		return 0;
	}
	if (parse_bytes("chunk-size", SC_CHUNK_BYTES_MIN, SC_CHUNK_BYTES_MAX, &bytes, err) != 0)
		return -1;
	*chunk_bytes = (uint32_t)bytes;
	return 0;
}

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
	int word;

	if (option == OPT_COPIES) {
		word = parse_word("copies", copies, err);
		options->copies = word == 1 ? SC_COPIES_RANK : SC_COPIES_NODE;
	} else {
		word = parse_word("progress", progress, err);
		options->progress = word == 1 ? SC_PROGRESS_ALWAYS
		    : word == 2               ? SC_PROGRESS_NEVER
					      : SC_PROGRESS_AUTO;
	}
	return word < 0 ? -1 : 0;
}

static int
take_plan_option(struct sc_options *options, int option, struct sc_error *err)
{
	struct sc_plan_wishes *wishes = &options->wishes;

	switch (option) {
	case 's':
		return parse_chunk_size(&wishes->chunk_bytes, err);
	case 'k':
		return parse_wish("group-size", 1, SC_GROUP_SIZE_MAX, &wishes->group_size, err);
	case 'm':
		return parse_wish("tree-groups", 1, SC_NODES_MAX, &wishes->tree_groups, err);
	case 'b':
		return parse_wish("branching", 1, SC_BRANCHING_MAX, &wishes->branching, err);
	case 'w':
		return parse_wish("window", 1, SC_WINDOW_MAX, &wishes->window, err);
	case OPT_MAX_CONNECTIONS:
		return parse_wish("max-connections", 2, SC_RECEIVERS_MAX, &wishes->max_connections,
		    err);
	case OPT_MEMORY:
		return parse_bytes("memory", SC_MEMORY_BYTES_MIN, UINT64_C(1) << 40,
		    &wishes->memory_bytes, err);
	default:
		wishes->store_and_forward = true;
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
	case OPT_PLAN:
		if (options->errand == SC_ERRAND_STAGE)
			options->errand = SC_ERRAND_PLAN;
		return 0;
	case OPT_TOPOLOGY:
		options->topology = optarg;
		return 0;
	case OPT_SIZE:
		options->has_size = true;
		return parse_bytes("size", 0, UINT64_C(1) << 60, &options->size_bytes, err);
	case OPT_TIMINGS:
		options->timings = optarg;
		return 0;
	case OPT_FAILED_HOSTS:
		options->failed_hosts = optarg;
		return 0;
	case OPT_TRACE:
		options->trace = optarg;
		return 0;
	case OPT_COPIES:
	case OPT_PROGRESS:
		return take_word_option(options, option, err);
	default:
		return take_plan_option(options, option, err);
	}
}

static int
take_operands(struct sc_options *options, int count, char **operands, struct sc_error *err)
{
	bool plan = options->errand == SC_ERRAND_PLAN;
	int needed = plan ? (options->has_size ? 0 : 1) : 2;

	if (count > 2)
		return sc_fail(err, 0, "one SOURCE and one DEST: '%s' is too much", operands[2]);
	if (count < needed)
		return sc_fail(err, 0, "%s is missing", count == 0 ? "SOURCE" : "DEST");
	if (!plan && (options->topology != NULL || options->has_size))
		return sc_fail(err, 0, "--%s is for --plan",
		    options->topology != NULL ? "topology" : "size");
	if (plan && options->has_size && count > 0)
		return sc_fail(err, 0, "--size is for a plan without SOURCE");
	options->source = count > 0 ? operands[0] : NULL;
	options->dest = count > 1 ? operands[1] : NULL;
	if (options->source != NULL && options->source[0] == '\0')
		return sc_fail(err, 0, "SOURCE is empty");
	if (options->dest != NULL && sc_dest_check(options->dest, err) != 0)
		return -1;
	return 0;
}

int
sc_options_parse(struct sc_options *options, int argc, char **argv, struct sc_error *err)
{
	int option;

	memset(options, 0, sizeof(*options));
	optind = 1;
	while ((option = getopt_long(argc, argv, short_options, long_options, NULL)) != -1) {
		if (option == ':')
			return sc_fail(err, 0, "%s needs a value", argv[optind - 1]);
		if (option == '?') {
			/* A long option that was given a value it doesn't take has a
			 * letter that exists. */
			if (optopt > 0 && optopt < 256 && strchr(short_options, optopt) == NULL)
				return sc_fail(err, 0, "there is no option -%c", optopt);
			return sc_fail(err, 0, "%s: no such option, or it takes no value",
			    argv[optind - 1]);
		}
		if (take_option(options, option, err) != 0)
			return -1;
	}
	if (options->errand == SC_ERRAND_HELP || options->errand == SC_ERRAND_VERSION)
		return 0;
	return take_operands(options, argc - optind, argv + optind, err);
}
