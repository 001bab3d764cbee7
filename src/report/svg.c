/*
 * Writing SVG: see svg.h.
 */
#include "report/svg.h"

#include "base/utf8.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The bytes of the character that text begins with; 0: it is not one of UTF-8
 * that XML has. */
static size_t
character_bytes(const char *text)
{
	uint32_t code;
	size_t length = sc_utf8_decode(text, &code);

	/* Controls, and what is no character. */
	if (code < 0x20 || (code >= 0x7f && code < 0xa0) || (code & 0xfffe) == 0xfffe)
		return 0;
	return length;
}

void
sc_svg_escape(FILE *out, const char *text, size_t characters)
{
	static const char *const markup[128] = {
		['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;"};
	size_t length;

	for (; *text != '\0'; text += length) {
		length = character_bytes(text);
		if (characters == 0 || (characters == 1 && text[length > 0 ? length : 1] != '\0')) {
			fputs("\xe2\x80\xa6", out);
			return;
		}
		characters--;
		if (length == 0) {
			fputs(SC_UTF8_REPLACEMENT, out);
			length = 1;
		} else if (*text > 0 && markup[(unsigned char)*text] != NULL) {
			fputs(markup[(unsigned char)*text], out);
		} else {
			fwrite(text, 1, length, out);
		}
	}
}

void
sc_svg_text(FILE *out, double x, double y, const char *attributes, const char *format, ...)
{
	char text[2048];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" %s>", x, y, attributes);
	sc_svg_escape(out, text, SIZE_MAX);
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
