/*
 * Counting what is in a run: see statistics.h.
 */
#include "report/statistics.h"

#include <math.h>
#include <stdlib.h>

static int
compare_numbers(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

void
sc_sort(double *numbers, size_t count)
{
	qsort(numbers, count, sizeof(*numbers), compare_numbers);
}

double
sc_median(double *numbers, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (!isnan(numbers[i]))
			numbers[kept++] = numbers[i];
	}
	if (kept == 0)
		return NAN;
	sc_sort(numbers, kept);
	return numbers[(kept - 1) / 2];
}

bool
sc_has_copy(const struct sc_past_node *node)
{
	return node->reported && node->state == SC_NODE_COMMITTED;
}

bool
sc_is_lost(const struct sc_past_node *node)
{
	return node->reported && node->state == SC_NODE_LOST;
}

/* What is sorted: a node, and the numbers that it is sorted by, the first one first. */
struct key {
	double numbers[4];
	uint32_t node;
};

static int
compare_keys(const void *left, const void *right)
{
	const struct key *a = left, *b = right;

	for (size_t i = 0; i < 4; i++) {
		if (a->numbers[i] != b->numbers[i])
			return a->numbers[i] < b->numbers[i] ? -1 : 1;
	}
	return 0;
}

static void
sort_nodes(struct key *keys, uint32_t count, uint32_t *nodes)
{
	qsort(keys, count, sizeof(*keys), compare_keys);
	for (uint32_t i = 0; i < count; i++)
		nodes[i] = keys[i].node;
}

/* Which nodes have a copy, which lack one, and which are lost. */
static void
list_copies(struct sc_statistics *statistics, struct key *keys)
{
	const struct sc_past_run *run = statistics->run;

	for (uint32_t i = 0; i <= run->recipients; i++) {
		const struct sc_past_node *node = &run->nodes[i];

		if (sc_is_lost(node))
			statistics->lost[statistics->lost_count++] = i;
		if (i == SC_ORIGIN &&
		    (!node->reported || node->state == SC_NODE_NO_COPY || !run->origin_keeps_copy))
			continue;
		statistics->copies_wanted++;
		if (sc_has_copy(node)) {
			/* The time of a copy at the very start isn't told. */
			double time_s = isnan(node->committed_s) ? 0 : node->committed_s;

			keys[statistics->copies++] = (struct key){{-time_s, -(double)i}, i};
		} else {
			statistics->without[statistics->without_count++] = i;
		}
	}
	sort_nodes(keys, statistics->copies, statistics->slowest_first);
}

static void
list_places(struct sc_statistics *statistics, struct key *keys)
{
	uint32_t n = statistics->run->recipients;

	for (uint32_t i = 1; i <= n; i++) {
		const struct sc_past_node *node = &statistics->run->nodes[i];

		keys[i - 1] = (struct key){{node->tree, node->group, node->member, i}, i};
	}
	sort_nodes(keys, n, statistics->by_place);
}

/* Times of the recipients' copies; of the origin's, if there are none. */
static void
find_times(struct sc_statistics *statistics, double *numbers)
{
	const struct sc_past_run *run = statistics->run;
	size_t count = 0;

	for (uint32_t i = run->recipients > 0 ? 1 : 0; i <= run->recipients; i++) {
		const struct sc_past_node *node = &run->nodes[i];

		if (sc_has_copy(node) && !isnan(node->committed_s))
			numbers[count++] = node->committed_s;
	}
	statistics->first_s = statistics->p99_s = statistics->last_s = NAN;
	statistics->median_s = sc_median(numbers, count);
	if (count > 0) {
		statistics->first_s = numbers[0];
		statistics->p99_s = numbers[(count - 1) * 99 / 100];
		statistics->last_s = numbers[count - 1];
	}
}

/* The lower median of sorted numbers without one that equals mine. */
static double
median_of_others(const double *sorted, size_t count, double mine)
{
	size_t middle = (count - 2) / 2;

	/* If mine stands at or before the middle of the others, all there move up. */
	return sorted[middle] >= mine ? sorted[middle + 1] : sorted[middle];
}

/* The lag of each node of a group behind the others at one mark. */
static void
lag_at_mark(struct sc_statistics *statistics, const uint32_t *members, uint32_t size,
    enum sc_past_mark mark, double *sorted)
{
	const struct sc_past_node *nodes = statistics->run->nodes;
	size_t count = 0;

	for (uint32_t i = 0; i < size; i++) {
		if (!isnan(nodes[members[i]].mark_s[mark]))
			sorted[count++] = nodes[members[i]].mark_s[mark];
	}
	sc_sort(sorted, count);
	for (uint32_t i = 0; i < size; i++) {
		double mine = nodes[members[i]].mark_s[mark];
		double *lag_s = &statistics->lag_s[members[i]];

		/* Of two it can't be told which one is late, and which one early.  What is NaN at
		 * one mark stays NaN. */
		if (isnan(mine) || count < 3)
			*lag_s = NAN;
		else if (mine - median_of_others(sorted, count, mine) < *lag_s)
			*lag_s = mine - median_of_others(sorted, count, mine);
	}
}

/* How many of the nodes from a place on are of one group. */
static uint32_t
group_size(const struct sc_statistics *statistics, uint32_t place)
{
	const struct sc_past_node *nodes = statistics->run->nodes;
	uint32_t group = nodes[statistics->by_place[place]].group;
	uint32_t end = place;

	while (end < statistics->run->recipients && nodes[statistics->by_place[end]].group == group)
		end++;
	return end - place;
}

static void
find_lags(struct sc_statistics *statistics, double *numbers)
{
	uint32_t n = statistics->run->recipients;
	uint32_t size;

	statistics->lag_s[SC_ORIGIN] = NAN;
	for (uint32_t i = 1; i <= n; i++)
		statistics->lag_s[i] = INFINITY;
	for (uint32_t place = 0; place < n; place += size) {
		size = group_size(statistics, place);
		for (unsigned mark = SC_PAST_QUARTER; mark <= SC_PAST_THREE_QUARTERS; mark++)
			lag_at_mark(statistics, &statistics->by_place[place], size, mark, numbers);
	}
	for (uint32_t i = 0; i <= n; i++)
		numbers[i] = fabs(statistics->lag_s[i]);
	statistics->usual_lag_s = sc_median(numbers, (size_t)n + 1);
}

/* Takes three numbers a node. */
static void
find_usual(struct sc_statistics *statistics, double *numbers)
{
	const struct sc_past_run *run = statistics->run;
	double *network = numbers + run->recipients, *storage = network + run->recipients;
	size_t count = 0;

	for (uint32_t i = 1; i <= run->recipients; i++) {
		const struct sc_past_node *node = &run->nodes[i];

		if (!sc_has_copy(node))
			continue;
		numbers[count] = node->stored_s - node->last_chunk_s;
		network[count] = run->has_stalls ? node->network_stall_s : (double)NAN;
		storage[count] = run->has_stalls ? node->storage_stall_s : (double)NAN;
		count++;
	}
	statistics->usual_backlog_s = sc_median(numbers, count);
	statistics->usual_network_stall_s = sc_median(network, count);
	statistics->usual_storage_stall_s = sc_median(storage, count);
}

int
sc_statistics_find(struct sc_statistics *statistics, const struct sc_past_run *run)
{
	size_t nodes = (size_t)run->recipients + 1;
	struct key *keys = calloc(nodes, sizeof(*keys));
	double *numbers = calloc(3 * nodes, sizeof(*numbers));
	uint32_t *lists = calloc(4 * nodes, sizeof(*lists));
	int rc = -1;

	*statistics = (struct sc_statistics){.run = run, .slowest_first = lists};
	statistics->lag_s = calloc(nodes, sizeof(*statistics->lag_s));
	if (keys == NULL || numbers == NULL || lists == NULL || statistics->lag_s == NULL)
		goto out;
	statistics->without = lists + nodes;
	statistics->lost = lists + 2 * nodes;
	statistics->by_place = lists + 3 * nodes;
	list_copies(statistics, keys);
	list_places(statistics, keys);
	find_times(statistics, numbers);
	find_lags(statistics, numbers);
	find_usual(statistics, numbers);
	rc = 0;
out:
	free(keys);
	free(numbers);
	return rc;
}

void
sc_statistics_free(struct sc_statistics *statistics)
{
	free(statistics->slowest_first);
	free(statistics->lag_s);
	*statistics = (struct sc_statistics){0};
}
