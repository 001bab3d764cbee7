/*
 * The inside of the manifest: what adding by hand and decoding share, and the form of records.
 */
#ifndef SC_TREE_MANIFEST_IMPL_H
#define SC_TREE_MANIFEST_IMPL_H

#include "tree/manifest.h"

enum { SC_MANIFEST_HEADER_BYTES = 24, SC_MANIFEST_VERSION = 1 };

/* The shortest record: that of a hard link with a name of one byte. */
enum { SC_RECORD_BYTES_MIN = 5 };

#define SC_MANIFEST_MAGIC "stagedir"

/* The second part of a record, a byte: the kind in its lower bits, and these. */
enum { SC_RECORD_KIND = 3, SC_RECORD_SPARSE = 4, SC_RECORD_XATTRS = 8, SC_RECORD_BITS = 15 };

/* An entry and its texts, which need no ends. */
struct sc_entry_texts {
	const char *name;
	size_t name_length;
	const char *target; /* of a symbolic link, else NULL */
	size_t target_length;
	const struct sc_xattr *xattrs;
	size_t xattr_count;
};

/* As sc_manifest_add. */
int sc_manifest_append(struct sc_manifest *, const struct sc_entry *, const struct sc_entry_texts *,
    struct sc_error *);

/* -1, 0 or 1: which of two names comes first? */
int sc_manifest_compare(const char *a, size_t a_length, const char *b, size_t b_length);

#endif
