/*
 * The world of MPI processes: its start and end, and the collective calls, all of which come before
 * the first chunk.
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
 * Start MPI, with settings for faults and for this program's traffic as defaults, which the user's
 * own (OMPI_MCA_... in the environment, --mca) override.  Other threads than the caller's may run,
 * but make no MPI call.  From here on SIGPIPE is ignored.
 */
int sc_world_start(struct sc_world *, int *argc, char ***argv, struct sc_error *);

/* End MPI in order; every process of the world has to call it.  If one has failed, MPI may hang:
 * then this process ends with the status after half a minute. */
int sc_world_finish(int status, struct sc_error *);

/* End this process at once, without MPI_Finalize, when peers have failed. */
_Noreturn void sc_world_exit(int status);

/* "Open MPI v5.0.7, ..." (one line), without MPI being started. */
void sc_world_library(char *text, size_t capacity);

/* Can this MPI go on after a process has failed (ULFM)? */
bool sc_world_survives_faults(void);

/*
 * Was this process started as one of several, but MPI sees only this one?  Then a sentence that
 * says so with the remedy, else NULL.
 */
const char *sc_world_launch_error(const struct sc_world *);

/* The rank that the launcher gave this process, before MPI is started; 0 if there is no
 * launcher. */
uint32_t sc_world_rank_hint(void);

/* Collect length bytes of every rank on rank 0, in order, into all
 * (size*length bytes; unused elsewhere). */
int sc_world_gather(const void *bytes, size_t length, void *all, struct sc_error *);

/* Give all ranks the bytes of rank 0, or of another one. */
int sc_world_broadcast(void *bytes, size_t length, struct sc_error *);
int sc_world_broadcast_from(uint32_t rank, void *bytes, size_t length, struct sc_error *);

/* What becomes of a rank that takes no part, and how it has to leave. */
enum sc_dismissal {
	SC_DISMISSED_TOGETHER, /* all is over: sc_world_finish */
	SC_DISMISSED_APART,    /* the same, but a rank has failed: sc_world_exit */
	SC_DISMISSED_ALONE,    /* its leader has failed: sc_world_exit */
};

/* For a rank that takes no part: sleep until `leader` says that all is over, or has failed. */
int sc_world_wait_for(uint32_t leader, enum sc_dismissal *, struct sc_error *);

/*
 * For a leader: say it to the other ranks that it leads (leaders: of all ranks), in at most
 * timeout_ns, even if a rank doesn't listen any more.  It has to be said also when the leader
 * itself gives up, as MPI does not always notice an exit.
 */
int sc_world_dismiss(const struct sc_world *, const uint32_t *leaders, bool apart,
    uint64_t timeout_ns, struct sc_error *);

#endif
