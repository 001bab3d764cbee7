/*
 * The picture of a run: title, axes and legend around the lanes; see
 * report_svg.h.
 */
#include "report/picture.h"

#include "base/units.h"
#include "report/draw.h"
#include "report/svg.h"
#include "report/text.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double names_right = 270, panel_gap = 26;
static const double end_width = 230, stalled_width = 130;

/* The end is enlarged if it is at most this part of the run. */
static const double end_part = 0.12;

static const double curves_height = 120;

/* Nodes that were lost, of which that is told above the lanes. */
enum { LOST_TOLD = 3 };

/* The latest moment that there is. */
static double
latest_s(const struct sc_past_run *run)
{
	double latest = fmax(run->elapsed_s, run->takeover_s);

	for (uint32_t i = 0; i <= run->recipients; i++) {
		const struct sc_past_node *node = &run->nodes[i];

		latest = fmax(latest, fmax(node->last_chunk_s, node->stored_s));
		latest = fmax(latest, fmax(node->committed_s, node->failed_s));
		latest = fmax(latest, fmax(node->send_ended_s, node->mark_s[SC_PAST_ALL]));
	}
	return latest > 0 ? latest : 1e-3;
}

static double
longest_stall_s(const struct sc_past_run *run)
{
	double longest = 0;

	for (uint32_t i = 0; i <= run->recipients; i++)
		longest =
		    fmax(longest, run->nodes[i].network_stall_s + run->nodes[i].storage_stall_s);
	return longest;
}

/* Where the interesting part of the end begins: shortly before the first node's last chunk. */
static double
end_begins_s(const struct sc_report_facts *facts, double last_s)
{
	double begin_s = last_s;

	for (uint32_t i = 0; i < facts->copies; i++) {
		const struct sc_past_node *node = &facts->run->nodes[facts->slowest_first[i]];

		if (facts->slowest_first[i] != SC_ORIGIN)
			begin_s = fmin(begin_s, fmin(node->last_chunk_s, node->stored_s));
	}
	return begin_s - 0.04 * (last_s - begin_s);
}

/* When the last copy got its name; 0: there is none. */
static double
last_copy_s(const struct sc_picture *picture)
{
	uint32_t slowest = picture->why->slowest;

	return slowest == SC_NONE ? 0 : picture->facts->run->nodes[slowest].committed_s;
}

static void
lay_panels(struct sc_picture *picture)
{
	const struct sc_report_facts *facts = picture->facts;
	double right = SC_DRAW_WIDTH - SC_DRAW_MARGIN;
	double last_s = last_copy_s(picture);
	double begin_s = end_begins_s(facts, last_s);

	picture->whole = (struct sc_panel){names_right, 0, 0, latest_s(facts->run)};
	if (facts->run->has_stalls) {
		picture->stalled = (struct sc_panel){
			right - stalled_width, stalled_width, 0, longest_stall_s(facts->run)};
		right = picture->stalled.x - panel_gap;
	}
	if (last_s - begin_s > 0 && last_s - begin_s < end_part * last_s) {
		picture->end = (struct sc_panel){
			right - end_width, end_width, begin_s, last_s + 0.04 * (last_s - begin_s)};
		right = picture->end.x - panel_gap;
	}
	picture->whole.width = right - picture->whole.x;
}

static double
draw_verdict(const struct sc_picture *picture, double y)
{
	char sentence[SC_REPORT_SENTENCE_BYTES], name[SC_REPORT_NAME_BYTES];
	char line[sizeof(sentence) + sizeof(name) + 64];

	if (picture->why->slowest != SC_NONE) {
		sc_report_why_sentence(picture->facts, picture->why, sentence);
		snprintf(line, sizeof(line), "%s: %s; %s.",
		    picture->why->reason == SC_REASON_NONE ? "Last" : "Slowest",
		    sc_report_node_name(picture->facts->run, picture->why->slowest, name),
		    sentence);
		y = sc_draw_paragraph(picture->out, y, line);
	}
	for (unsigned i = 0; i < 2; i++) {
		if (i == 0)
			sc_report_brake_sentence(picture->facts, picture->why, sentence);
		else
			sc_report_pace_sentence(picture->facts, picture->why, sentence);
		if (sentence[0] == '\0')
			continue;
		snprintf(line, sizeof(line), "%c%s.", toupper((unsigned char)sentence[0]),
		    sentence + 1);
		y = sc_draw_paragraph(picture->out, y, line);
	}
	return y;
}

/* Who was lost, the first ones, and who led then. */
static double
draw_losses(const struct sc_picture *picture, double y)
{
	const struct sc_report_facts *facts = picture->facts;
	char sentence[SC_REPORT_SENTENCE_BYTES], name[SC_REPORT_NAME_BYTES];
	char line[sizeof(sentence) + sizeof(name) + 64];

	for (uint32_t i = 0; i < facts->lost_count && i < LOST_TOLD; i++) {
		snprintf(line, sizeof(line), "Lost: %s; %s.",
		    sc_report_node_name(facts->run, facts->lost[i], name),
		    sc_report_lost_sentence(facts->run, facts->lost[i], sentence));
		y = sc_draw_paragraph(picture->out, y, line);
	}
	if (facts->lost_count > LOST_TOLD) {
		snprintf(line, sizeof(line), "And %" PRIu32 " more were lost.",
		    facts->lost_count - LOST_TOLD);
		y = sc_draw_paragraph(picture->out, y, line);
	}
	if (sc_report_takeover_sentence(facts->run, sentence)[0] != '\0') {
		snprintf(line, sizeof(line), "%c%s.", toupper((unsigned char)sentence[0]),
		    sentence + 1);
		y = sc_draw_paragraph(picture->out, y, line);
	}
	return y;
}

static double
draw_title(const struct sc_picture *picture)
{
	const struct sc_past_run *run = picture->facts->run;
	char size[SC_UNIT_TEXT_BYTES], time[SC_UNIT_TEXT_BYTES], chunk[SC_UNIT_TEXT_BYTES];
	char outcome[64], line[256];

	fprintf(picture->out, "<text x=\"%d\" y=\"32\" font-size=\"19\" font-weight=\"bold\">",
	    SC_DRAW_MARGIN);
	sc_svg_escape_cut(picture->out, sc_report_source_name(run), 60);
	snprintf(line, sizeof(line), "%s%s to %" PRIu32 " node%s",
	    sc_report_source_name(run)[0] == '\0' ? "" : ", ",
	    sc_format_size((double)run->size_bytes, size), run->recipients,
	    run->recipients == 1 ? "" : "s");
	sc_svg_escape(picture->out, line);
	if (run->elapsed_s > 0 && picture->facts->copies > 0)
		fprintf(picture->out, " in %s", sc_report_duration(run->elapsed_s, time));
	fputs("</text>\n", picture->out);

	snprintf(line, sizeof(line),
	    "%s: %" PRIu32 " of %" PRIu32 " nodes have the file. n = %" PRIu32 ", k = %" PRIu32
	    ", m = %" PRIu64 ": %" PRIu64 " group%s in %" PRIu64 " tree%s; %" PRIu64
	    " chunks of %s%s%s",
	    sc_printable(run->outcome, outcome, sizeof(outcome)), picture->facts->copies,
	    picture->facts->copies_wanted, run->recipients, run->subfiles, run->tree_groups,
	    run->groups, run->groups == 1 ? "" : "s", run->trees, run->trees == 1 ? "" : "s",
	    run->chunks, sc_format_size((double)run->chunk_bytes, chunk),
	    run->store_and_forward ? "; store and forward" : "",
	    sc_report_is_simulated(run) ? "; simulated" : "");
	sc_svg_text(picture->out, SC_DRAW_MARGIN, 54, "font-size=\"12.5\"", line);
	return draw_losses(picture, draw_verdict(picture, 72));
}

/* In what an axis of that length is labelled. */
static const char *
axis_unit(double span_s, double *unit_s)
{
	static const struct {
		double from_s, unit_s;
		const char *name;
	} units[] = {
		{4 * 3600, 3600, "hours"},
		{600, 60, "minutes"},
		{1, 1, "seconds"},
		{1e-3, 1e-3, "milliseconds"},
		{0, 1e-6, "microseconds"},
	};
	size_t i = 0;

	while (span_s < units[i].from_s)
		i++;
	*unit_s = units[i].unit_s;
	return units[i].name;
}

/* Lines across the lanes, and numbers below.  zero_s is where the numbers begin. */
static void
draw_axis(const struct sc_picture *picture, const struct sc_panel *panel, double zero_s,
    unsigned steps, const char *title)
{
	double bottom = picture->top + picture->lanes.total + 6;
	double unit_s, step, from, to;
	const char *unit = axis_unit(panel->to_s - panel->from_s, &unit_s);
	int decimals;
	char text[128];

	if (panel->width <= 0)
		return;
	from = (panel->from_s - zero_s) / unit_s;
	to = (panel->to_s - zero_s) / unit_s;
	step = sc_svg_nice_step(to - from, steps);
	decimals = (int)fmax(0, -floor(log10(step) + 1e-9));
	for (double i = ceil(from / step - 1e-9); i * step <= to + step * 1e-9; i++) {
		double x = sc_panel_x(panel, zero_s + i * step * unit_s);

		sc_svg_line(picture->out, x, picture->top - 4, x, bottom,
		    "stroke=\"#dddddd\" stroke-width=\"1\"");
		snprintf(text, sizeof(text), "%s%.*f", i < 0 ? "\xe2\x88\x92" : "", decimals,
		    fabs(i * step));
		sc_svg_text(picture->out, x, bottom + 14, "text-anchor=\"middle\" font-size=\"11\"",
		    text);
	}
	sc_svg_line(picture->out, panel->x, bottom, panel->x + panel->width, bottom,
	    "stroke=\"" SC_DRAW_INK "\" stroke-width=\"1\"");
	snprintf(text, sizeof(text), "%s%s", unit, title);
	sc_svg_text(picture->out, panel->x + panel->width / 2, bottom + 31,
	    "text-anchor=\"middle\" font-size=\"11.5\"", text);
}

static void
draw_axes(const struct sc_picture *picture)
{
	char text[64];

	draw_axis(picture, &picture->whole, 0, 10, " since the start");
	if (picture->end.width > 0) {
		const struct sc_panel *whole = &picture->whole, *end = &picture->end;
		double x = sc_panel_x(whole, end->from_s);

		sc_svg_rect(picture->out, x, picture->top - 4, fmax(whole->x + whole->width - x, 1),
		    picture->lanes.total + 10, "fill=\"#e9e9e9\"");
		draw_axis(picture, end, last_copy_s(picture), 4, " (0: the last copy)");
		snprintf(text, sizeof(text), "the end, %.0f times enlarged",
		    end->width / (end->to_s - end->from_s) /
			(whole->width / (whole->to_s - whole->from_s)));
		sc_svg_text(picture->out, end->x + end->width / 2, picture->top - 9,
		    "text-anchor=\"middle\" font-size=\"11.5\" font-weight=\"bold\"", text);
	}
	if (picture->stalled.width > 0) {
		draw_axis(picture, &picture->stalled, 0, 3, " in all");
		sc_svg_text(picture->out, picture->stalled.x + picture->stalled.width / 2,
		    picture->top - 9,
		    "text-anchor=\"middle\" font-size=\"11.5\" font-weight=\"bold\"", "waited for");
	}
}

/* Across all lanes: from here on another node leads. */
static void
draw_takeover(const struct sc_picture *picture)
{
	const struct sc_past_run *run = picture->facts->run;
	const struct sc_panel *const panels[] = {&picture->whole, &picture->end};

	if (run->leader == SC_NONE)
		return;
	for (size_t i = 0; i < 2; i++) {
		double x = sc_panel_x(panels[i], run->takeover_s);

		if (panels[i]->width > 0 && run->takeover_s >= panels[i]->from_s &&
		    run->takeover_s <= panels[i]->to_s)
			sc_svg_line(picture->out, x, picture->top - 4, x,
			    picture->top + picture->lanes.total + 4, sc_draw_takeover);
	}
}

static int
compare_moments(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

/* How many nodes had come so far, over time. */
static void
draw_curve(const struct sc_picture *picture, const struct sc_panel *panel, double base,
    const double *moments, uint32_t count, const char *attributes)
{
	uint32_t n = picture->facts->run->recipients;
	double last_x = panel->x;

	if (panel->width <= 0)
		return;
	fprintf(picture->out, "<path d=\"M%.2f %.2f", last_x, base);
	for (uint32_t i = 0; i < count; i++) {
		double x = sc_panel_x(panel, moments[i]);
		bool last = i + 1 == count;

		/* A hundred thousand nodes don't need as many points. */
		if (!last && sc_panel_x(panel, moments[i + 1]) - last_x < 0.3)
			continue;
		fprintf(picture->out, "H%.2fV%.2f", x, base - curves_height * (i + 1.) / n);
		last_x = x;
	}
	fprintf(picture->out, "H%.2f\" fill=\"none\" %s/>\n", panel->x + panel->width, attributes);
}

/* All nodes, where only some have lanes.  Returns the y below. */
static double
draw_curves(const struct sc_picture *picture, double y, struct sc_error *err)
{
	static const struct {
		const char *name, *attributes;
	} curves[] = {
		{"the first chunk",
			"stroke=\"#569fcb\" stroke-width=\"1.6\" stroke-dasharray=\"2 3\""},
		{"half of the file",
			"stroke=\"" SC_DRAW_BLUE
			"\" stroke-width=\"1.6\" stroke-dasharray=\"8 4\""},
		{"the file", "stroke=\"" SC_DRAW_INK "\" stroke-width=\"2\""},
	};
	const struct sc_past_run *run = picture->facts->run;
	double *moments = calloc((size_t)run->recipients + 1, sizeof(*moments));
	double base = y + curves_height + 8;

	if (moments == NULL) {
		(void)sc_fail(err, 0, "no memory for the picture");
		return -1;
	}
	for (unsigned percent = 0; percent <= 100; percent += 50) {
		char text[16];

		snprintf(text, sizeof(text), "%u %%", percent);
		sc_svg_line(picture->out, picture->whole.x, base - curves_height * percent / 100.,
		    picture->whole.x + picture->whole.width, base - curves_height * percent / 100.,
		    "stroke=\"#dddddd\"");
		sc_svg_text(picture->out, picture->whole.x - 9,
		    base - curves_height * percent / 100. + 4,
		    "text-anchor=\"end\" font-size=\"11\"", text);
	}
	sc_svg_text(picture->out, SC_DRAW_MARGIN, y + 12, "font-size=\"11.5\" font-weight=\"bold\"",
	    "of all nodes have");
	for (size_t i = 0; i < 3; i++) {
		uint32_t count = 0;

		for (uint32_t j = 1; j <= run->recipients; j++) {
			const struct sc_past_node *node = &run->nodes[j];
			double moment = i == 0         ? node->first_chunk_s
			    : i == 1                   ? node->mark_s[SC_PAST_HALF]
			    : sc_report_has_copy(node) ? node->committed_s
						       : (double)NAN;

			if (!isnan(moment))
				moments[count++] = moment;
		}
		qsort(moments, count, sizeof(*moments), compare_moments);
		draw_curve(picture, &picture->whole, base, moments, count, curves[i].attributes);
		draw_curve(picture, &picture->end, base, moments, count, curves[i].attributes);
		sc_svg_line(picture->out, SC_DRAW_MARGIN, y + 30 + 18 * (double)i,
		    SC_DRAW_MARGIN + 34, y + 30 + 18 * (double)i, curves[i].attributes);
		sc_svg_text(picture->out, SC_DRAW_MARGIN + 42, y + 34 + 18 * (double)i,
		    "font-size=\"11\"", curves[i].name);
	}
	free(moments);
	return base + 8;
}

static void
draw_patterns(FILE *out)
{
	fputs("<defs>\n"
	      "<pattern id=\"network\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">"
	      "<rect width=\"6\" height=\"6\" fill=\"#d3ebf9\"/>"
	      "<path d=\"M-1 7L7 -1M-1 1L1 -1M5 7L7 5\" stroke=\"#56B4E9\" stroke-width=\"1.5\"/>"
	      "</pattern>\n"
	      "<pattern id=\"storage\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\">"
	      "<rect width=\"5\" height=\"5\" fill=\"" SC_DRAW_ORANGE "\"/>"
	      "<circle cx=\"1.25\" cy=\"1.25\" r=\"1\" fill=\"#5c3d00\"/>"
	      "<circle cx=\"3.75\" cy=\"3.75\" r=\"1\" fill=\"#5c3d00\"/>"
	      "</pattern>\n"
	      "</defs>\n",
	    out);
}

/* All below the title.  Returns the y of the lower edge, or -1. */
static double
draw_body(struct sc_picture *picture, struct sc_error *err)
{
	double y = draw_title(picture) + 6;

	if (picture->lanes.hidden > 0)
		y = draw_curves(picture, y, err);
	if (y < 0)
		return -1;
	picture->top = y + (picture->end.width > 0 || picture->stalled.width > 0 ? 24 : 8);
	draw_axes(picture);
	draw_takeover(picture);
	sc_draw_lanes(picture);
	return sc_draw_legend(picture, picture->top + picture->lanes.total + 64);
}

/* The height of the picture stands before all else, and is known last. */
static int
draw_all(FILE *out, struct sc_picture *picture, struct sc_error *err)
{
	char *body = NULL;
	size_t length = 0;
	double height = -1;

	picture->out = open_memstream(&body, &length);
	if (picture->out != NULL) {
		height = draw_body(picture, err);
		if (ferror(picture->out) != 0)
			height = -1;
		if (fclose(picture->out) != 0)
			height = -1;
	}
	if (height >= 0) {
		fprintf(out,
		    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%.0f\" "
		    "viewBox=\"0 0 %d %.0f\" font-family=\"DejaVu Sans, Helvetica, Arial, "
		    "sans-serif\" fill=\"" SC_DRAW_INK "\">\n",
		    SC_DRAW_WIDTH, height, SC_DRAW_WIDTH, height);
		draw_patterns(out);
		sc_svg_rect(out, 0, 0, SC_DRAW_WIDTH, height, "fill=\"#fff\"");
		fwrite(body, 1, length, out);
		fputs("</svg>\n", out);
	}
	free(body);
	return height >= 0 ? 0 : sc_fail(err, 0, "no memory for the picture");
}

int
sc_report_draw(FILE *out, const struct sc_report_facts *facts, const struct sc_report_why *why,
    struct sc_error *err)
{
	struct sc_picture picture = {.facts = facts, .why = why};
	int rc = -1;

	if (sc_report_lanes_lay(&picture.lanes, facts, why) == 0) {
		lay_panels(&picture);
		rc = draw_all(out, &picture, err);
	} else {
		(void)sc_fail(err, 0, "no memory for the picture");
	}
	sc_report_lanes_free(&picture.lanes);
	return rc;
}
