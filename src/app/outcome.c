/*
 * The outcome: see outcome.h.
 */
#include "app/outcome.h"

#include "base/log.h"
#include "base/units.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
sc_outcome_init(struct sc_outcome *outcome, const struct sc_options *options,
    const struct sc_plan *plan, const struct sc_census *census,
    const struct sc_census_entry *entries, bool origin_keeps_copy, uint64_t started_ns)
{
	*outcome = (struct sc_outcome){
		.options = options,
		.plan = plan,
		.census = census,
		.entries = entries,
		.started_ns = started_ns,
		.copies = plan->recipients + (origin_keeps_copy ? 1 : 0),
	};
	outcome->failed = calloc(plan->recipients + 1, sizeof(*outcome->failed));
	sc_progress_init(&outcome->progress, options->progress, options->quiet, started_ns,
	    outcome->copies);
	return outcome->failed == NULL ? -1 : 0;
}

void
sc_outcome_free(struct sc_outcome *outcome)
{
	free(outcome->failed);
	outcome->failed = NULL;
}

static const char *
host_of(const struct sc_outcome *outcome, uint32_t node)
{
	return outcome->entries[outcome->census->ranks[node]].host;
}

static void
say_failed(struct sc_outcome *outcome, uint32_t node, const char *cause, uint64_t now_ns)
{
	char after[SC_UNIT_TEXT_BYTES];
	char host[SC_HOST_BYTES];

	sc_log(SC_LOG_ERROR, "%s (rank %u): %s (after %s)",
	    sc_printable(host_of(outcome, node), host, sizeof(host)), outcome->census->ranks[node],
	    cause, sc_format_duration((double)(now_ns - outcome->started_ns) * 1e-9, after));
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
		outcome->failed[action->peer] = true;
		say_failed(outcome, action->peer, text, now_ns);
		break;
	case SC_REPORT_ABORTED:
		outcome->aborted = true;
		if (action->peer != SC_NONE && action->peer <= outcome->plan->recipients)
			say_failed(outcome, action->peer, text, now_ns);
		else
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
	return outcome->tally.committed == 0 ? SC_EXIT_NOTHING : SC_EXIT_PARTIAL;
}

double
sc_outcome_elapsed_s(const struct sc_outcome *outcome)
{
	return (double)(outcome->ended_ns - outcome->started_ns) * 1e-9;
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

	if (outcome->copies == 0)
		sc_log(SC_LOG_WARNING,
		    "DEST is SOURCE itself, and there is no other node: "
		    "nothing was to be done");
	if (outcome->options->quiet || outcome->tally.committed == 0)
		return;
	if (digest[0] != '\0')
		printf("%s  %s\n", digest,
		    sc_printable(outcome->options->source, source, sizeof(source)));
	if (elapsed_s <= 0)
		elapsed_s = 1e-9;
	printf("staged %s to %u/%u nodes in %s (%s a node, %s in all)\n",
	    sc_format_size(size, size_text), outcome->tally.committed, outcome->copies,
	    sc_format_duration(elapsed_s, duration), sc_format_rate(size / elapsed_s, each),
	    sc_format_rate(size * outcome->tally.committed / elapsed_s, all));
	fflush(stdout);
}

static int
write_hosts(const struct sc_outcome *outcome, FILE *file)
{
	bool everybody = outcome->tally.committed == 0;
	const char *last = "";

	for (uint32_t i = 0; i <= outcome->plan->recipients; i++) {
		bool counts = i > 0 || outcome->copies > outcome->plan->recipients;

		/* Ranks of one host usually follow each other: it is named once. */
		if (!counts || !(everybody || outcome->failed[i]) ||
		    strcmp(last, host_of(outcome, i)) == 0)
			continue;
		last = host_of(outcome, i);
		if (fprintf(file, "%s\n", last) < 0)
			return -1;
	}
	return 0;
}

int
sc_outcome_write_failed_hosts(const struct sc_outcome *outcome, struct sc_error *err)
{
	const char *path = outcome->options->failed_hosts;
	size_t capacity = strlen(path) + sizeof(".part");
	char *part = malloc(capacity);
	FILE *file = NULL;
	int rc = -1;

	if (part == NULL)
		return sc_fail(err, ENOMEM, "%s", path);
	/* A script that finds the list takes it for whole: so it appears whole. */
	snprintf(part, capacity, "%s.part", path);
	file = fopen(part, "w");
	if (file == NULL)
		goto out;
	rc = write_hosts(outcome, file);
	if (fclose(file) != 0)
		rc = -1;
	if (rc == 0)
		rc = rename(part, path);
out:
	if (rc != 0) {
		(void)sc_fail(err, errno, "%s", path);
		if (file != NULL)
			(void)unlink(part);
	}
	free(part);
	return rc;
}
