/*
 * Writing SVG: see svg.h.
 */
#include "app/svg.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The bytes of the character that text begins with; 0: it is not one of UTF-8
 * that XML has. */
static size_t
character_bytes(const unsigned char *text)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t code = text[0];
	size_t length;

	if (code < 0x80)
		return code >= 0x20 && code != 0x7f ? 1 : 0;
	if (code >= 0xf8 || code < 0xc0)
		return 0;
	length = code >= 0xf0 ? 4 : code >= 0xe0 ? 3 : 2;
	code &= 0x7fu >> length;
	for (size_t i = 1; i < length; i++) {
		/* The end of the text ends it, too. */
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3f);
	}
	/* Too long a form, surrogates, what is no character, beyond Unicode, C1 controls. */
	if (code < least[length] || (code >= 0xd800 && code < 0xe000) ||
	    (code & 0xfffe) == 0xfffe || code > 0x10ffff || code < 0xa0)
		return 0;
	return length;
}

void
sc_svg_escape_cut(FILE *out, const char *text, size_t characters)
{
	size_t length;

	for (; *text != '\0'; text += length) {
		length = character_bytes((const unsigned char *)text);
		if (characters == 0 || (characters == 1 && text[length > 0 ? length : 1] != '\0')) {
			fputs("\xe2\x80\xa6", out);
			return;
		}
		characters--;
		if (length == 0) {
			fputs("\xef\xbf\xbd", out);
			length = 1;
		} else if (*text == '&') {
			fputs("&amp;", out);
		} else if (*text == '<') {
			fputs("&lt;", out);
		} else if (*text == '>') {
			fputs("&gt;", out);
		} else if (*text == '"') {
			fputs("&quot;", out);
		} else {
			fwrite(text, 1, length, out);
		}
	}
}

void
sc_svg_escape(FILE *out, const char *text)
{
	sc_svg_escape_cut(out, text, SIZE_MAX);
}

void
sc_svg_text(FILE *out, double x, double y, const char *attributes, const char *text)
{
	fprintf(out, "<text x=\"%.1f\" y=\"%.1f\"%s%s>", x, y, attributes[0] == '\0' ? "" : " ",
	    attributes);
	sc_svg_escape(out, text);
	fputs("</text>\n", out);
}

void
sc_svg_rect(FILE *out, double x, double y, double width, double height, const char *attributes)
{
	fprintf(out, "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" %s/>\n", x, y,
	    width, height, attributes);
}

void
sc_svg_line(FILE *out, double x1, double y1, double x2, double y2, const char *attributes)
{
	fprintf(out, "<path d=\"M%.2f %.2fL%.2f %.2f\" %s/>\n", x1, y1, x2, y2, attributes);
}

double
sc_svg_nice_step(double span, unsigned count)
{
	double raw = span / count;
	double power = pow(10, floor(log10(raw)));

	if (raw <= power)
		return power;
	if (raw <= 2 * power)
		return 2 * power;
	return raw <= 5 * power ? 5 * power : 10 * power;
}
