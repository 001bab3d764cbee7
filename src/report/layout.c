/*
 * Which nodes have a lane, and where: see layout.h.
 */
#include "report/layout.h"

#include <stdlib.h>

/* Of more nodes than these, only some have a lane: those with something to see, and others at even
 * distances in the plan. */
enum { LANES_MAX = 240, LANES_CHOSEN = 64 };

/* Above the first lane of a tree. */
static const double heading_height = 20;

/* Of what is worth seeing, so many are shown at most if not all nodes are. */
enum { CHOSEN_SLOWEST = 8, CHOSEN_WITHOUT = 16 };

/* Trees have headings if they are no more than these. */
enum { HEADINGS_MAX = 16 };

static double
lane_height(uint32_t count)
{
	if (count <= 32)
		return 20;
	if (count <= 72)
		return 13;
	return count <= 110 ? 9 : 6;
}

/* Between groups. */
static double
gap(double height)
{
	return height >= 13 ? 6 : height >= 9 ? 4 : 3;
}

static void
choose(const struct sc_diagnosis *diagnosis, bool *chosen)
{
	const struct sc_statistics *statistics = diagnosis->statistics;
	uint32_t n = diagnosis->run->recipients;

	for (uint32_t i = 0; i < statistics->copies && i < CHOSEN_SLOWEST; i++)
		chosen[statistics->slowest_first[i]] = true;
	for (uint32_t i = 0; i < statistics->without_count && i < CHOSEN_WITHOUT; i++)
		chosen[statistics->without[i]] = true;
	if (diagnosis->brake != SC_NONE)
		chosen[diagnosis->brake] = true;
	if (diagnosis->culprit != SC_NONE)
		chosen[diagnosis->culprit] = true;
	for (uint32_t i = 0; i < LANES_CHOSEN; i++) {
		uint64_t place = (uint64_t)i * (n - 1) / (LANES_CHOSEN - 1);

		chosen[statistics->by_place[place]] = true;
	}
}

static void
place_lanes(struct sc_layout *layout, const struct sc_statistics *statistics, const bool *chosen)
{
	const struct sc_past_run *run = statistics->run;
	const struct sc_past_node *before = NULL;
	struct sc_lane *group = NULL;
	double y = layout->height + 2 * gap(layout->height);

	layout->lanes[0] = (struct sc_lane){.node = SC_ORIGIN};
	layout->count = 1;
	for (uint32_t i = 0; i < run->recipients; i++) {
		const struct sc_past_node *node = &run->nodes[statistics->by_place[i]];
		struct sc_lane *lane = &layout->lanes[layout->count];

		if (!chosen[statistics->by_place[i]])
			continue;
		layout->count++;
		*lane = (struct sc_lane){.node = statistics->by_place[i]};
		lane->begins_tree = before == NULL || before->tree != node->tree;
		lane->begins_group = lane->begins_tree || before->group != node->group;
		if (lane->begins_tree && layout->has_headings)
			y += heading_height;
		else if (lane->begins_group && before != NULL)
			y += gap(layout->height);
		if (lane->begins_group)
			group = lane;
		group->group_lanes++;
		lane->y = y;
		y += layout->height;
		before = node;
	}
	layout->total = y;
}

int
sc_layout_make(struct sc_layout *layout, const struct sc_diagnosis *diagnosis)
{
	const struct sc_past_run *run = diagnosis->run;
	uint32_t n = run->recipients;
	bool *chosen = calloc((size_t)n + 1, sizeof(*chosen));
	uint32_t count = 1;

	*layout = (struct sc_layout){0};
	if (chosen == NULL)
		return -1;
	if (n > LANES_MAX)
		choose(diagnosis, chosen);
	for (uint32_t i = 1; i <= n; i++) {
		chosen[i] = chosen[i] || n <= LANES_MAX;
		count += chosen[i];
	}
	layout->hidden = n + 1 - count;
	layout->height = lane_height(count);
	layout->has_headings = run->trees > 1 && run->trees <= HEADINGS_MAX;
	layout->lanes = calloc(count, sizeof(*layout->lanes));
	if (layout->lanes != NULL)
		place_lanes(layout, diagnosis->statistics, chosen);
	free(chosen);
	return layout->lanes == NULL ? -1 : 0;
}

void
sc_layout_free(struct sc_layout *layout)
{
	free(layout->lanes);
	*layout = (struct sc_layout){0};
}

bool
sc_layout_has_marks(const struct sc_layout *layout)
{
	return layout->height >= 13;
}

bool
sc_layout_has_names(const struct sc_layout *layout)
{
	return layout->height >= 9;
}
