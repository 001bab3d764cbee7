/*
 * The lanes of the picture: bars, marks and names.
 */
#include "report/picture_parts.h"

#include "report/sentences.h"
#include "report/svg.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

/* Characters of a name, with and without a word on why it matters, and of a cause. */
enum { NAME_CHARACTERS = 22, SPECIAL_CHARACTERS = 11, CAUSE_CHARACTERS = 70 };

bool
sc_panel_shows(const struct sc_panel *panel, double time_s)
{
	return time_s >= panel->from_s && time_s <= panel->to_s;
}

double
sc_panel_x(const struct sc_panel *panel, double time_s)
{
	double part = (time_s - panel->from_s) / (panel->to_s - panel->from_s);

	return panel->x + panel->width * fmin(fmax(part, 0), 1);
}

void
sc_picture_draw_line(struct sc_picture *picture, enum sc_symbol symbol, double x1, double y1,
    double x2, double y2)
{
	sc_svg_line(picture->out, x1, y1, x2, y2, sc_symbols[symbol].attributes);
	picture->seen[symbol] = true;
}

/* A lane, in one of the panels. */
struct place {
	struct sc_picture *picture;
	const struct sc_panel *panel;
	const struct sc_past_node *node;
	double y;      /* of the lane's upper edge */
	double height; /* of the lane */
};

static double
middle(const struct place *place)
{
	return place->y + place->height / 2;
}

/* A bar between two moments, as far as the panel shows it.  Is there anything to see? */
static bool
draw_bar(const struct place *place, double from_s, double to_s, const char *attributes)
{
	const struct sc_panel *panel = place->panel;
	double thick = place->height * (sc_layout_has_marks(&place->picture->layout) ? 0.56 : 0.8);
	double x1, x2;

	/* False for what never was, too. */
	if (!(to_s > from_s) || to_s < panel->from_s || from_s > panel->to_s)
		return false;
	x1 = sc_panel_x(panel, from_s);
	x2 = sc_panel_x(panel, to_s);
	sc_svg_rect(place->picture->out, x1, place->y + (place->height - thick) / 2, x2 - x1, thick,
	    attributes);
	return x2 - x1 >= 0.8;
}

/* The same of a symbol, which is explained if there is something to see. */
static void
draw_symbol_bar(const struct place *place, double from_s, double to_s, enum sc_symbol symbol)
{
	if (draw_bar(place, from_s, to_s, sc_symbols[symbol].attributes))
		place->picture->seen[symbol] = true;
}

static void
draw_mark(const struct place *place, double time_s, enum sc_symbol symbol)
{
	if (!sc_panel_shows(place->panel, time_s))
		return;
	sc_symbols[symbol].draw(place->picture->out, sc_panel_x(place->panel, time_s),
	    middle(place), place->height);
	place->picture->seen[symbol] = true;
}

/* Quarter by quarter, or in one piece if the marks on the way aren't known. */
static void
draw_growth(const struct place *place)
{
	const struct sc_past_node *node = place->node;
	double from_s = isnan(node->first_chunk_s) ? 0 : node->first_chunk_s;
	double end_s =
	    isnan(node->mark_s[SC_PAST_ALL]) ? node->stored_s : node->mark_s[SC_PAST_ALL];

	if (isnan(node->mark_s[SC_PAST_QUARTER])) {
		draw_symbol_bar(place, from_s, isnan(end_s) ? node->last_chunk_s : end_s,
		    SC_SYMBOL_RECEIVING);
		place->picture->seen[SC_SYMBOL_RECEIVING] = true;
		return;
	}
	for (unsigned mark = SC_PAST_QUARTER; mark <= SC_PAST_ALL; mark++) {
		double to_s = mark == SC_PAST_ALL ? end_s : node->mark_s[mark];
		bool failed = isnan(to_s);

		/* A copy that failed on the way has no more marks. */
		draw_bar(place, from_s, failed ? node->failed_s : to_s, sc_quarters[mark]);
		if (failed)
			break;
		from_s = to_s;
	}
	place->picture->seen[SC_SYMBOL_QUARTERS] = true;
}

static void
draw_copy(const struct place *place)
{
	const struct sc_past_node *node = place->node;
	const struct sc_panel *panel = place->panel;
	FILE *out = place->picture->out;
	double x = sc_panel_x(panel, node->committed_s);

	draw_growth(place);
	draw_symbol_bar(place, node->last_chunk_s, node->stored_s, SC_SYMBOL_STORING);
	if (!sc_layout_has_marks(&place->picture->layout)) {
		if (sc_panel_shows(panel, node->committed_s))
			sc_svg_line(out, x, place->y + 0.6, x, place->y + place->height - 0.6,
			    sc_symbols[SC_SYMBOL_COMMITTED_THIN].attributes);
		return;
	}
	if (node->committed_s > node->stored_s && node->committed_s >= panel->from_s)
		sc_svg_line(out, sc_panel_x(panel, node->stored_s), middle(place), x, middle(place),
		    "stroke=\"" SC_COLOUR_INK "\" stroke-width=\"1\"");
	draw_mark(place, node->committed_s, SC_SYMBOL_COMMITTED);
	draw_mark(place, node->stored_s, SC_SYMBOL_STORED);
	draw_mark(place, node->last_chunk_s, SC_SYMBOL_LAST);
}

/* A node without a copy, or lost: what it held until it failed (of a node that was lost this is
 * known only of simulations), and what it passed on after that. */
static void
draw_failed(const struct place *place, bool lost)
{
	const struct sc_past_node *node = place->node;
	const struct sc_panel *panel = place->panel;
	double failed_s = isnan(node->failed_s) ? panel->from_s : node->failed_s;

	if (!isnan(node->mark_s[SC_PAST_QUARTER]) || node->first_chunk_s < failed_s)
		draw_growth(place);
	else if (lost && failed_s > panel->from_s)
		sc_picture_draw_line(place->picture, SC_SYMBOL_UNTOLD, panel->x, middle(place),
		    sc_panel_x(panel, failed_s), middle(place));
	if (!lost)
		draw_symbol_bar(place, failed_s, node->last_chunk_s, SC_SYMBOL_AFTER_FAILURE);
	draw_mark(place, failed_s, lost ? SC_SYMBOL_LOST : SC_SYMBOL_FAILED);
}

/* Where it asked other nodes than before; a line till they agreed.  Many are asked at one time. */
static void
draw_detours(const struct place *place)
{
	const struct sc_past_run *run = place->picture->run;
	double y = middle(place) - place->height * 0.14;
	double drawn_x = -1;

	for (uint32_t i = place->node->last_detour; i != SC_NONE; i = run->detours[i].before) {
		const struct sc_past_detour *detour = &run->detours[i];
		double x = sc_panel_x(place->panel, detour->asked_s);

		if (!sc_panel_shows(place->panel, detour->asked_s) || fabs(x - drawn_x) < 1)
			continue;
		drawn_x = x;
		if (detour->in_place_s > detour->asked_s)
			sc_svg_line(place->picture->out, x, y,
			    sc_panel_x(place->panel, detour->in_place_s), y,
			    "stroke=\"" SC_COLOUR_PURPLE "\" stroke-width=\"1.8\"");
		draw_mark(place, detour->asked_s, SC_SYMBOL_DETOUR);
	}
}

static void
draw_cause(const struct place *place)
{
	const struct sc_panel *panel = place->panel;
	const struct sc_past_node *node = place->node;
	double failed_s = isnan(node->failed_s) ? panel->from_s : node->failed_s;
	double distance = sc_is_lost(node) ? 12 : 9;
	double x = sc_panel_x(panel, failed_s) + distance;
	const char *anchor = "start";

	if (x > panel->x + panel->width * 0.55) {
		x -= 2 * distance;
		anchor = "end";
	}
	fprintf(place->picture->out,
	    "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" font-size=\"10.5\" "
	    "fill=\"#7a3000\" stroke=\"#fff\" stroke-width=\"3\" paint-order=\"stroke\">",
	    x, middle(place) + 3.8, anchor);
	sc_svg_escape(place->picture->out, sc_cause(node).text, CAUSE_CHARACTERS);
	fputs("</text>\n", place->picture->out);
}

static void
draw_waiting(const struct place *place)
{
	const struct sc_panel *panel = place->panel;
	double first_s = place->node->first_chunk_s;
	double x = sc_panel_x(panel, isnan(first_s) ? panel->to_s : first_s);

	if (x - panel->x >= 1)
		sc_picture_draw_line(place->picture, SC_SYMBOL_WAITING, panel->x, middle(place), x,
		    middle(place));
}

static void
draw_sending(const struct place *place)
{
	const struct sc_past_node *node = place->node;
	double edge = place->y + place->height - 1;

	if (node->send_ended_s > node->send_begun_s && node->send_ended_s >= place->panel->from_s)
		sc_picture_draw_line(place->picture, SC_SYMBOL_SENDING,
		    sc_panel_x(place->panel, node->send_begun_s), edge,
		    sc_panel_x(place->panel, node->send_ended_s), edge);
}

static bool
is_without(uint32_t number, const struct sc_past_node *node)
{
	if (number == SC_ORIGIN)
		return node->state == SC_NODE_FAILED || node->state == SC_NODE_LOST;
	return !sc_has_copy(node);
}

static void
draw_panel(const struct place *place, uint32_t number)
{
	const struct sc_past_node *node = place->node;
	bool marks = sc_layout_has_marks(&place->picture->layout);

	if (place->panel->width <= 0)
		return;
	if (number != SC_ORIGIN && place->panel == &place->picture->whole &&
	    !(sc_is_lost(node) && isnan(node->first_chunk_s)))
		draw_waiting(place);
	if (sc_has_copy(node))
		draw_copy(place);
	if (marks) {
		draw_mark(place, node->first_chunk_s, SC_SYMBOL_FIRST);
		draw_detours(place);
	}
	if (sc_is_lost(node) || is_without(number, node))
		draw_failed(place, sc_is_lost(node));
	if (number == SC_ORIGIN)
		draw_sending(place);
}

/* Why a node deserves a look; NULL: it doesn't. */
static const char *
remark(const struct sc_picture *picture, uint32_t number)
{
	const struct sc_diagnosis *diagnosis = picture->diagnosis;

	if (number == diagnosis->culprit && diagnosis->reason == SC_REASON_SUPPLIER)
		return "the cause";
	if (number == diagnosis->slowest && diagnosis->reason != SC_REASON_NONE)
		return "slowest";
	if (number == diagnosis->brake)
		return "held others";
	if (number == diagnosis->slowest && picture->statistics->copies > 1)
		return "last";
	return NULL;
}

/* A host without its domain, which all of them share, unless it is an address. */
static void
draw_host(FILE *out, const char *host, size_t characters)
{
	char name[SC_HOST_BYTES];

	snprintf(name, sizeof(name), "%s", host);
	if (isalpha((unsigned char)name[0]))
		name[strcspn(name, ".")] = '\0';
	sc_svg_escape(out, name, characters);
}

static void
draw_name(const struct place *place, uint32_t number, const char *words)
{
	const struct sc_picture *picture = place->picture;
	const struct sc_past_node *node = place->node;
	double size = fmin(fmax(place->height * 0.62, 9), 11.5);

	if (words == NULL && is_without(number, node))
		words = sc_is_lost(node) ? "lost" : "failed";
	if (!sc_layout_has_names(&picture->layout) && words == NULL && number != SC_ORIGIN)
		return;
	fprintf(picture->out,
	    "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\" font-size=\"%.1f\"%s>",
	    picture->whole.x - 9, middle(place) + size * 0.36, size,
	    words != NULL ? " font-weight=\"bold\"" : "");
	if (number == SC_ORIGIN)
		fputs("origin ", picture->out);
	else
		fprintf(picture->out, "%u ", number);
	draw_host(picture->out, node->host, words != NULL ? SPECIAL_CHARACTERS : NAME_CHARACTERS);
	if (words != NULL)
		fprintf(picture->out, ": %s", words);
	fputs("</text>\n", picture->out);
}

/* What a viewer shows when the pointer rests on a lane. */
static void
draw_tip(const struct place *place, uint32_t number)
{
	const struct sc_past_node *node = place->node;
	FILE *out = place->picture->out;
	const struct {
		const char *what;
		double time_s;
	} moments[] = {
		{"first chunk", node->first_chunk_s},
		{"last chunk", node->last_chunk_s},
		{"stored", node->stored_s},
		{"committed", node->committed_s},
		{sc_is_lost(node) ? "lost" : "failed", node->failed_s},
	};

	fputs("<title>", out);
	sc_svg_escape(out, sc_node_name(place->picture->run, number).text, SIZE_MAX);
	for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		if (!isnan(moments[i].time_s))
			fprintf(out, ", %s %s", moments[i].what,
			    sc_duration(moments[i].time_s).text);
	}
	fputs("</title>\n", out);
}

static void
draw_highlight(const struct place *place)
{
	const struct sc_picture *picture = place->picture;
	const struct sc_panel *right = picture->stalled.width > 0 ? &picture->stalled
	    : picture->end.width > 0                              ? &picture->end
								  : &picture->whole;
	double x = picture->whole.x;

	sc_svg_rect(picture->out, x - 4, place->y - 0.5, right->x + right->width - x + 8,
	    place->height + 1, "fill=\"#fff3c4\" stroke=\"#b59b3a\" stroke-width=\".6\"");
}

static void
draw_lane(struct sc_picture *picture, const struct sc_lane *lane)
{
	const struct sc_past_node *node = &picture->run->nodes[lane->node];
	const char *words = remark(picture, lane->node);
	const struct place whole = {
		picture, &picture->whole, node, picture->top + lane->y, picture->layout.height};
	struct place end = whole, stalled = whole;
	double stall_s = node->network_stall_s;

	end.panel = &picture->end;
	stalled.panel = &picture->stalled;
	fputs("<g>", picture->out);
	draw_tip(&whole, lane->node);
	if (words != NULL)
		draw_highlight(&whole);
	draw_name(&whole, lane->node, words);
	draw_panel(&whole, lane->node);
	draw_panel(&end, lane->node);
	/* Stalls are told as sums: a bar of both, one after the other. */
	if (picture->stalled.width > 0) {
		draw_symbol_bar(&stalled, 0, stall_s, SC_SYMBOL_NETWORK);
		draw_symbol_bar(&stalled, stall_s, stall_s + node->storage_stall_s,
		    SC_SYMBOL_STORAGE);
	}
	if (sc_layout_has_marks(&picture->layout) && is_without(lane->node, node))
		draw_cause(&whole);
	fputs("</g>\n", picture->out);
}

/* A bracket around the lanes of a group, and its number. */
static void
draw_group(const struct sc_picture *picture, const struct sc_lane *lane)
{
	double y = picture->top + lane->y + 0.5;
	double height = lane->group_lanes * picture->layout.height - 1;

	fprintf(picture->out,
	    "<path d=\"M71 %.2fh-4v%.2fh4\" fill=\"none\" stroke=\"" SC_COLOUR_FAINT "\"/>\n", y,
	    height);
	if (height >= 8)
		sc_svg_text(picture->out, 62, y + height / 2 + 3.5,
		    "text-anchor=\"end\" font-size=\"10\" fill=\"#555\"", "group %u",
		    picture->run->nodes[lane->node].group);
}

static void
draw_heading(const struct sc_picture *picture, const struct sc_lane *lane)
{
	uint32_t tree = picture->run->nodes[lane->node].tree;

	sc_svg_text(picture->out, 20, picture->top + lane->y - 5,
	    "font-size=\"11.5\" font-weight=\"bold\"",
	    tree == 0 ? "primary tree" : "secondary tree %u", tree);
}

void
sc_picture_draw_lanes(struct sc_picture *picture)
{
	for (uint32_t i = 0; i < picture->layout.count; i++) {
		const struct sc_lane *lane = &picture->layout.lanes[i];

		if (lane->begins_tree && picture->layout.has_headings)
			draw_heading(picture, lane);
		if (lane->begins_group)
			draw_group(picture, lane);
		draw_lane(picture, lane);
	}
}
