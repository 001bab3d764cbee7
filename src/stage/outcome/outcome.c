/*
 * The outcome: see outcome.h.
 */
#define _XOPEN_SOURCE 700 /* PATH_MAX */

#include "stage/outcome/outcome.h"

#include "base/log.h"
#include "base/units.h"
#include "stage/outcome/summary.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
sc_outcome_init(struct sc_outcome *outcome, const struct sc_job *job, uint64_t started_ns)
{
	*outcome = (struct sc_outcome){
		.job = job,
		.started_ns = started_ns,
		.copies = job->plan.recipients + (job->facts.origin_keeps_copy ? 1 : 0),
		.already = job->facts.complete_count,
		.node_count = job->plan.recipients + 1,
	};
	outcome->nodes = calloc(outcome->node_count, sizeof(*outcome->nodes));
	sc_progress_init(&outcome->progress, job->options->progress, job->options->quiet,
	    started_ns, outcome->copies);
	return outcome->nodes == NULL ? -1 : 0;
}

void
sc_outcome_free(struct sc_outcome *outcome)
{
	for (uint32_t i = 0; outcome->nodes != NULL && i < outcome->node_count; i++)
		free(outcome->nodes[i].cause);
	free(outcome->nodes);
	outcome->nodes = NULL;
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

/* The first cause is why the node has no copy; later ones may follow from it. */
static void
note_failed(struct sc_outcome *outcome, uint32_t node, const char *cause, uint64_t now_ns)
{
	struct sc_outcome_node *failed = &outcome->nodes[node];

	if (failed->failed)
		return;
	failed->failed = true;
	failed->failed_ns = now_ns;
	failed->cause = strdup(cause);
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
sc_outcome_report(struct sc_outcome *outcome, const struct sc_action *action, const char *text,
    uint64_t now_ns)
{
	if (action->report != SC_REPORT_PROGRESS)
		sc_progress_erase(&outcome->progress);
	switch (action->report) {
	case SC_REPORT_PROGRESS:
		sc_progress_show(&outcome->progress, &outcome->job->plan, &action->tally, now_ns);
		break;
	case SC_REPORT_COPY_FAILED:
		note_failed(outcome, action->peer, text, now_ns);
		break;
	case SC_REPORT_NODE_LOST:
		note_failed(outcome, action->peer, text, now_ns);
		outcome->nodes[action->peer].lost = true;
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

bool
sc_outcome_is_known(const struct sc_outcome *outcome)
{
	return outcome->ended_ns != 0 || outcome->aborted;
}

bool
sc_outcome_lacks_copy(const struct sc_outcome *outcome, uint32_t node)
{
	if (node == SC_ORIGIN && outcome->copies == outcome->job->plan.recipients)
		return false;
	return outcome->tally.committed == 0 || outcome->nodes[node].failed;
}

/* The LD_LIBRARY_PATH for a program that was sent with its libraries, to be freed; NULL if there are
 * none.  With a DEST that differs from node to node it is that of this one. */
static char *
library_path(const struct sc_outcome *outcome)
{
	const char *dest = outcome->job->dest;
	char here[PATH_MAX] = "";
	size_t capacity;
	char *path;

	if (!outcome->job->options->send_libs || dest == NULL)
		return NULL;
	if (dest[0] != '/' && getcwd(here, sizeof(here)) == NULL)
		return NULL;
	capacity = strlen(here) + strlen(dest) + 2;
	path = malloc(capacity);
	if (path != NULL)
		snprintf(path, capacity, "%s%s%s", here, here[0] == '\0' ? "" : "/", dest);
	return path;
}

static uint32_t
list_failures(const struct sc_outcome *outcome, struct sc_summary_failure *failures)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < outcome->node_count; i++) {
		const struct sc_outcome_node *node = &outcome->nodes[i];

		if (!sc_outcome_lacks_copy(outcome, i))
			continue;
		failures[count++] = (struct sc_summary_failure){
			.host = sc_job_host(outcome->job, i),
			.rank = outcome->job->census.ranks[i],
			.lost = node->lost,
			.cause = node->cause,
			.seconds = node->failed
			    ? (double)(node->failed_ns - outcome->started_ns) * 1e-9
			    : -1,
		};
	}
	return count;
}

/* The summary, but for what has to be freed. */
static struct sc_summary
summarize(const struct sc_outcome *outcome, const char *digest)
{
	const struct sc_job *job = outcome->job;

	return (struct sc_summary){
		.status = (int)sc_outcome_status(outcome),
		.source = outcome->job->options->source,
		.more_sources = outcome->job->options->source_count - 1,
		.dest = outcome->job->options->dest,
		.error = outcome->aborted ? outcome->abort_cause : NULL,
		.begun = true,
		.bytes = outcome->job->plan.size_bytes,
		.wanted = outcome->copies + outcome->already,
		.staged = outcome->tally.committed + outcome->already,
		.already = outcome->already,
		.seconds = outcome->ended_ns == 0 ? -1 : sc_outcome_elapsed_s(outcome),
		.digest = digest,
		.leader_host = sc_job_host(job, job->self),
		.leader_rank = job->census.ranks[job->self],
		.taken_over = job->self != SC_ORIGIN,
	};
}

static void
print_json(const struct sc_outcome *outcome, struct sc_summary *summary)
{
	struct sc_summary_failure *failures = calloc(outcome->node_count, sizeof(*failures));
	char signal[32];

	if (failures == NULL) {
		sc_log(SC_LOG_ERROR, "no memory for the summary");
		return;
	}
	if (outcome->stopped_by != 0) {
		snprintf(signal, sizeof(signal), "ended by signal %d", outcome->stopped_by);
		summary->error = signal;
		if (summary->status == SC_EXIT_COMPLETE)
			summary->status = SC_EXIT_NOTHING;
	}
	summary->failures = failures;
	summary->failure_count = list_failures(outcome, failures);
	sc_summary_print_json(summary);
	free(failures);
}

void
sc_outcome_print(const struct sc_outcome *outcome, const char *digest)
{
	struct sc_summary summary = summarize(outcome, digest);
	char *libraries = library_path(outcome);

	summary.library_path = libraries;
	if (summary.wanted == 0)
		sc_log(SC_LOG_WARNING,
		    "DEST is SOURCE itself, and there is no other node: "
		    "nothing was to be done");
	if (outcome->job->options->json)
		print_json(outcome, &summary);
	else if (!outcome->job->options->quiet && summary.staged > 0)
		sc_summary_print_text(&summary);
	free(libraries);
}

void
sc_outcome_print_refusal(const struct sc_options *options, enum sc_exit_status status,
    const char *cause)
{
	const struct sc_summary summary = {
		.status = (int)status,
		.source = options->source,
		.dest = options->dest,
		.error = cause[0] == '\0' ? "SOURCE cannot be read" : cause,
	};

	if (options->json)
		sc_summary_print_json(&summary);
}
