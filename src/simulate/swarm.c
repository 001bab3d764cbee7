/*
 * stagecast-sim --swarm: see sim_swarm.h.
 *
 * A process for each core takes every so-many-th seed and writes what broke to
 * a pipe.  Processes, as an assertion of the core that fails ends one.
 */
#include "simulate/swarm.h"

#include "base/clock.h"
#include "base/units.h"
#include "sim/swarm.h"
#include "simulate/files.h"
#include "simulate/tail.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Stop after so many failures in a process: more say nothing new. */
enum { FAILURES_TOLD = 3, JOBS_MAX = 1024 };

/* What goes through the pipe: below PIPE_BUF, so that it goes whole. */
struct finding {
	uint64_t seed;
	uint64_t steps;
	bool crashed;
	bool done; /* the process has run all its seeds */
	char text[SC_SWARM_TEXT_BYTES];
	char setup[SC_SWARM_TEXT_BYTES];
};

/* For the handler: the seed that is being run, and where to tell of it. */
static struct finding crash = {.crashed = true};
static int crash_pipe = -1;

/* For the handlers, too: of a seed that is run again, or alone. */
static struct sc_sim_tail tail;

static void
on_crash(int number)
{
	ssize_t written = write(crash_pipe, &crash, sizeof(crash));

	_exit(written == (ssize_t)sizeof(crash) ? 0 : number);
}

/* Where the number of the seed is, until the next one. */
static void
prepare_crash(void *context, struct sc_sim_config *config, const struct sc_sim_result *result)
{
	(void)config;
	(void)result;
	crash.seed = *(const uint64_t *)context;
}

static void
work(const struct sc_sim_options *options, uint32_t job, uint32_t jobs, int out)
{
	struct finding finding = {0};
	struct sc_swarm_verdict verdict;
	uint32_t failures = 0;

	crash_pipe = out;
	snprintf(crash.text, sizeof(crash.text), "an assertion failed, or worse");
	(void)signal(SIGABRT, on_crash);
	(void)signal(SIGSEGV, on_crash);
	for (uint32_t i = job; i < options->swarm && failures < FAILURES_TOLD; i += jobs) {
		finding.seed = crash.seed = options->seed + i;
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
start_workers(const struct sc_sim_options *options, uint32_t jobs, int in, int out,
    struct sc_error *err)
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
	printf("  again: stagecast-sim --swarm=1 --first=%" PRIu64 " --trace=FILE\n",
	    finding->seed);
}

static void
end_again(int number)
{
	(void)number;
	_exit(sc_sim_tail_write(&tail, STDOUT_FILENO) == 0 ? 0 : 1);
}

static void
prepare_again(void *context, struct sc_sim_config *config, const struct sc_sim_result *result)
{
	(void)context;
	sc_sim_tail_follow(&tail, config, result);
}

/* Run a seed again, to tell what led there; in a process, as it may crash. */
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

/* Read all that the workers say.  The number of failures, or -1. */
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
run_many(const struct sc_sim_options *options, uint32_t jobs, struct sc_error *err)
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
	printf("%" PRIu32 " seeds from %" PRIu64 ": %s, %" PRIu64 " steps in %s\n", options->swarm,
	    options->seed, failures == 0 ? "no rule was broken" : "RULES WERE BROKEN", steps,
	    sc_format_duration((double)(sc_clock_now_ns() - began_ns) * 1e-9, duration));
	return failures == 0 ? 0 : 1;
}

struct single {
	const struct sc_sim_options *options;
	struct sc_sim_files files;
	struct sc_error *err;
	int rc;
};

static void
prepare_single(void *context, struct sc_sim_config *config, const struct sc_sim_result *result)
{
	struct single *single = context;

	single->rc =
	    sc_sim_files_open(&single->files, single->options->trace, NULL, config, single->err);
	sc_sim_tail_follow(&tail, config, result);
}

/* The program ends all the same when this returns. */
static void
on_abort(int number)
{
	(void)number;
	(void)sc_sim_tail_write(&tail, STDOUT_FILENO);
}

static int
run_one(const struct sc_sim_options *options, struct sc_error *err)
{
	struct single single = {.options = options, .err = err};
	struct finding finding = {.seed = options->seed};
	struct sc_swarm_verdict verdict;

	(void)signal(SIGABRT, on_abort);
	sc_swarm_run(options->seed, prepare_single, &single, &verdict);
	if (sc_sim_files_close(&single.files, single.rc, err) != 0)
		return -1;
	printf("seed %" PRIu64 ": %s\n  %" PRIu64 " steps, fingerprint %016" PRIx64 "\n",
	    options->seed, verdict.setup, verdict.steps, verdict.fingerprint);
	if (verdict.broken == 0)
		return 0;
	memcpy(finding.text, verdict.text, sizeof(finding.text));
	tell(&finding);
	if (fflush(stdout) != 0 || sc_sim_tail_write(&tail, STDOUT_FILENO) != 0)
		return sc_fail(err, errno, "standard output");
	return 1;
}

int
sc_sim_swarm(const struct sc_sim_options *options, struct sc_error *err)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	uint32_t jobs = options->jobs;

	if (options->swarm == 1)
		return run_one(options, err);
	if (options->trace != NULL)
		return sc_fail(err, 0, "--trace is for one seed: --swarm=1 --first=SEED");
	if (jobs == 0)
		jobs = cores < 1 ? 1 : cores > JOBS_MAX ? JOBS_MAX : (uint32_t)cores;
	return run_many(options, jobs, err);
}
