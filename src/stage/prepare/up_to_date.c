/*
 * Ranks whose DEST is up to date: see up_to_date.h.
 */
#include "stage/prepare/up_to_date.h"

#include "base/log.h"

/* What is digested at once; the result doesn't depend on it. */
enum { PIECE_BYTES = 1 << 20 };

/* What rank 0 broadcasts, as bytes. */
struct source_digest {
	struct sc_digest whole;
	uint64_t unreadable;
};

/* What a tree is compared by: see sc_candidate_open. */
static enum sc_comparison_of
what_counts(const struct sc_options *options)
{
	if (options->preserve)
		return SC_COMPARISON_OF_ALL;
	return options->force ? SC_COMPARISON_OF_TIMES : SC_COMPARISON_OF_CONTENTS;
}

static bool
open_tree(struct sc_comparison *tree, const struct sc_job *job)
{
	const struct sc_source_facts *facts = &job->facts.source;
	struct sc_error err;

	if (facts->several || job->options->send_libs)
		return false;
	if (sc_comparison_open(tree, job->dest, false, what_counts(job->options),
		SC_UNREADABLE_FAIL, &err) != 0) {
		sc_log(SC_LOG_DEBUG, "%s", err.text);
		return false;
	}
	if (tree->entries == facts->entries &&
	    tree->content_bytes == facts->size_bytes - facts->manifest_bytes)
		return true;
	sc_comparison_close(tree);
	return false;
}

bool
sc_candidate_open(struct sc_candidate *candidate, const struct sc_job *job)
{
	const struct sc_source_facts *facts = &job->facts.source;
	struct sc_error err;
	struct timespec mtime;

	*candidate = (struct sc_candidate){0};
	if (facts->manifest_bytes > 0)
		return open_tree(&candidate->tree, job);
	if (sc_existing_open(&candidate->file, job->dest, facts->size_bytes, &err) != 0)
		sc_log(SC_LOG_WARNING, "%s", err.text);
	if (candidate->file == NULL)
		return false;
	mtime = sc_existing_mtime(candidate->file);
	if (!job->options->force ||
	    (mtime.tv_sec == facts->mtime_s && (uint32_t)mtime.tv_nsec == facts->mtime_ns))
		return true;
	sc_candidate_close(candidate);
	return false;
}

void
sc_candidate_close(struct sc_candidate *candidate)
{
	sc_existing_close(candidate->file);
	candidate->file = NULL;
	sc_comparison_close(&candidate->tree);
}

/* Rank 0: the XXH3-128 of the source, which is opened once more for it. */
static int
digest_file(const char *path, const struct sc_source_facts *facts, struct sc_digest *whole,
    struct sc_error *err)
{
	struct sc_source_facts now;
	struct sc_source *source;
	struct sc_seal seal;
	int rc = -1;

	if (sc_source_open(&source, path, &now, err) != 0)
		return -1;
	sc_source_set_chunks(source, PIECE_BYTES);
	if (now.size_bytes != facts->size_bytes || now.mtime_s != facts->mtime_s ||
	    now.mtime_ns != facts->mtime_ns)
		(void)sc_fail(err, 0, "%s changed while it was looked at", path);
	else
		rc = sc_source_finish(source, &seal, err);
	sc_source_close(source);
	if (rc == 0)
		*whole = seal.whole;
	return rc;
}

static int
digest_source(const struct sc_options *options, const struct sc_source_facts *facts,
    struct sc_digest *whole, struct sc_error *err)
{
	struct sc_comparison tree;
	int rc;

	if (facts->manifest_bytes == 0)
		return digest_file(options->source, facts, whole, err);
	if (sc_comparison_open(&tree, options->source, true, what_counts(options),
		options->on_unreadable, err) != 0)
		return -1;
	rc = sc_comparison_digest(&tree, whole, err);
	sc_comparison_close(&tree);
	return rc;
}

/* False: there is none, or it can't be read. */
static bool
digest_candidate(struct sc_candidate *candidate, struct sc_digest *whole)
{
	struct sc_error why;
	int rc;

	if (candidate->file == NULL && candidate->tree.source == NULL)
		return false;
	if (candidate->file != NULL)
		rc = sc_existing_digest(candidate->file, whole, &why);
	else
		rc = sc_comparison_digest(&candidate->tree, whole, &why);
	if (rc != 0)
		sc_log(SC_LOG_INFO, "%s", why.text);
	return rc == 0;
}

/* A file with the right bytes: is it still there, with the attributes that it has to have? */
static bool
is_as_it_should_be(struct sc_candidate *candidate, const struct sc_job *job)
{
	struct sc_error why;

	if (candidate->file == NULL)
		return true; /* the digest of a tree includes all that counts */
	if (!sc_existing_unchanged(candidate->file))
		return false;
	if (job->options->preserve &&
	    sc_existing_preserve(candidate->file, &job->facts.source, &why) != 0) {
		sc_log(SC_LOG_WARNING, "%s", why.text);
		return false;
	}
	return true;
}

int
sc_candidate_compare(struct sc_candidate *candidate, struct sc_job *job, bool *unreadable,
    struct sc_error *err)
{
	struct source_digest source = {0};
	struct sc_error why;
	struct sc_digest own;
	bool digested = false;

	if (job->world->rank == 0 &&
	    digest_source(job->options, &job->facts.source, &source.whole, &why) != 0) {
		sc_log(SC_LOG_ERROR, "%s", why.text);
		source.unreadable = 1;
	}
	if (source.unreadable == 0)
		digested = digest_candidate(candidate, &own);
	if (sc_world_broadcast(&source, sizeof(source), err) != 0)
		return -1;
	*unreadable = source.unreadable != 0;
	if (*unreadable)
		return 0;
	job->has_digest = job->facts.source.manifest_bytes == 0;
	job->digest = source.whole;
	job->complete =
	    digested && sc_digest_equal(own, source.whole) && is_as_it_should_be(candidate, job);
	return 0;
}
