/*
 * Results and dismissals under faults: see tree_faults.h.  Takes 5 ranks.
 */
#include "mpi/tree_faults.h"

#include "base/clock.h"
#include "fabric/control_tree.h"
#include "fabric/world.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RANKS = 5 };

static const uint64_t timeout_ns = UINT64_C(1000000000);

/* What may be added to it by a machine that has much to do. */
static const uint64_t slack_ns = UINT64_C(4000000000);

static struct sc_world world;
static pid_t pids[RANKS];
static uint64_t began_ns;

static void
must(bool holds, const char *what, struct sc_error *err)
{
	if (holds)
		return;
	fprintf(stderr, "rank %u: %s%s%s\n", world.rank, what, err == NULL ? "" : ": ",
	    err == NULL ? "" : err->text);
	sc_world_exit(1);
}

static void
must_be_in_time(void)
{
	must(sc_clock_now_ns() - began_ns < timeout_ns + slack_ns, "this took too long", NULL);
}

static _Noreturn void
leave(void)
{
	printf("rank %u: ok after %.1f s\n", world.rank,
	    (double)(sc_clock_now_ns() - began_ns) * 1e-9);
	fflush(stdout);
	sc_world_exit(0);
}

/* Of 2.6 MB, in several pieces, the last one not full. */
static size_t
result_bytes(uint32_t rank)
{
	return 2600000 + rank;
}

static void
must_have_come(const uint8_t *all, size_t length, const uint32_t *ranks, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		size_t bytes = result_bytes(ranks[i]);

		must(length >= bytes, "a result is missing", NULL);
		for (size_t j = 0; j < bytes; j++)
			must(all[j] == (uint8_t)(ranks[i] + j), "a result is damaged", NULL);
		all += bytes;
		length -= bytes;
	}
	must(length == 0, "more results than ranks", NULL);
}

/* 0 <- {1, 2}, 1 <- {3, 4}; parent: rank 1 fails, else 3 fails and 4 hangs. */
static void
gather(bool parent)
{
	static const uint32_t children[RANKS][2] = {{1, 2}, {3, 4}};
	static const uint32_t parents[RANKS] = {UINT32_MAX, 0, 0, 1, 1};
	static const uint32_t with_1[] = {0, 1, 2}, without_1[] = {0, 2};
	uint32_t rank = world.rank;
	struct sc_control_tree tree = {.parent = parents[rank],
		.children = children[rank],
		.child_count = rank < 2 ? 2 : 0};
	size_t bytes = result_bytes(rank);
	uint8_t *own = malloc(bytes);
	uint8_t *all = NULL;
	size_t length = 0;
	struct sc_error err;
	int rc;

	must(own != NULL, "no memory", NULL);
	for (size_t i = 0; i < bytes; i++)
		own[i] = (uint8_t)(rank + i);
	if (rank == (parent ? 1 : 3))
		raise(SIGKILL);
	if (rank == 4 && !parent)
		raise(SIGSTOP);
	rc = sc_control_tree_gather(&tree, own, bytes, timeout_ns, &all, &length, &err);
	must_be_in_time();
	if (parent && rank > 2)
		must(rc != 0, "a result came to a rank that has failed", NULL);
	else
		must(rc == 0, "gather", &err);
	if (rank != 0)
		leave();
	must_have_come(all, length, parent ? without_1 : with_1, parent ? 2 : 3);
	if (!parent)
		must(kill(pids[4], SIGKILL) == 0, "SIGKILL", NULL);
	free(all);
	free(own);
	sc_clock_sleep_ns(500 * 1000 * 1000);
	leave();
}

/* 0 dismisses 1, which listens, and 2, which hangs; 3, which leads 4, fails. */
static void
dismiss(void)
{
	static const uint32_t leaders[RANKS] = {0, 0, 0, 3, 3};
	enum sc_dismissal how;
	struct sc_error err;

	if (world.rank == 2)
		raise(SIGSTOP);
	if (world.rank == 3)
		raise(SIGKILL);
	if (world.rank == 0) {
		must(sc_world_dismiss(&world, leaders, true, timeout_ns, &err) == 0, "dismiss",
		    &err);
		must_be_in_time();
		must(kill(pids[2], SIGKILL) == 0, "SIGKILL", NULL);
		sc_clock_sleep_ns(500 * 1000 * 1000);
		leave();
	}
	must(sc_world_wait_for(world.rank == 1 ? 0 : 3, &how, &err) == 0, "wait_for", &err);
	must(how == (world.rank == 1 ? SC_DISMISSED_APART : SC_DISMISSED_ALONE),
	    "not dismissed as it should be", NULL);
	leave();
}

int
sc_tree_faults(const char *scenario, int argc, char **argv)
{
	pid_t pid = getpid();
	struct sc_error err;

	(void)alarm(100);
	must(sc_world_start(&world, &argc, &argv, &err) == 0, "start", &err);
	must(world.size == RANKS, "this takes 5 ranks", NULL);
	must(sc_world_gather(&pid, sizeof(pid), pids, &err) == 0 &&
		sc_world_broadcast(pids, sizeof(pids), &err) == 0,
	    "pids", &err);
	began_ns = sc_clock_now_ns();
	if (strcmp(scenario, "dismissed") == 0)
		dismiss();
	gather(strcmp(scenario, "gathered-without-parent") == 0);
	return 0;
}
