/*
 * The swarm: random stagings, each made of its seed, with the rules of the protocol checked at
 * every step.
 *
 *   swarm COUNT [--first=SEED] [--jobs=N] [--trace=FILE]
 *
 * Runs COUNT seeds from SEED (1 unless given) on, N at a time (one a core unless given).  Of each
 * that breaks a rule it prints what broke, in what staging, the command that runs just that seed
 * again, and the last steps before.  A single seed is run in this process, and traced if wanted.
 * Exit status: 0 if no rule was broken, 1 if one was or it could not be found out, 2 usage.
 *
 * Each process takes every N-th seed and writes what broke to a pipe.  Processes and not threads,
 * as an assertion of the core that fails ends its process.
 */
#include "swarm/swarm.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/units.h"
#include "lib/traced.h"
#include "swarm/tail.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char usage[] = "usage: swarm COUNT [--first=SEED] [--jobs=N] [--trace=FILE]\n";

struct options {
	uint64_t first;
	uint32_t count;
	uint32_t jobs;     /* 0: one a core */
	const char *trace; /* or NULL */
};

/* Stop after so many failures in a process: more say nothing new. */
enum { FAILURES_TOLD = 3, JOBS_MAX = 1024 };

/* What goes through the pipe: below PIPE_BUF, so that it goes whole. */
struct finding {
	uint64_t seed;
	uint64_t steps;
	bool crashed;
	bool done; /* the process has run all its seeds */
	char text[SC_SWARM_TEXT_BYTES];
	char setup[SC_SWARM_SETUP_BYTES];
};

/* For the handler: the seed that is being run, and where to tell of it. */
static struct finding crash = {.crashed = true};
static int crash_pipe = -1;

/* For the handlers, too: of a seed that is run again, or alone. */
static struct sc_tail tail;

static void
on_crash(int number)
{
	ssize_t written = write(crash_pipe, &crash, sizeof(crash));

	_exit(written == (ssize_t)sizeof(crash) ? 0 : number);
}

/* The number of the seed is in context, until the next one. */
static void
prepare_crash(void *context, struct sc_sim_config *config, const struct sc_sim_result *result)
{
	(void)config;
	(void)result;
	crash.seed = *(const uint64_t *)context;
}

static void
work(const struct options *options, uint32_t job, uint32_t jobs, int out)
{
	struct finding finding = {0};
	struct sc_swarm_verdict verdict;
	uint32_t failures = 0;

	crash_pipe = out;
	snprintf(crash.text, sizeof(crash.text), "an assertion failed, or worse");
	(void)signal(SIGABRT, on_crash);
	(void)signal(SIGSEGV, on_crash);
	for (uint32_t i = job; i < options->count && failures < FAILURES_TOLD; i += jobs) {
		finding.seed = crash.seed = options->first + i;
		sc_swarm_run(finding.seed, prepare_crash, &finding.seed, &verdict);
		finding.steps += verdict.steps;
		if (verdict.broken == 0)
			continue;
		failures++;
		memcpy(finding.text, verdict.text, sizeof(finding.text));
		memcpy(finding.setup, verdict.setup, sizeof(finding.setup));
		if (write(out, &finding, sizeof(finding)) != (ssize_t)sizeof(finding))
			_exit(1);
	}
	finding.done = true;
	_exit(write(out, &finding, sizeof(finding)) == (ssize_t)sizeof(finding) ? 0 : 1);
}

static int
start_workers(const struct options *options, uint32_t jobs, int in, int out, struct sc_error *err)
{
	for (uint32_t i = 0; i < jobs; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return sc_fail(err, errno, "fork");
		if (pid == 0) {
			(void)close(in);
			work(options, i, jobs, out);
		}
	}
	return 0;
}

static void
tell(const struct finding *finding)
{
	printf("seed %" PRIu64 ": %s\n", finding->seed, finding->text);
	if (finding->setup[0] != '\0')
		printf("  %s\n", finding->setup);
	printf("  again: swarm 1 --first=%" PRIu64 " --trace=FILE\n", finding->seed);
}

static void
end_again(int number)
{
	(void)number;
	_exit(sc_tail_write(&tail, STDOUT_FILENO) == 0 ? 0 : 1);
}

static void
prepare_again(void *context, struct sc_sim_config *config, const struct sc_sim_result *result)
{
	(void)context;
	sc_tail_follow(&tail, config, result);
}

/* Run a seed again, to print the last steps; in a process of its own, as it may crash. */
static int
tell_tail(uint64_t seed, struct sc_error *err)
{
	struct sc_swarm_verdict verdict;
	int status;
	pid_t pid;

	if (fflush(stdout) != 0)
		return sc_fail(err, errno, "standard output");
	pid = fork();
	if (pid < 0)
		return sc_fail(err, errno, "fork");
	if (pid == 0) {
		(void)signal(SIGABRT, end_again);
		(void)signal(SIGSEGV, end_again);
		sc_swarm_run(seed, prepare_again, NULL, &verdict);
		end_again(0);
	}
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return sc_fail(err, errno, "waiting for a process");
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return sc_fail(err, 0, "seed %" PRIu64 " was not run again to its end", seed);
	return 0;
}

static int
compare_findings(const void *a, const void *b)
{
	uint64_t left = ((const struct finding *)a)->seed;
	uint64_t right = ((const struct finding *)b)->seed;

	return (left > right) - (left < right);
}

/* Read all that the workers write.  The number of failures, or -1. */
static int
gather(int in, uint32_t jobs, uint64_t *steps, struct sc_error *err)
{
	struct finding *findings = calloc(jobs * (FAILURES_TOLD + 1), sizeof(*findings));
	uint32_t ended = 0;
	uint32_t count = 0;
	ssize_t length;
	int rc = 0;

	if (findings == NULL)
		return sc_fail(err, 0, "no memory");
	while ((length = read(in, &findings[count], sizeof(*findings))) != 0) {
		if (length < 0 && errno == EINTR)
			continue;
		if (length != (ssize_t)sizeof(*findings))
			break;
		if (findings[count].done)
			*steps += findings[count].steps;
		if (findings[count].done || findings[count].crashed)
			ended++;
		if (!findings[count].done)
			count++;
	}
	qsort(findings, count, sizeof(*findings), compare_findings);
	for (uint32_t i = 0; i < count; i++) {
		tell(&findings[i]);
		if (tell_tail(findings[i].seed, err) != 0)
			rc = -1;
	}
	free(findings);
	if (rc != 0)
		return -1;
	if (ended != jobs)
		return sc_fail(err, 0, "%u of %u processes did not end well", jobs - ended, jobs);
	return (int)count;
}

static int
run_many(const struct options *options, uint32_t jobs, struct sc_error *err)
{
	uint64_t began_ns = sc_clock_now_ns();
	char duration[SC_UNIT_TEXT_BYTES];
	uint64_t steps = 0;
	int failures = -1;
	int ends[2];

	if (pipe(ends) != 0)
		return sc_fail(err, errno, "pipe");
	if (fflush(stdout) == 0 && start_workers(options, jobs, ends[0], ends[1], err) == 0) {
		(void)close(ends[1]);
		ends[1] = -1;
		failures = gather(ends[0], jobs, &steps, err);
	}
	(void)close(ends[0]);
	if (ends[1] >= 0)
		(void)close(ends[1]);
	while (wait(NULL) > 0 || errno == EINTR)
		continue;
	if (failures < 0)
		return -1;
	printf("%" PRIu32 " seeds from %" PRIu64 ": %s, %" PRIu64 " steps in %s\n", options->count,
	    options->first, failures == 0 ? "no rule was broken" : "RULES WERE BROKEN", steps,
	    sc_format_duration((double)(sc_clock_now_ns() - began_ns) * 1e-9, duration));
	return failures == 0 ? 0 : 1;
}

struct single {
	struct sc_traced traced;
	bool failed;
};

static void
prepare_single(void *context, struct sc_sim_config *config, const struct sc_sim_result *result)
{
	struct single *single = context;

	if (single->traced.file != NULL && sc_traced_begin(&single->traced, config) != 0)
		single->failed = true;
	sc_tail_follow(&tail, config, result);
}

/* The program ends all the same when this returns. */
static void
on_abort(int number)
{
	(void)number;
	(void)sc_tail_write(&tail, STDOUT_FILENO);
}

/* 0, 1 if a rule was broken, or -1 with *err. */
static int
run_one(const struct options *options, struct sc_error *err)
{
	struct single single = {0};
	struct finding finding = {.seed = options->first};
	struct sc_swarm_verdict verdict;

	if (options->trace != NULL && (single.traced.file = fopen(options->trace, "w")) == NULL)
		return sc_fail(err, errno, "%s", options->trace);
	(void)signal(SIGABRT, on_abort);
	sc_swarm_run(options->first, prepare_single, &single, &verdict);
	if (single.traced.file != NULL && fclose(single.traced.file) != 0)
		single.failed = true;
	if (single.failed || single.traced.failed)
		return sc_fail(err, 0, "%s could not be written", options->trace);
	printf("seed %" PRIu64 ": %s\n  %" PRIu64 " steps, fingerprint %016" PRIx64 "\n",
	    options->first, verdict.setup, verdict.steps, verdict.fingerprint);
	if (verdict.broken == 0)
		return 0;
	memcpy(finding.text, verdict.text, sizeof(finding.text));
	tell(&finding);
	if (fflush(stdout) != 0 || sc_tail_write(&tail, STDOUT_FILENO) != 0)
		return sc_fail(err, errno, "standard output");
	return 1;
}

static int
run(const struct options *options, struct sc_error *err)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	uint32_t jobs = options->jobs;

	if (options->count == 1)
		return run_one(options, err);
	if (jobs == 0)
		jobs = cores < 1 ? 1 : cores > JOBS_MAX ? JOBS_MAX : (uint32_t)cores;
	return run_many(options, jobs, err);
}

/* A number between two others.  0, or -1 with a sentence on standard error. */
static int
parse(const char *text, uint64_t least, uint64_t most, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 10);
	if (errno == 0 && end != text && *end == '\0' && text[0] != '-' && *number >= least &&
	    *number <= most)
		return 0;
	fprintf(stderr, "swarm: '%s' is no number from %" PRIu64 " to %" PRIu64 "\n", text, least,
	    most);
	return -1;
}

static int
parse_options(struct options *options, int argc, char **argv)
{
	static const struct option known[] = {
		{"first", required_argument, NULL, 'f'},
		{"jobs", required_argument, NULL, 'j'},
		{"trace", required_argument, NULL, 't'},
		{NULL, 0, NULL, 0},
	};
	uint64_t count;
	uint64_t jobs = 0;
	int option;

	*options = (struct options){.first = 1};
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 't')
			options->trace = optarg;
		else if (option == '?' ||
		    (option == 'f' && parse(optarg, 0, UINT64_MAX, &options->first) != 0) ||
		    (option == 'j' && parse(optarg, 1, JOBS_MAX, &jobs) != 0))
			return -1;
	}
	if (optind + 1 != argc || parse(argv[optind], 1, INT32_MAX, &count) != 0)
		return -1;
	options->count = (uint32_t)count;
	options->jobs = (uint32_t)jobs;
	if (options->trace == NULL || count == 1)
		return 0;
	fprintf(stderr, "swarm: --trace is for one seed: swarm 1 --first=SEED --trace=FILE\n");
	return -1;
}

int
main(int argc, char **argv)
{
	struct options options;
	struct sc_error err = {0};
	int rc;

	if (parse_options(&options, argc, argv) != 0) {
		fputs(usage, stderr);
		return 2;
	}
	rc = run(&options, &err);
	if (rc < 0)
		fprintf(stderr, "swarm: %s\n", err.text);
	return rc == 0 && fflush(stdout) == 0 ? 0 : 1;
}
