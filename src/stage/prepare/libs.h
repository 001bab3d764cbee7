/*
 * A program with the shared libraries that it would load: what is to be staged into one directory.
 */
#ifndef SC_STAGE_PREPARE_LIBS_H
#define SC_STAGE_PREPARE_LIBS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* What --exclude is by default, as with sbcast: what every node has of its system. */
#define SC_LIBS_EXCLUDE_DEFAULT "/lib,/usr/lib,/lib64,/usr/lib64"

struct sc_libs_request {
	const char *program;
	const char *const *more; /* further libraries, with what these need: --lib */
	size_t more_count;
	const char *exclude; /* absolute directories, separated by ',' or ':'; or "NONE" */
};

/* A file, or a symbolic link to a name in the same list. */
struct sc_libs_item {
	char *path;
	char *name; /* in the directory: one component, no two are the same */
	bool is_link;
};

struct sc_libs {
	struct sc_libs_item *items; /* the program is the first */
	size_t count;
	bool has_loader; /* false: the program loads nothing */
};

/* Is an --exclude well-formed?  -1 with a sentence. */
int sc_libs_check_exclude(const char *exclude, struct sc_error *);

/*
 * Find the libraries, each under the name by which it is asked for, and links between versions as
 * they are, by asking the program's loader (see loader.h): the program itself is not executed.  A
 * library that is needed with its path, where no other place is looked at, is warned of and left
 * out.  -1, with a sentence, if one is not found, or two have one name.
 * sc_libs_free it in any case.
 */
int sc_libs_find(struct sc_libs *, const struct sc_libs_request *, struct sc_error *);
void sc_libs_free(struct sc_libs *);

#endif
