/*
 * The loader of a program in ELF, and what it says that it would load for it.
 */
#ifndef SC_STAGE_PREPARE_LOADER_H
#define SC_STAGE_PREPARE_LOADER_H

#include "base/error.h"

#include <stddef.h>

/*
 * Find the loader that a program names.  Nothing is executed.  1: *loader is it (a path of
 * capacity bytes at most); 0: there is none, for the program is statically linked, or is a library;
 * -1, with a sentence, if it is no program in ELF of this kind of machine, or if its loader
 * is none that may be run: one that belongs to somebody else but root, that others
 * can write to, or that has a loader itself.
 */
int sc_loader_find(const char *program, char *loader, size_t capacity, struct sc_error *);

/* A library that is needed by this name is in this file; if the name has a slash, the file is looked
 * for there and nowhere else, and path is the same.  A path may be relative.  -1 with a sentence ends the list. */
typedef int sc_loader_tell(void *context, const char *name, const char *path, struct sc_error *);

/*
 * Have a loader list what it would load for a program or library, given by an absolute path,
 * with the LD_LIBRARY_PATH of this process and no other variable for loaders; it executes nothing of
 * them.  Neither the loader itself nor what the kernel provides is told.
 * -1, with a sentence, if that doesn't work or a library is not found.
 */
int sc_loader_list(const char *loader, const char *file, sc_loader_tell *, void *context,
    struct sc_error *);

#endif
