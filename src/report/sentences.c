/*
 * The sentences that both the summary and the picture have: see sentences.h.
 */
#include "report/sentences.h"

#include "base/units.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct sc_sentence
sc_sentence(const char *format, ...)
{
	struct sc_sentence sentence;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(sentence.text, sizeof(sentence.text), format, arguments);
	va_end(arguments);
	return sentence;
}

struct sc_sentence
sc_sentence_whole(const struct sc_sentence *part)
{
	return sc_sentence("%c%s.", toupper((unsigned char)part->text[0]), part->text + 1);
}

struct sc_sentence
sc_duration(double seconds)
{
	char text[SC_UNIT_TEXT_BYTES];

	if (seconds < 0.9995e-3)
		return sc_sentence("%.0f us", seconds * 1e6);
	return sc_sentence("%s", sc_format_duration(seconds, text));
}

struct sc_sentence
sc_size(double bytes)
{
	char text[SC_UNIT_TEXT_BYTES];

	return sc_sentence("%s", sc_format_size(bytes, text));
}

const char *
sc_plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

struct sc_sentence
sc_node_name(const struct sc_past_run *run, uint32_t node)
{
	char host[SC_HOST_BYTES];

	sc_printable(run->nodes[node].host, host, sizeof(host));
	if (node == SC_ORIGIN)
		return host[0] == '\0' ? sc_sentence("the origin")
				       : sc_sentence("the origin (%s)", host);
	return host[0] == '\0' ? sc_sentence("node %u", node)
			       : sc_sentence("node %u (%s)", node, host);
}

const char *
sc_source_name(const struct sc_past_run *run)
{
	const char *slash = strrchr(run->source, '/');

	return slash == NULL ? run->source : slash + 1;
}

bool
sc_is_simulated(const struct sc_past_run *run)
{
	return strcmp(run->mpi_version, "simulated") == 0;
}

static struct sc_sentence
not_late(const struct sc_diagnosis *diagnosis)
{
	double late_s = fmax(diagnosis->late_s, 0), elapsed_s = diagnosis->run->elapsed_s;

	if (diagnosis->statistics->copies < 2)
		return sc_sentence("it is the only one that has the file");
	return sc_sentence("it was not late: all had the file at about the same time, the first "
			   "quarter only %s (%.1f %% of the run) before it",
	    sc_duration(late_s).text, elapsed_s > 0 ? 100 * late_s / elapsed_s : 0.);
}

static struct sc_sentence
late_begin(const struct sc_diagnosis *diagnosis)
{
	struct sc_sentence took = sc_duration(diagnosis->took_s);

	if (isnan(diagnosis->usual_s))
		return sc_sentence("its first chunk came only after %s", took.text);
	return sc_sentence(
	    "its first chunk came only after %s, when others of its depth had theirs "
	    "after %s",
	    took.text, sc_duration(diagnosis->usual_s).text);
}

static struct sc_sentence
slow_link(const struct sc_diagnosis *diagnosis)
{
	if (isnan(diagnosis->took_s))
		return sc_sentence("chunks reached it slowly: its supplier of subfile %u had them "
				   "long before",
		    diagnosis->subfile);
	return sc_sentence("chunks reached it slowly: at least %s behind the rest of its group all "
			   "the way, which gets the same from the same nodes",
	    sc_duration(diagnosis->took_s).text);
}

static struct sc_sentence
slow_supplier(const struct sc_diagnosis *diagnosis)
{
	struct sc_sentence name = sc_node_name(diagnosis->run, diagnosis->culprit);
	struct sc_sentence way = diagnosis->hops == 1
	    ? sc_sentence("which sends it subfile %u", diagnosis->subfile)
	    : sc_sentence("%u hops before it on the way of subfile %u", diagnosis->hops,
		  diagnosis->subfile);

	if (diagnosis->culprit != diagnosis->brake)
		return sc_sentence("%s, %s, was slow: it fell behind those before it", name.text,
		    way.text);
	return sc_sentence("%s, %s, was slow: at least %s behind its own group all the way",
	    name.text, way.text, sc_duration(diagnosis->brake_lag_s).text);
}

static const char *
unknown_reason(const struct sc_diagnosis *diagnosis)
{
	if (diagnosis->slowest == SC_ORIGIN)
		return "its own copy was late; the file does not tell why";
	if (diagnosis->run->has_edges && diagnosis->run->has_events)
		return "chunks came slowly; no single node shows as the cause";
	return "chunks came slowly; the file lacks the events or edges that would show why";
}

struct sc_sentence
sc_reason_sentence(const struct sc_diagnosis *diagnosis)
{
	const struct sc_past_node *node = &diagnosis->run->nodes[diagnosis->slowest];

	switch (diagnosis->reason) {
	case SC_REASON_NONE:
		return not_late(diagnosis);
	case SC_REASON_TREE:
		return sc_sentence(
		    "its first chunk came only after %s: it is in secondary tree %u, "
		    "which begins when the group that feeds it holds its subfiles",
		    sc_duration(diagnosis->took_s).text, node->tree);
	case SC_REASON_DEPTH:
		return sc_sentence("its first chunk came only after %s: %u group%s before its own",
		    sc_duration(diagnosis->took_s).text, node->depth,
		    node->depth == 1 ? " stands" : "s stand");
	case SC_REASON_BEGIN:
		return late_begin(diagnosis);
	case SC_REASON_STORAGE:
		return sc_sentence("its storage was slow: when its last chunk had come, it took %s "
				   "more to store what it still held (%s is usual)",
		    sc_duration(diagnosis->took_s).text, sc_duration(diagnosis->usual_s).text);
	case SC_REASON_COMMIT:
		return sc_sentence("the last check, fsync and rename took it %s (%s is usual)",
		    sc_duration(diagnosis->took_s).text, sc_duration(diagnosis->usual_s).text);
	case SC_REASON_LINK:
		return slow_link(diagnosis);
	case SC_REASON_SUPPLIER:
		return slow_supplier(diagnosis);
	case SC_REASON_UNKNOWN:
		break;
	}
	return sc_sentence("%s", unknown_reason(diagnosis));
}

struct sc_sentence
sc_brake_sentence(const struct sc_diagnosis *diagnosis)
{
	bool told = diagnosis->reason != SC_REASON_NONE &&
	    (diagnosis->brake == diagnosis->slowest || diagnosis->brake == diagnosis->culprit);

	if (diagnosis->brake == SC_NONE || told)
		return (struct sc_sentence){""};
	return sc_sentence(
	    "%s probably held up others%s: at least %s behind its group all the way, "
	    "where %s is usual",
	    sc_node_name(diagnosis->run, diagnosis->brake).text,
	    diagnosis->brake_on_storage ? " by its storage" : "",
	    sc_duration(diagnosis->brake_lag_s).text,
	    sc_duration(diagnosis->statistics->usual_lag_s).text);
}

struct sc_sentence
sc_pace_sentence(const struct sc_diagnosis *diagnosis)
{
	if (!diagnosis->storage_bound)
		return (struct sc_sentence){""};
	return sc_sentence(
	    "storage set the pace: when its last chunk had come, a node took %s more "
	    "to store what it still held (median)",
	    sc_duration(diagnosis->statistics->usual_backlog_s).text);
}

struct sc_sentence
sc_cause(const struct sc_past_node *node)
{
	char cause[SC_CAUSE_BYTES];

	if (!node->reported)
		return sc_sentence("it did not report");
	if (node->cause[0] == '\0')
		return sc_sentence("no cause is told");
	return sc_sentence("%s", sc_printable(node->cause, cause, sizeof(cause)));
}

/* "; 5 nodes took detours, the last one in place 12.0 ms later" */
static struct sc_sentence
detours(const struct sc_past_node *node)
{
	const char *plural = sc_plural(node->detours);

	if (node->detours == 0)
		return sc_sentence("; no detour was needed");
	if (isnan(node->detour_s))
		return sc_sentence("; %" PRIu32 " node%s looked for a detour in vain",
		    node->detours, plural);
	if (isnan(node->failed_s))
		return sc_sentence("; %" PRIu32 " node%s took detours", node->detours, plural);
	return sc_sentence("; %" PRIu32 " node%s took detours, the last one in place %s later",
	    node->detours, plural, sc_duration(fmax(node->detour_s - node->failed_s, 0)).text);
}

/* " (after 234.0 ms, noticed by node 5)" */
static struct sc_sentence
noticed(const struct sc_past_node *node)
{
	struct sc_sentence after = sc_duration(node->failed_s);

	if (isnan(node->failed_s))
		return (struct sc_sentence){""};
	if (node->detected_by == SC_NONE)
		return sc_sentence(" (after %s)", after.text);
	if (node->detected_by == SC_ORIGIN)
		return sc_sentence(" (after %s, noticed by the origin)", after.text);
	return sc_sentence(" (after %s, noticed by node %" PRIu32 ")", after.text,
	    node->detected_by);
}

struct sc_sentence
sc_lost_sentence(const struct sc_past_run *run, uint32_t number)
{
	const struct sc_past_node *node = &run->nodes[number];

	return sc_sentence("%s%s%s", sc_cause(node).text, noticed(node).text,
	    run->has_events ? detours(node).text : "");
}

struct sc_sentence
sc_takeover_sentence(const struct sc_past_run *run)
{
	if (run->leader == SC_NONE)
		return (struct sc_sentence){""};
	return sc_sentence("%s took over from %s after %s", sc_node_name(run, run->leader).text,
	    run->leader_before == SC_NONE ? "the leader before it"
					  : sc_node_name(run, run->leader_before).text,
	    sc_duration(run->takeover_s).text);
}
