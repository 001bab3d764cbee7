/*
 * What stands below the lanes: the legend, and what the picture can't show.
 */
#include "report/picture_parts.h"

#include "report/sentences.h"
#include "report/svg.h"

#include <stdarg.h>
#include <string.h>

/* Text of that size: characters in a line of the picture's width. */
enum { LINE_CHARACTERS = 168 };

/* How much of a text goes into one line: it is broken at a space, and never within a character. */
static size_t
line_bytes(const char *text)
{
	size_t length = strlen(text);

	if (length <= LINE_CHARACTERS)
		return length;
	length = LINE_CHARACTERS;
	while (length > 0 && text[length] != ' ')
		length--;
	if (length == 0)
		length = LINE_CHARACTERS;
	while (length > 1 && ((unsigned char)text[length] & 0xc0) == 0x80)
		length--;
	return length;
}

double
sc_picture_draw_paragraph(struct sc_picture *picture, double y, const char *format, ...)
{
	char paragraph[2048];
	const char *text = paragraph;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(paragraph, sizeof(paragraph), format, arguments);
	va_end(arguments);
	while (*text != '\0') {
		size_t length = line_bytes(text);

		sc_svg_text(picture->out, SC_PICTURE_MARGIN, y, "font-size=\"12.5\"", "%.*s",
		    (int)length, text);
		y += 17;
		text += length;
		text += strspn(text, " ");
	}
	return y;
}

/* An entry of the legend, at the place that is moved on: a symbol and its meaning. */
static void
draw_entry(FILE *out, const struct sc_symbol_look *look, double *left, double *y)
{
	static const double widths[] = {
		[SC_SHAPE_BAR] = 28,
		[SC_SHAPE_LINE] = 28,
		[SC_SHAPE_TICK] = 6,
		[SC_SHAPE_MARK] = 12,
		[SC_SHAPE_QUARTERS] = 72,
	};
	double width = widths[look->shape];
	double needed = width + 7 + 6.5 * (double)strlen(look->legend) + 20;
	double x;

	if (*left + needed > SC_PICTURE_WIDTH - SC_PICTURE_MARGIN) {
		*left = SC_PICTURE_MARGIN;
		*y += 22;
	}
	x = *left;
	*left += needed;
	sc_svg_text(out, x + width + 7, *y + 4, "font-size=\"11.5\"", "%s", look->legend);
	switch (look->shape) {
	case SC_SHAPE_BAR:
		sc_svg_rect(out, x, *y - 5.5, width, 11, look->attributes);
		break;
	case SC_SHAPE_LINE:
		sc_svg_line(out, x, *y, x + width, *y, look->attributes);
		break;
	case SC_SHAPE_TICK:
		sc_svg_line(out, x + 3, *y - 5, x + 3, *y + 5, look->attributes);
		break;
	case SC_SHAPE_MARK:
		look->draw(out, x + 6, *y, 20);
		break;
	case SC_SHAPE_QUARTERS:
		for (unsigned i = 0; i < 4; i++)
			sc_svg_rect(out, x + 18 * i, *y - 5.5, 18, 11, sc_quarters[i]);
		break;
	}
}

/* Returns the y below. */
static double
draw_symbols(struct sc_picture *picture, double y)
{
	bool marks = sc_layout_has_marks(&picture->layout);
	bool copies = picture->statistics->copies > 0;
	double x = SC_PICTURE_MARGIN;

	picture->seen[SC_SYMBOL_COMMITTED] = copies && marks;
	picture->seen[SC_SYMBOL_COMMITTED_THIN] = copies && !marks;
	picture->seen[SC_SYMBOL_TAKEOVER] = picture->run->leader != SC_NONE;
	picture->seen[SC_SYMBOL_NETWORK] = picture->stalled.width > 0;
	picture->seen[SC_SYMBOL_STORAGE] = picture->stalled.width > 0;
	for (unsigned i = 0; i < SC_SYMBOLS; i++) {
		if (picture->seen[i])
			draw_entry(picture->out, &sc_symbols[i], &x, &y);
	}
	return y + 24;
}

static double
draw_notes(struct sc_picture *picture, double y)
{
	const struct sc_past_run *run = picture->run;

	if (picture->layout.hidden > 0)
		y = sc_picture_draw_paragraph(picture, y,
		    "Lanes: %u of %u nodes: the slowest, those without the file (the first ones), what "
		    "held others up, and others at even distances in the plan.",
		    picture->layout.count - 1, run->recipients);
	if (!run->has_stalls)
		y = sc_picture_draw_paragraph(picture, y,
		    sc_is_simulated(run)
			? "How long nodes waited for network and storage is not told by a simulation."
			: "The file does not tell how long nodes waited for network and storage.");
	if (!run->has_events)
		y = sc_picture_draw_paragraph(picture, y,
		    "The file has no events: the quarters are not known.");
	return y;
}

/* Nodes that are there without the file, where the lanes are too thin for the causes. */
static double
draw_without(struct sc_picture *picture, double y)
{
	enum { LISTED_MAX = 8 };
	const struct sc_statistics *statistics = picture->statistics;
	uint32_t count = 0;

	if (sc_layout_has_marks(&picture->layout))
		return y;
	for (uint32_t i = 0; i < statistics->without_count; i++) {
		uint32_t number = statistics->without[i];
		const struct sc_past_node *node = &picture->run->nodes[number];

		if (!sc_is_lost(node) && ++count <= LISTED_MAX)
			y = sc_picture_draw_paragraph(picture, y, "Failed: %s: %s",
			    sc_node_name(picture->run, number).text, sc_cause(node).text);
	}
	if (count > LISTED_MAX)
		y = sc_picture_draw_paragraph(picture, y, "and %u more.", count - LISTED_MAX);
	return y;
}

double
sc_picture_draw_legend(struct sc_picture *picture, double y)
{
	y = draw_symbols(picture, y);
	y = draw_without(picture, y + 4);
	return draw_notes(picture, y);
}
