/*
 * The marks, and what stands below the lanes: their legend, and what the
 * picture can't show.
 */
#include "report/draw.h"

#include "report/svg.h"
#include "report/text.h"

#include <math.h>
#include <string.h>

/* Text of that size: characters in a line of the picture's width. */
enum { LINE_CHARACTERS = 168 };

const char *const sc_draw_quarters[4] = {
	"fill=\"#cfe3f0\"",
	"fill=\"#9cc8e3\"",
	"fill=\"#569fcb\"",
	"fill=\"" SC_DRAW_BLUE "\"",
};
const char sc_draw_receiving[] = "fill=\"#569fcb\"";
const char sc_draw_storing[] = "fill=\"url(#storage)\" stroke=\"#7a5400\" stroke-width=\".6\"";
const char sc_draw_after_failure[] =
    "fill=\"#fff\" stroke=\"" SC_DRAW_FAINT "\" stroke-width=\".8\" stroke-dasharray=\"3 2\"";
const char sc_draw_waiting[] =
    "stroke=\"" SC_DRAW_FAINT "\" stroke-width=\"1\" stroke-dasharray=\"1.5 2.5\"";
const char sc_draw_untold[] = "stroke=\"" SC_DRAW_FAINT "\" stroke-width=\"2.5\"";
const char sc_draw_takeover[] =
    "stroke=\"" SC_DRAW_PURPLE "\" stroke-width=\"1.4\" stroke-dasharray=\"7 3\"";
const char sc_draw_network[] = "fill=\"url(#network)\" stroke=\"#27648a\" stroke-width=\".6\"";
const char sc_draw_storage[] = "fill=\"url(#storage)\" stroke=\"#7a5400\" stroke-width=\".6\"";
const char sc_draw_sending[] = "stroke=\"" SC_DRAW_INK "\" stroke-width=\"1.5\"";

void
sc_draw_first(FILE *out, double x, double y, double height)
{
	double r = height * 0.22;

	fprintf(out,
	    "<path d=\"M%.2f %.2fv%.2fl%.2f %.2fz\" fill=\"#fff\" stroke=\"" SC_DRAW_INK "\"/>\n",
	    x, y - r, 2 * r, 1.6 * r, -r);
}

void
sc_draw_last(FILE *out, double x, double y, double height)
{
	sc_svg_line(out, x, y - height * 0.42, x, y + height * 0.1,
	    "fill=\"none\" stroke=\"" SC_DRAW_INK "\" stroke-width=\"1.6\"");
}

void
sc_draw_stored(FILE *out, double x, double y, double height)
{
	double r = height * 0.15;

	sc_svg_rect(out, x - r, y + height * 0.36 - 2 * r, 2 * r, 2 * r,
	    "fill=\"#fff\" stroke=\"" SC_DRAW_INK "\"");
}

void
sc_draw_committed(FILE *out, double x, double y, double height)
{
	double r = height * 0.27;

	fprintf(out,
	    "<path d=\"M%.2f %.2fl%.2f %.2fl%.2f %.2fl%.2f %.2fz\" fill=\"" SC_DRAW_GREEN
	    "\" stroke=\"" SC_DRAW_INK "\" stroke-width=\".9\"/>\n",
	    x, y - r, r, r, -r, r, -r, -r);
}

void
sc_draw_failed(FILE *out, double x, double y, double height)
{
	double r = fmax(height * 0.26, 3);

	fprintf(out,
	    "<path d=\"M%.2f %.2fl%.2f %.2fm0 %.2fl%.2f %.2f\" fill=\"none\" stroke=\"#fff\""
	    " stroke-width=\"5\"/>\n",
	    x - r, y - r, 2 * r, 2 * r, -2 * r, -2 * r, 2 * r);
	fprintf(out,
	    "<path d=\"M%.2f %.2fl%.2f %.2fm0 %.2fl%.2f %.2f\" fill=\"none\" stroke=\"" SC_DRAW_RED
	    "\" stroke-width=\"2.6\"/>\n",
	    x - r, y - r, 2 * r, 2 * r, -2 * r, -2 * r, 2 * r);
}

/* A sign that says: no entry. */
void
sc_draw_lost(FILE *out, double x, double y, double height)
{
	double r = fmax(height * 0.36, 3.5);
	double c = r * 0.41;

	fprintf(out,
	    "<path d=\"M%.2f %.2fL%.2f %.2fL%.2f %.2fL%.2f %.2fL%.2f %.2fL%.2f %.2fL%.2f %.2f"
	    "L%.2f %.2fz\" fill=\"" SC_DRAW_RED "\" stroke=\"" SC_DRAW_INK
	    "\" stroke-width=\".9\"/>\n",
	    x - c, y - r, x + c, y - r, x + r, y - c, x + r, y + c, x + c, y + r, x - c, y + r,
	    x - r, y + c, x - r, y - c);
	sc_svg_line(out, x - r * 0.6, y, x + r * 0.6, y, "stroke=\"#fff\" stroke-width=\"2\"");
}

/* A way around something. */
void
sc_draw_detour(FILE *out, double x, double y, double height)
{
	double r = fmax(height * 0.25, 2.5);
	double base = y - height * 0.14;

	fprintf(out,
	    "<path d=\"M%.2f %.2fh%.2fa%.2f %.2f 0 0 1 %.2f 0h%.2f\" fill=\"#fff\" "
	    "fill-opacity=\".8\" stroke=\"" SC_DRAW_PURPLE "\" stroke-width=\"1.8\"/>\n",
	    x - 1.6 * r, base, 0.6 * r, r, r, 2 * r, 0.6 * r);
}

double
sc_draw_paragraph(FILE *out, double y, const char *text)
{
	char line[LINE_CHARACTERS * 4 + 1];

	while (*text != '\0') {
		size_t length = strlen(text);

		if (length > LINE_CHARACTERS) {
			length = LINE_CHARACTERS;
			while (length > 0 && text[length] != ' ')
				length--;
			if (length == 0)
				length = LINE_CHARACTERS;
			while (length > 1 && ((unsigned char)text[length] & 0xc0) == 0x80)
				length--;
		}
		snprintf(line, sizeof(line), "%.*s", (int)length, text);
		sc_svg_text(out, SC_DRAW_MARGIN, y, "font-size=\"12.5\"", line);
		y += 17;
		text += length;
		text += strspn(text, " ");
	}
	return y;
}

/* Where the next entry of the legend comes. */
struct legend {
	const struct sc_picture *picture;
	double x, y;
};

/* Room for an entry with a symbol of that width; returns where the symbol begins. */
static double
legend_entry(struct legend *legend, double width, const char *text)
{
	double needed = width + 7 + 6.5 * (double)strlen(text) + 20;
	double x;

	if (legend->x + needed > SC_DRAW_WIDTH - SC_DRAW_MARGIN) {
		legend->x = SC_DRAW_MARGIN;
		legend->y += 22;
	}
	x = legend->x;
	sc_svg_text(legend->picture->out, x + width + 7, legend->y + 4, "font-size=\"11.5\"", text);
	legend->x += needed;
	return x;
}

static void
legend_bar(struct legend *legend, bool wanted, const char *attributes, const char *text)
{
	double x;

	if (!wanted)
		return;
	/* It may begin a new line. */
	x = legend_entry(legend, 28, text);
	sc_svg_rect(legend->picture->out, x, legend->y - 5.5, 28, 11, attributes);
}

static void
legend_line(struct legend *legend, bool wanted, const char *attributes, const char *text)
{
	double x;

	if (!wanted)
		return;
	x = legend_entry(legend, 28, text);
	sc_svg_line(legend->picture->out, x, legend->y, x + 28, legend->y, attributes);
}

static void
legend_mark(struct legend *legend, bool wanted, void (*draw)(FILE *, double, double, double),
    const char *text)
{
	double x;

	if (!wanted)
		return;
	x = legend_entry(legend, 12, text);
	draw(legend->picture->out, x + 6, legend->y, 20);
}

/* Returns the y below. */
static double
draw_symbols(const struct sc_picture *picture, double y)
{
	struct legend legend = {picture, SC_DRAW_MARGIN, y};
	bool marks = sc_draw_has_marks(picture);
	bool copies = picture->facts->copies > 0;

	legend_line(&legend, picture->has_waiting, sc_draw_waiting, "waits for its first chunk");
	legend_mark(&legend, picture->has_first, sc_draw_first, "first chunk");
	if (picture->has_quarters) {
		double x =
		    legend_entry(&legend, 72, "the four quarters of the file, as they are stored");

		for (unsigned i = 0; i < 4; i++)
			sc_svg_rect(picture->out, x + 18 * i, legend.y - 5.5, 18, 11,
			    sc_draw_quarters[i]);
	}
	legend_bar(&legend, picture->has_receiving, sc_draw_receiving, "the file is stored");
	legend_mark(&legend, picture->has_last, sc_draw_last, "last chunk arrives");
	legend_bar(&legend, picture->has_storing, sc_draw_storing,
	    "all has arrived, storage is behind");
	legend_mark(&legend, picture->has_stored, sc_draw_stored, "all is stored");
	legend_mark(&legend, copies && marks, sc_draw_committed, "the file has its name");
	if (copies && !marks) {
		double x = legend_entry(&legend, 6, "the file has its name");

		sc_svg_line(picture->out, x + 3, legend.y - 5, x + 3, legend.y + 5,
		    "stroke=\"" SC_DRAW_INK "\" stroke-width=\"1.6\"");
	}
	legend_mark(&legend, picture->has_detour, sc_draw_detour, "a detour: asks another node");
	legend_mark(&legend, picture->has_failed, sc_draw_failed, "the copy failed");
	legend_bar(&legend, picture->has_after_failure, sc_draw_after_failure,
	    "goes on passing chunks on");
	legend_mark(&legend, picture->has_lost, sc_draw_lost, "the node is lost");
	legend_line(&legend, picture->has_untold, sc_draw_untold, "what it held is not told");
	legend_line(&legend, picture->facts->run->leader != SC_NONE, sc_draw_takeover,
	    "another node takes over");
	legend_line(&legend, picture->has_sending, sc_draw_sending, "the origin sends");
	legend_bar(&legend, picture->stalled.width > 0, sc_draw_network, "waited for the network");
	legend_bar(&legend, picture->stalled.width > 0, sc_draw_storage, "waited for storage");
	return legend.y + 24;
}

static double
draw_notes(const struct sc_picture *picture, double y)
{
	const struct sc_past_run *run = picture->facts->run;
	char line[512];

	if (picture->lanes.hidden > 0) {
		snprintf(line, sizeof(line),
		    "Lanes: %u of %u nodes: the slowest, those without the file (the first ones), what "
		    "held others up, and others at even distances in the plan.",
		    picture->lanes.count - 1, run->recipients);
		y = sc_draw_paragraph(picture->out, y, line);
	}
	if (!run->has_stalls)
		y = sc_draw_paragraph(picture->out, y,
		    sc_report_is_simulated(run)
			? "How long nodes waited for network and storage is not told by a simulation."
			: "The file does not tell how long nodes waited for network and storage.");
	if (!run->has_events)
		y = sc_draw_paragraph(picture->out, y,
		    "The file has no events: the quarters are not known.");
	return y;
}

/* Nodes that are there without the file, where the lanes are too thin for the causes. */
static double
draw_without(const struct sc_picture *picture, double y)
{
	enum { LISTED_MAX = 8 };
	const struct sc_report_facts *facts = picture->facts;
	char name[SC_REPORT_NAME_BYTES], cause[SC_CAUSE_BYTES];
	char line[sizeof(name) + sizeof(cause) + 16];
	uint32_t count = 0;

	if (sc_draw_has_marks(picture))
		return y;
	for (uint32_t i = 0; i < facts->without_count; i++) {
		const struct sc_past_node *node = &facts->run->nodes[facts->without[i]];

		if (sc_report_is_lost(node) || ++count > LISTED_MAX)
			continue;
		snprintf(line, sizeof(line), "Failed: %s: %s",
		    sc_report_node_name(facts->run, facts->without[i], name),
		    sc_report_cause(node, cause));
		y = sc_draw_paragraph(picture->out, y, line);
	}
	if (count > LISTED_MAX) {
		snprintf(line, sizeof(line), "and %u more.", count - LISTED_MAX);
		y = sc_draw_paragraph(picture->out, y, line);
	}
	return y;
}

double
sc_draw_legend(const struct sc_picture *picture, double y)
{
	y = draw_symbols(picture, y);
	y = draw_without(picture, y + 4);
	return draw_notes(picture, y);
}
