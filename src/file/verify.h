/*
 * Reading a file back from the disk: what was written is what is there?
 */
#ifndef SC_FILE_VERIFY_H
#define SC_FILE_VERIFY_H

#include "file/digest.h"

#include <stdint.h>

/*
 * The XXH3-128 of all bytes of the file that fd is open on, which has this
 * name in the directory and was synced.  Read past the page cache if the file
 * system can, else after asking for its pages to be dropped.  0, or -1 with
 * errno; ENOENT if the name is another file's, EIO if there are less than
 * size_bytes.
 */
int sc_verify_read(int fd, int dir_fd, const char *name, uint64_t size_bytes,
    struct sc_digest *whole);

#endif
