/*
 * Recipients whose DEST is the file already: see identical.h.
 */
#include "app/identical.h"

#include "base/log.h"

/* Of what is digested at once; nothing of it shows. */
enum { PIECE_BYTES = 1 << 20 };

/* What rank 0 tells: its bytes. */
struct truth {
	struct sc_digest whole;
	uint64_t wrong;
};

static bool
same_time(const struct sc_source_facts *a, const struct sc_source_facts *b)
{
	return a->mtime_s == b->mtime_s && a->mtime_ns == b->mtime_ns;
}

bool
sc_identical_may_be(struct sc_existing **existing, const char *dest,
    const struct sc_source_facts *facts, const struct sc_options *options)
{
	struct sc_error err;
	struct timespec mtime;

	*existing = NULL;
	if (facts->manifest_bytes > 0)
		return false;
	if (sc_existing_open(existing, dest, facts->size_bytes, &err) != 0)
		sc_log(SC_LOG_WARNING, "%s", err.text);
	if (*existing == NULL)
		return false;
	mtime = sc_existing_mtime(*existing);
	if (!options->force ||
	    (mtime.tv_sec == facts->mtime_s && (uint32_t)mtime.tv_nsec == facts->mtime_ns))
		return true;
	sc_existing_close(*existing);
	*existing = NULL;
	return false;
}

/* Rank 0: the XXH3-128 of the source, by a view of its own. */
static int
digest_source(const char *path, const struct sc_source_facts *facts, struct sc_digest *whole,
    struct sc_error *err)
{
	struct sc_source_facts now;
	struct sc_source *source;
	struct sc_digest sum;
	int rc = -1;

	if (sc_source_open(&source, path, &now, err) != 0)
		return -1;
	sc_source_set_chunks(source, PIECE_BYTES);
	if (now.size_bytes != facts->size_bytes || !same_time(&now, facts))
		(void)sc_fail(err, 0, "%s changed while it was looked at", path);
	else
		rc = sc_source_finish(source, &sum, whole, err);
	sc_source_close(source);
	return rc;
}

int
sc_identical_find(bool *is, bool *wrong, struct sc_digest *whole, struct sc_existing *existing,
    const struct sc_world *world, const struct sc_source_facts *facts,
    const struct sc_options *options, struct sc_error *err)
{
	struct sc_digest sum, own;
	struct truth truth = {0};
	struct sc_error why;
	bool same = false;

	*is = false;
	if (world->rank == 0 && digest_source(options->source, facts, &truth.whole, &why) != 0) {
		sc_log(SC_LOG_ERROR, "%s", why.text);
		truth.wrong = 1;
	}
	if (existing != NULL && truth.wrong == 0) {
		same = sc_existing_digest(existing, PIECE_BYTES, NULL, NULL, NULL, &sum, &own,
			   &why) == 0;
		if (!same)
			sc_log(SC_LOG_INFO, "%s", why.text);
	}
	if (sc_world_broadcast(&truth, sizeof(truth), err) != 0)
		return -1;
	*wrong = truth.wrong != 0;
	*whole = truth.whole;
	if (*wrong || !same || !sc_digest_equal(own, truth.whole) ||
	    !sc_existing_unchanged(existing))
		return 0;
	if (options->preserve && sc_existing_preserve(existing, facts, &why) != 0) {
		sc_log(SC_LOG_WARNING, "%s", why.text);
		return 0;
	}
	*is = true;
	return 0;
}
