/*
 * The symbols of the picture: see symbols.h.
 */
#include "report/symbols.h"

#include "report/svg.h"

#include <math.h>

const char *const sc_quarters[4] = {
	"fill=\"#cfe3f0\"",
	"fill=\"#9cc8e3\"",
	"fill=\"#569fcb\"",
	"fill=\"" SC_COLOUR_BLUE "\"",
};

static void
draw_first(FILE *out, double x, double y, double height)
{
	double r = height * 0.22;

	fprintf(out,
	    "<path d=\"M%.2f %.2fv%.2fl%.2f %.2fz\" fill=\"#fff\" stroke=\"" SC_COLOUR_INK "\"/>\n",
	    x, y - r, 2 * r, 1.6 * r, -r);
}

static void
draw_last(FILE *out, double x, double y, double height)
{
	sc_svg_line(out, x, y - height * 0.42, x, y + height * 0.1,
	    "fill=\"none\" stroke=\"" SC_COLOUR_INK "\" stroke-width=\"1.6\"");
}

static void
draw_stored(FILE *out, double x, double y, double height)
{
	double r = height * 0.15;

	sc_svg_rect(out, x - r, y + height * 0.36 - 2 * r, 2 * r, 2 * r,
	    "fill=\"#fff\" stroke=\"" SC_COLOUR_INK "\"");
}

static void
draw_committed(FILE *out, double x, double y, double height)
{
	double r = height * 0.27;

	fprintf(out,
	    "<path d=\"M%.2f %.2fl%.2f %.2fl%.2f %.2fl%.2f %.2fz\" fill=\"" SC_COLOUR_GREEN
	    "\" stroke=\"" SC_COLOUR_INK "\" stroke-width=\".9\"/>\n",
	    x, y - r, r, r, -r, r, -r, -r);
}

static void
draw_failed(FILE *out, double x, double y, double height)
{
	double r = fmax(height * 0.26, 3);

	fprintf(out,
	    "<path d=\"M%.2f %.2fl%.2f %.2fm0 %.2fl%.2f %.2f\" fill=\"none\" stroke=\"#fff\""
	    " stroke-width=\"5\"/>\n",
	    x - r, y - r, 2 * r, 2 * r, -2 * r, -2 * r, 2 * r);
	fprintf(out,
	    "<path d=\"M%.2f %.2fl%.2f %.2fm0 %.2fl%.2f %.2f\" fill=\"none\" stroke=\"" SC_COLOUR_RED
	    "\" stroke-width=\"2.6\"/>\n",
	    x - r, y - r, 2 * r, 2 * r, -2 * r, -2 * r, 2 * r);
}

/* A sign that says: no entry. */
static void
draw_lost(FILE *out, double x, double y, double height)
{
	double r = fmax(height * 0.36, 3.5);
	double c = r * 0.41;

	fprintf(out,
	    "<path d=\"M%.2f %.2fL%.2f %.2fL%.2f %.2fL%.2f %.2fL%.2f %.2fL%.2f %.2fL%.2f %.2f"
	    "L%.2f %.2fz\" fill=\"" SC_COLOUR_RED "\" stroke=\"" SC_COLOUR_INK
	    "\" stroke-width=\".9\"/>\n",
	    x - c, y - r, x + c, y - r, x + r, y - c, x + r, y + c, x + c, y + r, x - c, y + r,
	    x - r, y + c, x - r, y - c);
	sc_svg_line(out, x - r * 0.6, y, x + r * 0.6, y, "stroke=\"#fff\" stroke-width=\"2\"");
}

/* A way around something. */
static void
draw_detour(FILE *out, double x, double y, double height)
{
	double r = fmax(height * 0.25, 2.5);
	double base = y - height * 0.14;

	fprintf(out,
	    "<path d=\"M%.2f %.2fh%.2fa%.2f %.2f 0 0 1 %.2f 0h%.2f\" fill=\"#fff\" "
	    "fill-opacity=\".8\" stroke=\"" SC_COLOUR_PURPLE "\" stroke-width=\"1.8\"/>\n",
	    x - 1.6 * r, base, 0.6 * r, r, r, 2 * r, 0.6 * r);
}

#define BAR(attributes, legend) {SC_SHAPE_BAR, legend, attributes, NULL}
#define LINE(attributes, legend) {SC_SHAPE_LINE, legend, attributes, NULL}
#define MARK(draw, legend) {SC_SHAPE_MARK, legend, NULL, draw}
#define STROKE(colour, width) "stroke=\"" colour "\" stroke-width=\"" width "\""
#define DASHES(lengths) " stroke-dasharray=\"" lengths "\""
#define STORAGE "fill=\"url(#storage)\" " STROKE("#7a5400", ".6")

const struct sc_symbol_look sc_symbols[SC_SYMBOLS] = {
	[SC_SYMBOL_WAITING] =
	    LINE(STROKE(SC_COLOUR_FAINT, "1") DASHES("1.5 2.5"), "waits for its first chunk"),
	[SC_SYMBOL_FIRST] = MARK(draw_first, "first chunk"),
	[SC_SYMBOL_QUARTERS] = {SC_SHAPE_QUARTERS,
		"the four quarters of the file, as they are stored", NULL, NULL},
	[SC_SYMBOL_RECEIVING] = BAR("fill=\"#569fcb\"", "the file is stored"),
	[SC_SYMBOL_LAST] = MARK(draw_last, "last chunk arrives"),
	[SC_SYMBOL_STORING] = BAR(STORAGE, "all has arrived, storage is behind"),
	[SC_SYMBOL_STORED] = MARK(draw_stored, "all is stored"),
	[SC_SYMBOL_COMMITTED] = MARK(draw_committed, "the file has its name"),
	[SC_SYMBOL_COMMITTED_THIN] = {SC_SHAPE_TICK, "the file has its name",
		STROKE(SC_COLOUR_INK, "1.6"), NULL},
	[SC_SYMBOL_DETOUR] = MARK(draw_detour, "a detour: asks another node"),
	[SC_SYMBOL_FAILED] = MARK(draw_failed, "the copy failed"),
	[SC_SYMBOL_AFTER_FAILURE] =
	    BAR("fill=\"#fff\" " STROKE(SC_COLOUR_FAINT, ".8") DASHES("3 2"),
		"goes on passing chunks on"),
	[SC_SYMBOL_LOST] = MARK(draw_lost, "the node is lost"),
	[SC_SYMBOL_UNTOLD] = LINE(STROKE(SC_COLOUR_FAINT, "2.5"), "what it held is not told"),
	[SC_SYMBOL_TAKEOVER] =
	    LINE(STROKE(SC_COLOUR_PURPLE, "1.4") DASHES("7 3"), "another node takes over"),
	[SC_SYMBOL_SENDING] = LINE(STROKE(SC_COLOUR_INK, "1.5"), "the origin sends"),
	[SC_SYMBOL_NETWORK] =
	    BAR("fill=\"url(#network)\" " STROKE("#27648a", ".6"), "waited for the network"),
	[SC_SYMBOL_STORAGE] = BAR(STORAGE, "waited for storage"),
};

void
sc_symbols_define(FILE *out)
{
	fputs("<defs>\n"
	      "<pattern id=\"network\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">"
	      "<rect width=\"6\" height=\"6\" fill=\"#d3ebf9\"/>"
	      "<path d=\"M-1 7L7 -1M-1 1L1 -1M5 7L7 5\" stroke=\"#56B4E9\" stroke-width=\"1.5\"/>"
	      "</pattern>\n"
	      "<pattern id=\"storage\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\">"
	      "<rect width=\"5\" height=\"5\" fill=\"" SC_COLOUR_ORANGE "\"/>"
	      "<circle cx=\"1.25\" cy=\"1.25\" r=\"1\" fill=\"#5c3d00\"/>"
	      "<circle cx=\"3.75\" cy=\"3.75\" r=\"1\" fill=\"#5c3d00\"/>"
	      "</pattern>\n"
	      "</defs>\n",
	    out);
}
