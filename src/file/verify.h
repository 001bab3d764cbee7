/*
 * Reading a file back from the disk: what was written is what is there?
 */
#ifndef SC_FILE_VERIFY_H
#define SC_FILE_VERIFY_H

#include "file/digest.h"

#include <stdbool.h>
#include <stdint.h>

/* The XXH3-128 of a file of size_bytes.  direct: fd was opened for reads past the page cache.
 * 0, or -1 with errno; EIO if the file has another size. */
int sc_verify_digest(int fd, bool direct, uint64_t size_bytes, struct sc_digest *whole);

/*
 * The same of the file that fd is open on, which has this name in the directory and was synced:
 * read past the page cache if the file system can do that, else after asking for its pages to be
 * dropped.  ENOENT if the name is another file's.
 */
int sc_verify_read(int fd, int dir_fd, const char *name, uint64_t size_bytes,
    struct sc_digest *whole);

#endif
