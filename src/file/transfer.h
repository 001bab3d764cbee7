/*
 * Reads and writes that go on until all is done, and the search for zeros in
 * what they move.
 */
#ifndef SC_FILE_TRANSFER_H
#define SC_FILE_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Read length bytes at offset.  Returns how many there were, fewer only at
 * the end of the file, or -1 with errno. */
ssize_t sc_read_at(int fd, void *bytes, size_t length, uint64_t offset);

/* Write all bytes at offset.  0, or -1 with errno; some may be written then. */
int sc_write_at(int fd, const void *bytes, size_t length, uint64_t offset);

/* The same with zeros. */
int sc_write_zeros_at(int fd, uint64_t length, uint64_t offset);

/*
 * As sc_write_at, but leave out the blocks of zeros (SC_BLOCK_BYTES, aligned in the
 * file): for a file that is fresh there, where they stay holes.
 */
int sc_write_sparse_at(int fd, const void *bytes, size_t length, uint64_t offset);

/* What file systems allocate: a smaller hole would save nothing. */
enum { SC_BLOCK_BYTES = 4096 };

/* Are all bytes 0?  O(length), but mostly ends at the first few bytes. */
bool sc_zeros_only(const void *bytes, size_t length);

#endif
