/*
 * Which node was the slowest, and why: what the data of a run allow to be
 * said, and no more.  And the sentences of what went wrong.
 */
#ifndef SC_REPORT_WHY_H
#define SC_REPORT_WHY_H

#include "base/units.h"
#include "report/facts.h"

#include <stdbool.h>
#include <stdint.h>

enum sc_report_reason {
	SC_REASON_NONE,     /* it wasn't late: all had the file at about the same time */
	SC_REASON_TREE,     /* its secondary tree began late, as such trees do */
	SC_REASON_DEPTH,    /* many groups stand before its own */
	SC_REASON_BEGIN,    /* its first chunk came late, and not because of its depth */
	SC_REASON_STORAGE,  /* its own storage */
	SC_REASON_COMMIT,   /* the last check, fsync and rename */
	SC_REASON_LINK,     /* chunks reached it more slowly than others */
	SC_REASON_SUPPLIER, /* a node that it depends on was slow */
	SC_REASON_UNKNOWN,
};

struct sc_report_why {
	uint32_t slowest; /* SC_NONE: no node has a copy */
	enum sc_report_reason reason;
	double late_s;  /* later than the median of the first quarter of the nodes */
	double took_s;  /* the wait, the lag, the store, the commit that is the reason; or NaN */
	double usual_s; /* the same of others; or NaN */

	uint32_t culprit; /* of SC_REASON_SUPPLIER */
	uint32_t subfile; /* on whose way the culprit is */
	uint32_t hops;    /* from the culprit to the slowest */

	/* A node that was so far behind its group all the way that others probably
	 * waited for it, though all came in together; SC_NONE: there is none.  The
	 * culprit, or the slowest itself, may be it. */
	uint32_t brake;
	double brake_lag_s;
	bool brake_on_storage; /* its storage, not its link */

	bool storage_bound; /* all nodes: most of the buffers waited for storage at the end */
};

/* O(nodes). */
int sc_report_why_find(struct sc_report_why *, const struct sc_report_facts *);

enum { SC_REPORT_NAME_BYTES = SC_HOST_BYTES + 32, SC_REPORT_SENTENCE_BYTES = 1024 };

/* "node 7 (host17)".  Control characters are written as \xHH.  Returns out. */
char *sc_report_node_name(const struct sc_past_run *, uint32_t node,
    char out[SC_REPORT_NAME_BYTES]);

/* As sc_format_duration, but below a millisecond in "us".  Returns out. */
char *sc_report_duration(double seconds, char out[SC_UNIT_TEXT_BYTES]);

/* Why the slowest was; and of the brake and of the pace of all, "" if there is nothing to add.  Returns out. */
char *sc_report_why_sentence(const struct sc_report_facts *, const struct sc_report_why *,
    char out[SC_REPORT_SENTENCE_BYTES]);
char *sc_report_brake_sentence(const struct sc_report_facts *, const struct sc_report_why *,
    char out[SC_REPORT_SENTENCE_BYTES]);
char *sc_report_pace_sentence(const struct sc_report_facts *, const struct sc_report_why *,
    char out[SC_REPORT_SENTENCE_BYTES]);

/* Why a node has no copy: its cause, or that there is none.  Returns out. */
char *sc_report_cause(const struct sc_past_node *, char out[SC_CAUSE_BYTES]);

/* Of a node that was lost: why, when and what came of it.  Returns out. */
char *sc_report_lost_sentence(const struct sc_past_run *, uint32_t node,
    char out[SC_REPORT_SENTENCE_BYTES]);

/* Who took over the lead, "" if nobody had to.  Returns out. */
char *sc_report_takeover_sentence(const struct sc_past_run *, char out[SC_REPORT_SENTENCE_BYTES]);

#endif
