/*
 * The survey: see survey.h.
 */
#include "stage/prepare/survey.h"

#include "base/log.h"
#include "stage/prepare/buddy.h"

#include <stdint.h>
#include <stdlib.h>

/* What a rank sees; sent as a byte. */
enum sight {
	SEES_SOURCE = 1, /* the same as rank 0 does */
	MAY_HAVE_IT = 2, /* DEST may be up to date */
};

/* What this rank sees of SOURCE and DEST: what is found stays open. */
static uint8_t
look(struct sc_job *job, struct sc_survey *survey)
{
	uint32_t rank = job->world->rank;
	bool keeps_copy = rank == 0 ? job->facts.origin_keeps_copy : job->dest != NULL;
	uint8_t sight = 0;

	if (job->census.leaders[rank] != rank)
		return 0;
	if (sc_buddy_is_eligible(job) && sc_buddy_sees_source(job))
		sight |= SEES_SOURCE;
	/* For a plan alone no file is read. */
	if (!job->options->plan && !job->options->unpack && keeps_copy && job->dest != NULL &&
	    sc_candidate_open(&survey->own, job))
		sight |= MAY_HAVE_IT;
	return sight;
}

/* Compare the candidates with the source; all ranks learn which are up to date. */
static int
find_complete(struct sc_survey *survey, struct sc_job *job, bool *unreadable, struct sc_error *err)
{
	size_t length = job->world->size * sizeof(*survey->is_complete);

	if (sc_candidate_compare(&survey->own, job, unreadable, err) != 0 ||
	    sc_world_gather(&job->complete, sizeof(job->complete), survey->is_complete, err) != 0)
		return -1;
	return sc_world_broadcast(survey->is_complete, length, err);
}

int
sc_survey_make(struct sc_survey *survey, struct sc_job *job, bool *unreadable, struct sc_error *err)
{
	uint32_t size = job->world->size;
	uint8_t own = look(job, survey);
	uint8_t *all = calloc(size, 1);
	uint32_t candidates = 0;
	int rc = -1;

	survey->sees_source = calloc(size, sizeof(*survey->sees_source));
	survey->is_complete = calloc(size, sizeof(*survey->is_complete));
	if (all == NULL || survey->sees_source == NULL || survey->is_complete == NULL) {
		(void)sc_fail(err, 0, "no memory for %u ranks", size);
		goto out;
	}
	if (sc_world_gather(&own, 1, all, err) != 0)
		goto out;
	for (uint32_t i = 0; i < size; i++) {
		survey->sees_source[i] = (all[i] & SEES_SOURCE) != 0;
		candidates += (all[i] & MAY_HAVE_IT) != 0;
	}
	rc = sc_world_broadcast(&candidates, sizeof(candidates), err);
	if (rc == 0 && candidates > 0 && job->world->rank == 0)
		sc_log(SC_LOG_INFO, "comparing SOURCE with DEST, which is there on %u nodes",
		    candidates);
	if (rc == 0 && candidates > 0)
		rc = find_complete(survey, job, unreadable, err);
out:
	free(all);
	return rc;
}

void
sc_survey_free(struct sc_survey *survey)
{
	sc_candidate_close(&survey->own);
	free(survey->sees_source);
	free(survey->is_complete);
}
