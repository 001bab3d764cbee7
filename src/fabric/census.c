/*
 * The census: see census.h.
 */
#include "fabric/census.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
sc_census_host(char host[SC_HOST_BYTES], struct sc_error *err)
{
	if (gethostname(host, SC_HOST_BYTES) != 0)
		return sc_fail(err, errno, "gethostname");
	host[SC_HOST_BYTES - 1] = '\0';
	return 0;
}

/* An entry and its rank, to be sorted. */
struct ranked {
	const struct sc_census_entry *entry;
	uint32_t rank;
};

static int
by_host(const void *a, const void *b)
{
	const struct ranked *x = a;
	const struct ranked *y = b;
	int order = strncmp(x->entry->host, y->entry->host, SC_HOST_BYTES);

	if (order == 0)
		order = (x->rank > y->rank) - (x->rank < y->rank);
	return order;
}

static int
by_dest(const void *a, const void *b)
{
	const struct ranked *x = a;
	const struct ranked *y = b;
	int order = strncmp(x->entry->host, y->entry->host, SC_HOST_BYTES);

	if (order == 0)
		order = memcmp(x->entry->dest_id, y->entry->dest_id, sizeof(x->entry->dest_id));
	if (order == 0)
		order = (x->rank > y->rank) - (x->rank < y->rank);
	return order;
}

static int
fill_ranks(struct sc_census *census, struct sc_error *err)
{
	census->ranks = malloc(census->world_size * sizeof(*census->ranks));
	if (census->ranks == NULL)
		return sc_fail(err, 0, "no memory for %u ranks", census->world_size);
	census->nodes = 0;
	for (uint32_t i = 0; i < census->world_size; i++) {
		if (census->leaders[i] == i)
			census->ranks[census->nodes++] = i;
	}
	assert(census->nodes > 0 && census->ranks[0] == 0);
	return 0;
}

static int
find_conflict(const struct sc_census *census, struct ranked *sorted,
    const struct sc_census_entry *entries, struct sc_error *err)
{
	for (uint32_t i = 0; i < census->nodes; i++)
		sorted[i] = (struct ranked){&entries[census->ranks[i]], census->ranks[i]};
	qsort(sorted, census->nodes, sizeof(*sorted), by_dest);
	for (uint32_t i = 1; i < census->nodes; i++) {
		const struct sc_census_entry *a = sorted[i - 1].entry;
		const struct sc_census_entry *b = sorted[i].entry;

		if (strncmp(a->host, b->host, SC_HOST_BYTES) == 0 &&
		    memcmp(a->dest_id, b->dest_id, sizeof(a->dest_id)) == 0)
			return sc_fail(err, 0,
			    "ranks %u and %u would both write the same DEST on %s: "
			    "put %%r (the rank) into DEST, or use --copies=node",
			    sorted[i - 1].rank, sorted[i].rank, a->host);
	}
	return 0;
}

int
sc_census_decide(struct sc_census *census, const struct sc_census_entry *entries,
    uint32_t world_size, enum sc_copies copies, struct sc_error *err)
{
	struct ranked *sorted = malloc(world_size * sizeof(*sorted));
	int rc = -1;

	*census = (struct sc_census){.world_size = world_size};
	census->leaders = malloc(world_size * sizeof(*census->leaders));
	if (sorted == NULL || census->leaders == NULL) {
		sc_fail(err, 0, "no memory for %u ranks", world_size);
		goto out;
	}
	for (uint32_t i = 0; i < world_size; i++) {
		sorted[i] = (struct ranked){&entries[i], i};
		census->leaders[i] = i;
	}
	if (copies == SC_COPIES_NODE) {
		qsort(sorted, world_size, sizeof(*sorted), by_host);
		for (uint32_t i = 1; i < world_size; i++) {
			if (strncmp(sorted[i].entry->host, sorted[i - 1].entry->host,
				SC_HOST_BYTES) == 0)
				census->leaders[sorted[i].rank] =
				    census->leaders[sorted[i - 1].rank];
		}
	}
	if (fill_ranks(census, err) != 0)
		goto out;
	rc = find_conflict(census, sorted, entries, err);
out:
	free(sorted);
	if (rc != 0)
		sc_census_free(census);
	return rc;
}

int
sc_census_from_leaders(struct sc_census *census, const uint32_t *leaders, uint32_t world_size,
    struct sc_error *err)
{
	*census = (struct sc_census){.world_size = world_size};
	census->leaders = malloc(world_size * sizeof(*census->leaders));
	if (census->leaders == NULL)
		return sc_fail(err, 0, "no memory for %u ranks", world_size);
	memcpy(census->leaders, leaders, world_size * sizeof(*leaders));
	if (fill_ranks(census, err) != 0) {
		sc_census_free(census);
		return -1;
	}
	return 0;
}

void
sc_census_release(struct sc_census *census, const bool *released)
{
	assert(!released[0]);
	for (uint32_t i = 0; i < census->world_size; i++) {
		if (released[census->leaders[i]])
			census->leaders[i] = 0;
	}
	census->nodes = 0;
	for (uint32_t i = 0; i < census->world_size; i++) {
		if (census->leaders[i] == i)
			census->ranks[census->nodes++] = i;
	}
}

void
sc_census_free(struct sc_census *census)
{
	free(census->ranks);
	free(census->leaders);
	memset(census, 0, sizeof(*census));
}

uint32_t
sc_census_followers(const struct sc_census *census, uint32_t leader, uint32_t *ranks)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < census->world_size; i++) {
		if (census->leaders[i] == leader && i != leader)
			ranks[count++] = i;
	}
	return count;
}
