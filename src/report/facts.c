/*
 * Counting what is in a run: see report_facts.h.
 */
#include "report/facts.h"

#include <math.h>
#include <stdlib.h>

static int
compare_numbers(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

double
sc_report_median(double *numbers, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (!isnan(numbers[i]))
			numbers[kept++] = numbers[i];
	}
	if (kept == 0)
		return NAN;
	qsort(numbers, kept, sizeof(*numbers), compare_numbers);
	return numbers[(kept - 1) / 2];
}

bool
sc_report_has_copy(const struct sc_past_node *node)
{
	return node->reported && node->state == SC_NODE_COMMITTED;
}

bool
sc_report_is_lost(const struct sc_past_node *node)
{
	return node->reported && node->state == SC_NODE_LOST;
}

/* What is sorted: a node and what it is sorted by. */
struct key {
	double time_s;
	uint32_t tree;
	uint32_t group;
	uint32_t member;
	uint32_t node;
};

static int
compare_times(const void *left, const void *right)
{
	const struct key *a = left, *b = right;

	if (a->time_s != b->time_s)
		return a->time_s > b->time_s ? -1 : 1;
	return (a->node < b->node) - (a->node > b->node);
}

static int
compare_places(const void *left, const void *right)
{
	const struct key *a = left, *b = right;

	if (a->tree != b->tree)
		return a->tree < b->tree ? -1 : 1;
	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	if (a->member != b->member)
		return a->member < b->member ? -1 : 1;
	return (a->node > b->node) - (a->node < b->node);
}

static void
sort_copies(struct sc_report_facts *facts, struct key *keys)
{
	const struct sc_past_run *run = facts->run;

	for (uint32_t i = 0; i <= run->recipients; i++) {
		const struct sc_past_node *node = &run->nodes[i];

		if (i == SC_ORIGIN &&
		    (!node->reported || node->state == SC_NODE_NO_COPY || !run->origin_keeps_copy))
			continue;
		facts->copies_wanted++;
		if (sc_report_has_copy(node))
			keys[facts->copies++] = (struct key){
				/* That of a copy at the very start isn't told. */
				.time_s = isnan(node->committed_s) ? 0 : node->committed_s,
				.node = i,
			};
		else
			facts->without[facts->without_count++] = i;
	}
	qsort(keys, facts->copies, sizeof(*keys), compare_times);
	for (uint32_t i = 0; i < facts->copies; i++)
		facts->slowest_first[i] = keys[i].node;
}

static void
find_lost(struct sc_report_facts *facts)
{
	const struct sc_past_run *run = facts->run;

	for (uint32_t i = 0; i <= run->recipients; i++) {
		if (sc_report_is_lost(&run->nodes[i]))
			facts->lost[facts->lost_count++] = i;
	}
}

static void
sort_places(struct sc_report_facts *facts, struct key *keys)
{
	const struct sc_past_run *run = facts->run;

	for (uint32_t i = 1; i <= run->recipients; i++) {
		const struct sc_past_node *node = &run->nodes[i];

		keys[i - 1] = (struct key){0, node->tree, node->group, node->member, i};
	}
	qsort(keys, run->recipients, sizeof(*keys), compare_places);
	for (uint32_t i = 0; i < run->recipients; i++)
		facts->by_place[i] = keys[i].node;
}

uint32_t
sc_report_group_size(const struct sc_report_facts *facts, uint32_t place)
{
	const struct sc_past_node *nodes = facts->run->nodes;
	uint32_t group = nodes[facts->by_place[place]].group;
	uint32_t end = place;

	while (end < facts->run->recipients && nodes[facts->by_place[end]].group == group)
		end++;
	return end - place;
}

/* Times of the recipients' copies; of the origin's, if there are none. */
static void
find_times(struct sc_report_facts *facts, double *numbers)
{
	const struct sc_past_run *run = facts->run;
	size_t count = 0;

	for (uint32_t i = run->recipients > 0 ? 1 : 0; i <= run->recipients; i++) {
		const struct sc_past_node *node = &run->nodes[i];

		if (sc_report_has_copy(node) && !isnan(node->committed_s))
			numbers[count++] = node->committed_s;
	}
	facts->first_s = facts->p99_s = facts->last_s = NAN;
	facts->median_s = sc_report_median(numbers, count);
	if (count > 0) {
		facts->first_s = numbers[0];
		facts->p99_s = numbers[(count - 1) * 99 / 100];
		facts->last_s = numbers[count - 1];
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
lag_at_mark(struct sc_report_facts *facts, const uint32_t *members, uint32_t size,
    enum sc_past_mark mark, double *sorted)
{
	const struct sc_past_node *nodes = facts->run->nodes;
	size_t count = 0;

	for (uint32_t i = 0; i < size; i++) {
		if (!isnan(nodes[members[i]].mark_s[mark]))
			sorted[count++] = nodes[members[i]].mark_s[mark];
	}
	qsort(sorted, count, sizeof(*sorted), compare_numbers);
	for (uint32_t i = 0; i < size; i++) {
		double mine = nodes[members[i]].mark_s[mark];
		double *lag_s = &facts->lag_s[members[i]];

		/* Of two it can't be told which one is late, and which one early. */
		if (isnan(mine) || count < 3)
			*lag_s = NAN;
		else if (mark == SC_PAST_QUARTER)
			*lag_s = mine - median_of_others(sorted, count, mine);
		else if (!isnan(*lag_s))
			*lag_s = fmin(*lag_s, mine - median_of_others(sorted, count, mine));
	}
}

static void
find_lags(struct sc_report_facts *facts, double *numbers)
{
	uint32_t n = facts->run->recipients;
	uint32_t size;

	facts->lag_s[SC_ORIGIN] = NAN;
	for (uint32_t place = 0; place < n; place += size) {
		size = sc_report_group_size(facts, place);
		for (unsigned mark = SC_PAST_QUARTER; mark <= SC_PAST_THREE_QUARTERS; mark++)
			lag_at_mark(facts, &facts->by_place[place], size, mark, numbers);
	}
	for (uint32_t i = 0; i <= n; i++)
		numbers[i] = fabs(facts->lag_s[i]);
	facts->usual_lag_s = sc_report_median(numbers, (size_t)n + 1);
}

static void
find_usual(struct sc_report_facts *facts, double *numbers)
{
	const struct sc_past_run *run = facts->run;
	double *const medians[] = {&facts->usual_network_stall_s, &facts->usual_storage_stall_s,
		&facts->usual_backlog_s};

	for (unsigned what = 0; what < 3; what++) {
		size_t count = 0;

		for (uint32_t i = 1; i <= run->recipients; i++) {
			const struct sc_past_node *node = &run->nodes[i];

			if (!sc_report_has_copy(node))
				continue;
			if (what == 2)
				numbers[count++] = node->stored_s - node->last_chunk_s;
			else if (run->has_stalls)
				numbers[count++] =
				    what == 0 ? node->network_stall_s : node->storage_stall_s;
		}
		*medians[what] = sc_report_median(numbers, count);
	}
}

int
sc_report_facts_find(struct sc_report_facts *facts, const struct sc_past_run *run)
{
	size_t nodes = (size_t)run->recipients + 1;
	struct key *keys = calloc(nodes, sizeof(*keys));
	double *numbers = calloc(nodes, sizeof(*numbers));
	int rc = -1;

	*facts = (struct sc_report_facts){.run = run};
	facts->slowest_first = calloc(nodes, sizeof(*facts->slowest_first));
	facts->without = calloc(nodes, sizeof(*facts->without));
	facts->lost = calloc(nodes, sizeof(*facts->lost));
	facts->by_place = calloc(nodes, sizeof(*facts->by_place));
	facts->lag_s = calloc(nodes, sizeof(*facts->lag_s));
	if (keys == NULL || numbers == NULL || facts->slowest_first == NULL ||
	    facts->without == NULL || facts->lost == NULL || facts->by_place == NULL ||
	    facts->lag_s == NULL)
		goto out;
	sort_copies(facts, keys);
	find_lost(facts);
	sort_places(facts, keys);
	find_times(facts, numbers);
	find_lags(facts, numbers);
	find_usual(facts, numbers);
	rc = 0;
out:
	free(keys);
	free(numbers);
	return rc;
}

void
sc_report_facts_free(struct sc_report_facts *facts)
{
	free(facts->slowest_first);
	free(facts->without);
	free(facts->lost);
	free(facts->by_place);
	free(facts->lag_s);
	*facts = (struct sc_report_facts){0};
}
