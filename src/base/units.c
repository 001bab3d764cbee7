/*
 * Sizes and durations as people write and read them: see units.h.
 */
#include "base/units.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const prefixes[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};

/* The power of 1024 that a unit stands for, or -1. */
static int
unit_power(const char *unit)
{
	static const char letters[] = "kmgt";
	const char *letter;

	if (unit[0] == '\0' || strcasecmp(unit, "b") == 0)
		return 0;
	letter = strchr(letters, tolower((unsigned char)unit[0]));
	if (letter == NULL)
		return -1;
	if (unit[1] != '\0' && strcasecmp(unit + 1, "ib") != 0)
		return -1;
	return (int)(letter - letters) + 1;
}

/* The length of the decimal number at the beginning of text, with a fraction or without; 0 if
 * there is none.  *digits is the length of the part ahead of the fraction. */
static size_t
number_length(const char *text, size_t *digits)
{
	size_t decimals;

	*digits = strspn(text, "0123456789");
	if (*digits == 0 || text[*digits] != '.')
		return *digits;
	decimals = strspn(text + *digits + 1, "0123456789");
	return decimals == 0 ? 0 : *digits + 1 + decimals;
}

int
sc_parse_size(const char *text, uint64_t *bytes)
{
	size_t digits;
	size_t number = number_length(text, &digits);
	int power = unit_power(text + number);
	double fraction;
	unsigned long long whole;

	/* There is no part of a byte. */
	if (number == 0 || power < 0 || (power == 0 && number != digits))
		return -1;

	errno = 0;
	whole = strtoull(text, NULL, 10);
	if (errno != 0 || whole > UINT64_MAX >> (10 * power))
		return -1;
	whole <<= 10 * power;
	if (number != digits) {
		fraction = ldexp(strtod(text + digits, NULL), 10 * power);
		if (fraction >= (double)(UINT64_MAX - whole))
			return -1;
		whole += (unsigned long long)fraction;
	}
	*bytes = whole;
	return 0;
}

int
sc_parse_duration(const char *text, uint64_t *ns)
{
	static const struct {
		const char *name;
		double seconds;
	} units[] = {{"", 1}, {"s", 1}, {"ms", 1e-3}, {"min", 60}, {"h", 3600}};
	static const double most_s = 1e4 * 3600;
	size_t digits;
	size_t number = number_length(text, &digits);

	if (number == 0 || digits > 12)
		return -1;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		double duration_s = strtod(text, NULL) * units[i].seconds;

		if (strcasecmp(text + number, units[i].name) != 0)
			continue;
		if (duration_s > most_s)
			return -1;
		*ns = (uint64_t)llrint(duration_s * 1e9);
		return 0;
	}
	return -1;
}

int
sc_parse_count(const char *text, uint32_t min, uint32_t max, uint32_t *count)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long long value;

	if (digits == 0 || digits > 10 || text[digits] != '\0')
		return -1;
	value = strtoull(text, NULL, 10);
	if (value < min || value > max)
		return -1;
	*count = (uint32_t)value;
	return 0;
}

static char *
format_scaled(double value, const char *suffix, char out[SC_UNIT_TEXT_BYTES])
{
	size_t power = 0;
	int decimals;

	/* 999.5 would be printed as 1000. */
	while (value >= 999.5 && power + 1 < sizeof(prefixes) / sizeof(prefixes[0])) {
		/* Whole bytes up to 4095 say more than 4.00 KiB. */
		if (power == 0 && value < 4096)
			break;
		value /= 1024;
		power++;
	}
	if (power == 0)
		decimals = 0;
	else if (value < 9.995)
		decimals = 2;
	else
		decimals = value < 99.95 ? 1 : 0;
	snprintf(out, SC_UNIT_TEXT_BYTES, "%.*f %sB%s", decimals, value, prefixes[power], suffix);
	return out;
}

char *
sc_format_size(double bytes, char out[SC_UNIT_TEXT_BYTES])
{
	return format_scaled(bytes, "", out);
}

char *
sc_format_rate(double bytes_per_s, char out[SC_UNIT_TEXT_BYTES])
{
	return format_scaled(bytes_per_s, "/s", out);
}

char *
sc_format_duration(double seconds, char out[SC_UNIT_TEXT_BYTES])
{
	if (seconds < 0.9995)
		snprintf(out, SC_UNIT_TEXT_BYTES, "%.1f ms", seconds * 1e3);
	else if (seconds < 99.9995)
		snprintf(out, SC_UNIT_TEXT_BYTES, "%.3f s", seconds);
	else
		snprintf(out, SC_UNIT_TEXT_BYTES, "%.0f min %02.0f s", floor(rint(seconds) / 60),
		    fmod(rint(seconds), 60));
	return out;
}
