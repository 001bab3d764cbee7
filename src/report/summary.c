/*
 * The summary of a run in words: see summary.h.
 */
#include "report/summary.h"

#include "base/units.h"
#include "report/sentences.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

/* Lines of the summary are broken after this column. */
enum { COLUMNS = 96 };

/* Failures and nodes without a copy that are listed. */
enum { LISTED_MAX = 20 };

/* The slowest nodes that are listed. */
enum { SLOWEST_LISTED = 3 };

/* Those that were too slow to relay. */
enum { TORPID_LISTED = 3 };

/* "why         its first ...", broken between words, indented. */
__attribute__((format(printf, 3, 4))) static void
print_line(FILE *out, const char *label, const char *format, ...)
{
	struct sc_sentence line;
	const char *text = line.text;
	size_t column = 12;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line.text, sizeof(line.text), format, arguments);
	va_end(arguments);
	fprintf(out, "%-12s", label);
	while (*text != '\0') {
		size_t word = strcspn(text, " ");

		if (column > 12 && column + 1 + word > COLUMNS) {
			fprintf(out, "\n%12s", "");
			column = 12;
		} else if (column > 12) {
			fputc(' ', out);
			column++;
		}
		fprintf(out, "%.*s", (int)word, text);
		column += word;
		text += word;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

/* "2026-11-25 03:06:52 UTC", or "". */
static void
format_date(double unix_s, char *out, size_t capacity)
{
	time_t seconds = (time_t)unix_s;
	struct tm parts;

	if (gmtime_r(&seconds, &parts) == NULL ||
	    strftime(out, capacity, "%Y-%m-%d %H:%M:%S UTC", &parts) == 0)
		out[0] = '\0';
}

static void
print_command(FILE *out, const struct sc_past_run *run)
{
	struct sc_sentence line = {""};
	char word[SC_ERROR_TEXT_BYTES];
	size_t used = 0;

	for (size_t i = 0; i < run->argc; i++) {
		const char *space = i > 0 ? " " : "";

		sc_printable(run->argv[i], word, sizeof(word));
		if (used + strlen(word) + 8 > sizeof(line.text)) {
			snprintf(line.text + used, sizeof(line.text) - used, "%s...", space);
			break;
		}
		used += (size_t)snprintf(line.text + used, sizeof(line.text) - used, "%s%s", space,
		    word);
	}
	if (run->argc > 0)
		print_line(out, "command", "%s", line.text);
}

static void
print_run(FILE *out, const struct sc_past_run *run)
{
	char name[SC_ERROR_TEXT_BYTES], date[64];

	sc_printable(sc_source_name(run), name, sizeof(name));
	fprintf(out, "%-12s%s%s%s to %" PRIu32 " node%s, %sby stagecast %s\n", "staged", name,
	    name[0] == '\0' ? "" : ", ", sc_size((double)run->size_bytes).text, run->recipients,
	    sc_plural(run->recipients), sc_is_simulated(run) ? "simulated " : "",
	    run->program_version);
	if (!isnan(run->started_unix_s) && run->started_unix_s > 0) {
		format_date(run->started_unix_s, date, sizeof(date));
		print_line(out, "started", "%s", date);
	} else if (!sc_is_simulated(run)) {
		print_line(out, "started", "the file does not tell when");
	}
	print_command(out, run);
}

static void
print_plan(FILE *out, const struct sc_past_run *run)
{
	print_line(out, "plan",
	    "k=%" PRIu32 " m=%" PRIu64 " b=%" PRIu64 ": %" PRIu64 " group%s in %" PRIu64
	    " tree%s%s; %" PRIu64 " chunks of %s, window %" PRIu64 ", %" PRIu64 " slots",
	    run->subfiles, run->tree_groups, run->branching, run->groups, sc_plural(run->groups),
	    run->trees, sc_plural(run->trees), run->store_and_forward ? ", store and forward" : "",
	    run->chunks, sc_size((double)run->chunk_bytes).text, run->window, run->slots);
}

static void
print_outcome(FILE *out, const struct sc_statistics *statistics)
{
	const struct sc_past_run *run = statistics->run;
	char each[SC_UNIT_TEXT_BYTES], all[SC_UNIT_TEXT_BYTES], name[64];
	double rate = (double)run->size_bytes / run->elapsed_s;

	fprintf(out, "%-12s%s: %u of %u nodes have the file (exit status %" PRIu64 ")", "outcome",
	    run->outcome[0] == '\0' ? "not told" : sc_printable(run->outcome, name, sizeof(name)),
	    statistics->copies, statistics->copies_wanted, run->exit_status);
	if (run->had_it_before > 0)
		fprintf(out, "; %" PRIu64 " more had it before", run->had_it_before);
	fputc('\n', out);
	if (statistics->copies == 0)
		return;
	if (!(run->elapsed_s > 0)) {
		print_line(out, "time", "the file does not tell how long it took");
		return;
	}
	fprintf(out, "%-12s%s to the last copy", "time", sc_duration(run->elapsed_s).text);
	if (run->predicted_s > 0)
		fprintf(out, ", %.2f times the %s that were predicted",
		    run->elapsed_s / run->predicted_s, sc_duration(run->predicted_s).text);
	fprintf(out, "\n%-12s%s a node, %s in all\n", "rate", sc_format_rate(rate, each),
	    sc_format_rate(rate * statistics->copies, all));
}

static void
print_times(FILE *out, const struct sc_statistics *statistics)
{
	if (isnan(statistics->first_s))
		return;
	fprintf(out, "%-12sfirst %s, median %s, p99 %s, last %s\n", "nodes",
	    sc_duration(statistics->first_s).text, sc_duration(statistics->median_s).text,
	    sc_duration(statistics->p99_s).text, sc_duration(statistics->last_s).text);
}

/* What the nodes waited for, as far as that is told. */
static void
print_stalls(FILE *out, const struct sc_diagnosis *diagnosis)
{
	const struct sc_past_run *run = diagnosis->run;
	const struct sc_statistics *statistics = diagnosis->statistics;
	struct sc_sentence pace = sc_pace_sentence(diagnosis);

	if (run->recipients == 0 || statistics->copies == 0)
		return;
	if (run->has_stalls)
		print_line(out, "stalls",
		    "a node waited %s for the network and %s for its storage (medians)",
		    sc_duration(statistics->usual_network_stall_s).text,
		    sc_duration(statistics->usual_storage_stall_s).text);
	else
		print_line(out, "stalls", "not told by %s",
		    sc_is_simulated(run) ? "a simulation" : "the file");
	if (pace.text[0] != '\0')
		print_line(out, "pace", "%s", pace.text);
}

static void
print_slowest_node(FILE *out, const struct sc_diagnosis *diagnosis)
{
	struct sc_sentence name, brake = sc_brake_sentence(diagnosis);

	if (diagnosis->slowest == SC_NONE)
		return;
	name = sc_node_name(diagnosis->run, diagnosis->slowest);
	if (diagnosis->reason == SC_REASON_NONE)
		print_line(out, "last", "%s", name.text);
	else
		print_line(out, "slowest", "%s, %s after the first quarter of the nodes", name.text,
		    sc_duration(diagnosis->late_s).text);
	print_line(out, "why", "%s", sc_reason_sentence(diagnosis).text);
	if (brake.text[0] != '\0')
		print_line(out, "held up", "%s", brake.text);
}

/* What an earlier run had left. */
static void
print_resumed(FILE *out, const struct sc_past_run *run)
{
	double bytes = 0;
	uint32_t nodes = 0;

	for (uint32_t i = 0; i <= run->recipients; i++) {
		bytes += (double)run->nodes[i].chunks_resumed * (double)run->chunk_bytes;
		nodes += run->nodes[i].chunks_resumed > 0;
	}
	if (nodes == 0)
		return;
	bytes = fmin(bytes, (double)run->size_bytes * nodes);
	print_line(out, "resumed", "%" PRIu32 " node%s had %s%s that an earlier run had left",
	    nodes, sc_plural(nodes), sc_size(bytes).text, nodes == 1 ? "" : " in all");
}

/* Nodes that were too slow to relay, the first ones of them. */
static void
print_torpid(FILE *out, const struct sc_past_run *run)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i <= run->recipients; i++) {
		if (isnan(run->nodes[i].torpid_s) || ++count > TORPID_LISTED)
			continue;
		print_line(out, "relieved",
		    "%s, much slower than others, had to pass on nothing more after %s",
		    sc_node_name(run, i).text, sc_duration(run->nodes[i].torpid_s).text);
	}
	if (count > TORPID_LISTED)
		print_line(out, "", "and %" PRIu32 " more", count - TORPID_LISTED);
}

/* What went wrong on the way and was made good. */
static void
print_repairs(FILE *out, const struct sc_past_run *run)
{
	struct sc_sentence takeover = sc_takeover_sentence(run);

	print_resumed(out, run);
	if (takeover.text[0] != '\0')
		print_line(out, "takeover", "%s", takeover.text);
	print_torpid(out, run);
	if (run->chunks_damaged > 0)
		print_line(out, "damaged",
		    "%" PRIu64 " chunk%s did not pass the checksum on arrival, and %s dropped",
		    run->chunks_damaged, sc_plural(run->chunks_damaged),
		    run->chunks_damaged == 1 ? "was" : "were");
}

/* What a reader would miss otherwise. */
static void
print_missing(FILE *out, const struct sc_past_run *run)
{
	if (!run->has_events)
		print_line(out, "missing",
		    "the events: no marks on the way, and less to say of why");
	if (!run->has_edges)
		print_line(out, "missing",
		    "the plan's edges: no node can be traced to its suppliers");
	if (run->events_dropped > 0)
		print_line(out, "missing", "%" PRIu64 " events, which the nodes did not keep",
		    run->events_dropped);
}

static struct sc_sentence
number(uint32_t value)
{
	return value == SC_NONE ? sc_sentence("-") : sc_sentence("%u", value);
}

/* The slowest nodes; moments are columns of seconds. */
static void
print_table(FILE *out, const struct sc_statistics *statistics)
{
	const struct sc_past_run *run = statistics->run;
	const int decimals = run->elapsed_s < 1 ? 5 : 3;

	if (statistics->copies == 0)
		return;
	fprintf(out, "\n%6s %-15s %6s %6s %6s %11s %11s %11s %11s", "node", "slowest", "tree",
	    "group", "depth", "first [s]", "last [s]", "stored [s]", "copy [s]");
	if (run->has_stalls)
		fprintf(out, " %11s %11s", "network [s]", "storage [s]");
	fputc('\n', out);
	for (uint32_t i = 0; i < statistics->copies && i < SLOWEST_LISTED; i++) {
		const struct sc_past_node *node = &run->nodes[statistics->slowest_first[i]];
		const double times_s[] = {node->first_chunk_s, node->last_chunk_s, node->stored_s,
			node->committed_s, node->network_stall_s, node->storage_stall_s};
		char host[SC_HOST_BYTES];

		fprintf(out, "%6u %-15s %6s %6s %6s", statistics->slowest_first[i],
		    sc_printable(node->host, host, sizeof(host)), number(node->tree).text,
		    number(node->group).text, number(node->depth).text);
		for (size_t j = 0; j < (run->has_stalls ? 6 : 4); j++) {
			if (isnan(times_s[j]))
				fprintf(out, " %11s", "-");
			else
				fprintf(out, " %11.*f", decimals, times_s[j]);
		}
		fputc('\n', out);
	}
}

static void
print_lost(FILE *out, const struct sc_statistics *statistics)
{
	if (statistics->lost_count == 0)
		return;
	fputs("\nlost\n", out);
	for (uint32_t i = 0; i < statistics->lost_count && i < LISTED_MAX; i++)
		fprintf(out, "  %s: %s\n", sc_node_name(statistics->run, statistics->lost[i]).text,
		    sc_lost_sentence(statistics->run, statistics->lost[i]).text);
	if (statistics->lost_count > LISTED_MAX)
		fprintf(out, "  and %u more\n", statistics->lost_count - LISTED_MAX);
}

/* Those that are there, but have no copy. */
static void
print_without(FILE *out, const struct sc_statistics *statistics)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < statistics->without_count; i++) {
		uint32_t number = statistics->without[i];
		const struct sc_past_node *node = &statistics->run->nodes[number];

		if (sc_is_lost(node) || ++count > LISTED_MAX)
			continue;
		if (count == 1)
			fputs("\nwithout the file\n", out);
		fprintf(out, "  %s: %s", sc_node_name(statistics->run, number).text,
		    sc_cause(node).text);
		if (!isnan(node->failed_s))
			fprintf(out, " (after %s)", sc_duration(node->failed_s).text);
		fputc('\n', out);
	}
	if (count > LISTED_MAX)
		fprintf(out, "  and %u more\n", count - LISTED_MAX);
}

void
sc_summary_print(FILE *out, const struct sc_diagnosis *diagnosis)
{
	const struct sc_statistics *statistics = diagnosis->statistics;

	print_run(out, diagnosis->run);
	print_plan(out, diagnosis->run);
	print_outcome(out, statistics);
	print_times(out, statistics);
	print_stalls(out, diagnosis);
	print_slowest_node(out, diagnosis);
	print_repairs(out, diagnosis->run);
	print_missing(out, diagnosis->run);
	print_table(out, statistics);
	print_lost(out, statistics);
	print_without(out, statistics);
}
