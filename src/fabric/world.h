/*
 * The world of MPI processes: starting and ending it, and the collective
 * calls, all of which come before the first chunk.
 */
#ifndef SC_FABRIC_WORLD_H
#define SC_FABRIC_WORLD_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sc_world {
	uint32_t rank;
	uint32_t size;
};

/*
 * Start MPI, with the settings that faults and this program's traffic ask for
 * as defaults that the user's own (OMPI_MCA_... in the environment, --mca)
 * override.  A thread besides the caller's may run, but make no MPI call.  From here on
 * SIGPIPE is ignored.
 */
int sc_world_start(struct sc_world *, int *argc, char ***argv, struct sc_error *);

/* End MPI in order; every process of the world has to call it.  If one has failed it may
 * never return: after half a minute the process then ends with the status. */
int sc_world_finish(int status, struct sc_error *);

/* End this process at once, without MPI's farewell, when peers have failed. */
_Noreturn void sc_world_exit(int status);

/* "Open MPI v5.0.7, ..." (one line), without MPI being started. */
void sc_world_library(char *text, size_t capacity);

/* Can this MPI go on after a process has failed (ULFM)? */
bool sc_world_survives_faults(void);

/*
 * Was this process started as one of several, but MPI sees only itself?  Then
 * a sentence that says so with the remedy, else NULL.
 */
const char *sc_world_is_split(const struct sc_world *);

/* The rank that the launcher gave this process, before MPI is started; 0 if
 * there is no launcher. */
uint32_t sc_world_rank_hint(void);

/* Collect length bytes of every rank on rank 0, in order, into all
 * (size*length bytes; unused elsewhere). */
int sc_world_gather(const void *bytes, size_t length, void *all, struct sc_error *);

/* Give everybody rank 0's bytes. */
int sc_world_broadcast(void *bytes, size_t length, struct sc_error *);

/* What becomes of a rank that takes no part, and how it has to leave. */
enum sc_dismissal {
	SC_DISMISSED_TOGETHER, /* all is over: sc_world_finish */
	SC_DISMISSED_APART,    /* the same, but somebody has failed: sc_world_exit */
	SC_DISMISSED_ALONE,    /* its leader has failed: sc_world_exit */
};

/*
 * For a rank that takes no part: sleep until `leader` says that all is over, or is no more;
 * and for the leader to say it, which takes no longer than timeout_ns, whoever doesn't
 * listen any more.  The leader has to say it whatever happens to itself, as an exit
 * is not always noticed.
 */
int sc_world_wait_for(uint32_t leader, enum sc_dismissal *, struct sc_error *);
int sc_world_dismiss(const uint32_t *ranks, uint32_t count, bool apart, uint64_t timeout_ns,
    struct sc_error *);

#endif
