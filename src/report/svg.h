/*
 * Writing SVG: texts that may hold anything, and the few shapes a picture is
 * made of.  Lengths are user units, and colours and classes are the caller's.
 * Errors stay with the stream.
 */
#ifndef SC_REPORT_SVG_H
#define SC_REPORT_SVG_H

#include <stddef.h>
#include <stdio.h>

/* A text as XML allows it: markup is escaped, and what is not a character of XML in UTF-8 is
 * replaced by U+FFFD.  Of at most that many characters; a longer one ends in an ellipsis. */
void sc_svg_escape(FILE *, const char *text, size_t characters);

/* A text element; attributes go into its tag. */
void sc_svg_text(FILE *, double x, double y, const char *attributes, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

void sc_svg_rect(FILE *, double x, double y, double width, double height, const char *attributes);

void sc_svg_line(FILE *, double x1, double y1, double x2, double y2, const char *attributes);

/* A step of 1, 2 or 5 times a power of ten, of which at most count fit into span (> 0). */
double sc_svg_nice_step(double span, unsigned count);

#endif
