/*
 * The picture of a run: title, axes and curves around the lanes; see picture.h.
 */
#include "report/picture.h"

#include "report/picture_parts.h"
#include "report/sentences.h"
#include "report/svg.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

static const double names_right = 270, panel_gap = 26;
static const double end_width = 230, stalled_width = 130;

/* The end is enlarged if it is at most this part of the run. */
static const double end_part = 0.12;

static const double curves_height = 120;

/* So many of the nodes that were lost are told above the lanes. */
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
end_begins_s(const struct sc_statistics *statistics, double last_s)
{
	double begin_s = last_s;

	for (uint32_t i = 0; i < statistics->copies; i++) {
		const struct sc_past_node *node =
		    &statistics->run->nodes[statistics->slowest_first[i]];

		if (statistics->slowest_first[i] != SC_ORIGIN)
			begin_s = fmin(begin_s, fmin(node->last_chunk_s, node->stored_s));
	}
	return begin_s - 0.04 * (last_s - begin_s);
}

/* When the last copy got its name; 0: there is none. */
static double
last_copy_s(const struct sc_picture *picture)
{
	uint32_t slowest = picture->diagnosis->slowest;

	return slowest == SC_NONE ? 0 : picture->run->nodes[slowest].committed_s;
}

static void
lay_panels(struct sc_picture *picture)
{
	double right = SC_PICTURE_WIDTH - SC_PICTURE_MARGIN;
	double last_s = last_copy_s(picture);
	double begin_s = end_begins_s(picture->statistics, last_s);

	picture->whole = (struct sc_panel){names_right, 0, 0, latest_s(picture->run)};
	if (picture->run->has_stalls) {
		picture->stalled = (struct sc_panel){
			right - stalled_width, stalled_width, 0, longest_stall_s(picture->run)};
		right = picture->stalled.x - panel_gap;
	}
	if (last_s - begin_s > 0 && last_s - begin_s < end_part * last_s) {
		picture->end = (struct sc_panel){
			right - end_width, end_width, begin_s, last_s + 0.04 * (last_s - begin_s)};
		right = picture->end.x - panel_gap;
	}
	picture->whole.width = right - picture->whole.x;
}

/* A sentence of its own, if there is one. */
static double
draw_sentence(struct sc_picture *picture, double y, const struct sc_sentence *sentence)
{
	if (sentence->text[0] == '\0')
		return y;
	return sc_picture_draw_paragraph(picture, y, "%s", sc_sentence_whole(sentence).text);
}

/* What is to be said of the slowest node and of the pace, and of the first ones of those that were
 * lost. */
static double
draw_sentences(struct sc_picture *picture, double y)
{
	const struct sc_diagnosis *diagnosis = picture->diagnosis;
	const struct sc_statistics *statistics = picture->statistics;
	const struct sc_sentence brake = sc_brake_sentence(diagnosis);
	const struct sc_sentence pace = sc_pace_sentence(diagnosis);
	const struct sc_sentence takeover = sc_takeover_sentence(picture->run);

	if (diagnosis->slowest != SC_NONE)
		y = sc_picture_draw_paragraph(picture, y, "%s: %s; %s.",
		    diagnosis->reason == SC_REASON_NONE ? "Last" : "Slowest",
		    sc_node_name(picture->run, diagnosis->slowest).text,
		    sc_reason_sentence(diagnosis).text);
	y = draw_sentence(picture, y, &brake);
	y = draw_sentence(picture, y, &pace);
	for (uint32_t i = 0; i < statistics->lost_count && i < LOST_TOLD; i++)
		y = sc_picture_draw_paragraph(picture, y, "Lost: %s; %s.",
		    sc_node_name(picture->run, statistics->lost[i]).text,
		    sc_lost_sentence(picture->run, statistics->lost[i]).text);
	if (statistics->lost_count > LOST_TOLD)
		y = sc_picture_draw_paragraph(picture, y, "And %" PRIu32 " more were lost.",
		    statistics->lost_count - LOST_TOLD);
	return draw_sentence(picture, y, &takeover);
}

static void
draw_title(const struct sc_picture *picture)
{
	const struct sc_past_run *run = picture->run;
	const char *name = sc_source_name(run);
	char outcome[64];

	fprintf(picture->out, "<text x=\"%d\" y=\"32\" font-size=\"19\" font-weight=\"bold\">",
	    SC_PICTURE_MARGIN);
	sc_svg_escape(picture->out, name, 60);
	fprintf(picture->out, "%s%s to %" PRIu32 " node%s", name[0] == '\0' ? "" : ", ",
	    sc_size((double)run->size_bytes).text, run->recipients, sc_plural(run->recipients));
	if (run->elapsed_s > 0 && picture->statistics->copies > 0)
		fprintf(picture->out, " in %s", sc_duration(run->elapsed_s).text);
	fputs("</text>\n", picture->out);

	sc_svg_text(picture->out, SC_PICTURE_MARGIN, 54, "font-size=\"12.5\"",
	    "%s: %" PRIu32 " of %" PRIu32 " nodes have the file. n = %" PRIu32 ", k = %" PRIu32
	    ", m = %" PRIu64 ": %" PRIu64 " group%s in %" PRIu64 " tree%s; %" PRIu64
	    " chunks of %s%s%s",
	    sc_printable(run->outcome, outcome, sizeof(outcome)), picture->statistics->copies,
	    picture->statistics->copies_wanted, run->recipients, run->subfiles, run->tree_groups,
	    run->groups, sc_plural(run->groups), run->trees, sc_plural(run->trees), run->chunks,
	    sc_size((double)run->chunk_bytes).text,
	    run->store_and_forward ? "; store and forward" : "",
	    sc_is_simulated(run) ? "; simulated" : "");
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
	double bottom = picture->top + picture->layout.total + 6;
	double unit_s, step, from, to;
	const char *unit = axis_unit(panel->to_s - panel->from_s, &unit_s);
	int decimals;

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
		sc_svg_text(picture->out, x, bottom + 14, "text-anchor=\"middle\" font-size=\"11\"",
		    "%s%.*f", i < 0 ? "\xe2\x88\x92" : "", decimals, fabs(i * step));
	}
	sc_svg_line(picture->out, panel->x, bottom, panel->x + panel->width, bottom,
	    "stroke=\"" SC_COLOUR_INK "\" stroke-width=\"1\"");
	sc_svg_text(picture->out, panel->x + panel->width / 2, bottom + 31,
	    "text-anchor=\"middle\" font-size=\"11.5\"", "%s%s", unit, title);
}

/* Above a panel. */
static void
draw_heading(const struct sc_picture *picture, const struct sc_panel *panel, const char *text)
{
	sc_svg_text(picture->out, panel->x + panel->width / 2, picture->top - 9,
	    "text-anchor=\"middle\" font-size=\"11.5\" font-weight=\"bold\"", "%s", text);
}

static void
draw_axes(const struct sc_picture *picture)
{
	const struct sc_panel *whole = &picture->whole, *end = &picture->end;
	double x = sc_panel_x(whole, end->from_s);

	draw_axis(picture, whole, 0, 10, " since the start");
	if (end->width > 0) {
		double times = end->width / (end->to_s - end->from_s) /
		    (whole->width / (whole->to_s - whole->from_s));

		sc_svg_rect(picture->out, x, picture->top - 4, fmax(whole->x + whole->width - x, 1),
		    picture->layout.total + 10, "fill=\"#e9e9e9\"");
		draw_axis(picture, end, last_copy_s(picture), 4, " (0: the last copy)");
		draw_heading(picture, end, sc_sentence("the end, %.0f times enlarged", times).text);
	}
	if (picture->stalled.width > 0) {
		draw_axis(picture, &picture->stalled, 0, 3, " in all");
		draw_heading(picture, &picture->stalled, "waited for");
	}
}

/* Across all lanes: from here on another node leads. */
static void
draw_takeover(struct sc_picture *picture)
{
	const struct sc_panel *const panels[] = {&picture->whole, &picture->end};
	double moment_s = picture->run->takeover_s;

	if (picture->run->leader == SC_NONE)
		return;
	for (size_t i = 0; i < 2; i++) {
		double x = sc_panel_x(panels[i], moment_s);

		if (panels[i]->width > 0 && sc_panel_shows(panels[i], moment_s))
			sc_picture_draw_line(picture, SC_SYMBOL_TAKEOVER, x, picture->top - 4, x,
			    picture->top + picture->layout.total + 4);
	}
}

/* How many nodes had come so far, over time; n moments are a node each, sorted. */
static void
draw_curve(const struct sc_picture *picture, const struct sc_panel *panel, double base,
    const double *moments, uint32_t count, const char *attributes)
{
	uint32_t n = picture->run->recipients;
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

/* When a node had what a curve counts; NaN: never. */
static double
curve_moment_s(const struct sc_past_node *node, unsigned curve)
{
	if (curve == 0)
		return node->first_chunk_s;
	if (curve == 1)
		return node->mark_s[SC_PAST_HALF];
	return sc_has_copy(node) ? node->committed_s : (double)NAN;
}

/* Lines at 0, 50 and 100 percent. */
static void
draw_percents(const struct sc_picture *picture, double base)
{
	const struct sc_panel *whole = &picture->whole;

	for (unsigned percent = 0; percent <= 100; percent += 50) {
		double y = base - curves_height * percent / 100.;

		sc_svg_line(picture->out, whole->x, y, whole->x + whole->width, y,
		    "stroke=\"#dddddd\"");
		sc_svg_text(picture->out, whole->x - 9, y + 4,
		    "text-anchor=\"end\" font-size=\"11\"", "%u %%", percent);
	}
}

/* All nodes, where only some have lanes.  Returns the y below, or -1 without memory. */
static double
draw_curves(const struct sc_picture *picture, double y)
{
	static const struct {
		const char *name, *attributes;
	} curves[] = {
		{"the first chunk",
			"stroke=\"#569fcb\" stroke-width=\"1.6\" stroke-dasharray=\"2 3\""},
		{"half of the file",
			"stroke=\"" SC_COLOUR_BLUE
			"\" stroke-width=\"1.6\" stroke-dasharray=\"8 4\""},
		{"the file", "stroke=\"" SC_COLOUR_INK "\" stroke-width=\"2\""},
	};
	const struct sc_past_run *run = picture->run;
	double *moments = calloc((size_t)run->recipients + 1, sizeof(*moments));
	double base = y + curves_height + 8;

	if (moments == NULL)
		return -1;
	draw_percents(picture, base);
	sc_svg_text(picture->out, SC_PICTURE_MARGIN, y + 12,
	    "font-size=\"11.5\" font-weight=\"bold\"", "of all nodes have");
	for (unsigned i = 0; i < 3; i++) {
		const char *attributes = curves[i].attributes;
		double legend_y = y + 30 + 18 * (double)i;
		uint32_t count = 0;

		for (uint32_t j = 1; j <= run->recipients; j++) {
			double moment = curve_moment_s(&run->nodes[j], i);

			if (!isnan(moment))
				moments[count++] = moment;
		}
		sc_sort(moments, count);
		draw_curve(picture, &picture->whole, base, moments, count, attributes);
		draw_curve(picture, &picture->end, base, moments, count, attributes);
		sc_svg_line(picture->out, SC_PICTURE_MARGIN, legend_y, SC_PICTURE_MARGIN + 34,
		    legend_y, attributes);
		sc_svg_text(picture->out, SC_PICTURE_MARGIN + 42, legend_y + 4, "font-size=\"11\"",
		    "%s", curves[i].name);
	}
	free(moments);
	return base + 8;
}

/* Returns the y of the lower edge, or -1 without memory. */
static double
draw_body(struct sc_picture *picture)
{
	double y;

	draw_title(picture);
	y = draw_sentences(picture, 72) + 6;
	if (picture->layout.hidden > 0)
		y = draw_curves(picture, y);
	if (y < 0)
		return -1;
	picture->top = y + (picture->end.width > 0 || picture->stalled.width > 0 ? 24 : 8);
	draw_axes(picture);
	draw_takeover(picture);
	sc_picture_draw_lanes(picture);
	return sc_picture_draw_legend(picture, picture->top + picture->layout.total + 64);
}

/* The height of the picture stands before all else, and is known last. */
static int
draw_all(FILE *out, struct sc_picture *picture)
{
	char *body = NULL;
	size_t length = 0;
	double height = -1;

	picture->out = open_memstream(&body, &length);
	if (picture->out != NULL) {
		height = draw_body(picture);
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
		    "sans-serif\" fill=\"" SC_COLOUR_INK "\">\n",
		    SC_PICTURE_WIDTH, height, SC_PICTURE_WIDTH, height);
		sc_symbols_define(out);
		sc_svg_rect(out, 0, 0, SC_PICTURE_WIDTH, height, "fill=\"#fff\"");
		fwrite(body, 1, length, out);
		fputs("</svg>\n", out);
	}
	free(body);
	return height >= 0 ? 0 : -1;
}

int
sc_picture_draw(FILE *out, const struct sc_diagnosis *diagnosis)
{
	struct sc_picture picture = {
		.run = diagnosis->run, .statistics = diagnosis->statistics, .diagnosis = diagnosis};
	int rc = sc_layout_make(&picture.layout, diagnosis);

	if (rc == 0) {
		lay_panels(&picture);
		rc = draw_all(out, &picture);
	}
	sc_layout_free(&picture.layout);
	return rc;
}
