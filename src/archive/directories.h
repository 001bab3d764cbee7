/*
 * What directories are given at the end, when nothing more is made in them: modes, for a directory
 * without write permission can't be filled, and times, which change when it is filled.  All of this
 * is kept in a file without a name, so that memory is bounded whatever number of directories an
 * archive has.
 */
#ifndef SC_ARCHIVE_DIRECTORIES_H
#define SC_ARCHIVE_DIRECTORIES_H

#include "base/error.h"
#include "beneath/beneath.h"

struct sc_directories; /* opaque; used by one thread at a time */

/* Begin, beneath a root (borrowed) in which nothing has been made yet. */
int sc_directories_open(struct sc_directories **, struct sc_beneath *, struct sc_error *);

/* Note a directory that was made, "" being the root itself.  One that is noted twice gets the
 * later facts. */
int sc_directories_note(struct sc_directories *, const char *name, const struct sc_beneath_facts *,
    struct sc_error *);

/* Give all of them what was noted, the deepest ones first.  O(n). */
int sc_directories_apply(struct sc_directories *, struct sc_error *);

/* NULL is fine. */
void sc_directories_close(struct sc_directories *);

#endif
