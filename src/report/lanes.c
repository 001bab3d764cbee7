/*
 * Which nodes have a lane, and where: see report_lanes.h.
 */
#include "report/lanes.h"

#include <stdlib.h>

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
choose(const struct sc_report_facts *facts, const struct sc_report_why *why, bool *chosen)
{
	uint32_t n = facts->run->recipients;

	for (uint32_t i = 0; i < facts->copies && i < CHOSEN_SLOWEST; i++)
		chosen[facts->slowest_first[i]] = true;
	for (uint32_t i = 0; i < facts->without_count && i < CHOSEN_WITHOUT; i++)
		chosen[facts->without[i]] = true;
	if (why->brake != SC_NONE)
		chosen[why->brake] = true;
	if (why->culprit != SC_NONE)
		chosen[why->culprit] = true;
	for (uint32_t i = 0; i < SC_REPORT_LANES_CHOSEN; i++) {
		uint64_t place = (uint64_t)i * (n - 1) / (SC_REPORT_LANES_CHOSEN - 1);

		chosen[facts->by_place[place]] = true;
	}
}

static void
place_lanes(struct sc_report_lanes *lanes, const struct sc_report_facts *facts, const bool *chosen)
{
	const struct sc_past_run *run = facts->run;
	const struct sc_past_node *before = NULL;
	struct sc_report_lane *group = NULL;
	double y = lanes->height + 2 * gap(lanes->height);

	lanes->lanes[0] = (struct sc_report_lane){.node = SC_ORIGIN};
	lanes->count = 1;
	for (uint32_t i = 0; i < run->recipients; i++) {
		const struct sc_past_node *node = &run->nodes[facts->by_place[i]];
		struct sc_report_lane *lane = &lanes->lanes[lanes->count];

		if (!chosen[facts->by_place[i]])
			continue;
		lanes->count++;
		*lane = (struct sc_report_lane){.node = facts->by_place[i]};
		lane->begins_tree = before == NULL || before->tree != node->tree;
		lane->begins_group = lane->begins_tree || before->group != node->group;
		if (lane->begins_tree && lanes->has_headings)
			y += SC_REPORT_HEADING_HEIGHT;
		else if (lane->begins_group && before != NULL)
			y += gap(lanes->height);
		if (lane->begins_group)
			group = lane;
		group->group_lanes++;
		lane->y = y;
		y += lanes->height;
		before = node;
	}
	lanes->total = y;
}

int
sc_report_lanes_lay(struct sc_report_lanes *lanes, const struct sc_report_facts *facts,
    const struct sc_report_why *why)
{
	uint32_t n = facts->run->recipients;
	bool *chosen = calloc((size_t)n + 1, sizeof(*chosen));
	uint32_t count = 1;

	*lanes = (struct sc_report_lanes){0};
	if (chosen == NULL)
		return -1;
	if (n > SC_REPORT_LANES_MAX)
		choose(facts, why, chosen);
	for (uint32_t i = 1; i <= n; i++) {
		chosen[i] = chosen[i] || n <= SC_REPORT_LANES_MAX;
		count += chosen[i];
	}
	lanes->hidden = n + 1 - count;
	lanes->height = lane_height(count);
	lanes->has_headings = facts->run->trees > 1 && facts->run->trees <= HEADINGS_MAX;
	lanes->lanes = calloc(count, sizeof(*lanes->lanes));
	if (lanes->lanes != NULL)
		place_lanes(lanes, facts, chosen);
	free(chosen);
	return lanes->lanes == NULL ? -1 : 0;
}

void
sc_report_lanes_free(struct sc_report_lanes *lanes)
{
	free(lanes->lanes);
	*lanes = (struct sc_report_lanes){0};
}
