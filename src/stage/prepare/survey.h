/*
 * The survey of all ranks before the plan: which could read the source as rank 0 does, and which
 * have it at DEST already?
 */
#ifndef SC_STAGE_PREPARE_SURVEY_H
#define SC_STAGE_PREPARE_SURVEY_H

#include "stage/prepare/job.h"
#include "stage/prepare/up_to_date.h"

#include <stdbool.h>

struct sc_survey {
	bool *sees_source;       /* by rank, at rank 0 */
	bool *is_complete;       /* by rank: its DEST is up to date */
	struct sc_candidate own; /* this rank's DEST, if it may be up to date */
};

/*
 * Collective: look, tell rank 0, and compare where a DEST may be up to date, which takes as long as
 * to read the source.  Of *job it sets source (at a rank that sees it), complete, has_digest and digest.  Start
 * with an all-zero survey, and free it in any case.
 *
 * *unreadable: the source can't be read; rank 0 has said so.  -1 if MPI fails.
 */
int sc_survey_make(struct sc_survey *, struct sc_job *, bool *unreadable, struct sc_error *);

/* Also an all-zero struct. */
void sc_survey_free(struct sc_survey *);

#endif
