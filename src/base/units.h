/*
 * Sizes and durations as people write and read them: "64MiB", "1.5G", "830 MiB/s".
 */
#ifndef SC_BASE_UNITS_H
#define SC_BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Parse a size in bytes: a decimal number, with a fraction if a unit follows,
 * and one of K, M, G, T, KiB, MiB, GiB, TiB (powers of 1024; case does not
 * matter) or B, or nothing.  Returns 0, or -1 if text is anything else or the size doesn't
 * fit into 64 bits; *bytes is then left alone.
 */
int sc_parse_size(const char *text, uint64_t *bytes);

/*
 * Parse a duration: a decimal number, with a fraction or without, and one of
 * ms, s, min, h (case does not matter), or nothing: seconds.  Returns 0, or -1 if text
 * is anything else or longer than 10,000 hours; *ns is then left alone.
 */
int sc_parse_duration(const char *text, uint64_t *ns);

/* Parse a decimal number of min to max, nothing around it.  0 or -1. */
int sc_parse_count(const char *text, uint32_t min, uint32_t max, uint32_t *count);

enum { SC_UNIT_TEXT_BYTES = 32 };

/* "0 B", "4095 B", "1.00 GiB": three digits.  Returns out. */
char *sc_format_size(double bytes, char out[SC_UNIT_TEXT_BYTES]);

/* "830 MiB/s".  Returns out. */
char *sc_format_rate(double bytes_per_s, char out[SC_UNIT_TEXT_BYTES]);

/* "1.234 s", "12.3 ms", "2 min 05 s".  Returns out. */
char *sc_format_duration(double seconds, char out[SC_UNIT_TEXT_BYTES]);

#endif
