/*
 * The lists of nodes without the file: see lists.h.
 */
#include "stage/outcome/lists.h"

#include "beneath/put.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A text in memory.  Its file is NULL without memory, which close_text finds out. */
struct text {
	FILE *file;
	char *bytes;
	size_t length;
};

static void
open_text(struct text *text)
{
	*text = (struct text){0};
	text->file = open_memstream(&text->bytes, &text->length);
}

/* Write the text to a file that appears whole, as a script that finds it expects. */
static int
close_text(struct text *text, const char *path, struct sc_error *err)
{
	struct sc_error cause = {.text = "no memory"};
	bool failed = text->file == NULL || ferror(text->file) != 0;

	if (text->file != NULL && fclose(text->file) != 0)
		failed = true;
	if (!failed)
		failed = sc_put_file(path, text->bytes, text->length, &cause) != 0;
	free(text->bytes);
	return failed ? sc_fail(err, 0, "%s: %s", path, cause.text) : 0;
}

/* Write each host that doesn't have the file, after a word.  Without a file they are only counted.
 * Returns their number. */
static int
write_hosts(const struct sc_outcome *outcome, FILE *file, const char *word)
{
	const char *last = "";
	int count = 0;

	for (uint32_t i = 0; i < outcome->node_count; i++) {
		const char *host = sc_job_host(outcome->job, i);

		/* Ranks of one host usually follow each other: it is named once. */
		if (!sc_outcome_lacks_copy(outcome, i) || strcmp(last, host) == 0)
			continue;
		last = host;
		count++;
		if (file != NULL)
			fprintf(file, "%s%s\n", word, host);
	}
	return count;
}

int
sc_lists_write_failed_hosts(const struct sc_outcome *outcome, struct sc_error *err)
{
	struct text text;

	open_text(&text);
	(void)write_hosts(outcome, text.file, "");
	return close_text(&text, outcome->job->options->failed_hosts, err);
}

int
sc_lists_write_status(const struct sc_outcome *outcome, struct sc_error *err)
{
	struct text text;

	open_text(&text);
	if (text.file != NULL)
		fprintf(text.file, "status=%d staged=%u/%u\n", (int)sc_outcome_status(outcome),
		    outcome->tally.committed + outcome->already,
		    outcome->copies + outcome->already);
	(void)write_hosts(outcome, text.file, "failed ");
	return close_text(&text, outcome->job->options->status_file, err);
}

int
sc_lists_write_refusal(const char *path, enum sc_exit_status status, struct sc_error *err)
{
	struct text text;

	open_text(&text);
	if (text.file != NULL)
		fprintf(text.file, "status=%d staged=0/0\n", (int)status);
	return close_text(&text, path, err);
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
