/*
 * An archive as what a sink keeps its chunks in: the part file, and a thread that follows it.  As far
 * as the part file is there from its beginning, that thread unpacks it into .NAME.stagecast.tree
 * beside DEST; only the commit waits for the thread.  Then that directory gets the name DEST, and the
 * part file is removed.
 *
 * An archive that can't be unpacked makes the next store, or the commit, fail.  If the archive is at
 * fault nothing of it is kept; else the part file is, for a resume, which unpacks it from its
 * beginning.  What was unpacked is removed in any case.  (A process that is killed leaves it, and the
 * next run to the same DEST removes it.)
 *
 * --verify compares the archive as it is on the disk, not what was unpacked.
 */
#ifndef SC_ARCHIVE_BACKING_H
#define SC_ARCHIVE_BACKING_H

#include "file/backing.h"

/* Of the sink's options tree has to be set; source is the archive's name in messages. */
sc_backing_open sc_archive_open;

#endif
