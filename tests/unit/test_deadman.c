/*
 * The dead-man timer: real processes that stop, spin, wait or are well.
 */
#include "base/clock.h"
#include "base/deadman.h"
#include "base/limits.h"
#include "base/log.h"
#include "lib/suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const uint64_t timeout_ns = UINT64_C(400) * 1000 * 1000;
static const uint64_t step_ns = UINT64_C(5) * 1000 * 1000;

/* A busy machine is late, but not by so much. */
static const uint64_t patience_ns = UINT64_C(20) * 1000 * 1000 * 1000;

static void
start_or_exit(void)
{
	if (sc_deadman_start(timeout_ns, NULL) != 0)
		_exit(1);
}

/* What the children do. */
static void
spin(void)
{
	start_or_exit();
	for (uint64_t until_ns = sc_clock_now_ns() + patience_ns; sc_clock_now_ns() < until_ns;)
		;
}

static void
stand_still(void)
{
	start_or_exit();
	raise(SIGSTOP);
}

/* All signals that can be blocked are: this one can't. */
static void
block_signals(void)
{
	sigset_t all;

	start_or_exit();
	sigfillset(&all);
	if (sigprocmask(SIG_SETMASK, &all, NULL) == 0)
		sc_clock_sleep_ns(patience_ns);
}

static void
feed_for(uint64_t duration_ns)
{
	for (uint64_t until_ns = sc_clock_now_ns() + duration_ns; sc_clock_now_ns() < until_ns;) {
		sc_deadman_feed();
		sc_clock_sleep_ns(step_ns);
	}
}

static void
be_well(void)
{
	start_or_exit();
	feed_for(4 * timeout_ns);
}

static void
be_well_and_then_spin(void)
{
	start_or_exit();
	feed_for(2 * timeout_ns);
	sc_clock_sleep_ns(patience_ns);
}

static void
stop_the_timer(void)
{
	start_or_exit();
	sc_deadman_stop();
	sc_deadman_stop();
	sc_deadman_feed();
	sc_clock_sleep_ns(3 * timeout_ns);
}

/* Begun again with a longer time, which counts. */
static void
begin_again(void)
{
	start_or_exit();
	if (sc_deadman_start(10 * timeout_ns, NULL) == 0)
		sc_clock_sleep_ns(3 * timeout_ns);
}

/* Says what it says in a file. */
static int words;

static void
speak(void)
{
	sc_log_set_host("node-3");
	if (dup2(words, STDERR_FILENO) != STDERR_FILENO)
		_exit(1);
	sc_deadman_enter("in a test");
	spin();
}

static void
speak_under_a_long_name(void)
{
	static char host[SC_HOST_BYTES];

	memset(host, 'n', sizeof(host) - 1);
	sc_log_set_host(host);
	if (dup2(words, STDERR_FILENO) != STDERR_FILENO)
		_exit(1);
	spin();
}

/* Do it in a child: after how long did it end, and how? */
static int
end_of(void (*body)(void), uint64_t *after_ns)
{
	uint64_t begun_ns = sc_clock_now_ns();
	int status = 0;
	pid_t child = fork();

	CU_ASSERT_FATAL(child >= 0);
	if (child == 0) {
		body();
		_exit(0);
	}
	while (waitpid(child, &status, WNOHANG) == 0) {
		if (sc_clock_now_ns() - begun_ns > patience_ns)
			(void)kill(child, SIGTERM); /* not what is expected */
		sc_clock_sleep_ns(step_ns);
	}
	*after_ns = sc_clock_now_ns() - begun_ns;
	return status;
}

static void
expect_killed(void (*body)(void), uint64_t earliest_ns)
{
	uint64_t after_ns;
	int status = end_of(body, &after_ns);

	CU_ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	CU_ASSERT(after_ns >= earliest_ns);
	CU_ASSERT(after_ns < patience_ns);
}

static void
expect_alive(void (*body)(void))
{
	uint64_t after_ns;
	int status = end_of(body, &after_ns);

	CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void
whoever_spins_is_killed(void)
{
	expect_killed(spin, timeout_ns);
}

static void
whoever_stands_still_is_killed(void)
{
	expect_killed(stand_still, timeout_ns);
}

static void
blocked_signals_are_no_excuse(void)
{
	expect_killed(block_signals, timeout_ns);
}

static void
whoever_is_well_lives(void)
{
	expect_alive(be_well);
	expect_killed(be_well_and_then_spin, 3 * timeout_ns);
}

static void
it_can_be_stopped_and_begun_again(void)
{
	expect_alive(stop_the_timer);
	expect_alive(begin_again);
}

/* A child of a process whose timer runs isn't killed. */
static void
children_have_none(void)
{
	int status = 0;
	pid_t child = fork();

	CU_ASSERT_FATAL(child >= 0);
	if (child == 0) {
		pid_t grandchild;

		start_or_exit();
		grandchild = fork();
		if (grandchild == 0) {
			sc_clock_sleep_ns(3 * timeout_ns);
			_exit(7);
		}
		while (waitpid(grandchild, &status, WNOHANG) == 0)
			feed_for(step_ns);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
	}
	CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
	CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

/* On a busy machine the child may not run in the 50 ms that it has for its last words: tried again. */
static void
expect_words(void (*body)(void), const char *expected)
{
	char said[1024] = "";

	for (int tries = 0; tries < 5 && said[0] == '\0'; tries++) {
		FILE *file = tmpfile();

		CU_ASSERT_FATAL(file != NULL);
		words = fileno(file);
		expect_killed(body, timeout_ns);
		rewind(file);
		said[fread(said, 1, sizeof(said) - 1, file)] = '\0';
		fclose(file);
	}
	CU_ASSERT_STRING_EQUAL(said, expected);
}

static void
last_words_say_where(void)
{
	static const char rest[] =
	    ": this process has made no progress for 400.0 ms and ends itself: it is "
	    "at an unknown place\n";
	char expected[1024] = "stagecast: ";
	size_t used = strlen(expected);

	expect_words(speak,
	    "stagecast: node-3: this process has made no progress for 400.0 ms and ends itself: it is in "
	    "a test\n");
	memset(expected + used, 'n', SC_HOST_BYTES - 1);
	snprintf(expected + used + SC_HOST_BYTES - 1, sizeof(expected) - used - SC_HOST_BYTES + 1,
	    "%s", rest);
	expect_words(speak_under_a_long_name, expected);
}

static CU_TestInfo tests[] = {
	{"whoever spins is killed", whoever_spins_is_killed},
	{"whoever stands still is killed", whoever_stands_still_is_killed},
	{"blocked signals are no excuse", blocked_signals_are_no_excuse},
	{"whoever is well lives", whoever_is_well_lives},
	{"it can be stopped and begun again", it_can_be_stopped_and_begun_again},
	{"last words say where it was", last_words_say_where},
	{"children have none", children_have_none},
	CU_TEST_INFO_NULL,
};

int
main(void)
{
	return sc_run_suite("deadman", tests);
}
