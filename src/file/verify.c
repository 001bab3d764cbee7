/*
 * Reading back: see verify.h.
 */
#include "file/verify.h"

#include "beneath/system.h"
#include "file/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A multiple of every block size, and enough at once to keep a disk busy. */
enum { BUFFER_BYTES = 1 << 20, BUFFER_ALIGNMENT_BYTES = 4096 };

static int
add_all(int fd, bool direct, uint64_t size_bytes, uint8_t *buffer, struct sc_digest_stream *stream)
{
	uint64_t offset = 0;

	while (offset < size_bytes) {
		ssize_t n = sc_read_at(fd, buffer, BUFFER_BYTES, offset);

		/* A device with larger blocks, or the odd end of the file. */
		if (n < 0 && errno == EINVAL && direct) {
			if (sc_system_leave_direct(fd) != 0)
				return -1;
			direct = false;
			continue;
		}
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		sc_digest_stream_add(stream, buffer, (size_t)n);
		offset += (uint64_t)n;
	}
	if (offset != size_bytes) {
		errno = EIO;
		return -1;
	}
	return 0;
}

int
sc_verify_digest(int fd, bool direct, uint64_t size_bytes, struct sc_digest *whole)
{
	struct sc_digest_stream *stream = sc_digest_stream_new();
	void *buffer = NULL;
	int rc = -1;
	int errnum;

	/* posix_memalign returns its error and leaves errno alone. */
	if (stream == NULL || posix_memalign(&buffer, BUFFER_ALIGNMENT_BYTES, BUFFER_BYTES) != 0)
		errno = ENOMEM;
	else
		rc = add_all(fd, direct, size_bytes, buffer, stream);
	errnum = errno;
	if (rc == 0)
		*whole = sc_digest_stream_value(stream);
	free(buffer);
	sc_digest_stream_free(stream);
	errno = errnum;
	return rc;
}

static bool
same_file(int a, int b)
{
	struct stat sta, stb;

	return fstat(a, &sta) == 0 && fstat(b, &stb) == 0 && sta.st_dev == stb.st_dev &&
	    sta.st_ino == stb.st_ino;
}

int
sc_verify_read(int fd, int dir_fd, const char *name, uint64_t size_bytes, struct sc_digest *whole)
{
	bool direct = false;
	int rc = -1;
	int errnum = ENOENT;
	int again;

	/* Advice; but all there is where reads can't be direct. */
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	again = sc_system_open_direct(dir_fd, name, &direct);
	if (again < 0)
		return -1;
	if (same_file(again, fd)) {
		rc = sc_verify_digest(again, direct, size_bytes, whole);
		errnum = errno;
	}
	(void)close(again); /* it was only read */
	errno = errnum;
	return rc;
}
