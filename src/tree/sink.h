/*
 * A directory tree as what a sink makes of its chunks: see file/backing.h.  Files are created and
 * written as their bytes arrive, in any order.  What arrives before the manifest is whole waits in a
 * file on the disk.  The tree grows beside DEST (place.h) and gets its name as a whole.
 *
 * Files get their mode, times, owner and attributes when they are written, if one chunk has all of a
 * file, else at the end; directories at the end, the deepest first.  Without preserve modes are under
 * the umask and without set-ID bits, and neither owner nor attributes are given; the times of last
 * change are given always.
 *
 * Memory: the manifest, a bit an entry and a chunk.  Open descriptors: some 40.
 */
#ifndef SC_TREE_SINK_H
#define SC_TREE_SINK_H

#include "file/backing.h"

/* For sc_sink_options.backing, if facts.manifest_bytes is not 0. */
sc_backing_open sc_dirtree_backing_open;

#endif
