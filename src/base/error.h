/*
 * The error of a failed operation: an errno, and one sentence that
 * names the file and the cause.
 *
 * Three kinds of trouble are kept apart everywhere: our own bug is an assert; a failed operation
 * returns -1 with a struct sc_error; a failed peer is an event.
 */
#ifndef SC_BASE_ERROR_H
#define SC_BASE_ERROR_H

#include "base/limits.h"

struct sc_error {
	int errnum;                     /* 0: no system call was at fault */
	char text[SC_ERROR_TEXT_BYTES]; /* always terminated, never a newline */
};

/*
 * Fill *err (which may be NULL) with the formatted sentence, followed by
 * ": strerror(errnum)" unless errnum is 0.  Control characters are written as
 * \xHH, so that a file name can't break a line of output.  Always returns -1,
 * so that callers can write "return sc_fail(...)".
 */
int sc_fail(struct sc_error *err, int errnum, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Copy text to out (capacity bytes, terminated, cut at a character's boundary
 * if need be) with control characters and backslashes written as \xHH and
 * \\; the rest, UTF-8 included, is left as it is.  Returns out.
 */
char *sc_printable(const char *text, char *out, size_t capacity);

#endif
