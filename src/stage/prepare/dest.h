/*
 * DEST: from what the user wrote to the path that a rank writes.
 */
#ifndef SC_STAGE_PREPARE_DEST_H
#define SC_STAGE_PREPARE_DEST_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* Is the template sound: not empty, and only %h, %r and %% in it? */
int sc_dest_check(const char *template, struct sc_error *);

/*
 * Expand a sound template for a host and a rank.  Append the name of source if the result is an
 * existing directory, ends in a slash, or has to be a directory (several sources).  source NULL:
 * the result names a directory itself, and slashes at its end are left out.  Allocates *path (free
 * it).  Fails if it gets too long, or source has no name.
 */
int sc_dest_resolve(const char *template, const char *host, uint32_t rank, const char *source,
    bool several, char **path, struct sc_error *);

/*
 * The same for a program with its libraries, which become a directory.  A directory that is there
 * and looks like one of these, as it holds a program of that name and else only libraries, is not
 * entered but is DEST itself, so that the same command line can be given again.  Fails if something
 * that is no directory is there, as --force would replace it.
 */
int sc_dest_resolve_program(const char *template, const char *host, uint32_t rank,
    const char *source, char **path, struct sc_error *);

/* The name that a source has in a directory, without slashes at its end: to be freed.  NULL with a
 * sentence if it has none that could be used (".", ".." or "/"), or without memory. */
char *sc_dest_name(const char *source, struct sc_error *);

/* The directory of a path, "." if the path names none: into PATH_MAX bytes.  -1 if it is too
 * long. */
int sc_dest_directory(const char *path, char *directory, struct sc_error *);

/* A number that two paths share if they name the same file on one host: made of the directory
 * without symbolic links, and the name. */
int sc_dest_identity(const char *path, uint64_t id[2], struct sc_error *);

#endif
