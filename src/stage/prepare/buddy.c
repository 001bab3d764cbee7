/*
 * The buddy: see buddy.h.
 */
#include "stage/prepare/buddy.h"

#include "base/log.h"
#include "stage/prepare/sources.h"

#include <string.h>
#include <sys/stat.h>

bool
sc_buddy_is_eligible(const struct sc_job *job)
{
	const struct sc_options *options = job->options;

	if (job->world->rank == 0 || options->source == NULL)
		return false;
	return options->buddy == SC_BUDDY_AUTO ||
	    (options->buddy == SC_BUDDY_RANK && options->buddy_rank == job->world->rank);
}

bool
sc_buddy_checks_later(const struct sc_job *job)
{
	return job->options->buddy == SC_BUDDY_AUTO && job->facts.source.manifest_bytes > 0;
}

static bool
has_time(const struct sc_source_facts *facts, int64_t mtime_s, uint32_t mtime_ns)
{
	return mtime_s == facts->mtime_s && mtime_ns == facts->mtime_ns;
}

bool
sc_buddy_sees_source(struct sc_job *job)
{
	struct stat st;

	if (!sc_buddy_checks_later(job))
		return sc_buddy_opens_source(job);
	return stat(job->options->source, &st) == 0 &&
	    has_time(&job->facts.source, st.st_mtim.tv_sec, (uint32_t)st.st_mtim.tv_nsec);
}

bool
sc_buddy_opens_source(struct sc_job *job)
{
	const struct sc_source_facts *facts = &job->facts.source;
	struct sc_source_facts own;
	struct sc_error err;

	if (sc_sources_open(&job->source, job->options, &own, &err) != 0) {
		sc_log(SC_LOG_DEBUG, "no buddy: %s", err.text);
		return false;
	}
	if (own.size_bytes == facts->size_bytes && has_time(facts, own.mtime_s, own.mtime_ns) &&
	    own.manifest_bytes == facts->manifest_bytes &&
	    sc_digest_equal(own.manifest, facts->manifest))
		return true;
	sc_source_close(job->source);
	job->source = NULL;
	return false;
}

/* Rank 0: the rank that was asked for. */
static int
choose_requested(uint32_t *buddy, const struct sc_job *job, const bool *sees, const bool *had_it,
    struct sc_error *err)
{
	const struct sc_census *census = &job->census;
	uint32_t rank = job->options->buddy_rank;

	if (rank >= census->world_size)
		return sc_fail(err, 0, "--buddy=%u: there are ranks 0 to %u only", rank,
		    census->world_size - 1);
	if (had_it[rank]) {
		sc_log(SC_LOG_WARNING, "no buddy: rank %u has the file already, and takes no part",
		    rank);
		return 0;
	}
	if (census->leaders[rank] != rank)
		return sc_fail(err, 0, "--buddy=%u: rank %u takes no part, rank %u does for %s",
		    rank, rank, census->leaders[rank], job->entries[rank].host);
	if (!sees[rank])
		return sc_fail(err, 0,
		    "--buddy=%u: SOURCE is not there on %s, or not the same (size and time)", rank,
		    job->entries[rank].host);
	for (uint32_t node = 1; node < census->nodes; node++) {
		if (census->ranks[node] == rank)
			*buddy = node;
	}
	return 0;
}

/* Rank 0: the last rank that sees the source. */
static void
choose_last(uint32_t *buddy, const struct sc_job *job, const bool *sees)
{
	bool elsewhere = false;

	for (uint32_t node = job->census.nodes - 1; node > 0; node--) {
		uint32_t rank = job->census.ranks[node];

		if (strncmp(job->entries[rank].host, job->entries[0].host, SC_HOST_BYTES) == 0)
			continue;
		elsewhere = true;
		if (sees[rank]) {
			*buddy = node;
			return;
		}
	}
	sc_log(SC_LOG_INFO, "no buddy: %s",
	    elsewhere ? "no node on another host sees SOURCE, with the same size and time"
		      : "no recipient is on another host");
}

int
sc_buddy_choose(uint32_t *buddy, const struct sc_job *job, const bool *sees, const bool *had_it,
    struct sc_error *err)
{
	*buddy = SC_NONE;
	if (job->options->buddy == SC_BUDDY_RANK &&
	    choose_requested(buddy, job, sees, had_it, err) != 0)
		return -1;
	if (job->options->buddy == SC_BUDDY_AUTO)
		choose_last(buddy, job, sees);
	if (*buddy != SC_NONE)
		sc_log(SC_LOG_INFO, "buddy: rank %u on %s", job->census.ranks[*buddy],
		    job->entries[job->census.ranks[*buddy]].host);
	return 0;
}
