/*
 * The better copy that one would write by hand: the blocks go down a binomial tree, each as soon
 * as it has arrived, with several in flight on every edge.  --flat is independent unicast: rank 0
 * sends the file to each of the others.  What stagecast is measured against.
 */
#define _POSIX_C_SOURCE 200809L
#include "base/units.h"
#include "copy.h"

#include <getopt.h>
#include <mpi.h>
#include <stdlib.h>
#include <time.h>

enum {
	BLOCK_BYTES_DEFAULT = 32 << 10,
	SLOTS = 16,
	LAG = 8, /* blocks that a send may be behind the newest one; the other slots receive */
	CHILDREN_MAX = 1024
};

struct tree {
	struct sc_copy copy;
	bool flat;
	int parent; /* -1 at rank 0 */
	int children[CHILDREN_MAX];
	int child_count;
	uint8_t *blocks;    /* SLOTS of them */
	MPI_Request *sends; /* child_count for each slot */
	MPI_Request receives[SLOTS];
};

/* Rank r's children are r + 2^j, for all 2^j below the lowest bit that is set in r. */
static bool
find_place(struct tree *tree)
{
	int rank = tree->copy.rank;
	int ranks = tree->copy.ranks;
	int below = rank == 0 ? ranks : rank & -rank;

	tree->parent = rank == 0 ? -1 : tree->flat ? 0 : rank - below;
	tree->child_count = 0;
	if (tree->flat && rank > 0)
		return true;
	for (int step = 1; step < below; step = tree->flat ? step + 1 : 2 * step) {
		if (rank + step >= ranks)
			break;
		if (tree->child_count == CHILDREN_MAX)
			return false;
		tree->children[tree->child_count++] = rank + step;
	}
	return true;
}

/* MPI_Waitall spins, which where ranks share cores takes them from those that are waited for. */
static void
wait_for(const struct tree *tree, MPI_Request *requests, int count)
{
	struct timespec nap = {.tv_nsec = 50 * 1000};
	int done = 0;

	for (;;) {
		sc_copy_check_mpi(&tree->copy,
		    MPI_Testall(count, requests, &done, MPI_STATUSES_IGNORE), "MPI_Testall");
		if (done)
			return;
		(void)nanosleep(&nap, NULL); /* a shorter nap does no harm */
	}
}

static uint8_t *
slot(const struct tree *tree, uint64_t block)
{
	return tree->blocks + block % SLOTS * tree->copy.block_bytes;
}

static MPI_Request *
sends_of(const struct tree *tree, uint64_t block)
{
	return tree->sends + block % SLOTS * (size_t)tree->child_count;
}

static void
expect(struct tree *tree, uint64_t block)
{
	size_t length = sc_copy_block_length(&tree->copy, block);

	sc_copy_check_mpi(&tree->copy,
	    MPI_Irecv(slot(tree, block), (int)length, MPI_BYTE, tree->parent, 0, MPI_COMM_WORLD,
		&tree->receives[block % SLOTS]),
	    "MPI_Irecv");
}

/* The largest subtree, which has the longest way to go, first. */
static void
pass_on(struct tree *tree, uint64_t block)
{
	size_t length = sc_copy_block_length(&tree->copy, block);

	for (int i = tree->child_count - 1; i >= 0; i--)
		sc_copy_check_mpi(&tree->copy,
		    MPI_Isend(slot(tree, block), (int)length, MPI_BYTE, tree->children[i], 0,
			MPI_COMM_WORLD, &sends_of(tree, block)[i]),
		    "MPI_Isend");
}

static void
copy_blocks(struct tree *tree)
{
	struct sc_copy *copy = &tree->copy;
	uint64_t blocks = sc_copy_blocks(copy);

	for (uint64_t i = 0; tree->parent >= 0 && i < blocks && i < SLOTS; i++)
		expect(tree, i);
	for (uint64_t i = 0; i < blocks; i++) {
		if (tree->parent >= 0)
			wait_for(tree, &tree->receives[i % SLOTS], 1);
		else
			sc_copy_read(copy, slot(tree, i), sc_copy_block_length(copy, i));
		pass_on(tree, i);
		sc_copy_write(copy, slot(tree, i), sc_copy_block_length(copy, i));
		if (i < LAG)
			continue;
		wait_for(tree, sends_of(tree, i - LAG), tree->child_count);
		if (tree->parent >= 0 && i - LAG + SLOTS < blocks)
			expect(tree, i - LAG + SLOTS);
	}
	wait_for(tree, tree->sends, SLOTS * tree->child_count);
}

static bool
parse_options(struct tree *tree, int argc, char **argv)
{
	static const struct option options[] = {
		{"block", required_argument, NULL, 'b'},
		{"flat", no_argument, NULL, 'f'},
		{"origin-copy", no_argument, NULL, 'o'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "b:fo", options, NULL)) != -1) {
		if (option == 'f')
			tree->flat = true;
		else if (option == 'o')
			tree->copy.origin_copy = true;
		else if (option != 'b' || sc_parse_size(optarg, &tree->copy.block_bytes) != 0)
			return false;
	}
	return argc - optind == 2 && tree->copy.block_bytes > 0 &&
	    tree->copy.block_bytes <= 1u << 26 && find_place(tree);
}

int
main(int argc, char **argv)
{
	static struct tree tree = {.copy.block_bytes = BLOCK_BYTES_DEFAULT};

	sc_copy_init(&tree.copy, "tree_copy", &argc, &argv);
	if (!parse_options(&tree, argc, argv)) {
		sc_copy_usage(&tree.copy, "[--block=SIZE] [--flat] [--origin-copy] SOURCE DEST");
		return 2;
	}
	sc_copy_open(&tree.copy, argv[optind], argv[optind + 1]);
	tree.blocks = malloc(SLOTS * tree.copy.block_bytes);
	tree.sends = malloc(SLOTS * ((size_t)tree.child_count + 1) * sizeof(MPI_Request));
	if (tree.blocks == NULL || tree.sends == NULL)
		sc_copy_give_up(&tree.copy, "no memory for", "the blocks");
	for (int i = 0; i < SLOTS * tree.child_count; i++)
		tree.sends[i] = MPI_REQUEST_NULL;
	copy_blocks(&tree);
	free(tree.blocks);
	free(tree.sends);
	sc_copy_finish(&tree.copy);
	return 0;
}
