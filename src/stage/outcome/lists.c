/*
 * The lists of nodes without the file: see lists.h.
 */
#include "stage/outcome/lists.h"

#include "beneath/put.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Write each host that doesn't have the file, after a word; without a file they are only counted.
 * Returns their number, or -1. */
static int
write_hosts(const struct sc_outcome *outcome, FILE *file, const char *word)
{
	const char *last = "";
	int count = 0;

	for (uint32_t i = 0; i <= outcome->job->plan.recipients; i++) {
		const char *host = sc_job_host(outcome->job, i);

		/* Ranks of one host usually follow each other: it is named once. */
		if (!sc_outcome_lacks_copy(outcome, i) || strcmp(last, host) == 0)
			continue;
		last = host;
		count++;
		if (file != NULL && fprintf(file, "%s%s\n", word, host) < 0)
			return -1;
	}
	return count;
}

static int
write_failed_hosts(const void *context, FILE *file)
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

/* Write a file that appears whole: a script that finds it expects that. */
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
sc_lists_are_written(const struct sc_outcome *outcome)
{
	const struct sc_options *options = outcome->job->options;
	int listed = -1;

	/* The first line of a status file is no host. */
	if (options->status_file != NULL)
		listed = count_lines(options->status_file) - 1;
	else if (options->failed_hosts != NULL)
		listed = count_lines(options->failed_hosts);
	return listed >= 0 && listed <= write_hosts(outcome, NULL, "");
}

int
sc_lists_write_failed_hosts(const struct sc_outcome *outcome, struct sc_error *err)
{
	return write_whole(outcome->job->options->failed_hosts, write_failed_hosts, outcome, err);
}

int
sc_lists_write_status(const struct sc_outcome *outcome, struct sc_error *err)
{
	return write_whole(outcome->job->options->status_file, write_status, outcome, err);
}

int
sc_lists_write_refusal(const char *path, enum sc_exit_status status, struct sc_error *err)
{
	return write_whole(path, write_refusal, &status, err);
}
