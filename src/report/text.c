/*
 * The summary of a run in words: see report_text.h.
 */
#include "report/text.h"

#include "base/units.h"

#include <inttypes.h>
#include <math.h>
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

const char *
sc_report_source_name(const struct sc_past_run *run)
{
	const char *slash = strrchr(run->source, '/');
	const char *name = slash == NULL ? run->source : slash + 1;

	return name;
}

bool
sc_report_is_simulated(const struct sc_past_run *run)
{
	return strcmp(run->mpi_version, "simulated") == 0;
}

/* "why         its first ...", broken between words, indented. */
static void
print_line(FILE *out, const char *label, const char *text)
{
	size_t column = 12;

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
	char line[SC_REPORT_SENTENCE_BYTES] = "";
	char word[SC_ERROR_TEXT_BYTES];
	size_t used = 0;

	for (size_t i = 0; i < run->argc; i++) {
		size_t length;

		sc_printable(run->argv[i], word, sizeof(word));
		length = strlen(word);
		if (used + length + 8 > sizeof(line)) {
			snprintf(line + used, sizeof(line) - used, "%s...", i > 0 ? " " : "");
			break;
		}
		used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%s", i > 0 ? " " : "",
		    word);
	}
	if (run->argc > 0)
		print_line(out, "command", line);
}

static void
print_run(FILE *out, const struct sc_past_run *run)
{
	char name[SC_ERROR_TEXT_BYTES], size[SC_UNIT_TEXT_BYTES], date[64];
	char line[sizeof(name) + 128];

	sc_printable(sc_report_source_name(run), name, sizeof(name));
	snprintf(line, sizeof(line), "%s%s%s to %" PRIu32 " node%s%s%s", name,
	    name[0] == '\0' ? "" : ", ", sc_format_size((double)run->size_bytes, size),
	    run->recipients, run->recipients == 1 ? "" : "s",
	    sc_report_is_simulated(run) ? ", simulated by " : ", by ", "stagecast");
	fprintf(out, "%-12s%s %s\n", "staged", line, run->program_version);
	if (!isnan(run->started_unix_s) && run->started_unix_s > 0) {
		format_date(run->started_unix_s, date, sizeof(date));
		print_line(out, "started", date);
	} else if (!sc_report_is_simulated(run)) {
		print_line(out, "started", "the file does not tell when");
	}
	print_command(out, run);
}

static void
print_plan(FILE *out, const struct sc_past_run *run)
{
	char chunk[SC_UNIT_TEXT_BYTES];
	char line[256];

	snprintf(line, sizeof(line),
	    "k=%" PRIu32 " m=%" PRIu64 " b=%" PRIu64 ": %" PRIu64 " group%s in %" PRIu64
	    " tree%s%s; %" PRIu64 " chunks of %s, window %" PRIu64 ", %" PRIu64 " slots",
	    run->subfiles, run->tree_groups, run->branching, run->groups,
	    run->groups == 1 ? "" : "s", run->trees, run->trees == 1 ? "" : "s",
	    run->store_and_forward ? ", store and forward" : "", run->chunks,
	    sc_format_size((double)run->chunk_bytes, chunk), run->window, run->slots);
	print_line(out, "plan", line);
}

static void
print_outcome(FILE *out, const struct sc_report_facts *facts)
{
	const struct sc_past_run *run = facts->run;
	char elapsed[SC_UNIT_TEXT_BYTES], each[SC_UNIT_TEXT_BYTES], all[SC_UNIT_TEXT_BYTES];
	char name[64];
	double rate = (double)run->size_bytes / run->elapsed_s;

	fprintf(out, "%-12s%s: %u of %u nodes have the file (exit status %" PRIu64 ")", "outcome",
	    run->outcome[0] == '\0' ? "not told" : sc_printable(run->outcome, name, sizeof(name)),
	    facts->copies, facts->copies_wanted, run->exit_status);
	if (run->had_it_before > 0)
		fprintf(out, "; %" PRIu64 " more had it before", run->had_it_before);
	fputc('\n', out);
	if (facts->copies == 0)
		return;
	if (!(run->elapsed_s > 0)) {
		print_line(out, "time", "the file does not tell how long it took");
		return;
	}
	fprintf(out, "%-12s%s to the last copy", "time",
	    sc_report_duration(run->elapsed_s, elapsed));
	if (run->predicted_s > 0)
		fprintf(out, ", %.2f times the %s that were predicted",
		    run->elapsed_s / run->predicted_s,
		    sc_report_duration(run->predicted_s, elapsed));
	fprintf(out, "\n%-12s%s a node, %s in all\n", "rate", sc_format_rate(rate, each),
	    sc_format_rate(rate * facts->copies, all));
}

static void
print_times(FILE *out, const struct sc_report_facts *facts)
{
	char first[SC_UNIT_TEXT_BYTES], median[SC_UNIT_TEXT_BYTES];
	char p99[SC_UNIT_TEXT_BYTES], last[SC_UNIT_TEXT_BYTES];

	if (isnan(facts->first_s))
		return;
	fprintf(out, "%-12sfirst %s, median %s, p99 %s, last %s\n", "nodes",
	    sc_report_duration(facts->first_s, first), sc_report_duration(facts->median_s, median),
	    sc_report_duration(facts->p99_s, p99), sc_report_duration(facts->last_s, last));
}

/* What the nodes waited for, as far as that is told. */
static void
print_stalls(FILE *out, const struct sc_report_facts *facts, const struct sc_report_why *why)
{
	const struct sc_past_run *run = facts->run;
	char network[SC_UNIT_TEXT_BYTES], storage[SC_UNIT_TEXT_BYTES];
	char line[SC_REPORT_SENTENCE_BYTES];

	if (run->recipients == 0 || facts->copies == 0)
		return;
	if (run->has_stalls) {
		snprintf(line, sizeof(line),
		    "a node waited %s for the network and %s for its storage (medians)",
		    sc_report_duration(facts->usual_network_stall_s, network),
		    sc_report_duration(facts->usual_storage_stall_s, storage));
		print_line(out, "stalls", line);
	} else {
		print_line(out, "stalls",
		    sc_report_is_simulated(run) ? "not told by a simulation"
						: "not told by the file");
	}
	if (sc_report_pace_sentence(facts, why, line)[0] != '\0')
		print_line(out, "pace", line);
}

static void
print_why(FILE *out, const struct sc_report_facts *facts, const struct sc_report_why *why)
{
	char name[SC_REPORT_NAME_BYTES], late[SC_UNIT_TEXT_BYTES];
	char text[SC_REPORT_SENTENCE_BYTES];
	char line[sizeof(name) + 128];

	if (why->slowest == SC_NONE)
		return;
	sc_report_node_name(facts->run, why->slowest, name);
	if (why->reason == SC_REASON_NONE)
		snprintf(line, sizeof(line), "%s", name);
	else
		snprintf(line, sizeof(line), "%s, %s after the first quarter of the nodes", name,
		    sc_report_duration(why->late_s, late));
	print_line(out, why->reason == SC_REASON_NONE ? "last" : "slowest", line);
	print_line(out, "why", sc_report_why_sentence(facts, why, text));
	sc_report_brake_sentence(facts, why, text);
	if (text[0] != '\0')
		print_line(out, "held up", text);
}

/* What an earlier run had left. */
static void
print_resumed(FILE *out, const struct sc_past_run *run)
{
	char size[SC_UNIT_TEXT_BYTES], line[128];
	double bytes = 0;
	uint32_t nodes = 0;

	for (uint32_t i = 0; i <= run->recipients; i++) {
		bytes += (double)run->nodes[i].chunks_resumed * (double)run->chunk_bytes;
		nodes += run->nodes[i].chunks_resumed > 0;
	}
	if (nodes == 0)
		return;
	bytes = fmin(bytes, (double)run->size_bytes * nodes);
	snprintf(line, sizeof(line), "%" PRIu32 " node%s had %s%s that an earlier run had left",
	    nodes, nodes == 1 ? "" : "s", sc_format_size(bytes, size), nodes == 1 ? "" : " in all");
	print_line(out, "resumed", line);
}

/* Nodes that were too slow to relay, the first ones of them. */
static void
print_torpid(FILE *out, const struct sc_past_run *run)
{
	char name[SC_REPORT_NAME_BYTES], after[SC_UNIT_TEXT_BYTES];
	char line[sizeof(name) + 160];
	uint32_t count = 0;

	for (uint32_t i = 0; i <= run->recipients; i++) {
		if (isnan(run->nodes[i].torpid_s) || ++count > TORPID_LISTED)
			continue;
		snprintf(line, sizeof(line),
		    "%s, much slower than others, had to pass on nothing more after %s",
		    sc_report_node_name(run, i, name),
		    sc_report_duration(run->nodes[i].torpid_s, after));
		print_line(out, "relieved", line);
	}
	if (count > TORPID_LISTED) {
		snprintf(line, sizeof(line), "and %" PRIu32 " more", count - TORPID_LISTED);
		print_line(out, "", line);
	}
}

/* What went wrong on the way and was made good. */
static void
print_repairs(FILE *out, const struct sc_past_run *run)
{
	char line[SC_REPORT_SENTENCE_BYTES];

	print_resumed(out, run);
	if (sc_report_takeover_sentence(run, line)[0] != '\0')
		print_line(out, "takeover", line);
	print_torpid(out, run);
	if (run->chunks_damaged > 0) {
		snprintf(line, sizeof(line),
		    "%" PRIu64 " chunk%s did not pass the checksum on arrival, and %s dropped",
		    run->chunks_damaged, run->chunks_damaged == 1 ? "" : "s",
		    run->chunks_damaged == 1 ? "was" : "were");
		print_line(out, "damaged", line);
	}
}

/* What a reader would miss otherwise. */
static void
print_missing(FILE *out, const struct sc_past_run *run)
{
	char line[128];

	if (!run->has_events)
		print_line(out, "missing",
		    "the events: no marks on the way, and less to say of why");
	if (!run->has_edges)
		print_line(out, "missing",
		    "the plan's edges: no node can be traced to its suppliers");
	if (run->events_dropped > 0) {
		snprintf(line, sizeof(line), "%" PRIu64 " events, which the nodes did not keep",
		    run->events_dropped);
		print_line(out, "missing", line);
	}
}

/* A moment in a column of seconds. */
static void
print_cell(FILE *out, double time_s, int decimals)
{
	if (isnan(time_s))
		fprintf(out, " %11s", "-");
	else
		fprintf(out, " %11.*f", decimals, time_s);
}

static void
print_number(FILE *out, uint32_t number)
{
	if (number == SC_NONE)
		fprintf(out, " %6s", "-");
	else
		fprintf(out, " %6u", number);
}

static void
print_slowest(FILE *out, const struct sc_report_facts *facts)
{
	const struct sc_past_run *run = facts->run;
	uint32_t count = facts->copies < SLOWEST_LISTED ? facts->copies : SLOWEST_LISTED;
	int decimals = run->elapsed_s < 1 ? 5 : 3;

	if (count == 0)
		return;
	fprintf(out, "\n%6s %-15s %6s %6s %6s %11s %11s %11s %11s", "node", "slowest", "tree",
	    "group", "depth", "first [s]", "last [s]", "stored [s]", "copy [s]");
	if (run->has_stalls)
		fprintf(out, " %11s %11s", "network [s]", "storage [s]");
	fputc('\n', out);
	for (uint32_t i = 0; i < count; i++) {
		const struct sc_past_node *node = &run->nodes[facts->slowest_first[i]];
		char host[SC_HOST_BYTES];

		fprintf(out, "%6u %-15s", facts->slowest_first[i],
		    sc_printable(node->host, host, sizeof(host)));
		print_number(out, node->tree);
		print_number(out, node->group);
		print_number(out, node->depth);
		print_cell(out, node->first_chunk_s, decimals);
		print_cell(out, node->last_chunk_s, decimals);
		print_cell(out, node->stored_s, decimals);
		print_cell(out, node->committed_s, decimals);
		if (run->has_stalls) {
			print_cell(out, node->network_stall_s, decimals);
			print_cell(out, node->storage_stall_s, decimals);
		}
		fputc('\n', out);
	}
}

static void
print_lost(FILE *out, const struct sc_report_facts *facts)
{
	char name[SC_REPORT_NAME_BYTES], text[SC_REPORT_SENTENCE_BYTES];

	if (facts->lost_count == 0)
		return;
	fputs("\nlost\n", out);
	for (uint32_t i = 0; i < facts->lost_count && i < LISTED_MAX; i++)
		fprintf(out, "  %s: %s\n", sc_report_node_name(facts->run, facts->lost[i], name),
		    sc_report_lost_sentence(facts->run, facts->lost[i], text));
	if (facts->lost_count > LISTED_MAX)
		fprintf(out, "  and %u more\n", facts->lost_count - LISTED_MAX);
}

/* Those that are there, but have no copy. */
static void
print_without(FILE *out, const struct sc_report_facts *facts)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < facts->without_count; i++) {
		const struct sc_past_node *node = &facts->run->nodes[facts->without[i]];
		char name[SC_REPORT_NAME_BYTES], cause[SC_CAUSE_BYTES], after[SC_UNIT_TEXT_BYTES];

		if (sc_report_is_lost(node) || ++count > LISTED_MAX)
			continue;
		if (count == 1)
			fputs("\nwithout the file\n", out);
		fprintf(out, "  %s: %s", sc_report_node_name(facts->run, facts->without[i], name),
		    sc_report_cause(node, cause));
		if (!isnan(node->failed_s))
			fprintf(out, " (after %s)", sc_report_duration(node->failed_s, after));
		fputc('\n', out);
	}
	if (count > LISTED_MAX)
		fprintf(out, "  and %u more\n", count - LISTED_MAX);
}

void
sc_report_print(FILE *out, const struct sc_report_facts *facts, const struct sc_report_why *why)
{
	print_run(out, facts->run);
	print_plan(out, facts->run);
	print_outcome(out, facts);
	print_times(out, facts);
	print_stalls(out, facts, why);
	print_why(out, facts, why);
	print_repairs(out, facts->run);
	print_missing(out, facts->run);
	print_slowest(out, facts);
	print_lost(out, facts);
	print_without(out, facts);
}
