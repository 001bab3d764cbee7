/*
 * A small file that appears whole or not at all.
 */
#ifndef SC_BENEATH_PUT_H
#define SC_BENEATH_PUT_H

#include "base/error.h"

#include <stddef.h>

/*
 * Write bytes to .NAME.part beside path, fsync it and rename it to path, which may exist if it is
 * a regular file or a symbolic link.  A .NAME.part of a process that has ended is removed.  -1
 * with a sentence that calls the path "it"; then path is as it was, and nothing else is left.
 */
int sc_put_file(const char *path, const void *bytes, size_t length, struct sc_error *);

#endif
