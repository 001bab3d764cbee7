/*
 * Options that both programs share: see plan_options.h.
 */
#include "cli/plan_options.h"

#include "base/units.h"

#include <assert.h>
#include <getopt.h>
#include <string.h>

int
sc_option_number(const char *name, uint32_t min, uint32_t max, uint32_t *number,
    struct sc_error *err)
{
	if (sc_parse_count(optarg, min, max, number) != 0)
		return sc_fail(err, 0, "--%s=%s: it takes a number from %u to %u", name, optarg,
		    min, max);
	return 0;
}

int
sc_option_bytes(const char *name, uint64_t min, uint64_t max, uint64_t *bytes, struct sc_error *err)
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

int
sc_option_duration(const char *name, uint64_t min_ns, uint64_t max_ns, uint64_t *ns,
    struct sc_error *err)
{
	char low[SC_UNIT_TEXT_BYTES];
	char high[SC_UNIT_TEXT_BYTES];

	if (sc_parse_duration(optarg, ns) != 0)
		return sc_fail(err, 0, "--%s=%s: it takes a time such as 500ms, 10s or 2min", name,
		    optarg);
	if (*ns < min_ns || *ns > max_ns)
		return sc_fail(err, 0, "--%s=%s: it takes a time from %s to %s", name, optarg,
		    sc_format_duration((double)min_ns * 1e-9, low),
		    sc_format_duration((double)max_ns * 1e-9, high));
	return 0;
}

/* A number, or 0 for "auto". */
static int
parse_wish(const char *name, uint32_t max, uint32_t *wish, struct sc_error *err)
{
	if (strcmp(optarg, "auto") == 0) {
		*wish = 0;
		return 0;
	}
	return sc_option_number(name, 1, max, wish, err);
}

static int
parse_chunk_size(uint32_t *chunk_bytes, struct sc_error *err)
{
	uint64_t bytes;

	if (strcmp(optarg, "auto") == 0) {
		*chunk_bytes = 0;
		return 0;
	}
	if (sc_option_bytes("chunk-size", SC_CHUNK_BYTES_MIN, SC_CHUNK_BYTES_MAX, &bytes, err) != 0)
		return -1;
	*chunk_bytes = (uint32_t)bytes;
	return 0;
}

int
sc_plan_option_take(struct sc_plan_request *wishes, int option, struct sc_error *err)
{
	switch (option) {
	case 's':
		return parse_chunk_size(&wishes->chunk_bytes, err);
	case 'k':
		return parse_wish("group-size", SC_GROUP_SIZE_MAX, &wishes->group_size, err);
	case 'm':
		return parse_wish("tree-groups", SC_NODES_MAX, &wishes->tree_groups, err);
	case 'b':
		return parse_wish("branching", SC_BRANCHING_MAX, &wishes->branching, err);
	case 'w':
		return parse_wish("window", SC_WINDOW_MAX, &wishes->window, err);
	case SC_OPTION_MAX_CONNECTIONS:
		/* With one connection nothing can be passed on. */
		return sc_option_number("max-connections", 2, SC_RECEIVERS_MAX,
		    &wishes->max_connections, err);
	case SC_OPTION_MEMORY:
		return sc_option_bytes("memory", SC_MEMORY_BYTES_MIN, UINT64_C(1) << 40,
		    &wishes->memory_bytes, err);
	default:
		assert(option == SC_OPTION_STORE_AND_FORWARD);
		wishes->store_and_forward = true;
		return 0;
	}
}

int
sc_option_refuse(int returned, const char *short_options, char **argv, struct sc_error *err)
{
	if (returned == ':')
		return sc_fail(err, 0, "%s needs a value", argv[optind - 1]);
	/* A long option that was given a value it doesn't take has a letter that
	 * exists. */
	if (optopt > 0 && optopt < 256 && strchr(short_options, optopt) == NULL)
		return sc_fail(err, 0, "there is no option -%c", optopt);
	return sc_fail(err, 0, "%s: no such option, or it takes no value", argv[optind - 1]);
}
