/*
 * What stands below the lanes: the legend, and what the picture can't show.
 */
#include "app/report_draw.h"

#include "app/report_text.h"
#include "app/svg.h"

#include <string.h>

/* Text of that size: characters in a line of the picture's width. */
enum { LINE_CHARACTERS = 168 };

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
	legend_mark(&legend, picture->has_failed, sc_draw_failed, "the copy failed");
	legend_bar(&legend, picture->has_after_failure, sc_draw_after_failure,
	    "goes on passing chunks on");
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

/* Nodes without the file, where the lanes are too thin for the causes. */
static double
draw_without(const struct sc_picture *picture, double y)
{
	enum { LISTED_MAX = 8 };
	const struct sc_report_facts *facts = picture->facts;
	char name[SC_REPORT_NAME_BYTES], line[SC_REPORT_NAME_BYTES + SC_CAUSE_BYTES + 16];

	if (sc_draw_has_marks(picture))
		return y;
	for (uint32_t i = 0; i < facts->without_count && i < LISTED_MAX; i++) {
		const struct sc_past_node *node = &facts->run->nodes[facts->without[i]];

		snprintf(line, sizeof(line), "Failed: %s: %s",
		    sc_report_node_name(facts->run, facts->without[i], name),
		    !node->reported              ? "it did not report"
			: node->cause[0] == '\0' ? "no cause is told"
						 : node->cause);
		y = sc_draw_paragraph(picture->out, y, line);
	}
	if (facts->without_count > LISTED_MAX) {
		snprintf(line, sizeof(line), "and %u more.", facts->without_count - LISTED_MAX);
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
