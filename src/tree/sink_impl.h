/*
 * The inside of a directory tree's sink: what takes in the stream (sink.c) and gives it back
 * (sink_read.c), writes entries (sink_put.c), and completes and publishes the tree (sink_finish.c).
 */
#ifndef SC_TREE_SINK_IMPL_H
#define SC_TREE_SINK_IMPL_H

#include "base/bitmap.h"
#include "base/thread.h"
#include "beneath/beneath.h"
#include "file/backing.h"
#include "file/sink.h"
#include "file/source.h"
#include "tree/crew.h"
#include "tree/manifest.h"
#include "tree/place.h"

/* Files that are written in pieces and stay open meanwhile: one for each of the subfiles in which
 * a large file arrives would do, and as many again. */
enum { SC_DIRTREE_OPEN_FILES = 16 };

struct sc_dirtree_file {
	uint32_t entry; /* SC_NO_ENTRY: none */
	int fd;
};

struct sc_dirtree {
	struct sc_backing base;
	struct sc_place place;
	struct sc_source_facts facts;
	struct sc_sink_options options;
	uint32_t chunk_bytes;
	uint32_t umask;
	bool left;        /* an earlier run may have made any of the entries */
	uint32_t missing; /* chunks that the manifest lacks */

	/* Once decoded it doesn't change.  The reader looks at it with the lock held. */
	struct sc_manifest manifest;
	bool decoded;

	/* Held by the reader while it reads.  So the writer can neither take chunks from the spool
	 * meanwhile nor move the tree to its name. */
	struct sc_monitor lock;
	struct sc_bitmap early; /* chunks that are in the spool only */
	bool finished;          /* only syncing and naming are left */

	/* The writer's, and its crew's: each thread has a beneath of its own, and only the writer
	 * changes `made`. */
	unsigned threads;
	struct sc_beneath beneath[SC_CREW_MAX];
	struct sc_bitmap made; /* entries that are there, of directories and files in pieces */
	struct sc_dirtree_file files[SC_DIRTREE_OPEN_FILES]; /* by entry, modulo their number */

	/* The reader's: */
	struct sc_beneath reading;
	struct sc_dirtree_file last;
	bool past_cache; /* what is opened is to be read from the disk */
};

/* Of length bytes at an offset of the stream: how many are the manifest's. */
size_t sc_dirtree_manifest_part(const struct sc_dirtree *, size_t length, uint64_t offset);

/* The path of an entry beneath the tree; "" if the entry is the tree itself. */
const char *sc_dirtree_path(const struct sc_dirtree *, uint32_t entry,
    char buffer[SC_PATH_BYTES_MAX + 1]);

/* Make a directory, and those that it is in, if they aren't there. */
int sc_dirtree_make_directory(struct sc_dirtree *, uint32_t entry, struct sc_error *);

/* Write bytes (NULL: zeros) that belong at an offset among the contents.  Entries without content
 * that have their place there are made too. */
int sc_dirtree_put(struct sc_dirtree *, const uint8_t *bytes, size_t length, uint64_t offset,
    struct sc_error *);

/* Make a file without content or a symbolic link, by the writer alone. */
int sc_dirtree_put_leaf(struct sc_dirtree *, uint32_t entry, struct sc_error *);

/* Is the file described (sc_dirtree_describe) when its bytes are written, or only at the end? */
bool sc_dirtree_describes_at_once(const struct sc_dirtree *, const struct sc_entry *);

/* Will the entry's owner be able to write to it? */
bool sc_dirtree_gives_write_bit(const struct sc_dirtree *, const struct sc_entry *);

/* Give what is open, or a symbolic link (fd -1), all that it has besides its bytes.  keeps_mode:
 * the mode is right already. */
int sc_dirtree_describe(const struct sc_dirtree *, struct sc_beneath *, uint32_t entry, int fd,
    bool keeps_mode, const char *path, struct sc_error *);

/* Close it if it is open, and forget it.  0, or -1 with errno. */
int sc_dirtree_close_file(struct sc_dirtree_file *);

/* All that are open for writing. */
void sc_dirtree_close_files(struct sc_dirtree *);

/* sc_backing_ops of these names. */
ssize_t sc_dirtree_read(struct sc_backing *, void *bytes, size_t length, uint64_t offset);
int sc_dirtree_verify(struct sc_backing *, struct sc_digest *whole);
int sc_dirtree_finish(struct sc_backing *, struct sc_error *);
int sc_dirtree_publish(struct sc_backing *, bool *published, struct sc_error *);

#endif
