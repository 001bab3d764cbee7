/*
 * stagecast-sim --search: see search.h.
 *
 * Threads take the candidates in the order that the cost model predicts, so that a good time is
 * soon known: a simulation ends when it is too far behind that, and does not begin if the
 * candidate's least time is.  The model decides on nothing else, as the search tests the model.
 */
#include "simulate/search.h"

#include "base/clock.h"
#include "sim/search.h"
#include "sim/sim.h"
#include "simulate/print.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

/* A candidate that takes this many times as long as the best is not simulated any further. */
static const double behind_max = 1.25;

static const uint64_t progress_interval_ns = 200000000;

enum { ROWS_PRINTED = 10, JOBS_MAX = 1024, SHAPE_TEXT_BYTES = 96 };

enum ending {
	NOT_TRIED,
	TO_THE_END,
	CUT_OFF,  /* when it was too far behind */
	LEFT_OUT, /* as its least time is too far behind */
	ENDINGS
};

struct outcome {
	enum ending ending;
	double time_s; /* of the last node, if it ended */
};

/* What the threads share; what changes does so only under the lock. */
struct search {
	const struct sc_sim_options *options;
	struct sc_candidates candidates;
	struct outcome *outcomes; /* owned, of each candidate */
	pthread_mutex_t lock;
	uint32_t next;
	uint32_t done;
	double best_s; /* 0: none yet */
	bool progress;
	uint64_t progress_ns;
	struct sc_error *err;
	bool failed; /* with *err */
};

/* A chunk size as an option takes it, exactly. */
static char *
format_chunk(uint32_t bytes, char out[SHAPE_TEXT_BYTES])
{
	if (bytes % (1u << 20) == 0)
		snprintf(out, SHAPE_TEXT_BYTES, "%" PRIu32 "MiB", bytes >> 20);
	else if (bytes % (1u << 10) == 0)
		snprintf(out, SHAPE_TEXT_BYTES, "%" PRIu32 "KiB", bytes >> 10);
	else
		snprintf(out, SHAPE_TEXT_BYTES, "%" PRIu32, bytes);
	return out;
}

/* The options that make this shape. */
static char *
format_shape(const struct sc_plan_shape *shape, char out[SHAPE_TEXT_BYTES])
{
	char chunk[SHAPE_TEXT_BYTES];

	snprintf(out, SHAPE_TEXT_BYTES,
	    "-k%" PRIu32 " -m%" PRIu32 " -b%" PRIu32 " -s%.16s -w%" PRIu32, shape->group_size,
	    shape->tree_groups, shape->branching, format_chunk(shape->chunk_bytes, chunk),
	    shape->window);
	return out;
}

static int
refuse(const struct sc_plan_shape *shape, const char *what, struct sc_error *err)
{
	char text[SHAPE_TEXT_BYTES];

	return sc_fail(err, 0, "%s: %s", format_shape(shape, text), what);
}

/* Simulate a plan, up to a limit (0: to its end). */
static int
simulate(const struct sc_sim_options *options, const struct sc_plan *plan, double limit_s,
    struct outcome *outcome, struct sc_error *err)
{
	struct sc_sim_config config = sc_sim_options_config(options, plan, NULL);
	struct sc_plan_shape shape = sc_candidate_shape(plan);
	struct sc_sim_summary summary;
	struct sc_sim_result result;
	bool cut_off;
	int rc = 0;

	/* A limit beyond that of any right run is none. */
	cut_off = limit_s > 0 && limit_s * 1e9 < (double)config.limit_ns;
	if (cut_off)
		config.limit_ns = (uint64_t)(limit_s * 1e9);
	sc_sim_run(&config, &result);
	/* Then it is no broken rule that the run did not end. */
	cut_off = cut_off && !result.ended && result.end_ns > config.limit_ns;
	if (result.violations > (cut_off ? 1 : 0)) {
		rc = refuse(&shape, result.violation, err);
	} else {
		sc_sim_summarise(plan, &options->machine, &result, &summary);
		/* What follows the last copy does not count. */
		if (summary.copies == (plan->recipients > 0 ? plan->recipients : 1))
			cut_off = false;
		outcome->ending = cut_off ? CUT_OFF : TO_THE_END;
		outcome->time_s = cut_off ? 0 : summary.last_s;
	}
	sc_sim_result_free(&result);
	return rc;
}

static int
try_candidate(const struct sc_sim_options *options, const struct sc_candidate *candidate,
    double limit_s, struct outcome *outcome, struct sc_error *err)
{
	struct sc_plan plan = {0};
	int rc;

	if (limit_s > 0 && candidate->least_s > limit_s) {
		outcome->ending = LEFT_OUT;
		return 0;
	}
	if (sc_plan_make(&plan, options->nodes, options->size_bytes, &candidate->shape,
		options->wishes.memory_bytes, err) != 0)
		return -1;
	rc = simulate(options, &plan, limit_s, outcome, err);
	sc_plan_free(&plan);
	if (rc == 0 && outcome->ending == TO_THE_END && outcome->time_s < candidate->least_s)
		rc = refuse(&candidate->shape, "it is faster than it can be: this is a bug", err);
	return rc;
}

static void
show_progress(struct search *search)
{
	uint64_t now_ns = sc_clock_now_ns();

	if (!search->progress || now_ns - search->progress_ns < progress_interval_ns)
		return;
	search->progress_ns = now_ns;
	fprintf(stderr, "\r%" PRIu32 " of %" PRIu32 " shapes, best %.6f s ", search->done,
	    search->candidates.count, search->best_s);
}

/* The first candidate, the plan's choice, is never cut off. */
static void *
work(void *argument)
{
	struct search *search = argument;

	(void)pthread_mutex_lock(&search->lock);
	while (search->next < search->candidates.count && !search->failed) {
		uint32_t index = search->next++;
		double limit_s = index == 0 ? 0 : search->best_s * behind_max;
		struct outcome *outcome = &search->outcomes[index];
		struct sc_error err;
		int rc;

		(void)pthread_mutex_unlock(&search->lock);
		rc = try_candidate(search->options, &search->candidates.items[index], limit_s,
		    outcome, &err);
		(void)pthread_mutex_lock(&search->lock);
		search->done++;
		if (rc != 0 && !search->failed) {
			search->failed = true;
			*search->err = err;
		}
		if (rc == 0 && outcome->ending == TO_THE_END &&
		    (search->best_s <= 0 || outcome->time_s < search->best_s))
			search->best_s = outcome->time_s;
		show_progress(search);
	}
	(void)pthread_mutex_unlock(&search->lock);
	return NULL;
}

static int
run_threads(struct search *search, struct sc_error *err)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	uint32_t jobs = search->options->jobs;
	pthread_t threads[JOBS_MAX];
	uint32_t started = 0;
	int rc = 0;

	if (jobs == 0)
		jobs = cores < 1 ? 1 : cores > JOBS_MAX ? JOBS_MAX : (uint32_t)cores;
	if (jobs > search->candidates.count)
		jobs = search->candidates.count;
	while (started < jobs && rc == 0) {
		rc = pthread_create(&threads[started], NULL, work, search);
		if (rc == 0)
			started++;
	}
	(void)pthread_mutex_lock(&search->lock);
	search->failed = search->failed || rc != 0;
	(void)pthread_mutex_unlock(&search->lock);
	for (uint32_t i = 0; i < started; i++)
		(void)pthread_join(threads[i], NULL);
	if (search->progress)
		fprintf(stderr, "\r%60s\r", "");
	if (rc != 0)
		return sc_fail(err, rc, "cannot start a thread");
	return search->failed ? -1 : 0;
}

/* A line of the table. */
struct row {
	const struct sc_candidate *candidate;
	double time_s;
};

static int
compare_rows(const void *a, const void *b)
{
	const struct row *left = a;
	const struct row *right = b;

	if (left->time_s < right->time_s || left->time_s > right->time_s)
		return left->time_s < right->time_s ? -1 : 1;
	return (left->candidate > right->candidate) - (left->candidate < right->candidate);
}

/* 1 where both are 0: an empty file on a machine without any delay takes no time. */
static double
ratio(double a, double b)
{
	return b > 0 ? a / b : 1;
}

static void
print_table(FILE *out, const struct row *rows, uint32_t count)
{
	fprintf(out, "%5s %7s %2s %8s %7s %12s %8s %14s %8s\n", "k", "m", "b", "chunk", "window",
	    "last (s)", "/ best", "predicted (s)", "error");
	for (uint32_t i = 0; i < count && i < ROWS_PRINTED; i++) {
		const struct sc_plan_shape *shape = &rows[i].candidate->shape;
		double predicted_s = rows[i].candidate->predicted_s;
		char chunk[SHAPE_TEXT_BYTES];

		fprintf(out,
		    "%5" PRIu32 " %7" PRIu32 " %2" PRIu32 " %8s %7" PRIu32
		    " %12.6f %8.4f %14.6f %+7.1f%%\n",
		    shape->group_size, shape->tree_groups, shape->branching,
		    format_chunk(shape->chunk_bytes, chunk), shape->window, rows[i].time_s,
		    ratio(rows[i].time_s, rows[0].time_s), predicted_s,
		    100 * (ratio(predicted_s, rows[i].time_s) - 1));
	}
}

static void
print_time(FILE *out, const char *what, const struct row *row, double floor_s)
{
	char text[SHAPE_TEXT_BYTES];

	fprintf(out, "%-11s %.6f s  %.4f  %s\n", what, row->time_s, ratio(row->time_s, floor_s),
	    format_shape(&row->candidate->shape, text));
}

/* rows: those that ended, the fastest first. */
static void
print(FILE *out, const struct search *search, const struct row *rows, uint32_t count)
{
	const struct sc_sim_options *options = search->options;
	double floor_s = sc_cost_floor(options->size_bytes, &options->machine.base);
	struct row choice = {search->candidates.items, search->outcomes[0].time_s};
	double behind = ratio(choice.time_s, rows[0].time_s);
	uint32_t endings[ENDINGS] = {0};
	uint32_t rank = 1;

	while (rows[rank - 1].time_s < choice.time_s)
		rank++;
	for (uint32_t i = 0; i < search->candidates.count; i++)
		endings[search->outcomes[i].ending]++;

	print_table(out, rows, count);
	fprintf(out, "%-11s %.6f s  1.0000\n", "floor", floor_s);
	print_time(out, "best", &rows[0], floor_s);
	print_time(out, "choice", &choice, floor_s);
	/* If the choice is far behind, candidates that were cut off may be faster than it, too. */
	fprintf(out, "%-11s %.1f %% behind the best of %" PRIu32 " shapes, rank %" PRIu32 "%s\n",
	    "", 100 * (behind - 1), search->candidates.count, rank,
	    behind > behind_max ? " or worse" : "");
	fprintf(out,
	    "%-11s %" PRIu32 " simulated to the end, %" PRIu32
	    " cut off at %.2f times the best, %" PRIu32 " left out:\n"
	    "%-11s what they have to send, handle and wait for takes longer\n",
	    "shapes", endings[TO_THE_END], endings[CUT_OFF], behind_max, endings[LEFT_OUT], "");
}

static int
print_best(FILE *out, const struct search *search, struct sc_error *err)
{
	struct row *rows = malloc(search->candidates.count * sizeof(*rows));
	uint32_t count = 0;

	if (rows == NULL)
		return sc_fail(err, 0, "no memory");
	for (uint32_t i = 0; i < search->candidates.count; i++) {
		if (search->outcomes[i].ending == TO_THE_END)
			rows[count++] =
			    (struct row){&search->candidates.items[i], search->outcomes[i].time_s};
	}
	qsort(rows, count, sizeof(*rows), compare_rows);
	print(out, search, rows, count);
	free(rows);
	return 0;
}

int
sc_sim_search(FILE *out, const struct sc_sim_options *options, const struct sc_plan *choice,
    struct sc_error *err)
{
	struct search search = {
		.options = options,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.progress = isatty(STDERR_FILENO) == 1,
		.err = err,
	};
	int rc;

	sc_candidates_list(&search.candidates, choice, &options->wishes, &options->machine);
	search.outcomes = calloc(search.candidates.count, sizeof(*search.outcomes));
	if (search.outcomes == NULL)
		rc = sc_fail(err, 0, "no memory for the candidates");
	else if (run_threads(&search, err) != 0)
		rc = -1;
	else
		rc = print_best(out, &search, err);
	free(search.outcomes);
	sc_candidates_free(&search.candidates);
	return rc;
}
