/*
 * The survey before the plan: who could read the source as rank 0 does, and who has it at DEST already?
 */
#ifndef SC_STAGE_PREPARE_SURVEY_H
#define SC_STAGE_PREPARE_SURVEY_H

#include "stage/prepare/identical.h"
#include "stage/prepare/job.h"

#include <stdbool.h>

struct sc_survey {
	bool *sees_source;       /* by rank, at rank 0 */
	bool *has_it;            /* by rank; true of nobody if there was nothing to be compared */
	struct sc_candidate own; /* this rank's DEST, if it may have it */
};

/*
 * Collective: look, tell, and compare if there is something to be compared, which takes as long as
 * to read it.  Of *job it sets source (at a rank that sees it), complete and digest.  The survey, all zero
 * before, is to be freed in any case.
 *
 * *wrong: the source can't be read; rank 0 has said so.  -1 if MPI fails.
 */
int sc_survey_take(struct sc_survey *, struct sc_job *, const struct sc_world *,
    const struct sc_options *, bool *wrong, struct sc_error *);

/* Also an all-zero struct. */
void sc_survey_free(struct sc_survey *);

#endif
