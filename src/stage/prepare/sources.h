/*
 * What the user wants to be staged: one file as it is, or a tree of several things.
 */
#ifndef SC_STAGE_PREPARE_SOURCES_H
#define SC_STAGE_PREPARE_SOURCES_H

#include "file/source.h"
#include "stage/options.h"

#include <stdbool.h>

/* Is it more than one thing, which go into a directory that is there? */
bool sc_sources_are_several(const struct sc_options *);

/*
 * Open the source that the options name.  Fails with a sentence if it isn't there, can't be read,
 * or is a directory without --recursive.  Of a tree all is looked at: time for a look at each
 * file.
 */
int sc_sources_open(struct sc_source **, const struct sc_options *, struct sc_source_facts *,
    struct sc_error *);

/* Would a copy at dest (a resolved path) lie within one of the sources?  -1 with a sentence. */
int sc_sources_check_dest(const struct sc_options *, const char *dest, struct sc_error *);

#endif
