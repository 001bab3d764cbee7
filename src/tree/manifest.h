/*
 * The manifest: what a directory tree consists of, and which bytes of the stream belong to which
 * file.  The stream is the encoded manifest and behind it the contents of all files, packed back
 * to back in the manifest's order.
 *
 * Entries come in the order of a breadth-first walk: the roots, then what is in the first
 * directory, then what is in the second one.  So parents come before their children, and the
 * entries of a directory are neighbours, sorted by name (as bytes).
 *
 * Encoded (stagecast-manifest(5) has the format in full) a manifest is a header and records.  A
 * decoder trusts none of it: names are single components, no "." or "..", none twice; parents are
 * directories that came before; hard links lead to files that came before; sizes add up; every
 * path fits into SC_PATH_BYTES_MAX.
 */
#ifndef SC_TREE_MANIFEST_H
#define SC_TREE_MANIFEST_H

#include "base/error.h"
#include "beneath/beneath.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest path of an entry from its root's name on, without the terminating NUL: what the
 * system resolves in one call; and the longest name. */
enum { SC_PATH_BYTES_MAX = SC_BENEATH_NAME_MAX, SC_NAME_BYTES_MAX = SC_BENEATH_COMPONENT_MAX };

/* Extended attributes of one entry, and the bytes of one: what Linux allows. */
enum { SC_XATTRS_MAX = 64, SC_XATTR_BYTES_MAX = 65536 };

/* Entries of a manifest: some 150 bytes of memory each at every node, with their names. */
#define SC_ENTRIES_MAX (1u << 26)

/* The bytes of an encoded manifest that is read into memory as one piece. */
#define SC_MANIFEST_BYTES_MAX (UINT64_C(1) << 32)

/* No entry: the parent of a root. */
#define SC_NO_ENTRY UINT32_MAX

enum sc_entry_kind {
	SC_ENTRY_DIRECTORY,
	SC_ENTRY_FILE,
	SC_ENTRY_SYMLINK,
	SC_ENTRY_HARDLINK, /* a further name of a file, which has all but the name */
	SC_ENTRY_KINDS,
};

struct sc_entry {
	uint64_t size_bytes; /* of a file, else 0 */
	uint64_t offset;     /* of its content among the contents, or where it would be */
	int64_t mtime_s;
	uint32_t mtime_ns;
	uint32_t uid;
	uint32_t gid;
	uint32_t parent; /* an entry before this one, or SC_NO_ENTRY */
	uint32_t link;   /* SC_ENTRY_HARDLINK: the entry of the file; else unused */
	uint32_t text;   /* where in the texts the name is, and behind it target or attributes */
	uint16_t mode;   /* 07777 */
	uint16_t path_length; /* with the names of its parents */
	uint8_t name_length;
	uint8_t kind;
	bool sparse;    /* the file has holes */
	uint8_t xattrs; /* how many */
};

struct sc_manifest {
	struct sc_entry *entries;
	uint32_t count;
	size_t capacity;
	uint32_t roots; /* the first ones of the entries */
	uint64_t content_bytes;
	char *texts; /* names and targets, each with its NUL; attributes */
	size_t texts_used;
	size_t texts_capacity;
};

/* Also an all-zero struct, and twice. */
void sc_manifest_free(struct sc_manifest *);

/* May an attribute of this name be staged: is it a user's, an ACL, or one that root gives?  All
 * others belong to the system: a source must not set labels and keys of a recipient's system. */
bool sc_xattr_may_travel(const char *name);

/*
 * Add an entry behind the others.  From *entry come kind, size, times, mode, owner, parent, link
 * and sparse; name, target (of a symbolic link, else NULL) and attributes are copied.  -1 with a
 * sentence if the path is too long, too much is staged at once, or memory is missing; all else is
 * only asserted.
 */
int sc_manifest_add(struct sc_manifest *, const struct sc_entry *, const char *name,
    const char *target, const struct sc_beneath_xattr *, size_t xattrs, struct sc_error *);

/* Encode into one piece of memory, *bytes (free it).  Fails without memory, and if a decoder would
 * refuse an entry. */
int sc_manifest_encode(const struct sc_manifest *, uint8_t **bytes, size_t *length,
    struct sc_error *);

/*
 * Decode what is at the beginning of a stream of stream_bytes.  *manifest is to be freed in any
 * case.  -1 with a sentence that says what is wrong.  Memory: at most 16 times length.
 */
int sc_manifest_decode(struct sc_manifest *, const uint8_t *bytes, size_t length,
    uint64_t stream_bytes, struct sc_error *);

const char *sc_manifest_name(const struct sc_manifest *, uint32_t entry);
const char *sc_manifest_target(const struct sc_manifest *, uint32_t entry);

/* Sets up to SC_XATTRS_MAX attributes, whose bytes are the manifest's; returns how many. */
size_t sc_manifest_xattrs(const struct sc_manifest *, uint32_t entry,
    struct sc_beneath_xattr xattrs[SC_XATTRS_MAX]);

/* The path from the root's name on: path has SC_PATH_BYTES_MAX + 1 bytes.  Returns it. */
char *sc_manifest_path(const struct sc_manifest *, uint32_t entry, char *path);

/* The first entry whose content begins, or would begin, at this offset among the contents or
 * behind it; count if there is none.  O(log n). */
uint32_t sc_manifest_from(const struct sc_manifest *, uint64_t offset);

/*
 * The file that has the first of length (> 0) bytes from this offset among the contents on; count if
 * there is none.  Sets *at to where in the file they begin, and reduces *length to those that are in
 * this file, to 0 if there is none.  O(log n).
 */
uint32_t sc_manifest_piece(const struct sc_manifest *, uint64_t offset, size_t *length,
    uint64_t *at);

#endif
