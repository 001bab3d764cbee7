/*
 * What is staged by the options: one file as it is, or a directory tree.
 */
#ifndef SC_STAGE_PREPARE_SOURCES_H
#define SC_STAGE_PREPARE_SOURCES_H

#include "file/source.h"
#include "stage/options.h"

/*
 * Open the source that the options name.  Fails with a sentence if it isn't there, can't be read,
 * or is a directory without --recursive.  Each file of a tree is looked at, but not read.
 */
int sc_sources_open(struct sc_source **, const struct sc_options *, struct sc_source_facts *,
    struct sc_error *);

/* Would a copy at dest (a resolved path) lie within one of the sources?  -1 with a sentence. */
int sc_sources_check_dest(const struct sc_options *, const char *dest, struct sc_error *);

#endif
