/*
 * The copy that one would write by hand: rank 0 reads a file block by block, MPI_Bcast takes
 * each block to everybody, and each rank writes it as stagecast does: reserved, to a temporary
 * name, synced, renamed.  What stagecast is measured against; not for use, as one failure ends
 * it for all.
 */
#define _GNU_SOURCE /* fallocate */
#include "base/units.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <mpi.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

/* Tried from 128 KiB to 8 MiB between tmpfs on one machine: 1 and 2 MiB were the best. */
enum { BLOCK_BYTES_DEFAULT = 1 << 20 };

struct copy {
	int rank;
	int source; /* -1 on all but rank 0 */
	int dest;   /* -1 where no copy is kept */
	const char *source_path;
	char path[PATH_MAX];
	char part[PATH_MAX + 8];
	uint64_t size_bytes;
	uint64_t block_bytes;
	uint8_t *block; /* with room for a digest after it */
	bool checksum;
	bool origin_copy;
};

static _Noreturn void
give_up(const struct copy *copy, const char *what, const char *name)
{
	fprintf(stderr, "bcast_copy: rank %d: %s %s: %s\n", copy->rank, what, name,
	    strerror(errno));
	if (copy->dest >= 0)
		(void)unlink(copy->part);
	(void)MPI_Abort(MPI_COMM_WORLD, 1);
	abort();
}

static void
check_mpi(const struct copy *copy, int code, const char *call)
{
	if (code == MPI_SUCCESS)
		return;
	errno = EIO;
	give_up(copy, "MPI", call);
}

/* DEST with %r replaced; no other %. */
static void
expand_dest(struct copy *copy, const char *dest)
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
		give_up(copy, "cannot write", dest);
	}
	snprintf(copy->part, sizeof(copy->part), "%s.part", copy->path);
}

static void
open_source(struct copy *copy)
{
	struct stat st;

	copy->source = open(copy->source_path, O_RDONLY | O_CLOEXEC);
	if (copy->source < 0 || fstat(copy->source, &st) != 0)
		give_up(copy, "cannot read", copy->source_path);
	copy->size_bytes = (uint64_t)st.st_size;
}

static void
open_dest(struct copy *copy)
{
	copy->dest = open(copy->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (copy->dest < 0)
		give_up(copy, "cannot create", copy->part);
	if (copy->size_bytes > 0 && fallocate(copy->dest, 0, 0, (off_t)copy->size_bytes) != 0)
		give_up(copy, "cannot reserve", copy->part);
}

static void
read_block(const struct copy *copy, size_t length)
{
	size_t done = 0;

	while (done < length) {
		ssize_t n = read(copy->source, copy->block + done, length - done);

		if (n == 0)
			errno = EIO; /* it shrank */
		if (n <= 0)
			give_up(copy, "cannot read", copy->source_path);
		done += (size_t)n;
	}
}

static void
write_block(const struct copy *copy, size_t length)
{
	size_t done = 0;

	while (done < length) {
		ssize_t n = write(copy->dest, copy->block + done, length - done);

		if (n <= 0)
			give_up(copy, "cannot write", copy->part);
		done += (size_t)n;
	}
}

/* At rank 0 put the digest behind the block; at the others compare it. */
static void
handle_digest(const struct copy *copy, size_t length)
{
	XXH128_canonical_t digest;

	XXH128_canonicalFromHash(&digest, XXH3_128bits(copy->block, length));
	if (copy->rank == 0) {
		memcpy(copy->block + length, &digest, sizeof(digest));
	} else if (memcmp(copy->block + length, &digest, sizeof(digest)) != 0) {
		errno = EBADMSG;
		give_up(copy, "damaged on its way:", copy->path);
	}
}

static void
copy_blocks(const struct copy *copy)
{
	for (uint64_t at = 0; at < copy->size_bytes; at += copy->block_bytes) {
		uint64_t rest = copy->size_bytes - at;
		size_t length = (size_t)(rest < copy->block_bytes ? rest : copy->block_bytes);
		size_t message = length + (copy->checksum ? sizeof(XXH128_canonical_t) : 0);

		if (copy->rank == 0)
			read_block(copy, length);
		if (copy->rank == 0 && copy->checksum)
			handle_digest(copy, length);
		check_mpi(copy, MPI_Bcast(copy->block, (int)message, MPI_BYTE, 0, MPI_COMM_WORLD),
		    "MPI_Bcast");
		if (copy->rank != 0 && copy->checksum)
			handle_digest(copy, length);
		if (copy->dest >= 0)
			write_block(copy, length);
	}
}

/* As durable as stagecast makes it: the file, and its name. */
static void
publish(struct copy *copy)
{
	char directory[PATH_MAX];
	char *slash;
	int fd;

	if (fsync(copy->dest) != 0 || close(copy->dest) != 0 || rename(copy->part, copy->path) != 0)
		give_up(copy, "cannot finish", copy->path);
	copy->dest = -1;
	snprintf(directory, sizeof(directory), "%s", copy->path);
	slash = strrchr(directory, '/');
	if (slash == NULL)
		snprintf(directory, sizeof(directory), ".");
	else
		slash[slash == directory] = '\0';
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0 || close(fd) != 0)
		give_up(copy, "cannot sync", directory);
}

/* Returns the seconds from the first action to the last rank's rename. */
static double
stage(struct copy *copy)
{
	double started_s;

	check_mpi(copy, MPI_Barrier(MPI_COMM_WORLD), "MPI_Barrier");
	started_s = MPI_Wtime();
	if (copy->rank == 0)
		open_source(copy);
	check_mpi(copy, MPI_Bcast(&copy->size_bytes, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD),
	    "MPI_Bcast");
	copy->block = malloc(copy->block_bytes + sizeof(XXH128_canonical_t));
	if (copy->block == NULL)
		give_up(copy, "no memory for", "a block");
	if (copy->rank != 0 || copy->origin_copy)
		open_dest(copy);
	copy_blocks(copy);
	if (copy->dest >= 0)
		publish(copy);
	check_mpi(copy, MPI_Barrier(MPI_COMM_WORLD), "MPI_Barrier");
	free(copy->block);
	if (copy->source >= 0)
		(void)close(copy->source); /* only read */
	return MPI_Wtime() - started_s;
}

/* Also refuses a block whose bytes MPI cannot count in an int. */
static bool
parse_options(struct copy *copy, int argc, char **argv)
{
	static const struct option options[] = {
		{"block", required_argument, NULL, 'b'},
		{"checksum", no_argument, NULL, 'c'},
		{"origin-copy", no_argument, NULL, 'o'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "b:co", options, NULL)) != -1) {
		if (option == 'c')
			copy->checksum = true;
		else if (option == 'o')
			copy->origin_copy = true;
		else if (option != 'b' || sc_parse_size(optarg, &copy->block_bytes) != 0)
			return false;
	}
	return argc - optind == 2 && copy->block_bytes > 0 && copy->block_bytes <= 1u << 30;
}

int
main(int argc, char **argv)
{
	struct copy copy = {.source = -1, .dest = -1, .block_bytes = BLOCK_BYTES_DEFAULT};
	double seconds;

	if (MPI_Init(&argc, &argv) != MPI_SUCCESS)
		return 1;
	check_mpi(&copy, MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN),
	    "MPI_Comm_set_errhandler");
	check_mpi(&copy, MPI_Comm_rank(MPI_COMM_WORLD, &copy.rank), "MPI_Comm_rank");
	if (!parse_options(&copy, argc, argv)) {
		if (copy.rank == 0)
			fprintf(stderr,
			    "Usage: bcast_copy [--block=SIZE] [--checksum] "
			    "[--origin-copy] SOURCE DEST\n");
		check_mpi(&copy, MPI_Finalize(), "MPI_Finalize");
		return 2;
	}
	copy.source_path = argv[optind];
	expand_dest(&copy, argv[optind + 1]);
	seconds = stage(&copy);
	if (copy.rank == 0)
		printf("copied in %.4f s\n", seconds);
	check_mpi(&copy, MPI_Finalize(), "MPI_Finalize");
	return 0;
}
