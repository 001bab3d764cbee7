/*
 * The world of MPI processes: see world.h.
 */
#include "fabric/world.h"

#include "base/clock.h"
#include "config.h"
#include "fabric/mpi_error.h"
#include "fabric/request.h"
#include "fabric/tags.h"

#include <ctype.h>
#include <errno.h>
#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How long a rank that takes no part sleeps between two looks whether all is over: long enough to
 * cost nothing, short enough that no rank waits for it. */
static const uint64_t waiting_ns = 20 * 1000 * 1000;

/* MPI_Finalize waits for the last rank, which may still write a file, and for ever if one has
 * failed. */
static const unsigned finish_max_s = 30;

static MPI_Comm control_comm = MPI_COMM_NULL;

/* The settings that Open MPI 5 needs to survive faults.  Older versions have other names for them,
 * and other MPIs don't read them. */
static int
set_defaults(struct sc_error *err)
{
#ifdef HAVE_ULFM
	static const char *const defaults[][2] = {
		/* Only ob1 is fully adapted to faults. */
		{"OMPI_MCA_pml", "ob1"},
		{"OMPI_MCA_btl", "self,sm,tcp"},
		/* A larger message waits for an answer before it is sent, and the answer waits
		 * behind all that comes the other way: between two nodes that exchange chunks
		 * that cost a fifth of the rate. */
		{"OMPI_MCA_btl_tcp_eager_limit", "266240"},
		/* Up to so many ranks look up all addresses in MPI_Init.  Later each is asked for
		 * by itself, which took nine ranks at 50 Mbit/s 20 ms longer. */
		{"OMPI_MCA_mpi_add_procs_cutoff", "32"},
		/* Collectives that hang or fail when a process has failed. */
		{"OMPI_MCA_coll", "^han,hcoll,portals4"},
	};

	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
		if (setenv(defaults[i][0], defaults[i][1], 0) != 0)
			return sc_fail(err, 0, "setenv %s failed", defaults[i][0]);
	}
#else
	(void)err;
#endif
	return 0;
}

/* MPI writes to the connection of a peer that has just died: without this the signal would end this
 * process as well, and then its peers. */
static int
ignore_broken_connections(struct sc_error *err)
{
	struct sigaction action = {.sa_handler = SIG_IGN};

	if (sigemptyset(&action.sa_mask) != 0 || sigaction(SIGPIPE, &action, NULL) != 0)
		return sc_fail(err, errno, "SIGPIPE can't be ignored");
	return 0;
}

/*
 * Not by MPI_Comm_dup, in which every rank spins until the last one has come: a tenth of a second
 * where many share a core.  Open MPI 5 allows no other nonblocking collective meanwhile (their
 * messages get mixed up).
 */
static int
open_control_comm(struct sc_error *err)
{
	MPI_Request request = MPI_REQUEST_NULL;

	if (sc_mpi_check(MPI_Comm_idup(MPI_COMM_WORLD, &control_comm, &request), "MPI_Comm_idup",
		err) != 0 ||
	    sc_request_wait(&request, err) != 0)
		return -1;
	return sc_mpi_check(MPI_Comm_set_errhandler(control_comm, MPI_ERRORS_RETURN),
	    "MPI_Comm_set_errhandler", err);
}

MPI_Comm
sc_control_comm(void)
{
	return control_comm;
}

int
sc_world_start(struct sc_world *world, int *argc, char ***argv, struct sc_error *err)
{
	int provided = 0;
	int rank = 0;
	int size = 0;

	if (set_defaults(err) != 0 || ignore_broken_connections(err) != 0)
		return -1;
	if (sc_mpi_check(MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &provided),
		"MPI_Init_thread", err) != 0)
		return -1;
	if (provided < MPI_THREAD_FUNNELED)
		return sc_fail(err, 0,
		    "this MPI allows no threads beside it (MPI_THREAD_FUNNELED)");
	if (sc_mpi_check(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN),
		"MPI_Comm_set_errhandler", err) != 0 ||
	    sc_mpi_check(MPI_Comm_rank(MPI_COMM_WORLD, &rank), "MPI_Comm_rank", err) != 0 ||
	    sc_mpi_check(MPI_Comm_size(MPI_COMM_WORLD, &size), "MPI_Comm_size", err) != 0)
		return -1;
	world->rank = (uint32_t)rank;
	world->size = (uint32_t)size;
	return open_control_comm(err);
}

static volatile sig_atomic_t late_status;

static void
leave_late(int signal_number)
{
	(void)signal_number;
	_exit((int)late_status);
}

/* From now on this process ends with the status after finish_max_s, wherever it hangs. */
static int
set_alarm(int status, struct sc_error *err)
{
	struct sigaction action = {.sa_handler = leave_late};
	sigset_t mine;

	late_status = status;
	if (sigemptyset(&action.sa_mask) != 0 || sigemptyset(&mine) != 0 ||
	    sigaddset(&mine, SIGALRM) != 0 || sigaction(SIGALRM, &action, NULL) != 0 ||
	    sigprocmask(SIG_UNBLOCK, &mine, NULL) != 0)
		return sc_fail(err, errno, "no alarm for the end of MPI");
	(void)alarm(finish_max_s);
	return 0;
}

int
sc_world_finish(int status, struct sc_error *err)
{
	int rc = set_alarm(status, err);

	if (rc == 0)
		rc = sc_mpi_check(MPI_Comm_free(&control_comm), "MPI_Comm_free", err);
	if (rc == 0)
		rc = sc_mpi_check(MPI_Finalize(), "MPI_Finalize", err);
	(void)alarm(0);
	return rc;
}

_Noreturn void
sc_world_exit(int status)
{
	_exit(status);
}

void
sc_world_library(char *text, size_t capacity)
{
	char version[MPI_MAX_LIBRARY_VERSION_STRING] = "";
	int length = 0;

	if (MPI_Get_library_version(version, &length) != MPI_SUCCESS)
		snprintf(version, sizeof(version), "unknown MPI");
	/* MPICH tells its whole configuration: the first line is enough. */
	version[strcspn(version, "\n")] = '\0';
	for (char *at = version; *at != '\0'; at++) {
		if (isspace((unsigned char)*at))
			*at = ' ';
	}
	snprintf(text, capacity, "%s", version);
}

bool
sc_world_survives_faults(void)
{
#ifdef HAVE_ULFM
	return true;
#else
	return false;
#endif
}

/* The number in an environment variable, or otherwise. */
static uint32_t
environment_number(const char *name, uint32_t otherwise)
{
	const char *text = getenv(name);

	if (text == NULL || !isdigit((unsigned char)text[0]))
		return otherwise;
	return (uint32_t)strtoul(text, NULL, 10);
}

const char *
sc_world_launch_error(const struct sc_world *world)
{
	if (world->size > 1)
		return NULL;
	/* mpirun and srun --mpi=pmix set these; a plain srun only Slurm's own. */
	if (environment_number("SLURM_STEP_NUM_TASKS", 1) > 1 &&
	    environment_number("OMPI_COMM_WORLD_SIZE", 1) == 1)
		return "Slurm started several tasks, but MPI sees only one: start it with "
		       "'srun --mpi=pmix' or with 'mpirun' inside the allocation";
	return NULL;
}

uint32_t
sc_world_rank_hint(void)
{
	static const char *const names[] = {
		"PMIX_RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (getenv(names[i]) != NULL)
			return environment_number(names[i], 0);
	}
	return 0;
}

int
sc_world_gather(const void *bytes, size_t length, void *all, struct sc_error *err)
{
	MPI_Request request = MPI_REQUEST_NULL;

	if (sc_mpi_check(MPI_Igather(bytes, (int)length, MPI_BYTE, all, (int)length, MPI_BYTE, 0,
			     MPI_COMM_WORLD, &request),
		"MPI_Igather", err) != 0)
		return -1;
	return sc_request_wait(&request, err);
}

int
sc_world_broadcast_from(uint32_t rank, void *bytes, size_t length, struct sc_error *err)
{
	MPI_Request request = MPI_REQUEST_NULL;

	if (sc_mpi_check(MPI_Ibcast(bytes, (int)length, MPI_BYTE, (int)rank, MPI_COMM_WORLD,
			     &request),
		"MPI_Ibcast", err) != 0)
		return -1;
	return sc_request_wait(&request, err);
}

int
sc_world_broadcast(void *bytes, size_t length, struct sc_error *err)
{
	return sc_world_broadcast_from(0, bytes, length, err);
}

int
sc_world_wait_for(uint32_t leader, enum sc_dismissal *dismissal, struct sc_error *err)
{
	uint8_t apart = 0;
	enum sc_waited waited = SC_WAITED_LOST;
	MPI_Request request;
	bool lost;

	if (sc_request_receive(&apart, 1, leader, SC_TAG_DISMISS, &request, &lost, err) != 0)
		return -1;
	if (!lost && sc_request_wait_until(&request, UINT64_MAX, waiting_ns, &waited, err) != 0)
		return -1;
	if (waited == SC_WAITED_LOST)
		*dismissal = SC_DISMISSED_ALONE;
	else
		*dismissal = apart != 0 ? SC_DISMISSED_APART : SC_DISMISSED_TOGETHER;
	return 0;
}

int
sc_world_dismiss(const struct sc_world *world, const uint32_t *leaders, bool apart,
    uint64_t timeout_ns, struct sc_error *err)
{
	static uint8_t message; /* not on the stack: MPI may still read it later */
	uint64_t deadline_ns = sc_clock_now_ns() + timeout_ns;
	MPI_Request *requests = malloc(world->size * sizeof(MPI_Request));
	uint32_t count = 0;
	enum sc_waited waited;
	bool lost;
	int rc = 0;

	if (requests == NULL)
		return sc_fail(err, 0, "no memory for %u ranks", world->size);
	message = apart;
	for (uint32_t rank = 0; rc == 0 && rank < world->size; rank++) {
		if (leaders[rank] != world->rank || rank == world->rank)
			continue;
		/* Over when it was received: then this process may end. */
		rc = sc_request_send(&message, 1, rank, SC_TAG_DISMISS, SC_SEND_SYNCHRONOUS,
		    &requests[count++], &lost, err);
	}
	for (uint32_t i = 0; rc == 0 && i < count; i++)
		rc = sc_request_wait_until(&requests[i], deadline_ns, SC_BACKOFF_SHORT_NS, &waited,
		    err);
	free(requests);
	return rc;
}
