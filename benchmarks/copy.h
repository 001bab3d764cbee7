/*
 * What the programs that stagecast is measured against have in common: a real file is read at
 * rank 0 block by block, and each rank writes it as stagecast does: reserved, to a temporary
 * name, synced, renamed.  Not for use: any failure ends it for all, by MPI_Abort.
 */
#ifndef SC_BENCHMARKS_COPY_H
#define SC_BENCHMARKS_COPY_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sc_copy {
	const char *program;
	const char *source_path;
	double started_s; /* by MPI_Wtime, at the end of MPI_Init */
	uint64_t size_bytes;
	uint64_t block_bytes;
	int rank;
	int ranks;
	int source; /* -1 on all but rank 0 */
	int dest;   /* -1 where no copy is kept */
	bool origin_copy;
	char path[PATH_MAX];
	char part[PATH_MAX + 8];
};

/* Start MPI, and the clock. */
void sc_copy_init(struct sc_copy *, const char *program, int *argc, char ***argv);

/* With a block size within MPI's limits SOURCE and DEST, in which %r becomes the rank, are
 * opened, and all ranks know the size.  The strings must stay. */
void sc_copy_open(struct sc_copy *, const char *source, const char *dest);

/* Print what failed with errno's text, remove the part file, end all ranks. */
_Noreturn void sc_copy_give_up(const struct sc_copy *, const char *what, const char *name);
void sc_copy_check_mpi(const struct sc_copy *, int code, const char *call);

/* The number of blocks, and the bytes of one. */
uint64_t sc_copy_blocks(const struct sc_copy *);
size_t sc_copy_block_length(const struct sc_copy *, uint64_t block);

/* The next bytes of the source, at rank 0; of the copy, where one is kept. */
void sc_copy_read(const struct sc_copy *, uint8_t *bytes, size_t length);
void sc_copy_write(const struct sc_copy *, const uint8_t *bytes, size_t length);

/* The copies get their names; when all have them, rank 0 prints the seconds since the start.
 * Ends MPI. */
void sc_copy_finish(struct sc_copy *);

/* End MPI after a wrong command line, which rank 0 reports. */
void sc_copy_usage(const struct sc_copy *, const char *usage);

#endif
