/*
 * Looking at an HDF5 file's global heaps: see h5_heap.h.
 *
 * A heap is "GCOL", its version, 3 bytes of zero and its length (8 bytes, as
 * all lengths here are), then objects: a number (2 bytes; 0 is the free space
 * at the end), 6 bytes, a length (8 bytes), and that many bytes, filled up to a
 * multiple of 8.  The length of the free space includes its own header.  HDF5 goes from one
 * object to the next by these lengths; a length of 0 keeps it where it is.
 */
#include "record/h5_heap.h"

#include <stdint.h>
#include <string.h>

enum { HEADER_BYTES = 16 };

static const unsigned char file_mark[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
static const unsigned char heap_mark[8] = {'G', 'C', 'O', 'L', 1, 0, 0, 0};

static uint64_t
length_at(const unsigned char *bytes)
{
	uint64_t value = 0;

	for (size_t i = 8; i > 0; i--)
		value = value << 8 | bytes[i - 1];
	return value;
}

/* Offsets and lengths of 8 bytes, as every HDF5 writes them unless told otherwise. */
static bool
has_sound_beginning(const unsigned char *bytes, size_t length)
{
	size_t sizes;

	if (length < 32 || memcmp(bytes, file_mark, sizeof(file_mark)) != 0)
		return false;
	sizes = bytes[8] < 2 ? 13 : 9;
	return bytes[sizes] == 8 && bytes[sizes + 1] == 8;
}

static bool
is_sound_heap(const unsigned char *heap, size_t left)
{
	uint64_t size, at = HEADER_BYTES;

	if (left < HEADER_BYTES)
		return false;
	size = length_at(heap + 8);
	if (size < HEADER_BYTES || size > left)
		return false;
	/* What is too short for a header is free. */
	while (size - at >= HEADER_BYTES) {
		uint64_t need = length_at(heap + at + 8);

		if (need > size)
			return false;
		if (heap[at] != 0 || heap[at + 1] != 0)
			need = HEADER_BYTES + (need + 7) / 8 * 8;
		if (need < HEADER_BYTES || need > size - at)
			return false;
		at += need;
	}
	return true;
}

bool
sc_h5_has_sound_heaps(const unsigned char *bytes, size_t length)
{
	const unsigned char *at = bytes, *end = bytes + length;

	if (!has_sound_beginning(bytes, length))
		return false;
	while ((size_t)(end - at) >= sizeof(heap_mark)) {
		at = memchr(at, heap_mark[0], (size_t)(end - at) - (sizeof(heap_mark) - 1));
		if (at == NULL)
			return true;
		if (memcmp(at, heap_mark, sizeof(heap_mark)) == 0 &&
		    !is_sound_heap(at, (size_t)(end - at)))
			return false;
		at++;
	}
	return true;
}
