/*
 * The inside of unpacking: what unpack.c (the archive), unpack_entry.c (one entry of it) and
 * unpack_facts.c (what it has besides its bytes) share.
 */
#ifndef SC_ARCHIVE_UNPACK_IMPL_H
#define SC_ARCHIVE_UNPACK_IMPL_H

#include "archive/directories.h"
#include "archive/unpack.h"
#include "base/error.h"
#include "beneath/beneath.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The two kinds of ACL that a directory can have. */
enum { SC_UNPACK_ACLS = 2 };

/* Facts of the latest entry.  All-zero: none yet. */
struct sc_unpack_facts {
	struct sc_beneath_facts facts; /* points into what follows */
	struct sc_beneath_xattr *xattrs;
	size_t capacity;
	uint8_t *acls[SC_UNPACK_ACLS];
};

/* Set *facts to what is to be given to the file of an entry.  The entry keeps the attributes'
 * bytes.  -1 with what is wrong with the entry ("has an ACL that is too long"). */
int sc_unpack_read_facts(struct sc_unpack_facts *, struct archive_entry *,
    const struct sc_unpack_options *, struct sc_error *);

void sc_unpack_facts_free(struct sc_unpack_facts *);

struct sc_unpack {
	const struct sc_unpack_options *options;
	struct sc_unpack_sum *sum;
	struct sc_error *err;
	struct sc_unpack_stream *stream;
	struct archive *archive;
	struct sc_beneath beneath;
	struct sc_directories *directories;
	struct sc_unpack_facts facts; /* of the entry that is unpacked */
	bool stream_failed;           /* and has said why */
	int64_t end;                  /* of the last entry, in the tar */
	char name[SC_BENEATH_NAME_MAX + 1];
	char target[SC_BENEATH_NAME_MAX + 1];
};

/* Say that the thread is alive, and fail if it was told to end. */
int sc_unpack_go_on(struct sc_unpack *);

/* Fail with what libarchive says; if its input failed, that has said why already. */
int sc_unpack_fail_archive(struct sc_unpack *, const char *where);

/* Fail by an entry: "its entry NAME" and why. */
int sc_unpack_fail_entry(struct sc_unpack *, const char *name, const char *why);

/* Copy a name of the archive's without "./" and slashes too many; "" is the directory itself.  NULL,
 * or why the name is refused. */
const char *sc_unpack_name(const char *in, char out[SC_BENEATH_NAME_MAX + 1]);

/* Make the entry whose header was read, and whose name is in unpack->name. */
int sc_unpack_make(struct sc_unpack *, struct archive_entry *);

#endif
