/*
 * What a copy has besides its bytes: mode, owner, times.
 */
#ifndef SC_FILE_ATTRIBUTES_H
#define SC_FILE_ATTRIBUTES_H

#include "base/error.h"
#include "file/source.h"

#include <stdbool.h>

/*
 * Give a file (dest names it in messages) the source's mode under the umask, without set-ID
 * bits; or with preserve its times, its exact mode and, as root, its owner, where
 * set-ID bits are given only if the file is its owner's.
 */
int sc_attributes_give(int fd, const char *dest, const struct sc_source_facts *, bool preserve,
    struct sc_error *);

#endif
