/*
 * Characters of UTF-8 in bytes that need not be any: names of files and hosts.
 */
#ifndef SC_BASE_UTF8_H
#define SC_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* What stands for a byte that belongs to no character: U+FFFD. */
#define SC_UTF8_REPLACEMENT "\xef\xbf\xbd"

/* The number of bytes of the character with which a terminated text begins, and its code.  0 if
 * there is no valid one: too long a form, a surrogate, beyond Unicode or cut off. */
size_t sc_utf8_decode(const char *text, uint32_t *code);

/* A copy of text that is valid UTF-8, to be freed; NULL without memory. */
char *sc_utf8_clean(const char *text);

#endif
