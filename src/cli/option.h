/*
 * A program's options as a table.  The parser, the check of ranges and --help work by this table;
 * completion in bash (stagecast.bash) and the check of the manual pages (tests/checks/man.sh) work
 * by --help.
 *
 * A row is one option, or a heading of --help, or stands for another table:
 *
 *     #define SC_OPTIONS struct my_options
 *     static const struct sc_option rows[] = {
 *             SC_HEADING("What is written:"),
 *             {"force", 'f', SC_ON(force), "replace a DEST that exists"},
 *             {"window", 'w', SC_NUMBER("W", window, 1, 64), "chunks in flight"},
 *             SC_TABLE(sc_plan_options, plan, struct sc_plan_request),
 *             SC_OPTIONS_END,
 *     };
 *
 * SC_ON and so on name a field of SC_OPTIONS.  A field of another type does not compile.
 */
#ifndef SC_CLI_OPTION_H
#define SC_CLI_OPTION_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sc_value_kind {
	SC_VALUE_END,     /* the table's last row */
	SC_VALUE_HEADING, /* not an option */
	SC_VALUE_TABLE,   /* not an option: the rows of another table */
	SC_VALUE_SET,     /* takes no value; the field becomes `min` */
	SC_VALUE_COUNT,   /* takes no value; the field counts how often it is given */
	SC_VALUE_NUMBER,
	SC_VALUE_SIZE,    /* in bytes: 64KiB */
	SC_VALUE_TIME,    /* in ns: 500ms, 2min */
	SC_VALUE_RATE,    /* in bytes a second: 100Gbit, 2GB/s */
	SC_VALUE_SECONDS, /* 2us, 1.5ms */
	SC_VALUE_PART,    /* in percents: 2.2 is 0.022 */
	SC_VALUE_WORD,    /* one of the words of `argument`, by its place there */
	SC_VALUE_TEXT,
	SC_VALUE_FILE,    /* a text that is not empty */
	SC_VALUE_CALL,    /* read by a function */
	SC_VALUE_REFUSED, /* another program's option: `takes` says what to do instead */
};

/* Read a value: options is the struct that the table is of, text the value, or NULL if it was left
 * out.  0; -1 with *err; or 1 if the value is not what the option takes. */
typedef int sc_value_call(void *options, const char *text, struct sc_error *err);

struct sc_value {
	enum sc_value_kind kind;
	bool automatic; /* of numbers: "auto" is 0; of words: without a value it is `min` */
	/* As --help shows it after the name: "=SIZE", "=auto|none", or "[=yes|no]" if the value may
	 * be left out.  NULL: the option takes no value.  Completion offers the words in small
	 * letters, and files if FILE or DIR is in it. */
	const char *argument;
	/* An error says: "it takes `takes`".  NULL: it says `argument`.  Of a number it says the
	 * range, and `takes` after it if the value begins with a letter. */
	const char *takes;
	size_t offset; /* of the field */
	size_t bytes;  /* the field's size */
	uint64_t min;
	uint64_t max;
	sc_value_call *call;
	const struct sc_option *table;
};

struct sc_option {
	const char *name;
	char letter; /* or 0 */
	struct sc_value value;
	const char
	    *help; /* --help breaks it into lines; no word begins with '-'.  NULL: not listed */
};

/* clang-format off */
#define SC_AT(field, type) \
	.offset = _Generic(((SC_OPTIONS *)0)->field, type : offsetof(SC_OPTIONS, field)), \
	.bytes = sizeof(((SC_OPTIONS *)0)->field)
#define SC_INTEGER_AT(field) \
	.offset = _Generic(((SC_OPTIONS *)0)->field, \
	    uint32_t : offsetof(SC_OPTIONS, field), uint64_t : offsetof(SC_OPTIONS, field)), \
	.bytes = sizeof(((SC_OPTIONS *)0)->field)

#define SC_HEADING(text) {NULL, 0, {.kind = SC_VALUE_HEADING}, text}
#define SC_TABLE(rows, field, type) \
	{NULL, 0, {.kind = SC_VALUE_TABLE, .table = rows, SC_AT(field, type)}, NULL}
#define SC_OPTIONS_END {NULL, 0, {.kind = SC_VALUE_END}, NULL}

#define SC_ON(field) {.kind = SC_VALUE_SET, SC_AT(field, bool), .min = true}
#define SC_OFF(field) {.kind = SC_VALUE_SET, SC_AT(field, bool), .min = false}
#define SC_SET(field, to) {.kind = SC_VALUE_SET, SC_AT(field, unsigned), .min = to}
#define SC_COUNT(field) {.kind = SC_VALUE_COUNT, SC_AT(field, int)}
#define SC_RANGE(what, name, field, least, most) \
	.kind = what, .argument = "=" name, SC_INTEGER_AT(field), .min = least, .max = most
#define SC_NUMBER(name, field, least, most) {SC_RANGE(SC_VALUE_NUMBER, name, field, least, most)}
#define SC_SIZE(field, least, most) {SC_RANGE(SC_VALUE_SIZE, "SIZE", field, least, most)}
#define SC_TIME(field, least, most) {SC_RANGE(SC_VALUE_TIME, "TIME", field, least, most)}
#define SC_NUMBER_OR_AUTO(name, field, most, hint) \
	{SC_RANGE(SC_VALUE_NUMBER, name, field, 1, most), .automatic = true, .takes = hint}
#define SC_SIZE_OR_AUTO(field, least, most) \
	{SC_RANGE(SC_VALUE_SIZE, "SIZE", field, least, most), .automatic = true}
#define SC_OTHER(what, shown, field, type) {.kind = what, .argument = shown, SC_AT(field, type)}
#define SC_RATE(field) SC_OTHER(SC_VALUE_RATE, "=RATE", field, double)
#define SC_SECONDS(field) SC_OTHER(SC_VALUE_SECONDS, "=TIME", field, double)
#define SC_PART(field) SC_OTHER(SC_VALUE_PART, "=PERCENT", field, double)
#define SC_WORD(words, field) SC_OTHER(SC_VALUE_WORD, "=" words, field, unsigned)
#define SC_YES_NO(field) {.kind = SC_VALUE_WORD, .argument = "[=no|yes]", .takes = "yes or no", \
	SC_AT(field, bool), .automatic = true, .min = true}
#define SC_WORD_ONLY(words, why) {.kind = SC_VALUE_WORD, .argument = words, .takes = why}
#define SC_TEXT(name, field) SC_OTHER(SC_VALUE_TEXT, "=" name, field, const char *)
#define SC_FILE(name, field) SC_OTHER(SC_VALUE_FILE, "=" name, field, const char *)
#define SC_CALL(shown, function, what) \
	{.kind = SC_VALUE_CALL, .argument = shown, .call = function, .takes = what}
#define SC_REFUSED(shown, why) {.kind = SC_VALUE_REFUSED, .argument = shown, .takes = why}
/* clang-format on */

/* Read text, the value of an option (NULL: it was given none), into its field of options.  0, or -1
 * with a sentence that names the option and says what it takes.  After a failure the field may
 * hold anything. */
int sc_value_read(const struct sc_option *, void *options, const char *text, struct sc_error *);

#endif
