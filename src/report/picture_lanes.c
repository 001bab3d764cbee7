/*
 * The lanes of the picture: bars, marks and names.
 */
#include "report/draw.h"

#include "base/units.h"
#include "report/svg.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

static const double marks_height_min = 13, names_height_min = 9;

/* Characters of a name, with and without a word on why it matters, and of a cause. */
enum { NAME_CHARACTERS = 22, SPECIAL_CHARACTERS = 11, CAUSE_CHARACTERS = 70 };

double
sc_panel_x(const struct sc_panel *panel, double time_s)
{
	double part = (time_s - panel->from_s) / (panel->to_s - panel->from_s);

	return panel->x + panel->width * fmin(fmax(part, 0), 1);
}

bool
sc_draw_has_marks(const struct sc_picture *picture)
{
	return picture->lanes.height >= marks_height_min;
}

bool
sc_draw_has_names(const struct sc_picture *picture)
{
	return picture->lanes.height >= names_height_min;
}

/* A bar between two moments, as far as the panel shows it.  Is there anything to see? */
static bool
draw_bar(const struct sc_picture *picture, const struct sc_panel *panel, double y, double from_s,
    double to_s, const char *attributes)
{
	double height = picture->lanes.height;
	double thick = height * (sc_draw_has_marks(picture) ? 0.56 : 0.8);
	double x1, x2;

	/* False for what never was, too. */
	if (!(to_s > from_s) || to_s < panel->from_s || from_s > panel->to_s)
		return false;
	x1 = sc_panel_x(panel, from_s);
	x2 = sc_panel_x(panel, to_s);
	sc_svg_rect(picture->out, x1, y + (height - thick) / 2, x2 - x1, thick, attributes);
	return x2 - x1 >= 0.8;
}

static bool
is_in(const struct sc_panel *panel, double time_s)
{
	return time_s >= panel->from_s && time_s <= panel->to_s;
}

/* Quarter by quarter, or in one piece if the marks on the way aren't known. */
static void
draw_growth(struct sc_picture *picture, const struct sc_panel *panel,
    const struct sc_past_node *node, double y)
{
	double from_s = node->first_chunk_s;
	double end_s =
	    isnan(node->mark_s[SC_PAST_ALL]) ? node->stored_s : node->mark_s[SC_PAST_ALL];

	if (isnan(from_s))
		from_s = 0;
	if (isnan(node->mark_s[SC_PAST_QUARTER])) {
		draw_bar(picture, panel, y, from_s, isnan(end_s) ? node->last_chunk_s : end_s,
		    sc_draw_receiving);
		picture->has_receiving = true;
		return;
	}
	for (unsigned mark = SC_PAST_QUARTER; mark <= SC_PAST_ALL; mark++) {
		double to_s = mark == SC_PAST_ALL ? end_s : node->mark_s[mark];

		/* A copy that failed on the way has no more marks. */
		if (isnan(to_s)) {
			draw_bar(picture, panel, y, from_s, node->failed_s, sc_draw_quarters[mark]);
			break;
		}
		draw_bar(picture, panel, y, from_s, to_s, sc_draw_quarters[mark]);
		from_s = to_s;
	}
	picture->has_quarters = true;
}

static void
draw_copy(struct sc_picture *picture, const struct sc_panel *panel, const struct sc_past_node *node,
    double y)
{
	double height = picture->lanes.height;
	double middle = y + height / 2;

	draw_growth(picture, panel, node, y);
	if (draw_bar(picture, panel, y, node->last_chunk_s, node->stored_s, sc_draw_storing))
		picture->has_storing = true;
	if (!sc_draw_has_marks(picture)) {
		if (is_in(panel, node->committed_s))
			sc_svg_line(picture->out, sc_panel_x(panel, node->committed_s), y + 0.6,
			    sc_panel_x(panel, node->committed_s), y + height - 0.6,
			    "stroke=\"" SC_DRAW_INK "\" stroke-width=\"1.6\"");
		return;
	}
	if (node->committed_s > node->stored_s && node->committed_s >= panel->from_s)
		sc_svg_line(picture->out, sc_panel_x(panel, node->stored_s), middle,
		    sc_panel_x(panel, node->committed_s), middle,
		    "stroke=\"" SC_DRAW_INK "\" stroke-width=\"1\"");
	if (is_in(panel, node->committed_s))
		sc_draw_committed(picture->out, sc_panel_x(panel, node->committed_s), middle,
		    height);
	if (is_in(panel, node->stored_s)) {
		sc_draw_stored(picture->out, sc_panel_x(panel, node->stored_s), middle, height);
		picture->has_stored = true;
	}
	if (is_in(panel, node->last_chunk_s)) {
		sc_draw_last(picture->out, sc_panel_x(panel, node->last_chunk_s), middle, height);
		picture->has_last = true;
	}
}

/* A node without a copy: what it held until it failed, and that it went on. */
static void
draw_no_copy(struct sc_picture *picture, const struct sc_panel *panel,
    const struct sc_past_node *node, double y)
{
	double failed_s = isnan(node->failed_s) ? panel->from_s : node->failed_s;

	if (!isnan(node->mark_s[SC_PAST_QUARTER]) || node->first_chunk_s < failed_s)
		draw_growth(picture, panel, node, y);
	if (draw_bar(picture, panel, y, failed_s, node->last_chunk_s, sc_draw_after_failure))
		picture->has_after_failure = true;
	if (is_in(panel, failed_s)) {
		sc_draw_failed(picture->out, sc_panel_x(panel, failed_s),
		    y + picture->lanes.height / 2, picture->lanes.height);
		picture->has_failed = true;
	}
}

/* A node that was lost: what it held is known only of simulations. */
static void
draw_lost(struct sc_picture *picture, const struct sc_panel *panel, const struct sc_past_node *node,
    double y)
{
	double failed_s = isnan(node->failed_s) ? panel->from_s : node->failed_s;
	double middle = y + picture->lanes.height / 2;

	if (!isnan(node->mark_s[SC_PAST_QUARTER]) || node->first_chunk_s < failed_s) {
		draw_growth(picture, panel, node, y);
	} else if (failed_s > panel->from_s) {
		sc_svg_line(picture->out, panel->x, middle, sc_panel_x(panel, failed_s), middle,
		    sc_draw_untold);
		picture->has_untold = true;
	}
	if (is_in(panel, failed_s)) {
		sc_draw_lost(picture->out, sc_panel_x(panel, failed_s), middle,
		    picture->lanes.height);
		picture->has_lost = true;
	}
}

/* Where it asked others than before; a line till they agreed.  Many are asked at one time. */
static void
draw_detours(struct sc_picture *picture, const struct sc_panel *panel,
    const struct sc_past_node *node, double y)
{
	const struct sc_past_run *run = picture->facts->run;
	double middle = y + picture->lanes.height / 2;
	double drawn_x = -1;

	for (uint32_t i = node->last_detour; i != SC_NONE; i = run->detours[i].before) {
		const struct sc_past_detour *detour = &run->detours[i];
		double x = sc_panel_x(panel, detour->asked_s);

		if (!is_in(panel, detour->asked_s) || fabs(x - drawn_x) < 1)
			continue;
		drawn_x = x;
		if (detour->in_place_s > detour->asked_s)
			sc_svg_line(picture->out, x, middle - picture->lanes.height * 0.14,
			    sc_panel_x(panel, detour->in_place_s),
			    middle - picture->lanes.height * 0.14,
			    "stroke=\"" SC_DRAW_PURPLE "\" stroke-width=\"1.8\"");
		sc_draw_detour(picture->out, x, middle, picture->lanes.height);
		picture->has_detour = true;
	}
}

static void
draw_cause(const struct sc_picture *picture, const struct sc_past_node *node, double y)
{
	const struct sc_panel *panel = &picture->whole;
	char cause[SC_CAUSE_BYTES];
	double failed_s = isnan(node->failed_s) ? panel->from_s : node->failed_s;
	double distance = sc_report_is_lost(node) ? 12 : 9;
	double x = sc_panel_x(panel, failed_s) + distance;
	const char *anchor = "start";

	if (x > panel->x + panel->width * 0.55) {
		x -= 2 * distance;
		anchor = "end";
	}
	fprintf(picture->out,
	    "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" font-size=\"10.5\" "
	    "fill=\"#7a3000\" stroke=\"#fff\" stroke-width=\"3\" paint-order=\"stroke\">",
	    x, y + picture->lanes.height / 2 + 3.8, anchor);
	sc_svg_escape_cut(picture->out, sc_report_cause(node, cause), CAUSE_CHARACTERS);
	fputs("</text>\n", picture->out);
}

/* Stalls are told as sums: a bar of both, one after the other. */
static void
draw_stalls(struct sc_picture *picture, const struct sc_past_node *node, double y)
{
	const struct sc_panel *panel = &picture->stalled;

	draw_bar(picture, panel, y, 0, node->network_stall_s, sc_draw_network);
	draw_bar(picture, panel, y, node->network_stall_s,
	    node->network_stall_s + node->storage_stall_s, sc_draw_storage);
}

static void
draw_waiting(struct sc_picture *picture, const struct sc_past_node *node, double y)
{
	const struct sc_panel *panel = &picture->whole;
	double x =
	    sc_panel_x(panel, isnan(node->first_chunk_s) ? panel->to_s : node->first_chunk_s);

	if (x - panel->x < 1)
		return;
	sc_svg_line(picture->out, panel->x, y, x, y, sc_draw_waiting);
	picture->has_waiting = true;
}

static bool
is_without(uint32_t number, const struct sc_past_node *node)
{
	if (number == SC_ORIGIN)
		return node->state == SC_NODE_FAILED || node->state == SC_NODE_LOST;
	return !sc_report_has_copy(node);
}

static void
draw_panel(struct sc_picture *picture, const struct sc_panel *panel, uint32_t number, double y)
{
	const struct sc_past_node *node = &picture->facts->run->nodes[number];
	double middle = y + picture->lanes.height / 2;

	if (panel->width <= 0)
		return;
	if (number != SC_ORIGIN && panel == &picture->whole &&
	    !(sc_report_is_lost(node) && isnan(node->first_chunk_s)))
		draw_waiting(picture, node, middle);
	if (sc_report_has_copy(node))
		draw_copy(picture, panel, node, y);
	if (sc_draw_has_marks(picture) && is_in(panel, node->first_chunk_s)) {
		sc_draw_first(picture->out, sc_panel_x(panel, node->first_chunk_s), middle,
		    picture->lanes.height);
		picture->has_first = true;
	}
	if (sc_draw_has_marks(picture))
		draw_detours(picture, panel, node, y);
	if (sc_report_is_lost(node))
		draw_lost(picture, panel, node, y);
	else if (is_without(number, node))
		draw_no_copy(picture, panel, node, y);
	if (number == SC_ORIGIN && node->send_ended_s > node->send_begun_s &&
	    node->send_ended_s >= panel->from_s) {
		double edge = y + picture->lanes.height - 1;

		sc_svg_line(picture->out, sc_panel_x(panel, node->send_begun_s), edge,
		    sc_panel_x(panel, node->send_ended_s), edge, sc_draw_sending);
		picture->has_sending = true;
	}
}

/* Why a node deserves a look; NULL: it doesn't. */
static const char *
remark(const struct sc_picture *picture, uint32_t number)
{
	const struct sc_report_why *why = picture->why;

	if (number == why->culprit && why->reason == SC_REASON_SUPPLIER)
		return "the cause";
	if (number == why->slowest && why->reason != SC_REASON_NONE)
		return "slowest";
	if (number == why->brake)
		return "held others";
	if (number == why->slowest && picture->facts->copies > 1)
		return "last";
	return NULL;
}

/* Without its domain, which is everybody's, unless it is an address. */
static void
draw_host(FILE *out, const char *host, size_t characters)
{
	char name[SC_HOST_BYTES];

	snprintf(name, sizeof(name), "%s", host);
	if (isalpha((unsigned char)name[0]))
		name[strcspn(name, ".")] = '\0';
	sc_svg_escape_cut(out, name, characters);
}

static void
draw_name(const struct sc_picture *picture, const struct sc_report_lane *lane, double y)
{
	const struct sc_past_node *node = &picture->facts->run->nodes[lane->node];
	const char *words = remark(picture, lane->node);
	bool failed = is_without(lane->node, node);
	double size = fmin(fmax(picture->lanes.height * 0.62, 9), 11.5);

	if (!sc_draw_has_names(picture) && words == NULL && !failed && lane->node != SC_ORIGIN)
		return;
	fprintf(picture->out,
	    "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\" font-size=\"%.1f\"%s>",
	    picture->whole.x - 9, y + picture->lanes.height / 2 + size * 0.36, size,
	    words != NULL || failed ? " font-weight=\"bold\"" : "");
	if (lane->node == SC_ORIGIN)
		fputs("origin ", picture->out);
	else
		fprintf(picture->out, "%u ", lane->node);
	draw_host(picture->out, node->host,
	    words != NULL || failed ? SPECIAL_CHARACTERS : NAME_CHARACTERS);
	if (words != NULL || failed)
		fprintf(picture->out, ": %s",
		    words != NULL                 ? words
			: sc_report_is_lost(node) ? "lost"
						  : "failed");
	fputs("</text>\n", picture->out);
}

/* What a viewer shows when the pointer rests on a lane. */
static void
draw_tip(const struct sc_picture *picture, uint32_t number)
{
	const struct sc_past_node *node = &picture->facts->run->nodes[number];
	char name[SC_REPORT_NAME_BYTES], time[SC_UNIT_TEXT_BYTES];
	const struct {
		const char *what;
		double time_s;
	} moments[] = {
		{"first chunk", node->first_chunk_s},
		{"last chunk", node->last_chunk_s},
		{"stored", node->stored_s},
		{"committed", node->committed_s},
		{sc_report_is_lost(node) ? "lost" : "failed", node->failed_s},
	};

	fputs("<title>", picture->out);
	sc_svg_escape(picture->out, sc_report_node_name(picture->facts->run, number, name));
	for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		if (!isnan(moments[i].time_s))
			fprintf(picture->out, ", %s %s", moments[i].what,
			    sc_report_duration(moments[i].time_s, time));
	}
	fputs("</title>\n", picture->out);
}

static void
draw_highlight(const struct sc_picture *picture, uint32_t number, double y)
{
	const struct sc_panel *right = picture->stalled.width > 0 ? &picture->stalled
	    : picture->end.width > 0                              ? &picture->end
								  : &picture->whole;
	double x = picture->whole.x;

	if (remark(picture, number) != NULL)
		sc_svg_rect(picture->out, x - 4, y - 0.5, right->x + right->width - x + 8,
		    picture->lanes.height + 1,
		    "fill=\"#fff3c4\" stroke=\"#b59b3a\" stroke-width=\".6\"");
}

static void
draw_lane(struct sc_picture *picture, const struct sc_report_lane *lane)
{
	double y = picture->top + lane->y;

	fputs("<g>", picture->out);
	draw_tip(picture, lane->node);
	draw_highlight(picture, lane->node, y);
	draw_name(picture, lane, y);
	draw_panel(picture, &picture->whole, lane->node, y);
	draw_panel(picture, &picture->end, lane->node, y);
	if (picture->stalled.width > 0)
		draw_stalls(picture, &picture->facts->run->nodes[lane->node], y);
	if (sc_draw_has_marks(picture) &&
	    is_without(lane->node, &picture->facts->run->nodes[lane->node]))
		draw_cause(picture, &picture->facts->run->nodes[lane->node], y);
	fputs("</g>\n", picture->out);
}

/* A bracket around the lanes of a group, and its number. */
static void
draw_group(const struct sc_picture *picture, const struct sc_report_lane *lane)
{
	const struct sc_past_node *node = &picture->facts->run->nodes[lane->node];
	double y = picture->top + lane->y + 0.5;
	double height = lane->group_lanes * picture->lanes.height - 1;
	char text[64];

	fprintf(picture->out,
	    "<path d=\"M71 %.2fh-4v%.2fh4\" fill=\"none\" stroke=\"" SC_DRAW_FAINT "\"/>\n", y,
	    height);
	if (height < 8)
		return;
	snprintf(text, sizeof(text), "group %u", node->group);
	sc_svg_text(picture->out, 62, y + height / 2 + 3.5,
	    "text-anchor=\"end\" font-size=\"10\" fill=\"#555\"", text);
}

static void
draw_heading(const struct sc_picture *picture, const struct sc_report_lane *lane)
{
	uint32_t tree = picture->facts->run->nodes[lane->node].tree;
	char text[64];

	snprintf(text, sizeof(text), tree == 0 ? "primary tree" : "secondary tree %u", tree);
	sc_svg_text(picture->out, 20, picture->top + lane->y - 5,
	    "font-size=\"11.5\" font-weight=\"bold\"", text);
}

void
sc_draw_lanes(struct sc_picture *picture)
{
	for (uint32_t i = 0; i < picture->lanes.count; i++) {
		const struct sc_report_lane *lane = &picture->lanes.lanes[i];

		if (lane->begins_tree && picture->lanes.has_headings)
			draw_heading(picture, lane);
		if (lane->begins_group)
			draw_group(picture, lane);
		draw_lane(picture, lane);
	}
}
