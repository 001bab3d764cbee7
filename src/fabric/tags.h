/*
 * The communicators and tags of this program's messages.
 */
#ifndef SC_FABRIC_TAGS_H
#define SC_FABRIC_TAGS_H

#include <mpi.h>

/*
 * In MPI_COMM_WORLD.  Only this program sends in it, so chunks need no communicator of their own;
 * making one takes all ranks and, with many on a core, a tenth of a second.
 */
enum {
	SC_TAG_DISMISS = 1, /* to ranks that take no part: all is over */
	SC_TAG_PROBE,       /* see probe.c */
	SC_TAG_PROBE_END,
	SC_TAG_GREETING, /* see connect.c */
	SC_TAG_READY,
	SC_TAG_CLOCK,  /* see control_tree_clock.c */
	SC_TAG_RESULT, /* see control_tree_gather.c */
	SC_TAG_RESULT_RECEIVED,
	SC_TAG_CHUNK, /* and all above: plus the subfile */
};

/* Control messages have a communicator of their own, as they are received from any rank, and
 * failures are acknowledged in it.  It is made by sc_world_start. */
MPI_Comm sc_control_comm(void);
enum { SC_TAG_CONTROL = 0 };

#endif
