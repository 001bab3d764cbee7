/*
 * The loader of a program in ELF, and what it says that it would load for it.
 */
#ifndef SC_STAGE_PREPARE_LOADER_H
#define SC_STAGE_PREPARE_LOADER_H

#include "base/error.h"

#include <stddef.h>

/*
 * Find the loader that a program names.  Nothing is executed.  1: *loader is its path, of at most
 * capacity bytes; 0: there is none, as the program is statically linked, or is a library; -1, with a
 * sentence, if it is no program in ELF for this kind of machine, or its loader must not be run.  That
 * is one that belongs to a user other than root and this one, that others can write to, or that
 * names a loader itself.
 */
int sc_loader_find(const char *program, char *loader, size_t capacity, struct sc_error *);

/* The library that is needed by this name is in the file path, which may be relative.  A name with
 * a slash is looked for nowhere else, and path is the same.  -1 with a sentence ends the list. */
typedef int sc_loader_tell(void *context, const char *name, const char *path, struct sc_error *);

/*
 * Have a loader list what it would load for a program or library, given by an absolute path.  It
 * executes nothing of them.  Of the variables for loaders it is given LD_LIBRARY_PATH only.  Neither
 * the loader itself nor what the kernel provides is told.  -1, with a sentence, if that doesn't work
 * or a library is not found.
 */
int sc_loader_list(const char *loader, const char *file, sc_loader_tell *, void *context,
    struct sc_error *);

#endif
