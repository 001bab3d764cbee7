/*
 * Which node was the slowest, and why: what the data of a run allow to be said, and no more.
 */
#ifndef SC_REPORT_DIAGNOSIS_H
#define SC_REPORT_DIAGNOSIS_H

#include "report/statistics.h"

#include <stdbool.h>
#include <stdint.h>

enum sc_reason {
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

struct sc_diagnosis {
	const struct sc_past_run *run;
	const struct sc_statistics *statistics;

	uint32_t slowest; /* SC_NONE: no node has a copy */
	enum sc_reason reason;
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

/* 0, or -1 without memory.  The statistics must outlive the diagnosis.  O(nodes). */
int sc_diagnosis_find(struct sc_diagnosis *, const struct sc_statistics *);

#endif
