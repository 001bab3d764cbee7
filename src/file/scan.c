/*
 * Digests of what a file holds: see scan.h.
 */
#include "file/scan.h"

#include "base/clock.h"
#include "file/transfer.h"

#include <errno.h>
#include <stdlib.h>

int
sc_scan_init(struct sc_scan *scan, int fd, const atomic_bool *cancel)
{
	*scan = (struct sc_scan){.fd = fd, .cancel = cancel};
	scan->chunk = sc_digest_stream_new();
	scan->buffer = malloc(SC_SCAN_BUFFER_BYTES);
	if (scan->chunk != NULL && scan->buffer != NULL)
		return 0;
	sc_scan_free(scan);
	return -1;
}

void
sc_scan_free(struct sc_scan *scan)
{
	sc_digest_stream_free(scan->chunk);
	free(scan->buffer);
	*scan = (struct sc_scan){.fd = -1};
}

int
sc_scan_chunk(struct sc_scan *scan, uint64_t offset, uint32_t length, uint32_t chunk,
    struct sc_digest *digest)
{
	sc_digest_stream_restart(scan->chunk, chunk);
	while (length > 0) {
		uint32_t piece = length < SC_SCAN_BUFFER_BYTES ? length : SC_SCAN_BUFFER_BYTES;
		ssize_t n;

		if (scan->cancel != NULL && atomic_load(scan->cancel)) {
			errno = ECANCELED;
			return -1;
		}
		if (scan->alive_ns != NULL)
			atomic_store(scan->alive_ns, sc_clock_now_ns());
		n = scan->read != NULL ? scan->read(scan->read_context, scan->buffer, piece, offset)
				       : sc_read_at(scan->fd, scan->buffer, piece, offset);
		if (n < 0)
			return -1;
		if ((size_t)n < piece) {
			errno = EIO;
			return -1;
		}
		sc_digest_stream_add(scan->chunk, scan->buffer, piece);
		if (scan->whole != NULL)
			sc_digest_stream_add(scan->whole, scan->buffer, piece);
		offset += piece;
		length -= piece;
	}
	*digest = sc_digest_stream_value(scan->chunk);
	return 0;
}
