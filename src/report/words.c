/*
 * The sentences of a report that both its text and its picture have: see
 * report_why.h.
 */
#include "report/why.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

char *
sc_report_duration(double seconds, char out[SC_UNIT_TEXT_BYTES])
{
	if (seconds < 0.9995e-3)
		snprintf(out, SC_UNIT_TEXT_BYTES, "%.0f us", seconds * 1e6);
	else
		sc_format_duration(seconds, out);
	return out;
}

char *
sc_report_node_name(const struct sc_past_run *run, uint32_t node, char out[SC_REPORT_NAME_BYTES])
{
	char host[SC_HOST_BYTES];

	sc_printable(run->nodes[node].host, host, sizeof(host));
	if (host[0] == '\0')
		snprintf(out, SC_REPORT_NAME_BYTES, node == SC_ORIGIN ? "the origin" : "node %u",
		    node);
	else if (node == SC_ORIGIN)
		snprintf(out, SC_REPORT_NAME_BYTES, "the origin (%s)", host);
	else
		snprintf(out, SC_REPORT_NAME_BYTES, "node %u (%s)", node, host);
	return out;
}

/* "31 hops before it on the way of subfile 2" */
static void
name_way(const struct sc_report_why *why, char *out, size_t capacity)
{
	if (why->hops == 1)
		snprintf(out, capacity, "which sends it subfile %u", why->subfile);
	else
		snprintf(out, capacity, "%u hops before it on the way of subfile %u", why->hops,
		    why->subfile);
}

static void
say_supplier(const struct sc_report_facts *facts, const struct sc_report_why *why, char *out)
{
	char name[SC_REPORT_NAME_BYTES], lag[SC_UNIT_TEXT_BYTES], way[64];

	sc_report_node_name(facts->run, why->culprit, name);
	name_way(why, way, sizeof(way));
	if (why->culprit == why->brake)
		snprintf(out, SC_REPORT_SENTENCE_BYTES,
		    "%s, %s, was slow: at least %s behind its own group all the way", name, way,
		    sc_report_duration(why->brake_lag_s, lag));
	else
		snprintf(out, SC_REPORT_SENTENCE_BYTES,
		    "%s, %s, was slow: it fell behind those before it", name, way);
}

static void
say_storage(const struct sc_report_why *why, char *out)
{
	char took[SC_UNIT_TEXT_BYTES], usual[SC_UNIT_TEXT_BYTES];

	snprintf(out, SC_REPORT_SENTENCE_BYTES,
	    "its storage was slow: when its last chunk had come, it took %s more to store what it "
	    "still held (%s is usual)",
	    sc_report_duration(why->took_s, took), sc_report_duration(why->usual_s, usual));
}

static void
say_wait(const struct sc_report_facts *facts, const struct sc_report_why *why, char *out)
{
	const struct sc_past_node *node = &facts->run->nodes[why->slowest];
	char took[SC_UNIT_TEXT_BYTES], usual[SC_UNIT_TEXT_BYTES];

	sc_report_duration(why->took_s, took);
	if (why->reason == SC_REASON_TREE)
		snprintf(out, SC_REPORT_SENTENCE_BYTES,
		    "its first chunk came only after %s: it is in secondary tree %u, which begins "
		    "when the group that feeds it holds its subfiles",
		    took, node->tree);
	else if (why->reason == SC_REASON_DEPTH)
		snprintf(out, SC_REPORT_SENTENCE_BYTES,
		    "its first chunk came only after %s: %u group%s before its own", took,
		    node->depth, node->depth == 1 ? " stands" : "s stand");
	else if (isnan(why->usual_s))
		snprintf(out, SC_REPORT_SENTENCE_BYTES, "its first chunk came only after %s", took);
	else
		snprintf(out, SC_REPORT_SENTENCE_BYTES,
		    "its first chunk came only after %s, when others of its depth had theirs after "
		    "%s",
		    took, sc_report_duration(why->usual_s, usual));
}

static void
say_link(const struct sc_report_why *why, char *out)
{
	char lag[SC_UNIT_TEXT_BYTES];

	if (isnan(why->took_s))
		snprintf(out, SC_REPORT_SENTENCE_BYTES,
		    "chunks reached it slowly: its supplier of subfile %u had them long before",
		    why->subfile);
	else
		snprintf(out, SC_REPORT_SENTENCE_BYTES,
		    "chunks reached it slowly: at least %s behind the rest of its group all the "
		    "way, which gets the same from the same nodes",
		    sc_report_duration(why->took_s, lag));
}

static void
say_nothing_late(const struct sc_report_facts *facts, const struct sc_report_why *why, char *out)
{
	char late[SC_UNIT_TEXT_BYTES];

	if (facts->copies < 2)
		snprintf(out, SC_REPORT_SENTENCE_BYTES, "it is the only one that has the file");
	else
		snprintf(out, SC_REPORT_SENTENCE_BYTES,
		    "it was not late: all had the file at about the same time, the first quarter "
		    "only %s (%.1f %% of the run) before it",
		    sc_report_duration(fmax(why->late_s, 0), late),
		    facts->run->elapsed_s > 0 ? 100 * fmax(why->late_s, 0) / facts->run->elapsed_s
					      : 0.);
}

char *
sc_report_why_sentence(const struct sc_report_facts *facts, const struct sc_report_why *why,
    char out[SC_REPORT_SENTENCE_BYTES])
{
	char took[SC_UNIT_TEXT_BYTES], usual[SC_UNIT_TEXT_BYTES];

	out[0] = '\0';
	switch (why->reason) {
	case SC_REASON_NONE:
		say_nothing_late(facts, why, out);
		break;
	case SC_REASON_TREE:
	case SC_REASON_DEPTH:
	case SC_REASON_BEGIN:
		say_wait(facts, why, out);
		break;
	case SC_REASON_STORAGE:
		say_storage(why, out);
		break;
	case SC_REASON_COMMIT:
		snprintf(out, SC_REPORT_SENTENCE_BYTES,
		    "the last check, fsync and rename took it %s (%s is usual)",
		    sc_report_duration(why->took_s, took), sc_report_duration(why->usual_s, usual));
		break;
	case SC_REASON_LINK:
		say_link(why, out);
		break;
	case SC_REASON_SUPPLIER:
		say_supplier(facts, why, out);
		break;
	case SC_REASON_UNKNOWN:
		snprintf(out, SC_REPORT_SENTENCE_BYTES, "%s",
		    why->slowest == SC_ORIGIN ? "its own copy was late; the file does not tell why"
			: facts->run->has_edges && facts->run->has_events
			? "chunks came slowly; no single node shows as the cause"
			: "chunks came slowly; the file lacks the events or edges that would "
			  "show why");
		break;
	}
	return out;
}

char *
sc_report_brake_sentence(const struct sc_report_facts *facts, const struct sc_report_why *why,
    char out[SC_REPORT_SENTENCE_BYTES])
{
	char name[SC_REPORT_NAME_BYTES];
	char lag[SC_UNIT_TEXT_BYTES], usual[SC_UNIT_TEXT_BYTES];
	bool told = why->reason != SC_REASON_NONE &&
	    (why->brake == why->slowest || why->brake == why->culprit);

	out[0] = '\0';
	if (why->brake == SC_NONE || told)
		return out;
	snprintf(out, SC_REPORT_SENTENCE_BYTES,
	    "%s probably held up others%s: at least %s behind its group all the way, where %s is "
	    "usual",
	    sc_report_node_name(facts->run, why->brake, name),
	    why->brake_on_storage ? " by its storage" : "",
	    sc_report_duration(why->brake_lag_s, lag),
	    sc_report_duration(facts->usual_lag_s, usual));
	return out;
}

char *
sc_report_pace_sentence(const struct sc_report_facts *facts, const struct sc_report_why *why,
    char out[SC_REPORT_SENTENCE_BYTES])
{
	char backlog[SC_UNIT_TEXT_BYTES];

	out[0] = '\0';
	if (why->storage_bound)
		snprintf(out, SC_REPORT_SENTENCE_BYTES,
		    "storage set the pace: when its last chunk had come, a node took %s more to "
		    "store what it still held (median)",
		    sc_report_duration(facts->usual_backlog_s, backlog));
	return out;
}

char *
sc_report_cause(const struct sc_past_node *node, char out[SC_CAUSE_BYTES])
{
	if (node->reported && node->cause[0] != '\0')
		return sc_printable(node->cause, out, SC_CAUSE_BYTES);
	snprintf(out, SC_CAUSE_BYTES, "%s",
	    node->reported ? "no cause is told" : "it did not report");
	return out;
}

/* "; 5 nodes took detours, the last one in place 12.0 ms later" */
static void
say_detours(const struct sc_past_node *node, char *out, size_t capacity)
{
	char later[SC_UNIT_TEXT_BYTES];
	const char *plural = node->detours == 1 ? "" : "s";

	if (node->detours == 0)
		snprintf(out, capacity, "; no detour was needed");
	else if (isnan(node->detour_s))
		snprintf(out, capacity, "; %" PRIu32 " node%s looked for a detour in vain",
		    node->detours, plural);
	else if (isnan(node->failed_s))
		snprintf(out, capacity, "; %" PRIu32 " node%s took detours", node->detours, plural);
	else
		snprintf(out, capacity,
		    "; %" PRIu32 " node%s took detours, the last one in place %s later",
		    node->detours, plural,
		    sc_report_duration(fmax(node->detour_s - node->failed_s, 0), later));
}

/* " (after 234.0 ms, noticed by node 5)" */
static void
say_noticed(const struct sc_past_node *node, char *out, size_t capacity)
{
	char after[SC_UNIT_TEXT_BYTES];

	out[0] = '\0';
	if (isnan(node->failed_s))
		return;
	sc_report_duration(node->failed_s, after);
	if (node->detected_by == SC_NONE)
		snprintf(out, capacity, " (after %s)", after);
	else if (node->detected_by == SC_ORIGIN)
		snprintf(out, capacity, " (after %s, noticed by the origin)", after);
	else
		snprintf(out, capacity, " (after %s, noticed by node %" PRIu32 ")", after,
		    node->detected_by);
}

char *
sc_report_lost_sentence(const struct sc_past_run *run, uint32_t number,
    char out[SC_REPORT_SENTENCE_BYTES])
{
	const struct sc_past_node *node = &run->nodes[number];
	char cause[SC_CAUSE_BYTES], noticed[128], detours[128] = "";

	say_noticed(node, noticed, sizeof(noticed));
	if (run->has_events)
		say_detours(node, detours, sizeof(detours));
	snprintf(out, SC_REPORT_SENTENCE_BYTES, "%s%s%s", sc_report_cause(node, cause), noticed,
	    detours);
	return out;
}

char *
sc_report_takeover_sentence(const struct sc_past_run *run, char out[SC_REPORT_SENTENCE_BYTES])
{
	char name[SC_REPORT_NAME_BYTES], before[SC_REPORT_NAME_BYTES], after[SC_UNIT_TEXT_BYTES];

	out[0] = '\0';
	if (run->leader == SC_NONE)
		return out;
	sc_report_node_name(run, run->leader, name);
	if (run->leader_before == SC_NONE)
		snprintf(before, sizeof(before), "whoever led before");
	else
		sc_report_node_name(run, run->leader_before, before);
	snprintf(out, SC_REPORT_SENTENCE_BYTES, "%s took over from %s after %s", name, before,
	    sc_report_duration(run->takeover_s, after));
	return out;
}
