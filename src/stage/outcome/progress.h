/*
 * The progress line.
 */
#ifndef SC_STAGE_OUTCOME_PROGRESS_H
#define SC_STAGE_OUTCOME_PROGRESS_H

#include "core/wire.h"
#include "plan/plan.h"
#include "stage/options.h"

#include <stdbool.h>
#include <stdint.h>

struct sc_progress {
	bool on;
	bool terminal; /* the line overwrites itself */
	bool shown;    /* there is a line to erase */
	uint64_t started_ns;
	uint64_t shown_ns; /* when a line was last written */
	uint32_t copies;   /* nodes that are to have a copy */
};

/*
 * Sets `on`: is progress shown at all?  Under mpirun a rank's own standard error is never a terminal,
 * so with SC_PROGRESS_AUTO that of mpirun counts, the parent of rank 0.
 */
void sc_progress_init(struct sc_progress *, enum sc_progress_mode, bool quiet, uint64_t started_ns,
    uint32_t copies);

void sc_progress_show(struct sc_progress *, const struct sc_plan *, const struct sc_tally *,
    uint64_t now_ns);

/* Make room for another line on the terminal. */
void sc_progress_erase(struct sc_progress *);

#endif
