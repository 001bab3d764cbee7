/*
 * Unpacking a tar (plain, or compressed with gzip, zstd, xz or bzip2) beneath a directory, while
 * it arrives.  Nothing in an archive is trusted: see beneath.h for its names.
 *
 * An archive is unpacked as a whole, or unpacking fails.  Refused are: a name that leads out (absolute,
 * with "..", through a symbolic link), what is neither file, directory nor link, a header that
 * libarchive has doubts about, compressed bytes whose checksum is wrong, an end without the mark of the
 * end.  "./" before a name and slashes too many do no harm and are left out.  A later entry of the same
 * name replaces the earlier one unless one of them is a directory.
 */
#ifndef SC_ARCHIVE_UNPACK_H
#define SC_ARCHIVE_UNPACK_H

#include "archive/unpack_stream.h"
#include "base/error.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct sc_unpack_options {
	const char *archive; /* the archive's name in messages */
	const char *title;   /* the directory's */
	bool preserve; /* owner as root, exact mode, attributes, ACLs; times are always kept */
	bool skip_unreadable; /* leave out devices, pipes and sockets, and say so */
	mode_t umask;
	struct sc_unpack_source source;

	/* Called for what is left out: "ENTRY is a device".  NULL: not told. */
	void (*tell)(void *context, const char *sentence);
	void *tell_context;

	const atomic_bool *cancel;      /* true: fail soon.  NULL: never */
	atomic_uint_fast64_t *alive_ns; /* set to the time again and again, unless NULL */
};

struct sc_unpack_sum {
	uint64_t entries;
	uint64_t bytes;   /* of files */
	bool ill_archive; /* after a failure: the archive was at fault, not this node */
};

/*
 * Unpack into a directory that is empty and that no other program uses (root_fd, borrowed).  0: all is
 * there, with modes and times, but perhaps not yet on its disk.  -1 with a sentence that names archive,
 * entry and cause; what has been made stays.
 *
 * Memory: some MiB, beside what decompressing takes (up to 128 MiB for zstd, 65 MiB for xz -9), whatever
 * is in the archive.
 */
int sc_unpack(int root_fd, const struct sc_unpack_options *, struct sc_unpack_sum *,
    struct sc_error *);

#endif
