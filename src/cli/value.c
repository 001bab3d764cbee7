/*
 * Values of options: see option.h.
 */
#include "base/units.h"
#include "cli/option.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct unit {
	const char *name;
	double factor;
};

static const struct unit rates[] = {{"kbit", 1e3 / 8}, {"mbit", 1e6 / 8}, {"gbit", 1e9 / 8},
	{"tbit", 1e12 / 8}, {"bit", 1. / 8}, {"kbit/s", 1e3 / 8}, {"mbit/s", 1e6 / 8},
	{"gbit/s", 1e9 / 8}, {"b/s", 1}, {"kb/s", 1e3}, {"mb/s", 1e6}, {"gb/s", 1e9},
	{"tb/s", 1e12}, {"kib/s", 1024.}, {"mib/s", 1048576.}, {"gib/s", 1073741824.},
	{"tib/s", 1099511627776.}, {NULL, 0}};
static const struct unit seconds[] = {
	{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {NULL, 0}};
static const struct unit percents[] = {{"", 0.01}, {"%", 0.01}, {NULL, 0}};

static int
parse_number(const char *text, uint64_t *number)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 19 || text[digits] != '\0')
		return -1;
	*number = strtoull(text, NULL, 10);
	return 0;
}

static char *
format_number(double number, char out[SC_UNIT_TEXT_BYTES])
{
	snprintf(out, SC_UNIT_TEXT_BYTES, "%.0f", number);
	return out;
}

/* How values of a kind are read, and what an error says of them: WHAT[ from MIN to MAX]SUCH.
 * Without WHAT the row of the option says it. */
static const struct kind {
	const char *what;
	const char *such;
	/* Whole numbers, in the range of the option. */
	int (*parse)(const char *text, uint64_t *number);
	char *(*format)(double scaled, char *out);
	double scale;
	/* Numbers with a unit and a fraction, in the range of this table. */
	const struct unit *units;
	double min;
	double max;
} kinds[] = {
	[SC_VALUE_NUMBER] = {"a number", "", parse_number, format_number, 1, NULL, 0, 0},
	[SC_VALUE_SIZE] = {"a size", ", such as 64KiB or 1M", sc_parse_size, sc_format_size, 1,
		NULL, 0, 0},
	[SC_VALUE_TIME] = {"a time", ", such as 500ms, 10s or 2min", sc_parse_duration,
		sc_format_duration, 1e-9, NULL, 0, 0},
	[SC_VALUE_RATE] = {"a rate such as 100Gbit, 2GB/s or 2GiB/s", "", NULL, NULL, 0, rates, 1,
		1e15},
	[SC_VALUE_SECONDS] = {"a time such as 2us, 1.5ms or 1s", "", NULL, NULL, 0, seconds, 0,
		3600},
	[SC_VALUE_PART] = {"percents from 0 to 99", "", NULL, NULL, 0, percents, 0, 0.99},
	[SC_VALUE_FILE] = {.what = "the name of a file", .such = ""},
	[SC_VALUE_REFUSED] = {0},
};

/* The value is not what the option takes. */
static int
refuse(const struct sc_option *option, const char *text, struct sc_error *err)
{
	const struct sc_value *value = &option->value;
	const struct kind *kind = &kinds[value->kind];
	const char *takes = value->takes == NULL ? "" : value->takes;
	char low[SC_UNIT_TEXT_BYTES];
	char high[SC_UNIT_TEXT_BYTES];
	char range[2 * SC_UNIT_TEXT_BYTES + 16] = "";

	if (kind->what == NULL)
		return sc_fail(err, 0, "--%s%s%s: it takes %s", option->name,
		    text == NULL ? "" : "=", text == NULL ? "" : text,
		    value->takes == NULL ? value->argument + 1 : takes);
	if (kind->format != NULL)
		snprintf(range, sizeof(range), " from %s to %s",
		    kind->format((double)value->min * kind->scale, low),
		    kind->format((double)value->max * kind->scale, high));
	return sc_fail(err, 0, "--%s=%s: it takes %s%s%s%s%s", option->name, text, kind->what,
	    range, kind->such, value->automatic ? ", or auto" : "",
	    isalpha((unsigned char)text[0]) ? takes : "");
}

static bool
read_quantity(const struct kind *kind, const char *text, double *value)
{
	size_t digits = strspn(text, "0123456789.");
	const struct unit *unit = kind->units;
	char *end;

	*value = strtod(text, &end);
	if (digits == 0 || text[0] == '.' || end != text + digits)
		return false;
	while (unit->name != NULL && strcasecmp(end, unit->name) != 0)
		unit++;
	*value *= unit->factor;
	return unit->name != NULL && *value >= kind->min && *value <= kind->max;
}

static bool
read_whole(const struct sc_value *value, const char *text, uint64_t *number)
{
	if (value->automatic && strcmp(text, "auto") == 0) {
		*number = 0;
		return true;
	}
	return kinds[value->kind].parse(text, number) == 0 && *number >= value->min &&
	    *number <= value->max;
}

/* Which word of "=auto|always|never" is it? */
static bool
read_word(const char *words, const char *text, uint64_t *place)
{
	size_t length = strlen(text);

	words = strchr(words, '=') + 1;
	for (*place = 0;; ++*place) {
		size_t word = strcspn(words, "|]");

		if (word == length && memcmp(words, text, length) == 0)
			return true;
		if (words[word] != '|')
			return false;
		words += word + 1;
	}
}

/* Into a field of so many bytes, or none.  Always true. */
static bool
store(uint64_t number, void *field, size_t bytes)
{
	if (bytes == sizeof(bool))
		*(bool *)field = number != 0;
	else if (bytes == sizeof(uint32_t))
		*(uint32_t *)field = (uint32_t)number;
	else if (bytes != 0)
		*(uint64_t *)field = number;
	return true;
}

int
sc_value_read(const struct sc_option *option, void *options, const char *text, struct sc_error *err)
{
	const struct sc_value *value = &option->value;
	void *field = (char *)options + value->offset;
	uint64_t number = value->min;
	bool good = true;
	int rc;

	switch (value->kind) {
	case SC_VALUE_SET:
		good = store(number, field, value->bytes);
		break;
	case SC_VALUE_COUNT:
		++*(int *)field;
		break;
	case SC_VALUE_NUMBER:
	case SC_VALUE_SIZE:
	case SC_VALUE_TIME:
		good = read_whole(value, text, &number) && store(number, field, value->bytes);
		break;
	case SC_VALUE_WORD:
		good =
		    (text == NULL ? value->automatic : read_word(value->argument, text, &number)) &&
		    store(number, field, value->bytes);
		break;
	case SC_VALUE_TEXT:
	case SC_VALUE_FILE:
		good = value->kind == SC_VALUE_TEXT || text[0] != '\0';
		*(const char **)field = text;
		break;
	case SC_VALUE_CALL:
		rc = value->call(options, text, err);
		if (rc <= 0)
			return rc;
		good = false;
		break;
	case SC_VALUE_REFUSED:
		return sc_fail(err, 0, "--%s%s%s: %s", option->name, text == NULL ? "" : "=",
		    text == NULL ? "" : text, value->takes);
	default:
		good = read_quantity(&kinds[value->kind], text, field);
	}
	return good ? 0 : refuse(option, text, err);
}
