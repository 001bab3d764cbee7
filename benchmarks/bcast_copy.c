/*
 * The copy that one would write by hand: rank 0 reads a file block by block, MPI_Bcast sends
 * each block to all ranks, and each rank writes it.  stagecast is compared with it.
 */
#include "base/units.h"
#include "copy.h"

#include <errno.h>
#include <getopt.h>
#include <mpi.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

/* Tried from 128 KiB to 8 MiB between tmpfs on one machine: 1 and 2 MiB were the best. */
enum { BLOCK_BYTES_DEFAULT = 1 << 20 };

/* At rank 0 put the digest behind the block; at the others compare it. */
static void
handle_digest(const struct sc_copy *copy, uint8_t *block, size_t length)
{
	XXH128_canonical_t digest;

	XXH128_canonicalFromHash(&digest, XXH3_128bits(block, length));
	if (copy->rank == 0) {
		memcpy(block + length, &digest, sizeof(digest));
	} else if (memcmp(block + length, &digest, sizeof(digest)) != 0) {
		errno = EBADMSG;
		sc_copy_give_up(copy, "damaged on its way:", copy->path);
	}
}

static void
copy_blocks(const struct sc_copy *copy, bool checksum)
{
	uint8_t *block = malloc(copy->block_bytes + sizeof(XXH128_canonical_t));

	if (block == NULL)
		sc_copy_give_up(copy, "no memory for", "a block");
	for (uint64_t i = 0; i < sc_copy_blocks(copy); i++) {
		size_t length = sc_copy_block_length(copy, i);
		size_t message = length + (checksum ? sizeof(XXH128_canonical_t) : 0);

		if (copy->rank == 0)
			sc_copy_read(copy, block, length);
		if (copy->rank == 0 && checksum)
			handle_digest(copy, block, length);
		sc_copy_check_mpi(copy, MPI_Bcast(block, (int)message, MPI_BYTE, 0, MPI_COMM_WORLD),
		    "MPI_Bcast");
		if (copy->rank != 0 && checksum)
			handle_digest(copy, block, length);
		sc_copy_write(copy, block, length);
	}
	free(block);
}

/* Also refuses a block whose bytes MPI cannot count in an int. */
static bool
parse_options(struct sc_copy *copy, bool *checksum, int argc, char **argv)
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
			*checksum = true;
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
	struct sc_copy copy = {.block_bytes = BLOCK_BYTES_DEFAULT};
	bool checksum = false;

	sc_copy_init(&copy, "bcast_copy", &argc, &argv);
	if (!parse_options(&copy, &checksum, argc, argv)) {
		sc_copy_usage(&copy, "[--block=SIZE] [--checksum] [--origin-copy] SOURCE DEST");
		return 2;
	}
	sc_copy_open(&copy, argv[optind], argv[optind + 1]);
	copy_blocks(&copy, checksum);
	sc_copy_finish(&copy);
	return 0;
}
