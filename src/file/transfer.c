/*
 * Whole reads and writes: see transfer.h.
 */
#include "file/transfer.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

ssize_t
sc_read_at(int fd, void *bytes, size_t length, uint64_t offset)
{
	uint8_t *out = bytes;
	size_t done = 0;

	while (done < length) {
		ssize_t n = pread(fd, out + done, length - done, (off_t)(offset + done));

		if (n == 0)
			break;
		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int
sc_write_at(int fd, const void *bytes, size_t length, uint64_t offset)
{
	const uint8_t *in = bytes;
	size_t done = 0;

	while (done < length) {
		ssize_t n = pwrite(fd, in + done, length - done, (off_t)(offset + done));

		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		if (n == 0) {
			/* POSIX has no meaning for this; don't try for ever. */
			errno = EIO;
			return -1;
		}
		done += (size_t)n;
	}
	return 0;
}

int
sc_write_zeros_at(int fd, uint64_t length, uint64_t offset)
{
	static const uint8_t zeros[16384];

	while (length > 0) {
		size_t piece = length < sizeof(zeros) ? (size_t)length : sizeof(zeros);

		if (sc_write_at(fd, zeros, piece, offset) != 0)
			return -1;
		offset += piece;
		length -= piece;
	}
	return 0;
}

/* The part of the block at offset that the length has. */
static size_t
block_length(uint64_t offset, size_t length)
{
	size_t rest = SC_BLOCK_BYTES - (size_t)(offset % SC_BLOCK_BYTES);

	return rest < length ? rest : length;
}

int
sc_write_sparse_at(int fd, const void *bytes, size_t length, uint64_t offset)
{
	const uint8_t *in = bytes;
	size_t begun = 0; /* bytes of begun .. done are to be written */
	size_t done = 0;

	while (done < length) {
		size_t block = block_length(offset + done, length - done);

		if (sc_zeros_only(in + done, block)) {
			if (sc_write_at(fd, in + begun, done - begun, offset + begun) != 0)
				return -1;
			begun = done + block;
		}
		done += block;
	}
	assert(begun <= done);
	return sc_write_at(fd, in + begun, done - begun, offset + begun);
}

bool
sc_zeros_only(const void *bytes, size_t length)
{
	const uint8_t *in = bytes;
	size_t head = length < 16 ? length : 16;

	for (size_t i = 0; i < head; i++) {
		if (in[i] != 0)
			return false;
	}
	/* Each byte equals the one 16 before it, and the first 16 are zeros;
	 * memcmp compares as fast as the machine can. */
	return length <= 16 || memcmp(in, in + 16, length - 16) == 0;
}
