/*
 * A small file that appears whole or not at all.
 */
#ifndef SC_RECORD_TIMINGS_FILE_H
#define SC_RECORD_TIMINGS_FILE_H

#include "base/error.h"

#include <stddef.h>

/*
 * Write bytes to .NAME.part beside path, fsync it and rename it to path, which
 * may exist if it is a regular file.  A .NAME.part of a process that is no
 * more is removed.  On failure the cause (path not named) is in the error,
 * path is as it was, and nothing else is left.
 */
int sc_timings_file_put(const char *path, const void *bytes, size_t length, struct sc_error *);

#endif
