/*
 * Numbers and texts as bytes: little-endian, of fixed width.  A reader trusts nothing.
 */
#ifndef SC_BASE_BYTES_H
#define SC_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Start with {.bytes = memory, .capacity = its size}.  Writing beyond the capacity is
 * our bug. */
struct sc_bytes_writer {
	uint8_t *bytes;
	size_t used;
	size_t capacity;
};

/* Start with {.bytes = memory, .left = its size}. */
struct sc_bytes_reader {
	const uint8_t *bytes;
	size_t left;
	bool bad; /* something that was read is missing or invalid; stays true */
};

/* width is 1 to 8 bytes. */
void sc_bytes_put(struct sc_bytes_writer *, uint64_t value, size_t width);

/* Two bytes of length, then at most that many bytes of text, without an end mark. */
void sc_bytes_put_text(struct sc_bytes_writer *, const char *text, size_t length);

/* 0 if the bytes aren't there. */
uint64_t sc_bytes_get(struct sc_bytes_reader *, size_t width);

/* A text of fewer than capacity bytes without a zero in it, terminated; ""
 * if it isn't there. */
void sc_bytes_get_text(struct sc_bytes_reader *, char *text, size_t capacity);

#endif
