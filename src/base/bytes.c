/*
 * Numbers and texts as bytes: see bytes.h.
 */
#include "base/bytes.h"

#include <assert.h>
#include <string.h>

void
sc_bytes_put(struct sc_bytes_writer *writer, uint64_t value, size_t width)
{
	assert(width >= 1 && width <= 8);
	assert(writer->capacity - writer->used >= width);
	for (size_t i = 0; i < width; i++)
		writer->bytes[writer->used++] = (uint8_t)(value >> (8 * i));
}

void
sc_bytes_put_text(struct sc_bytes_writer *writer, const char *text, size_t length)
{
	assert(length <= UINT16_MAX);
	sc_bytes_put(writer, length, 2);
	assert(writer->capacity - writer->used >= length);
	memcpy(writer->bytes + writer->used, text, length);
	writer->used += length;
}

uint64_t
sc_bytes_get(struct sc_bytes_reader *reader, size_t width)
{
	uint64_t value = 0;

	assert(width >= 1 && width <= 8);
	if (reader->left < width) {
		reader->bad = true;
		return 0;
	}
	for (size_t i = 0; i < width; i++)
		value |= (uint64_t)reader->bytes[i] << (8 * i);
	reader->bytes += width;
	reader->left -= width;
	return value;
}

void
sc_bytes_get_text(struct sc_bytes_reader *reader, char *text, size_t capacity)
{
	size_t length = (size_t)sc_bytes_get(reader, 2);

	text[0] = '\0';
	if (length >= capacity || length > reader->left) {
		reader->bad = true;
		return;
	}
	memcpy(text, reader->bytes, length);
	text[length] = '\0';
	if (strlen(text) != length)
		reader->bad = true;
	reader->bytes += length;
	reader->left -= length;
}
