/*
 * The symbols of the picture: how each looks, and what the legend says of it.
 *
 * Colours are those of Okabe and Ito, which people with any sight tell apart.  What means something
 * also has a form or a pattern of its own, for print without colours.
 */
#ifndef SC_REPORT_SYMBOLS_H
#define SC_REPORT_SYMBOLS_H

#include <stdio.h>

#define SC_COLOUR_INK "#222222"
#define SC_COLOUR_FAINT "#8a8a8a"
#define SC_COLOUR_BLUE "#0072B2"
#define SC_COLOUR_GREEN "#009E73"
#define SC_COLOUR_ORANGE "#E69F00"
#define SC_COLOUR_RED "#D55E00"
#define SC_COLOUR_PURPLE "#AA4499"

/* In the order of the legend. */
enum sc_symbol {
	SC_SYMBOL_WAITING,
	SC_SYMBOL_FIRST,
	SC_SYMBOL_QUARTERS,
	SC_SYMBOL_RECEIVING,
	SC_SYMBOL_LAST,
	SC_SYMBOL_STORING,
	SC_SYMBOL_STORED,
	SC_SYMBOL_COMMITTED,
	SC_SYMBOL_COMMITTED_THIN, /* in lanes without marks */
	SC_SYMBOL_DETOUR,
	SC_SYMBOL_FAILED,
	SC_SYMBOL_AFTER_FAILURE,
	SC_SYMBOL_LOST,
	SC_SYMBOL_UNTOLD,
	SC_SYMBOL_TAKEOVER,
	SC_SYMBOL_SENDING,
	SC_SYMBOL_NETWORK,
	SC_SYMBOL_STORAGE,
	SC_SYMBOLS
};

enum sc_shape {
	SC_SHAPE_BAR,
	SC_SHAPE_LINE, /* along a lane, or across all of them */
	SC_SHAPE_TICK, /* a line across its lane */
	SC_SHAPE_MARK,
	SC_SHAPE_QUARTERS /* four bars, of sc_quarters */
};

struct sc_symbol_look {
	enum sc_shape shape;
	const char *legend;
	const char *attributes; /* of all but marks */
	/* A mark around a point, in a lane of that height. */
	void (*draw)(FILE *, double x, double y, double height);
};

extern const struct sc_symbol_look sc_symbols[SC_SYMBOLS];

/* The attributes of the bars while a quarter of the file is stored. */
extern const char *const sc_quarters[4];

/* The patterns that bars are filled with; once a picture. */
void sc_symbols_define(FILE *);

#endif
