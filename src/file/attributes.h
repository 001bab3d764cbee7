/*
 * What a copy has besides its bytes: mode, owner, times.
 */
#ifndef SC_FILE_ATTRIBUTES_H
#define SC_FILE_ATTRIBUTES_H

#include "base/error.h"
#include "file/source.h"

#include <stdbool.h>

/*
 * Give a file (called dest in messages) the source's mode under the umask, without set-ID bits;
 * or with preserve the source's times, exact mode and, as root, owner.  Set-ID bits are given only
 * if the file then has the source's owner and group.
 */
int sc_attributes_give(int fd, const char *dest, const struct sc_source_facts *, bool preserve,
    struct sc_error *);

#endif
