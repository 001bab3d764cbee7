/*
 * The command line: see options.h.
 */
#include "stage/options.h"

#include "base/units.h"
#include "cli/plan_options.h"
#include "stage/prepare/dest.h"
#include "stage/prepare/libraries.h"

#include <string.h>

#define SC_OPTIONS struct sc_options

/* More heartbeats are a load; fewer are of no use beside a timeout. */
#define HEARTBEAT_NS_MIN (UINT64_C(10) * 1000 * 1000)
#define HEARTBEAT_NS_MAX (UINT64_C(600) * 1000 * 1000 * 1000)

/* Below that a busy machine looks dead; above, no job waits for so long. */
#define TIMEOUT_NS_MIN (UINT64_C(100) * 1000 * 1000)
#define TIMEOUT_NS_MAX (UINT64_C(86400) * 1000 * 1000 * 1000)

static const char intro[] =
    "Usage: mpirun --with-ft ulfm -n RANKS stagecast [OPTION]... SOURCE... DEST\n"
    "Put a verified copy of SOURCE, which rank 0 can read, a file or with -r a\n"
    "directory, at DEST on every node of the job.\n"
    "\n"
    "DEST may hold %h (host name), %r (rank) and %%; if it is an existing directory\n"
    "or ends in a slash, the copy goes into it under SOURCE's name.  Several sources\n"
    "go into a directory that exists.\n";

static const char outro[] =
    "\n"
    "SIZE takes K, M, G, T or KiB, MiB, GiB, TiB (powers of 1024), TIME takes ms, s,\n"
    "min or h; K, M, W, SIZE of a chunk and -b also take 'auto'.\n"
    "\n"
    "Exit status: 0 every node has the file; 1 nothing useful was done; 2 usage;\n"
    "3 some nodes don't have the file: they are listed, and all others have it.\n";

static int
read_buddy(void *context, const char *text, struct sc_error *err)
{
	struct sc_options *options = context;

	options->buddy = SC_BUDDY_RANK;
	if (strcmp(text, "auto") == 0)
		options->buddy = SC_BUDDY_AUTO;
	else if (strcmp(text, "none") == 0)
		options->buddy = SC_BUDDY_NONE;
	else if (strcmp(text, "0") == 0)
		return sc_fail(err, 0, "--buddy=0: rank 0 is the origin itself");
	else if (sc_parse_count(text, 1, UINT32_MAX - 1, &options->buddy_rank) != 0)
		return 1;
	return 0;
}

static int
read_lib(void *context, const char *text, struct sc_error *err)
{
	struct sc_options *options = context;

	if (options->lib_count == SC_LIBS_GIVEN_MAX)
		return sc_fail(err, 0, "--lib=%s: at most %d are possible", text,
		    SC_LIBS_GIVEN_MAX);
	options->libs[options->lib_count++] = text;
	return text[0] == '\0' ? 1 : 0;
}

/* clang-format off */
static const struct sc_option options_of_stage[] = {
	SC_HEADING("What is written:"),
	{"force", 'f', SC_ON(force), "replace a DEST that exists"},
	{"preserve", 'p', SC_ON(preserve), "keep times and exact mode, and the owner as root; of "
		"directories also extended attributes and ACLs"},
	{"recursive", 'r', SC_ON(recursive), "stage directories, with all that is in them"},
	{"on-unreadable", 0, SC_WORD("fail|skip", on_unreadable), "what is no file, directory or "
		"link or can't be read there: an error (default), or left out"},
	{"send-libs", 0, SC_YES_NO(send_libs), "SOURCE is a program: DEST becomes a directory with it "
		"and the shared libraries that it loads; what LD_LIBRARY_PATH has to be is printed"},
	{"lib", 0, SC_CALL("=FILE", read_lib, "the name of a file"), "this one too, with what it "
		"needs; may be repeated"},
	{"exclude", 0, SC_TEXT("DIRS|NONE", libs_exclude), "leave out libraries that are below "
		"these, separated by commas (default /lib,/usr/lib,/lib64,/usr/lib64)"},
	{"verify", 0, SC_ON(verify), "read each copy back from the disk and compare"},
	{"copies", 0, SC_WORD("node|rank", copies), "a copy a host (default), or one for every rank"},
	{"unpack", 0, SC_ON(unpack), "unpack SOURCE, a tar (plain, gzip, zstd, xz, bzip2), as it "
		"arrives; DEST is the name of the tree"},
	{"no-resume", 0, SC_OFF(resume), "use nothing of an earlier run that was cut off, and leave "
		"nothing for a later one"},

	SC_HEADING("How it travels (all chosen by a cost model unless given):"),
	SC_TABLE(sc_plan_options, wishes, struct sc_plan_request),

	SC_HEADING("When a node fails:"),
	{"buddy", 0, SC_CALL("=RANK|auto|none", read_buddy, "a rank, auto or none"), "the rank that "
		"stands in for rank 0; auto (default): one on another host that can read SOURCE too"},
	{"heartbeat", 0, SC_TIME(heartbeat_ns, HEARTBEAT_NS_MIN, HEARTBEAT_NS_MAX),
		"how often a rank says it is alive (default 250ms)"},
	{"timeout", 't', SC_TIME(timeout_ns, TIMEOUT_NS_MIN, TIMEOUT_NS_MAX),
		"how long a rank may be silent (default 10s, or more where the network is slow)"},

	SC_HEADING("As sbcast has them (see stagecast-migrate(7)):"),
	{"jobid", 'j', SC_TEXT("ID", job), "the Slurm job that this is in, no other"},
	{"compress", 'C', SC_WORD_ONLY("[=none]", "none: nothing is compressed on the way; leave "
		"it out, or compress SOURCE itself"), "compress nothing, as always"},
	{"fanout", 'F', SC_REFUSED("=N", "the tree follows from a cost model; leave it out, or limit "
		"the nodes that one talks to by --max-connections"), NULL},
	{"treewidth", 0, SC_REFUSED("=N", "the tree follows from a cost model; leave it out, or limit "
		"the nodes that one talks to by --max-connections"), NULL},
	{"nodelist", 0, SC_REFUSED("=LIST", "the nodes are those that stagecast is started on; name "
		"them by --hosts of stagecast-run, or to mpirun"), NULL},
	{"no-allocation", 'Z', SC_REFUSED(NULL, "no batch job is needed; leave it out, and name the "
		"nodes by --hosts of stagecast-run"), NULL},

	SC_HEADING("What is printed and recorded:"),
	{"plan", 0, SC_ON(plan), "print the plan and its predicted time, stage nothing"},
	{"topology", 0, SC_TEXT("nodes:N", topology), "plan for N recipients instead of this job's "
		"nodes"},
	{"size", 0, SC_SIZE(size_bytes, 0, UINT64_C(1) << 60), "plan for a file of SIZE, without "
		"SOURCE; without a plan it is the size of a chunk, as sbcast has it"},
	{"timings", 0, SC_TEXT("FILE.h5", timings), "write what happened when: stagecast-timings(5)"},
	{"failed-hosts", 0, SC_TEXT("FILE", failed_hosts), "write the hosts without a copy, one a "
		"line"},
	{"status-file", 0, SC_TEXT("FILE", status_file), "write the exit status and the same hosts, "
		"last of all"},
	{"trace", 0, SC_TEXT("FILE", trace), "write each rank's events and actions to FILE.RANK"},
	{"progress", 0, SC_WORD("auto|always|never", progress), "a line on the terminal (auto) or in "
		"any case"},
	{"json", 0, SC_ON(json), "the summary as an object of JSON, and nothing else"},
	{"quiet", 'q', SC_ON(quiet), "only errors"},
	{"verbose", 'v', SC_COUNT(verbose), "more; twice: much more"},
	SC_OPTIONS_END,
};
/* clang-format on */

static void
prepare(void *context)
{
	struct sc_options *options = context;

	options->resume = true;
	options->size_bytes = UINT64_MAX;
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

/* --size: that of a file to plan for, or as with sbcast and dbcast that of a chunk. */
static int
check_size(struct sc_options *options, struct sc_error *err)
{
	char low[SC_UNIT_TEXT_BYTES];
	char high[SC_UNIT_TEXT_BYTES];

	options->has_size = options->size_bytes != UINT64_MAX;
	if (!options->has_size)
		options->size_bytes = 0;
	if (options->plan || !options->has_size)
		return 0;
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
		options->libs_exclude = SC_LIBRARIES_EXCLUDE_DEFAULT;
	if (options->source_count > 1)
		return sc_fail(err, 0, "--send-libs: one program at a time; '%s' is too much",
		    options->sources[1]);
	/* What LD_LIBRARY_PATH would take for an end. */
	if (options->dest != NULL && strpbrk(options->dest, ":;") != NULL)
		return sc_fail(err, 0, "--send-libs: a DEST with '%c' can't be in LD_LIBRARY_PATH",
		    *strpbrk(options->dest, ":;"));
	return sc_libraries_check_exclude(options->libs_exclude, err);
}

static int
check_operands(struct sc_options *options, int count, char **operands, struct sc_error *err)
{
	bool plan = options->plan;
	int needed = plan ? (options->has_size ? 0 : 1) : 2;

	if (count < needed)
		return sc_fail(err, 0, "%s is missing", count == 0 ? "SOURCE" : "DEST");
	if (!plan && options->topology != NULL)
		return sc_fail(err, 0, "--topology is for --plan");
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
	return options->dest == NULL ? 0 : sc_dest_check(options->dest, err);
}

static int
check(void *context, int count, char **operands, struct sc_error *err)
{
	struct sc_options *options = context;

	if (check_timeout(options, err) != 0 || check_size(options, err) != 0 ||
	    check_operands(options, count, operands, err) != 0)
		return -1;
	return check_libs(options, err);
}

const struct sc_command sc_stage_command = {
	.name = "stagecast",
	.intro = intro,
	.outro = outro,
	.options = options_of_stage,
	.bytes = sizeof(struct sc_options),
	.prepare = prepare,
	.check = check,
};
