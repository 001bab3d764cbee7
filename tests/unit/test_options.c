/*
 * The command line, and what becomes of DEST.
 */
#include "lib/suite.h"
#include "lib/tempdir.h"
#include "stage/options.h"
#include "stage/prepare/dest.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { ARGUMENTS_MAX = 12 };

/* Parse arguments that end with a NULL.  getopt_long keeps a pointer into the last argument that
 * it looked at: they have to be there in the next call too, and to be left whole.  The list of
 * sources is in argv. */
static int
parse(struct sc_options *options, const char *const *arguments, struct sc_error *err)
{
	static char name[] = "stagecast";
	static char *argv[ARGUMENTS_MAX + 2];
	int argc = 1;

	memset(argv, 0, sizeof(argv));
	argv[0] = name;
	for (; arguments[argc - 1] != NULL; argc++) {
		CU_ASSERT_FATAL(argc <= ARGUMENTS_MAX);
		argv[argc] = (char *)arguments[argc - 1]; /* only read */
	}
	return sc_command_parse(&sc_stage_command, options, argc, argv, err);
}

#define PARSE(options, err, ...) parse(options, (const char *const[]){__VA_ARGS__, NULL}, err)

static void
test_defaults(void)
{
	struct sc_options options;
	struct sc_error err;

	CU_ASSERT_EQUAL_FATAL(PARSE(&options, &err, "a", "b"), 0);
	CU_ASSERT_FALSE(options.plan);
	CU_ASSERT_STRING_EQUAL(options.source, "a");
	CU_ASSERT_STRING_EQUAL(options.dest, "b");
	CU_ASSERT_FALSE(options.force || options.preserve || options.verify || options.quiet ||
	    options.unpack);
	CU_ASSERT_FALSE(options.has_size);
	CU_ASSERT_TRUE(options.resume);
	CU_ASSERT_EQUAL(options.buddy, SC_BUDDY_AUTO);
	CU_ASSERT_EQUAL(options.heartbeat_ns, 0);
	CU_ASSERT_EQUAL(options.timeout_ns, 0);
	CU_ASSERT_EQUAL(options.verbose, 0);
	CU_ASSERT_EQUAL(options.copies, SC_COPIES_NODE);
	CU_ASSERT_EQUAL(options.progress, SC_PROGRESS_AUTO);
	CU_ASSERT_PTR_NULL(options.timings);
	CU_ASSERT_PTR_NULL(options.failed_hosts);
	CU_ASSERT_PTR_NULL(options.topology);
	CU_ASSERT_EQUAL(options.wishes.chunk_bytes, 0);
	CU_ASSERT_EQUAL(options.wishes.group_size, 0);
	CU_ASSERT_EQUAL(options.wishes.tree_groups, 0);
	CU_ASSERT_EQUAL(options.wishes.branching, 0);
	CU_ASSERT_EQUAL(options.wishes.window, 0);
	CU_ASSERT_EQUAL(options.wishes.max_connections, 0);
	CU_ASSERT_EQUAL(options.wishes.memory_bytes, 0);
	CU_ASSERT_FALSE(options.wishes.store_and_forward);
}

static void
test_libraries(void)
{
	struct sc_options options;
	struct sc_error err;

	CU_ASSERT_EQUAL_FATAL(PARSE(&options, &err, "a", "b:c"), 0);
	CU_ASSERT_FALSE(options.send_libs);
	CU_ASSERT_EQUAL_FATAL(PARSE(&options, &err, "--send-libs", "a", "b"), 0);
	CU_ASSERT_TRUE(options.send_libs);
	CU_ASSERT_STRING_EQUAL(options.libs_exclude, "/lib,/usr/lib,/lib64,/usr/lib64");
	CU_ASSERT_EQUAL(options.lib_count, 0);
	CU_ASSERT_EQUAL_FATAL(PARSE(&options, &err, "--send-libs=yes", "--exclude=NONE",
				  "--lib=one", "--lib", "two", "a", "b"),
	    0);
	CU_ASSERT_TRUE(options.send_libs);
	CU_ASSERT_STRING_EQUAL(options.libs_exclude, "NONE");
	CU_ASSERT_EQUAL_FATAL(options.lib_count, 2);
	CU_ASSERT_STRING_EQUAL(options.libs[0], "one");
	CU_ASSERT_STRING_EQUAL(options.libs[1], "two");
	CU_ASSERT_EQUAL_FATAL(PARSE(&options, &err, "--send-libs", "--send-libs=no", "a", "b"), 0);
	CU_ASSERT_FALSE(options.send_libs);
}

static void
test_short_options(void)
{
	struct sc_options options;
	struct sc_error err;

	CU_ASSERT_EQUAL_FATAL(PARSE(&options, &err, "-fpqvv", "-s64K", "-k", "8", "-m3", "-b2",
				  "-w", "64", "src", "dst"),
	    0);
	CU_ASSERT_TRUE(options.force && options.preserve && options.quiet);
	CU_ASSERT_EQUAL(options.verbose, 2);
	CU_ASSERT_EQUAL(options.wishes.chunk_bytes, 65536);
	CU_ASSERT_EQUAL(options.wishes.group_size, 8);
	CU_ASSERT_EQUAL(options.wishes.tree_groups, 3);
	CU_ASSERT_EQUAL(options.wishes.branching, 2);
	CU_ASSERT_EQUAL(options.wishes.window, 64);
}

static void
test_long_options(void)
{
	struct sc_options options;
	struct sc_error err;

	CU_ASSERT_EQUAL_FATAL(PARSE(&options, &err, "src", "--copies=rank", "--progress=never",
				  "--timings", "t.h5", "--failed-hosts=bad", "--memory=1G",
				  "--max-connections=2", "--store-and-forward", "--verify",
				  "--unpack", "dst"),
	    0);
	CU_ASSERT_EQUAL(options.copies, SC_COPIES_RANK);
	CU_ASSERT_EQUAL(options.progress, SC_PROGRESS_NEVER);
	CU_ASSERT_STRING_EQUAL(options.timings, "t.h5");
	CU_ASSERT_STRING_EQUAL(options.failed_hosts, "bad");
	CU_ASSERT_EQUAL(options.wishes.memory_bytes, 1u << 30);
	CU_ASSERT_EQUAL(options.wishes.max_connections, 2);
	CU_ASSERT_TRUE(options.wishes.store_and_forward);
	CU_ASSERT_TRUE(options.verify);
	CU_ASSERT_TRUE(options.unpack);
	CU_ASSERT_STRING_EQUAL(options.source, "src");
	CU_ASSERT_STRING_EQUAL(options.dest, "dst");
	CU_ASSERT_EQUAL_FATAL(PARSE(&options, &err, "--progress=always", "a", "b"), 0);
	CU_ASSERT_EQUAL(options.progress, SC_PROGRESS_ALWAYS);
}

static void
test_options_for_faults(void)
{
	struct sc_options options;
	struct sc_error err;

	CU_ASSERT_EQUAL_FATAL(PARSE(&options, &err, "--buddy=7", "--heartbeat=250ms",
				  "--timeout=1.5min", "--no-resume", "a", "b"),
	    0);
	CU_ASSERT_EQUAL(options.buddy, SC_BUDDY_RANK);
	CU_ASSERT_EQUAL(options.buddy_rank, 7);
	CU_ASSERT_EQUAL(options.heartbeat_ns, UINT64_C(250) * 1000 * 1000);
	CU_ASSERT_EQUAL(options.timeout_ns, UINT64_C(90) * 1000 * 1000 * 1000);
	CU_ASSERT_FALSE(options.resume);
	/* The last one counts. */
	CU_ASSERT_EQUAL_FATAL(PARSE(&options, &err, "--buddy=7", "--buddy=none", "a", "b"), 0);
	CU_ASSERT_EQUAL(options.buddy, SC_BUDDY_NONE);
	CU_ASSERT_EQUAL_FATAL(PARSE(&options, &err, "--buddy=none", "--buddy=auto", "a", "b"), 0);
	CU_ASSERT_EQUAL(options.buddy, SC_BUDDY_AUTO);
	/* One of both, however short, is no contradiction: the other one is chosen. */
	CU_ASSERT_EQUAL(PARSE(&options, &err, "--timeout=100ms", "a", "b"), 0);
	CU_ASSERT_EQUAL(PARSE(&options, &err, "-t30", "a", "b"), 0);
	CU_ASSERT_EQUAL(options.timeout_ns, UINT64_C(30) * 1000 * 1000 * 1000);
	CU_ASSERT_EQUAL(PARSE(&options, &err, "--heartbeat=10min", "a", "b"), 0);
	CU_ASSERT_EQUAL(PARSE(&options, &err, "--heartbeat=1", "--timeout=2.01", "a", "b"), 0);
}

/* The last one counts, and may be auto. */
static void
test_auto_after_a_number(void)
{
	struct sc_options options;
	struct sc_error err;

	CU_ASSERT_EQUAL_FATAL(PARSE(&options, &err, "-k5", "-s1M", "-b1", "-w3", "-sauto",
				  "--group-size=auto", "-bauto", "-wauto", "a", "b"),
	    0);
	CU_ASSERT_EQUAL(options.wishes.group_size, 0);
	CU_ASSERT_EQUAL(options.wishes.chunk_bytes, 0);
	CU_ASSERT_EQUAL(options.wishes.branching, 0);
	CU_ASSERT_EQUAL(options.wishes.window, 0);
}

static void
test_names_like_options(void)
{
	struct sc_options options;
	struct sc_error err;

	CU_ASSERT_EQUAL_FATAL(PARSE(&options, &err, "-f", "--", "-src", "--dst"), 0);
	CU_ASSERT_STRING_EQUAL(options.source, "-src");
	CU_ASSERT_STRING_EQUAL(options.dest, "--dst");
	CU_ASSERT_TRUE(options.force);
}

static void
test_requests(void)
{
	struct sc_options options;
	struct sc_error err;

	CU_ASSERT_EQUAL(PARSE(&options, &err, "-h"), SC_REQUEST_HELP);
	CU_ASSERT_EQUAL(PARSE(&options, &err, "--plan", "-V"), SC_REQUEST_VERSION);
	CU_ASSERT_EQUAL(PARSE(&options, &err, "--help", "--plan", "a"), SC_REQUEST_HELP);
	CU_ASSERT_EQUAL(PARSE(&options, &err, "--help", "--version"), SC_REQUEST_VERSION);
	CU_ASSERT_EQUAL(PARSE(&options, &err, "--help", "--nonsense"), -1);
	CU_ASSERT_EQUAL(PARSE(&options, &err, "--plan", "--topology=nodes:9", "--size=2G"), 0);
	CU_ASSERT_TRUE(options.plan);
	CU_ASSERT_STRING_EQUAL(options.topology, "nodes:9");
	CU_ASSERT_TRUE(options.has_size);
	CU_ASSERT_EQUAL(options.size_bytes, UINT64_C(2) << 30);
	CU_ASSERT_EQUAL(PARSE(&options, &err, "--plan", "--size=0"), 0);
	CU_ASSERT_TRUE(options.has_size);
	CU_ASSERT_EQUAL(PARSE(&options, &err, "--plan", "src"), 0);
	CU_ASSERT_STRING_EQUAL(options.source, "src");
	CU_ASSERT_PTR_NULL(options.dest);
	CU_ASSERT_EQUAL(PARSE(&options, &err, "--plan", "src", "dst"), 0);
	CU_ASSERT_STRING_EQUAL(options.dest, "dst");
}

static void
test_several_sources(void)
{
	struct sc_options options;
	struct sc_error err;

	CU_ASSERT_EQUAL_FATAL(PARSE(&options, &err, "a", "b"), 0);
	CU_ASSERT_EQUAL(options.source_count, 1);
	CU_ASSERT_FALSE(options.recursive);
	CU_ASSERT_EQUAL(options.on_unreadable, SC_UNREADABLE_FAIL);
	CU_ASSERT_EQUAL_FATAL(PARSE(&options, &err, "-r", "a", "--on-unreadable=skip", "b", "c",
				  "d"),
	    0);
	CU_ASSERT_TRUE(options.recursive);
	CU_ASSERT_EQUAL(options.on_unreadable, SC_UNREADABLE_SKIP);
	CU_ASSERT_EQUAL_FATAL(options.source_count, 3);
	CU_ASSERT_STRING_EQUAL(options.source, "a");
	CU_ASSERT_STRING_EQUAL(options.sources[2], "c");
	CU_ASSERT_STRING_EQUAL(options.dest, "d");
	CU_ASSERT_EQUAL_FATAL(PARSE(&options, &err, "--plan", "--recursive", "a"), 0);
	CU_ASSERT_EQUAL(options.source_count, 1);
	CU_ASSERT_PTR_NULL(options.dest);
}

/* As cp -r has it. */
static void
test_names_of_sources(void)
{
	static const struct {
		const char *source;
		const char *name; /* NULL: it has none */
	} cases[] = {
		{"a", "a"},
		{"a/", "a"},
		{"/a/b//", "b"},
		{"./.a", ".a"},
		{"...", "..."},
		{".", NULL},
		{"a/.", NULL},
		{"a/..", NULL},
		{"/", NULL},
		{"../", NULL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sc_error err;
		char *name = sc_dest_name(cases[i].source, &err);

		CU_ASSERT_EQUAL(name == NULL, cases[i].name == NULL);
		if (name != NULL && cases[i].name != NULL)
			CU_ASSERT_STRING_EQUAL(name, cases[i].name);
		if (name == NULL)
			CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "has no name"));
		free(name);
	}
}

/* Whatever is wrong: what it is, in words that name it. */
static void
test_mistakes(void)
{
	static const struct {
		const char *arguments[5];
		const char *complaint;
	} mistakes[] = {
		{{NULL}, "SOURCE is missing"},
		{{"a"}, "DEST is missing"},
		{{"a", "", "c"}, "SOURCE is empty"},
		{{"--on-unreadable=no", "a", "b"}, "--on-unreadable=no: it takes fail|skip"},
		{{"", "b"}, "SOURCE is empty"},
		{{"a", ""}, "DEST is empty"},
		{{"a", "b%x"}, "'b%x'"},
		{{"-x", "a", "b"}, "no option -x"},
		{{"-fx", "a", "b"}, "no option -x"},
		{{"--nonsense", "a", "b"}, "--nonsense"},
		{{"--p", "a", "b"}, "--p"}, /* of several it could be */
		{{"--force=1", "a", "b"}, "--force=1"},
		{{"a", "b", "-k"}, "-k needs a value"},
		{{"a", "b", "--memory"}, "--memory needs a value"},
		{{"-k0", "a", "b"}, "--group-size=0: it takes a number from 1 to 256"},
		{{"-k257", "a", "b"}, "--group-size=257"},
		{{"-k-1", "a", "b"}, "--group-size=-1"},
		{{"-m", "", "a", "b"}, "--tree-groups=:"},
		{{"-m1000001", "a", "b"}, "--tree-groups=1000001"},
		{{"-b3", "a", "b"}, "--branching=3: it takes a number from 1 to 2"},
		{{"-w0", "a", "b"}, "--window=0"},
		{{"-w65", "a", "b"}, "--window=65: it takes a number from 1 to 64"},
		{{"--max-connections=1", "a", "b"}, "--max-connections=1"},
		{{"-s4095", "a", "b"},
			"--chunk-size=4095: it takes a size from 4.00 KiB to 64.0 MiB"},
		{{"-s67108865", "a", "b"}, "--chunk-size=67108865"},
		{{"-s", "big", "a", "b"},
			"--chunk-size=big: it takes a size from 4.00 KiB to 64.0 MiB, such as"},
		{{"--memory=1K", "a", "b"}, "--memory=1K: it takes a size from"},
		{{"--memory=auto", "a", "b"}, "--memory=auto"},
		{{"--copies=all", "a", "b"}, "--copies=all: it takes node|rank"},
		{{"--copies=", "a", "b"}, "--copies=: it takes node|rank"},
		{{"--progress=yes", "a", "b"}, "--progress=yes: it takes auto|always|never"},
		{{"--buddy=0", "a", "b"}, "--buddy=0: rank 0 is the origin itself"},
		{{"--buddy=origin", "a", "b"}, "--buddy=origin: it takes a rank, auto or none"},
		{{"--buddy=4294967295", "a", "b"}, "--buddy=4294967295: it takes a rank"},
		{{"--heartbeat=1ms", "a", "b"}, "--heartbeat=1ms: it takes a time from 10.0 ms"},
		{{"--timeout=soon", "a", "b"},
			"--timeout=soon: it takes a time from 100.0 ms to 1440 min 00 s, such as 500ms"},
		{{"--timeout=2", "--heartbeat=1s", "a", "b"}, "--timeout is 2.000 s: it must be"},
		{{"--size=1G", "a", "b"},
			"--size: that of a chunk can be from 4.00 KiB to 64.0 MiB"},
		{{"--size=4095", "a", "b"}, "that of a file is for --plan"},
		{{"--send-libs=maybe", "a", "b"}, "--send-libs=maybe: it takes yes or no"},
		{{"--send-libs", "--exclude=lib", "a", "b"}, "'lib' is no absolute path"},
		{{"--exclude=/lib", "a", "b"}, "--exclude is for --send-libs"},
		{{"--lib=x", "a", "b"}, "--lib is for --send-libs"},
		{{"--send-libs", "--lib=", "a", "b"}, "--lib=: it takes the name of a file"},
		{{"--send-libs", "a", "b", "c"}, "one program at a time; 'b' is too much"},
		{{"--send-libs", "a", "b:c"}, "a DEST with ':' can't be in LD_LIBRARY_PATH"},
		{{"-C", "a", "b"}, "--compress: it takes none: nothing is compressed"},
		{{"-F", "8", "a", "b"}, "--fanout=8: "},
		{{"-wnode1", "a", "b"},
			"--window=node1: it takes a number from 1 to 64, or auto; a list of nodes"},
		{{"--nodelist=node1", "a", "b"}, "--nodelist=node1: "},
		{{"-Z", "a", "b"}, "--no-allocation: "},
		{{"--topology=nodes:3", "a", "b"}, "--topology is for --plan"},
		{{"--plan"}, "SOURCE is missing"},
		{{"--plan", "--size=1G", "a"}, "--size is for a plan without SOURCE"},
		{{"--plan", "--size=2000000T"}, "--size=2000000T"},
		{{"--force=1", "a", "b"}, "--force=1: no such option, or it takes no value"},
		/* The last one: getopt keeps its place in a cluster. */
		{{"--quiet", "-xf", "a", "b"}, "no option -x"},
	};

	for (size_t i = 0; i < COUNT(mistakes); i++) {
		struct sc_options options;
		struct sc_error err = {0};

		CU_ASSERT_EQUAL(parse(&options, mistakes[i].arguments, &err), -1);
		CU_ASSERT_PTR_NOT_NULL(strstr(err.text, mistakes[i].complaint));
		if (strstr(err.text, mistakes[i].complaint) == NULL)
			fprintf(stderr, "'%s' is not about '%s'\n", err.text,
			    mistakes[i].complaint);
	}
}

/* Is every option there, but those that are refused?  And no word can be taken for one. */
static void
check_help(const char *help, const struct sc_option *option)
{
	for (; option->value.kind != SC_VALUE_END; option++) {
		char line[128] = "";

		if (option->value.kind == SC_VALUE_TABLE)
			check_help(help, option->value.table);
		if (option->value.kind == SC_VALUE_REFUSED)
			CU_ASSERT_PTR_NULL(option->help);
		if (option->name == NULL || option->value.kind == SC_VALUE_REFUSED)
			continue;
		if (option->letter == 0)
			snprintf(line, sizeof(line), "\n      --%s", option->name);
		else
			snprintf(line, sizeof(line), "\n  -%c, --%s", option->letter, option->name);
		CU_ASSERT_PTR_NOT_NULL_FATAL(option->help);
		CU_ASSERT_PTR_NOT_NULL(strstr(help, line));
		CU_ASSERT_PTR_NULL(strstr(option->help, " -"));
		CU_ASSERT_NOT_EQUAL(option->help[0], '-');
	}
}

static void
test_the_help_names_every_option(void)
{
	char *help = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&help, &length);

	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	sc_command_help(&sc_stage_command, out);
	CU_ASSERT_EQUAL_FATAL(fclose(out), 0);
	check_help(help, sc_stage_command.options);
	CU_ASSERT_PTR_NOT_NULL(strstr(help, "\n  -V, --version "));
	CU_ASSERT_PTR_NOT_NULL(strstr(help, "\n  -h, --help "));
	for (const char *line = help; *line != '\0';) {
		length = strcspn(line, "\n");
		CU_ASSERT(length <= 80);
		line += length + (line[length] == '\n');
	}
	free(help);
}

static void
test_templates(void)
{
	static const char *const good[] = {"x", "%h", "%r", "%%", "/a/%h/%r.%%%%", "%%h"};
	static const char *const bad[] = {"", "%", "a%", "%%%", "%x", "%H", "% h", "a%h%"};
	struct sc_error err;

	for (size_t i = 0; i < COUNT(good); i++)
		CU_ASSERT_EQUAL(sc_dest_check(good[i], &err), 0);
	for (size_t i = 0; i < COUNT(bad); i++)
		CU_ASSERT_EQUAL(sc_dest_check(bad[i], &err), -1);
}

static void
test_dest_is_expanded(void)
{
	static const struct {
		const char *template;
		const char *source;
		const char *path;
	} cases[] = {
		{"x", "s", "x"},
		{"/no/%h.%r.%%", "s", "/no/n%r7.12.%"},
		{"%%h%r%r", "s", "%h1212"},
		{"/no/such/", "a/b/name", "/no/such/name"},
		{"/no/such/", "name", "/no/such/name"},
		{"/no/%h/", "/name", "/no/n%r7/name"},
		{"/no/such/", "100%h", "/no/such/100%h"},
		{"-", "s", "-"},
	};
	struct sc_error err;

	for (size_t i = 0; i < COUNT(cases); i++) {
		char *path = NULL;

		/* A percent sign in the host's name stands for itself. */
		CU_ASSERT_EQUAL(sc_dest_resolve(cases[i].template, "n%r7", 12, cases[i].source,
				    false, &path, &err),
		    0);
		CU_ASSERT_STRING_EQUAL(path, cases[i].path);
		free(path);
	}
}

static void
test_an_existing_directory_is_entered(void)
{
	char *dir = sc_tempdir_make();
	char *sub = sc_tempdir_path(dir, "sub 3");
	char *link = sc_tempdir_path(dir, "link");
	char *template = sc_tempdir_path(dir, "sub %r");
	char *expected = sc_tempdir_path(sub, "name");
	char *through_link = sc_tempdir_path(link, "name");
	char *path = NULL;
	struct sc_error err;

	CU_ASSERT_EQUAL_FATAL(mkdir(sub, 0700), 0);
	CU_ASSERT_EQUAL_FATAL(symlink(sub, link), 0);
	CU_ASSERT_EQUAL(sc_dest_resolve(template, "h", 3, "a/name", false, &path, &err), 0);
	CU_ASSERT_STRING_EQUAL(path, expected);
	free(path);
	/* Where it isn't there, it is the name of the file. */
	CU_ASSERT_EQUAL(sc_dest_resolve(template, "h", 4, "a/name", false, &path, &err), 0);
	CU_ASSERT_STRING_NOT_EQUAL(path, expected);
	CU_ASSERT_EQUAL(strcmp(path + strlen(path) - 6, "/sub 4"), 0);
	free(path);
	CU_ASSERT_EQUAL(sc_dest_resolve(link, "h", 0, "name", false, &path, &err), 0);
	CU_ASSERT_STRING_EQUAL(path, through_link);
	free(path);
	free(sub);
	free(link);
	free(template);
	free(expected);
	free(through_link);
	sc_tempdir_remove(dir);
}

/* Up to the longest path there is; each part may be what makes it too long. */
static void
test_a_path_that_is_too_long(void)
{
	static char template[PATH_MAX + 8];
	static char host[PATH_MAX];
	struct sc_error err;
	char *path;

	memset(host, 'h', 200);
	for (size_t length = PATH_MAX - 4; length <= PATH_MAX + 4; length++) {
		bool fits = length < PATH_MAX;

		memset(template, 'a', length);
		template[length] = '\0';
		CU_ASSERT_EQUAL(sc_dest_resolve(template, "h", 1, "s", false, &path, &err),
		    fits ? 0 : -1);
		CU_ASSERT_EQUAL(path != NULL, fits);
		if (!fits)
			CU_ASSERT_EQUAL(err.errnum, ENAMETOOLONG);
		free(path);
	}
	template[PATH_MAX - 100] = '\0';
	memcpy(template + PATH_MAX - 102, "%h", 2);
	CU_ASSERT_EQUAL(sc_dest_resolve(template, host, 1, "s", false, &path, &err), -1);
	CU_ASSERT_EQUAL(sc_dest_resolve(template, "h", 1, "s", false, &path, &err), 0);
	free(path);
	template[PATH_MAX - 101] = '/';
	template[PATH_MAX - 102] = 'a';
	CU_ASSERT_EQUAL(sc_dest_resolve(template, "h", 1, host, false, &path, &err), -1);
	CU_ASSERT_EQUAL(sc_dest_resolve(template, "h", 1, "s", false, &path, &err), 0);
	free(path);
}

static bool
same_file(const char *a, const char *b)
{
	uint64_t x[2];
	uint64_t y[2];
	struct sc_error err;

	CU_ASSERT_EQUAL_FATAL(sc_dest_identity(a, x, &err), 0);
	CU_ASSERT_EQUAL_FATAL(sc_dest_identity(b, y, &err), 0);
	return memcmp(x, y, sizeof(x)) == 0;
}

static void
test_identity(void)
{
	char *dir = sc_tempdir_make();
	char *sub = sc_tempdir_path(dir, "sub");
	char *link = sc_tempdir_path(dir, "link");
	char *plain = sc_tempdir_path(dir, "sub/x");
	char *by_link = sc_tempdir_path(dir, "link/x");
	char *dotted = sc_tempdir_path(dir, "./sub/../sub//x");
	char *other = sc_tempdir_path(dir, "sub/y");
	char *outside = sc_tempdir_path(dir, "x");

	CU_ASSERT_EQUAL_FATAL(mkdir(sub, 0700), 0);
	CU_ASSERT_EQUAL_FATAL(symlink("sub", link), 0);
	CU_ASSERT_TRUE(same_file(plain, plain));
	CU_ASSERT_TRUE(same_file(plain, by_link));
	CU_ASSERT_TRUE(same_file(plain, dotted));
	CU_ASSERT_FALSE(same_file(plain, other));
	CU_ASSERT_FALSE(same_file(plain, outside));
	CU_ASSERT_TRUE(same_file("x", "./x"));
	CU_ASSERT_FALSE(same_file("x", "/x"));
	CU_ASSERT_TRUE(same_file("/x", "//x"));
	CU_ASSERT_TRUE(same_file("/no/such/x", "/no/such/x"));
	CU_ASSERT_FALSE(same_file("/no/such/x", "/no/such/y"));
	free(sub);
	free(link);
	free(plain);
	free(by_link);
	free(dotted);
	free(other);
	free(outside);
	sc_tempdir_remove(dir);
}

int
main(void)
{
	static CU_TestInfo tests[] = {
		{"defaults", test_defaults},
		{"libraries", test_libraries},
		{"several sources", test_several_sources},
		{"names of sources", test_names_of_sources},
		{"short options", test_short_options},
		{"long options", test_long_options},
		{"options for faults", test_options_for_faults},
		{"auto after a number", test_auto_after_a_number},
		{"names like options", test_names_like_options},
		{"requests", test_requests},
		{"mistakes", test_mistakes},
		{"the help names every option", test_the_help_names_every_option},
		{"templates", test_templates},
		{"dest is expanded", test_dest_is_expanded},
		{"an existing directory is entered", test_an_existing_directory_is_entered},
		{"a path that is too long", test_a_path_that_is_too_long},
		{"identity", test_identity},
		CU_TEST_INFO_NULL,
	};

	return sc_run_suite("options", tests);
}
