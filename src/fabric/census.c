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
by_rank(const struct ranked *x, const struct ranked *y)
{
	return (x->rank > y->rank) - (x->rank < y->rank);
}

static int
by_host(const void *a, const void *b)
{
	const struct ranked *x = a;
	const struct ranked *y = b;
	int order = strncmp(x->entry->host, y->entry->host, SC_HOST_BYTES);

	return order != 0 ? order : by_rank(x, y);
}

static int
by_dest(const void *a, const void *b)
{
	const struct ranked *x = a;
	const struct ranked *y = b;
	int order = strncmp(x->entry->host, y->entry->host, SC_HOST_BYTES);

	if (order == 0)
		order = memcmp(x->entry->dest_id, y->entry->dest_id, sizeof(x->entry->dest_id));
	return order != 0 ? order : by_rank(x, y);
}

static int
init(struct sc_census *census, uint32_t world_size, struct sc_error *err)
{
	*census = (struct sc_census){.world_size = world_size};
	census->leaders = malloc(world_size * sizeof(*census->leaders));
	census->ranks = malloc(world_size * sizeof(*census->ranks));
	if (census->leaders == NULL || census->ranks == NULL) {
		sc_census_free(census);
		return sc_fail(err, 0, "no memory for %u ranks", world_size);
	}
	return 0;
}

/* The nodes are the ranks that lead themselves. */
static void
number_nodes(struct sc_census *census)
{
	census->nodes = 0;
	for (uint32_t i = 0; i < census->world_size; i++) {
		if (census->leaders[i] == i)
			census->ranks[census->nodes++] = i;
	}
	assert(census->nodes > 0 && census->ranks[0] == 0);
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
	struct ranked *sorted;
	int rc;

	if (init(census, world_size, err) != 0)
		return -1;
	sorted = malloc(world_size * sizeof(*sorted));
	if (sorted == NULL) {
		sc_census_free(census);
		return sc_fail(err, 0, "no memory for %u ranks", world_size);
	}
	for (uint32_t i = 0; i < world_size; i++) {
		sorted[i] = (struct ranked){&entries[i], i};
		census->leaders[i] = i;
	}
	if (copies == SC_COPIES_NODE)
		qsort(sorted, world_size, sizeof(*sorted), by_host);
	for (uint32_t i = 1; copies == SC_COPIES_NODE && i < world_size; i++) {
		const struct ranked *last = &sorted[i - 1];

		if (strncmp(sorted[i].entry->host, last->entry->host, SC_HOST_BYTES) == 0)
			census->leaders[sorted[i].rank] = census->leaders[last->rank];
	}
	number_nodes(census);
	rc = find_conflict(census, sorted, entries, err);
	free(sorted);
	if (rc != 0)
		sc_census_free(census);
	return rc;
}

int
sc_census_from_leaders(struct sc_census *census, const uint32_t *leaders, uint32_t world_size,
    struct sc_error *err)
{
	if (init(census, world_size, err) != 0)
		return -1;
	memcpy(census->leaders, leaders, world_size * sizeof(*leaders));
	number_nodes(census);
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
	number_nodes(census);
}

void
sc_census_free(struct sc_census *census)
{
	free(census->ranks);
	free(census->leaders);
	memset(census, 0, sizeof(*census));
}
