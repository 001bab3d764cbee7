/*
 * What the measured peers have in common: see copy.h.
 */
#define _GNU_SOURCE /* fallocate */
#include "copy.h"

#include <errno.h>
#include <fcntl.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void
sc_copy_init(struct sc_copy *copy, const char *program, int *argc, char ***argv)
{
	copy->program = program;
	copy->source = -1;
	copy->dest = -1;
	if (MPI_Init(argc, argv) != MPI_SUCCESS)
		exit(1);
	copy->started_s = MPI_Wtime();
	sc_copy_check_mpi(copy, MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN),
	    "MPI_Comm_set_errhandler");
	sc_copy_check_mpi(copy, MPI_Comm_rank(MPI_COMM_WORLD, &copy->rank), "MPI_Comm_rank");
	sc_copy_check_mpi(copy, MPI_Comm_size(MPI_COMM_WORLD, &copy->ranks), "MPI_Comm_size");
}

_Noreturn void
sc_copy_give_up(const struct sc_copy *copy, const char *what, const char *name)
{
	fprintf(stderr, "%s: rank %d: %s %s: %s\n", copy->program, copy->rank, what, name,
	    strerror(errno));
	if (copy->dest >= 0)
		(void)unlink(copy->part);
	(void)MPI_Abort(MPI_COMM_WORLD, 1);
	abort();
}

void
sc_copy_check_mpi(const struct sc_copy *copy, int code, const char *call)
{
	if (code == MPI_SUCCESS)
		return;
	errno = EIO;
	sc_copy_give_up(copy, "MPI", call);
}

/* DEST with %r replaced; no other %. */
static void
expand_dest(struct sc_copy *copy, const char *dest)
{
	const char *mark = strstr(dest, "%r");
	int length;

	if (mark == NULL)
		length = snprintf(copy->path, sizeof(copy->path), "%s", dest);
	else
		length = snprintf(copy->path, sizeof(copy->path), "%.*s%d%s", (int)(mark - dest),
		    dest, copy->rank, mark + 2);
	if (length < 0 || (size_t)length >= sizeof(copy->path)) {
		errno = ENAMETOOLONG;
		sc_copy_give_up(copy, "cannot write", dest);
	}
	snprintf(copy->part, sizeof(copy->part), "%s.part", copy->path);
}

static void
open_source(struct sc_copy *copy)
{
	struct stat st;

	copy->source = open(copy->source_path, O_RDONLY | O_CLOEXEC);
	if (copy->source < 0 || fstat(copy->source, &st) != 0)
		sc_copy_give_up(copy, "cannot read", copy->source_path);
	copy->size_bytes = (uint64_t)st.st_size;
}

static void
open_dest(struct sc_copy *copy)
{
	copy->dest = open(copy->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (copy->dest < 0)
		sc_copy_give_up(copy, "cannot create", copy->part);
	if (copy->size_bytes > 0 && fallocate(copy->dest, 0, 0, (off_t)copy->size_bytes) != 0)
		sc_copy_give_up(copy, "cannot reserve", copy->part);
}

void
sc_copy_open(struct sc_copy *copy, const char *source, const char *dest)
{
	copy->source_path = source;
	expand_dest(copy, dest);
	if (copy->rank == 0)
		open_source(copy);
	sc_copy_check_mpi(copy, MPI_Bcast(&copy->size_bytes, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD),
	    "MPI_Bcast");
	if (copy->rank != 0 || copy->origin_copy)
		open_dest(copy);
}

uint64_t
sc_copy_blocks(const struct sc_copy *copy)
{
	return copy->size_bytes / copy->block_bytes + (copy->size_bytes % copy->block_bytes != 0);
}

size_t
sc_copy_block_length(const struct sc_copy *copy, uint64_t block)
{
	uint64_t rest = copy->size_bytes - block * copy->block_bytes;

	return (size_t)(rest < copy->block_bytes ? rest : copy->block_bytes);
}

void
sc_copy_read(const struct sc_copy *copy, uint8_t *bytes, size_t length)
{
	size_t done = 0;

	while (done < length) {
		ssize_t n = read(copy->source, bytes + done, length - done);

		if (n == 0)
			errno = EIO; /* it shrank */
		if (n <= 0)
			sc_copy_give_up(copy, "cannot read", copy->source_path);
		done += (size_t)n;
	}
}

void
sc_copy_write(const struct sc_copy *copy, const uint8_t *bytes, size_t length)
{
	size_t done = 0;

	while (copy->dest >= 0 && done < length) {
		ssize_t n = write(copy->dest, bytes + done, length - done);

		if (n <= 0)
			sc_copy_give_up(copy, "cannot write", copy->part);
		done += (size_t)n;
	}
}

/* As durable as stagecast makes it: the file, and its name. */
static void
publish(struct sc_copy *copy)
{
	char directory[PATH_MAX];
	char *slash;
	int fd;

	if (fsync(copy->dest) != 0 || close(copy->dest) != 0 || rename(copy->part, copy->path) != 0)
		sc_copy_give_up(copy, "cannot finish", copy->path);
	copy->dest = -1;
	snprintf(directory, sizeof(directory), "%s", copy->path);
	slash = strrchr(directory, '/');
	if (slash == NULL)
		snprintf(directory, sizeof(directory), ".");
	else
		slash[slash == directory] = '\0';
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0 || close(fd) != 0)
		sc_copy_give_up(copy, "cannot sync", directory);
}

void
sc_copy_finish(struct sc_copy *copy)
{
	if (copy->dest >= 0)
		publish(copy);
	sc_copy_check_mpi(copy, MPI_Barrier(MPI_COMM_WORLD), "MPI_Barrier");
	if (copy->rank == 0) {
		printf("copied in %.6f s\n", MPI_Wtime() - copy->started_s);
		fflush(stdout);
	}
	if (copy->source >= 0)
		(void)close(copy->source); /* only read */
	sc_copy_check_mpi(copy, MPI_Finalize(), "MPI_Finalize");
}

void
sc_copy_usage(const struct sc_copy *copy, const char *usage)
{
	if (copy->rank == 0)
		fprintf(stderr, "Usage: %s %s\n", copy->program, usage);
	sc_copy_check_mpi(copy, MPI_Finalize(), "MPI_Finalize");
}
