/*
 * The outcome: see outcome.h.
 */
#define _XOPEN_SOURCE 700 /* PATH_MAX */

#include "stage/outcome/outcome.h"

#include "base/log.h"
#include "base/units.h"
#include "beneath/put.h"
#include "stage/outcome/summary.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
sc_outcome_init(struct sc_outcome *outcome, const struct sc_options *options,
    const struct sc_job *job, uint64_t started_ns)
{
	*outcome = (struct sc_outcome){
		.options = options,
		.job = job,
		.plan = &job->plan,
		.started_ns = started_ns,
		.copies = job->plan.recipients + (job->facts.origin_keeps_copy ? 1 : 0),
		.already = job->facts.complete_count,
		.nodes = job->plan.recipients + 1,
	};
	outcome->fates = calloc(outcome->nodes, sizeof(*outcome->fates));
	sc_progress_init(&outcome->progress, options->progress, options->quiet, started_ns,
	    outcome->copies);
	return outcome->fates == NULL ? -1 : 0;
}

void
sc_outcome_free(struct sc_outcome *outcome)
{
	for (uint32_t i = 0; outcome->fates != NULL && i < outcome->nodes; i++)
		free(outcome->fates[i].cause);
	free(outcome->fates);
	outcome->fates = NULL;
}

static void
say_failed(struct sc_outcome *outcome, uint32_t node, const char *cause, uint64_t now_ns)
{
	char after[SC_UNIT_TEXT_BYTES];
	char host[SC_HOST_BYTES];

	sc_log(SC_LOG_ERROR, "%s (rank %u): %s (after %s)",
	    sc_printable(sc_job_host(outcome->job, node), host, sizeof(host)),
	    outcome->job->census.ranks[node], cause,
	    sc_format_duration((double)(now_ns - outcome->started_ns) * 1e-9, after));
}

/* The first cause is why the node has no copy; what comes later may follow from it. */
static void
note_failed(struct sc_outcome *outcome, uint32_t node, const char *cause, uint64_t now_ns)
{
	struct sc_outcome_fate *fate = &outcome->fates[node];

	if (fate->failed)
		return;
	fate->failed = true;
	fate->failed_ns = now_ns;
	fate->cause = strdup(cause);
	say_failed(outcome, node, cause, now_ns);
}

static bool
shares_host(const struct sc_job *job, uint32_t node)
{
	for (uint32_t i = 0; i < job->census.nodes; i++) {
		if (i != node && strcmp(sc_job_host(job, i), sc_job_host(job, node)) == 0)
			return true;
	}
	return false;
}

void
sc_outcome_listen(void *context, const struct sc_action *action, const char *text, uint64_t now_ns)
{
	struct sc_outcome *outcome = context;

	if (action->report != SC_REPORT_PROGRESS)
		sc_progress_erase(&outcome->progress);
	switch (action->report) {
	case SC_REPORT_PROGRESS:
		sc_progress_show(&outcome->progress, outcome->plan, &action->tally, now_ns);
		break;
	case SC_REPORT_COPY_FAILED:
		note_failed(outcome, action->peer, text, now_ns);
		break;
	case SC_REPORT_NODE_LOST:
		note_failed(outcome, action->peer, text, now_ns);
		outcome->fates[action->peer].lost = true;
		break;
	case SC_REPORT_NODE_TORPID:
		/* Of several ranks on a host one may well get less of its processors. */
		sc_log(shares_host(outcome->job, action->peer) ? SC_LOG_INFO : SC_LOG_WARNING,
		    "%s (rank %u) is much slower than the others, and is relieved",
		    sc_job_host(outcome->job, action->peer),
		    outcome->job->census.ranks[action->peer]);
		break;
	case SC_REPORT_TAKEOVER:
		sc_log(SC_LOG_WARNING, "rank %u takes over from rank %u",
		    outcome->job->census.ranks[outcome->job->self],
		    outcome->job->census.ranks[action->peer]);
		break;
	case SC_REPORT_ABORTED:
		outcome->aborted = true;
		snprintf(outcome->abort_cause, sizeof(outcome->abort_cause), "%s", text);
		sc_log(SC_LOG_ERROR, "%s: giving up", text);
		break;
	case SC_REPORT_ENDED:
		outcome->tally = action->tally;
		outcome->ended_ns = now_ns;
		break;
	}
}

enum sc_exit_status
sc_outcome_status(const struct sc_outcome *outcome)
{
	if (outcome->ended_ns != 0 && outcome->tally.committed == outcome->copies)
		return SC_EXIT_COMPLETE;
	return outcome->tally.committed + outcome->already == 0 ? SC_EXIT_NOTHING : SC_EXIT_PARTIAL;
}

double
sc_outcome_elapsed_s(const struct sc_outcome *outcome)
{
	return (double)(outcome->ended_ns - outcome->started_ns) * 1e-9;
}

/* What a program that was sent with its libraries finds them by, to be freed; NULL if there are none.
 * With a DEST that differs from node to node it is that of this one. */
static char *
library_path(const struct sc_outcome *outcome)
{
	const char *dest = outcome->job->dest;
	char here[PATH_MAX] = "";
	size_t capacity;
	char *path;

	if (!outcome->options->send_libs || dest == NULL)
		return NULL;
	if (dest[0] != '/' && getcwd(here, sizeof(here)) == NULL)
		return NULL;
	capacity = strlen(here) + strlen(dest) + 2;
	path = malloc(capacity);
	if (path != NULL)
		snprintf(path, capacity, "%s%s%s", here, here[0] == '\0' ? "" : "/", dest);
	return path;
}

/* Was a node to have a copy, and hasn't? */
static bool
lacks_copy(const struct sc_outcome *outcome, uint32_t node)
{
	if (node == SC_ORIGIN && outcome->copies == outcome->plan->recipients)
		return false;
	return outcome->tally.committed == 0 || outcome->fates[node].failed;
}

static void
print_json(const struct sc_summary *summary)
{
	char *line = sc_summary_json(summary);

	if (line == NULL)
		sc_log(SC_LOG_ERROR, "no memory for the summary");
	else
		puts(line);
	fflush(stdout);
	free(line);
}

static uint32_t
list_failures(const struct sc_outcome *outcome, struct sc_summary_failure *failures)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < outcome->nodes; i++) {
		const struct sc_outcome_fate *fate = &outcome->fates[i];

		if (!lacks_copy(outcome, i))
			continue;
		failures[count++] = (struct sc_summary_failure){
			.host = sc_job_host(outcome->job, i),
			.rank = outcome->job->census.ranks[i],
			.lost = fate->lost,
			.cause = fate->cause,
			.seconds = fate->failed
			    ? (double)(fate->failed_ns - outcome->started_ns) * 1e-9
			    : -1,
		};
	}
	return count;
}

static void
print_summary(const struct sc_outcome *outcome, const char *digest)
{
	const struct sc_job *job = outcome->job;
	struct sc_summary_failure *failures = calloc(outcome->nodes, sizeof(*failures));
	char *libraries = library_path(outcome);
	char signal[32];
	struct sc_summary summary = {
		.status = (int)sc_outcome_status(outcome),
		.source = outcome->options->source,
		.dest = outcome->options->dest,
		.error = outcome->aborted ? outcome->abort_cause : NULL,
		.begun = true,
		.bytes = outcome->plan->size_bytes,
		.wanted = outcome->copies + outcome->already,
		.staged = outcome->tally.committed + outcome->already,
		.already = outcome->already,
		.seconds = outcome->ended_ns == 0 ? -1 : sc_outcome_elapsed_s(outcome),
		.digest = digest,
		.library_path = libraries,
		.leader_host = sc_job_host(job, job->self),
		.leader_rank = job->census.ranks[job->self],
		.taken_over = job->self != SC_ORIGIN,
		.failures = failures,
	};

	if (failures == NULL) {
		sc_log(SC_LOG_ERROR, "no memory for the summary");
		free(libraries);
		return;
	}
	if (outcome->stopped_by != 0) {
		snprintf(signal, sizeof(signal), "ended by signal %d", outcome->stopped_by);
		summary.error = signal;
		if (summary.status == SC_EXIT_COMPLETE)
			summary.status = SC_EXIT_NOTHING;
	}
	summary.failure_count = list_failures(outcome, failures);
	print_json(&summary);
	free(libraries);
	free(failures);
}

void
sc_outcome_print_refusal(const struct sc_options *options, enum sc_exit_status status,
    const char *cause)
{
	struct sc_summary summary = {
		.status = (int)status,
		.source = options->source,
		.dest = options->dest,
		.error = cause[0] == '\0' ? "SOURCE cannot be read" : cause,
	};

	if (options->json)
		print_json(&summary);
}

void
sc_outcome_print(const struct sc_outcome *outcome, const char *digest)
{
	double size = (double)outcome->plan->size_bytes;
	double elapsed_s = sc_outcome_elapsed_s(outcome);
	char source[SC_ERROR_TEXT_BYTES];
	char size_text[SC_UNIT_TEXT_BYTES];
	char duration[SC_UNIT_TEXT_BYTES];
	char each[SC_UNIT_TEXT_BYTES];
	char all[SC_UNIT_TEXT_BYTES];
	char *libraries;
	char had[64] = "";
	char more[64] = "";

	if (outcome->copies + outcome->already == 0)
		sc_log(SC_LOG_WARNING,
		    "DEST is SOURCE itself, and there is no other node: "
		    "nothing was to be done");
	if (outcome->options->json) {
		print_summary(outcome, digest);
		return;
	}
	if (outcome->options->quiet || outcome->tally.committed + outcome->already == 0)
		return;
	if (outcome->already > 0)
		snprintf(had, sizeof(had), " (%u had it already)", outcome->already);
	if (outcome->options->source_count > 1)
		snprintf(more, sizeof(more), " and %zu more", outcome->options->source_count - 1);
	if (digest[0] != '\0')
		printf("%s  %s%s\n", digest,
		    sc_printable(outcome->options->source, source, sizeof(source)), more);
	libraries = library_path(outcome);
	if (libraries != NULL)
		printf("LD_LIBRARY_PATH=%s\n", libraries);
	free(libraries);
	if (elapsed_s <= 0)
		elapsed_s = 1e-9;
	printf("staged %s to %u/%u nodes%s in %s (%s a node, %s in all)\n",
	    sc_format_size(size, size_text), outcome->tally.committed + outcome->already,
	    outcome->copies + outcome->already, had, sc_format_duration(elapsed_s, duration),
	    sc_format_rate(size / elapsed_s, each),
	    sc_format_rate(size * outcome->tally.committed / elapsed_s, all));
	fflush(stdout);
}

/* Each host that doesn't have the file, once, after a word; without a file they are only
 * counted.  Their number, or -1. */
static int
write_hosts(const struct sc_outcome *outcome, FILE *file, const char *word)
{
	const char *last = "";
	int count = 0;

	for (uint32_t i = 0; i <= outcome->plan->recipients; i++) {
		const char *host = sc_job_host(outcome->job, i);

		/* Ranks of one host usually follow each other: it is named once. */
		if (!lacks_copy(outcome, i) || strcmp(last, host) == 0)
			continue;
		last = host;
		count++;
		if (file != NULL && fprintf(file, "%s%s\n", word, host) < 0)
			return -1;
	}
	return count;
}

static int
write_failed(const void *context, FILE *file)
{
	return write_hosts(context, file, "") < 0 ? -1 : 0;
}

static int
write_status(const void *context, FILE *file)
{
	const struct sc_outcome *outcome = context;

	if (fprintf(file, "status=%d staged=%u/%u\n", (int)sc_outcome_status(outcome),
		outcome->tally.committed + outcome->already,
		outcome->copies + outcome->already) < 0)
		return -1;
	return write_hosts(outcome, file, "failed ") < 0 ? -1 : 0;
}

static int
write_refusal(const void *context, FILE *file)
{
	const enum sc_exit_status *status = context;

	return fprintf(file, "status=%d staged=0/0\n", (int)*status) < 0 ? -1 : 0;
}

/* Write a file that appears whole: a script that finds it takes it for that. */
static int
write_whole(const char *path, int (*write)(const void *context, FILE *), const void *context,
    struct sc_error *err)
{
	struct sc_error cause = {.text = "no memory"};
	char *text = NULL;
	size_t length = 0;
	FILE *file = open_memstream(&text, &length);
	int rc = -1;

	if (file != NULL) {
		rc = write(context, file);
		if (fclose(file) != 0)
			rc = -1;
	}
	if (rc == 0)
		rc = sc_put_file(path, text, length, &cause);
	free(text);
	return rc == 0 ? 0 : sc_fail(err, 0, "%s: %s", path, cause.text);
}

/* The lines of a file; -1 if it can't be read. */
static int
count_lines(const char *path)
{
	FILE *file = fopen(path, "r");
	int lines = 0;
	int byte;

	if (file == NULL)
		return -1;
	while ((byte = getc(file)) != EOF)
		lines += byte == '\n';
	if (ferror(file))
		lines = -1;
	(void)fclose(file);
	return lines;
}

bool
sc_outcome_is_told(const struct sc_outcome *outcome)
{
	const struct sc_options *options = outcome->options;
	int listed = -1;

	/* The first line of a record is no host. */
	if (options->status_file != NULL)
		listed = count_lines(options->status_file) - 1;
	else if (options->failed_hosts != NULL)
		listed = count_lines(options->failed_hosts);
	return listed >= 0 && listed <= write_hosts(outcome, NULL, "");
}

bool
sc_outcome_is_known(const struct sc_outcome *outcome)
{
	return outcome->ended_ns != 0 || outcome->aborted;
}

int
sc_outcome_write_failed_hosts(const struct sc_outcome *outcome, struct sc_error *err)
{
	return write_whole(outcome->options->failed_hosts, write_failed, outcome, err);
}

int
sc_outcome_write_status(const struct sc_outcome *outcome, struct sc_error *err)
{
	return write_whole(outcome->options->status_file, write_status, outcome, err);
}

int
sc_outcome_write_refusal(const char *path, enum sc_exit_status status, struct sc_error *err)
{
	return write_whole(path, write_refusal, &status, err);
}
