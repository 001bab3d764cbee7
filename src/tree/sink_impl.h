/*
 * The inside of a tree's sink: what takes in the stream (sink.c), writes entries (sink_put.c) and
 * ends it all (sink_finish.c).
 */
#ifndef SC_TREE_SINK_IMPL_H
#define SC_TREE_SINK_IMPL_H

#include "base/bitmap.h"
#include "beneath/beneath.h"
#include "file/backing.h"
#include "file/sink.h"
#include "file/source.h"
#include "tree/crew.h"
#include "tree/manifest.h"
#include "tree/place.h"

#include <pthread.h>

/* Files that are written in pieces and stay open meanwhile: one for each of the subfiles in which
 * a large file arrives would do, and as many again. */
enum { SC_TREE_OPEN_FILES = 16 };

struct sc_tree_file {
	uint32_t entry; /* SC_NO_ENTRY: none */
	int fd;
};

struct sc_tree {
	struct sc_backing base;
	struct sc_place place;
	struct sc_source_facts facts;
	struct sc_sink_options options;
	uint32_t chunk_bytes;
	uint32_t umask;
	bool left;        /* an earlier run may have made any of the entries */
	uint32_t missing; /* chunks that the manifest lacks */

	/* Once it is decoded it doesn't change.  The reader looks at it under the lock. */
	struct sc_manifest manifest;
	bool decoded;

	/* Held by the reader while it reads, so that nothing moves under it: neither the chunks
	 * from the spool to the tree, nor the tree to its name. */
	pthread_mutex_t lock;
	struct sc_bitmap early; /* chunks that are in the spool only */
	bool finished;          /* all that is left is to be synced and named */

	/* The writer's, and its crew's: each hand has a beneath of its own, and only the writer
	 * changes what is made. */
	struct sc_crew *crew;
	unsigned hands;
	struct sc_beneath beneath[SC_CREW_MAX];
	struct sc_bitmap made; /* entries that are there, of directories and files in pieces */
	struct sc_tree_file files[SC_TREE_OPEN_FILES]; /* by entry, modulo their number */

	/* The reader's: */
	struct sc_beneath reading;
	struct sc_tree_file last;
};

/* Say that the thread is alive. */
void sc_tree_alive(const struct sc_tree *);

/* The path of an entry beneath the tree; "" if it is the tree. */
const char *sc_tree_path(const struct sc_tree *, uint32_t entry,
    char buffer[SC_PATH_BYTES_MAX + 1]);

/* Make a directory, and those that it is in, if they aren't there. */
int sc_tree_make_directory(struct sc_tree *, uint32_t entry, struct sc_error *);

/* Write bytes (NULL: zeros) that belong at an offset among the contents; entries without content
 * that have their place there are made too. */
int sc_tree_put(struct sc_tree *, const uint8_t *bytes, size_t length, uint64_t offset,
    struct sc_error *);

/* Make a file without content or a symbolic link, by the writer alone. */
int sc_tree_put_leaf(struct sc_tree *, uint32_t entry, struct sc_error *);

/* Has the file got all it has with its bytes, or does that wait for the end? */
bool sc_tree_describes_at_once(const struct sc_tree *, const struct sc_entry *);

/* Is its owner to be able to write to it? */
bool sc_tree_gives_write_bit(const struct sc_tree *, const struct sc_entry *);

/* Give what is open, or a symbolic link (fd -1), all it has besides its bytes; keeps_mode: but for
 * the mode, which is right. */
int sc_tree_describe(const struct sc_tree *, struct sc_beneath *, uint32_t entry, int fd,
    bool keeps_mode, const char *path, struct sc_error *);

void sc_tree_close_files(struct sc_tree *);

/* Write all to the disk.  0, or -1 with errno. */
int sc_tree_sync(const struct sc_tree *);

/* The end: sc_backing_ops of these names. */
int sc_tree_verify(struct sc_backing *, struct sc_digest *whole);
int sc_tree_finish(struct sc_backing *, struct sc_error *);
int sc_tree_publish(struct sc_backing *, bool *published, struct sc_error *);

#endif
