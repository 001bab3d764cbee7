/*
 * Errors of operations: see error.h.
 */
#include "base/error.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

char *
sc_printable(const char *text, char *out, size_t capacity)
{
	size_t used = 0;

	assert(capacity > 0);
	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;
		char piece[5];
		size_t len;

		if (byte < 0x20 || byte == 0x7f)
			snprintf(piece, sizeof(piece), "\\x%02x", byte);
		else if (byte == '\\')
			snprintf(piece, sizeof(piece), "\\\\");
		else
			snprintf(piece, sizeof(piece), "%c", byte);
		len = strlen(piece);
		if (used + len >= capacity)
			break;
		memcpy(out + used, piece, len);
		used += len;
	}

	/* A character of UTF-8 that was cut in its middle is removed as a whole. */
	if (*text != '\0' && ((unsigned char)*text & 0xc0) == 0x80) {
		while (used > 0 && ((unsigned char)out[used - 1] & 0xc0) == 0x80)
			used--;
		if (used > 0)
			used--;
	}
	out[used] = '\0';
	return out;
}

int
sc_fail(struct sc_error *err, int errnum, const char *format, ...)
{
	/* Longer than the text that is kept, so that only sc_printable cuts: between
	 * characters. */
	char raw[SC_ERROR_TEXT_BYTES + 8];
	char reason[128] = "";
	size_t room = sizeof(err->text);
	va_list args;

	if (err == NULL)
		return -1;

	va_start(args, format);
	vsnprintf(raw, sizeof(raw), format, args);
	va_end(args);
	if (errnum != 0) {
		if (strerror_r(errnum, reason, sizeof(reason)) != 0)
			snprintf(reason, sizeof(reason), "error %d", errnum);
		/* The reason matters more than the end of a long path. */
		room -= strlen(reason) + 2;
	}
	err->errnum = errnum;
	sc_printable(raw, err->text, room);
	if (errnum != 0) {
		size_t used = strlen(err->text);

		snprintf(err->text + used, sizeof(err->text) - used, ": %s", reason);
	}
	return -1;
}
