/*
 * A program with the shared libraries that it would load: what is staged into one directory.
 */
#ifndef SC_STAGE_PREPARE_LIBRARIES_H
#define SC_STAGE_PREPARE_LIBRARIES_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* What --exclude is by default, as with sbcast: what every node has in its system. */
#define SC_LIBRARIES_EXCLUDE_DEFAULT "/lib,/usr/lib,/lib64,/usr/lib64"

struct sc_libraries_request {
	const char *program;
	const char *const *more; /* further libraries, with what these need: --lib */
	size_t more_count;
	const char *exclude; /* absolute directories, separated by ',' or ':'; or "NONE" */
};

/* A file, or a symbolic link to a name in the same list. */
struct sc_library {
	char *path;
	char *name; /* in the directory: one component, no two are the same */
	bool is_link;
};

struct sc_libraries {
	struct sc_library *items; /* the program is the first; owned */
	size_t count;
	size_t capacity;
	bool has_loader; /* false: the program loads nothing */
};

/* Is an --exclude well-formed?  -1 with a sentence. */
int sc_libraries_check_exclude(const char *exclude, struct sc_error *);

/*
 * Find the libraries by asking the program's loader (loader.h); the program itself is not executed.
 * Each has the name by which it is asked for, and links between versions are kept.  A library that
 * is needed with its path is looked for nowhere else: it is warned of and left out.  -1, with a
 * sentence, if one is not found, or two have one name.  To be freed in any case.
 */
int sc_libraries_find(struct sc_libraries *, const struct sc_libraries_request *,
    struct sc_error *);
void sc_libraries_free(struct sc_libraries *);

#endif
