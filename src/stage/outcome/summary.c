/*
 * The summary: see summary.h.
 */
#include "stage/outcome/summary.h"

#include "base/error.h"
#include "base/log.h"
#include "base/units.h"
#include "base/utf8.h"
#include "config.h"
#include "stage/outcome/status.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* Digits of times and rates: more are not measured. */
enum { DIGITS = 6 };

/* NULL becomes null.  Returns NULL without memory, which makes the object around it fail. */
static json_t *
text_or_null(const char *text)
{
	char *clean;
	json_t *json;

	if (text == NULL)
		return json_null();
	clean = sc_utf8_clean(text);
	json = clean == NULL ? NULL : json_string(clean);
	free(clean);
	return json;
}

static json_t *
seconds_or_null(double seconds)
{
	return seconds < 0 ? json_null() : json_real(seconds);
}

static json_t *
list_failures(const struct sc_summary *summary)
{
	json_t *list = json_array();

	for (uint32_t i = 0; list != NULL && i < summary->failure_count; i++) {
		const struct sc_summary_failure *failure = &summary->failures[i];
		json_t *one =
		    json_pack("{s:o, s:I, s:b, s:o, s:o}", "host", text_or_null(failure->host),
			"rank", (json_int_t)failure->rank, "lost", failure->lost, "cause",
			text_or_null(failure->cause == NULL ? summary->error : failure->cause),
			"seconds", seconds_or_null(failure->seconds));

		if (json_array_append_new(list, one) != 0) {
			json_decref(list);
			list = NULL;
		}
	}
	return list;
}

/* Copies that were there before were not sent, and don't count. */
static json_t *
rates(const struct sc_summary *summary)
{
	uint32_t sent = summary->staged - summary->already;

	if (summary->seconds <= 0 || sent == 0)
		return json_null();
	return json_pack("{s:f, s:f}", "node", (double)summary->bytes / summary->seconds, "all",
	    (double)summary->bytes * sent / summary->seconds);
}

static json_t *
describe_run(const struct sc_summary *summary)
{
	const char *digest = summary->digest[0] == '\0' ? NULL : summary->digest;

	return json_pack("{s:I, s:{s:I, s:I, s:I}, s:o, s:o, s:o, s:o, s:{s:o, s:I, s:b}, s:o}",
	    "bytes", (json_int_t)summary->bytes, "nodes", "wanted", (json_int_t)summary->wanted,
	    "staged", (json_int_t)summary->staged, "already", (json_int_t)summary->already,
	    "seconds", seconds_or_null(summary->seconds), "bytes_per_s", rates(summary), "xxh3_128",
	    text_or_null(digest), "ld_library_path", text_or_null(summary->library_path), "leader",
	    "host", text_or_null(summary->leader_host), "rank", (json_int_t)summary->leader_rank,
	    "taken_over", summary->taken_over, "failed", list_failures(summary));
}

char *
sc_summary_json(const struct sc_summary *summary)
{
	const char *state = summary->status == SC_EXIT_COMPLETE ? "complete"
	    : summary->status == SC_EXIT_PARTIAL                ? "partial"
								: "nothing";
	json_t *whole = json_pack("{s:s, s:s, s:i, s:o, s:o, s:o}", "stagecast", PACKAGE_VERSION,
	    "state", state, "status", summary->status, "error", text_or_null(summary->error),
	    "source", text_or_null(summary->source), "dest", text_or_null(summary->dest));
	char *line = NULL;

	if (whole != NULL &&
	    (!summary->begun || json_object_update_new(whole, describe_run(summary)) == 0))
		line = json_dumps(whole, JSON_COMPACT | JSON_REAL_PRECISION(DIGITS));
	json_decref(whole);
	return line;
}

void
sc_summary_print_json(const struct sc_summary *summary)
{
	char *line = sc_summary_json(summary);

	if (line == NULL)
		sc_log(SC_LOG_ERROR, "no memory for the summary");
	else
		puts(line);
	fflush(stdout);
	free(line);
}

void
sc_summary_print_text(const struct sc_summary *summary)
{
	double size = (double)summary->bytes;
	double seconds = summary->seconds > 0 ? summary->seconds : 1e-9;
	char source[SC_ERROR_TEXT_BYTES];
	char size_text[SC_UNIT_TEXT_BYTES];
	char duration[SC_UNIT_TEXT_BYTES];
	char each[SC_UNIT_TEXT_BYTES];
	char all[SC_UNIT_TEXT_BYTES];
	char had[64] = "";
	char more[64] = "";

	if (summary->already > 0)
		snprintf(had, sizeof(had), " (%u had it already)", summary->already);
	if (summary->more_sources > 0)
		snprintf(more, sizeof(more), " and %zu more", summary->more_sources);
	if (summary->digest[0] != '\0')
		printf("%s  %s%s\n", summary->digest,
		    sc_printable(summary->source, source, sizeof(source)), more);
	if (summary->library_path != NULL)
		printf("LD_LIBRARY_PATH=%s\n", summary->library_path);
	printf("staged %s to %u/%u nodes%s in %s (%s a node, %s in all)\n",
	    sc_format_size(size, size_text), summary->staged, summary->wanted, had,
	    sc_format_duration(seconds, duration), sc_format_rate(size / seconds, each),
	    sc_format_rate(size * (summary->staged - summary->already) / seconds, all));
	fflush(stdout);
}
